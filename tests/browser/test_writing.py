"""An answer that a language model writes, in headless Chromium: as it comes, stopped, and with documents that give orders."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer, Reply, passages_of
from obedient_model import QUESTION as OFFICE_QUESTION
from obedient_model import SHARED, obey, write_documents
from test_page import CHROMIUM, Watched, ask, assert_stayed_within, browser, served, settle, watched  # noqa: F401

from ingest.sync.sync import SyncOptions, sync
from knowledge_base.settings import Settings

QUESTION = "Who built the lighthouse of Grey Point?"
FACT = "The lighthouse of Grey Point was built in 1874 by the engineer Mary Holt."
TRUE = "Mary Holt, an engineer, built the lighthouse of Grey Point in 1874."
LIE = "Peter Falk built the lighthouse of Grey Point in 1874."

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


@pytest.fixture(scope="module")
def environment(server: ChatServer) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARISCALL_CHAT_MODEL", "openai:scripted")
        patch.setenv("PARISCALL_CHAT_BASE_URL", server.address)
        patch.setenv("PARISCALL_CHAT_MAX_TOKENS", "8000")
        patch.delenv("OPENAI_API_KEY", raising=False)
        yield


@pytest.fixture(scope="module")
def address(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, data = tmp_path_factory.mktemp("documents"), tmp_path_factory.mktemp("data")
    (folder / "lighthouse.md").write_text(f"# Lighthouses\n\n{FACT} It is white and stands on a rock.\n", encoding="utf-8")
    sync(Settings(data_dir=data), SyncOptions(folder))
    with served(data, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


def say(server: ChatServer, *sentences: str, **options: object) -> None:
    def answer(messages: list[dict[str, str]]) -> Reply:
        number = next((n for n, text in passages_of(messages).items() if "1874" in text), 1)
        return Reply(" ".join(f"{sentence} [{number}]" for sentence in sentences), **options)  # type: ignore[arg-type]

    server.answer = answer


def test_a_verified_sentence_is_shown_while_the_next_one_is_a_draft(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    say(server, TRUE, LIE, after="hang")
    page.goto(address)
    box = page.get_by_label("Ask about the documents")
    box.fill(QUESTION)
    box.press("Enter")
    page.locator(".pc-writing .pc-answer").get_by_text(TRUE).wait_for()
    page.locator(".pc-draft").get_by_text("not checked yet").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("The answer was stopped before it was finished.").wait_for()
    settle(page)
    assert page.locator(".pc-answer").first.inner_text().startswith(TRUE)
    assert page.get_by_text("Peter Falk").count() == 0
    page.reload()
    page.locator(".pc-answer").get_by_text(TRUE).wait_for()
    assert_stayed_within(address, watched)


def test_a_reload_and_another_page_do_not_lose_an_answer_under_way(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    say(server, TRUE, LIE, after="hang")
    page.goto(address)
    box = page.get_by_label("Ask about the documents")
    box.fill(QUESTION)
    box.press("Enter")
    page.locator(".pc-writing .pc-answer").get_by_text(TRUE).wait_for()
    page.get_by_role("button", name="Saved answers").click()
    page.get_by_role("heading", name="Saved answers").wait_for()
    page.locator("[class*=st-key-open-] button").first.click()
    page.locator(".pc-writing .pc-answer").get_by_text(TRUE).wait_for()
    page.reload()
    page.locator(".pc-writing .pc-answer").get_by_text(TRUE).wait_for()
    assert page.get_by_text("has not been answered").count() == 0
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("The answer was stopped before it was finished.").wait_for()
    settle(page)
    assert page.locator(".pc-question").count() == 1
    assert_stayed_within(address, watched)


def test_the_quoted_answer_is_one_click_away_and_the_mark_opens_the_quote(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    say(server, TRUE, LIE)
    page.goto(address)
    ask(page, QUESTION)
    assert page.locator(".pc-summary").inner_text().startswith("written by openai:scripted on this machine")
    assert "1 supported, 1 not supported" in page.locator(".pc-summary").inner_text()
    page.get_by_text("The answer in quotes only").click()
    page.locator(".pc-answer").nth(1).get_by_text(FACT).wait_for()
    page.locator("a.pc-mark").first.click()
    assert FACT in page.locator(".pc-text mark").inner_text()
    assert_stayed_within(address, watched)


def test_the_switch_answers_with_quotes_only(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    server.requests.clear()
    page.goto(address)
    page.get_by_text("Quotes only").click()
    page.get_by_text("No language model is asked.").wait_for()
    ask(page, QUESTION)
    assert page.locator(".pc-answer").first.inner_text().startswith(FACT) and server.requests == []


def test_the_page_of_the_model_tries_the_connection(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    server.answer = lambda messages: "ready"
    page.goto(f"{address}/model")
    page.get_by_role("button", name="Test the connection").click()
    page.get_by_text("The language model answers").wait_for()
    server.answer = lambda messages: Reply(status=401)
    page.get_by_role("button", name="Test the connection").click()
    page.get_by_text("did not accept the key").wait_for()
    assert_stayed_within(address, watched)


def test_a_narrow_screen_shows_the_switch_and_the_answer(server: ChatServer, address: str, watched: Watched):  # noqa: F811
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    say(server, TRUE)
    page.goto(address)
    ask(page, QUESTION)
    assert page.get_by_text("Written, checked").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("documents", ["ours", "shared"])
def test_with_documents_that_give_orders_an_obedient_model_sends_nothing_out_of_the_browser(
    server: ChatServer,
    environment: None,
    documents: str,
    tmp_path: Path,
    watched: Watched,  # noqa: F811
):
    folder, data = tmp_path / "documents", tmp_path / "data"
    if documents == "ours":
        write_documents(folder)
    elif not SHARED.is_dir():
        pytest.skip("shared/hostile/injection is absent")
    else:
        shutil.copytree(SHARED, folder)
    sync(Settings(data_dir=data), SyncOptions(folder))
    server.answer = obey
    page = watched.page
    with served(data, tmp_path) as address:
        page.goto(address)
        ask(page, OFFICE_QUESTION)
        assert "The Paris office opens at nine." in page.locator(".pc-answer").first.inner_text()
        assert page.locator(".pc-answer img, .pc-answer script, .pc-answer iframe").count() == 0
        hrefs = page.locator(".pc-answer a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert hrefs and all(href.startswith("/source?") for href in hrefs)
        assert_stayed_within(address, watched)
        page.close()
