"""What can be told of a page's text: odd characters, lines so short that they stood in columns or cells, no text at all."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from knowledge_base.passages import OriginRun, Page, Passage

FEW_CHARACTERS = 25
_ODD_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs"})
_EXPECTED_CONTROLS = frozenset("\n\t")
_REPLACEMENT = "\ufffd"
_LEAST_RUN = 8
_LEAST_LINES = 15
# Measured on 140 pages of reports: lines of 25 to 55 characters found 29 of 30 pages in columns, and 5 of 110 others.
_CELL_LENGTH, _COLUMN_LENGTH = 25, 55
_LEAST_ROWS = 2
_NO_TEXT = "it has hardly any text; if it is a picture, it needs text recognition (OCR)"


@dataclass(frozen=True, slots=True)
class PageHealth:
    """What was read of a page (None: the whole of a document without pages).

    `odd` is the share, 0 to 1, of characters that no text has: replacements, controls, private and unassigned ones. `columns`
    and `tables` are suspected from the lengths of its lines and the rows that were read.
    """

    page: int | None
    characters: int
    language: str | None
    odd: float
    columns: bool = False
    tables: bool = False
    needs_ocr: bool = False
    problem: str | None = None


def page_health(page: Page, passages: Sequence[Passage], language: str | None) -> PageHealth:
    """Tell of a page from its stored text and the passages that were cut of it."""
    line = _usual_line(page.origin)
    rows = sum(span.kind == "table_row" for passage in passages for span in passage.sentences)
    is_empty = page.number is not None and len(page.text) < FEW_CHARACTERS
    return PageHealth(
        page.number,
        len(page.text),
        language,
        odd_share(page.text),
        columns=line is not None and _CELL_LENGTH <= line < _COLUMN_LENGTH,
        tables=rows >= _LEAST_ROWS or (line is not None and line < _CELL_LENGTH),
        needs_ocr=is_empty,
        problem=page.problem or (_NO_TEXT if is_empty else None),
    )


def odd_share(text: str) -> float:
    """Return the share of characters that no text has."""
    odd = sum(count for character, count in Counter(text).items() if _is_odd(character))
    return round(odd / len(text), 4) if text else 0.0


def _is_odd(character: str) -> bool:
    if character in _EXPECTED_CONTROLS:
        return False
    return character == _REPLACEMENT or unicodedata.category(character) in _ODD_CATEGORIES


def _usual_line(origin: Sequence[OriginRun]) -> float | None:
    """Return the usual length of a page's lines, or None where it has few: the text runs on from line to line in the origin."""
    lengths = [run.length for run in origin if run.length > _LEAST_RUN]
    return median(lengths) if len(lengths) >= _LEAST_LINES else None
