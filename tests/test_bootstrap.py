from __future__ import annotations

import statistics

import pytest
from evaluation_fixtures import record
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.comparison import Estimate, differences, estimates
from assistant.evaluation.records import EvaluationRecord


def records(*strict: float) -> list[EvaluationRecord]:
    return [record(f"q{n}", value) for n, value in enumerate(strict)]


def test_a_mean_lies_within_its_interval_which_narrows_with_more_questions():
    few, many = estimates(records(*[1, 0] * 10))["strict"], estimates(records(*[1, 0] * 100))["strict"]
    assert few.value == many.value == 0.5 and few.count == 20
    assert few.low is not None and few.high is not None and many.low is not None and many.high is not None
    assert few.low < many.low < 0.5 < many.high < few.high
    assert few.low == pytest.approx(0.5 - 1.96 * 0.5 / 20**0.5, abs=0.06)


def test_a_figure_that_never_varies_has_no_width():
    assert estimates(records(1, 1, 1))["strict"] == Estimate(1.0, 1.0, 1.0, 3)


def test_a_share_of_citations_is_pooled_over_the_questions():
    made = [record("a", gold=(1.0, 1.0)), record("b", gold=(0.0, 3.0))]
    assert estimates(made)["gold"].value == 0.25 and estimates(made)["gold"].count == 4


def test_balanced_is_the_mean_of_refusals_that_were_due_and_answers_that_were():
    made = [record("a"), record("b", false_refused=(1.0, 1.0)), record("u", None)]
    assert estimates(made)["balanced"].value == pytest.approx((1.0 + 0.5) / 2)


def test_where_nothing_counts_towards_a_figure_it_has_no_value():
    assert estimates(records(1, 0))["refused"] == Estimate(None, None, None, 0)
    assert estimates([])["strict"] == Estimate(None, None, None, 0)
    assert estimates([])["seconds_p95"].value is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.001, 9), min_size=1, max_size=40))
def test_latencies_are_median_and_95th_percentile(seconds: list[float]):
    found = estimates([record(f"q{n}", seconds=value) for n, value in enumerate(seconds)])
    assert found["seconds_p50"].value == pytest.approx(statistics.median(seconds), abs=1e-6)
    assert found["seconds_p95"].value == pytest.approx(sorted(seconds)[int(0.95 * len(seconds))], abs=1e-6)


def test_the_same_run_twice_differs_by_exactly_nothing():
    made = records(1, 0, 1, 1, 0.5)
    for name, difference in differences(made, made).items():
        assert difference.value in (0.0, None), name
        assert difference.low == difference.high == difference.value


def test_the_intervals_are_the_same_each_time():
    assert estimates(records(1, 0, 1)) == estimates(records(1, 0, 1))


def test_a_pair_that_is_always_worse_has_an_interval_below_0():
    found = differences(records(*[1] * 20), records(*[1, 0] * 10))["strict"]
    assert found.value == -0.5 and found.high is not None and found.high < 0


def test_one_question_of_many_that_became_worse_may_be_chance():
    found = differences(records(*[1] * 20), records(*[1] * 19, 0))["strict"]
    assert found.value == -0.05 and found.high == 0.0


def test_pairs_must_be_of_the_same_questions():
    with pytest.raises(ValueError, match="same items"):
        differences(records(1, 0), records(1))
