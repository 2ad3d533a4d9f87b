"""Choose the title and the date of a PDF document from what it says of itself and from its first page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from ingest.loaders.characters import clean
from ingest.loaders.pdf_pages.blocks import Unit
from ingest.loaders.pdf_pages.structure import unit_text
from ingest.loaders.pdf_pages.style import Style
from ingest.loaders.structure import one_line, title_from_source
from knowledge_base.language.dates import date_line

_JUNK_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel)\b.*|untitled\b.*|sans titre\b.*|ohne titel\b.*|(?:new |nouveau )?document ?\d*"
    r"|title|titre|print|presentation\d*|slide \d+|powerpoint presentation"
    r"|.*\.(?:docx?|indd|pdf|pptx?|qxd|tex|dvi|rtf|odt|xlsx?|html?|pages|pub)"
    r"|\S*[\d_-]\S*|[\W\d_]*",
    re.IGNORECASE,
)
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_PLACE = re.compile(r"[^\W\d]+(?:[ -][^\W\d]+)*, ?(?:le |the )?(?=\d)", re.IGNORECASE)
_DAY_OF_MONTH = re.compile(r"(?<=\d)(st|nd|rd|th|er)?(?: of| de)? ([^\W\d]+),? (?=\d{4})", re.IGNORECASE)
_MONTH_AND_YEAR = re.compile(r"(?:[^\W\d]+,? )?\d{4}")
_COVER_LENGTH = 800
_TITLE_RATIO = 1.1
_LONGEST_DATE = 60


def choose_title(stated: str, cover: Sequence[Unit], style: Style, source: str) -> str:
    """Return the `stated` title unless it is junk, else the largest text of the `cover`, else one made of the file's name."""
    title = one_line(clean(stated))
    if title and _JUNK_TITLE.fullmatch(title) is None:
        return title
    return _largest_text(cover, style) or title_from_source(source)


def choose_date(stated: str, blocks: Iterable[str]) -> str | None:
    """Return the ISO date that a block of its own states, a place before it at most; of several or none, the `stated` one."""
    written = {written_date(block) for block in blocks if len(block) <= _LONGEST_DATE} - {None}
    return written.pop() if len(written) == 1 else _stated_date(stated)


def written_date(text: str) -> str | None:
    """Return the ISO date of a text such as `Paris, 12th of November, 2018` or `November 12, 2018`; None for all else."""
    day = _PLACE.sub("", " ".join(text.split()).rstrip("."), count=1)
    return date_line(_DAY_OF_MONTH.sub(r"\1 \2 ", day))


def _stated_date(stated: str) -> str | None:
    found = _PDF_DATE.match(stated.strip())
    return _iso(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _largest_text(cover: Sequence[Unit], style: Style) -> str:
    """Return the largest text, and on a page with little else the next large one after it."""
    large = [unit for unit in cover if unit.size >= _TITLE_RATIO * style.body_size and _is_title(unit_text(unit, style))]
    titles = _of_largest_size(large)
    if sum(unit.length for unit in cover) <= _COVER_LENGTH:
        titles += _of_largest_size([unit for unit in large if unit not in titles])
    return one_line(": ".join(unit_text(unit, style).rstrip(" :") for unit in titles))


def _is_title(text: str) -> bool:
    return len(text) > 3 and _MONTH_AND_YEAR.fullmatch(text) is None and written_date(text) is None


def _of_largest_size(units: Sequence[Unit]) -> list[Unit]:
    largest = max((unit.size for unit in units), default=0.0)
    return [unit for unit in units if unit.size >= 0.95 * largest]
