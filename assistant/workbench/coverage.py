"""Who mentions a term: counted in every document, or by year, language or country, each count with its best quote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assistant.answers import Citation, citation_as_json
from assistant.messages import message
from assistant.quotes.quoting import Quote, cited
from assistant.workbench.tables import Rows
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.places import country, country_name, place_spans
from knowledge_base.language.vocabulary import known_language
from knowledge_base.passages import Passage, SentenceSpan
from knowledge_base.search.mentions import (
    DocumentMentions,
    Term,
    as_written,
    best_sentence,
    count_mentions,
    mentioning_sentences,
    read_pages,
    read_term,
    worth_as_quote,
)
from knowledge_base.store.catalog import Catalog, DocumentRow

By = Literal["document", "year", "language", "country"]
GROUPS: tuple[By, ...] = ("document", "year", "language", "country")

Found = tuple[Passage, SentenceSpan]


@dataclass(frozen=True, slots=True)
class Row:
    """How often a document, or a group of `documents`, mentions a term, by form; `citation` is the best quote.

    `source` is the document; of a group, the one that mentions the term most. `title` is its title or the group's name.
    """

    source: str | None
    title: str
    count: int
    citation: Citation | None
    forms: Mapping[str, int]
    documents: int = 1


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where a term is mentioned: `searched` are its forms, `none` the documents that hold none of them, of all in `library`."""

    term: str
    searched: tuple[str, ...]
    by: By
    rows: tuple[Row, ...]
    none: tuple[str, ...]
    library: Mapping[str, DocumentRow]

    @property
    def count(self) -> int:
        """Return the number of mentions; by country, one counts for each country that its sentence names."""
        return sum(row.count for row in self.rows)

    def number_holding(self, *, records: bool) -> tuple[int, int]:
        """Return how many of the register's records, or of all other documents, mention the term, and how many there are."""
        asked = {source for source, row in self.library.items() if (row.kind == "record") == records}
        return len(asked.difference(self.none)), len(asked)

    def as_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        rows = [
            {
                "source": row.source,
                "title": row.title,
                "count": row.count,
                "documents": row.documents,
                "forms": dict(row.forms),
                "citation": citation_as_json(row.citation) if row.citation else None,
            }
            for row in self.rows
        ]
        head = {"term": self.term, "searched": list(self.searched), "by": self.by, "documents": len(self.library)}
        return head | {"rows": rows, "none": list(self.none)}

    def table(self) -> dict[str, Rows]:
        """Return the sheets of its table: the counts, those of 0 too, and what was searched for."""
        first = self.by.capitalize()
        counts: list[dict[str, str | int | None]] = [
            {
                first: row.title,
                "Source": row.source,
                "Mentions": row.count,
                "Documents": row.documents,
                "Best quote": row.citation.quote if row.citation else None,
                "Quoted from": row.citation.title if row.citation else None,
                "Page": row.citation.page if row.citation else None,
            }
            for row in self.rows
        ]
        if self.by == "document":
            rest = {"Documents": 1, "Best quote": None, "Quoted from": None, "Page": None}
            counts += [{first: self.library[source].title, "Source": source, "Mentions": 0, **rest} for source in self.none]
        told: Rows = [
            {"Term": self.term, "Searched for": form, "Documents searched": len(self.library)} for form in self.searched
        ]
        return {"Coverage": counts, "Searched for": told}


@dataclass(slots=True)
class _Group:
    """What is counted together: the forms, and of each document how often it mentions the term."""

    title: str
    forms: Counter[str] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    quote: Found | None = None

    def add(self, source: str, forms: Mapping[str, int]) -> None:
        self.forms.update(forms)
        self.by_source[source] += sum(forms.values())


