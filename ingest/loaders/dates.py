"""Recognise a line that is a date and nothing else, in English or French."""

from __future__ import annotations

import datetime
import re

_MONTHS = (
    "january janvier", "february février fevrier", "march mars", "april avril", "may mai", "june juin",
    "july juillet", "august août aout", "september septembre", "october octobre", "november novembre",
    "december décembre decembre",
)  # fmt: skip
_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME = "|".join(_MONTH_NUMBERS)
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
    number = _MONTH_NUMBERS.get(month) or int(month)
    try:
        return datetime.date(int(found["year"]), number, int(found["day"])).isoformat()
    except ValueError:
        return None
