"""Dates in English and French sentences, as far as each is written out: a day, a month, a year."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from knowledge_base.language.words import fold

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


_ASKED_MONTHS = (
    "january janvier jan", "february fevrier feb", "march mars mar", "april avril apr", "may mai", "june juin jun",
    "july juillet jul", "august aout aug", "september septembre sep sept", "october octobre oct", "november novembre nov",
    "december decembre dec",
)  # fmt: skip
_MONTH_NUMBERS = {word: number for number, names in enumerate(_ASKED_MONTHS, 1) for word in names.split()}
_ASKED_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_ASKED_DAY = r"(?P<day{0}>\d{{1,2}})(?:st|nd|rd|th|er)?\s+(?:of\s+)?"
_DATE = (
    rf"(?:the\s+)?(?:(?:{_ASKED_DAY})?(?P<month{{0}}>{_ASKED_MONTH})\.?,?\s+(?:of\s+|de\s+)?)?"
    r"(?P<year{0}>20\d\d)(?:-(?P<number{0}>\d\d))?"
)
_PREPOSITIONS = (
    "since|from|depuis|a partir de|starting in|after|apres|before|prior to|avant|until|up to|jusqu en|jusqu a|"
    "in|en|during|on|le|au cours de"
)
_ONE = re.compile(rf"\b(?P<preposition>{_PREPOSITIONS})\s+(?:the year\s+|l annee\s+|le\s+)?{_DATE.format(1)}\b")
_TWO = re.compile(rf"\b(?:between|entre)\s+{_DATE.format(1)}\s+(?:and|et)\s+{_DATE.format(2)}\b")


class Interval(NamedTuple):
    """Half-open: from ISO date `since` (None: open) to before ISO date `before`; `rest` is the text without it."""

    rest: str
    since: str | None
    before: str | None


def interval(text: str) -> Interval:
    """Take the dates out of `text`; both None where it has none."""
    plain = fold(text.replace("'", " ").replace("’", " "))
    if len(plain) != len(text):
        return Interval(text, None, None)
    if both := _TWO.search(plain):
        return Interval(_without(text, both), _span(both, "1")[0], _span(both, "2")[1])
    if one := _ONE.search(plain):
        return Interval(_without(text, one), *_bounds(one["preposition"], *_span(one, "1")))
    return Interval(text, None, None)


def _bounds(preposition: str, start: str, end: str) -> tuple[str | None, str | None]:
    if preposition in {"since", "from", "depuis", "a partir de", "starting in"}:
        return start, None
    if preposition in {"after", "apres"}:
        return end, None
    if preposition in {"before", "prior to", "avant"}:
        return None, start
    return (None, end) if preposition in {"until", "up to", "jusqu en", "jusqu a"} else (start, end)


def _span(found: re.Match[str], number: str) -> tuple[str, str]:
    """Return first day and day after the last of a year, a month or a day."""
    year = int(found[f"year{number}"])
    month = _MONTH_NUMBERS.get(found[f"month{number}"] or "", int(found[f"number{number}"] or 0))
    if not 1 <= month <= 12:
        return f"{year}-01-01", f"{year + 1}-01-01"
    if day := int(found[f"day{number}"] or 0):
        first = date(year, month, min(day, 28)) + timedelta(days=max(0, day - 28))
        return first.isoformat(), (first + timedelta(days=1)).isoformat()
    return f"{year}-{month:02d}-01", date(year + month // 12, month % 12 + 1, 1).isoformat()


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


_WRITTEN_MONTHS = (
    "january janvier", "february février fevrier", "march mars", "april avril", "may mai", "june juin",
    "july juillet", "august août aout", "september septembre", "october octobre", "november novembre",
    "december décembre decembre",
)  # fmt: skip
_WRITTEN_MONTH_NUMBERS = {name: number for number, names in enumerate(_WRITTEN_MONTHS, 1) for name in names.split()}
_NAME = "|".join(_WRITTEN_MONTH_NUMBERS)
_FORMS = (
    re.compile(rf"(?P<month>{_NAME}) (?P<day>\d\d?)(?:st|nd|rd|th)?,? (?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(rf"(?P<day>\d\d?)(?:er|st|nd|rd|th)? (?P<month>{_NAME}) (?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
)


def date_line(text: str) -> str | None:
    """Return the ISO date where `text` is a date alone, such as `December 18, 2018` or `12 novembre 2018`, else None."""
    for form in _FORMS:
        found = form.fullmatch(" ".join(text.split()))
        if found:
            return _iso_date(found)
    return None


def _iso_date(found: re.Match[str]) -> str | None:
    month = found["month"].lower()
    number = _WRITTEN_MONTH_NUMBERS.get(month) or int(month)
    try:
        return datetime.date(int(found["year"]), number, int(found["day"])).isoformat()
    except ValueError:
        return None
