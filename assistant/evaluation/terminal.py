"""The command `evaluate`: progress on standard error, the report on standard output."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from assistant.evaluation.command import Task, chosen_test_set, evaluate
from assistant.evaluation.fitting import require_fit
from assistant.evaluation.report import PAGE, new_directory
from assistant.evaluation.table import draw
from knowledge_base.generations import open_generation
from knowledge_base.settings import Settings


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


def evaluate_in_terminal(
    settings: Settings,
    test_set: Path | None,
    output: Path | None,
    baseline: Path | None,
    generation: str | None,
    *,
    gate: bool,
) -> bool:
    """Evaluate, print the report and where it is; return whether the gate was passed (True where none was asked for)."""
    directory = output or new_directory(settings.data_dir)
    task = Task(chosen_test_set(settings, test_set), directory, baseline, generation, gate)
    with _bar() as bar:
        asked = bar.add_task("Ask", total=len(task.test_set.items))
        report = evaluate(settings, task, lambda done, _: bar.update(asked, completed=done))
    console = Console(highlight=False)
    draw(console, report)
    console.print(Text(f"Report: {directory / PAGE}"), soft_wrap=True)
    return report.gate is None or report.gate.passed


def _bar() -> Progress:
    """Return a bar on standard error, shown only where a person looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