def cover(text: str, catalog: Catalog, by: By = "document", language: str = "en") -> Coverage:
    """Count the mentions of a term in all documents; raise KnowledgeBaseError where it is no term.

    By country, a mention in a supporter's record counts for the country of the record, any other for each country that its
    sentence names. Names of groups are in `language` ("en" or "fr").
    """
    if by not in GROUPS:
        raise KnowledgeBaseError(f"Mentions cannot be counted by {by}.", f"Choose one of: {', '.join(GROUPS)}.")
    pages = read_pages(catalog)
    term = read_term(text, pages)
    mentions = count_mentions(term, pages)
    names = as_written(term, mentions, pages)
    documents = {row.source: row for row in catalog.documents()}
    groups: dict[str, _Group] = {}
    if by == "country":
        _group_by_country(groups, term, mentions, documents, catalog, language)
    else:
        for source, found in mentions.items():
            key, title = _group_of(documents[source], by, language)
            groups.setdefault(key, _Group(title)).add(source, found.forms)
    rows: list[Row] = []
    for _, group in sorted(groups.items(), key=_order(by)):
        best, _ = min(group.by_source.items(), key=lambda counted: (-counted[1], counted[0]))
        quote = group.quote or best_sentence(term, mentions[best], catalog)
        citation = citation_of(quote, len(rows) + 1, catalog)
        forms = {names[form]: number for form, number in group.forms.most_common()}
        source = quote[0].source if quote else best
        rows.append(Row(source, group.title, group.forms.total(), citation, forms, len(group.by_source)))
    none = tuple(source for source in documents if source not in mentions)
    return Coverage(text.strip(), tuple(dict.fromkeys(names.values())), by, tuple(rows), none, documents)


def _group_of(document: DocumentRow, by: By, language: str) -> tuple[str, str]:
    """Return the key and the name of the group that a document belongs to."""
    if by == "document":
        return document.source, document.title
    if by == "year":
        year = (document.date or "")[:4]
        return year, year or message(language, "coverage.undated")
    from babel import Locale

    code = document.language or ""
    name = Locale(language).languages.get(code, code)
    return code, name or message(language, "coverage.no_language")


def _order(by: By) -> Callable[[tuple[str, _Group]], tuple[int, str]]:
    """Return what rows are put in order by: years in their order, undated ones last; else the most mentions first."""
    if by == "year":
        return lambda entry: (not entry[0], entry[0])
    return lambda entry: (-entry[1].forms.total(), entry[1].title)


def _group_by_country(
    groups: dict[str, _Group],
    term: Term,
    mentions: Mapping[str, DocumentMentions],
    documents: Mapping[str, DocumentRow],
    catalog: Catalog,
    language: str,
) -> None:
    """Count the mentions of each country: those of its supporters' records, and those in sentences that name it."""
    homes = {row.source: row.record.country for row in catalog.register()}
    best: dict[str, tuple[bool, ...]] = {}
    for source, found in mentions.items():
        if source in homes:
            name = country_name(homes[source], language) or message(language, "coverage.no_country")
            groups.setdefault(name, _Group(name)).add(source, found.forms)
            continue
        stemmed = known_language(documents[source].language)
        for passage, span, forms in mentioning_sentences(term, found, catalog):
            keys = {key for place in place_spans(passage.sentence_text(span), stemmed) for key in place.keys}
            for name in {place.name(language) for key in keys if (place := country(key))}:
                group = groups.setdefault(name, _Group(name))
                group.add(source, forms)
                if name not in best or worth_as_quote(passage, span, forms) > best[name]:
                    best[name], group.quote = worth_as_quote(passage, span, forms), (passage, span)


def citation_of(found: Found | None, number: int, catalog: Catalog) -> Citation | None:
    """Return a sentence as a citation; None where it does not stand on its page, letter for letter."""
    if found is None:
        return None
    passage, span = found
    quote = Quote(passage, span.start, span.end, passage.sentence_text(span), span.kind, role=span.role)
    _, citations = cited([quote], catalog, {})
    return replace(citations[0], number=number) if citations else None
