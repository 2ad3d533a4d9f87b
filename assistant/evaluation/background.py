"""An evaluation in a process of its own, so that a page can show how far it is and is not held up by it.

Not a thread: Streamlit changes `sys.path` at every click, and what another thread imports at that moment may not be found.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

from knowledge_base.errors import EvaluationError, KnowledgeBaseError
from knowledge_base.settings import Settings, as_environment

_PROGRESS = re.compile(r"(\d+) of (\d+)")


class BackgroundRun:
    """One evaluation at a time, and how far it is: `done` of `total` questions; `error` says why the last one failed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()
        self.done = 0
        self.total = 0
        self.error: KnowledgeBaseError | None = None

    @property
    def is_running(self) -> bool:
        """Say whether an evaluation is under way."""
        return self._reader is not None and self._reader.is_alive()

    def start(self, settings: Settings, test_set: Path, output: Path) -> bool:
        """Begin to put a test set to the published index; return False where an evaluation is under way."""
        with self._lock:
            if self.is_running:
                return False
            self.done, self.total, self.error = 0, 0, None
            options = ["--test-set", str(test_set), "--output", str(output), "--data-dir", str(settings.data_dir), "--progress"]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "assistant", "evaluate", *options],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env=as_environment(settings),
            )
            self._reader = threading.Thread(target=self._read, args=(self._process,), name="evaluation", daemon=True)
            self._reader.start()
            return True

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the evaluation under way has ended."""
        if self._reader:
            self._reader.join(seconds)

    def close(self) -> None:
        """End the evaluation under way."""
        if self._process:
            self._process.kill()
        self.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Follow what the process says on standard error until it ends."""
        said = ""
        with process:
            for line in process.stderr or ():
                if found := _PROGRESS.fullmatch(line.strip()):
                    self.done, self.total = int(found[1]), int(found[2])
                else:
                    said += line
        if process.returncode != 0:
            reason = said.strip().removeprefix("Error: ") or f"its process ended with code {process.returncode}"
            self.error = EvaluationError(f"The evaluation did not come to its end: {reason}")
