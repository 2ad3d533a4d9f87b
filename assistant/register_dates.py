"""Dates of a question on joining: "since 2020", "before March 2021", "en 2021", "between 2019 and 2021"."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from knowledge_base.text_terms import fold

_MONTHS = (
    "january janvier jan", "february fevrier feb", "march mars mar", "april avril apr", "may mai", "june juin jun",
    "july juillet jul", "august aout aug", "september septembre sep sept", "october octobre oct", "november novembre nov",
    "december decembre dec",
)  # fmt: skip
_MONTH_NUMBERS = {word: number for number, names in enumerate(_MONTHS, 1) for word in names.split()}
_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_DAY = r"(?P<day{0}>\d{{1,2}})(?:st|nd|rd|th|er)?\s+(?:of\s+)?"
_DATE = (
    rf"(?:the\s+)?(?:(?:{_DAY})?(?P<month{{0}}>{_MONTH})\.?,?\s+(?:of\s+|de\s+)?)?"
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
