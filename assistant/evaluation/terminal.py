"""The command `evaluate`: progress on standard error, the report on standard output."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from assistant.answers import AskedMode
from assistant.evaluation.command import Task, chosen_test_set, evaluate
from assistant.evaluation.fitting import require_fit
from assistant.evaluation.report import PAGE, new_directory
from assistant.evaluation.running import Progress
from assistant.evaluation.table import draw
from knowledge_base.generations import open_generation
from knowledge_base.settings import Settings


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for; None where it leaves the choice to the settings. `progress`: in lines for a program."""

    test_set: Path | None = None
    output: Path | None = None
    baseline: Path | None = None
    generation: str | None = None
    gate: bool = False
    progress: bool = False
    mode: AskedMode = "extractive"


def check(settings: Settings, test_set: Path | None, generation: str | None) -> None:
    """Check a test set against an index; raise EvaluationError that names each bad line."""
    items = chosen_test_set(settings, test_set)
    with open_generation(settings.data_dir, generation) as opened:
        require_fit(items, opened.catalog)
        name = opened.id
    counts = Counter(item.category for item in items.items)
    categories = ", ".join(f"{count} {category}" for category, count in counts.items())
    held_out = sum(item.held_out for item in items.items)
    said = f"{items.name}: {len(items.items)} questions fit generation {name} ({categories}; {held_out} held out)."
    Console(highlight=False).print(Text(said), soft_wrap=True)


def evaluate_in_terminal(settings: Settings, wishes: Wishes) -> bool:
    """Evaluate, print the report and where it is; return whether the gate was passed (True where none was asked for)."""
    directory = wishes.output or new_directory(settings.data_dir)
    test_set = chosen_test_set(settings, wishes.test_set)
    task = Task(test_set, directory, wishes.baseline, wishes.generation, wishes.gate, wishes.mode)
    with _progress(len(test_set.items), in_lines=wishes.progress) as progress:
        report = evaluate(settings, task, progress)
    console = Console(highlight=False)
    draw(console, report)
    console.print(Text(f"Report: {directory / PAGE}"), soft_wrap=True)
    return report.gate is None or report.gate.passed


@contextmanager
def _progress(total: int, *, in_lines: bool) -> Iterator[Progress]:
    """Give what is told how far it is: lines on standard error for a program, a bar there where a person looks."""
    if in_lines:
        yield lambda done, total: print(f"{done} of {total}", file=sys.stderr, flush=True)
        return
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        asked = bar.add_task("Ask", total=total)
        yield lambda done, _: bar.update(asked, completed=done)
