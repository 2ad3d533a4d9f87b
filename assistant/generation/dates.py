"""Dates in English and French sentences, as far as each is written out: a day, a month, a year."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge_base.text_terms import fold

_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "janv fevr mars avr mai juin juil aout sept oct nov dec",
    )
    for number, name in enumerate(names.split(), start=1)
}
MONTH_NAMES = frozenset(_MONTHS)
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?:1[5-9]|20)\d\d"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|er|e)?"
_DAYS = rf"{_DAY}(?:\s*(?:,|and|to|et|au|or|ou|&|-|–)\s*{_DAY})*"
_BEFORE_MONTH = r"(?:in|of|since|early|late|mid|by|until|during|from|en|de|depuis|fin|debut|mi|des|d|before|after|avant|apres)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?P<year>{_YEAR})-(?P<number>0[1-9]|1[0-2])-(?P<days>0[1-9]|[12]\d|3[01])\b",
        rf"(?<![\d/.,])(?P<days>{_DAYS})\s+(?:of\s+|de\s+)?(?P<month>{_MONTH})(?:,?\s+(?P<year>{_YEAR})\b)?",
        rf"\b(?P<month>{_MONTH})\s+(?P<days>{_DAYS})\b(?!\s*%)(?:,?\s+(?P<year>{_YEAR})\b)?",
        rf"\b(?P<month>{_MONTH})(?:\s+(?:of\s+|de\s+)?(?P<year>{_YEAR})\b)",
        rf"\b{_BEFORE_MONTH}[\s'’-]+(?P<month>{_MONTH})",
        rf"(?<![\d/.,-])(?P<year>{_YEAR})(?:[-–/](?P<until>\d\d)\b)?(?!\d|[/.,]\d)",
        rf"(?<=\d{{4}}[-–])(?P<year>{_YEAR})(?!\d)",
    )
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as it is written: each part may be missing."""

    day: int | None = None
    month: int | None = None
    year: int | None = None

    def is_met_by(self, others: Iterable[Date]) -> bool:
        """Say whether one of the others has every part of this one; a year may come from another of them."""
        known = list(others)
        years = {other.year for other in known}
        return any(
            self.day in (None, other.day)
            and self.month in (None, other.month)
            and (self.year in (None, other.year) or (other.year is None and self.year in years))
            for other in known
        )

    def shares_a_kind_with(self, other: Date) -> bool:
        """Say whether both write out the same part, so that one could stand for the other."""
        pairs = ((self.day, other.day), (self.month, other.month), (self.year, other.year))
        return any(mine is not None and theirs is not None for mine, theirs in pairs)


def dates_in(text: str) -> tuple[list[Date], str]:
    """Return the dates of a text, and the text, folded, with blanks in their places: what is left holds other numbers."""
    spans, rest = date_spans(text)
    return [date for _, _, dates in spans for date in dates], rest


def date_spans(text: str) -> tuple[list[tuple[int, int, list[Date]]], str]:
    """Return where dates stand (from, to, the dates: several in "3 and 4 April"), and the text, folded, without them."""
    rest = fold_in_place(text)
    found: list[tuple[int, int, list[Date]]] = []
    for pattern in _PATTERNS:
        for match in list(pattern.finditer(rest)):
            found.append((match.start(), match.end(), list(_dates_of(match))))
            rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    return found, rest


def fold_in_place(text: str) -> str:
    """Return the text in lower case without accents, each character in its old place."""
    return "".join((fold(character) or " ")[:1] for character in text)


def _dates_of(match: re.Match[str]) -> Iterator[Date]:
    parts = match.groupdict()
    year = int(parts["year"]) if parts.get("year") else None
    month = int(parts["number"]) if parts.get("number") else _MONTHS.get((parts.get("month") or "").rstrip("."))
    days: list[int | None] = [int(day) for day in _NUMBER.findall(parts.get("days") or "")]
    for day in days or [None]:
        yield Date(day, month, year)
    if year and parts.get("until"):
        yield Date(year=year - year % 100 + int(parts["until"]))
