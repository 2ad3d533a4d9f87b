"""The documents in headless Chromium: put a file in, preview, publish, ask, replace, see what changed, remove, forget."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_page import CHROMIUM, TIMEOUT, ask, assert_stayed_within, browser, served, settle, watched

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from test_page import Watched

__all__ = ["browser", "watched"]

FACT = "The lighthouse of Grey Point was built in 1874 by the engineer Mary Holt."
LEAFLET = f"# The lighthouse of Grey Point\n\n{FACT}\n\nIt stands on the cliff above the old harbour and is painted white.\n"
HOSTILE_NAME = "<img src=x onerror=alert(1)> :red[x] $y$.md"
UPDATE = "Bring the index up to date"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),  # several updates in processes of their own, on a machine that may be busy
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


@pytest.fixture(scope="module")
def data_dir(briefs_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(briefs_index, tmp_path_factory.mktemp("data") / "data"))


@pytest.fixture(scope="module")
def address(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(data_dir, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


def open_documents(page: Page, address: str) -> None:
    page.goto(f"{address}/documents")
    page.get_by_role("heading", name="All documents").wait_for()
    settle(page)


def put_in(page: Page, name: str, text: str, said: str = "is put in") -> None:
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "text/markdown", "buffer": text.encode()}])
    page.locator(".pc-files").get_by_text(said).wait_for()
    page.locator(".pc-done").get_by_text("An update would do this:").wait_for(timeout=2 * TIMEOUT)
    settle(page)


def update(page: Page, done: str) -> None:
    """Start an update, and wait for its report."""
    page.get_by_role("button", name=UPDATE).click()
    page.locator(".pc-done").get_by_text(f"The index is up to date. {done}").wait_for(timeout=2 * TIMEOUT)
    settle(page)


def find(page: Page, words: str) -> None:
    """Search the list, and unfold the one document that is found."""
    box = page.get_by_label("Search")
    box.fill(words)
    box.press("Enter")
    page.get_by_text("1 document", exact=True).wait_for()
    settle(page)
    page.locator(".st-key-list summary").click()


def test_a_file_is_put_in_asked_about_replaced_compared_and_removed(address: str, data_dir: Path, watched: Watched):
    page = watched.page
    open_documents(page, address)
    put_in(page, "grey-point.md", LEAFLET)
    page.get_by_role("button", name="Publish this change").click()
    page.locator(".pc-done").get_by_text("The index is up to date. 1 added").wait_for(timeout=2 * TIMEOUT)
    settle(page)

    page.goto(address)
    ask(page, "Who built the lighthouse of Grey Point?")
    assert "Mary Holt" in page.locator(".pc-answer").inner_text()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Saved", exact=True).wait_for()

    open_documents(page, address)
    put_in(page, "grey-point.md", LEAFLET.replace("1874", "1875"), "replaces the earlier file of that name")
    update(page, "1 changed")
    page.get_by_role("link", name="What changed").click()
    page.locator(".pc-diff del").get_by_text("1874").wait_for()
    assert page.locator(".pc-diff ins").inner_text() == "1875"
    page.goto(f"{address}/saved")
    page.get_by_text("what it quotes is no longer there").wait_for()

    open_documents(page, address)
    find(page, "grey point")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("uploads/grey-point.md, removed").wait_for()
    assert not (data_dir / "uploads" / "grey-point.md").exists()
    page.get_by_role("button", name=UPDATE).click()
    page.get_by_role("button", name="They were removed on purpose: go on").click()
    page.locator(".pc-done").get_by_text("The index is up to date. 1 removed").wait_for(timeout=2 * TIMEOUT)
    assert_stayed_within(address, watched)


def test_a_file_with_a_hostile_name_is_shown_as_text_and_forgotten(address: str, data_dir: Path, watched: Watched):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    open_documents(page, address)
    put_in(page, HOSTILE_NAME, "# A leaflet\n\nThe quillfeather bridge was built in 1893 by a merchant.\n")
    update(page, "1 added")
    find(page, "leaflet")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Forget…").click()
    page.get_by_text("No kept answer holds text of it.").wait_for()
    page.get_by_text("I am sure: this cannot be undone").click()
    settle(page)
    page.get_by_role("button", name="Forget it for good").click()
    page.locator(".pc-done").get_by_text("is forgotten").wait_for(timeout=2 * TIMEOUT)
    assert not any(b"quillfeather" in path.read_bytes().lower() for path in data_dir.rglob("*") if path.is_file())
    assert_stayed_within(address, watched)
