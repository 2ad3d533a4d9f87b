"""The page in headless Chromium: ask, read the answer, open a citation, find the highlighted picture."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest
from pdf_files import make_pdf, paragraph
from PIL import Image

from assistant.page.server import listening_socket
from assistant.workbench.bundle import verify
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 60_000  # milliseconds
QUESTION = "Who built the lighthouse of Grey Point?"
FACT = "The lighthouse of Grey Point was built in 1874 by the engineer Mary Holt."
HOSTILE = "The lantern room <img src=x onerror=alert(1)> is ![x](//evil.example/?q=1) painted :red[green] every spring."

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the page is not tried in a browser"),
]


class Watched(NamedTuple):
    """A page of the browser, what it asked the network for, and what it complained of."""

    page: Page
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    pages = [["This leaflet is on lighthouses."], [FACT, "It is white."], ["The last page is on boats."]]
    (folder / "lighthouse.pdf").write_bytes(make_pdf([paragraph(72, 700, lines) for lines in pages]))
    (folder / "lantern.txt").write_text(f"Notes\n\n{HOSTILE}\n", encoding="utf-8")
    data = tmp_path_factory.mktemp("data")
    sync(Settings(data_dir=data), SyncOptions(folder))
    return data


@pytest.fixture(scope="module")
def address(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(data_dir, tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


@contextmanager
def served(data_dir: Path, directory: Path) -> Iterator[str]:
    """Serve the page as a user does, from another directory than the project's."""
    with listening_socket(0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    server = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert f"127.0.0.1:{port}" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(TIMEOUT)
    found = Watched(page, [], [])
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("websocket", lambda socket: found.requests.append(socket.url))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda message: found.complaints.append(message.text) if "Policy" in message.text else None)
    page.on("dialog", lambda dialog: found.complaints.append(dialog.message))
    yield found
    page.close()


def ask(page: Page, question: str, label: str = "Ask about the documents") -> None:
    box = page.get_by_label(label)
    box.fill(question)
    box.press("Enter")
    page.locator(".pc-summary").wait_for()
    settle(page)


def settle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def come_to_rest(page: Page) -> None:
    """Give what unfolds the time to do so: a click on it on the way is lost."""
    page.wait_for_timeout(1000)


