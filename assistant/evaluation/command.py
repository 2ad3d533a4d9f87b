"""One evaluation from beginning to end: the baseline, the run, the comparison, the gate, what is written."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from assistant.answers import AskedMode
from assistant.evaluation.comparison import compare, decide, parse_minimums
from assistant.evaluation.matching import require_fit
from assistant.evaluation.records import ANSWERS, EvaluationRecord, read_records, write_records
from assistant.evaluation.report import PAGE, REPORT, EvaluationReport, as_json, make_report, read_report
from assistant.evaluation.running import Progress, run
from assistant.evaluation.table import draw
from assistant.evaluation.testset import OWN_SET, TestSet, read_test_set
from knowledge_base.errors import EvaluationError
from knowledge_base.files import replace_file, storage_errors
from knowledge_base.settings import Settings
from knowledge_base.store.generations import open_generation


@dataclass(frozen=True, slots=True)
class Task:
    """What to evaluate and where the record of it goes; `generation` None: the published one."""

    test_set: TestSet
    output: Path
    baseline: Path | None = None
    generation: str | None = None
    gate: bool = False
    mode: AskedMode = "extractive"


def chosen_test_set(settings: Settings, path: Path | None = None) -> TestSet:
    """Return the test set of a file, else of the settings, else the one over the built-in library."""
    return read_test_set(path or settings.test_set or OWN_SET)


def evaluate(settings: Settings, task: Task, progress: Progress = lambda *_: None) -> EvaluationReport:
    """Evaluate and write the record; what can be refused is refused before the first question is asked."""
    try:
        minimums = parse_minimums(settings.gate_minimums)
    except ValueError as error:
        message = f"The minimums {settings.gate_minimums!r} cannot be used: {error}."
        raise EvaluationError(message, "Correct PARISCALL_GATE_MINIMUMS.") from error
    baseline = (read_report(task.baseline), read_records(task.baseline)) if task.baseline else None
    done = run(settings, task.test_set, task.generation, progress, task.mode)
    comparison = None
    if baseline:
        before, records = baseline
        comparison = compare(records, done.records, before.generation, before.created)
    report = make_report(done, comparison)
    if task.gate:
        whole = report.whole
        fitting = whole.items / (whole.items + whole.stale)
        report = make_report(done, comparison, decide(whole.figures, fitting, minimums, comparison))
    write_report(task.output, report, done.records)
    return report


def write_report(directory: Path, report: EvaluationReport, records: Sequence[EvaluationRecord]) -> None:
    """Write answers.jsonl, report.html and report.json (the last: where it is, the run is whole)."""
    from assistant.evaluation.report_html import as_page

    with storage_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / REPORT).unlink(missing_ok=True)
        write_records(directory / ANSWERS, records)
        (directory / PAGE).write_text(as_page(report, records), encoding="utf-8")
        replace_file(directory / REPORT, as_json(report).encode())


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


def evaluate_in_terminal(settings: Settings, task: Task, *, in_lines: bool = False) -> bool:
    """Evaluate, print the report and where it is; return whether the gate was passed (True where none was asked for).

    With `in_lines`, progress is written as lines that a program reads.
    """
    with _progress(len(task.test_set.items), in_lines=in_lines) as progress:
        report = evaluate(settings, task, progress)
    console = Console(highlight=False)
    draw(console, report)
    console.print(Text(f"Report: {task.output / PAGE}"), soft_wrap=True)
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
