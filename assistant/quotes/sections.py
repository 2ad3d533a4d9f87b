"""Sections whose heading says what a question asks, documents that it names, and the order of other texts before our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from assistant.answers import AnswerPart, Citation
from assistant.evidence.gathering import Evidence
from assistant.evidence.provisions import references_in
from assistant.evidence.scoring import Sentence
from assistant.messages import message
from assistant.question.questions import Question, QuestionKind
from assistant.question.wanted import asks_for_official, without_asking_words
from assistant.quotes.numbered import OWN, is_own
from assistant.quotes.quoting import Quote, leans, page_quotes
from knowledge_base.language.vocabulary import word_set
from knowledge_base.language.words import fold, stems_of_all_words, words
from knowledge_base.passages import Passage, sentence_id
from knowledge_base.search.queries import match_expression
from knowledge_base.store.catalog import Catalog

_SAYS_IT = 0.75  # share of the weight of the question's words that a heading holds
_SEARCHED = 40
_MOST_WORDS, _MOST_SENTENCES, _LIST_WORDS = 160, 4, 260
_NEAR = 0.35  # by which the best sentence of a named document may be worse than the best of all
_NEAREST = 0.3  # similarity of a sentence of the official text with a question that asks for it
_MOST_IN_A_ROW = 45  # words; a longer row of a table cannot be read as an answer
_LEADS = 0.15  # by which a brief's sentence must be better than another text's to stand before it
_HEADINGS_FIRST = (1.0, 4.0, 1.0)
_DOCUMENTS = 4  # that are looked through where the question names none

Section = tuple[str, list[tuple[Passage, int]]]
"""A heading, and the sentences below it: each with its passage and its position there."""


def by_heading(
    question: Question,
    sources: Sequence[str],
    catalog: Catalog,
    similarities: Callable[[str, Sequence[Passage]], Mapping[str, float]],
) -> list[Quote]:
    """Return the list, or the best sentences, of the section whose heading says what is asked; nothing where there is none.

    `sources` are the documents that the question names, whose own words are not asked for; in no others is looked then. A
    question on "working group 5" is answered by documents whose title names it, where there are such.
    """
    named = frozenset[str]().union(*(_naming(source, catalog) for source in sources)) if sources else frozenset()
    asked = without_asking_words(question.asked, question.language)
    empty = {fold(word) for word in (*word_set("wanted.officials"), *word_set("wanted.making"))}
    terms = {
        w: r for w, r in question.terms.items() if w in asked and w not in empty and named.isdisjoint(r) and not w.isdigit()
    }
    if not terms or (not sources and len(terms) < 2):
        return []
    expression = match_expression(root for roots in terms.values() for root in roots)
    found = catalog.passages(catalog.search(expression, _SEARCHED, _HEADINGS_FIRST)).values()
    looked_in = list(sources) or _numbered_alike(question, catalog) or list(dict.fromkeys(p.source for p in found))[:_DOCUMENTS]
    total = sum(question.weights.get(word, 1.0) for word in terms)
    best: tuple[float, Section] | None = None
    for section in (section for source in looked_in for section in _sections(source, catalog)):
        above = stems_of_all_words(section[0], section[1][0][0].language)
        held = sum(question.weights.get(word, 1.0) for word, roots in terms.items() if not above.isdisjoint(roots)) / total
        if held >= _SAYS_IT and (best is None or held > best[0]):
            best = held, section
    return _of_section(best[1], question, catalog, similarities) if best else []


def _numbered_alike(question: Question, catalog: Catalog) -> list[str]:
    """Return the documents whose titles name the numbered things that a question names."""
    asked = {reference.parts[:1] for reference in references_in(question.asked, question.language) if reference.noun}
    titles = catalog.titles().items()
    return [
        source
        for source, (title, _) in titles
        if asked and asked <= {r.parts[:1] for r in references_in(title, question.language)}
    ]


def _sections(source: str, catalog: Catalog) -> Iterator[Section]:
    """Yield each heading of a document with the sentences below it, up to the next heading with sentences of its own."""
    heading, below = "", list[tuple[Passage, int]]()
    for passage in catalog.all_passages(source):
        last = passage.heading.rpartition(" > ")[2]
        if last and last != heading and not (passage.sentences and passage.sentences[0].kind == "heading"):
            if below and heading:
                yield heading, below
            heading, below = last, []
        for position, span in enumerate(passage.sentences):
            if span.kind != "heading":
                below.append((passage, position))
                continue
            if below and heading:
                yield heading, below
            text = " ".join(passage.sentence_text(span).split())
            heading, below = (f"{heading} {text}" if heading and not below else text), []
    if below and heading:
        yield heading, below


def _naming(source: str, catalog: Catalog) -> frozenset[str]:
    """Return the stems, in either language, of the words that name a document."""
    title, language = catalog.titles().get(source, ("", None))
    text = f"{title} {' '.join(words(source))} working group groupe de travail"
    return stems_of_all_words(text, "en") | stems_of_all_words(text, "fr")


def _of_section(
    section: Section,
    question: Question,
    catalog: Catalog,
    similarities: Callable[[str, Sequence[Passage]], Mapping[str, float]],
) -> list[Quote]:
    """Return the list of a section, or those of its sentences that are nearest to the question, in its order."""
    passages = {passage.id: passage for passage, _ in section[1]}
    near = similarities(question.query.text, list(passages.values()))
    quotes: list[tuple[float, Quote]] = []
    for passage, position in section[1]:
        span = passage.sentences[position]
        quote = next((q for q in page_quotes(passage, catalog) if q.start == span.start), None)
        if quote and span.role in ("sentence", "item"):
            quotes.append((near.get(sentence_id(passage.id, position), 0.0), quote))
    items = [quote for _, quote in quotes if quote.kind == "list_item"]
    if len(items) > 1 and sum(item.length() for item in items) <= _LIST_WORDS:
        return items
    kept: list[Quote] = []
    for _, quote in sorted(quotes, key=lambda pair: -pair[0]):
        if len(kept) < _MOST_SENTENCES and sum(q.length() for q in (*kept, quote)) <= _MOST_WORDS:
            kept.append(quote)
    ordered = [quote for _, quote in quotes if quote in kept]
    # "They ..." leans on the heading where it is the section's first sentence, elsewhere on one that is not quoted.
    is_adrift = bool(ordered) and leans(ordered[0]) and ordered[0] is not quotes[0][1]
    return ordered[1:] if is_adrift else ordered


def by_document(
    question: Question,
    sources: Sequence[str],
    catalog: Catalog,
    similarities: Callable[[str, Sequence[Passage]], Mapping[str, float]],
) -> list[Quote]:
    """Return the sentences of documents that are nearest to a question, in its language; nothing where none is near."""
    passages = [p for source in sources for p in catalog.all_passages(source) if p.language == question.language]
    officials = {fold(word) for word in word_set("wanted.officials")}
    asked = [word for word in without_asking_words(question.asked, question.language) if word not in officials]
    near = similarities(" ".join(asked), passages)
    found = [
        (
            near.get(sentence_id(p.id, position), 0.0),
            Quote(p, span.start, span.end, p.sentence_text(span), span.kind, role=span.role),
        )
        for p in passages
        for position, span in enumerate(p.sentences)
        if span.role in ("sentence", "item") and span.kind != "heading"
    ]
    best = sorted(found, key=lambda pair: -pair[0])[:1]
    return [quote for score, quote in best if score >= _NEAREST]


def is_near(evidence: Evidence, sources: Sequence[str]) -> bool:
    """Say whether the best sentence of some documents is hardly worse than the best of all."""
    best = next((s.score for s in evidence.sentences if s.passage.source in sources), None)
    return best is not None and best >= evidence.sentences[0].score - _NEAR


def focused(question: Question, evidence: Evidence, sources: Sequence[str], official: Sequence[str]) -> Evidence:
    """Return the evidence with the sentences of the documents that a question names alone, where they are good enough.

    Where it names none, a brief of the assistant's own stands behind another text that says it nearly as well; a brief is not
    the report that a question names. `official` documents are those that call themselves so.
    """
    sentences = [s for s in evidence.sentences if s.kind != "table_row" or len(s.text.split()) <= _MOST_IN_A_ROW]
    if not sentences:
        return evidence
    evidence = replace(evidence, sentences=sentences)
    wanted = {source for source in sources if not source.startswith(OWN)}
    if not wanted and asks_for_official(question.asked):
        others = {s.passage.source for s in sentences if not is_own(s.passage)}
        wanted = others.intersection(official) or others
    named = [s for s in sentences if s.passage.source in wanted]
    told = [s for s in named if s.kind != "table_row"]  # a cell names no author and makes no sentence
    named = named if question.kind == QuestionKind.QUANTITY else told or named
    if named and is_near(evidence, [s.passage.source for s in named]):
        return replace(evidence, sentences=named)
    better = [s for s in sentences if not is_own(s.passage) and s.passage.language in (question.language, None)]
    if not better or better[0].score < sentences[0].score - _LEADS or not is_own(sentences[0].passage):
        return evidence
    shift = sentences[0].score - better[0].score
    moved = [_lowered(s, shift) if is_own(s.passage) else s for s in sentences]
    return replace(evidence, sentences=sorted(moved, key=lambda s: -s.score))


def _lowered(sentence: Sentence, shift: float) -> Sentence:
    return replace(sentence, score=sentence.score - shift)


def own_last(
    parts: Sequence[AnswerPart], citations: Sequence[Citation], language: str
) -> tuple[list[AnswerPart], list[Citation]]:
    """Put what is quoted from the assistant's own briefs behind the rest, under a note that says whose it is."""
    own = {citation.number for citation in citations if citation.source.startswith(OWN)}
    ours = [part for part in parts if part.citations and own.issuperset(part.citations)]
    if not ours or len(own) == len(citations):
        return list(parts), list(citations)
    rest = [part for part in parts if part not in ours]
    ordered = [*(c for c in citations if c.number not in own), *(c for c in citations if c.number in own)]
    number = {citation.number: position for position, citation in enumerate(ordered, 1)}
    titles = list(dict.fromkeys(citation.title for citation in citations if citation.number in own))
    note = AnswerPart(message(language, "structure.own", title=titles[0]), kind="note")
    if len(titles) > 1:
        note = AnswerPart(message(language, "structure.own_several"), kind="note")
    placed = [replace(part, citations=tuple(number[n] for n in part.citations)) for part in (*rest, note, *ours)]
    return placed, [replace(citation, number=number[citation.number]) for citation in ordered]
