"""Pairs of question and text as the numbers that the evidence model reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.evidence_text import well_formed

PADDING = 16
QUESTION_CHARACTERS = 300


class PairTokenizer:
    """Turns (question, text) into word pieces; of a pair that is too long, the end of the longer is cut off."""

    def __init__(self, file: Path, max_tokens: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else a later fork prints a warning
        from tokenizers import Tokenizer

        self._max_tokens = max_tokens
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")

    def pieces(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Return the ids of the word pieces of each pair, and for each of them 0 (question) or 1 (text)."""
        prepared = [(well_formed(question[:QUESTION_CHARACTERS]), well_formed(text)) for question, text in pairs]
        return [(encoding.ids, encoding.type_ids) for encoding in self._tokenizer.encode_batch(prepared)]

    def padded(self, pairs: Sequence[tuple[str, str]]) -> dict[str, NDArray[np.int64]]:
        """Return the network's inputs, each of shape (pairs, word pieces of the longest)."""
        return rectangle(self.pieces(pairs))


def rectangle(pieces: Sequence[tuple[list[int], list[int]]]) -> dict[str, NDArray[np.int64]]:
    """Lay the pairs out as rectangles; widths are multiples of 16, since each new shape costs time and memory."""
    width = -(-max(len(ids) for ids, _ in pieces) // PADDING) * PADDING
    inputs = {
        name: np.zeros((len(pieces), width), dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for row, (ids, types) in enumerate(pieces):
        inputs["input_ids"][row, : len(ids)] = ids
        inputs["attention_mask"][row, : len(ids)] = 1
        inputs["token_type_ids"][row, : len(ids)] = types
    return inputs
