"""The page in French, drawn without a browser; and the list of conversations in the sidebar."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_fixtures import QUOTE, quoted_answer
from test_app import FakeAssistant, ask, fake, labels, page, shown  # noqa: F401

from assistant.messages import message
from assistant.page.conversations import ConversationStore
from assistant.page.language import LANGUAGE
from assistant.page.links import (
    CHANGES_PAGE,
    CHECK_PAGE,
    COMPARE_PAGE,
    COVERAGE_PAGE,
    DOCUMENTS_PAGE,
    EVALUATE_PAGE,
    MODEL_PAGE,
    SAVED_PAGE,
    SEARCH_PAGE,
    SUPPORTERS_PAGE,
    TIMELINE_PAGE,
)

PAGES = (
    SAVED_PAGE,
    SEARCH_PAGE,
    COVERAGE_PAGE,
    CHECK_PAGE,
    COMPARE_PAGE,
    TIMELINE_PAGE,
    SUPPORTERS_PAGE,
    MODEL_PAGE,
    CHANGES_PAGE,
    DOCUMENTS_PAGE,
    EVALUATE_PAGE,
)


def in_french(opened):
    opened.session_state[LANGUAGE] = "fr"
    return opened.run()


def said(key: str, **values: object) -> str:
    return message("fr", f"page.{key}", **values)


def test_every_page_is_drawn_in_french(fake: FakeAssistant):  # noqa: F811
    opened = in_french(page())
    assert opened.title[0].value == said("chat.title") and said("sidebar.new") in labels(opened)
    for path in PAGES:
        opened = opened.switch_page(path).run()
        assert not opened.exception and said("sidebar.indexed") in shown(opened)


def test_a_french_reader_of_an_english_answer_reads_the_frame_in_french(fake: FakeAssistant):  # noqa: F811
    fake.answers["How many principles?"] = quoted_answer()
    opened = ask(in_french(page()), "How many principles?")
    assert QUOTE in shown(opened) and "tiré de 1 document, 0,04 s" in shown(opened)
    assert {said("chat.save"), said("chat.delete")} <= set(labels(opened))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    with ConversationStore.open(tmp_path) as store:
        for number in range(70):
            store.begin(f"Question {number}?")
    return tmp_path


def test_the_sidebar_shows_few_conversations_and_finds_the_others(fake: FakeAssistant, kept: Path):  # noqa: F811
    opened = page()
    assert [button.label for button in opened.button if (button.key or "").startswith("open-")] == [
        f"Question {number}?" for number in range(69, 63, -1)
    ]
    assert "… and 4 more" in shown(opened)
    opened.text_input(key="find-conversation").set_value("question 7").run()
    assert [b.label for b in opened.button if (b.key or "").startswith("found-")] == ["Question 7?"]


def test_all_conversations_are_deleted_only_when_that_is_confirmed(fake: FakeAssistant, kept: Path):  # noqa: F811
    opened = page()
    assert opened.button(key="delete-all").disabled
    opened.checkbox(key="sure-all").check().run()
    opened.button(key="delete-all").click().run()
    with ConversationStore.open(kept) as store:
        assert store.conversations() == []
