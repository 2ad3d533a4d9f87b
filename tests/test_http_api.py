"""The API for programs: through Starlette's test client, and through the page's own server with OpenAI's client."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from libraries import Library, assistant
from openai import NotFoundError, OpenAI
from openapi_spec_validator import validate
from page_fixtures import quoted_answer
from starlette.applications import Starlette
from starlette.testclient import TestClient

from assistant.workbench.access import MOST_BODY_BYTES, RateLimit, make_token, token_hash
from assistant.workbench.http_api import api_routes, with_sources
from assistant.workbench.tools import TOOLS, OpenLibrary, Tools
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
OWN = "http://127.0.0.1:8501"
QUESTION = "What does it cost to replace a pier?"
SENTENCE = "Replacing a rotten pier costs ninety thousand crowns."
PROBLEM = "application/problem+json"
EACH = int(os.environ.get("PARISCALL_TEST_REQUESTS", "160")) // 8  # of eight clients


def client(settings: Settings, tools: Tools, address: str = "127.0.0.1") -> TestClient:
    app = Starlette(routes=api_routes(settings, tools))
    return TestClient(app, base_url=OWN, client=(address, 50000), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def tools(shared_library: Library) -> Iterator[Tools]:
    settings = Settings(data_dir=shared_library.data_dir)
    with closing(OpenLibrary(settings)) as library, closing(Tools(settings, library.held)) as tools:
        yield tools


@pytest.fixture
def api(tools: Tools, tmp_path: Path) -> TestClient:
    """The API over the shared library; the token, where a test makes one, lies in a directory of its own."""
    return client(Settings(data_dir=tmp_path), tools)


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"seconds": 0}


def test_ask_by_get_and_post_is_what_the_command_prints(api: TestClient, shared_library: Library) -> None:
    printed = without_time(shared_library.ask(QUESTION).json)
    assert without_time(api.get("/api/v1/ask", params={"question": QUESTION}).json()) == printed
    assert without_time(api.post("/api/v1/ask", json={"question": QUESTION}).json()) == printed


def test_each_tool_answers_with_links_and_the_generation(api: TestClient) -> None:
    found = api.get("/api/v1/search", params={"query": SENTENCE, "limit": "1"}).json()
    best = found["results"][0]
    assert SENTENCE in best["text"] and best["link"].startswith("/source?source=survey.pdf")
    here = {"source": best["source"], "page": best["page"], "start": best["start"], "end": best["end"]}
    assert api.get("/api/v1/get_passage", params=here).json()["text"] == best["text"]
    assert api.post("/api/v1/verify_quote", json={"quote": SENTENCE}).json()["status"] in ("verbatim", "same_words")
    assert api.get("/api/v1/verify_quote", params={"quote": "Nobody ever said this."}).json()["places"] == []
    assert api.get("/api/v1/register_count", params={"place": "Norway"}).json()["count"] == 1
    assert api.get("/api/v1/list_documents").json()["total"] == 6
    picture = api.get("/api/v1/get_page_image", params=here, headers={"Accept": "image/png"})
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")


def test_the_description_is_valid_and_names_every_tool(api: TestClient) -> None:
    described = api.get("/api/v1/openapi.json").json()
    validate(described)
    assert described["openapi"].startswith("3.1")
    assert {f"/api/v1/{name}" for name in TOOLS} <= set(described["paths"])
    told = api.get("/llms.txt").text
    assert told.startswith("# ") and all(name in told for name in TOOLS)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "told"),
    [
        ("GET", "/api/v1/ask", {}, 422, "question: Field required"),
        ("GET", "/api/v1/search?query=pier&limit=many", {}, 422, "limit: Input should be a valid integer"),
        ("GET", "/api/v1/get_passage?source=gone.md", {}, 404, "list_documents names"),
        ("GET", "/api/v1/fly", {}, 404, "/api/v1/openapi.json"),
        ("DELETE", "/api/v1/ask", {}, 405, "Method Not Allowed"),
        ("POST", "/api/v1/ask", {"content": b"{"}, 400, "not JSON"),
        ("POST", "/api/v1/ask", {"content": b"[1]"}, 400, "as a JSON object"),
        ("POST", "/api/v1/ask", {"content": b"x" * (MOST_BODY_BYTES + 1)}, 413, "Send less"),
        ("POST", "/api/v1/ask", {"content": iter([b"x" * (MOST_BODY_BYTES + 1)])}, 413, "Send less"),
        ("POST", "/v1/chat/completions", {"json": {"messages": []}}, 422, "role user"),
        ("POST", "/v1/chat/completions", {"json": {"model": "gpt", "messages": []}}, 404, "The model is pariscall"),
        ("GET", "/api/v1/list_documents", {"headers": {"Origin": "http://evil.example"}}, 403, "another site"),
        ("GET", "/api/v1/list_documents", {"headers": {"Host": "evil.example"}}, 400, "evil.example"),
    ],
)
def test_errors_are_problem_details_with_the_remedy(
    api: TestClient, method: str, path: str, sent: dict[str, Any], status: int, told: str
) -> None:
    response = api.request(method, path, **sent)
    problem = response.json()
    assert (response.status_code, response.headers["content-type"], problem["status"]) == (status, PROBLEM, status)
    assert told in problem["detail"] and "Traceback" not in response.text


def test_without_an_index_it_tells_how_to_build_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with closing(OpenLibrary(settings)) as library, closing(Tools(settings, library.held)) as tools:
        response = client(settings, tools).get("/api/v1/ask", params={"question": QUESTION})
    assert response.status_code == 503 and "python -m ingest sync" in response.json()["detail"]


def test_what_nobody_foresaw_is_a_problem_too(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("seven")

    monkeypatch.setattr(tools, "call", broken)
    response = client(Settings(data_dir=tmp_path), tools).get("/api/v1/ask", params={"question": QUESTION})
    assert response.status_code == 500 and "seven" in response.json()["detail"] and "Traceback" not in response.text


def test_a_token_once_made_is_needed_and_from_elsewhere_always(tools: Tools, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    here, elsewhere = (client(settings, tools, address) for address in ("127.0.0.1", "192.0.2.7"))
    assert here.get("/api/v1/list_documents").status_code == 200
    refused = elsewhere.get("/api/v1/list_documents")
    assert refused.status_code == 403 and "python -m assistant token" in refused.json()["detail"]
    token = make_token(tmp_path, replace=False)
    for caller in (here, elsewhere):
        for path in ("/api/v1/list_documents", "/v1/models"):
            for header in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": token},
                {"Authorization": f"Basic {token}"},
            ):
                refused = caller.get(path, headers=header)
                assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert caller.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_token_is_shown_once_and_kept_as_a_hash_for_its_owner(tmp_path: Path) -> None:
    made = assistant("token", "--data-dir", str(tmp_path))
    token, path = made.out.strip(), tmp_path / "token"
    assert made.code == 0 and token.startswith("pariscall_") and len(token) > 40
    assert token not in path.read_text() and token_hash(tmp_path) in path.read_text()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = assistant("token", "--data-dir", str(tmp_path))
    assert again.code == 2 and "--replace" in again.error and token not in again.out + again.error
    other = assistant("token", "--replace", "--data-dir", str(tmp_path)).out.strip()
    assert other != token
    assert assistant("token", "--remove", "--data-dir", str(tmp_path)).code == 0 and token_hash(tmp_path) is None


def test_a_token_file_that_cannot_be_read_opens_no_door(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("{}")
    with pytest.raises(KnowledgeBaseError, match="--replace"):
        token_hash(tmp_path)
    assert client(Settings(data_dir=tmp_path), tools).get("/api/v1/list_documents").status_code == 503


def test_too_many_requests_are_told_when_to_come_again(tools: Tools, tmp_path: Path) -> None:
    limited = client(Settings(data_dir=tmp_path, api_requests_per_minute=3), tools)
    answers = [limited.get("/api/v1/openapi.json") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) in (20, 21) and answers[-1].headers["content-type"] == PROBLEM


def test_each_client_has_a_rate_of_its_own_and_gets_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("assistant.workbench.access.time.monotonic", lambda: now[0])
    rate = RateLimit(2)
    assert [rate.wait_of("a"), rate.wait_of("a"), rate.wait_of("b")] == [0, 0, 0]
    assert rate.wait_of("a") == pytest.approx(30)
    now[0] = 31.0
    assert rate.wait_of("a") == 0 and rate.wait_of("a") > 0


# Chat


def chat(api: TestClient, *messages: tuple[str, Any], **more: Any) -> Any:
    sent = {"model": "pariscall", "messages": [{"role": role, "content": content} for role, content in messages], **more}
    return api.post("/v1/chat/completions", json=sent)


def test_a_chat_is_answered_with_numbered_quotes_and_their_sources(api: TestClient, shared_library: Library) -> None:
    parts = [{"type": "text", "text": QUESTION}]
    body = chat(api, ("system", "Be brief."), ("user", "Hello"), ("assistant", "Hello."), ("user", parts)).json()
    printed, text = shared_library.ask(QUESTION).json, body["choices"][0]["message"]["content"]
    assert text.startswith(printed["answer"]) and "\n\nSources:\n[1] “" in text and "survey" in text and "page 2;" in text
    assert body["answer"]["citations"] == printed["citations"]
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]


def test_weak_evidence_is_said_in_a_chat_too() -> None:
    weak = replace(quoted_answer(), is_weak=True)
    assert with_sources(weak).startswith("Weak evidence.") and not with_sources(quoted_answer()).startswith("Weak")


def test_history_makes_a_follow_up_understood(tools: Tools, api: TestClient) -> None:
    before, follow_up = "Who keeps the lighthouse?", "And when was it built?"
    turns = [{"role": "user", "content": before}, {"role": "assistant", "content": "x"}]
    expected = tools.answer(follow_up, turns).text
    assert chat(api, ("user", before), ("assistant", "x"), ("user", follow_up)).json()["answer"]["answer"] == expected


def test_french_questions_get_french_headings(api: TestClient) -> None:
    body = chat(api, ("user", "Combien coûte le remplacement d'une pile pourrie ?")).json()
    text = body["choices"][0]["message"]["content"]
    assert body["answer"]["abstained"] or "Sources :" in text


# The page's own server


@pytest.fixture(scope="module")
def port(shared_library: Library) -> Iterator[int]:
    serve = (
        "from assistant.page.server import serve; from knowledge_base.settings import Settings;"
        f"serve(Settings(data_dir={str(shared_library.data_dir)!r}), 0)"
    )
    process = subprocess.Popen([sys.executable, "-c", serve], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
    process.kill()
    process.wait()
    process.stdout.close()


def test_an_openai_client_reads_whole_and_streamed_answers(port: int, shared_library: Library) -> None:
    with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0, timeout=120) as openai:
        assert [model.id for model in openai.models.list()] == ["pariscall"]
        messages: Any = [{"role": "user", "content": QUESTION}]
        whole = openai.chat.completions.create(model="pariscall", messages=messages).choices[0].message.content
        streamed = openai.chat.completions.create(model="pariscall", messages=messages, stream=True)
        pieces = [piece.choices[0] for piece in streamed]
        assert whole == "".join(piece.delta.content or "" for piece in pieces) and pieces[-1].finish_reason == "stop"
        assert whole and whole.startswith(shared_library.ask(QUESTION).json["answer"])
        with pytest.raises(NotFoundError, match="The model is pariscall"):
            openai.chat.completions.create(model="other", messages=messages)


def test_requests_in_parallel_from_eight_clients_lose_none(port: int) -> None:
    lost, lock = [], threading.Lock()

    def one_client(number: int) -> int:
        answered = 0
        with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            for turn in range(EACH):
                body = json.dumps({"question": QUESTION} if turn % 4 == 0 else {"words": "survey"})
                tool = "ask" if turn % 4 == 0 else "list_documents"
                connection.request("POST", f"/api/v1/{tool}", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                found = json.loads(response.read())
                right = found.get("generation") == "000001" and response.status == 200
                answered += right
                if not right:
                    with lock:
                        lost.append((number, turn, found))
        return answered

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(one_client, range(8))) == 8 * EACH, lost[:3]


def test_a_post_of_another_site_and_a_wrong_host_are_refused_by_the_server(port: int) -> None:
    for headers, status in (({"Origin": "http://page.example"}, 403), ({"Host": "page.example"}, 400), ({}, 422)):
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("POST", "/api/v1/ask", b"{}", headers)
            assert connection.getresponse().status == status
