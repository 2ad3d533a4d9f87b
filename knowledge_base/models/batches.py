"""Texts as a compiled network takes them: word pieces, in batches of near lengths, padded to rectangles."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge_base.language.words import BEFORE_NOTE, NOTE_MARK

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Inputs = dict[str, NDArray[np.int64]]

BATCH = 16
PADDING = 16
ONE_TEXT = ("input_ids", "attention_mask")
TWO_TEXTS = (*ONE_TEXT, "token_type_ids")
_COLUMNS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


def open_tokenizer(file: Path) -> Tokenizer:
    """Open a tokenizer that neither cuts off nor pads."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else a later fork prints a warning
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def well_formed(text: str) -> str:
    """Replace lone surrogates, which no tokenizer takes, by question marks; leave out the marks of notes, which say nothing."""
    text = NOTE_MARK.sub("", text) if BEFORE_NOTE in text else text
    return text.encode("utf-8", "replace").decode("utf-8")


def well_formed_span(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return where characters `begin` to `end` of a text stand in what `well_formed` makes of it."""
    return len(well_formed(text[:begin])), len(well_formed(text[:end]))


def batches(encodings: Sequence[Encoding], names: Sequence[str], max_tokens: int) -> Iterator[tuple[list[int], Inputs]]:
    """Yield the positions of texts of near lengths, so that little is padded, with their inputs."""
    order = sorted(range(len(encodings)), key=lambda position: len(encodings[position]))
    for start in range(0, len(order), BATCH):
        positions = order[start : start + BATCH]
        yield positions, padded([encodings[position] for position in positions], names, max_tokens)


def padded(encodings: Sequence[Encoding], names: Sequence[str], max_tokens: int) -> Inputs:
    """Return the network's inputs of these `names`, each of shape (texts, word pieces of the longest).

    Widths are multiples of 16, since each new shape costs time and memory. Of a text with more than `max_tokens` word pieces
    the end is cut off, but not the special one that closes it.
    """
    width = min(-(-max(map(len, encodings)) // PADDING) * PADDING, max_tokens)
    inputs = {name: np.zeros((len(encodings), width), dtype=np.int64) for name in names}
    for name, array in inputs.items():
        for row, encoding in enumerate(encodings):
            pieces = getattr(encoding, _COLUMNS[name])
            array[row, : len(pieces)] = pieces if len(pieces) <= width else [*pieces[: width - 1], pieces[-1]]
    return inputs
