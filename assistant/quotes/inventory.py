"""What the library holds: its documents, their headings and pages, what is new, and which documents mention a term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from assistant.answers import Answer, AnswerPart, Citation, written
from assistant.messages import message
from assistant.question.requests import SMALL_TALK, Request
from assistant.question.wanted import numbered_in, without_asking_words
from assistant.quotes.named_documents import documents_named, texts
from assistant.quotes.quoting import Quote, cited
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import words
from knowledge_base.search.mentions import best_sentence, count_mentions, read_pages, read_term
from knowledge_base.store.catalog import Catalog, DocumentRow

LISTED = 40  # documents at most that an answer names
QUOTED = 12  # documents at most that a term is quoted from
_PERIODS = {"week": 7, "month": 31, "year": 366, "day": 1, "yesterday": 1, "today": 0, "semaine": 7, "mois": 31, "annee": 366}


def respond(asked: str, request: Request, catalog: Catalog) -> Answer | None:
    """Answer a request from the catalog; None where its subject names no document, so that it is a question after all."""
    language = request.language
    citations: list[Citation] = []
    if request.kind in SMALL_TALK:
        parts = list(_small_talk(request, catalog))
    elif request.kind == "documents":
        parts = list(_documents(language, catalog))
    elif request.kind == "news":
        parts = list(_news(asked, language, catalog))
    elif request.kind == "mentions":
        parts, citations = _mentions(request, catalog)
    else:
        found = _named_documents(request, catalog)
        if not found:
            return None
        describe = _headings if request.kind == "headings" else _pages
        parts = [part for document in found[:3] for part in describe(document, language, catalog)]
    text = written(parts)
    return Answer(asked, text, "extractive", False, tuple(citations), (), 0.0, tuple(parts), confidence=1.0)


def _note(language: str, key: str, **values: object) -> AnswerPart:
    return AnswerPart(message(language, f"requests.{key}", **values), kind="note")


def _small_talk(request: Request, catalog: Catalog) -> Iterator[AnswerPart]:
    documents = message(request.language, "requests.indexed", count=catalog.counts()["documents"])
    yield _note(request.language, request.kind, documents=documents)
    if request.kind != "thanks":
        first, second = (message(request.language, f"requests.{key}_example") for key in ("first", "second"))
        yield _note(request.language, "try", first=first, second=second)


def _documents(language: str, catalog: Catalog) -> Iterator[AnswerPart]:
    rows, counts = texts(catalog), catalog.counts()
    yield _note(language, "documents", count=len(rows))
    if counts["records"]:
        yield _note(language, "records", count=counts["records"])
    for row in rows[:LISTED]:
        details = [row.date or "", message(language, "requests.page_count", count=row.pages) if row.kind == "pdf" else ""]
        yield AnswerPart(", ".join(filter(None, (row.title, *details))), kind="list_item")
    if len(rows) > LISTED:
        yield _note(language, "more", count=len(rows) - LISTED)


def _news(asked: str, language: str, catalog: Catalog) -> Iterator[AnswerPart]:
    rows = sorted(texts(catalog), key=lambda row: row.indexed_at, reverse=True)
    days = next((_PERIODS[word] for word in words(asked) if word in _PERIODS), None)
    latest = rows[0].indexed_at[:10] if rows else ""
    since = latest if days is None else (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
    new = [row for row in rows if row.indexed_at[:10] >= since]
    if not new:
        yield _note(language, "nothing_new", date=_written(since, language), latest=_written(latest, language))
        return
    yield _note(language, "new", count=len(new), date=_written(since, language))
    yield from (AnswerPart(row.title, kind="list_item") for row in new[:LISTED])
    if len(new) > LISTED:
        yield _note(language, "more", count=len(new) - LISTED)


def _written(iso: str, language: str) -> str:
    from babel.dates import format_date

    return format_date(date.fromisoformat(iso), "long", locale=language) if iso else "–"


def _named_documents(request: Request, catalog: Catalog) -> list[DocumentRow]:
    """Return the documents that a request names; a lone document needs no name."""
    if not without_asking_words(request.subject, request.language) and not numbered_in(request.subject, request.language):
        rows = texts(catalog)
        return rows if len(rows) == 1 else []
    named = documents_named(request.subject, request.language, catalog, of_others=True)
    return [row for row in named if row.kind == "pdf"] or named if request.kind in ("pages", "length") else named


def _headings(document: DocumentRow, language: str, catalog: Catalog) -> Iterator[AnswerPart]:
    passages = catalog.all_passages(document.source)
    tops = dict.fromkeys(" ".join(p.sentence_text(s).split()) for p in passages for s in p.sentences if s.kind == "heading")
    if not tops:
        yield _note(language, "no_headings", title=document.title)
        return
    yield _note(language, "headings", title=document.title)
    yield from (AnswerPart(heading, kind="list_item") for heading in list(tops)[:LISTED])


def _pages(document: DocumentRow, language: str, catalog: Catalog) -> Iterator[AnswerPart]:
    if document.kind == "pdf":
        yield _note(language, "pages", title=document.title, count=document.pages)
        return
    count = sum(len(page.text.split()) for page in catalog.pages(document.source))
    yield _note(language, "no_pages", title=document.title, count=count)


def _mentions(request: Request, catalog: Catalog) -> tuple[list[AnswerPart], list[Citation]]:
    """Return how many documents mention a term in any of its forms, and the best quote of each."""
    language, rows = request.language, {row.source: row for row in texts(catalog)}
    pages = read_pages(catalog)
    try:
        term = read_term(request.subject, pages)
    except KnowledgeBaseError as error:
        return [AnswerPart(str(error), kind="note")], []
    mentions = count_mentions(term, pages)
    held = sorted((m for source, m in mentions.items() if source in rows), key=lambda m: -m.count)
    values = {"total": len(rows), "subject": request.subject, "words": ", ".join(term.forms)}
    parts = [_note(language, "mentions" if held else "no_mention", count=len(held), **values)]
    if records := len(mentions) - len(held):
        parts.append(_note(language, "records_mention", count=records, total=catalog.counts()["records"]))
    quotes, left = [], [rows[m.source].title for m in held[QUOTED:]]
    for document in held[:QUOTED]:
        if found := best_sentence(term, document, catalog):
            passage, span = found
            quotes.append(Quote(passage, span.start, span.end, passage.sentence_text(span), "list_item", role=span.role))
        else:
            left.append(rows[document.source].title)
    quoted, citations = cited(quotes, catalog, {})
    quoted = [replace(part, kind="list_item") for part in quoted]
    return [*parts, *quoted, *(AnswerPart(title, kind="list_item") for title in left[:LISTED])], citations
