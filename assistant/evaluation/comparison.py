"""Two runs side by side: by how much each figure differs, which items changed, and whether the index may be published.

The gate is passed where no quality figure is clearly worse than the baseline's and none is below its minimum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.metrics import BY_NAME, FIGURES, Figure, shown
from assistant.evaluation.records import EvaluationRecord
from knowledge_base.errors import EvaluationError

DRAWS = 4000
SEED = 20181112
LEVEL = 95.0
FIT = "fit"  # the share of the items that still fit the index: a gate must not pass for want of questions

_RATIOS = tuple(f.name for f in FIGURES if f.name != "balanced" and not f.name.startswith("seconds"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure's value with its 95 % interval; None where nothing counts towards it. `count` is what it is a share of."""

    value: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """An item whose score changed: `before` and `after` say how it came out; names of the figures that fell and that rose."""

    id: str
    question: str
    before: str
    after: str
    fell: tuple[str, ...]
    rose: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Return whether any figure fell."""
        return bool(self.fell)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against an earlier one, its baseline, on the `items` that both asked.

    `left_out` are items that only one of them could ask or that were changed, `went_stale` those of them that fitted before.
    """

    generation: str
    created: str
    items: int
    left_out: tuple[str, ...]
    went_stale: tuple[str, ...]
    before: dict[str, Estimate]
    differences: dict[str, Estimate]
    changes: tuple[Change, ...]


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


def estimates(records: Sequence[EvaluationRecord]) -> dict[str, Estimate]:
    """Return each figure over the records that were scored."""
    scored = [record for record in records if record.scores is not None]
    return {name: _estimate(values, count) for name, (values, count) in _values(scored).items()}


def differences(before: Sequence[EvaluationRecord], after: Sequence[EvaluationRecord]) -> dict[str, Estimate]:
    """Return by how much each figure differs, `after` less `before`; the records are of the same items, in the same order."""
    if [record.item.id for record in before] != [record.item.id for record in after]:
        raise ValueError("paired records must be of the same items, in the same order")
    earlier, later = _values(before), _values(after)
    return {name: _estimate(later[name][0] - earlier[name][0], later[name][1]) for name in earlier}


def _estimate(values: NDArray[np.float64], count: int) -> Estimate:
    """Return the first value, and the interval of the others."""
    drawn = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not drawn.size:
        return Estimate(None, None, None, count)
    low, high = np.percentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    value, low, high = (round(float(number), 6) for number in (values[0], low, high))
    return Estimate(value, low, high, count)


