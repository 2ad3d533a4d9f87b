"""Learn the query adapter: a matrix that moves questions towards the sentences that answer them.

Each question is told apart from all sentences of all documents by a softmax over their similarities; the vectors themselves
stay as the embedding model gives them, so that one run takes seconds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from knowledge_base.models.embeddings import Embedder
from knowledge_base.models.query_adapter import QueryAdapter
from training.groups import Vectors
from training.questions import Document, QuestionData

if TYPE_CHECKING:
    from torch import Tensor

_FOUND_AMONG = 10
_LONG, _LONGEST = 400, 900  # characters of a passage


@dataclass(frozen=True, slots=True)
class AdapterPlan:
    """How to learn: `passes` over the questions, `batch` of them a step, the rate falling from `rate` to nothing.

    Similarities are multiplied by `sharpness` before the softmax; `decay` times the matrix's squares is added to the loss. The
    mean of `runs`, each in another order, is kept.
    """

    passes: int = 3
    batch: int = 64
    rate: float = 1e-3
    sharpness: float = 20.0
    decay: float = 1e-2
    runs: int = 3


def learn_adapter(data: QuestionData, embedder: Embedder, plan: AdapterPlan, seed: int = 0) -> Vectors:
    """Return the matrix learnt from the questions that some sentence answers, shape (dimension, dimension)."""
    import torch

    sentences, asked = _sentences(data), [q for q in data.questions if q.answers]
    texts = torch.tensor(np.concatenate([sentence_vectors(document, embedder) for document in data.documents]))
    questions = torch.tensor(embedder.encode([q.text for q in asked]))
    answers = [[sentences[q.document] + position for position in sorted(q.answers)] for q in asked]
    runs = [_run(questions, texts, answers, plan, random.Random(seed + number)) for number in range(plan.runs)]
    mean: Vectors = torch.stack(runs).mean(dim=0).numpy()
    return mean


def sentence_vectors(document: Document, embedder: Embedder) -> Vectors:
    """Return the vectors of a document's sentences in passages, as the index has them, shape (sentences, dimension).

    A passage ends with a block where it is long enough, and else before it is too long.
    """
    texts: list[str] = []
    parts: list[list[tuple[int, int]]] = []
    block = None
    for sentence, of_block in zip(document.sentences, document.blocks, strict=True):
        length = len(texts[-1]) if texts else _LONGEST
        if length + len(sentence) >= _LONGEST or (of_block != block and length >= _LONG):
            texts.append("")
            parts.append([])
        begin = len(texts[-1])
        texts[-1] += f"{sentence}\n"
        parts[-1].append((begin, begin + len(sentence)))
        block = of_block
    vectors = embedder.encode_with_parts(texts, parts)
    is_sentence = [row for count in map(len, parts) for row in (False, *[True] * count)]
    return np.asarray(vectors[is_sentence])


def _sentences(data: QuestionData) -> list[int]:
    """Return the number of sentences before those of each document."""
    return [0, *np.cumsum([len(document.sentences) for document in data.documents]).tolist()][:-1]


def _run(
    questions: Tensor, texts: Tensor, answers: Sequence[Sequence[int]], plan: AdapterPlan, chance: random.Random
) -> Tensor:
    import torch

    matrix = torch.zeros(texts.shape[1], texts.shape[1], requires_grad=True)
    optimiser = torch.optim.Adam([matrix], lr=plan.rate)
    order = [number for _ in range(plan.passes) for number in chance.sample(range(len(answers)), len(answers))]
    steps = -(-len(order) // plan.batch)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1.0 / steps, steps)
    for start in range(0, len(order), plan.batch):
        batch = order[start : start + plan.batch]
        moved = torch.nn.functional.normalize(questions[batch] + questions[batch] @ matrix, dim=1)
        loss = _loss(plan.sharpness * moved @ texts.T, [answers[number] for number in batch])
        (loss + plan.decay * matrix.square().sum()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
        falling.step()
    return matrix.detach()


def _loss(logits: Tensor, answers: Sequence[Sequence[int]]) -> Tensor:
    """Return the mean of minus the logarithm of the share that falls to each question's answers."""
    import torch

    right = torch.stack([torch.logsumexp(row[list(found)], 0) for row, found in zip(logits, answers, strict=True)])
    return (torch.logsumexp(logits, 1) - right).mean()


def adapter_figures(
    data: QuestionData, embedder: Embedder, adapter: QueryAdapter | None, kinds: Set[str]
) -> dict[str, dict[str, float]]:
    """Return by kind of document: mean average precision, and how often an answer is first and among the first ten.

    A question ranks the sentences of its own document.
    """
    documents = {n: sentence_vectors(d, embedder) for n, d in enumerate(data.documents) if d.kind in kinds}
    asked = [q for q in data.questions if q.answers and q.document in documents]
    vectors = embedder.encode([q.text for q in asked])
    vectors = adapter.adapted(vectors) if adapter else vectors
    found: dict[str, list[tuple[float, float, float]]] = {}
    for question, vector in zip(asked, vectors, strict=True):
        similarities = documents[question.document] @ vector
        ranks = np.sort(np.argsort(np.argsort(-similarities))[sorted(question.answers)])
        precision = float(np.mean((np.arange(len(ranks)) + 1) / (ranks + 1)))
        row = precision, float(ranks[0] == 0), float(ranks[0] < _FOUND_AMONG)
        found.setdefault(data.documents[question.document].kind, []).append(row)
    return {kind: _named(rows) for kind, rows in sorted(found.items())}


def _named(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    precision, first, in_ten = (round(float(mean), 3) for mean in np.mean(rows, axis=0))
    return {"map": precision, "first": first, "in_ten": in_ten, "questions": len(rows)}
