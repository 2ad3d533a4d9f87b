"""A report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.evaluation.comparison import Change, Comparison, Estimate
from assistant.evaluation.figures import BY_NAME, FIGURES, Figure, shown
from assistant.evaluation.gate import Verdict, is_clearly_better, is_clearly_worse
from assistant.evaluation.report import EvaluationReport

PARTS = ("strict", "facts", "utility", "recall@10", "gold", "covered")
_LISTED = 12
_NARROW = 5  # characters: a value without its interval


def draw(console: Console, report: EvaluationReport) -> None:
    """Print a report."""
    console.print(_head(report))
    console.print(figures_table(report))
    console.print(parts_table(report))
    for line in _left_out(report):
        console.print(line, soft_wrap=True)
    if report.comparison:
        console.print(_changes(report.comparison.changes))
    if report.gate:
        console.print(verdict_lines(report.gate), soft_wrap=True)


def _head(report: EvaluationReport) -> Text:
    whole = report.whole
    asked = f"{whole.items} questions of {report.test_set} to generation {report.generation} in {report.seconds:.1f} s"
    against = f", against generation {report.comparison.generation}" if report.comparison else ""
    return Text(f"{asked}{against}.\nIn brackets: 95 % intervals (bootstrap).")


def figures_table(report: EvaluationReport) -> Table:
    """Return all figures, with the held-out items apart and the difference from the baseline."""
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("figure", no_wrap=True)
    table.add_column(f"all ({report.whole.items})", justify="right", no_wrap=True)
    parts = [part for part in (report.tuned, report.held_out) if part]
    for part in parts:
        table.add_column(f"{part.name} ({part.items})", justify="right", width=_NARROW)
    if report.comparison:
        table.add_column("difference", justify="right", no_wrap=True)
    for figure in FIGURES:
        cells = [shown(figure, part.figures[figure.name].value) for part in parts]
        against = [difference_text(figure, report.comparison)] if report.comparison else []
        table.add_row(figure.label, with_interval(figure, report.whole.figures[figure.name]), *cells, *against)
    return table


def parts_table(report: EvaluationReport) -> Table:
    """Return the main figures by category and by language."""
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("category,\nlanguage", no_wrap=True)
    table.add_column("asked", justify="right", no_wrap=True)
    for name in PARTS:
        label = BY_NAME[name].label
        table.add_column(label, justify="right", width=max(_NARROW, *map(len, label.split())))
    for position, parts in enumerate((report.categories, report.languages)):
        for part in parts:
            values = (shown(BY_NAME[name], part.figures[name].value) for name in PARTS)
            table.add_row(part.name, str(part.items), *values, end_section=position == 0 and part is parts[-1])
    return table


def with_interval(figure: Figure, estimate: Estimate) -> str:
    """Return a value with its interval."""
    if estimate.value is None:
        return "–"
    return f"{shown(figure, estimate.value)} [{shown(figure, estimate.low)}, {shown(figure, estimate.high)}]"


def difference_text(figure: Figure, comparison: Comparison) -> Text:
    """Return the difference from the baseline, coloured where its interval lies on one side of 0."""
    difference = comparison.differences[figure.name]
    if difference.value is None or difference.low is None or difference.high is None:
        return Text("–")
    digits = ".0f" if figure.unit == "words" else ".3f"
    text = f"{difference.value:+{digits}} [{difference.low:{digits}}, {difference.high:{digits}}]"
    style = "red" if is_clearly_worse(figure, difference) else "green" if is_clearly_better(figure, difference) else ""
    return Text(text, style=style if figure.gates else "")


def _left_out(report: EvaluationReport) -> list[Text]:
    lines = [Text(f"stale: {name}: {reason}", style="yellow") for name, reason in list(report.stale.items())[:_LISTED]]
    if len(report.stale) > _LISTED:
        lines.append(Text(f"... and {len(report.stale) - _LISTED} more stale (report.json lists all)", style="yellow"))
    if report.comparison and report.comparison.left_out:
        lines.append(Text(f"not compared: {', '.join(report.comparison.left_out)}", style="yellow"))
    return lines


def _changes(changes: Sequence[Change]) -> RenderableType:
    worse = [change for change in changes if change.is_worse]
    better = [change for change in changes if not change.is_worse]
    if not changes:
        return Text("No question scores otherwise than before.")
    return Group(*_listed("worse", worse), *_listed("better", better))


def _listed(word: str, changes: Sequence[Change]) -> list[Text]:
    lines = [change_line(word, change) for change in changes[:_LISTED]]
    return lines + ([Text(f"... and {len(changes) - _LISTED} more {word}")] if len(changes) > _LISTED else [])


def change_line(word: str, change: Change) -> Text:
    """Return a line on an item that changed."""
    names = ", ".join(BY_NAME[name].label for name in (change.fell if change.is_worse else change.rose))
    return Text(f"{word}: {change.id}: {change.question[:90]} ({change.before} -> {change.after}; {names})")


def verdict_lines(verdict: Verdict) -> Text:
    """Return what the gate decided, and why."""
    if verdict.passed:
        return Text("The gate is passed.", style="green")
    lines = [f"  {failure.reason}" for failure in verdict.failures]
    return Text("\n".join(["The gate is not passed:", *lines]), style="red")
