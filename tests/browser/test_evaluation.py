"""Evaluation in headless Chromium: run it, open a failed item, turn a thumb down into a test question."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS
from libraries import Library
from test_page import CHROMIUM, Watched, ask, assert_stayed_within, barriers_of, browser, served, settle, watched

from assistant.evaluation.report import list_runs
from assistant.evaluation.testset import read_items

__all__ = ["browser", "watched"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


@pytest.fixture(scope="module")
def harbour(shared_library: Library, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return shared_library.copy(tmp_path_factory.mktemp("harbour"))


@pytest.fixture(scope="module")
def address(harbour: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARISCALL_TEST_SET", str(HARBOUR_QUESTIONS))
        patch.setenv("PARISCALL_EVIDENCE_MODEL", "off")
        with served(harbour.data_dir, tmp_path_factory.mktemp("elsewhere")) as found:
            yield found


def test_an_evaluation_runs_and_a_failed_item_opens_with_its_source(harbour: Library, address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Evaluation").click()
    page.get_by_text("Nothing has been evaluated yet.").wait_for()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    page.get_by_text("All figures").wait_for()
    settle(page)
    [(directory, report)] = list_runs(harbour.data_dir)
    assert report.whole.items == 23 and (directory / "report.html").exists()
    assert page.locator(".pc-evaluation .card").first.inner_text().startswith("All facts")
    page.get_by_test_id("stVegaLiteChart").nth(3).locator("canvas, svg").first.wait_for()
    assert not barriers_of(page)
    failed = report.failed[1]
    choice = page.get_by_label("Question", exact=True)
    choice.scroll_into_view_if_needed()
    choice.click()
    page.get_by_role("option", name=failed).click()
    page.locator(".pc-evaluation", has_text=f"{failed}, ").wait_for()
    detail = page.locator(".pc-evaluation", has_text="Expected facts").inner_text()
    assert "refused, though the documents answer it" in detail
    page.get_by_role("link", name="Open the gold page").first.click()
    page.get_by_text("Ask a question").wait_for()
    assert_stayed_within(address, watched)


def test_a_thumb_down_becomes_a_test_question_in_two_clicks(harbour: Library, address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, "When was the lighthouse at Grey Point built?")
    page.get_by_role("radio", name="Thumbs down").click()
    page.get_by_label("What should have been cited?").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep as a test question").click()
    page.get_by_text("Kept as test question own-001.").wait_for()
    kept = read_items(harbour.data_dir)
    assert kept is not None and kept.items[0].question == "When was the lighthouse at Grey Point built?"
    assert "1874" in kept.items[0].gold[0].quote
    page.get_by_role("link", name="Your own test questions").click()
    page.get_by_role("tab", name="Your own questions").click()
    page.get_by_role("button", name="Download as a test set").wait_for()
    page.get_by_text("own-001").wait_for()
    assert_stayed_within(address, watched)


def test_on_a_narrow_screen_nothing_runs_out_of_sight(address: str, watched: Watched):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/evaluate")
    page.get_by_role("button", name="Evaluate", exact=True).wait_for()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
