"""Marks above and below the line: exponents and the numbers of notes are raised, other marks of notes and struck letters go.

A loader writes RAISED, the mark, and END (or LOWERED ... END) into a text; `settle` decides by what stands around it.
The three are characters that no text may hold; `characters.clean` takes them out of what is read.
"""

from __future__ import annotations

import re

from knowledge_base.language.words import BEFORE_NOTE

RAISED, LOWERED, END = "\ufdd0", "\ufdd1", "\ufdd2"
NOTE = "\ufdd3"  # where a mark of a note stood that is known as one; around its raised number, where it has one
NOTE_ENDS = (NOTE, "[", "]")  # at an end of a mark that stands for a note of its own
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPTS = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_UNICODE = re.compile("(?<![⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]+(?![⁰¹²³⁴-⁹⁺⁻ⁿ])")
_ON_THE_LINE = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISABLE = re.compile(r"[0-9+\-−=()ni]+")
_LOWERABLE = re.compile(r"[0-9+\-−=()aehijklmnoprstuvx]+")
_SPAN = re.compile(f"([{RAISED}{LOWERED}])([^{RAISED}{LOWERED}{END}]*){END}")
_GLUED = re.compile(f"{END}(\\s*)([{RAISED}{LOWERED}])")
_LEFT_OVER = re.compile(f"[{RAISED}{LOWERED}{END}]")
_NOTES = f"{NOTE}+(?:[⁰¹²³⁴-⁹]+{NOTE}+)*"
_NOTE = re.compile(rf"[^\S\n]*(?:[\[(]\s*)?{_NOTES}(?:\s*[\])])?(?=[\s.,;:!?)\]”»]|$)|[\[(]{_NOTES}[\])]|{_NOTES}")
_NOTE_MARK = re.compile(r"[\[(]?\s*(?:\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*|[*†‡§¶]{1,4}|[a-z])\s*[\])]?[.,]?")
_ORDINALS = frozenset("eor")  # as in XIXe, no, Dr
_EXPRESSION = re.compile(r"[\w()]{1,4}(?:\s?[+\-−*/·×]\s?[\w()]{1,4})+")
_CITATION = re.compile(r"\[[^\[\]]{1,40}\]")
_LEADING = re.compile(rf"\s*(?P<open>[\[(])?{RAISED}(?P<mark>{_NOTE_MARK.pattern}){END}[\])]?[.:]?\s*(?=\S)")
_UNITS = frozenset(
    {"m", "km", "cm", "mm", "dm", "µm", "μm", "nm", "ft", "in", "yd", "mi", "s", "h", "min", "kg", "Hz", "px", "M"}
)
_WORD_BEFORE = re.compile(r"[^\W\d_]+$")
_NUMBER_BEFORE = re.compile(r"(?<![\d.,])(\d+)$")
_TIMES = re.compile(r"[×x·*⋅]\s*\d+$")
_YEAR = re.compile(r"(?:1[0-9]|20|21)\d\d")
_BASES = frozenset({"10", "2", "e"})
_NUCLIDE = re.compile(r"[A-Z][a-z]?(?![a-z])")
_STRUCK = re.compile("(?:[^\u0335\u0336][\u0335\u0336]+)+")


def settle(text: str) -> str:
    """Return `text` with each raised or lowered mark written on the line, in Unicode's letters, or cut as a note's mark."""
    if RAISED in text or LOWERED in text:
        text = _GLUED.sub(lambda found: found[1] if _joins(text, found) else found[0], text)
        text = _inner(text)
    if NOTE in text:
        text = _NOTE.sub(_settled_note, text)
    return text


def note_mark(text: str) -> str:
    """Return what stands for the mark of a note until `settle` decides on it: with its number, where `text` is one."""
    number = note_number(text)
    return f"{NOTE}{number.translate(_SUPERSCRIPTS)}{NOTE}" if number.isdecimal() and number.isascii() else NOTE


def _settled_note(found: re.Match[str]) -> str:
    numbers = re.findall("[⁰¹²³⁴-⁹]+", found[0])
    is_glued = found.string[found.end() : found.end() + 1].isalnum()
    return f"{BEFORE_NOTE}{','.join(numbers)}{' ' * is_glued}" if numbers else ""


def with_marks(text: str) -> str:
    """Return `text` with its raised digits of Unicode as marks, since one may be an exponent or the mark of a note."""
    return _UNICODE.sub(lambda found: f"{RAISED}{found[0].translate(_ON_THE_LINE)}{END}", text)


def without_struck_letters(text: str) -> tuple[str, int]:
    """Return `text` without letters that a combining line strikes out, and the number of such runs."""
    if "\u0336" not in text and "\u0335" not in text:
        return text, 0
    return _STRUCK.subn("", text)


