"""The pages where a language model writes: the switch, the answer with its marks, the page of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Semaphore

import pytest
from chat_server import ChatServer, Reply, passages_of
from libraries import Library
from page_fixtures import quoted_answer
from test_app import ask, page, shown

from assistant.answers import Answer, AnswerPart, WritingRecord, written
from assistant.page.answer_view import answer_html, summary
from assistant.page.conversations import decoded, encoded
from assistant.page.links import MODEL_PAGE
from assistant.page.settings import SETTINGS_VARIABLE
from assistant.page.writing_view import UnderWay, under_way
from assistant.writing.writing import Drafted, Event, Finished, Started, Waiting, Writing, Written
from knowledge_base.logs import span
from knowledge_base.settings import Settings

QUESTION = "When was the lighthouse at Grey Point built?"
TRUE = "The lighthouse at Grey Point was built in 1874."
LIE = "The lighthouse at Grey Point was built in 1884."
KEY = "sk-secret-0123456789"

Configure = Callable[..., None]


@pytest.fixture
def configure(library: Library, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    import streamlit

    server.requests.clear()
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def configured(**settings: object) -> None:
        values = {"chat_model": "openai:scripted", "chat_base_url": server.address, **settings}
        monkeypatch.setenv(SETTINGS_VARIABLE, Settings(data_dir=library.data_dir, **values).model_dump_json())
        streamlit.cache_resource.clear()

    yield configured
    streamlit.cache_resource.clear()


def say(server: ChatServer, *sentences: str) -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        number = next(n for n, text in passages_of(messages).items() if "1874" in text)
        return " ".join(f"{sentence} [{number}]" for sentence in sentences)

    server.answer = answer


def test_without_a_model_there_is_no_switch(configure: Configure) -> None:
    configure(chat_model="")
    opened = page()
    assert [group.key for group in opened.get("button_group")] == ["language-switch"] and "No language model" not in shown(
        opened
    )


def test_an_answer_is_written_checked_and_has_the_quotes_beside_it(configure: Configure, server: ChatServer) -> None:
    configure()
    say(server, TRUE, LIE)
    opened = ask(page(), QUESTION)
    html = shown(opened)
    assert TRUE in html and "1884" not in html
    assert "written by openai:scripted on this machine; sentences: 1 supported, 1 not supported" in html
    assert "The answer in quotes only" in [expander.label for expander in opened.expander]
    assert "on this machine; nothing leaves it." in html


def test_what_is_not_supported_is_shown_struck_where_the_setting_says_so(configure: Configure, server: ChatServer) -> None:
    configure(chat_unsupported="mark")
    say(server, TRUE, LIE)
    assert f"<s>{LIE}</s>" in shown(ask(page(), QUESTION))


def test_a_fault_is_told_and_the_quoted_answer_stands(configure: Configure, server: ChatServer) -> None:
    configure(chat_retries=0)
    server.answer = lambda messages: Reply(status=500)
    html = shown(ask(page(), QUESTION))
    assert "server failed. The answer below is made of quotes." in html and "1874" in html


def test_a_model_that_cannot_be_opened_leaves_the_quoted_answer(configure: Configure) -> None:
    configure(chat_model="cohere:m")
    html = shown(ask(page(), QUESTION))
    assert "not installed" in html and "1874" in html


def test_a_model_elsewhere_is_said_to_get_the_passages(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    configure(chat_base_url="https://models.example/v1")
    opened = page()
    assert "leave this machine for models.example." in shown(opened)
    of_model = shown(page(MODEL_PAGE))
    assert "your question and the passages found for it" in of_model and "models.example" in of_model
    assert KEY not in shown(opened) + of_model


def test_the_model_page_says_how_to_configure_one(configure: Configure) -> None:
    configure(chat_model="")
    opened = page(MODEL_PAGE)
    assert "PARISCALL_CHAT_MODEL=ollama:" in opened.code[0].value and "no language model is asked" in shown(opened)


@pytest.mark.parametrize(
    ("reply", "says"),
    [("ready", "The language model answers"), (Reply(status=401), "did not accept the key"), ("", "empty answer")],
)
def test_the_model_page_tries_the_connection(configure: Configure, server: ChatServer, reply: Reply | str, says: str) -> None:
    configure()
    server.answer = lambda messages: reply
    opened = page(MODEL_PAGE)
    next(button for button in opened.button if button.label == "Test the connection").click().run()
    assert says in shown(opened)


def test_a_provider_without_a_known_address_is_told_on_its_page(configure: Configure) -> None:
    configure(chat_model="mistralai:m", chat_base_url="")
    assert "PARISCALL_CHAT_BASE_URL" in shown(page(MODEL_PAGE))
    assert "is not known" in shown(page())


def record(**values: object) -> WritingRecord:
    return WritingRecord("openai:m", is_local=False, supported=2, weak=1, unsupported=1, **values)  # type: ignore[arg-type]


def generated() -> Answer:
    quoted = quoted_answer()
    parts = (AnswerPart("It has nine.", (1,), support="supported"), AnswerPart("It <b>may</b>.", (1,), support="weak"))
    from dataclasses import replace

    return replace(quoted, mode="generative", parts=parts, text=written(parts), writing=record(cost=0.0012), quoted=quoted)


def test_a_written_answer_is_kept_whole() -> None:
    assert decoded(encoded(generated())) == generated()


def test_weak_sentences_are_marked_and_escaped() -> None:
    html = answer_html(generated(), None)
    assert html.count("pc-weak") == 1 and "It &lt;b&gt;may&lt;/b&gt;." in html
    assert "written by openai:m elsewhere; sentences: 2 supported, 1 weak, 1 not supported, cost 0.0012" in summary(generated())


class Scripted(Writing):
    """A writing whose events are given one by one, as the test lets them come."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.script = list(events)
        self.step, self.taken = Semaphore(0), Semaphore(0)

    def events(self) -> Iterator[Event]:
        for event in self.script:
            self.step.acquire()
            yield event
            self.taken.release()

    def stopped(self) -> Answer:
        return generated()

    def go_on(self) -> None:
        self.step.release()
        assert self.taken.acquire(timeout=5)


