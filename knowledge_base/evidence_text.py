"""The text that the evidence model reads of a sentence: its neighbours stand on both sides, and the sentence is marked."""

from __future__ import annotations

MARK = "¶"


def with_neighbours(before: str, sentence: str, after: str, marked: bool = True) -> str:
    """Return the sentence between its neighbours (empty where there is none), marked off as it was in training."""
    middle = f"{MARK} {sentence} {MARK}" if marked else sentence
    return " ".join(part for part in (before, middle, after) if part)


def without_marks(text: str) -> str:
    """Return the text as another model than ours reads it."""
    return " ".join(text.replace(MARK, " ").split())


def well_formed(text: str) -> str:
    """Replace lone surrogates, which no tokenizer takes, by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
