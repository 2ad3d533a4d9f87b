"""Whether an index may be published: no quality figure clearly worse than the baseline's, none below its minimum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assistant.evaluation.comparison import Change, Comparison, Estimate
from assistant.evaluation.figures import BY_NAME, FIGURES, Figure, shown

FIT = "fit"  # the share of the items that still fit the index: a gate must not pass for want of questions


@dataclass(frozen=True, slots=True)
class Failure:
    """A figure that the index did not pass by, and why."""

    figure: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided: it passed where there is no failure. `worse` are the items that the failed figures fell on."""

    passed: bool
    failures: tuple[Failure, ...]
    worse: tuple[Change, ...]
    minimums: dict[str, float]


def decide(
    figures: Mapping[str, Estimate], fitting: float, minimums: Mapping[str, float], comparison: Comparison | None
) -> Verdict:
    """Decide on figures, on the share of the items that fit, and on the comparison with a baseline where there is one."""
    failures = [*_below(figures, fitting, minimums), *(_fallen(comparison) if comparison else ())]
    names = {failure.figure for failure in failures}
    changes = comparison.changes if comparison else ()
    worse = tuple(change for change in changes if _touches(change, names))
    return Verdict(not failures, tuple(failures), worse, dict(minimums))


def _below(figures: Mapping[str, Estimate], fitting: float, minimums: Mapping[str, float]) -> Iterator[Failure]:
    for name, minimum in minimums.items():
        value = fitting if name == FIT else figures[name].value
        if value is not None and value < minimum:
            label = "Questions that fit the index" if name == FIT else BY_NAME[name].label
            yield Failure(name, f"{label}: {value:.3f}, below the minimum of {minimum:g}")


def _fallen(comparison: Comparison) -> Iterator[Failure]:
    for figure in FIGURES:
        difference = comparison.differences[figure.name]
        if figure.gates and is_clearly_worse(figure, difference):
            before = comparison.before[figure.name].value
            yield Failure(figure.name, f"{figure.label}: {_signed(difference)} from {shown(figure, before)}")


def is_clearly_worse(figure: Figure, difference: Estimate) -> bool:
    """Say whether the interval of the difference lies on the worse side of 0."""
    if difference.low is None or difference.high is None:
        return False
    return difference.high < 0 if figure.better == "higher" else difference.low > 0


def is_clearly_better(figure: Figure, difference: Estimate) -> bool:
    """Say whether the interval of the difference lies on the better side of 0."""
    if difference.low is None or difference.high is None:
        return False
    return difference.low > 0 if figure.better == "higher" else difference.high < 0


def _signed(difference: Estimate) -> str:
    return f"{difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"


def _touches(change: Change, failed: set[str]) -> bool:
    """Say whether an item fell by one of the failed figures; `balanced` falls by what it is made of."""
    names = failed | ({"refused", "false_refused"} if "balanced" in failed else set())
    return bool(names & set(change.fell))


def parse_minimums(text: str) -> dict[str, float]:
    """Return minimums written as `strict=0.5,valid=1`; raise ValueError that names what is not a figure or a share."""
    found: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = entry.partition("=")
        if name != FIT and not (name in BY_NAME and BY_NAME[name].gates and BY_NAME[name].better == "higher"):
            known = ", ".join([FIT, *(f.name for f in FIGURES if f.gates and f.better == "higher")])
            raise ValueError(f"{name!r} is no figure with a minimum; these are: {known}")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise ValueError(f"{entry!r} is not FIGURE=NUMBER, such as strict=0.5") from error
    return found
