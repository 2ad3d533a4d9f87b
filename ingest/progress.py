"""How far a command is: bars for people, lines of JSON for a program that watches. Both on standard error."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from enum import StrEnum
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_SECONDS_BETWEEN_LINES = 0.1


class ProgressForm(StrEnum):
    """What progress is written as."""

    bars = "bars"
    json = "json"


class JsonLines:
    """One JSON object per line, {"stage", "done", "total"}: each beginning and end of a stage, and ten per second between."""

    def __init__(self) -> None:
        self._stage: str | None = None
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Write a line, unless the last one is fresh."""
        if stage == self._stage and done != total and monotonic() < self._next:
            return
        self._stage, self._next = stage, monotonic() + _SECONDS_BETWEEN_LINES
        print(json.dumps({"stage": stage, "done": done, "total": total}), file=sys.stderr, flush=True)


class Bars:
    """Progress bars on standard error, one per stage; only on a terminal."""

    def __init__(self, *, in_bytes: bool = False) -> None:
        console = Console(stderr=True)
        measure = DownloadColumn() if in_bytes else MofNCompleteColumn()
        columns = (TextColumn("{task.description:>8}"), BarColumn(), measure, TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._bars)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Move a stage's bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


Shown = JsonLines | Bars


def shown_as(form: ProgressForm, *, in_bytes: bool = False) -> Shown:
    """Return what shows progress in the form asked for, while it is open."""
    return JsonLines() if form is ProgressForm.json else Bars(in_bytes=in_bytes)
