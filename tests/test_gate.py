from __future__ import annotations

import pytest
from evaluation_fixtures import record

from assistant.evaluation.comparison import (
    Comparison,
    Verdict,
    compare,
    decide,
    estimates,
    is_clearly_better,
    is_clearly_worse,
    parse_minimums,
)
from assistant.evaluation.metrics import BY_NAME
from assistant.evaluation.records import EvaluationRecord


def comparison(before: list[EvaluationRecord], after: list[EvaluationRecord]) -> Comparison:
    return compare(before, after, "000001", "2026-01-02T03:04:05+00:00")


def verdict(before: list[EvaluationRecord], after: list[EvaluationRecord]) -> Verdict:
    return decide(estimates(after), 1.0, {}, comparison(before, after))


def run(*strict: float, **more) -> list[EvaluationRecord]:
    return [record(f"q{n}", value, **more) for n, value in enumerate(strict)]


def test_what_did_not_change_passes():
    assert verdict(run(1, 0, 1), run(1, 0, 1)).passed


def test_a_figure_that_is_clearly_worse_fails_with_its_interval_and_the_questions_it_fell_on():
    decided = verdict(run(*[1] * 20), run(*[1, 0] * 10))
    assert not decided.passed
    [failure] = decided.failures
    assert failure.figure == "strict" and failure.reason.startswith("All facts: -0.500 (95 % interval -0.7")
    assert [change.id for change in decided.worse] == [f"q{n}" for n in range(1, 20, 2)]


def test_a_figure_that_is_better_when_lower_fails_when_it_rises():
    before, after = run(*[1] * 8, false_refused=(0.0, 1.0)), run(*[1] * 8, false_refused=(1.0, 1.0))
    assert {failure.figure for failure in verdict(before, after).failures} == {"false_refused"}
    assert verdict(after, before).passed


def test_neither_words_nor_seconds_decide():
    before, after = run(*[1] * 8, seconds=0.01, words=(10.0, 1.0)), run(*[1] * 8, seconds=9.0, words=(90.0, 1.0))
    found = comparison(before, after)
    assert is_clearly_worse(BY_NAME["seconds_p50"], found.differences["seconds_p50"])
    assert verdict(before, after).passed and found.changes == ()


def test_a_figure_below_its_minimum_fails_without_a_baseline():
    decided = decide(estimates(run(1, 0)), 0.4, {"strict": 0.6, "facts": 0.9, "fit": 0.5}, None)
    assert [failure.reason for failure in decided.failures] == [
        "All facts: 0.500, below the minimum of 0.6",
        "Questions that fit the index: 0.400, below the minimum of 0.5",
    ]
    assert decide(estimates(run(1, 0)), 1.0, {"strict": 0.5}, None).passed


def test_balanced_fails_on_the_questions_that_it_is_made_of():
    before = [record(f"u{n}", None) for n in range(6)] + run(1, 1)
    after = [record(f"u{n}", None, refused=(0.0, 1.0)) for n in range(6)] + run(1, 1)
    decided = verdict(before, after)
    assert {failure.figure for failure in decided.failures} == {"balanced", "refused"}
    assert [change.id for change in decided.worse] == [f"u{n}" for n in range(6)]


def test_where_a_figure_has_no_value_it_does_not_decide():
    found = comparison(run(1, 1), run(1, 1)).differences["refused"]
    assert not is_clearly_worse(BY_NAME["refused"], found) and not is_clearly_better(BY_NAME["refused"], found)


def test_minimums_are_read_from_a_setting():
    assert parse_minimums("strict=0.5, valid=1,fit=.25") == {"strict": 0.5, "valid": 1.0, "fit": 0.25}
    assert parse_minimums("") == {}


@pytest.mark.parametrize("text", ["speed=1", "words=3", "false_refused=0.1", "strict", "strict=high"])
def test_what_is_no_minimum_is_named(text: str):
    with pytest.raises(ValueError, match=text.partition("=")[0]):
        parse_minimums(text)
