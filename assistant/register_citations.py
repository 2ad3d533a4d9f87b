"""Citations of a register answer: the lines of a supporter's own file that say who it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from assistant.answers import AnswerPart
from assistant.citations import Citation
from knowledge_base.catalog import Catalog
from knowledge_base.countries import country_name
from knowledge_base.register import BUILT_IN_SOURCE, Supporter

MOST_CITED = 20
_SAMPLE = 3  # of the records that one sentence is about
_BUILT_IN_BRIEF = "briefs/states-in-the-register.md"
_FIELDS = re.compile(r"^name:[^\n]*(?:\n(?:category|nature|nationality|country):[^\n]*)*", re.MULTILINE)
_FIELDS_AND_DATE = re.compile(r"^name:[^\n]*(?:\n(?!---)[^\n]*)*?\ndate_signed:[^\n]*", re.MULTILINE)


class Stated(NamedTuple):
    """A part of an answer and the supporters that it is about."""

    part: AnswerPart
    supporters: Sequence[Supporter] = ()


def cited(stated: Sequence[Stated], catalog: Catalog, dated: bool = False) -> tuple[tuple[Citation, ...], list[AnswerPart]]:
    """Cite at most 20 records in all and three of a part; return the citations and the parts with the numbers of theirs.

    `dated`: the quotes go on to the joining date.
    """
    citations: dict[tuple[str, int], Citation] = {}
    parts: list[AnswerPart] = []
    for part, supporters in stated:
        numbers = [_number(supporter, catalog, dated, citations) for supporter in supporters[:_SAMPLE]]
        parts.append(replace(part, citations=tuple(dict.fromkeys(number for number in numbers if number))))
    return tuple(citations.values()), parts


def _number(supporter: Supporter, catalog: Catalog, dated: bool, citations: dict[tuple[str, int], Citation]) -> int | None:
    """Return the number of the supporter's citation, a new one unless its lines are cited already or there are enough."""
    if len(citations) == MOST_CITED:
        return None
    place = _place(supporter, catalog, dated)
    if place is None:
        return None
    source, start, title, quote = place
    new = Citation(len(citations) + 1, source, title, None, start, start + len(quote), quote)
    return citations.setdefault((source, start), new).number


def _place(supporter: Supporter, catalog: Catalog, dated: bool) -> tuple[str, int, str, str] | None:
    """Return source, offset, title and quote: of the record, or of the brief where the register is the built-in one."""
    built_in = supporter.source.endswith(BUILT_IN_SOURCE)
    source = _BUILT_IN_BRIEF if built_in else supporter.source
    page = catalog.page(source, None)
    if page is None:
        return None
    found = _line_on(supporter, page.text) if built_in else _record_lines(page.text, dated)
    title = "The 81 states that support the Paris Call" if built_in else supporter.name
    return (source, found.start(), title, found[0]) if found and found[0] else None


def _record_lines(text: str, dated: bool) -> re.Match[str] | None:
    return (_FIELDS_AND_DATE.search(text) if dated else None) or _FIELDS.search(text) or re.search(r"\S[^\n]*", text)


def _line_on(supporter: Supporter, text: str) -> re.Match[str] | None:
    """Return the first line of a brief that names the state."""
    names = "|".join(re.escape(name) for name in (supporter.name, country_name(supporter.country, "en")))
    return re.search(rf"(?m)^(?=\S)[^\n]*\b(?:{names})(?!\w)[^\n]*$", text)
