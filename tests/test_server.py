from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from assistant.page.server import WriteGuard, content_security_policy, listening_socket
from assistant.page.settings import SETTINGS_VARIABLE, page_settings, scripts
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

SERVE = (
    "from assistant.page.server import serve; from knowledge_base.settings import Settings; serve(Settings(data_dir='d'), 0)"
)


class Served(NamedTuple):
    process: subprocess.Popen[str]
    line: str
    port: int

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page, served from a directory that is not the project's."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=elsewhere, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    yield Served(process, line, int(line.split("127.0.0.1:")[1].split()[0]))
    process.kill()
    process.wait()
    process.stdout.close()


def test_one_line_says_where_the_page_is(served: Served):
    assert served.line == f"The page is at http://127.0.0.1:{served.port} (Ctrl-C ends it).\n"


def test_the_page_answers_with_headers_that_keep_it_to_its_host(served: Served):
    status, headers, body = served.get("/")
    assert status == 200 and b'<div id="root">' in body
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "http" not in policy
    assert "'unsafe-eval'" not in policy


def test_the_health_route_answers(served: Served):
    status, headers, body = served.get("/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("host", "status"), [("localhost", 200), ("127.0.0.1", 200), ("page.example", 400)])
def test_only_requests_for_this_host_are_answered(served: Served, host: str, status: int):
    found, headers, _ = served.get("/healthz", Host=host)
    assert (found, "content-security-policy" in headers) == (status, True)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")
def test_it_listens_on_the_loopback_address_alone(served: Served):
    listening = Path(f"/proc/{served.process.pid}/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[1].endswith(f":{served.port:04X}")}
    assert f"0100007F:{served.port:04X}" in addresses and f"00000000:{served.port:04X}" not in addresses


def test_the_configuration_holds_when_served_from_elsewhere(tmp_path: Path):
    script = (
        "from assistant.page.server import page_application; from knowledge_base.settings import Settings\n"
        "page_application(Settings()); from streamlit import config\n"
        "names = ['server.address', 'server.fileWatcherType', 'client.showErrorDetails', 'browser.gatherUsageStats',"
        " 'client.toolbarMode', 'server.maxUploadSize']\n"
        "import json; print(json.dumps([config.get_option(name) for name in names]))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == ["127.0.0.1", "none", "none", False, "viewer", 100]


def test_an_interrupt_ends_it_cleanly(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
    Served(process, "", port).get("/healthz")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "The page has ended.\n", "")


def test_what_is_sent_from_elsewhere_or_to_no_field_is_refused(served: Served):
    path, own = "/_stcore/upload_file/0123/4567", f"http://127.0.0.1:{served.port}"
    origins = {"http://page.example": 403, "null": 403, own.replace("127.0.0.1", "localhost"): 403, own: 403}
    for method in ("PUT", "POST"):
        for origin, status in origins.items():
            connection = HTTPConnection("127.0.0.1", served.port, timeout=20)
            connection.request(method, path, b"x", {"Origin": origin})
            response = connection.getresponse()
            told = response.read()
            assert response.status == status and (b"No file is expected" in told) == (origin == own)
            assert "content-security-policy" in {name.lower() for name, _ in response.getheaders()}
            connection.close()


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """What stands behind the guard, which lets 1,000 bytes wait, for the page of session 0123."""

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("taken")(scope, receive, send)

    monkeypatch.setattr("assistant.page.server.EXPECTED", {"0123"})
    return TestClient(WriteGuard(behind, 1000), base_url="http://127.0.0.1:8501")


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/_stcore/upload_file/0123/4567", 1000, 200),
        ("/_stcore/upload_file/0123/4567", 1001, 413),
        ("/_stcore/upload_file/9999/4567", 10, 403),
        ("/other", 2000, 200),
    ],
)
def test_a_file_is_taken_from_a_session_that_shows_the_field_up_to_a_limit(
    guarded: TestClient, path: str, size: int, status: int
):
    own = {"Origin": "http://127.0.0.1:8501"}
    assert guarded.put(path, content=b"x" * size, headers=own).status_code == status
    assert guarded.put(path, content=b"x").status_code == 403
    assert guarded.delete(path).status_code == 403 and guarded.delete(path, headers=own).status_code == 200
    assert guarded.get(path).status_code == 200


def test_what_waits_counts_and_a_file_of_unknown_length_is_refused(guarded: TestClient, monkeypatch: pytest.MonkeyPatch):
    own, path = {"Origin": "http://127.0.0.1:8501"}, "/_stcore/upload_file/0123/4567"
    assert guarded.put(path, content=iter([b"x"]), headers=own).status_code == 413
    monkeypatch.setattr("assistant.page.server._waiting_bytes", lambda: 999)
    assert guarded.put(path, content=b"xx", headers=own).status_code == 413
    assert guarded.delete(path, headers=own).status_code == 200


def test_a_taken_port_is_named_with_the_remedy():
    with listening_socket(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(KnowledgeBaseError) as caught:
            listening_socket(port)
    assert caught.value.message == f"Port {port} on 127.0.0.1 is in use."
    assert "--port" in caught.value.remedy


def test_a_port_that_may_not_be_had_is_named(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(KnowledgeBaseError, match=r"Port 80 on 127.0.0.1 is not available \(Permission denied\)"):
        listening_socket(80)


def test_the_page_is_run_with_the_settings_that_were_handed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    handed_over = Settings(data_dir=tmp_path, max_question_length=77)
    monkeypatch.setenv(SETTINGS_VARIABLE, handed_over.model_dump_json())
    monkeypatch.setenv("PARISCALL_MAX_QUESTION_LENGTH", "55")
    assert page_settings() == handed_over
    monkeypatch.delenv(SETTINGS_VARIABLE)
    assert page_settings().max_question_length == 55


def test_scripts_in_the_page_run_only_where_they_are_streamlits_or_ours():
    assert content_security_policy().count("'sha256-") == 1 + len(scripts()) and "scroll" in scripts()
