from __future__ import annotations

from dataclasses import replace

import pytest
from evaluation_fixtures import record

from assistant.evaluation.comparison import compare
from assistant.evaluation.records import EvaluationRecord
from knowledge_base.errors import EvaluationError


def compared(before: list[EvaluationRecord], after: list[EvaluationRecord]):
    return compare(before, after, "000001", "2026-01-02T03:04:05+00:00")


def stale(identifier: str) -> EvaluationRecord:
    return EvaluationRecord(record(identifier).item, "the index has no document charter.md")


def test_runs_are_compared_on_the_questions_that_both_asked_as_they_were():
    changed = replace(record("q3"), item=replace(record("q3").item, must_include=(("2022",),)))
    found = compared(
        [record("q1"), record("q2"), record("q3"), record("q4")], [record("q1"), stale("q2"), changed, record("q5")]
    )
    assert found.items == 1
    assert found.left_out == ("q2", "q3", "q4", "q5") and found.went_stale == ("q2",)


def test_an_item_is_worse_or_better_by_the_figures_that_moved():
    before = [record("q1", 1.0), record("q2", 0.0), record("q3", 1.0)]
    after = [record("q1", 0.0), record("q2", 1.0), record("q3", 1.0)]
    worse, better = compared(before, after).changes
    assert (worse.id, worse.fell, worse.rose, worse.is_worse) == ("q1", ("strict",), (), True)
    assert (better.id, better.fell, better.rose, better.is_worse) == ("q2", (), ("strict",), False)


def test_a_refusal_in_error_counts_as_a_fall():
    [change] = compared([record("q1")], [record("q1", false_refused=(1.0, 1.0))]).changes
    assert change.fell == ("false_refused",)


def test_runs_that_share_no_question_are_not_compared():
    with pytest.raises(EvaluationError, match="There is nothing to compare: the two runs share no question"):
        compared([record("q1"), stale("q2")], [record("q2")])
