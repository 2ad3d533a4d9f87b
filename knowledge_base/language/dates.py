"""Dates in English and French: those of a sentence, as far as each is written out, and the interval that a question names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from knowledge_base.language.vocabulary import listed, mapping, pattern
from knowledge_base.language.words import fold, fold_in_place

_WRITTEN_MONTHS = [[forms.split() for forms in listed("dates.months", code)] for code in ("en", "fr")]
_FULL = {names[0]: number for months in _WRITTEN_MONTHS for number, names in enumerate(months, 1)}
MONTHS = {fold(name): number for months in _WRITTEN_MONTHS for number, names in enumerate(months, 1) for name in names}
FULL_MONTHS = _FULL | {fold(name): number for name, number in _FULL.items()}  # no abbreviations, with and without accents


def _any(names: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(names, key=len, reverse=True))})"


# Dates in a sentence, folded

_MONTH = rf"{_any(MONTHS)}\b\.?"
_YEAR = r"(?:1[5-9]|20)\d\d"
_SCALE = rf"\s+{_any(mapping('numbers.scales'))}s?\b"  # "1700 billion" is no year
_DAY = r"(?:[12]\d|3[01]|0?[1-9]){dates.day_endings}?"
_DAYS = rf"{_DAY}(?:\s*(?:,|{{dates.between_days}}|&|-|–)\s*{_DAY})*"
_OF = r"(?:{dates.of}\s+)?"
_PATTERNS = tuple(
    pattern(phrase, re.NOFLAG)
    for phrase in (
        rf"\b(?P<year>{_YEAR})-(?P<number>0[1-9]|1[0-2])-(?P<days>0[1-9]|[12]\d|3[01])\b",
        rf"(?<![\d/.,])(?P<days>{_DAYS})\s+{_OF}(?P<month>{_MONTH})(?:,?\s+(?P<year>{_YEAR})\b)?",
        rf"\b(?P<month>{_MONTH})\s+(?P<days>{_DAYS})\b(?!\s*%)(?:,?\s+(?P<year>{_YEAR})\b)?",
        rf"\b(?P<month>{_MONTH})(?:\s+{_OF}(?P<year>{_YEAR})\b)",
        rf"\b{{dates.before_month}}[\s'’-]+(?P<month>{_MONTH})",
        rf"(?<![\d/.,-])(?P<year>{_YEAR})(?:[-–/](?P<until>\d\d)\b)?(?!\d|[/.,]\d|{_SCALE})",
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
        """Return whether one of the others has every part of this one; a year may come from another of them."""
        known = list(others)
        years = {other.year for other in known}
        return any(
            self.day in (None, other.day)
            and self.month in (None, other.month)
            and (self.year in (None, other.year) or (other.year is None and self.year in years))
            for other in known
        )

    def shares_a_kind_with(self, other: Date) -> bool:
        """Return whether both write out the same part, so that one could stand for the other."""
        pairs = ((self.day, other.day), (self.month, other.month), (self.year, other.year))
        return any(mine is not None and theirs is not None for mine, theirs in pairs)


def date_spans(text: str) -> tuple[list[tuple[int, int, list[Date]]], str]:
    """Return where dates stand (from, to, the dates: several in "3 and 4 April"), and the text, folded, with blanks there."""
    rest = fold_in_place(text)
    found: list[tuple[int, int, list[Date]]] = []
    for form in _PATTERNS:
        for match in list(form.finditer(rest)):
            parts = match.groupdict()
            year = int(parts["year"]) if parts.get("year") else None
            month = int(parts["number"]) if parts.get("number") else MONTHS.get((parts.get("month") or "").rstrip("."))
            days = [int(day) for day in _NUMBER.findall(parts.get("days") or "")]
            dates = [Date(day, month, year) for day in days] or [Date(None, month, year)]
            until = year - year % 100 + int(parts["until"]) if year and parts.get("until") else 0
            if year and until > year and (rest[match.start("until") - 1] != "/" or until == year + 1):  # "2001/83" is a number
                dates.append(Date(year=until))
            found.append((match.start(), match.end(), dates))
            rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    return found, rest


# The interval that a question names

_SIDES = ("since", "after", "before", "until", "within")  # of the date that follows
_ASKED = (
    rf"(?:the\s+)?(?:(?:(?P<day#>\d{{1,2}}){{dates.day_endings}}?\s+{_OF})?(?P<month#>{_any(MONTHS)})\.?,?\s+{_OF})?"
    r"(?P<year#>20\d\d)(?:-(?P<number#>\d\d))?"
)
_ONE = pattern(
    rf"\b(?:{'|'.join(f'(?P<{side}>{{interval.{side}}})' for side in _SIDES)})\s+(?:{{interval.articles}}\s+)?"
    rf"{_ASKED.replace('#', '1')}\b"
)
_TWO = pattern(rf"\b{{interval.between}}\s+{_ASKED.replace('#', '1')}\s+{{interval.and}}\s+{_ASKED.replace('#', '2')}\b")


class Interval(NamedTuple):
    """Half-open: from ISO date `since` (None: open) to before ISO date `before`; `rest` is the text without it."""

    rest: str
    since: str | None
    before: str | None


def interval(text: str) -> Interval:
    """Take the dates out of `text`; both None where it has none."""
    plain = fold(text.replace("'", " ").replace("’", " "))
    found = (_TWO.search(plain) or _ONE.search(plain)) if len(plain) == len(text) else None
    if not found:
        return Interval(text, None, None)
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    first, after = _span(found, "1")
    if found.re is _TWO:
        return Interval(rest, first, _span(found, "2")[1])
    if found["since"] or found["after"]:
        return Interval(rest, first if found["since"] else after, None)
    if found["before"] or found["until"]:
        return Interval(rest, None, first if found["before"] else after)
    return Interval(rest, first, after)


def _span(found: re.Match[str], number: str) -> tuple[str, str]:
    """Return first day and day after the last of a year, a month or a day."""
    year = int(found[f"year{number}"])
    month = MONTHS.get(found[f"month{number}"] or "", int(found[f"number{number}"] or 0))
    if not 1 <= month <= 12:
        return f"{year}-01-01", f"{year + 1}-01-01"
    if day := int(found[f"day{number}"] or 0):
        first = date(year, month, min(day, 28)) + timedelta(days=max(0, day - 28))
        return first.isoformat(), (first + timedelta(days=1)).isoformat()
    return f"{year}-{month:02d}-01", date(year + month // 12, month % 12 + 1, 1).isoformat()


# A line that is a date

_LINES = tuple(
    pattern(form)
    for form in (
        rf"(?P<month>{_any(FULL_MONTHS)}) (?P<day>\d\d?){{dates.day_endings}}?,? (?P<year>\d{{4}})",
        rf"(?P<day>\d\d?){{dates.day_endings}}? (?P<month>{_any(FULL_MONTHS)}) (?P<year>\d{{4}})",
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
    )
)


def date_line(text: str) -> str | None:
    """Return the ISO date where `text` is only a date, such as `December 18, 2018` or `12 novembre 2018`, else None."""
    line = " ".join(text.split())
    found = next((found for form in _LINES if (found := form.fullmatch(line))), None)
    if not found:
        return None
    month = FULL_MONTHS.get(found["month"].lower()) or int(found["month"])
    try:
        return date(int(found["year"]), month, int(found["day"])).isoformat()
    except ValueError:
        return None
