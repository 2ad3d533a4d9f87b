from __future__ import annotations

from math import log2

import pytest

from assistant.evaluation.metrics import rank_measures


@pytest.mark.parametrize(
    ("ranks", "reciprocal", "gain"),
    [
        ([1], 1.0, 1.0),
        ([2], 0.5, 1 / log2(3)),
        ([None], 0.0, 0.0),
        ([11], 0.0, 0.0),
        ([3, 1], 1.0, (1 + 1 / log2(4)) / (1 + 1 / log2(3))),
        ([2, None], 0.5, (1 / log2(3)) / (1 + 1 / log2(3))),
        ([1, 1], 1.0, 1.0),
        ([10, 2], 0.5, (1 / log2(3) + 1 / log2(11)) / (1 + 1 / log2(3))),
    ],
)
def test_the_measures_are_those_of_the_textbook(ranks: list[int | None], reciprocal: float, gain: float):
    measures = rank_measures(ranks)
    assert measures["mrr"] == pytest.approx(reciprocal)
    assert measures["ndcg@10"] == pytest.approx(gain)