def _values(records: Sequence[EvaluationRecord]) -> dict[str, tuple[NDArray[np.float64], int]]:
    """Return for each figure its value over the records, then in each draw, and what it is a share of.

    A value is NaN where nothing counts towards it.
    """
    questions = len(records)
    times = np.zeros((1 + DRAWS, 0))
    if questions:  # how often each record is drawn: once in the first row, with replacement in the others
        drawn = np.random.default_rng(SEED).multinomial(questions, np.full(questions, 1 / questions), size=DRAWS)
        times = np.vstack([np.ones((1, questions)), drawn]).astype(np.float64)
    scores = np.array([[_score(record, name) for name in _RATIOS] for record in records], dtype=np.float64)
    scores = scores.reshape(questions, len(_RATIOS), 2)
    held, possible = times @ scores[:, :, 0], times @ scores[:, :, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(possible > 0, held / possible, np.nan)
    values = {name: (ratios[:, column], int(possible[0, column])) for column, name in enumerate(_RATIOS)}
    balanced = (values["refused"][0] + 1 - values["false_refused"][0]) / 2
    latencies = {name: (seconds, questions) for name, seconds in _latencies(records, times).items()}
    return values | {"balanced": (balanced, questions), **latencies}


def _score(record: EvaluationRecord, name: str) -> tuple[float, float]:
    return (record.scores or {}).get(name, (0.0, 0.0))


def _latencies(records: Sequence[EvaluationRecord], times: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return median and 95th percentile of the answers' seconds, as order statistics."""
    if not records:
        nothing = np.full(len(times), np.nan)
        return {"seconds_p50": nothing, "seconds_p95": nothing}
    seconds = np.array([record.answer["seconds"] if record.answer else 0.0 for record in records], dtype=np.float64)
    order = np.argsort(seconds, kind="stable")
    reached = np.cumsum(times[:, order], axis=1)

    def at(position: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = seconds[order][np.argmax(reached > position, axis=1)]
        return found

    last = len(records) - 1
    return {
        "seconds_p50": (at(last // 2) + at(len(records) // 2)) / 2,
        "seconds_p95": at(min(last, int(0.95 * len(records)))),
    }


def compare(before: Sequence[EvaluationRecord], after: Sequence[EvaluationRecord], generation: str, created: str) -> Comparison:
    """Compare two runs; `generation` and `created` are the baseline's. Raise EvaluationError where they share no item."""
    earlier = {record.item.id: record for record in before if record.scores is not None}
    later = {record.item.id: record for record in after if record.scores is not None}
    shared = [i for i in later if i in earlier and later[i].item.fingerprint == earlier[i].item.fingerprint]
    if not shared:
        raise EvaluationError(
            "There is nothing to compare: the two runs share no question that was asked in both.",
            "Evaluate both indexes with the same test set.",
        )
    pairs = [(earlier[i], later[i]) for i in shared]
    stale = {record.item.id for record in after if record.stale is not None}
    changes = []
    for one, other in pairs:
        fell, rose = _moved(one, other)
        if fell or rose:
            changes.append(Change(other.item.id, other.item.question, one.outcome, other.outcome, tuple(fell), tuple(rose)))
    return Comparison(
        generation=generation,
        created=created,
        items=len(shared),
        left_out=tuple(sorted((earlier.keys() | later.keys()) - set(shared))),
        went_stale=tuple(sorted(stale & earlier.keys())),
        before=estimates([one for one, _ in pairs]),
        differences=differences([one for one, _ in pairs], [other for _, other in pairs]),
        changes=tuple(changes),
    )


def _moved(before: EvaluationRecord, after: EvaluationRecord) -> tuple[list[str], list[str]]:
    """Return the figures by which an item fell and those by which it rose; words and seconds are not looked at."""
    moved: tuple[list[str], list[str]] = ([], [])
    for figure in FIGURES:
        (old, old_possible), (new, new_possible) = _score(before, figure.name), _score(after, figure.name)
        if figure.gates and old_possible and new_possible and old / old_possible != new / new_possible:
            has_risen = (new / new_possible > old / old_possible) == (figure.better == "higher")
            moved[has_risen].append(figure.name)
    return moved


def decide(
    figures: Mapping[str, Estimate], fitting: float, minimums: Mapping[str, float], comparison: Comparison | None
) -> Verdict:
    """Decide on figures, on the share of the items that fit, and on the comparison with a baseline where there is one."""
    failures = []
    for name, minimum in minimums.items():
        value = fitting if name == FIT else figures[name].value
        if value is not None and value < minimum:
            label = "Questions that fit the index" if name == FIT else BY_NAME[name].label
            failures.append(Failure(name, f"{label}: {value:.3f}, below the minimum of {minimum:g}"))
    for figure in FIGURES:
        if comparison and figure.gates and is_clearly_worse(figure, fallen := comparison.differences[figure.name]):
            by = f"{fallen.value:+.3f} (95 % interval {fallen.low:+.3f} to {fallen.high:+.3f})"
            before = shown(figure, comparison.before[figure.name].value)
            failures.append(Failure(figure.name, f"{figure.label}: {by} from {before}"))
    failed = {failure.figure for failure in failures}
    failed |= {"refused", "false_refused"} if "balanced" in failed else set()  # `balanced` is made of these
    worse = tuple(change for change in (comparison.changes if comparison else ()) if failed & set(change.fell))
    return Verdict(not failures, tuple(failures), worse, dict(minimums))


def is_clearly_worse(figure: Figure, difference: Estimate) -> bool:
    """Return whether the interval of the difference lies on the worse side of 0."""
    if difference.low is None or difference.high is None:
        return False
    return difference.high < 0 if figure.better == "higher" else difference.low > 0


def is_clearly_better(figure: Figure, difference: Estimate) -> bool:
    """Return whether the interval of the difference lies on the better side of 0."""
    if difference.low is None or difference.high is None:
        return False
    return difference.low > 0 if figure.better == "higher" else difference.high < 0


def direction(figure: Figure, difference: Estimate) -> Literal["good", "bad", ""]:
    """Return good or bad where the interval of a difference lies on one side of 0."""
    if figure.better == "neither":
        return ""
    return "bad" if is_clearly_worse(figure, difference) else "good" if is_clearly_better(figure, difference) else ""


def difference_text(figure: Figure, difference: Estimate) -> str:
    """Return a difference with its interval; nothing where it is not known."""
    if difference.value is None or difference.low is None or difference.high is None:
        return ""
    digits = ".0f" if figure.unit == "words" else ".3f"
    return f"{difference.value:+{digits}} [{difference.low:{digits}}, {difference.high:{digits}}]"


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
