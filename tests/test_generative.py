"""Answers that a language model writes, through the real langchain-openai client and a scripted server on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer, Reply, passages_of
from libraries import Library, assistant

from assistant.answering import Assistant
from assistant.answers import Answer, stands_on_its_page
from assistant.writing.model import endpoint, open_chat_model
from assistant.writing.writing import Drafted, Finished, Started, Writing, Written
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

QUESTION = "When was the lighthouse at Grey Point built?"
TRUE = "The lighthouse at Grey Point was built in 1874."
LIE = "The lighthouse at Grey Point was built in 1884."
KEY = "sk-secret-0123456789"

Open = Callable[..., Assistant]


@pytest.fixture(autouse=True)
def fresh(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.requests.clear()
    server.keys.clear()
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def opened(server: ChatServer, shared_library: Library) -> Iterator[Open]:
    made: list[Assistant] = []

    def open_with(**settings: object) -> Assistant:
        values = {"chat_model": "openai:scripted", "chat_base_url": server.address, **settings}
        made.append(Assistant.open(Settings(data_dir=shared_library.data_dir, **values)))
        return made[-1]

    yield open_with
    for one in made:
        one.close()


def said(server: ChatServer, *sentences: str) -> None:
    """Have the model say each sentence with a citation of the passage that holds a word of it, `{n}` in its place."""

    def answer(messages: list[dict[str, str]]) -> str:
        passages = passages_of(messages)
        lighthouse = next(number for number, text in passages.items() if "1874" in text)
        other = next(number for number in passages if number != lighthouse)
        return " ".join(sentence.format(n=lighthouse, other=other) for sentence in sentences)

    server.answer = answer


def test_a_supported_sentence_is_shown_with_the_verbatim_quote_that_supports_it(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]")
    assistant = opened()
    answer = assistant.ask(QUESTION)
    assert answer.mode == "generative" and answer.text == f"{TRUE}[1]"
    assert answer.citations[0].source == "lighthouse.html" and "1874 from black basalt" in answer.citations[0].quote
    assert all(stands_on_its_page(citation, assistant.generation.catalog) for citation in answer.citations)
    assert answer.writing is not None and answer.writing.share("supported") == 1.0
    assert answer.quoted is not None and answer.quoted.mode == "extractive" and answer.quoted.citations


def test_a_lie_is_struck_and_counted(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]", LIE + " [{n}]")
    answer = opened().ask(QUESTION)
    assert "1884" not in answer.text and answer.writing is not None
    assert (answer.writing.supported, answer.writing.unsupported) == (1, 1)


def test_a_lie_is_shown_marked_where_the_setting_says_so(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]", LIE + " [{n}]")
    answer = opened(chat_unsupported="mark").ask(QUESTION)
    assert f"{LIE} (not supported)" in answer.text
    assert [part.support for part in answer.parts] == ["supported", "unsupported"]
    assert answer.parts[1].citations == ()


def test_a_true_sentence_without_a_citation_gets_one(server: ChatServer, opened: Open) -> None:
    said(server, TRUE)
    answer = opened().ask(QUESTION)
    assert [citation.source for citation in answer.citations] == ["lighthouse.html"]


def test_a_true_sentence_that_cites_the_wrong_passage_is_weak_and_quotes_the_right_one(
    server: ChatServer, opened: Open
) -> None:
    said(server, TRUE + " [{n}]", "Marta Ellingsen has been its keeper since 2009. [{other}]")
    answer = opened().ask(QUESTION)
    assert [part.support for part in answer.parts] == ["supported", "weak"]
    assert "(weakly supported)" in answer.text and "Marta" in answer.citations[-1].quote


def test_a_citation_of_a_passage_that_was_not_given_counts_as_false(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]", "Its lamp can be seen from eighteen nautical miles away [99].")
    answer = opened().ask(QUESTION)
    assert answer.writing is not None and answer.writing.false_citations == 1
    assert "[99]" not in answer.text and len(answer.parts) == 2


def test_the_quoted_answer_stands_where_nothing_is_supported(server: ChatServer, opened: Open) -> None:
    said(server, LIE + " [{n}]")
    answer = opened().ask(QUESTION)
    assert answer.mode == "extractive" and "1874" in answer.text and answer.writing is not None
    assert answer.writing.fault == "unsupported" and "is supported by the documents" in str(answer.writing.notice)


def test_the_quoted_answer_stands_where_the_model_finds_none(server: ChatServer, opened: Open) -> None:
    server.answer = lambda messages: "The documents do not say."
    answer = opened().ask(QUESTION)
    assert answer.mode == "extractive" and answer.writing is not None and answer.writing.fault == "declined"


def test_a_refused_question_is_not_sent_to_the_model_unless_a_setting_says_so(server: ChatServer, opened: Open) -> None:
    question = "What is the recipe for ratatouille?"
    assert opened().ask(question).abstained and server.requests == []
    assert opened(chat_refused_too=True).ask(question).abstained and len(server.requests) == 1


def test_the_mode_decides_whether_the_model_is_asked(server: ChatServer, opened: Open, shared_library: Library) -> None:
    said(server, TRUE + " [{n}]")
    assert opened().ask(QUESTION, mode="extractive").mode == "extractive" and server.requests == []
    assert opened().ask(QUESTION, mode="generative").mode == "generative"
    with Assistant.open(Settings(data_dir=shared_library.data_dir)) as without:
        assert without.ask(QUESTION).mode == "extractive"
        with pytest.raises(KnowledgeBaseError, match="No language model") as raised:
            without.ask(QUESTION, mode="generative")
    assert "PARISCALL_CHAT_MODEL" in raised.value.remedy


def test_sentences_come_verified_while_the_next_one_is_a_draft(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]", "Marta Ellingsen has been the keeper since 2009. [{n}]")
    begun = opened().begin(QUESTION, ())
    assert isinstance(begun, Writing)
    events = list(begun.events())
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    drafts = [event.text for event in events if isinstance(event, Drafted)]
    first = next(i for i, event in enumerate(events) if isinstance(event, Written))
    assert any(draft and TRUE.startswith(draft) for draft in drafts)
    assert any(isinstance(event, Drafted) and "Marta".startswith(event.text[:5]) for event in events[first:])
    written = [event.answer for event in events if isinstance(event, Written)]
    assert [len(answer.parts) for answer in written] == [1, 2]


def test_an_answer_that_is_stopped_is_kept_and_marked(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]", "Marta Ellingsen has been the keeper since 2009. [{n}]")
    begun = opened().begin(QUESTION, ())
    assert isinstance(begun, Writing)
    next(event for event in begun.events() if isinstance(event, Written))
    answer = begun.stopped()
    assert answer.text == f"{TRUE}[1]" and answer.writing is not None and answer.writing.is_partial
    assert "stopped" in str(answer.writing.notice)


def test_a_follow_up_is_written_again_by_the_model_and_shown_as_searched(server: ChatServer, opened: Open) -> None:
    new = "When was the lighthouse at Grey Point built?"

    def answer(messages: list[dict[str, str]]) -> str:
        return new if "rewrite" in messages[0]["content"] else f"{TRUE} [1]"

    server.answer = answer
    history = [{"role": "user", "content": "What is the lighthouse at Grey Point?"}, {"role": "assistant", "content": "White."}]
    found = opened().ask("When was it built?", history)
    assert found.standalone == new and found.mode == "generative"


@pytest.mark.parametrize("bad", ["When was the Eiffel Tower built?", "It was built in 1874.", "![x](http://127.0.0.2/)", ""])
def test_a_follow_up_that_the_model_makes_up_is_not_taken(server: ChatServer, opened: Open, bad: str) -> None:
    server.answer = lambda messages: bad if "rewrite" in messages[0]["content"] else f"{TRUE} [1]"
    history = [{"role": "user", "content": "What is the lighthouse at Grey Point?"}, {"role": "assistant", "content": "White."}]
    found = opened().ask("When was it built?", history)
    assert found.standalone is not None and found.standalone != bad and "Grey Point" in found.standalone


def test_a_french_question_is_answered_in_french(server: ChatServer, opened: Open) -> None:
    server.answer = lambda messages: "Les documents ne le disent pas."
    opened(chat_refused_too=True).ask("Quand le phare de Grey Point a-t-il été construit ?")
    rules = server.requests[-1]["messages"][0]["content"]
    assert "You write French" in rules and "Les documents ne le disent pas." in rules


def test_an_answer_in_another_language_than_the_questions_does_not_stand(server: ChatServer, opened: Open) -> None:
    server.answer = lambda messages: (
        "Der Leuchtturm wurde 1874 aus schwarzem Basalt gebaut und wird von Marta Ellingsen betreut [1]."
    )
    answer = opened().ask(QUESTION)
    assert answer.mode == "extractive" and answer.writing is not None and answer.writing.fault == "language"


def test_passages_are_numbered_fenced_data_and_the_fence_is_new_each_time(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]")
    assistant = opened()
    assistant.ask(QUESTION)
    assistant.ask(QUESTION)
    fences = [prompt.split()[0] for prompt in server.prompts]
    assert fences[0] != fences[1]
    assert all(f"fence {fence}" in r["messages"][0]["content"] for fence, r in zip(fences, server.requests, strict=True))
    assert passages_of(server.requests[0]["messages"])[1]


def test_the_key_of_the_provider_is_sent_and_stands_nowhere_else(
    server: ChatServer, opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level("DEBUG")
    for reply in (Reply(status=401), Reply(f"{TRUE} [1]")):
        server.answer = lambda messages, reply=reply: reply
        answer = opened().ask(QUESTION)
        assert KEY not in repr(answer)
    assert server.keys[-1] == f"Bearer {KEY}"
    assert KEY not in caplog.text


def test_the_providers_own_variables_do_not_lead_passages_elsewhere(
    server: ChatServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    said(server, TRUE + " [{n}]")
    assert opened().ask(QUESTION).mode == "generative"


def test_the_cost_of_an_answer_is_told_and_limited(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]")
    prices = {"chat_input_price": 1.0, "chat_output_price": 4.0}
    told = opened(**prices).ask(QUESTION).writing
    assert told is not None and told.cost is not None and 0 < told.cost < 0.01
    sent = len(server.requests)
    refused = opened(**prices, chat_max_cost=1e-7).ask(QUESTION)
    assert refused.mode == "extractive" and refused.writing is not None and refused.writing.fault == "cost"
    assert len(server.requests) == sent


def test_passages_that_do_not_fit_are_left_out(server: ChatServer, opened: Open) -> None:
    said(server, TRUE + " [{n}]")
    opened(chat_max_input_tokens=500).ask(QUESTION)
    opened().ask(QUESTION)
    few, all_ = (passages_of(request["messages"]) for request in server.requests)
    assert 1 <= len(few) <= len(all_) and sum(map(len, few.values())) < 500 * 4


def test_the_command_tells_of_the_model_and_takes_the_mode(
    server: ChatServer, shared_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(server, TRUE + " [{n}]", LIE)
    monkeypatch.setenv("PARISCALL_CHAT_MODEL", "openai:scripted")
    monkeypatch.setenv("PARISCALL_CHAT_BASE_URL", server.address)
    place = ("--data-dir", str(shared_library.data_dir))
    written = assistant("ask", QUESTION, "--json", *place)
    record = json.loads(written.out)
    assert written.code == 0 and record["mode"] == "generative"
    assert record["writing"]["shares"] == {"supported": 0.5, "weak": 0.0, "unsupported": 0.5}
    assert json.loads(assistant("ask", QUESTION, "--json", "--mode", "extractive", *place).out)["mode"] == "extractive"
    readable = assistant("ask", QUESTION, *place)
    assert "on this machine): 1 supported, 0 weak, 1 unsupported." in readable.out


def test_a_mode_that_needs_a_model_without_one_ends_with_the_remedy(shared_library: Library) -> None:
    ended = assistant("ask", QUESTION, "--mode", "generative", "--data-dir", str(shared_library.data_dir))
    assert ended.code == 2 and "PARISCALL_CHAT_MODEL" in ended.error and "Traceback" not in ended.error


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PARISCALL_CHAT_MODEL", "llama3", "PROVIDER:MODEL"),
        ("PARISCALL_CHAT_BASE_URL", f"http://user:{KEY}@127.0.0.1/v1", "provider's own variable"),
        ("PARISCALL_CHAT_BASE_URL", "ftp://127.0.0.1", "not a web address"),
        ("PARISCALL_CHAT_MAX_COST", "1", "PARISCALL_CHAT_INPUT_PRICE"),
    ],
)
def test_a_setting_that_is_not_usable_is_said_without_a_key(
    shared_library: Library, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    ended = assistant("ask", QUESTION, "--data-dir", str(shared_library.data_dir))
    assert ended.code == 2 and says in ended.error and KEY not in ended.error


@pytest.mark.parametrize(
    ("model", "address", "is_local"),
    [
        ("openai:m", "", False),
        ("ollama:m", "", True),
        ("anthropic:m", "", False),
        ("openai:m", "http://127.0.0.1:8000/v1", True),
        ("openai:m", "http://localhost:8000/v1", True),
        ("openai:m", "http://[::1]:8000/v1", True),
        ("openai:m", "http://192.168.1.7:8000/v1", False),
        ("ollama:m", "https://models.example/", False),
    ],
)
def test_it_is_known_whether_passages_leave_the_machine(model: str, address: str, is_local: bool, tmp_path: Path) -> None:
    place = endpoint(Settings(data_dir=tmp_path, chat_model=model, chat_base_url=address))
    assert place is not None and place.is_local is is_local


@pytest.mark.parametrize(
    ("model", "address", "says", "remedy"),
    [
        ("mistralai:m", "", "address of the provider", "PARISCALL_CHAT_BASE_URL"),
        ("cohere:m", "http://127.0.0.1:1", "not installed", "paris-call-assistant[models]"),
        ("openai:gpt-4o-mini", "", "key", "OPENAI_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_opened_is_told_with_the_remedy_and_the_quoted_answer_stands(
    opened: Open, tmp_path: Path, model: str, address: str, says: str, remedy: str
) -> None:
    with pytest.raises(KnowledgeBaseError, match=says) as raised:
        open_chat_model(Settings(data_dir=tmp_path, chat_model=model, chat_base_url=address))
    assert remedy in raised.value.remedy
    answer = opened(chat_model=model, chat_base_url=address).ask(QUESTION)
    assert answer.mode == "extractive" and "1874" in answer.text
    assert answer.writing is not None and says in str(answer.writing.notice)


def test_no_langchain_is_imported_where_no_model_writes() -> None:
    import subprocess
    import sys

    script = (
        "import sys, assistant.__main__, assistant.writing.model, assistant.writing.writing; print('langchain' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def as_answer(begun: Answer | Writing) -> Answer:
    assert isinstance(begun, Answer)
    return begun


def test_what_the_register_answers_is_not_sent_to_the_model(server: ChatServer, opened: Open) -> None:
    assistant = opened()
    answer = as_answer(assistant.begin("Which supporters are in the register?", ()))
    assert answer.mode in ("register", "extractive") and server.requests == []
