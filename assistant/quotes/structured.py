"""Answers made of the documents' structure: a numbered thing's text, all things of a kind, who led each, an overview."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.answers import Answer, AnswerPart, Citation, written
from assistant.evidence.cues import cue
from assistant.messages import message
from assistant.question.questions import Question, QuestionKind
from assistant.question.wanted import Form, Wanted, asks_for_official, numbered_in, without_asking_words
from assistant.quotes.named_documents import documents_named
from assistant.quotes.numbered import OWN, Series, Statement, asks_who_held, holders, is_own
from assistant.quotes.overview import MOST_PARTS, overview
from assistant.quotes.quoting import Quote, cited
from assistant.quotes.verdicts import is_yes_no
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import content_words, fold, question_language, stem, stems_of_all_words, words
from knowledge_base.passages import Passage
from knowledge_base.search.queries import match_expression, question_terms
from knowledge_base.store.catalog import Catalog, DocumentRow

Similarities = Callable[[str, Sequence[Passage]], Mapping[str, float]]
Section = tuple[str, list[Quote]]
"""A note, "" for none, and the quotes that stand under it."""

_DOCUMENT = pattern(r"\b{wanted.document_nouns}\b")
_MOST_NUMBERED = 4  # things that one question names by number
_ON_IT = 2  # sentences on a thing beside its text
_DEFINING = 60  # passages that hold a subject and are looked through for what it is
_TOLD = 3  # sentences, or parts of a document, where its text is quoted too
_MOST_NOUNS = 12


def by_structure(question: Question, wanted: Wanted, catalog: Catalog, similarities: Similarities) -> Answer | None:
    """Answer a question that asks for something by its place in the documents; None for any other.

    `similarities` gives those of the sentences of passages with a text, by sentence id.
    """
    series = [(Series(thing.noun, question.language, catalog), thing.number) for thing in wanted.numbered[:_MOST_NUMBERED]]
    series = [(one, number) for one, number in series if one.is_named(number)]
    sections: list[Section] = []
    as_list = False
    if (
        wanted.form in (Form.WORDING, Form.OVERVIEW)
        and series
        and _asks_nothing_else(wanted.subject, wanted, question, catalog)
    ):
        sections = _of_things(series, wanted, question, similarities)
    elif is_yes_no(question.asked) and (counted := _counted_otherwise(question, catalog)):
        number = len(counted.numbers)
        note, as_list = message(question.language, "structure.number_of", count=number), True
        sections = [(note, [statement.quote for statement in counted.all_statements()])]
    elif not wanted.numbered and (found := _series_asked(question, wanted, catalog)):
        sections, as_list = _of_series(found, question), True
    if not sections and wanted.form == Form.OVERVIEW:
        sections = _of_document(wanted.subject, question, catalog, similarities)
    return _answer(question, sections, catalog, as_list) if any(quotes for _, quotes in sections) else None


def _asks_nothing_else(subject: str, wanted: Wanted, question: Question, catalog: Catalog) -> bool:
    """Say whether a subject is numbered things alone, but for words that name the collection they stand in."""
    named = {word for thing in wanted.numbered for word in content_words(thing.noun, question.language)}
    left = [word for word in without_asking_words(subject, question.language) if word not in named]
    numbers = {thing.number for thing in numbered_in(subject, question.language)}
    return len(left) - len(numbers) <= 0 or _name_documents(left, question, catalog)


def _name_documents(names: Sequence[str], question: Question, catalog: Catalog) -> bool:
    """Say whether titles of documents hold all of the words."""
    held = frozenset[str]().union(*(stems_of_all_words(title, language) for title, language in catalog.titles().values()))
    terms = question_terms(" ".join(names), question.language)
    return all(held.intersection(roots) for roots in terms.values())


def _of_things(
    series: Sequence[tuple[Series, int]], wanted: Wanted, question: Question, similarities: Similarities
) -> list[Section]:
    """Return the text of each thing and, where one is asked for as a whole, what else is said of it."""
    sections: list[Section] = []
    is_on_document = bool(_DOCUMENT.search(fold(wanted.subject)))
    for one, number in series:
        statements = one.statements(number)
        texts = [statement for statement in statements if statement.is_text and one.is_in_language(statement)]
        if texts:
            sections.append(("", [texts[0].quote]))
        if wanted.form == Form.WORDING and not texts and wanted.is_bare and statements:
            title = statements[0].quote.passage.title
            note = message(question.language, "structure.no_official", title=title) if statements[0].is_own else ""
            sections.append((note, [statements[0].quote]))
        elif wanted.form == Form.WORDING and not texts:
            sections.append(("", [statement.quote for statement in statements[:1]]))
        elif wanted.form == Form.OVERVIEW and len(series) == 1:
            sections += _on_thing(one, number, statements, bool(texts), similarities, is_on_document)
    return sections


def _on_thing(
    one: Series, number: int, statements: Sequence[Statement], has_text: bool, similarities: Similarities, is_on_document: bool
) -> list[Section]:
    """Return what documents say on a thing: what others say of it in passing, then an overview of the document on it."""
    told = [s.quote for s in statements if not s.is_text and one.is_in_language(s)]
    others = [quote for quote in told if not is_own(quote.passage)]
    named = documents_named(f"{one.noun} {number}", one.language, one.catalog, is_on_document)
    document = next((row for row in named if row.language in (one.language, None)), None)
    if document is None:
        return [("", (others if has_text and others else told or [s.quote for s in statements if not has_text])[:_TOLD])]
    near = similarities(document.title, list(one.catalog.all_passages(document.source)))
    told_of_all = [] if is_on_document else one.all_statements()
    first = others[:_ON_IT] if has_text else [s.quote for s in told_of_all if s.number == number]
    quotes = overview(document.source, near, one.catalog, first, most=_TOLD if has_text else MOST_PARTS)
    return [("", first), (_heading_of(document, one.language), quotes)]


def _heading_of(document: DocumentRow, language: str) -> str:
    """Return the note that stands over an overview of a document."""
    key = "own_overview" if document.source.startswith(OWN) else "overview"
    return message(language, f"structure.{key}", title=document.title)


def _series_asked(question: Question, wanted: Wanted, catalog: Catalog) -> Series | None:
    """Return the series that a question asks for as a whole ("the nine principles", "who led each working group")."""
    is_on_holders = question.kind == QuestionKind.WHO and asks_who_held(question.asked)
    is_list = wanted.form == Form.ALL or question.kind == QuestionKind.LIST
    if not is_on_holders and not is_list and question.count is None:
        return None
    found = without_asking_words(wanted.subject, question.language)
    series = next(
        (
            one
            for noun in _nouns(found, wanted.subject)
            if (one := Series(noun, question.language, catalog)).numbers and one.is_noun
        ),
        None,
    )
    if series is None:
        return None
    left = [word for word in found if word not in series.noun.split()]
    return series if is_on_holders or (is_list and _name_documents(left, question, catalog)) else None


def _counted_otherwise(question: Question, catalog: Catalog) -> Series | None:
    """Return the series of which a yes/no question gives another number of things than documents name one by one."""
    for number in Text.read(question.asked, question.language).numbers:
        noun = next((w for w in words(question.asked) if stem(w, question.language) == number.noun), "")
        series = Series(noun, question.language, catalog)
        named = series.numbers if noun else []
        if named == list(range(1, len(named) + 1)) and named and number.kind == "count" and number.value != len(named):
            return series if len(series.all_statements()) == len(named) else None
    return None


def _nouns(found: Sequence[str], subject: str) -> list[str]:
    """Return the plural nouns that a subject may be a series of, the first first: of two words that stand together, of one."""
    text = fold(subject)
    pairs = {one: f"{one} {other}" for one, other in pairwise(found) if re.search(rf"\b{one} (?:de )?{other}\b", text)}
    nouns = [noun for word in found for noun in (pairs.get(word, ""), word) if noun]
    return [noun for noun in nouns if any(word.endswith(("s", "x")) for word in noun.split())][:_MOST_NOUNS]


def _of_series(series: Series, question: Question) -> list[Section]:
    """Return a statement for each thing of a series, or who led it where that is asked."""
    if question.kind == QuestionKind.WHO or asks_who_held(question.asked):
        held = holders(series, series.numbers)
        quotes = list(held.values())
        told = {
            thing.number
            for quote in quotes
            for thing in numbered_in(quote.text, quote.passage.language or question_language(quote.text))
        } | held.keys()
        missing = [str(number) for number in range(1, max(series.numbers) + 1) if number not in told]
    else:
        statements = series.all_statements()
        quotes, missing = [statement.quote for statement in statements], []
    if len(quotes) < 2:
        return []
    note = ""
    if missing:
        note = message(question.language, "structure.not_told", numbers=", ".join(missing))
    return [("", quotes), (note, [])] if note else [("", quotes)]


def _of_document(subject: str, question: Question, catalog: Catalog, similarities: Similarities) -> list[Section]:
    """Return an overview of the document that a subject names, under a note that says so."""
    named = documents_named(subject, question.language, catalog, of_others=asks_for_official(question.asked))
    if not named:
        return []
    document = named[0]
    near = similarities(f"{subject} {document.title}", list(catalog.all_passages(document.source)))
    asked = replace(question, kind=QuestionKind.DEFINITION, subject=fold(subject))
    quotes = overview(document.source, near, catalog)
    is_defined = any(cue(asked, quote.text) == 1 for quote in quotes[:1])
    definition = [] if is_defined else _definition(subject, asked, catalog)
    held = {(quote.place, quote.start) for quote in definition}
    quotes = [quote for quote in quotes if (quote.place, quote.start) not in held]
    own = [quote.passage.title for quote in definition if is_own(quote.passage)]
    note = message(question.language, "structure.own", title=own[0]) if own else ""
    return [(note, definition), (_heading_of(document, question.language), quotes)]


def _definition(subject: str, asked: Question, catalog: Catalog) -> list[Quote]:
    """Return the best sentence that says what a subject is; nothing where none does."""
    terms = question_terms(subject, asked.language)
    expression = " AND ".join(f"({match_expression(roots)})" for roots in terms.values())
    passages = catalog.passages(catalog.search(expression, _DEFINING, (1.0, 1.0, 1.0)) if expression else []).values()
    found = [
        Quote(passage, span.start, span.end, text, span.kind, role=span.role)
        for passage in passages
        for span, text in zip(passage.sentences, passage.sentence_texts, strict=True)
        if span.role == "sentence" and passage.language == asked.language and cue(asked, text) == 1
    ]
    return sorted(found, key=lambda q: (is_own(q.passage), q.passage.ordinal > 0 or q.passage.start > 0))[:1]


def _answer(question: Question, sections: Iterable[Section], catalog: Catalog, as_list: bool) -> Answer | None:
    parts: list[AnswerPart] = []
    citations: list[Citation] = []
    for note, quotes in sections:
        made, new = cited(quotes, catalog, {})
        parts += [AnswerPart(note, kind="note")] if note and (made or not quotes) else []
        shift = len(citations)
        parts += [
            replace(p, citations=tuple(n + shift for n in p.citations), kind="list_item" if as_list else p.kind) for p in made
        ]
        citations += [replace(citation, number=citation.number + shift) for citation in new]
    if not citations:
        return None
    answer = Answer(question.asked, written(parts), "extractive", False, tuple(citations), (), 0.0, tuple(parts))
    return replace(answer, confidence=1.0)