def leading_note(text: str) -> tuple[str, str]:
    """Split a note into its mark, "" where it begins with none above the line, and its text."""
    found = _LEADING.match(text)
    if found is None or (text[found.end() - 1] == END and _NUCLIDE.match(text, found.end())):
        return "", text
    return note_number(found["mark"]), text[found.end() :]


def is_note_mark(text: str) -> bool:
    """Tell whether `text` can be the mark of a note: a number, a letter, a star or dagger, in brackets or without."""
    text = text.strip()
    return bool(text) and _NOTE_MARK.fullmatch(text) is not None


def note_number(text: str) -> str:
    """Return a note's mark without its brackets."""
    return text.strip().strip("[]().,: ")


def raised(text: str) -> str:
    """Return `text` as superscript; what Unicode has not raised stands behind a ^."""
    if _RAISABLE.fullmatch(text):
        return text.translate(_SUPERSCRIPTS)
    return f"^{text}" if len(text) == 1 else f"^({text})"


def lowered(text: str) -> str:
    """Return `text` as subscript; what Unicode has not lowered stands behind a _."""
    if _LOWERABLE.fullmatch(text):
        return text.translate(_SUBSCRIPTS)
    return f"_{text}" if len(text) == 1 else f"_({text})"


def _joins(text: str, found: re.Match[str]) -> bool:
    """Tell whether two marks that follow each other are one, written in two pieces."""
    opening = max(text.rfind(RAISED, 0, found.start()), text.rfind(LOWERED, 0, found.start()))
    if found[1] or opening < 0 or text[opening] != found[2]:
        return False
    return text[found.start() - 1] not in NOTE_ENDS and text[found.end() : found.end() + 1] not in NOTE_ENDS


def _inner(text: str) -> str:
    """Write the marks from the left to the right; what is already written decides on the next."""
    parts: list[str] = []
    here = 0
    before = ""
    for found in _SPAN.finditer(text):
        between = text[here : found.start()]
        parts.append(between)
        before = (before + between)[-40:]
        inside = found[2]
        after = text[found.end() : found.end() + 8]
        written = _raised_in_place(inside, before, after) if found[1] == RAISED else _lowered_in_place(inside, before, after)
        parts.append(written)
        before = (before + written)[-40:]
        here = found.end()
    parts.append(text[here:])
    return _LEFT_OVER.sub("", "".join(parts))


def _raised_in_place(inside: str, before: str, after: str) -> str:
    mark = inside.strip()
    if not mark:
        return inside
    if NOTE in mark:
        return mark[mark.index(NOTE) : mark.rindex(NOTE) + 1]
    if after.lstrip()[:1] in ("/", "⁄") and mark.isdigit():
        return f" {mark}" if before[-1:].isdigit() else mark  # the upper half of a fraction
    if _CITATION.fullmatch(mark):
        return note_mark(mark)
    if _EXPRESSION.fullmatch(mark):
        return raised(mark)
    if mark in _ORDINALS or (not _NOTE_MARK.fullmatch(mark) and not _RAISABLE.fullmatch(mark)):
        return inside  # an ordinal, an abbreviation, a trade mark
    return raised(mark) if _is_exponent(mark, before, after) else note_mark(mark)


def _is_exponent(mark: str, before: str, after: str) -> bool:
    """Tell an exponent from the mark of a note, by what it stands on."""
    if mark[0] in "+-−" or mark[-1] in "+-−" or not mark.strip("nix"):
        return True
    if not mark.isdigit():
        return False
    number = _NUMBER_BEFORE.search(before)
    if number:
        return number[1] in _BASES or _TIMES.search(before) is not None or (len(number[1]) == 1 and len(mark) == 1)
    word = _WORD_BEFORE.search(before)
    if word is None:
        return before[-1:] in ("⁻", "⁺", ")") and _is_formula(before) or (not before.strip() and bool(_NUCLIDE.match(after)))
    if word[0] in _UNITS:
        return mark in ("2", "3", "4") and (len(word[0]) > 1 or word[0] in "mshM")
    return len(word[0]) == 1 and word[0] not in "aIA" and mark in ("2", "3", "4", "5", "6")


def _is_formula(before: str) -> bool:
    """Tell whether `before` ends with a mark above the line, or with a bracket around an expression such as (a + b)."""
    if before[-1:] != ")":
        return True
    inside = before[before.rfind("(") + 1 : -1]
    return len(inside) <= 12 and not re.search(r"[^\W\d_]{2}", inside)


def _lowered_in_place(inside: str, before: str, after: str) -> str:
    mark = inside.strip()
    if not mark:
        return inside
    if before.rstrip()[-1:] in ("/", "⁄") and mark.isdigit():
        return mark
    return mark.translate(_SUBSCRIPTS) if _LOWERABLE.fullmatch(mark) else inside
