"""Statements with a date, in the order of their dates, across all documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.answers import SourceLink
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.dates import Date, date_spans
from knowledge_base.language.words import question_language, stems
from knowledge_base.passages import Passage, SentenceSpan
from knowledge_base.store.catalog import Catalog

_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")  # what every date here holds: cheap to look for
_STATED = ("sentence", "item")


@dataclass(frozen=True, slots=True)
class DatedStatement:
    """A sentence that stands on its page, characters `start` to `end`, with one of the dates it names.

    `when` is that date as far as it is written: "2018", "2018-11" or "2018-11-12"; `dated` are the characters of it.
    """

    when: str
    source: str
    title: str
    page: int | None
    start: int
    end: int
    text: str
    dated: tuple[int, int]

    def address(self, generation: str) -> str:
        """Return the address of its page, with the sentence marked."""
        return SourceLink(self.source, self.page, ((self.start, self.end),), generation).address()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Dated statements, the earliest first; of the same date in the order of the documents' titles."""

    statements: tuple[DatedStatement, ...]

    @property
    def years(self) -> Mapping[int, int]:
        """Count the statements of each year."""
        return dict(sorted(Counter(int(statement.when[:4]) for statement in self.statements).items()))

    def within(self, since: int, until: int) -> Timeline:
        """Return those of the years `since` to `until`."""
        return replace(self, statements=tuple(s for s in self.statements if since <= int(s.when[:4]) <= until))

    def as_json(self, generation: str, limit: int) -> dict[str, Any]:
        """Return the first `limit` as the command line prints them."""
        rows = [
            {
                "date": s.when,
                "source": s.source,
                "title": s.title,
                "page": s.page,
                "start": s.start,
                "end": s.end,
                "text": s.text,
                "link": s.address(generation),
            }
            for s in self.statements[:limit]
        ]
        return {"total": len(self.statements), "years": dict(self.years), "statements": rows}


def timeline(catalog: Catalog, sought: str = "") -> Timeline:
    """Return the dated statements of all documents, or those with each word of `sought`, in any of its forms.

    A statement with several dates comes once for each. The same sentence of several documents comes once for each of them.
    Raises KnowledgeBaseError where `sought` holds no word to look for.
    """
    asked = {language: stems(sought, language) for language in ("en", "fr")}
    if sought.strip() and not asked[question_language(sought)]:
        raise KnowledgeBaseError("These words are too common to look for.", "Name what the dates are about.")
    found: dict[tuple[str, int | None, int, str], DatedStatement] = {}
    for passage in catalog.all_passages():
        if _YEAR.search(passage.text):
            for statement in _dated(passage, set(asked.get(passage.language or "en", asked["en"]))):
                found.setdefault((statement.source, statement.page, statement.start, statement.when), statement)
    return Timeline(tuple(sorted(found.values(), key=lambda s: (s.when, s.title, s.source, s.page or 0, s.start))))


def _dated(passage: Passage, asked: set[str]) -> Iterator[DatedStatement]:
    for span, text in zip(passage.sentences, passage.sentence_texts, strict=True):
        is_dated = span.role in _STATED and span.kind != "heading" and _YEAR.search(text)
        if is_dated and (not asked or asked <= set(stems(text, passage.language))):
            yield from _dates_of(passage, span, text)


def _dates_of(passage: Passage, span: SentenceSpan, text: str) -> Iterator[DatedStatement]:
    for begin, end, dates in date_spans(text)[0]:
        for date in dates:
            if date.year is not None:
                place = (passage.source, passage.title, passage.page, span.start, span.end, text)
                yield DatedStatement(_written(date), *place, (begin, end))


def _written(date: Date) -> str:
    """Return a date as ISO 8601 has it, to the part that is known."""
    month = f"-{date.month:02}" if date.month else ""
    return f"{date.year}{month}{f'-{date.day:02}' if month and date.day else ''}"
