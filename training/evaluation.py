"""Measure ranking and refusal on questions that training has not seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from knowledge_base.files import sha256
from knowledge_base.models.evidence import EvidenceModel, open_evidence_model
from knowledge_base.models.packaged_model import MINILM, EvidencePackage
from knowledge_base.settings import OWN_EVIDENCE_MODEL, Settings
from training.groups import Encode, Vectors
from training.questions import AskedQuestion, QuestionData

Scores = NDArray[np.float32]
Figures = dict[str, float]

CANDIDATES = 10
FOREIGN = 5
MOST = 300  # questions of a kind


@dataclass(frozen=True, slots=True)
class Candidates:
    """The texts that the embedder finds nearest to a question, nearest first: those of its document, those of its document
    that do not answer (near misses), and those of other documents of the kind. `total`: sentences that answer.
    """

    kind: str
    question: str
    own: tuple[str, ...]
    right: tuple[bool, ...]
    total: int
    missing: tuple[str, ...]
    foreign: tuple[str, ...]
    nearness: tuple[Scores, Scores, Scores]


class Trial:
    """The questions kept apart, with the embedder's candidates for each."""

    def __init__(self, data: QuestionData, encode: Encode, marked: bool) -> None:
        bounds = np.cumsum([len(document.sentences) for document in data.documents])[:-1]
        vectors = np.split(encode([sentence for document in data.documents for sentence in document.sentences]), bounds)
        texts = [[document.window(i, marked) for i in range(len(document.sentences))] for document in data.documents]
        questions = _evenly(data)
        asked = encode([question.text for question in questions])
        self._candidates = [
            _candidates(data, question, texts, vectors, vector) for question, vector in zip(questions, asked, strict=True)
        ]

    def embedder(self) -> dict[str, Figures]:
        """Return the figures of the embedder's own order and scores."""
        return self._figures([c.nearness for c in self._candidates], [c.nearness for c in self._candidates])

    def model(self, weights: Path) -> dict[str, Figures]:
        """Return the figures of the evidence model with these weights, compiled as it is used."""
        package = EvidencePackage(f"{OWN_EVIDENCE_MODEL}-{weights.stem}", weights, sha256(weights), MINILM)
        with TemporaryDirectory() as cache:
            model = open_evidence_model(Settings(evidence_model=package.name, cache_dir=Path(cache)), package=package)
            if model is None:
                raise ValueError(f"{package.name} is the name of no model")
            return self.of(model)

    def of(self, model: EvidenceModel) -> dict[str, Figures]:
        """Return the figures of an evidence model."""
        ranks, answers = [], []
        for candidate in self._candidates:
            lists = (candidate.own, candidate.missing, candidate.foreign)
            texts = list(dict.fromkeys(text for texts in lists for text in texts))
            rank = dict(zip(texts, model.score(candidate.question, texts), strict=True))
            answer = dict(zip(texts, model.answers(candidate.question, texts), strict=True))
            ranks.append(tuple(np.array([rank[text] for text in texts]) for texts in lists))
            answers.append(tuple(np.array([answer[text] for text in texts]) for texts in lists))
        return self._figures(ranks, answers)

    def _figures(self, ranks: Sequence[tuple[Scores, ...]], answers: Sequence[tuple[Scores, ...]]) -> dict[str, Figures]:
        figures: dict[str, Figures] = {}
        for kind in dict.fromkeys(c.kind for c in self._candidates):
            chosen = [i for i, c in enumerate(self._candidates) if c.kind == kind]
            best = [[max(part, default=-np.inf) for part in answers[i]] for i in chosen]
            own, missing, foreign = (np.array(column) for column in zip(*best, strict=True))
            precisions = [_precisions(self._candidates[i], ranks[i][0]) for i in chosen]
            figures[kind] = {
                "questions": len(chosen),
                "MAP": float(np.mean([average for average, _ in precisions])),
                "P@1": float(np.mean([first for _, first in precisions])),
                "AUC near misses": area_under_curve(own, missing),
                "AUC other documents": area_under_curve(own, foreign),
            }
        return {kind: {name: round(value, 4) for name, value in row.items()} for kind, row in figures.items()}


def area_under_curve(positive: Scores, negative: Scores) -> float:
    """Return the share of pairs in which the positive score is the higher one."""
    finite = negative[np.isfinite(negative)]
    if not len(finite):
        return float("nan")
    differences = positive[:, None] - finite[None, :]
    return float(np.mean((differences > 0) + 0.5 * (differences == 0)))


def _precisions(candidate: Candidates, scores: Scores) -> tuple[float, float]:
    """Return the average precision of the candidates in this order (those not among them count as never found), and P@1."""
    right = np.array(candidate.right)[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(np.sum(precision * right) / candidate.total), float(right[0])


def _evenly(data: QuestionData) -> list[AskedQuestion]:
    """Return at most so many questions of each kind, evenly taken."""
    chosen: list[AskedQuestion] = []
    for kind in dict.fromkeys(document.kind for document in data.documents):
        asked = [question for question in data.questions if data.documents[question.document].kind == kind]
        chosen += asked[:: -(-len(asked) // MOST)] if asked else []
    return chosen


def _candidates(
    data: QuestionData, question: AskedQuestion, texts: list[list[str]], vectors: list[Vectors], asked: Vectors
) -> Candidates:
    document = data.documents[question.document]
    nearness = vectors[question.document] @ asked
    order = [int(i) for i in np.argsort(-nearness)]
    near = {i + step for i in question.answers for step in (-1, 0, 1)}
    own, missing = order[:CANDIDATES], [i for i in order if i not in near][:CANDIDATES]
    elsewhere = _elsewhere(data, question, vectors, asked)
    return Candidates(
        document.kind,
        question.text,
        tuple(texts[question.document][i] for i in own),
        tuple(i in question.answers for i in own),
        len(question.answers),
        tuple(texts[question.document][i] for i in missing),
        tuple(texts[number][i] for number, i, _ in elsewhere),
        (nearness[own], nearness[missing], np.array([score for _, _, score in elsewhere])),
    )


def _elsewhere(
    data: QuestionData, question: AskedQuestion, vectors: list[Vectors], asked: Vectors
) -> list[tuple[int, int, float]]:
    kind = data.documents[question.document].kind
    others = [n for n, d in enumerate(data.documents) if d.kind == kind and n != question.document]
    found: dict[tuple[int, int], float] = defaultdict(float)
    for number in others:
        scores = vectors[number] @ asked
        found.update({(number, int(i)): float(scores[i]) for i in np.argsort(-scores)[:CANDIDATES]})
    best = sorted(found.items(), key=lambda entry: -entry[1])[:FOREIGN]
    return [(number, i, score) for (number, i), score in best]
