"""Search, coverage and texts side by side in headless Chromium: from the sidebar to the highlighted page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pdf_files import make_pdf, paragraph
from test_page import CHROMIUM, FACT, Watched, ask, browser, served, settle, watched

from ingest.sync.sync import SyncOptions, sync
from knowledge_base.settings import Settings

__all__ = ["browser", "watched"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, data = tmp_path_factory.mktemp("documents"), tmp_path_factory.mktemp("data")
    pages = [["This leaflet is on lighthouses."], [FACT, "Lighthouses are white."], ["See the Harbour Act."]]
    (folder / "lighthouse.pdf").write_bytes(make_pdf([paragraph(72, 700, lines) for lines in pages]))
    (folder / "boats.txt").write_text("Boats\n\nA boat needs no <b>lamp</b>.\n", encoding="utf-8")
    sync(Settings(data_dir=data), SyncOptions(folder))
    with served(data, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


def test_a_search_from_the_sidebar_opens_the_page_and_asks_the_question(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Search", exact=True).click()
    box = page.get_by_label("Words to search for")
    box.fill('engineer AND "Mary Holt"')
    box.press("Enter")
    page.locator(".pc-found").first.wait_for()
    assert page.locator(".pc-found mark").all_inner_texts() == ["engineer", "Mary Holt"]
    assert "1 passage in 1 document" in page.locator(".pc-facets").inner_text()
    page.locator(".pc-found a").first.click()
    page.get_by_role("img", name="Page 2 of").wait_for()
    page.go_back()
    page.locator(".pc-found").first.wait_for()
    page.get_by_role("button", name="Ask this as a question").click()
    page.locator(".pc-summary").wait_for()
    assert watched.complaints == []


def test_a_search_that_finds_nothing_or_cannot_be_read_says_so(address: str, watched: Watched):
    page = watched.page
    page.goto(f"{address}/search?q=zebra+lamp")
    page.get_by_text("In no document: “zebra”").wait_for()
    box = page.get_by_label("Words to search for")
    box.fill("(lamp")
    box.press("Enter")
    page.get_by_text("Close the parenthesis.").wait_for()
    assert watched.complaints == []


def test_coverage_counts_quotes_and_downloads(address: str, watched: Watched, tmp_path: Path):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Coverage", exact=True).click()
    box = page.get_by_label("Word or phrase")
    box.fill("lighthouse")
    box.press("Enter")
    page.locator(".pc-coverage").wait_for()
    settle(page)
    assert page.locator(".pc-coverage tbody td").first.inner_text() == "3"
    assert page.locator(".pc-words li").all_inner_texts() == ["lighthouse", "lighthouses"]
    page.get_by_text("No mention in: 1 document").click()
    page.get_by_text("boats.txt").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as Excel").click()
    assert download.value.suggested_filename == "coverage.xlsx"
    page.get_by_text("Which text cites which").click()
    page.get_by_text("Harbour Act", exact=True).wait_for()
    assert watched.complaints == []


def test_the_chat_leads_to_the_count_and_to_the_search(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, "Which documents mention lighthouses?")
    page.get_by_role("link", name="Count all mentions").click()
    page.locator(".pc-coverage").wait_for()
    assert page.get_by_label("Word or phrase").input_value() == "lighthouses"
    page.goto(address)
    ask(page, "Who built the lighthouse of Grey Point?")
    page.get_by_role("link", name="Search for these words").click()
    page.locator(".pc-found").first.wait_for()
    assert watched.complaints == []


def test_two_texts_stand_side_by_side_and_open_on_their_pages(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Side by side", exact=True).click()
    page.get_by_text("Choose two documents").wait_for()
    page.goto(f"{address}/compare?left=lighthouse.pdf&right=boats.txt")
    page.locator(".pc-beside").wait_for()
    settle(page)
    assert page.get_by_role("columnheader").count() == 2
    page.get_by_label("Find in both").fill("boat needs")
    page.get_by_label("Find in both").press("Enter")
    page.locator(".pc-beside .pc-row", has_text="This leaflet").wait_for(state="detached")
    assert "A boat needs no <b>lamp</b>." in page.locator(".pc-beside").inner_text()
    assert page.locator(".pc-beside b").count() == 0 and page.locator(".pc-beside .pc-row").count() == 2
    page.get_by_role("link", name="open").click()
    page.get_by_role("link", name="Side by side with another").click()
    page.get_by_text("Choose two documents").wait_for()
    assert page.url.endswith("/compare?left=boats.txt")
    page.goto(f"{address}/compare?left=boats.txt&right=nowhere.pdf")
    page.get_by_text("Choose two documents").wait_for()
    assert watched.complaints == []


def test_a_timeline_opens_its_statements_on_their_pages(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Timeline", exact=True).click()
    page.locator("ol.pc-timeline li").first.wait_for()
    assert page.locator("h2.pc-year").first.inner_text() == "1874"
    box = page.get_by_label("Words that the statements hold")
    box.fill("zebra")
    box.press("Enter")
    page.get_by_text("No dated statement holds these words.").wait_for()
    box.fill("lighthouse")
    box.press("Enter")
    page.locator("ol.pc-timeline a").first.click()
    page.get_by_role("img", name="Page 2 of").wait_for()
    assert watched.complaints == []


def test_supporters_are_filtered_and_lead_to_the_question(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    page.get_by_role("button", name="Supporters", exact=True).click()
    page.get_by_text("The register is not indexed").wait_for()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "supporters.csv"
    page.get_by_role("button", name="Which countries have the most supporters?").click()
    page.get_by_text("Which countries have the most supporters?").first.wait_for()
    assert watched.complaints == []