def barriers_of(page: Page) -> list[tuple[str, str, str]]:
    """Return the address, the rule of axe and the element of each serious or critical barrier on a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert found["passes"], "axe read nothing"
    serious = (v for v in found["violations"] if v["impact"] in ("serious", "critical"))
    return [(page.url, v["id"], node["html"][:200]) for v in serious for node in v["nodes"]]


def yellow_pixels(picture: Image.Image) -> int:
    colours = picture.convert("RGB").getcolors(picture.width * picture.height) or []
    return sum(count for count, (red, green, blue) in colours if red > 240 and green > 210 and blue < 160)


def test_a_question_is_answered_and_its_mark_opens_the_highlighted_page(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, QUESTION)
    assert "Mary Holt" in page.locator(".pc-answer").inner_text()
    page.locator("a.pc-mark").first.click()
    picture = page.get_by_role("img", name="Page 2 of")
    picture.wait_for()
    assert "the quote highlighted" in (picture.get_attribute("alt") or "")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    drawn = Image.open(BytesIO(page.request.get(str(picture.evaluate("image => image.src"))).body()))
    assert yellow_pixels(drawn) > 2000
    page.get_by_role("button", name="Next").click()
    page.get_by_role("img", name="Page 3 of").wait_for()
    page.get_by_text("Back to the conversation").click()
    page.locator(".pc-answer").get_by_text("Mary Holt").wait_for()
    assert_stayed_within(address, watched)


def test_on_a_wide_screen_the_answer_stands_beside_its_page_which_is_enlarged_and_turned(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, QUESTION)
    page.locator("a.pc-mark").first.click()
    picture = page.get_by_role("img", name="Page 2 of")
    picture.wait_for()
    settle(page)
    mark = page.locator("a.pc-mark[aria-current]")
    assert mark.is_visible() and mark.bounding_box()["x"] < picture.bounding_box()["x"]  # type: ignore[index]
    width = picture.bounding_box()["width"]  # type: ignore[index]
    page.get_by_label("Zoom").click()
    page.get_by_role("option", name="200 %").click()
    for _ in range(TIMEOUT // 1000):
        if picture.evaluate("image => image.naturalWidth") > 2000:
            break
        come_to_rest(page)
    assert abs(picture.bounding_box()["width"] - 2 * width) < 20  # type: ignore[index]
    page.set_viewport_size({"width": 390, "height": 844})
    come_to_rest(page)
    assert not mark.is_visible() and page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Go to page").fill("3")
    page.get_by_label("Go to page").press("Enter")
    page.get_by_role("img", name="Page 3 of").wait_for()
    page.get_by_role("button", name="To the quote").click()
    picture.wait_for()
    assert_stayed_within(address, watched)


def test_a_card_opens_the_page_and_a_reload_keeps_the_conversation(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, QUESTION)
    page.reload()
    page.locator(".pc-answer").get_by_text("Mary Holt").wait_for()
    settle(page)
    page.get_by_test_id("stMain").get_by_test_id("stExpander").first.locator("summary").click()
    come_to_rest(page)
    page.get_by_role("link", name="Open the page").first.click()
    page.get_by_role("img", name="the quote highlighted").wait_for()
    assert_stayed_within(address, watched)


def test_an_answer_is_exported_and_verified(address: str, watched: Watched, tmp_path: Path):
    page = watched.page
    page.goto(address)
    ask(page, QUESTION)
    page.get_by_role("button", name="Export", exact=True).click()
    for label, name in (("Word, with footnotes", "note.docx"), ("Bundle that others can verify", "bundle.zip")):
        with page.expect_download() as started:
            page.get_by_role("button", name=label).click()
        started.value.save_as(tmp_path / name)
    assert (tmp_path / "note.docx").read_bytes().startswith(b"PK")
    found = verify(tmp_path / "bundle.zip")
    assert (found.failures, found.answers) == ((), 1) and found.quotes
    page.keyboard.press("Escape")
    page.get_by_test_id("stMain").get_by_test_id("stExpander").first.locator("summary").click()
    come_to_rest(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_test_id("stPopoverBody").get_by_text("source?source=lighthouse.pdf").wait_for()
    assert_stayed_within(address, watched)


def test_hostile_text_of_a_document_is_text_in_the_answer_and_at_its_source(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, "How is the lantern room painted every spring?")
    assert HOSTILE in page.locator(".pc-answer").inner_text()
    page.locator("a.pc-mark").first.click()
    mark = page.locator(".pc-text mark")
    mark.wait_for()
    assert mark.inner_text() == HOSTILE
    assert_stayed_within(address, watched)


def test_the_latest_question_is_brought_into_view(address: str, watched: Watched):
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 480})
    page.goto(address)
    ask(page, QUESTION)
    page.get_by_label("Ask about the documents").fill("Who painted the lantern room of the lighthouse every spring?")
    page.get_by_label("Ask about the documents").press("Enter")
    page.locator(".pc-question").nth(1).wait_for()
    tops = "[...document.querySelectorAll('.pc-question')].map((question) => question.getBoundingClientRect().top)"
    page.wait_for_function(f"{tops}[0] < 0 && {tops}[1] >= 0 && {tops}[1] < 300")
    settle(page)
    first, second = page.evaluate(tops)
    assert first < 0 <= second < 300
    assert_stayed_within(address, watched)


def test_a_hostile_title_of_a_conversation_is_text_in_the_sidebar(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    hostile = ":red[a] $b$ ![c](http://page.example/c) :home: -> --"
    ask(page, hostile)
    title = page.locator("[data-testid=stSidebar] [class*=st-key-open-] button").first
    assert title.inner_text().replace("\u2060", "").startswith(":red[a] $b$ ![c](http://page.example")
    assert_stayed_within(address, watched)


def test_the_first_address_opened_may_be_a_source(data_dir: Path, tmp_path: Path, watched: Watched):
    page = watched.page
    with served(data_dir, tmp_path) as address:
        page.goto(f"{address}/source?source=lighthouse.pdf&page=2")
        page.get_by_role("img", name="Page 2 of").wait_for()
        settle(page)
        assert page.get_by_test_id("stSidebar").get_by_text("2 documents").is_visible()
        page.close()


def test_an_index_damaged_while_the_page_is_open_is_repaired_and_the_page_says_so(
    data_dir: Path, tmp_path: Path, watched: Watched
):
    page, copy = watched.page, Path(shutil.copytree(data_dir, tmp_path / "data"))
    with served(copy, tmp_path) as address:
        page.goto(address)
        ask(page, QUESTION)
        (copy / "generations" / "000001" / "chroma" / "chroma.sqlite3").write_bytes(b"")
        page.goto(address)
        ask(page, QUESTION)
        assert "Mary Holt" in page.locator(".pc-answer").inner_text()
        page.locator(".pc-box").get_by_text("rebuilt from its catalog; nothing is lost").wait_for()
        (copy / "generations" / "000001" / "catalog.sqlite3").write_bytes(b"")
        (copy / "generations" / "000002" / "catalog.sqlite3").write_bytes(b"")
        page.goto(address)
        page.get_by_label("Ask about the documents").fill(QUESTION)
        page.get_by_label("Ask about the documents").press("Enter")
        page.locator(".pc-error").get_by_text("catalog.sqlite3 of generation 000002 has changed on disk").wait_for()
        page.close()


def test_the_question_box_has_the_focus_and_a_long_question_is_kept(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    settle(page)
    page.locator("[data-testid=stChatInput] textarea:focus").wait_for()
    page.keyboard.insert_text("word " * 500)
    page.keyboard.press("Enter")
    page.get_by_text("2,500 characters; up to 1,000 are read").wait_for()
    assert page.get_by_label("Ask about the documents").input_value() == "word " * 500
    assert_stayed_within(address, watched)


def test_no_icon_is_read_aloud_and_headings_follow_each_other(address: str, watched: Watched):
    page = watched.page
    page.goto(address)
    ask(page, QUESTION)
    for path in ("", "documents", "evaluate", "model"):
        if path:
            page.goto(f"{address}/{path}")
            page.get_by_role("heading", level=1).wait_for()
            settle(page)
        heard = page.locator("body").aria_snapshot()
        spoken = [line.partition("url:")[0] for line in heard.splitlines() if not line.strip().startswith("- code")]
        assert [line for line in spoken if " icon" in line or "_" in line] == []
        levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(heading => Number(heading.tagName[1]))")
        assert levels[0] == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_on_a_narrow_screen_nothing_runs_out_of_sight(address: str, watched: Watched):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    ask(page, QUESTION)
    box = page.locator(".pc-answer").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def assert_stayed_within(address: str, watched: Watched) -> None:
    own = (address, address.replace("http://", "ws://"), "data:", "blob:")
    assert [url for url in watched.requests if not url.startswith(own)] == []
    assert watched.complaints == []


@pytest.mark.parametrize(("scheme", "locale", "box"), [("light", "en-GB", "Ask about"), ("dark", "fr-FR", "Votre question")])
def test_no_page_has_a_serious_barrier(address: str, browser: Browser, scheme: Literal["light", "dark"], locale: str, box: str):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme, locale=locale)
    page.set_default_timeout(TIMEOUT)
    barriers: list[tuple[str, str, str]] = []
    plain = ("", "documents", "changes", "evaluate", "model", "saved", "check", "compare", "timeline", "supporters")
    for path in (*plain, "search?q=lighthouse", "coverage?term=lighthouse", "ask", "source"):
        if path == "ask":
            page.goto(address)
            ask(page, QUESTION, box)
        elif path == "source":
            page.locator("a.pc-mark").first.click()
            page.locator("[data-testid=stImage] img").wait_for()
        else:
            page.goto(f"{address}/{path}")
            page.locator("h1").first.wait_for()
        settle(page)
        come_to_rest(page)
        assert page.evaluate("document.documentElement.lang") == locale[:2]
        barriers += barriers_of(page)
    page.close()
    assert not barriers
