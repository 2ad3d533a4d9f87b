"""The number or mark that a reader sees before a block: read from its text, or written from a list's place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_UNIT = (
    r"(?:(?i:art(?:[íi]culo|i(?:cle|go|colo|kel))|section|annex(?:e|o)?|anhang|appendix|schedule|chapter|chapitre|cap[íi]tulo"
    r"|kapitel|part(?:ie|e)?|teil|title|titre|t[íi]tulo|titel|clause|rule|r[èe]gle|regulation|recital|consid[ée]rant"
    r"|erwägungsgrund|principle|principe|principio|grundsatz|norm|norme|norma|paragraph|paragraphe|absatz|measure|mesure"
    r"|ma(?:ß|ss)nahme|recommendation|recommandation|objective|objectif|goal|protocol|protocole|item|point|step|question|lot)"
    r"\s|(?i:art\.|sec\.)\s?|§{1,2}\s?)"
)
_NUMBER = (
    r"(?:\d{1,4}(?:\.\d{1,3}){0,4}[a-z]?|[IVXLCDM]{1,7}|[A-Z]\d{0,2}|[Pp]remi[eè]re?|PREMI[EÈ]RE?|[Uu]nique)"
    r"(?:\s?(?:er|ère|bis|ter|quater)\b)?"
)
_NAMED = re.compile(rf"({_UNIT}{_NUMBER})(?:(?P<ends>\s*(?:[.:)\]–—-](?=\s|$)|$))|(?=\s))")
_ONLY_NAMED = re.compile(rf"{_UNIT}{_NUMBER}[.:]?")
_BRACKETED = re.compile(r"(\((?:\d{1,3}|[a-z]{1,2}|[A-Z]|[ivxlc]{1,6}|[IVXLC]{1,6})\))\s+(?=\S)")
_NUMBERED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,5})[.)](?:\s+|(?=[^\W\d]))(?=\S)")
_DECIMAL = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,5})\s+(?=[^\W\d_a-z])(?![A-Z]{2,4}\b|[A-Z][a-z]?[A-Z]|[MB]ill?ion|Mio|Mrd)")
_SPACED = re.compile(r"(\d{1,3})(?:\t| {2,}|\u00a0+ *|\u2003)(?=[^\W\d_])")
_LETTERED = re.compile(r"([a-z]{1,2}|[ivxlc]{1,6}|[A-Z])\)\s+(?=\S)|([a-z])\.\s+(?=\S)")
_ROMAN = re.compile(r"([IVXLC]{2,7}|[IVX])\.\s+(?=\S)|([A-H])\.\s+(?=\S)")
_MARK = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[a-z]{1,2}|[A-Z]|[ivxlc]{1,6}|[IVXLC]{1,6})[.)]{0,2}")
_RECITAL = re.compile(r"\(\d{1,3}\)")
_WHEREAS = re.compile(
    r"(?:and )?whereas\s*[:,]|consid[ée]rant(?: ce qui suit)?\s*[:,]|in erwägung nachstehender gründe\s*[:,]"
    r"|considerando(?: lo siguiente| quanto segue)?\s*[:,]",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-–—*•‣▪◦·●○■□➢✓]")
_MONTH = re.compile(
    r"(?:jan|feb|fév|mär|mar|apr|avr|mai|may|jun|jui|jul|aug|aoû|ago|sep|oct|okt|out|nov|dec|déc|dez|dic)\w*\.?\s+\d{4}",
    re.IGNORECASE,
)
_ROMAN_DIGITS = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"),
    (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_RANKS = (
    re.compile(r"part|teil|title|titre|t[íi]tulo|titel|annex|anhang|appendix|schedule|protoc", re.IGNORECASE),
    re.compile(r"chap|cap[íi]|kapitel", re.IGNORECASE),
    re.compile(r"sec", re.IGNORECASE),
    re.compile(r"art|§|clause|rule|r[èe]gle|regulation", re.IGNORECASE),
)
_LONGEST_OPENING = 120
_DEEPEST_LIST = 6


def label_of(number: str) -> str:
    """Return a list's number as a label: "6." is "6", "a)" is "a", "(c)" stays."""
    number = " ".join(number.split())
    stripped = number.rstrip(".:) ]–—-")
    return f"{stripped})" if number.startswith("(") and ")" in number[len(stripped) :] else stripped.lstrip("[")


def typed_label(text: str, *, is_heading: bool = False) -> str:
    """Return the label that a block's text begins with, such as "17", "(c)" or "Article 4"; "" where it has none."""
    opening = text[:_LONGEST_OPENING].split("\n", 1)[0] if is_heading else text[:_LONGEST_OPENING]
    named = _NAMED.match(opening)
    if named:
        if named["ends"] is not None or is_heading or opening[named.end() :].startswith("\n"):
            return label_of(named[1])
        return ""
    found = _BRACKETED.match(opening) or _NUMBERED.match(opening) or _DECIMAL.match(opening) or _SPACED.match(opening)
    found = found or _LETTERED.match(opening) or (_ROMAN.match(opening) if is_heading else None)
    if found is None or _MONTH.match(opening, found.end()):
        return ""
    return label_of(next(filter(None, found.groups())))


