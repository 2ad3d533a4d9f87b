"""The page in French, without a mouse: ask, open the source, save, export; the language and its switch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_page import CHROMIUM, QUESTION, TIMEOUT, browser, come_to_rest, data_dir, served, settle  # noqa: F401

from assistant.page.language import COOKIE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]
MOST_STEPS = 90
FOCUSED = """wanted => {
  const focused = document.activeElement, style = getComputedStyle(focused);
  if (!focused.matches(wanted)) return null;
  return style.outlineStyle !== "none" || style.boxShadow !== "none" || style.textDecorationLine !== "none";
}"""


@pytest.fixture(scope="module")
def address(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    with served(data_dir, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:  # noqa: F811
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    opened.set_default_timeout(TIMEOUT)
    yield opened
    opened.close()


def tab_to(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press Tab until what is wanted has the focus, and see that this shows."""
    for _ in range(MOST_STEPS):
        if (is_seen := page.evaluate(FOCUSED, wanted)) is not None:
            assert is_seen, f"{wanted} has the focus, and nothing shows it"
            return
        page.keyboard.press(key)
    raise AssertionError(f"{wanted} is not reached by {key}")


def test_a_whole_session_by_keyboard_alone(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(address)
    settle(page)
    page.locator("[data-testid=stChatInput] textarea:focus").wait_for()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".pc-summary").wait_for()
    settle(page)
    come_to_rest(page)
    tab_to(page, "a.pc-mark", "Shift+Tab")
    page.keyboard.press("Enter")
    page.locator("[data-testid=stImage] img").wait_for()
    settle(page)
    tab_to(page, ".stMain [data-testid=stPageLink-NavLink]")
    page.keyboard.press("Enter")
    page.locator(".pc-answer").get_by_text("Mary Holt").wait_for()
    settle(page)
    come_to_rest(page)
    tab_to(page, "[class*=st-key-save-] button")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Enregistrée").wait_for()
    settle(page)
    tab_to(page, "[class*='st-key-actions-'] [class*='st-key-export-'] button", "Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Word, avec notes de bas de page").wait_for()
    come_to_rest(page)
    tab_to(page, "[class*=st-key-export-][class*=-docx] button")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    started.value.save_as(tmp_path / "note.docx")
    assert (tmp_path / "note.docx").read_bytes().startswith(b"PK")


def test_the_language_is_the_browser_s_until_another_is_chosen(address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_role("heading", name="Que dit l’Appel de Paris").wait_for()
    page.locator("html[lang=fr]").wait_for(state="attached")
    settle(page)
    page.get_by_role("radio", name="English").click()
    page.get_by_role("heading", name="What does the Paris Call say?").wait_for()
    page.locator("html[lang=en]").wait_for(state="attached")
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}[COOKIE] == "en"
    page.goto(f"{address}/search")
    page.get_by_role("heading", name="Search").wait_for()