def test_an_answer_under_way_is_found_by_another_page_until_it_is_kept() -> None:
    kept: list[Answer] = []
    writing = Scripted([Started(quoted_answer()), Finished(quoted_answer())])
    made = UnderWay("c1", lambda: writing, kept.append)
    writing.go_on()
    assert under_way("c1") is made and under_way("c2") is None
    writing.step.release()
    made.thread.join(5)
    assert kept == [quoted_answer()] and under_way("c1") is None


def test_what_is_written_so_far_is_kept_when_it_is_stopped() -> None:
    kept: list[Answer] = []
    writing = Scripted([Started(quoted_answer()), Waiting(1.0), Waiting(2.0)])
    made = UnderWay("c1", lambda: writing, kept.append)
    writing.go_on()
    made.stop()
    writing.step.release()
    made.thread.join(5)
    assert kept == [generated()] and made.error is None


def test_the_steps_of_an_answer_are_told_and_one_that_is_stopped_ends_at_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.page.writing_view._PATIENCE", 0.0)
    kept: list[Answer] = []
    step, taken = Semaphore(0), Semaphore(0)

    def begin() -> Answer:
        for name, found in (("retrieve", {}), ("read", {"sentences": 14, "passages": 8}), ("compose", {})):
            assert step.acquire(timeout=5)
            with span(name, **found):
                taken.release()
        return quoted_answer()

    made = UnderWay("c1", begin, kept.append)
    for told in ("Searching the documents…", "Reading 14 sentences of 8 passages…"):
        step.release()
        assert taken.acquire(timeout=5) and made.told() == told
    made.stop()
    step.release()
    made.thread.join(5)
    assert kept == [] and made.error is None and under_way("c1") is None


def test_the_draft_is_drawn_apart_from_what_is_verified() -> None:
    writing = Scripted([Started(quoted_answer()), Drafted("It <i>was"), Written(generated()), Finished(generated())])
    made = UnderWay("c1", lambda: writing, lambda answer: None)
    writing.go_on()
    assert "each sentence is checked" in made.html(None)
    writing.go_on()
    assert '<p class="pc-draft">It &lt;i&gt;was<span>not checked yet</span></p>' in made.html(None)
    writing.go_on()
    assert "It has nine." in made.html(None) and "pc-draft" not in made.html(None)
    writing.step.release()
    made.thread.join(5)
