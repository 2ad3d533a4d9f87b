"""Cut text into sentences with exact character spans."""

from __future__ import annotations

import re
from itertools import pairwise

from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import without_note_marks

SENTENCE_END = re.compile(r"[.!?;:…。！？；：؟۔][”\"’»)\]]*\d{0,3}$")  # with a footnote's mark
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
_UNSPACED = re.compile(
    "(?:[\u3040-\u30ff\u3400-\u9fff][^\u3040-\u30ff\u3400-\u9fff]*){5}"
)  # characters that make words without spaces
_THREE_WORDS = re.compile(r"[\W_]*[^\W_]+[\W_]+[^\W_]+[\W_]+[^\W_]")


def is_quotable(text: str) -> bool:
    """Return whether a sentence says something: three words or more, and not an address with its title."""
    if not (_THREE_WORDS.match(text) or _UNSPACED.search(text)):
        return False
    folded = text.lower()
    return not (("http" in folded or "www." in folded) and _ADDRESS.search(text))


def sentence_spans(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence of `text`, in order, without surrounding white space.

    Boundaries are sentencex's, corrected in two ways that reports need: an abbreviation before a number ("para. 13") does not
    end a sentence, and a footnote mark glued to a full stop ("cyberspace.2 However") does. The mark is no part of the sentence,
    nor is a raised one at its end.
    """
    from sentencex import get_sentence_boundaries

    text = without_note_marks(text)
    merged: list[tuple[int, int]] = []
    for boundary in get_sentence_boundaries(language or "en", text):
        start, end = boundary["start_index"], boundary["end_index"]
        first = text[start:end].lstrip()[:1]
        if merged and (first.isdigit() or first.islower()) and _ABBREVIATION.search(text[merged[-1][0] : merged[-1][1]]):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    found: list[tuple[int, int]] = []
    for start, end in merged:
        cuts = [start, *(mark.end() for mark in _NOTE_MARK.finditer(text, start, end)), end]
        for left, right in pairwise(cuts):
            piece = text[left:right]
            first_letter, stop = left + len(piece) - len(piece.lstrip()), left + len(piece.rstrip())
            mark = _MARK_AT_END.search(text[first_letter:stop])
            if mark and not _ABBREVIATION.search(text[first_letter : first_letter + mark.start()]):
                stop = first_letter + mark.start()
            if first_letter < stop:
                found.append((first_letter, stop))
    return found
