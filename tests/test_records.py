from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_fixtures import item, record, unanswerable

from assistant.evaluation.records import ANSWERS, EvaluationRecord, read_records, write_records
from knowledge_base.errors import EvaluationError

STALE = EvaluationRecord(item(), "the index has no document charter.md")


def of(entry: EvaluationRecord, *, abstained: bool = False, **fields) -> EvaluationRecord:
    assert entry.answer
    return replace(entry, answer={**entry.answer, "abstained": abstained}, **fields)


def test_records_come_back_as_they_were_written(tmp_path: Path):
    written = [replace(record("q1"), facts=(True, False), gold_ranks=(1, None), searched=50), STALE]
    write_records(tmp_path / ANSWERS, written)
    assert read_records(tmp_path) == written


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"evaluation": {}}', '{"answer": null, "evaluation": {"item": 1}}'])
def test_what_is_no_record_is_refused(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / ANSWERS).write_text(content)
    if content == "":
        assert read_records(tmp_path) == []
        return
    with pytest.raises(EvaluationError, match="is not the record of an evaluation"):
        read_records(tmp_path)


@pytest.mark.parametrize(
    ("entry", "state", "outcome", "failed"),
    [
        (record("q1"), "right", "right", False),
        (record("q1", valid=(1.0, 3.0)), "right", "right, but 2 quotes not on their page", True),
        (of(record("q1"), right=False, facts=(True, False)), "wrong", "wrong: 1 of 2 facts", True),
        (of(record("q1"), right=False, facts=(True, True)), "wrong", "wrong: it states what makes it wrong", True),
        (of(record("q1"), abstained=True, right=False), "refused", "refused, though the documents answer it", True),
        (
            of(replace(record("q1"), item=unanswerable()), right=False),
            "wrong",
            "answered, though the documents hold no answer",
            True,
        ),
        (STALE, "stale", "stale: the index has no document charter.md", False),
    ],
)
def test_a_record_says_how_it_came_out(entry: EvaluationRecord, state: str, outcome: str, failed: bool):
    assert (entry.state, entry.outcome, entry.has_failed) == (state, outcome, failed)
