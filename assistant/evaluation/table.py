"""A report in the terminal."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.evaluation.comparison import Comparison, difference_text, direction
from assistant.evaluation.metrics import BY_NAME, FIGURES, shown
from assistant.evaluation.report import EvaluationReport

PARTS = ("strict", "facts", "utility", "recall@10", "gold", "covered")
_LISTED = 12
_NARROW = 5  # characters: a value without its interval
_STYLES = {"good": "green", "bad": "red", "": ""}


def draw(console: Console, report: EvaluationReport) -> None:
    """Print a report."""
    whole = report.whole
    asked = f"{whole.items} questions of {report.test_set} to generation {report.generation} in {report.seconds:.1f} s"
    against = f", against generation {report.comparison.generation}" if report.comparison else ""
    console.print(Text(f"{asked}{against}.\nIn brackets: 95 % intervals (bootstrap)."))
    console.print(figures_table(report))
    console.print(parts_table(report))
    stale = [Text(f"stale: {name}: {reason}", style="yellow") for name, reason in report.stale.items()]
    _draw_first(console, stale, Text(f"... and {len(stale) - _LISTED} more stale (report.json lists all)", style="yellow"))
    if report.comparison:
        _draw_changes(console, report.comparison)
    if report.gate and report.gate.passed:
        console.print(Text("The gate is passed.", style="green"))
    elif report.gate:
        reasons = [f"  {failure.reason}" for failure in report.gate.failures]
        console.print(Text("\n".join(["The gate is not passed:", *reasons]), style="red"), soft_wrap=True)


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
        cells = [Text(shown(figure, part.figures[figure.name].value)) for part in parts]
        if report.comparison:
            difference = report.comparison.differences[figure.name]
            style = _STYLES[direction(figure, difference)] if figure.gates else ""
            cells.append(Text(difference_text(figure, difference) or "–", style=style))
        whole = report.whole.figures[figure.name]
        interval = f" [{shown(figure, whole.low)}, {shown(figure, whole.high)}]" if whole.value is not None else ""
        table.add_row(figure.label, shown(figure, whole.value) + interval, *cells)
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


def _draw_changes(console: Console, comparison: Comparison) -> None:
    """Print the questions that could not be compared, then those that score worse and better."""
    if comparison.left_out:
        console.print(Text(f"not compared: {', '.join(comparison.left_out)}", style="yellow"), soft_wrap=True)
    if not comparison.changes:
        console.print(Text("No score changed."))
    for word, is_worse in (("worse", True), ("better", False)):
        lines = []
        for change in comparison.changes:
            if change.is_worse == is_worse:
                names = ", ".join(BY_NAME[name].label for name in (change.fell if is_worse else change.rose))
                told = f"{change.question[:90]} ({change.before} -> {change.after}; {names})"
                lines.append(Text(f"{word}: {change.id}: {told}"))
        _draw_first(console, lines, Text(f"... and {len(lines) - _LISTED} more {word}"))


def _draw_first(console: Console, lines: list[Text], rest: Text) -> None:
    for line in lines[:_LISTED]:
        console.print(line, soft_wrap=True)
    if len(lines) > _LISTED:
        console.print(rest)
