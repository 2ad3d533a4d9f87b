"""Answers made of quoted sentences: choose them, put them in order, cite them, or refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answers import AnswerPart, PartKind
from assistant.citations import Citation, stands_on_its_page
from assistant.evidence import Sentence
from assistant.questions import Question, QuestionKind
from knowledge_base.catalog import Catalog
from knowledge_base.passages import Passage
from knowledge_base.text_terms import stems

_LEANS = re.compile(
    r"^(?:[“\"(]?)(?:it|its|they|their|them|this|these|those|such|he|she|his|her|however|moreover|furthermore|also|in addition"
    r"|additionally|thus|therefore|as such|il|elle|ils|elles|ce|cette|ces|cela|leurs?|ainsi|toutefois|cependant|en outre)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?;:][”\"’»)\]]*\d{0,3}$")


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """How much an answer may hold: `words` in all, at most `sentences`; a list may have `list_words`.

    A list counts `listed` more than its best sentence, and `counted` more where it has as many items as the question names.
    A sentence is taken while its score is within `margin` of the best one's; two that share `overlap` of their words are one.
    """

    words: int = 95
    sentences: int = 4
    list_words: int = 220
    list_candidates: int = 40
    listed: float = 0.05
    counted: float = 0.3
    margin: float = 0.2
    overlap: float = 0.7


@dataclass(slots=True)
class _Quote:
    """A run of a page that is quoted as one part, with its continuation on the next page where it has one."""

    passage: Passage
    rank: int
    start: int
    end: int
    text: str
    kind: str
    rest: list[tuple[Passage, int, int, str]] = field(default_factory=list)
    group: int = 0

    def length(self) -> int:
        return len(self.text.split()) + sum(len(text.split()) for *_, text in self.rest)


def compose(
    question: Question, sentences: Sequence[Sentence], catalog: Catalog, settings: ExtractiveSettings
) -> tuple[list[AnswerPart], list[Citation]]:
    """Return the parts of an answer and their citations, made of the best of `sentences` (best first)."""
    chosen = _choose(question, sentences, catalog, settings)
    return _cited(_in_reading_order(chosen), catalog)


def _choose(question: Question, sentences: Sequence[Sentence], catalog: Catalog, settings: ExtractiveSettings) -> list[_Quote]:
    quotes = _best_list(question, sentences, catalog, settings)
    used = sum(quote.length() for quote in quotes)
    groups = int(bool(quotes))
    for sentence in sentences:
        if len(quotes) >= settings.sentences or sentence.score < sentences[0].score - settings.margin:
            break
        if any(_covers(quote, sentence) or _alike(quote, sentence, settings.overlap) for quote in quotes):
            continue
        new = _expanded(question, sentence, catalog, settings)
        for quote in new:
            quote.group = groups
        length = sum(quote.length() for quote in new)
        limit = settings.list_words if len(new) > 2 else settings.words
        if quotes and used + length > limit:
            continue
        quotes += [quote for quote in new if not any(_same_place(quote, other) for other in quotes)]
        used += length
        groups += 1
        if len(new) > 3:
            break
    return quotes


def _best_list(
    question: Question, sentences: Sequence[Sentence], catalog: Catalog, settings: ExtractiveSettings
) -> list[_Quote]:
    """Return the list that answers a question which asks for one: of as many items as it names, or near the best evidence."""
    if question.kind != QuestionKind.LIST or not sentences:
        return []
    best: tuple[float, list[_Quote]] = (sentences[0].score, [])
    for sentence in sentences[: settings.list_candidates]:
        page = _page_sentences(sentence, catalog)
        here = next(i for i, quote in enumerate(page) if quote.start == sentence.start)
        run = _list_around(page, here, wanted=True)
        items = sum(quote.kind == "list_item" for quote in run)
        score = sentence.score + settings.counted * (items == question.count) + settings.listed
        if items > 1 and score > best[0] and sum(quote.length() for quote in run) <= settings.list_words:
            best = (score, run)
    return best[1]


def _covers(quote: _Quote, sentence: Sentence) -> bool:
    return (
        quote.passage.source == sentence.passage.source
        and quote.passage.page == sentence.passage.page
        and quote.start <= sentence.start
        and sentence.end <= quote.end
    )


def _same_place(quote: _Quote, other: _Quote) -> bool:
    return (quote.passage.source, quote.passage.page, quote.start) == (other.passage.source, other.passage.page, other.start)


def _alike(quote: _Quote, sentence: Sentence, overlap: float) -> bool:
    mine, other = set(stems(sentence.text, sentence.passage.language)), set(stems(quote.text, quote.passage.language))
    return bool(mine and other) and len(mine & other) / min(len(mine), len(other)) >= overlap


def _expanded(question: Question, sentence: Sentence, catalog: Catalog, settings: ExtractiveSettings) -> list[_Quote]:
    """Return the sentence with what it needs to be understood: its list, the sentence it leans on, its rest overleaf."""
    page = _page_sentences(sentence, catalog)
    here = next((i for i, quote in enumerate(page) if quote.start == sentence.start), None)
    if here is None:
        return [_quote(sentence)]
    run = _list_around(page, here, question.kind == QuestionKind.LIST)
    if len(run) > 1 and sum(quote.length() for quote in run) <= settings.list_words:
        return run
    found = [page[here]]
    if page[here].text.rstrip().endswith(":") and here + 1 < len(page):
        found.append(page[here + 1])
    if _LEANS.match(page[here].text) and here > 0 and page[here - 1].kind == "paragraph" == page[here].kind:
        found.insert(0, page[here - 1])
    return [_with_rest(quote, here, page, catalog) for quote in found]


def _page_sentences(sentence: Sentence, catalog: Catalog) -> list[_Quote]:
    """Return all sentences of the sentence's page, headings left out."""
    quotes = []
    for passage in catalog.passages_on_page(sentence.passage.source, sentence.passage.ordinal):
        for span in passage.sentences:
            if span.kind != "heading":
                text = passage.text[span.start - passage.start : span.end - passage.start]
                quotes.append(_Quote(passage, sentence.rank, span.start, span.end, text, span.kind))
    return quotes


