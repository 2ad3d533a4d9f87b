"""Citations of a register answer: the lines of a supporter's own file that say who it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.answers import AnswerPart
from assistant.citations import Citation
from knowledge_base.catalog import Catalog
from knowledge_base.countries import country_name
from knowledge_base.register import BUILT_IN_SOURCE, Supporter

MOST_CITED = 20
_SAMPLE = 3  # citations shown after a sentence about more supporters than are listed
_BUILT_IN_BRIEF = "briefs/states-in-the-register.md"
_FIELDS = re.compile(r"^name:[^\n]*(?:\n(?:category|nature|nationality|country):[^\n]*)*", re.MULTILINE)
_FIELDS_AND_DATE = re.compile(r"^name:[^\n]*(?:\n(?!---)[^\n]*)*?\ndate_signed:[^\n]*", re.MULTILINE)


def cited(
    parts: Sequence[AnswerPart], supporters: Sequence[Supporter], catalog: Catalog, dated: bool = False
) -> tuple[tuple[Citation, ...], list[AnswerPart]]:
    """Cite at most 20 supporters' records; return the citations and the parts with their numbers.

    List items stand for the supporters in order. Where nothing is listed the first part carries a sample. `dated`: the quote
    goes on to the joining date.
    """
    citations = _citations(supporters[:MOST_CITED], catalog, dated)
    numbers = [citations[s.number].number for s in supporters if s.number in citations]
    items = [part for part in parts if part.kind == "list_item"]
    if len(items) == len(supporters):
        queue = iter(supporters)
        return _unique(citations), [_numbered(part, next(queue), citations) if part in items else part for part in parts]
    shown = tuple(dict.fromkeys(numbers))[:_SAMPLE]
    numbered = [replace(part, citations=shown) if not i and shown else part for i, part in enumerate(parts)]
    return _unique(citations), numbered


def _numbered(part: AnswerPart, supporter: Supporter, citations: dict[int, Citation]) -> AnswerPart:
    found = citations.get(supporter.number)
    return replace(part, citations=(found.number,)) if found else part


def _unique(citations: dict[int, Citation]) -> tuple[Citation, ...]:
    return tuple({citation.number: citation for citation in citations.values()}.values())


def _citations(supporters: Sequence[Supporter], catalog: Catalog, dated: bool) -> dict[int, Citation]:
    """Map each supporter's number to its citation; supporters that stand on the same lines share one."""
    found: dict[int, Citation] = {}
    known: dict[tuple[str, int], Citation] = {}
    for supporter in supporters:
        place = _place(supporter, catalog, dated)
        if place:
            source, title, start, quote = place
            new = Citation(len(known) + 1, source, title, None, start, start + len(quote), quote)
            found[supporter.number] = known.setdefault((source, start), new)
    return found


def _place(supporter: Supporter, catalog: Catalog, dated: bool) -> tuple[str, str, int, str] | None:
    """Return source, title, offset and quote: of the record, or of the brief where the register is the built-in one."""
    built_in = supporter.source.endswith(BUILT_IN_SOURCE)
    source = _BUILT_IN_BRIEF if built_in else supporter.source
    page = catalog.page(source, None)
    if page is None:
        return None
    found = _line_on(supporter, page.text) if built_in else _record_lines(page.text, dated)
    title = "The 81 states that support the Paris Call" if built_in else supporter.name
    return (source, title, found.start(), found[0]) if found and found[0] else None


def _record_lines(text: str, dated: bool) -> re.Match[str] | None:
    return (_FIELDS_AND_DATE.search(text) if dated else None) or _FIELDS.search(text) or re.search(r"\S[^\n]*", text)


def _line_on(supporter: Supporter, text: str) -> re.Match[str] | None:
    """Return the first line of a brief that names the state."""
    names = "|".join(re.escape(name) for name in (supporter.name, country_name(supporter.country, "en")))
    return re.search(rf"(?m)^\S[^\n]*\b(?:{names})(?!\w)[^\n]*$", text)