def begins_recitals(text: str) -> bool:
    """Tell whether a paragraph leads into the recitals of an act, such as "Whereas:"."""
    return len(text) <= 60 and _WHEREAS.fullmatch(text.strip()) is not None


def recital_label(label: str) -> str:
    """Return the label of a numbered paragraph among recitals, "(2)": "Recital 2"; "" for another label."""
    return f"Recital {label[1:-1]}" if _RECITAL.fullmatch(label) else ""


def names_a_unit(text: str) -> bool:
    """Tell whether `text` is nothing but the name of a unit, such as "Article 4": a heading, however it is set."""
    return len(text) <= 40 and _ONLY_NAMED.fullmatch(text.strip()) is not None


def unit_rank(text: str) -> int | None:
    """Return how deep a division stands: 0 for a part, 1 for a chapter, 2 for a section, 3 for an article; else None."""
    if _NAMED.match(text) is None:
        return None
    return next((rank for rank, names in enumerate(_RANKS) if names.match(text)), None)


def is_list_mark(text: str) -> bool:
    """Tell whether `text` is a mark of a list and nothing else: "(a)", "1.", "iv", a bullet."""
    text = text.strip()
    return _BULLET.fullmatch(text) is not None or (len(text) <= 12 and _MARK.fullmatch(text) is not None)


def mark_label(mark: str) -> str:
    """Return the label of a list mark; a bullet is none."""
    return "" if _BULLET.fullmatch(mark.strip()) else label_of(mark)


def follows(mark: str, last: str | None) -> bool:
    """Tell whether the label `mark` begins a list (`last` is None) or comes next after the label `last`."""
    if last is None:
        return mark.strip("()") in ("1", "a", "A", "i", "I")
    if mark.startswith("(") != last.startswith("("):
        return False
    here, before = mark.strip("()"), last.strip("()")
    return any(here == other for other in _next_labels(before))


def _next_labels(label: str) -> Iterator[str]:
    if label.isdigit():
        yield str(int(label) + 1)
    elif len(label) == 1 and label.isascii() and label.isalpha():
        yield chr(ord(label) + 1)
    value = _roman_value(label)
    if value:
        following = roman(value + 1)
        yield following.upper() if label.isupper() else following


def _roman_value(text: str) -> int:
    """Return the value of a lower- or upper-case roman number, 0 for another text."""
    rest, value = text.lower(), 0
    for number, letters in _ROMAN_DIGITS:
        while rest.startswith(letters):
            value, rest = value + number, rest[len(letters) :]
    return value if not rest and roman(value) == text.lower() else 0


def roman(number: int) -> str:
    """Return `number` in small roman numerals; decimal digits outside 1 to 3,999."""
    if not 0 < number < 4000:
        return str(number)
    written = []
    for value, letters in _ROMAN_DIGITS:
        written.append(letters * (number // value))
        number %= value
    return "".join(written)


def letter(number: int, *, doubled: bool = False) -> str:
    """Return the letter of a place: a to z, then aa, ab (as web pages count), or aa, bb (`doubled`, as Word counts)."""
    if number < 1:
        return str(number)
    if doubled:
        return chr(ord("a") + (number - 1) % 26) * min(5, (number - 1) // 26 + 1)
    written = ""
    while number:
        number, rest = divmod(number - 1, 26)
        written = chr(ord("a") + rest) + written
    return written


def enumerated(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Split the lines of a paragraph where marks at their starts count up: (label, lines without it), "" for the lead-in.

    A number that stands at the start of a line by chance, out of its order, splits nothing.
    """
    pieces: list[tuple[str, list[str]]] = [("", [])]
    last: list[str] = []  # the last label of each open level
    for line in lines:
        found = _BRACKETED.match(line) or _NUMBERED.match(line) or _LETTERED.match(line)
        mark = label_of(next(filter(None, found.groups()))) if found else ""
        if found is None or found[1] is None and not mark:
            pieces[-1][1].append(line)
            continue
        while last and not follows(mark, last[-1]) and any(follows(mark, earlier) for earlier in last[:-1]):
            last.pop()
        if last and follows(mark, last[-1]):
            last[-1] = mark
        elif follows(mark, None):
            last = [*last[1 - _DEEPEST_LIST :], mark]
        else:
            pieces[-1][1].append(line)
            continue
        pieces.append((mark, [line[found.end() :]]))
    if len(pieces) == 2 and pieces[0][1]:  # a single mark amid a paragraph is no list
        return [("", list(lines))]
    return pieces if pieces[0][1] else pieces[1:]
