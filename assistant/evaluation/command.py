"""One evaluation from beginning to end: the baseline, the run, the comparison, the gate, what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answers import AskedMode
from assistant.evaluation.comparison import Comparison, compare
from assistant.evaluation.gate import Verdict, decide, parse_minimums
from assistant.evaluation.records import EvaluationRecord, read_records
from assistant.evaluation.report import EvaluationReport, make_report, read_report, write_report
from assistant.evaluation.running import Progress, Run, run
from assistant.evaluation.testset import OWN_SET, TestSet, read_test_set
from knowledge_base.errors import EvaluationError
from knowledge_base.settings import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What to evaluate and where the record of it goes; `generation` None: the published one."""

    test_set: TestSet
    output: Path
    baseline: Path | None = None
    generation: str | None = None
    gate: bool = False
    mode: AskedMode = "extractive"


@dataclass(frozen=True, slots=True)
class _Baseline:
    report: EvaluationReport
    records: Sequence[EvaluationRecord]


def chosen_test_set(settings: Settings, path: Path | None = None) -> TestSet:
    """Return the test set of a file, else of the settings, else the one over the built-in library."""
    return read_test_set(path or settings.test_set or OWN_SET)


def evaluate(settings: Settings, task: Task, progress: Progress = lambda *_: None) -> EvaluationReport:
    """Evaluate and write the record; what can be refused is refused before the first question is asked."""
    minimums = read_minimums(settings)
    baseline = _Baseline(read_report(task.baseline), read_records(task.baseline)) if task.baseline else None
    done = run(settings, task.test_set, task.generation, progress, task.mode)
    comparison = _compared(done, baseline)
    report = make_report(done, comparison)
    if task.gate:
        report = make_report(done, comparison, _verdict(report, comparison, minimums))
    write_report(task.output, report, done.records)
    return report


def read_minimums(settings: Settings) -> dict[str, float]:
    """Return the minimums of the settings; raise EvaluationError where they cannot be read."""
    try:
        return parse_minimums(settings.gate_minimums)
    except ValueError as error:
        remedy = "Correct PARISCALL_GATE_MINIMUMS."
        raise EvaluationError(f"The minimums {settings.gate_minimums!r} cannot be used: {error}.", remedy) from error


def _compared(done: Run, baseline: _Baseline | None) -> Comparison | None:
    if baseline is None:
        return None
    return compare(baseline.records, done.records, baseline.report.generation, baseline.report.created)


def _verdict(report: EvaluationReport, comparison: Comparison | None, minimums: dict[str, float]) -> Verdict:
    whole = report.whole
    return decide(whole.figures, whole.items / (whole.items + whole.stale), minimums, comparison)
