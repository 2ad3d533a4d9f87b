"""How long the page takes from its start to its input, and from there to the first answer; compared with an empty app."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from processes import MemoryWatch, python

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EMPTY = 'import streamlit as st\n\nst.chat_input("Ask")\n'
INPUT = '[data-testid="stChatInput"] textarea'
ANSWER = ".pc-answer"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_TIMEOUT = 120_000
_PATIENCE = 60.0


def measure_page(data_dir: Path, question: str, place: Path, repeats: int) -> dict[str, list[float]]:
    """Start both in turn, `repeats` times; return seconds to the input, seconds to the first answer, and peak memory."""
    from playwright.sync_api import sync_playwright

    place.mkdir(parents=True, exist_ok=True)
    script = place / "empty.py"
    script.write_text(EMPTY, encoding="utf-8")
    found: dict[str, list[float]] = {name: [] for name in ("empty_paint", "paint", "answer", "memory_mb", "memory_empty_mb")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for _ in range(repeats):
            _empty(browser, script, found)
            _ours(browser, data_dir, question, found)
        browser.close()
    return found


def _empty(browser: Browser, script: Path, found: dict[str, list[float]]) -> None:
    port = free_port()
    options = ("--server.headless", "true", "--server.port", str(port), "--server.address", "127.0.0.1")
    quiet = ("--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none")
    with _Served(python("-m", "streamlit", "run", str(script), *options, *quiet), port) as served:
        found["empty_paint"].append(served.paint(browser))
    found["memory_empty_mb"].append(served.memory.peak_mb)


def _ours(browser: Browser, data_dir: Path, question: str, found: dict[str, list[float]]) -> None:
    port = free_port()
    command = python("-m", "assistant", "serve", "--port", str(port), "--data-dir", str(data_dir))
    with _Served(command, port) as served:
        found["paint"].append(served.paint(browser))
        found["answer"].append(served.answer(question))
    found["memory_mb"].append(served.memory.peak_mb)


class _Served:
    """An app that runs, its memory watched; a context manager that ends it."""

    def __init__(self, command: list[str], port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._port = port
        self._started = perf_counter()
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.memory = MemoryWatch(self._process.pid)

    def __enter__(self) -> _Served:
        self.memory.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.memory.__exit__()

    def paint(self, browser: Browser) -> float:
        """Open the page and return the seconds from the start of the process to its input."""
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(_TIMEOUT)
        wait_for_port(self._port)
        page.goto(self._address, wait_until="commit")
        page.wait_for_selector(INPUT)
        self._page = page
        return perf_counter() - self._started

    def answer(self, question: str) -> float:
        """Ask at once, and return the seconds to the answer."""
        asked = perf_counter()
        box = self._page.locator(INPUT)
        box.fill(question)
        box.press("Enter")
        self._page.wait_for_selector(ANSWER)
        return perf_counter() - asked


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Return as soon as something listens there."""
    deadline = perf_counter() + _PATIENCE
    while perf_counter() < deadline:
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
    sys.exit(f"Nothing listens on port {port} after {_PATIENCE:.0f} s.")
