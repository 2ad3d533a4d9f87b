"""Two runs side by side: by how much each figure differs, and which items came out otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.figures import BY_NAME, FIGURES
from assistant.evaluation.records import EvaluationRecord
from knowledge_base.errors import EvaluationError

DRAWS = 4000
SEED = 20181112
LEVEL = 95.0

_RATIOS = tuple(f.name for f in FIGURES if f.name != "balanced" and not f.name.startswith("seconds"))
_PERCENTILES = {"seconds_p95": 0.95}

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure's value with its 95 % interval; None where nothing counts towards it. `count` is what it is a share of."""

    value: float | None
    low: float | None
    high: float | None
    count: int


def estimates(records: Sequence[EvaluationRecord]) -> dict[str, Estimate]:
    """Return each figure over the records that were scored."""
    scored = [record for record in records if record.scores is not None]
    counts = _counts(scored)
    return {name: _estimate(values, counts[name]) for name, values in _values(scored).items()}


def differences(before: Sequence[EvaluationRecord], after: Sequence[EvaluationRecord]) -> dict[str, Estimate]:
    """Return by how much each figure differs, `after` less `before`; the records are of the same items, in the same order."""
    if [record.item.id for record in before] != [record.item.id for record in after]:
        raise ValueError("paired records must be of the same items, in the same order")
    counts, earlier, later = _counts(after), _values(before), _values(after)
    return {name: _estimate(later[name] - earlier[name], counts[name]) for name in earlier}


def _estimate(values: NDArray[np.float64], count: int) -> Estimate:
    """Return the first value, and the interval of the others."""
    drawn = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not drawn.size:
        return Estimate(None, None, None, count)
    low, high = np.percentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Estimate(_rounded(values[0]), _rounded(low), _rounded(high), count)


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _counts(records: Sequence[EvaluationRecord]) -> dict[str, int]:
    ratios = {name: int(sum(_score(record, name)[1] for record in records)) for name in _RATIOS}
    questions = len(records)
    return ratios | {"balanced": questions, "seconds_p50": questions, "seconds_p95": questions}


def _values(records: Sequence[EvaluationRecord]) -> Values:
    """Return each figure's value over the records, then its value in each draw; NaN where nothing counts towards it."""
    times = _times(len(records))
    scores = np.array([[_score(record, name) for name in _RATIOS] for record in records], dtype=np.float64)
    scores = scores.reshape(len(records), len(_RATIOS), 2)
    held, possible = times @ scores[:, :, 0], times @ scores[:, :, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(possible > 0, held / possible, np.nan)
    values = {name: ratios[:, column] for column, name in enumerate(_RATIOS)}
    balanced = (values["refused"] + 1 - values["false_refused"]) / 2
    return values | {"balanced": balanced, **_latencies(records, times)}


def _times(records: int) -> NDArray[np.float64]:
    """Return how often each record is drawn: once in the first row, with replacement in the others."""
    if records == 0:
        return np.zeros((1 + DRAWS, 0))
    drawn = np.random.default_rng(SEED).multinomial(records, np.full(records, 1 / records), size=DRAWS)
    return np.vstack([np.ones((1, records)), drawn]).astype(np.float64)


def _score(record: EvaluationRecord, name: str) -> tuple[float, float]:
    return (record.scores or {}).get(name, (0.0, 0.0))


def _latencies(records: Sequence[EvaluationRecord], times: NDArray[np.float64]) -> Values:
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
    return {"seconds_p50": (at(last // 2) + at(len(records) // 2)) / 2} | {
        name: at(min(last, int(share * len(records)))) for name, share in _PERCENTILES.items()
    }


@dataclass(frozen=True, slots=True)
class Change:
    """An item that scores otherwise: `before` and `after` say how it came out; names of figures that fell, and that rose."""

    id: str
    question: str
    before: str
    after: str
    fell: tuple[str, ...]
    rose: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Say whether any figure fell."""
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
    return Comparison(
        generation=generation,
        created=created,
        items=len(shared),
        left_out=tuple(sorted((earlier.keys() | later.keys()) - set(shared))),
        went_stale=tuple(sorted(stale & earlier.keys())),
        before=estimates([one for one, _ in pairs]),
        differences=differences([one for one, _ in pairs], [other for _, other in pairs]),
        changes=tuple(change for one, other in pairs if (change := _change(one, other))),
    )


def _change(before: EvaluationRecord, after: EvaluationRecord) -> Change | None:
    """Return how an item changed, or None where it scores the same; words and seconds are not looked at."""
    fell: list[str] = []
    rose: list[str] = []
    for name, figure in BY_NAME.items():
        old, new = _value(before, name), _value(after, name)
        if not figure.gates or old is None or new is None or old == new:
            continue
        (rose if (new > old) == (figure.better == "higher") else fell).append(name)
    if not fell and not rose:
        return None
    return Change(after.item.id, after.item.question, before.outcome, after.outcome, tuple(fell), tuple(rose))


def _value(record: EvaluationRecord, name: str) -> float | None:
    held, possible = (record.scores or {}).get(name, (0.0, 0.0))
    return held / possible if possible else None
