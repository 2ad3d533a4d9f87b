"""Fit the probability that a question is answered (assistant/evidence/refusal.py) on collections of questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.answering import Assistant
from assistant.evidence.refusal import THRESHOLD, signals
from knowledge_base.settings import Settings

SIGNALS = ("answered", "peak", "passages")
FEW = ("answered", "passages")
_RIDGE = 1e-3  # on standardised signals
_STEPS = 30
_FIFTHS = np.linspace(0, 1, 6)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Collection:
    """The signals of each question of a collection, shape (questions, signals), and whether it has an answer there."""

    name: str
    found: Numbers
    answerable: NDArray[np.bool_]

    @property
    def shares(self) -> Numbers:
        """Weigh both classes alike: the weights of each sum to one half."""
        counts = self.answerable.sum(), (~self.answerable).sum()
        shares: Numbers = np.where(self.answerable, 0.5 / max(1, counts[0]), 0.5 / max(1, counts[1]))
        return shares


def measure(questions: Path, data_dir: Path) -> Iterator[dict[str, object]]:
    """Yield the signals of each question on documents: a line of what `read_collection` reads."""
    with Assistant.open(Settings(data_dir=data_dir)) as assistant:
        for line in questions.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            if item.get("category") != "register":
                question, evidence = assistant.gathered(item["question"], item.get("history") or [])
                yield {"answerable": item["answerable"], **signals(question, evidence)}


def read_collection(file: Path, names: Sequence[str]) -> Collection:
    """Read the signals of a collection that were measured."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = np.array([[1.0, *(row[name] for name in names)] for row in rows])
    return Collection(file.stem, found, np.array([row["answerable"] for row in rows]))


def fitted(collections: Sequence[Collection]) -> Numbers:
    """Return the weights of a logistic regression, the bias first, each collection and both classes weighed alike."""
    found = np.concatenate([c.found for c in collections])
    wanted = np.concatenate([c.answerable for c in collections]).astype(float)
    shares = np.concatenate([c.shares for c in collections]) / len(collections)
    scale = np.maximum(found.std(axis=0), 1e-9)
    scale[0] = 1.0
    scaled, weights = found / scale, np.zeros(found.shape[1])
    ridge = _RIDGE * np.eye(len(weights))
    ridge[0, 0] = 0.0
    for _ in range(_STEPS):
        guessed = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (shares * (wanted - guessed)) - ridge @ weights
        curve = (scaled * (shares * guessed * (1 - guessed))[:, None]).T @ scaled + ridge
        weights += np.linalg.solve(curve, slope)
    return np.asarray(weights / scale)


def figures(collections: Sequence[Collection], threshold: float = THRESHOLD) -> dict[str, dict[str, float]]:
    """Return for each collection what the weights fitted on all others refuse of it, and the area under the curve."""
    result = {}
    for kept in collections:
        trust = probabilities(fitted([c for c in collections if c is not kept]), kept)
        result[kept.name] = refused(kept, trust, threshold)
    return result


def probabilities(weights: Numbers, collection: Collection) -> Numbers:
    """Return the probability of each question of a collection to be answered."""
    return np.asarray(1 / (1 + np.exp(-collection.found @ weights)))


def refused(collection: Collection, trust: Numbers, threshold: float) -> dict[str, float]:
    """Return the shares refused of the questions without and with an answer, their balance, and the area under the curve."""
    yes, no = trust[collection.answerable], trust[~collection.answerable]
    wrongly, rightly = float((yes < threshold).mean()), float((no < threshold).mean()) if len(no) else 0.0
    area = float((yes[:, None] > no[None]).mean()) if len(no) else 0.0
    balanced = (rightly + 1 - wrongly) / 2
    return {
        name: round(value, 3)
        for name, value in zip(
            ("refused", "answerable refused", "balanced", "area"), (rightly, wrongly, balanced, area), strict=True
        )
    }


def reliability(collections: Sequence[Collection]) -> list[tuple[float, float, int]]:
    """Return for each fifth of the probability its mean, the share that has an answer, and the count, all left out in turn."""
    trust = np.concatenate([probabilities(fitted([c for c in collections if c is not kept]), kept) for kept in collections])
    shares = np.concatenate([c.shares for c in collections])
    wanted = np.concatenate([c.answerable for c in collections])
    curve = []
    for low, high in pairwise(_FIFTHS):
        within = (trust >= low) & (trust < high)
        if within.any():
            mean, share = (float((shares * of)[within].sum() / shares[within].sum()) for of in (trust, wanted))
            curve.append((round(mean, 2), round(share, 2), int(within.sum())))
    return curve


def report(files: Sequence[Path], names: Sequence[str]) -> Mapping[str, object]:
    """Return the weights fitted on all collections, what each left out gives, and how reliable the probabilities are."""
    collections = [read_collection(file, names) for file in files]
    weights = dict(zip(("bias", *names), np.round(fitted(collections), 3).tolist(), strict=True))
    return {"weights": weights, "left out": figures(collections), "reliability": reliability(collections)}