def _quote(sentence: Sentence) -> _Quote:
    return _Quote(sentence.passage, sentence.rank, sentence.start, sentence.end, sentence.text, sentence.kind)


def _list_around(page: Sequence[_Quote], here: int, wanted: bool) -> list[_Quote]:
    """Return the list that a sentence leads into, or (where a list is wanted) is an item of, with its lead-in; else nothing."""
    leads = page[here].text.rstrip().endswith(":") and here + 1 < len(page) and page[here + 1].kind == "list_item"
    if not leads and not (wanted and page[here].kind == "list_item"):
        return []
    first = here + 1 if leads else here
    while first > 0 and page[first - 1].kind == "list_item":
        first -= 1
    last = first
    while last < len(page) and page[last].kind == "list_item":
        last += 1
    lead = [page[first - 1]] if first > 0 and page[first - 1].kind == "paragraph" else []
    return [*lead, *page[first:last]]


def _with_rest(quote: _Quote, here: int, page: Sequence[_Quote], catalog: Catalog) -> _Quote:
    """Add the rest of a sentence that runs over the end of its page."""
    if quote.passage.page is None or quote.kind != "paragraph" or _ENDS.search(quote.text):
        return quote
    if any(other.kind == "paragraph" and other.start > quote.start for other in page):
        return quote
    for passage in catalog.passages_on_page(quote.passage.source, quote.passage.ordinal + 1):
        for span in passage.sentences:
            text = passage.text[span.start - passage.start : span.end - passage.start]
            if span.kind == "paragraph":
                if text[:1].islower():
                    quote.rest.append((passage, span.start, span.end, text))
                return quote
    return quote


def _in_reading_order(quotes: Sequence[_Quote]) -> list[_Quote]:
    """Put what was found first at the head; keep documents in the order of their best sentence, pages in reading order."""
    order: dict[tuple[str, int], int] = {}
    for quote in quotes:
        order.setdefault((quote.passage.source, quote.passage.ordinal), len(order))
    head = _head(quotes)
    rest = [quote for quote in quotes if quote not in head]
    return head + sorted(rest, key=lambda q: (order[(q.passage.source, q.passage.ordinal)], q.start))


def _head(quotes: Sequence[_Quote]) -> list[_Quote]:
    """Return the quotes that came with the best sentence: itself, what it leans on, or its list."""
    return [quote for quote in quotes if quote.group == 0]


def _cited(quotes: Sequence[_Quote], catalog: Catalog) -> tuple[list[AnswerPart], list[Citation]]:
    parts: list[AnswerPart] = []
    citations: list[Citation] = []
    dates = catalog.dates(quote.passage.source for quote in quotes)
    for position, quote in enumerate(quotes):
        pieces = [(quote.passage, quote.start, quote.end, quote.text), *quote.rest]
        made = list(_citations(pieces, len(citations) + 1, dates))
        if all(stands_on_its_page(citation, catalog) for citation in made):
            citations += made
            text = " ".join(" ".join(piece[3].split()) for piece in pieces)
            kind: PartKind = "list_item" if _in_list(quotes, position) else "sentence"
            parts.append(AnswerPart(text, tuple(c.number for c in made), kind))
    return parts, citations


def _in_list(quotes: Sequence[_Quote], position: int) -> bool:
    """Say whether a quote is an item beside another item of its page: a sentence out of a list alone reads as a sentence."""
    near = quotes[max(0, position - 1) : position + 2]
    place = (quotes[position].passage.source, quotes[position].passage.ordinal)
    return sum(q.kind == "list_item" and (q.passage.source, q.passage.ordinal) == place for q in near) > 1 and (
        quotes[position].kind == "list_item"
    )


def _citations(pieces: Sequence[tuple[Passage, int, int, str]], first: int, dates: Mapping[str, str]) -> Iterator[Citation]:
    for number, (passage, start, end, text) in enumerate(pieces, start=first):
        yield Citation(
            number, passage.source, passage.title, passage.page, start, end, text,
            date=dates.get(passage.source), heading=passage.heading,
        )  # fmt: skip
