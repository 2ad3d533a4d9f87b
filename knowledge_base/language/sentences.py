"""Cut text into sentences with exact character spans."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge_base.language.vocabulary import pattern

SENTENCE_END = re.compile(r"[.!?;:…][”\"’»)\]]*\d{0,3}$")  # with a foot note's mark
LEANS = pattern(r"^[“\"(]?(?:{leaning.pronouns}|{leaning.possessives}|{leaning.heads})\b")  # on the sentence before it
_ABBREVIATION = pattern(r"\b{sentences.abbreviations}\.\s*$")
_NOTE_MARK = re.compile(
    r"(?<=[^\W\d][.!?])[”\"’»)\]]*\d{1,3}(?=\s+[“\"«(]?[A-ZÀ-Þ])|(?<=[.!?][”\"’»)\]])\d{1,3}(?=\s+[“\"«(]?[A-ZÀ-Þ])"
    r"|(?<=[^\W\d]{6}[.!?])\d{1,3}(?=\s+\d{1,3}(?:,\d{3})*\s+[^\W\d])"  # before a number that begins a sentence
)
_MARK_AT_END = re.compile(
    r"(?:(?<=[^\W\d]{2}[.!?])|(?<=[”\"’»)\]][.!?])|(?<=[.!?][”\"’»)\]])|(?<=\b(?:19|20)\d\d[.]))\d{1,3}$"
    r"|(?<=(?:\bin|\ben) (?:19|20)\d\d)\d{1,2}[.;]?$",  # "in 200423." where 23 is the mark
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_THREE_WORDS = re.compile(r"[\W_]*[^\W_]+[\W_]+[^\W_]+[\W_]+[^\W_]")


def is_quotable(text: str) -> bool:
    """Say whether a sentence says something: three words or more, and not an address with its title."""
    if not _THREE_WORDS.match(text):
        return False
    folded = text.lower()
    return not (("http" in folded or "www." in folded) and _ADDRESS.search(text))


def sentence_spans(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence of `text`, in order, without surrounding white space.

    Boundaries are sentencex's, corrected in two ways that reports need: an abbreviation before a number ("para. 13") does not
    end a sentence, and a footnote mark glued to a full stop ("cyberspace.2 However") does. The mark is no part of the sentence.
    """
    from sentencex import get_sentence_boundaries

    found = [(b["start_index"], b["end_index"]) for b in get_sentence_boundaries(language or "en", text)]
    merged = _merge_abbreviations(text, found)
    return [span for start, end in merged for span in _stripped(text, _split_note_marks(text, start, end))]


def _merge_abbreviations(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and _ABBREVIATION.search(text[merged[-1][0] : merged[-1][1]]) and _continues(text[start:end]):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _continues(sentence: str) -> bool:
    first = sentence.lstrip()[:1]
    return first.isdigit() or first.islower()


def _split_note_marks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for mark in _NOTE_MARK.finditer(text, start, end):
        yield start, mark.end()
        start = mark.end()
    yield start, end


def _stripped(text: str, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = _before_mark(text, left, start + len(piece.rstrip()))
        if left < right:
            yield left, right


def _before_mark(text: str, start: int, end: int) -> int:
    """Return where a sentence ends without a footnote's mark at its end."""
    mark = _MARK_AT_END.search(text[start:end])
    return start + mark.start() if mark and not _ABBREVIATION.search(text[start : start + mark.start()]) else end
