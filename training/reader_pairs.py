"""Question and passage as the numbers that the reader takes, and where each sentence stands among the word pieces."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence, Set
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledge_base.language.words import fold, stop_words

MAX_TOKENS = 256
QUESTION_TOKENS = 64
PREFIX_TOKENS = 32
WIDTHS = (64, 96, 128, 160, 192, 224, 256)  # each new shape costs time and memory
QUESTION, PASSAGE, MATCHED = 0, 1, 2  # MATCHED is added where the other side holds the word as well
START, PAD, END = 0, 1, 2

_WORD = re.compile(r"\w+")
_KEY = 6  # characters that the forms of a word have in common

Offsets = Sequence[tuple[int, int]]
Word = tuple[int, int, str]


class Pair(NamedTuple):
    """A question and a passage: `ids` and `kinds` of the word pieces.

    `sentences` gives for each piece the number of its sentence in the passage (-1: of none); the piece `first` + i stands for
    the characters `offsets[i]` of the passage's text.
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    sentences: NDArray[np.int64]
    first: int
    offsets: Offsets


class _Text(NamedTuple):
    ids: Sequence[int]
    offsets: Offsets
    words: Sequence[Word]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(key for _, _, key in self.words)


_NOTHING = _Text((), (), ())


class ReaderPairs:
    """Turns questions and passages into word pieces; each text is cut up once while it is asked for again."""

    def __init__(self, file: Path, remembered: int = 4_000) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else a later fork prints a warning
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(file))
        self._text = lru_cache(maxsize=remembered)(self._cut_up)

    def pair(self, question: str, prefix: str, text: str, sentences: Offsets, matching: bool = True) -> Pair:
        """Return a pair of at most `MAX_TOKENS` word pieces: the ends of what is longer are cut off.

        `sentences` are characters of the text. Without `matching` no word is marked as held by both: for two languages.
        """
        asked, passage = self._text(question), self._text(text)
        above = self._text(prefix) if prefix else _NOTHING
        of_question, of_prefix = asked.ids[:QUESTION_TOKENS], above.ids[:PREFIX_TOKENS]
        start = len(of_question) + 3
        first = start + len(of_prefix)
        of_text = passage.ids[: MAX_TOKENS - 1 - first]
        ids = np.array([START, *of_question, END, END, *of_prefix, *of_text, END], dtype=np.int64)
        kinds = np.full(len(ids), PASSAGE, dtype=np.int64)
        kinds[:start] = QUESTION
        if matching:
            kinds[1 : start - 2] += MATCHED * _held(asked, passage.keys | above.keys)[: len(of_question)]
            kinds[start:first] += MATCHED * _held(above, asked.keys)[: len(of_prefix)]
            kinds[first : first + len(of_text)] += MATCHED * _held(passage, asked.keys)[: len(of_text)]
        offsets = passage.offsets[: len(of_text)]
        numbers = np.full(len(ids), -1, dtype=np.int64)
        numbers[first : first + len(of_text)] = _sentence_of_each(offsets, sentences)
        return Pair(ids, kinds, numbers, first, offsets)

    def _cut_up(self, text: str) -> _Text:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        words = [(m.start(), m.end(), key) for m in _WORD.finditer(text) if (key := word_key(m.group()))]
        return _Text(encoding.ids, encoding.offsets, words)


def rectangle(pairs: Sequence[Pair]) -> dict[str, NDArray[np.int64]]:
    """Lay pairs out as the network's inputs, each of shape (pairs, one of `WIDTHS`)."""
    longest = max(len(pair.ids) for pair in pairs)
    shape = len(pairs), next(width for width in WIDTHS if width >= longest)
    ids = np.full(shape, PAD, dtype=np.int64)
    kinds, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = pair.ids
        kinds[row, : len(pair.ids)] = pair.kinds
        mask[row, : len(pair.ids)] = 1
    return {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}


@lru_cache(maxsize=200_000)
def word_key(word: str) -> str:
    """Return what the forms of a word have in common: folded, six characters at most; empty for a stop word or a letter."""
    folded = fold(word)
    if folded.isdigit():
        return folded
    if len(folded) < 2 or folded in stop_words("en") or folded in stop_words("fr"):
        return ""
    return folded.rstrip("s")[:_KEY] if len(folded) > 3 else folded


def _held(text: _Text, keys: Set[str]) -> NDArray[np.int64]:
    """Return for each piece 1 where it belongs to a word with one of the keys, else 0."""
    spans = [(start, end) for start, end, key in text.words if key in keys]
    held = np.zeros(len(text.offsets), dtype=np.int64)
    position = 0
    for piece, (start, end) in enumerate(text.offsets):
        while position < len(spans) and spans[position][1] <= start:
            position += 1
        if position == len(spans):
            break
        held[piece] = spans[position][0] < end and end > start
    return held


def _sentence_of_each(offsets: Offsets, sentences: Offsets) -> list[int]:
    """Return for each piece the number of the sentence that holds its middle, or -1."""
    numbers, number = [], 0
    for start, end in offsets:
        middle = (start + end) / 2
        while number < len(sentences) and sentences[number][1] <= middle:
            number += 1
        inside = number < len(sentences) and sentences[number][0] <= middle
        numbers.append(number if inside else -1)
    return numbers
