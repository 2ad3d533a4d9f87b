"""The lexical score of a passage for a question: BM25 over its title, headings and body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from knowledge_base.queries import Terms

_K1, _B = 1.2, 0.5
_USUAL_LENGTH = 100  # words that carry meaning in a passage


@dataclass(frozen=True, slots=True)
class PassageWords:
    """The stems of a passage: how often each occurs, weighed by column; those of its `body`; `damping` is for its length."""

    frequencies: Mapping[str, float]
    body: frozenset[str]
    damping: float

    @classmethod
    def of(cls, columns: Sequence[Sequence[str]], weights: Sequence[float]) -> Self:
        """Count the stems of the columns (title, headings, body), each as its weight says."""
        counted: dict[str, float] = {}
        for column, weight in zip(columns, weights, strict=True):
            for stem in column:
                counted[stem] = counted.get(stem, 0.0) + weight
        return cls(counted, frozenset(columns[-1]), _K1 * (1 - _B + _B * len(columns[-1]) / _USUAL_LENGTH))


def bm25(terms: Terms, rarity: Mapping[str, float], documents: Mapping[str, PassageWords]) -> dict[str, float]:
    """Return the BM25F score of each passage, as a share of the best possible, 0 to 1.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009). SQLite's own counts words
    that more than half of the passages hold as nothing, which in a library on one subject is most of a question.
    """
    possible = sum(rarity.values())
    if not possible:
        return dict.fromkeys(documents, 0.0)
    shares = [(rarity[word] / possible, stems) for word, stems in terms.items()]
    scores: dict[str, float] = {}
    for identifier, document in documents.items():
        frequencies, damping, total = document.frequencies, document.damping, 0.0
        for share, stems in shares:
            frequency = 0.0
            for stem in stems:
                frequency += frequencies.get(stem, 0.0)
            if frequency:
                total += share * frequency / (frequency + damping)
        scores[identifier] = total
    return scores
