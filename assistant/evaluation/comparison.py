"""Two runs side by side: by how much each figure differs, and which items came out otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evaluation.bootstrap import Estimate, differences, estimates
from assistant.evaluation.figures import BY_NAME
from assistant.evaluation.records import EvaluationRecord
from knowledge_base.errors import EvaluationError


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
