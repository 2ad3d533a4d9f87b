"""What a run keeps of each item, and how it is written to and read from answers.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.evaluation.metrics import Scores
from assistant.evaluation.testset import TestItem
from knowledge_base.errors import EvaluationError

ANSWERS = "answers.jsonl"


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """An item with its answer (in the JSON form of `ask`, with its parts) and scores; a `stale` one has neither.

    `stale` says why the item no longer fits the index. `facts` says for each required fact whether the answer states it;
    `gold_ranks` holds for each gold quote the rank at which retrieval first covers it, looked for among `searched` passages.
    """

    item: TestItem
    stale: str | None = None
    answer: dict[str, Any] | None = None
    right: bool = False
    facts: tuple[bool, ...] = ()
    gold_ranks: tuple[int | None, ...] = ()
    searched: int = 0
    scores: Scores | None = None

    @property
    def state(self) -> str:
        """Return right, wrong, refused or stale."""
        if self.stale is not None or self.answer is None:
            return "stale"
        return "right" if self.right else "refused" if self.answer["abstained"] else "wrong"

    @property
    def invalid_citations(self) -> int:
        """Return how many quotes do not stand on the page that they name."""
        held, cited = (self.scores or {}).get("valid", (0.0, 0.0))
        return int(cited - held)

    @property
    def has_failed(self) -> bool:
        """Return whether a reader should look at it: it is wrong, refused in error, or cites what is not there."""
        return self.state in {"wrong", "refused"} or self.invalid_citations > 0

    @property
    def outcome(self) -> str:
        """Say in a few words how it came out."""
        if self.stale is not None:
            return f"stale: {self.stale}"
        if self.right:
            return "right" if not self.invalid_citations else f"right, but {self.invalid_citations} quotes not on their page"
        if not self.item.answerable:
            return "answered, though the documents hold no answer"
        if self.state == "refused":
            return "refused, though the documents answer it"
        if all(self.facts):
            return "wrong: it states what makes it wrong"
        return f"wrong: {sum(self.facts)} of {len(self.facts)} facts"


def write_records(path: Path, records: Iterable[EvaluationRecord]) -> None:
    """Write records, one per line of JSON."""
    lines = []
    for record in records:  # the answer's own fields first, as `ask --batch` writes them
        fields = asdict(record)
        answer = fields.pop("answer") or {"id": record.item.id, "question": record.item.question, "answer": None}
        lines.append(json.dumps({**answer, "evaluation": fields}, ensure_ascii=False))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_records(directory: Path) -> list[EvaluationRecord]:
    """Read the records of a run; raise EvaluationError where they cannot be read."""
    adapter = TypeAdapter(EvaluationRecord)
    records = []
    try:
        for line in (directory / ANSWERS).read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            rest = fields.pop("evaluation")
            records.append(adapter.validate_python({**rest, "answer": None if fields["answer"] is None else fields}))
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise EvaluationError(
            f"{directory / ANSWERS} is not the record of an evaluation.", "Name a directory that `evaluate --output` wrote."
        ) from error
    return records
