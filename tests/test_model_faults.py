"""Whatever goes wrong with a language model, the answer made of quotes stands, with a sentence on what happened."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from chat_server import ChatServer, Reply
from libraries import Library

from assistant.answering import Assistant
from assistant.answers import Answer, WritingRecord
from assistant.writing.limits import Limits
from assistant.writing.model import as_fault
from knowledge_base.settings import Settings

QUESTION = "When was the lighthouse at Grey Point built?"
TRUE = "The lighthouse at Grey Point was built in 1874."
KEY = "sk-secret-0123456789"
MEGABYTES = 10 << 20

Ask = Callable[..., Answer]


@pytest.fixture
def ask(server: ChatServer, shared_library: Library, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    patient = Limits.of

    def limits(settings: Settings) -> Limits:
        from dataclasses import replace

        return replace(patient(settings), patience=0.01)

    monkeypatch.setattr(Limits, "of", limits)
    server.requests.clear()

    def asked(reply: Reply | str | list[Reply], **settings: object) -> Answer:
        replies = list(reply) if isinstance(reply, list) else []
        server.answer = (lambda messages: replies.pop(0)) if replies else (lambda messages: reply)  # type: ignore[return-value]
        values = {"chat_model": "openai:scripted", "chat_base_url": server.address, **settings}
        with Assistant.open(Settings(data_dir=shared_library.data_dir, **values)) as assistant:
            return assistant.ask(QUESTION)

    return asked


def stands(answer: Answer, fault: str) -> WritingRecord:
    """Check that the quoted answer stands and says why; return the record."""
    assert answer.mode == "extractive" and "1874" in answer.text and answer.citations
    assert answer.writing is not None and answer.writing.fault == fault
    assert answer.writing.notice and answer.writing.notice.endswith("The answer below is made of quotes.")
    assert KEY not in repr(answer)
    return answer.writing


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_server_that_is_down(ask: Ask) -> None:
    stands(ask("", chat_base_url=f"http://127.0.0.1:{closed_port()}/v1"), "down")


@pytest.mark.parametrize(
    ("status", "fault", "tries"),
    [
        (400, "request", 1),
        (401, "key", 1),
        (403, "key", 1),
        (404, "unknown model", 1),
        (500, "server", 3),
        (503, "server", 3),
        (504, "slow", 1),
    ],
)
def test_a_server_that_answers_with_an_error(ask: Ask, server: ChatServer, status: int, fault: str, tries: int) -> None:
    stands(ask(Reply(status=status)), fault)
    assert len(server.requests) == tries


def test_a_server_that_fails_once_is_asked_again(ask: Ask, server: ChatServer) -> None:
    answer = ask([Reply(status=500), Reply(f"{TRUE} [1]")])
    assert answer.mode == "generative" and len(server.requests) == 2


def test_a_server_that_asks_to_wait_is_asked_again_after_that(ask: Ask, server: ChatServer) -> None:
    answer = ask([Reply(status=429, headers={"Retry-After": "0.05"}), Reply(f"{TRUE} [1]")])
    assert answer.mode == "generative" and len(server.requests) == 2


def test_a_server_that_asks_to_wait_too_long_is_not_waited_for(ask: Ask, server: ChatServer) -> None:
    record = stands(ask(Reply(status=429, headers={"Retry-After": "3600"})), "busy")
    assert "It asks to wait 3600 s." in str(record.notice) and len(server.requests) == 1


def test_tries_are_bounded(ask: Ask, server: ChatServer) -> None:
    stands(ask(Reply(status=500), chat_retries=0), "server")
    assert len(server.requests) == 1


def test_a_server_that_sends_nothing_is_not_waited_for_longer_than_set(ask: Ask) -> None:
    record = stands(ask(Reply(after="hang"), chat_seconds=0.4), "time")
    assert record.seconds < 3


def test_an_answer_that_takes_too_long_is_kept_as_far_as_it_is_verified(ask: Ask) -> None:
    answer = ask(Reply(f"{TRUE} [1] Marta Ellingsen", after="hang"), chat_seconds=2.0)
    assert answer.mode == "generative" and answer.text == f"{TRUE}[1]"
    assert answer.writing is not None and answer.writing.is_partial and answer.writing.fault == "time"


def test_a_stream_that_breaks_off(ask: Ask) -> None:
    stands(ask(Reply(f"{TRUE} [1] Marta", after="cut")), "cut")


def test_a_stream_that_ends_without_a_word(ask: Ask) -> None:
    stands(ask(Reply(f"{TRUE} [1] Marta", after="close")), "cut")


def test_a_stream_without_end(ask: Ask) -> None:
    stands(ask(Reply("fog horn and fog horn and ", after="repeat", piece=200), chat_max_tokens=60), "endless")


def test_a_sentence_said_again_and_again(ask: Ask) -> None:
    stands(ask(Reply(f"{TRUE} [1] ", after="repeat", piece=200)), "endless")


def test_ten_megabytes_in_one_piece(ask: Ask) -> None:
    record = stands(ask(Reply("a" * MEGABYTES, piece=MEGABYTES)), "endless")
    assert record.output_tokens < 10_000


def test_an_answer_at_its_longest_length_is_kept_and_marked(ask: Ask) -> None:
    answer = ask(Reply(f"{TRUE} [1] The fog", after="length"))
    assert answer.mode == "generative" and answer.writing is not None
    assert answer.writing.fault == "length" and answer.writing.is_partial


@pytest.mark.parametrize(
    "body",
    [b"data: {not json\n\n", b"data: [1, 2]\n\n", b'data: {"choices": 7}\n\n', b"data: \xff\xfe\n\n"],
)
def test_garbage_in_the_stream(ask: Ask, body: bytes) -> None:
    stands(ask(Reply(body=body, headers={"Content-Type": "text/event-stream"})), "garbage")


@pytest.mark.parametrize("body", [b"<html><body>It works!</body></html>", b"", b"\x00\x01\x02" * 100])
def test_a_server_that_is_no_model(ask: Ask, body: bytes) -> None:
    answer = ask(Reply(body=body, headers={"Content-Type": "text/html"}))
    assert answer.writing is not None
    stands(answer, answer.writing.fault or "")
    assert answer.writing.fault in ("empty", "garbage")


@pytest.mark.parametrize("text", ["", "   \n \n", "![x](http://127.0.0.2/x)", "<think>What is asked? [1]</think>"])
def test_an_empty_answer(ask: Ask, text: str) -> None:
    stands(ask(Reply(text)), "empty")


def test_an_answer_in_another_language(ask: Ask) -> None:
    text = "El faro de Grey Point fue construido en 1874 con basalto negro y su luz se ve desde muy lejos [1]."
    stands(ask(Reply(text)), "language")


def test_noise_in_place_of_words_is_struck(ask: Ask) -> None:
    record = stands(ask(Reply("Xq zzkp 99 vvb lmn. 7781 kkr wwq zt. " * 2)), "unsupported")
    assert record.supported == record.weak == 0


def test_the_history_goes_on_after_a_fault(ask: Ask, server: ChatServer) -> None:
    failed = ask(Reply(status=500), chat_retries=0)
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": failed.text}]
    assert "1874" in history[1]["content"]
    assert ask(Reply(f"{TRUE} [1]")).mode == "generative"


def test_no_fault_writes_the_key_or_what_the_server_said_into_the_log(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for reply in (Reply(status=401), Reply(status=500), Reply(f"{TRUE} [1]", after="cut"), Reply(body=KEY.encode())):
        answer = ask(reply, chat_retries=0)
        assert answer.writing is not None and KEY not in str(answer.writing)
    assert KEY not in caplog.text


def test_an_error_that_nobody_foresaw_is_a_fault_too() -> None:
    assert as_fault(RuntimeError(f"key {KEY}")).kind == "other"
    assert KEY not in str(as_fault(RuntimeError(f"key {KEY}")))
