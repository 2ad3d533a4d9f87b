"""Small characters above the line: exponents and the numbers of notes are raised, other marks of notes are cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ingest.loaders.pdf_pages.lines import Line
from knowledge_base.language.words import BEFORE_NOTE

_RAISED = str.maketrans("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ")
_EXPONENT = re.compile(r"[+−–-]?\d{1,3}[+−–-]?|[+−–-]|[ni]|[ni0-9+−–-]{2,5}")
_NUMBERS = re.compile(r"[(\[]?\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*[)\]]?[,;]?")
_SYMBOLS = re.compile(r"[*†‡§¶#]{1,3}|[a-z]|\([a-z]\)|[ivx]{1,4}")
_UNIT = re.compile(r"(?<![^\W\d_])(?:[kcdmµnh]?m|s|ha|ft|in|yd|mi|cm|km)$")
_TEN = re.compile(r"(?:[x×·⋅*.]\s*|(?<![\w.,]))10$")
_VARIABLE = re.compile(r"(?<![^\W_])[^\W\d_]$|[)\]|]$")
_IN_FORMULA = re.compile(r"[=+−×·/<>]\s*[^\W\d_]{1,2}$")
_OPERATOR = re.compile(r"\s*[=+−×·/<>]")
_NOTE_START = re.compile(r"[(\[]?(\d{1,3}|[a-z]|[*†‡§¶#]{1,3})[)\].]?\s*(?=[^\W\d]|[“\"«‘'(<])")
_SMALL_NOTE = 0.93


def settle_marks(pages: Sequence[Sequence[Line]]) -> None:
    """Rewrite the raised characters of all lines of a document, in place.

    Digits are an exponent after a unit, a power of ten or a variable; else the mark of a note, where one begins with it on the
    page or the marks count on, or where they stand after a word or a stop. What is neither stays as it is.
    """
    size = _usual_size(line for lines in pages for line in lines)
    last = 0
    for lines in pages:
        if not any(line.raised for line in lines):
            continue
        notes = {found for line in lines if (found := _note_of(line, size))}
        for line in lines:
            for start, end in reversed(line.raised):
                last = max(last, _settle(line, start, end, notes, last))
            line.raised = []


def _usual_size(lines: Iterable[Line]) -> float:
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _note_of(line: Line, size: float) -> str | None:
    """Return the mark of the note that a line begins: raised at its start, or in small print."""
    found = _NOTE_START.match(line.text)
    is_raised = bool(line.raised) and line.raised[0][0] == 0
    return found[1] if found and (is_raised or line.size <= _SMALL_NOTE * size) else None


def _settle(line: Line, start: int, end: int, notes: set[str], last: int) -> int:
    """Rewrite one raised span; return the number of the note where it is a mark with a number, else 0."""
    text, before, after = line.text[start:end].strip(), line.text[:start].rstrip(), line.text[end:]
    if not before:
        if after[:1].isalpha() and text.isdigit():
            _replace(line, end, end, " ")  # a note's own number, at the start of its line
        return 0
    if len(before) == start and _is_exponent(text, before, after, notes, last):
        for position in range(start, end):
            line.text = line.text[:position] + line.text[position].translate(_RAISED) + line.text[position + 1 :]
        return 0
    is_number = _NUMBERS.fullmatch(text) is not None
    if not (is_number or (_SYMBOLS.fullmatch(text) and (text.strip("()") in notes or not text.strip("()").isalpha()))):
        return 0
    if re.fullmatch(r"\d+(?:[,–-]\s?\d+)*", text):
        if after[:1].isalnum():
            _replace(line, end, end, " ")
        line.text = line.text[:start] + line.text[start:end].translate(_RAISED) + line.text[end:]
        _replace(line, len(before), start, BEFORE_NOTE)
        return int(re.findall(r"\d+", text)[-1])
    before_stop = re.match(r"\s+(?=[.,;:!?])", after)
    space = " " if before[-1].isalnum() and after[:1].isalnum() else ""
    _replace(line, len(before), end + (before_stop.end() if before_stop else 0), space)
    return int(re.findall(r"\d+", text)[-1]) if is_number else 0


def _is_exponent(text: str, before: str, after: str, notes: set[str], last: int) -> bool:
    if not _EXPONENT.fullmatch(text):
        return False
    if not text.isdigit():
        return text not in notes and (text[0] in "+−–-" or text[-1] in "+−–-" or _VARIABLE.search(before) is not None)
    if _UNIT.search(before) and text in ("2", "3"):
        return True
    is_note = text in notes or int(text) == last + 1
    if _TEN.search(before):
        return not is_note or not before.removesuffix("10").rstrip()[-1:].isalpha()
    if before[-1].isdigit():
        is_year = re.search(r"(?<!\d)(?:1[5-9]|20)\d\d$", before) is not None
        return not is_note and not is_year and re.search(r"\d[.,]\d*$", before) is None
    if text in ("2", "3", "4") and (_IN_FORMULA.search(before) or _OPERATOR.match(after)):
        return True
    is_variable = _VARIABLE.search(before) is not None and before[-1] not in ")]" and re.search(r"\b[aAI]$", before) is None
    return is_variable and not is_note


def _replace(line: Line, start: int, end: int, text: str) -> None:
    line.text = line.text[:start] + text + line.text[end:]
    line.indices = [*line.indices[:start], *[-1] * len(text), *line.indices[end:]]
    shift = len(text) - (end - start)
    line.gaps = [gap if gap.position < start else gap._replace(position=gap.position + shift) for gap in line.gaps]
