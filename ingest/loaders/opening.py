"""What the opening of a document says of itself: its title and its date, before what the file's properties and name say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import PurePosixPath

from knowledge_base.language.dates import date_line, date_spans
from knowledge_base.passages import Page

_JUNK_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel)\b.*|untitled\b.*|sans titre\b.*|ohne titel\b.*"
    r"|(?:new |nouveau |word |microsoft )?document ?\d*(?: word)?|title|titre|print|presentation\d*|slide \d+"
    r"|powerpoint presentation|index|home(?: ?page)?|accueil|default|page ?\d*"
    r"|.*\.(?:docx?|indd|pdf|pptx?|qxd|tex|dvi|rtf|odt|xlsx?|html?|pages|pub)"
    r"|\S*[\d_-]\S*|[\W\d_]*",
    re.IGNORECASE,
)
_SAYS_LITTLE = re.compile(r"(?:index|readme|page|text|content|default|(?:.*\s)?\d{1,3})", re.IGNORECASE)
_VERSION = re.compile(r"\d|\b(?:final|draft|copy|copie|scan)\b", re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_ROOTS = ("", "uploads")  # folders whose names say nothing of a document
_PLACE = re.compile(r"[^\W\d]+(?:[ -][^\W\d]+)*, ?(?:le |the )?(?=\d)", re.IGNORECASE)
_DAY_OF_MONTH = re.compile(r"(?<=\d)(st|nd|rd|th|er)?(?: of| de)? ([^\W\d]+),? (?=\d{4})", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_OPENING_LINES = 6
_LONGEST_LINE, _LONGEST_TITLE = 60, 90
_MOST_WORDS = 4  # beside a date on a line of its own: "Held in Lyon on 14 March 2025"
_STALE_DAYS = 366  # a file's date so long before the text's own is that of a template


def is_junk_title(title: str) -> bool:
    """Return whether what a file states as its title is none: a program's name, a file's name, a lone code."""
    return _JUNK_TITLE.fullmatch(title) is not None


def opening_title(page: Page, source: str) -> str:
    """Return the title of a document that states none: its file's name where that consists of words, else its first line.

    Where no line of the opening looks like a title, its first words are taken.
    """
    path = PurePosixPath(source)
    is_code = _VERSION.search(path.stem) and len(_LONG_WORD.findall(_readable(path.stem))) < 2
    if not is_code or (says_little(source) and path.parent.name not in _ROOTS):
        return title_from_source(source)
    lines = [line for line in _opening(page) if written_date(line) is None and len(_LONG_WORD.findall(line)) > 1]
    titles = (line for line in lines if len(line) <= _LONGEST_TITLE and line[0].isupper() and line[-1] not in ".;:,!?")
    first = next(titles, None) or next(iter(lines), "")
    shortened = first if len(first) <= _LONGEST_TITLE else first[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"
    return shortened or title_from_source(source)


def choose_date(stated: str | None, page: Page) -> str | None:
    """Return the ISO date on a line of its own in the opening, else the `stated` one unless it is a template's."""
    lines = _opening(page)
    own = {written_date(line) for line in lines} - {None}
    own = own or {_lone_date(line) for line in lines[1:]} - {None}
    if len(own) == 1:
        return own.pop()
    later = {found for line in lines if stated and (found := _lone_date(line, most_words=None)) and _is_stale(stated, found)}
    return later.pop() if len(later) == 1 else stated


def written_date(text: str) -> str | None:
    """Return the ISO date of a text such as `Paris, 12th of November, 2018` or `November 12, 2018`; None for all else."""
    day = _PLACE.sub("", " ".join(text.split()).rstrip("."), count=1)
    return date_line(_DAY_OF_MONTH.sub(r"\1 \2 ", day))


def _lone_date(line: str, most_words: int | None = _MOST_WORDS) -> str | None:
    """Return the one full date of a short line, with so many other words at most."""
    spans, rest = date_spans(line)
    dates = [found for _, _, each in spans for found in each]
    if len(line) > _LONGEST_LINE or len(dates) != 1 or (most_words is not None and len(_WORD.findall(rest)) > most_words):
        return None
    return iso_date(dates[0].year, dates[0].month, dates[0].day)


def _is_stale(stated: str, own: str) -> bool:
    try:
        return (date.fromisoformat(own) - date.fromisoformat(stated)).days > _STALE_DAYS
    except ValueError:
        return False


def iso_date(year: int | None, month: int | None, day: int | None) -> str | None:
    """Return a date in ISO form, or None where a part is missing or there is no such day."""
    try:
        return date(year, month, day).isoformat() if year and month and day else None
    except ValueError:
        return None


def _opening(page: Page) -> list[str]:
    """Return the first lines of a page."""
    blocks: Iterable[str] = (page.text[block.start : block.end] for block in page.blocks[:_OPENING_LINES])
    lines: Sequence[str] = [" ".join(line.split()) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line][:_OPENING_LINES]


def title_from_source(source: str) -> str:
    """Return a readable title from the path; a name such as `principle-4` gets its folder's name in front."""
    path = PurePosixPath(source)
    name = _readable(path.stem)
    folder = _readable(path.parent.name)
    if folder and says_little(source):
        return f"{_capitalised(folder)}: {name}"
    return _capitalised(name) or source


def says_little(source: str) -> bool:
    """Tell whether the file's name alone is no title: a number at its end, `index`, `readme`."""
    return _SAYS_LITTLE.fullmatch(_readable(PurePosixPath(source).stem)) is not None


def _readable(name: str) -> str:
    return " ".join(re.sub(r"[-_]+", " ", name).split())


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
