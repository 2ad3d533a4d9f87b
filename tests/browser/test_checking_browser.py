"""A draft is checked in headless Chromium: paste it, see the marks, open a sentence, filter, follow the quote to its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_page import CHROMIUM, TIMEOUT, assert_stayed_within, browser, served, settle, watched

if TYPE_CHECKING:
    from test_page import Watched

__all__ = ["browser", "watched"]

DRAFT = (
    "The Paris Call was launched on 12 November 2018.\n\n"
    "The Paris Call was launched on 12 November 1999.\n\n"
    "Who launched it?\n\n<img src=x onerror=alert(1)> is a mark that no document of the library holds at all.\n"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


@pytest.fixture(scope="module")
def address(briefs_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(briefs_index, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


def test_a_draft_is_pasted_checked_filtered_and_a_quote_opened(address: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{address}/check")
    box = page.get_by_label("The text")
    box.fill(DRAFT)
    box.press("Control+Enter")
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator(".pc-checked").wait_for(timeout=2 * TIMEOUT)
    settle(page)
    sentences = page.locator(".pc-sentence")
    assert sentences.count() == 3
    assert page.locator(".pc-is-contradicted").count() >= 1
    assert page.locator(".pc-checked img").count() == 0
    assert "Who launched it?" in page.locator(".pc-left").inner_text()

    page.get_by_role("button", name="contradicted").click()
    settle(page)
    page.locator(".pc-is-not-found").first.wait_for(state="detached")
    page.locator(".pc-is-contradicted summary").first.press("Enter")
    assert "1999" in page.locator(".pc-is-contradicted del").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    assert "contradicted" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.locator(".pc-is-contradicted .pc-source a").first.click()
    page.locator("mark").first.wait_for(timeout=TIMEOUT)
    assert_stayed_within(address, watched)


def test_an_empty_draft_cannot_be_sent(address: str, watched: Watched) -> None:
    watched.page.goto(f"{address}/check")
    button = watched.page.get_by_role("button", name="Check", exact=True)
    button.wait_for()
    assert button.is_disabled()
