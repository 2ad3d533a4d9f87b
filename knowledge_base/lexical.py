"""The lexical score of a passage for a question: BM25 over its title, headings and body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from knowledge_base.queries import Terms

_K1, _B = 1.2, 0.5
_USUAL_LENGTH = 100  # words that carry meaning in a passage


@dataclass(frozen=True, slots=True)
class PassageWords:
    """How often each stem occurs in the `columns` of a passage (title, headings, body), and its `length`, the body's words."""

    columns: tuple[Mapping[str, int], ...]
    length: int

    @classmethod
    def of(cls, columns: Sequence[Sequence[str]]) -> Self:
        """Count the stems of each column."""
        return cls(tuple(dict(Counter(column)) for column in columns), len(columns[-1]))


def bm25(terms: Terms, rarity: Mapping[str, float], document: PassageWords, columns: Sequence[float]) -> float:
    """Return the BM25F score of a passage, as a share of the best possible, 0 to 1; `columns` weigh its columns.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009). SQLite's own counts words
    that more than half of the passages hold as nothing, which in a library on one subject is most of a question.
    """
    possible = sum(rarity.values()) * (_K1 + 1)
    length = _K1 * (1 - _B + _B * document.length / _USUAL_LENGTH)
    total = 0.0
    for word, stems in terms.items():
        frequency = 0.0
        for weight, column in zip(columns, document.columns, strict=True):
            for stem in stems:
                frequency += weight * column.get(stem, 0)
        total += rarity[word] * frequency * (_K1 + 1) / (frequency + length)
    return total / possible if possible else 0.0
