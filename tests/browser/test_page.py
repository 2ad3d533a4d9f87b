"""The page in headless Chromium: ask, read the answer, open a citation, find the highlighted picture."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pdf_files import make_pdf, paragraph
from PIL import Image

from ingest.sync import SyncOptions, sync
from knowledge_base.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the browser tests are skipped"),
]

HOSTILE = "The lantern room <img src=x onerror=alert(1)> is ![x](http://evil.example/?q=1) painted :red[green] every spring."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "lighthouse.pdf").write_bytes(
        make_pdf([paragraph(72, 700, ["The lighthouse of Grey Point was built in 1874 by the engineer Mary Holt."])])
    )
    (folder / "notes.txt").write_text(f"Notes\n\n{HOSTILE}\n")
    data_dir = tmp_path_factory.mktemp("data")
    sync(Settings(data_dir=data_dir), SyncOptions(folder))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    server = subprocess.Popen(command, cwd=elsewhere, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_a_question_is_answered_and_its_citation_opens_the_highlighted_page(address: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        box = page.locator("textarea").first
        box.wait_for(timeout=60_000)
        box.fill("Who built the lighthouse of Grey Point?")
        box.press("Enter")
        page.get_by_text("quoted from").first.wait_for(timeout=60_000)
        assert "Mary Holt" in page.inner_text("body")
        link = page.locator("a[href*='start=']").first.get_attribute("href")
        page.reload()
        page.get_by_text("Mary Holt").first.wait_for(timeout=60_000)
        page.goto(f"{address}/{str(link).removeprefix(address).lstrip('/')}")
        picture = page.locator("img[alt*='highlighted']").first
        picture.wait_for(timeout=60_000)
        image = Image.open(BytesIO(picture.screenshot())).convert("RGB")
        yellow = sum(1 for r, g, b in image.get_flattened_data() if r > 220 and g > 200 and b < 200)
        assert yellow > 200
        browser.close()
    assert all(url.startswith((address, address.replace("http", "ws"), "data:", "blob:")) for url in requests)


def test_hostile_text_of_a_document_is_shown_as_text(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        box = page.locator("textarea").first
        box.wait_for(timeout=60_000)
        box.fill("How is the lantern room painted every spring?")
        box.press("Enter")
        page.wait_for_function("document.body.innerText.includes('<img src=x onerror=alert(1)>')", timeout=60_000)
        browser.close()
    assert not [url for url in requests if "evil.example" in url]
