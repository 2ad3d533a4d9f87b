"""Ingest at work for the page: in a process of its own, which goes on when the page is closed, and is found again.

DATA_DIR/activity/ holds what was started (`run.json`), the command's standard error (`progress.jsonl`, locked by the process as
long as it lives) and its standard output (`report.json`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, Literal

from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.files import replace_file, storage_errors
from knowledge_base.platform_limits import lock

Action = Literal["preview", "sync", "fetch", "forget"]

_FOLDER = "activity"
_RUN, _PROGRESS, _REPORT = "run.json", "progress.jsonl", "report.json"
_PATIENCE = 1.0
_SECONDS = 120
_ERROR = "Error: "
_KILLED = "It ended before it was done, without saying why. What was there is as it was; start it again."


@dataclass(frozen=True, slots=True)
class Stage:
    """How far one stage is; `total` is None where that is not known."""

    name: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What was started last: it runs, or has ended with a `report` or an `error`."""

    action: Action
    started: str
    is_running: bool
    stages: tuple[Stage, ...] = ()
    report: dict[str, Any] | None = None
    error: str | None = None


def start(data_dir: Path, action: Action, arguments: Sequence[str] = ()) -> None:
    """Start `python -m ingest ACTION`; raise LockedError where something that the page started still runs."""
    folder = data_dir / _FOLDER
    with storage_errors(data_dir):
        folder.mkdir(parents=True, exist_ok=True)
        progress = os.open(folder / _PROGRESS, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(progress)
            os.truncate(progress, 0)
            run = {"action": action, "started": datetime.now(UTC).isoformat(timespec="seconds")}
            replace_file(folder / _RUN, json.dumps(run).encode())
            with (folder / _REPORT).open("wb") as report:
                command = _command(data_dir, action, ["--progress", "json", *arguments])
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=report, stderr=progress, start_new_session=True
                )
        finally:
            os.close(progress)
    Thread(target=process.wait, daemon=True).start()


def _command(data_dir: Path, action: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "ingest", action, "--data-dir", str(data_dir), "--json", *arguments]


def _lock(handle: int) -> None:
    """Lock the file for the process that is to inherit it; a glance of `read` is waited for."""
    if not lock(handle, patience=_PATIENCE):
        raise LockedError("An update is under way already.", "Wait until it has ended.")


def read(data_dir: Path) -> Activity | None:
    """Return what was started last and how it stands, or None where nothing was, or where it was dismissed."""
    folder = data_dir / _FOLDER
    try:
        run = json.loads((folder / _RUN).read_text(encoding="utf-8"))
        is_running = _is_locked(folder / _PROGRESS)
        lines = (folder / _PROGRESS).read_text(encoding="utf-8", errors="replace").splitlines()
        report = _report(folder / _REPORT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    stages = {stage.name: stage for stage in _stages(lines)}
    error = None if is_running else _error(lines, report, run["action"])
    ended = None if is_running or error else report
    return Activity(run["action"], run["started"], is_running, tuple(stages.values()), ended, error)


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        return not lock(file.fileno(), shared=True)


def _stages(lines: Sequence[str]) -> Iterator[Stage]:
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):  # a warning of the program, or a line that is being written
            told = json.loads(line)
            yield Stage(str(told["stage"]), int(told["done"]), None if told["total"] is None else int(told["total"]))


def _report(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _error(lines: Sequence[str], report: dict[str, Any] | None, action: Action) -> str | None:
    """Return what the command said of its failure; a fetch that failed has a report too."""
    said = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    if said and (report is None or action == "fetch"):
        return " ".join(said)
    return None if report is not None else _KILLED


def dismiss(data_dir: Path) -> None:
    """Put away what the last activity left; nothing happens while it runs."""
    folder = data_dir / _FOLDER
    if (folder / _PROGRESS).exists() and not _is_locked(folder / _PROGRESS):
        with storage_errors(data_dir):
            shutil.rmtree(folder)


def ask_ingest(data_dir: Path, command: str, arguments: Sequence[str] = ()) -> Any:
    """Return what a command of ingest that writes nothing prints as JSON; raise KnowledgeBaseError with what it said."""
    try:
        done = subprocess.run(
            _command(data_dir, command, arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise KnowledgeBaseError(f"`python -m ingest {command}` took longer than {_SECONDS} s.", "Try again.") from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        lines = done.stderr.decode(errors="replace").splitlines()
        said = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
        raise KnowledgeBaseError(" ".join(said) or f"`python -m ingest {command}` failed (code {done.returncode}).") from error
