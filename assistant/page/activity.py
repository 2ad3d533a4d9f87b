"""Commands that the page starts: each in a process of its own, which goes on when the page is closed, and is found again.

DATA_DIR/activity/JOB/ holds what was started (`run.json`), the command's standard error (`progress`, locked by the process as
long as it lives) and its standard output (`output`). A job runs one command at a time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, Literal

from assistant.page.language import say
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.files import replace_file, storage_errors
from knowledge_base.platform_limits import lock
from knowledge_base.settings import Settings, as_environment

Action = Literal["preview", "sync", "fetch", "forget", "evaluate"]
Job = Literal["ingest", "evaluation"]

_RUN, _PROGRESS, _OUTPUT = "run.json", "progress", "output"
_PATIENCE = 1.0
_SECONDS = 120
_ERROR = "Error: "
_COUNTED = re.compile(r"(\d+) of (\d+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far one stage is; `total` is None where that is not known."""

    name: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What a job started last: it runs, or has ended with a `report` or an `error`."""

    action: Action
    started: str
    is_running: bool
    stages: tuple[Stage, ...] = ()
    report: dict[str, Any] | None = None
    error: str | None = None


def start(settings: Settings, action: Action, arguments: Sequence[str] = ()) -> None:
    """Start a command of ingest, or an evaluation; raise LockedError if what its job started last still runs."""
    folder = _folder(settings.data_dir, "evaluation" if action == "evaluate" else "ingest")
    with storage_errors(settings.data_dir):
        folder.mkdir(parents=True, exist_ok=True)
        progress = os.open(folder / _PROGRESS, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not lock(progress, patience=_PATIENCE):  # a glance of `read` is waited for
                raise LockedError(say("activity.locked"), say("activity.locked_remedy"))
            os.truncate(progress, 0)
            (folder / _RUN).unlink(missing_ok=True)
            with (folder / _OUTPUT).open("wb") as output:
                as_lines = ["--progress"] if action == "evaluate" else ["--progress", "json"]
                process = subprocess.Popen(
                    _command(settings.data_dir, action, [*as_lines, *arguments]),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=progress,
                    start_new_session=True,
                    env=as_environment(settings),
                )
            started = datetime.now(UTC).isoformat(timespec="seconds")
            run = {"action": action, "started": started, "process": process.pid}
            replace_file(folder / _RUN, json.dumps(run).encode())
        finally:
            os.close(progress)
    Thread(target=process.wait, daemon=True).start()


def read(data_dir: Path, job: Job = "ingest") -> Activity | None:
    """Return what the job started last and how it stands, or None where nothing was, or where it was dismissed."""
    folder = _folder(data_dir, job)
    try:
        run = json.loads((folder / _RUN).read_text(encoding="utf-8"))
        is_running = _is_locked(folder / _PROGRESS)
        lines = (folder / _PROGRESS).read_text(encoding="utf-8", errors="replace").splitlines()
        output = (folder / _OUTPUT).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    stages = {stage.name: stage for stage in map(_stage, lines) if stage}
    if is_running:
        return Activity(run["action"], run["started"], True, tuple(stages.values()))
    report = _report(output, run["action"])
    said = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    error = None if report is not None else " ".join(said) or say("activity.killed")
    if run["action"] == "fetch" and said:  # it has a report too, of the sources that came
        error = " ".join(said)
    return Activity(run["action"], run["started"], False, tuple(stages.values()), None if error else report, error)


def dismiss(data_dir: Path, job: Job = "ingest") -> None:
    """Put away what the job left; nothing happens while it runs."""
    folder = _folder(data_dir, job)
    if (folder / _PROGRESS).exists() and not _is_locked(folder / _PROGRESS):
        with storage_errors(data_dir):
            shutil.rmtree(folder)


def stop(data_dir: Path, job: Job) -> None:
    """End the command under way, with what it started, and put away what it left."""
    folder = _folder(data_dir, job)
    with suppress(FileNotFoundError, ProcessLookupError):
        process = json.loads((folder / _RUN).read_text(encoding="utf-8"))["process"]
        if _is_locked(folder / _PROGRESS):  # it lives, and its number is its own
            os.killpg(process, signal.SIGKILL)
            end = monotonic() + _PATIENCE
            while _is_locked(folder / _PROGRESS) and monotonic() < end:
                sleep(0.02)
    dismiss(data_dir, job)


def ask_ingest(settings: Settings, command: str, arguments: Sequence[str] = ()) -> Any:
    """Return what a command of ingest that writes nothing prints as JSON; raise KnowledgeBaseError with what it said."""
    try:
        done = subprocess.run(
            _command(settings.data_dir, command, arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=as_environment(settings),
        )
    except subprocess.TimeoutExpired as error:
        raise KnowledgeBaseError(
            say("activity.slow", command=command, seconds=_SECONDS), say("activity.slow_remedy")
        ) from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        lines = done.stderr.decode(errors="replace").splitlines()
        said = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
        told = " ".join(said) or say("activity.broken", command=command, code=done.returncode)
        raise KnowledgeBaseError(told) from error


def _command(data_dir: Path, action: str, arguments: Sequence[str]) -> list[str]:
    package, *as_json = ["assistant"] if action == "evaluate" else ["ingest", "--json"]
    return [sys.executable, "-m", package, action, "--data-dir", str(data_dir), *as_json, *arguments]


def _folder(data_dir: Path, job: Job) -> Path:
    return data_dir / "activity" / job


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        return not lock(file.fileno(), shared=True)


def _stage(line: str) -> Stage | None:
    """Return the stage that a line of progress tells of; None for a warning, or a line that is being written."""
    if counted := _COUNTED.fullmatch(line.strip()):
        return Stage("Ask", int(counted[1]), int(counted[2]))
    with suppress(ValueError, KeyError, TypeError):
        told = json.loads(line)
        return Stage(str(told["stage"]), int(told["done"]), None if told["total"] is None else int(told["total"]))
    return None


def _report(output: str, action: Action) -> dict[str, Any] | None:
    """Return what a command reported; an evaluation names in its last line the report that it wrote."""
    if action == "evaluate":
        return {"page": output.rpartition("Report: ")[2].strip()} if "Report: " in output else None
    with suppress(ValueError):
        found = json.loads(output)
        return found if isinstance(found, dict) else None
    return None
