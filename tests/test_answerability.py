"""Fitting the probability that a question is answered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.answerability import Collection, figures, fitted, probabilities, read_collection, refused, reliability


def collection(name: str, seed: int, answerable: int = 300, unanswerable: int = 60) -> Collection:
    """Draw questions whose log-odds of an answer, both classes alike, are twice the signal."""
    chance = np.random.default_rng(seed)
    wanted = np.arange(answerable + unanswerable) < answerable
    signal = chance.normal(np.where(wanted, 1.0, -1.0), 1.0)
    return Collection(name, np.stack([np.ones(len(wanted)), signal], axis=1), wanted)


def test_the_weights_are_those_that_the_questions_were_drawn_with() -> None:
    bias, slope = fitted([collection("one", 1), collection("other", 2, 60, 300)])
    assert (bias, slope) == (pytest.approx(0.0, abs=0.3), pytest.approx(2.0, abs=0.4))


def test_probabilities_are_as_reliable_as_they_say() -> None:
    curve = reliability([collection(str(seed), seed) for seed in range(4)])
    assert len(curve) == 5 and all(abs(mean - share) < 0.12 for mean, share, _ in curve)


def test_each_collection_is_measured_with_the_weights_of_the_others() -> None:
    clear, upside_down = collection("clear", 1), collection("upside down", 2)
    turned = Collection("turned", upside_down.found * [1, -1], upside_down.answerable)
    found = figures([clear, collection("like it", 3), turned], threshold=0.5)
    assert found["clear"]["area"] > 0.9 > 0.2 > found["turned"]["area"]


def test_shares_refused_are_counted() -> None:
    questions = Collection("few", np.array([[1.0, 2.0], [1.0, -2.0], [1.0, -3.0]]), np.array([True, True, False]))
    found = refused(questions, probabilities(np.array([0.0, 1.0]), questions), threshold=0.5)
    assert found == {"refused": 1.0, "answerable refused": 0.5, "balanced": 0.75, "area": 1.0}


def test_a_collection_is_read_as_it_was_measured(tmp_path: Path) -> None:
    rows = [{"answerable": True, "best": 0.5, "peak": 0.2}, {"answerable": False, "best": 0.1, "peak": 0.0}]
    (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    read = read_collection(tmp_path / "few.jsonl", ("best",))
    assert (read.name, read.found.tolist(), read.answerable.tolist()) == ("few", [[1.0, 0.5], [1.0, 0.1]], [True, False])
