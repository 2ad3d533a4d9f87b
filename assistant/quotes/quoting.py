"""Quotes: sentences with what they need to be understood, and the citations that they stand on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answers import AnswerPart, Citation, PartKind, stands_on_its_page
from assistant.evidence.scoring import Sentence
from knowledge_base.language.roles import Role
from knowledge_base.language.sentences import LEANS, SENTENCE_END
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import words
from knowledge_base.passages import PARTING_HYPHEN, Page, Passage
from knowledge_base.provisions import Provision
from knowledge_base.store.catalog import Catalog

_OPEN = pattern(r"[:;,](?: {sentences.items_lead})?\s*$")
_LEADS_IN = re.compile(r"[:?][”\"’'»)\]\s]*$")
_ANNOUNCES = pattern(r"\b{sentences.announces}\b")
_ENUMERATES = pattern("^{sentences.enumerates}")
_NOTE = re.compile(r"^\d{1,3}\s|^[—–]{2},|https?:|www\.|/\w+/")
MOST_WORDS = 330  # of a numbered part that is quoted whole
_ENTRY = 60  # characters within which the colon of an entry stands
_MOST_ENUMERATED = 150  # words of an enumeration that is quoted to its end
_BETWEEN = re.compile(r"(?:\d{1,3})?\W*")  # two sentences that follow each other: a foot note's mark, white space
_SPACES = 4  # characters of white space that reading a page may have left out between two lines

Piece = tuple[Passage, int, int, str]
Twins = Mapping[str, Sequence[Passage]]  # by passage id: passages of other documents that say the same


@dataclass(slots=True)
class Quote:
    """A sentence or list item of a page that is quoted as one part, with its rest on the next page where it has one.

    `group` numbers the pieces of evidence that quotes came with, the best first.
    """

    passage: Passage
    start: int
    end: int
    text: str
    kind: str
    rest: list[Piece] = field(default_factory=list)
    group: int = 0
    role: Role = "sentence"

    @property
    def place(self) -> tuple[str, int]:
        """Return its document and page."""
        return self.passage.source, self.passage.ordinal

    def length(self) -> int:
        """Count its words."""
        return len(self.text.split()) + sum(len(text.split()) for *_, text in self.rest)

    def covers(self, sentence: Sentence) -> bool:
        """Say whether a sentence lies within the quote."""
        there = (sentence.passage.source, sentence.passage.ordinal)
        return self.place == there and self.start <= sentence.start and sentence.end <= self.end


def page_quotes(passage: Passage, catalog: Catalog) -> list[Quote]:
    """Return all sentences of a passage's page, headings left out."""
    return [
        Quote(other, span.start, span.end, other.sentence_text(span), span.kind, role=span.role)
        for other in catalog.passages_on_page(passage.source, passage.ordinal)
        for span in other.sentences
        if span.kind != "heading"
    ]


def quotes_of(source: str, provision: Provision, catalog: Catalog) -> list[Quote]:
    """Return all sentences of a provision but notes; empty where it holds none, or more than `MOST_WORDS`."""
    quotes: list[Quote] = []
    for ordinal in range(provision.first, provision.last + 1):
        on_page = catalog.passages_on_page(source, ordinal)
        start = provision.start if ordinal == provision.first else 0
        end = provision.end if ordinal == provision.last else None
        for quote in page_quotes(on_page[0], catalog) if on_page else []:
            if quote.start >= start and (end is None or quote.end <= end) and quote.role not in ("note", "scrap"):
                quotes.append(quote)
    return quotes if _words(quotes) <= MOST_WORDS else []


def understandable(page: Sequence[Quote], here: int, catalog: Catalog) -> list[Quote]:
    """Return a sentence with the one it leans on, what its colon or semicolon leads to, and its rest overleaf.

    One that goes on from the page before comes with its beginning; nothing is returned where that is not found.
    """
    alone = here == 0 and _begins_overleaf(page[0])
    needed = [page[0]] if alone else _with_needed(page, here)
    return [whole for quote in needed for whole in _whole(quote, page, catalog)]


def _with_needed(page: Sequence[Quote], here: int) -> list[Quote]:
    """Return a sentence with those of its page that it cannot be understood without."""
    found = enumerated(page, here)
    if len(found) == 1 and (_is_enumerated_next(page, here) or _is_answered_next(page, here)):
        found.append(page[here + 1])
    if leans(page[here]) and here > 0 and page[here - 1].kind == "paragraph":
        found.insert(0, page[here - 1])
    elif (lead := _lead_of(page, here)) < here:
        found.insert(0, page[lead])
    return found


def _whole(quote: Quote, page: Sequence[Quote], catalog: Catalog) -> list[Quote]:
    """Return a sentence with what stands of it on the page before or after; nothing where it has no beginning."""
    if quote is page[0] and _begins_overleaf(quote):
        return _with_beginning(quote, catalog)
    return [_with_rest(quote, page, catalog)]


def _lead_of(page: Sequence[Quote], here: int) -> int:
    """Return where the sentence begins that an item goes on with ("... requires: improving; protecting"), or its own place."""
    if not page[here].text[:1].islower():
        return here
    first = lead = here
    while first > 0 and page[first].kind == "list_item":
        first -= 1
    if first < here and _OPEN.search(page[first].text):
        return first
    while lead > 0 and page[lead].text[:1].islower() and _OPEN.search(page[lead - 1].text):
        lead -= 1
    return lead


def _is_enumerated_next(page: Sequence[Quote], here: int) -> bool:
    """Say whether a sentence announces several things that the next one gives."""
    if here + 1 >= len(page) or {page[here].kind, page[here + 1].kind} != {"paragraph"}:
        return False
    return bool(_ANNOUNCES.search(page[here].text) and _ENUMERATES.match(page[here + 1].text))


def _is_answered_next(page: Sequence[Quote], here: int) -> bool:
    """Say whether a sentence is a question that the one after it answers."""
    return page[here].role == "question" and here + 1 < len(page) and page[here + 1].role in ("sentence", "item")


def enumerated(page: Sequence[Quote], here: int, whole: bool = False) -> list[Quote]:
    """Return a sentence with what it goes on to where it ends with a colon or, in an enumeration, with a semicolon.

    `whole`: with what leads up to it in the same way, too.
    """
    first = last = here
    while last + 1 < len(page) and _OPEN.search(page[last].text) and _words(page[first : last + 2]) <= _MOST_ENUMERATED:
        last += 1
    while whole and first > 0 and _OPEN.search(page[first - 1].text) and _words(page[first - 1 : last + 1]) <= _MOST_ENUMERATED:
        first -= 1
    return list(page[first : last + 1])


def _words(quotes: Sequence[Quote]) -> int:
    return sum(quote.length() for quote in quotes)


def leans(quote: Quote | Sentence) -> bool:
    """Say whether a sentence cannot be understood without the one before it."""
    return quote.kind == "paragraph" and bool(LEANS.match(quote.text))


def list_around(page: Sequence[Quote], here: int, wanted: bool) -> list[Quote]:
    """Return the list that a sentence leads into, or (where a list is wanted) is an item of, with its lead-in; else nothing."""
    leads = _leads_in(page, here)
    if not leads and not (wanted and page[here].kind == "list_item"):
        return []
    first = here + 1 if leads else here
    while first > 0 and page[first - 1].kind == "list_item":
        first -= 1
    last = first
    while last < len(page) and page[last].kind == "list_item":
        last += 1
    lead = [page[first - 1]] if first > 0 and _leads_in(page, first - 1) else []
    return [*lead, *page[first:last]]


def _leads_in(page: Sequence[Quote], here: int) -> bool:
    """Say whether the list that follows a sentence is what it announces."""
    if here + 1 >= len(page) or page[here + 1].kind != "list_item" or page[here].kind != "paragraph":
        return False
    return bool(_LEADS_IN.search(page[here].text) or _ANNOUNCES.search(page[here].text))


def _with_rest(quote: Quote, page: Sequence[Quote], catalog: Catalog) -> Quote:
    """Add the rest of a sentence that runs over the end of its page."""
    if quote.passage.page is None or quote is not _broken_off(page):
        return quote
    rest = next((other for other in _quotes_of(catalog, quote, 1) if other.kind == "paragraph"), None)
    if rest and rest.text[:1].islower():
        quote.rest.append((rest.passage, rest.start, rest.end, rest.text))
    return quote


def _with_beginning(rest: Quote, catalog: Catalog) -> list[Quote]:
    """Return a sentence that the page before broke off, together with its rest; nothing where there is no such sentence."""
    beginning = _broken_off(_quotes_of(catalog, rest, -1))
    if beginning is None:
        return []
    beginning.rest.append((rest.passage, rest.start, rest.end, rest.text))
    return [beginning]


def _begins_overleaf(first: Quote) -> bool:
    """Say whether the first sentence of a page is the rest of one, not an entry such as "diplomacy: the use of ..."."""
    is_entry = ":" in first.text.partition(" (")[0][:_ENTRY]
    return first.passage.page is not None and first.kind == "paragraph" and first.text[:1].islower() and not is_entry


def _broken_off(page: Sequence[Quote]) -> Quote | None:
    """Return the last sentence of a page's text that nothing ends; foot notes and addresses, which follow it, are none."""
    for quote in reversed(page):
        is_note = quote.role == "note" or _NOTE.search(quote.text)
        if quote.kind == "paragraph" and not is_note and not SENTENCE_END.search(quote.text):
            return quote
    return None


def _quotes_of(catalog: Catalog, quote: Quote, step: int) -> list[Quote]:
    """Return the sentences of the page before (-1) or after (1) that of a quote."""
    passages = catalog.passages_on_page(quote.passage.source, quote.passage.ordinal + step)
    return page_quotes(passages[0], catalog) if passages else []


# Citations


def cited(quotes: Sequence[Quote], catalog: Catalog, twins: Twins) -> tuple[list[AnswerPart], list[Citation]]:
    """Return the parts of an answer and their citations: sentences that follow each other on a page share one.

    What a twin passage says too is cited from both. A quote that does not stand on its page, letter for letter, is left out
    with all that shares its citation.
    """
    parts: list[AnswerPart] = []
    citations: list[Citation] = []
    dates = catalog.dates(p.source for quote in quotes for p in (quote.passage, *twins.get(quote.passage.id, ())))
    for run in _runs(quotes, catalog):
        made = list(_citations(run, len(citations) + 1, catalog, dates, twins))
        if all(stands_on_its_page(citation, catalog) for citation in made):
            citations += made
            parts += _parts(run, made)
    return parts, citations


def _runs(quotes: Sequence[Quote], catalog: Catalog) -> Iterator[list[Quote]]:
    """Yield the quotes in runs, each of which is one stretch of its page with nothing left out."""
    run: list[Quote] = []
    for quote in quotes:
        if run and not _follows(run[-1], quote, catalog):
            yield run
            run = []
        run.append(quote)
    if run:
        yield run


def _follows(one: Quote, other: Quote, catalog: Catalog) -> bool:
    if one.place != other.place or other.start < one.end or one.rest:
        return False
    page = catalog.page(one.passage.source, one.passage.page)
    if page is None or not _BETWEEN.fullmatch(page.text, one.end, other.start):
        return False
    return _is_unbroken(page, one.end, other.start)


def _is_unbroken(page: Page, end: int, start: int) -> bool:
    """Say whether nothing was left out of the page between two stretches of its text: a foot note, a running head, a column."""
    if not page.origin:
        return True
    last, first = _origin(page, end - 1), _origin(page, start)
    return last is not None and first is not None and 0 < first - last <= start - end + 1 + _SPACES


def _origin(page: Page, position: int) -> int | None:
    """Return the index of the extractor's character that one of the page's text was made of, or None."""
    run = next((run for run in page.origin if run.start <= position < run.start + run.length), None)
    return run.origin_index + position - run.start if run else None


def _citations(run: Sequence[Quote], number: int, catalog: Catalog, dates: dict[str, str], twins: Twins) -> Iterator[Citation]:
    first, last = run[0], run[-1]
    page = catalog.page(first.passage.source, first.passage.page)
    whole = page.text[first.start : last.end] if page else ""
    pieces = [(first.passage, first.start, last.end, whole), *last.rest, *_said_again(run, twins)]
    for count, (passage, start, end, text) in enumerate(pieces):
        yield Citation(
            number + count, passage.source, passage.title, passage.page, start, end, text,
            date=dates.get(passage.source), heading=passage.heading_at(start), label=label_at(passage, start, catalog),
            ocr=_ocr(passage, catalog),
        )  # fmt: skip


def label_at(passage: Passage, start: int, catalog: Catalog) -> str:
    """Return the label of the innermost numbered part that a character of a passage's page stands in, or ""."""
    here = (passage.ordinal, start)
    held = [p for _, p in catalog.provisions(passage.source) if (p.first, p.start) <= here < (p.last, p.end)]
    return max(held, key=lambda p: (p.first, p.start)).path if held else ""


def _ocr(passage: Passage, catalog: Catalog) -> float | None:
    page = catalog.page(passage.source, passage.page)
    return page.ocr if page else None


def _said_again(run: Sequence[Quote], twins: Twins) -> Iterator[Piece]:
    """Yield the stretch of each twin passage that says the same as a run, word for word."""
    wanted = [words(quote.text) for quote in run]
    for twin in twins.get(run[0].passage.id, ()):
        spans = [span for span in twin.sentences if span.kind != "heading"]
        said = [words(twin.sentence_text(span)) for span in spans]
        for here in range(len(said) - len(wanted) + 1):
            if said[here : here + len(wanted)] == wanted:
                start, end = spans[here].start, spans[here + len(wanted) - 1].end
                yield twin, start, end, twin.text[start - twin.start : end - twin.start]
                break


def _parts(run: Sequence[Quote], made: Sequence[Citation]) -> Iterator[AnswerPart]:
    is_list = count_items(run) > 1
    for item in _by_item(run):
        text = " ".join(" ".join(_text(quote) for quote in item).split())
        kind: PartKind = "list_item" if item[0].kind == "list_item" and is_list else "sentence"
        numbers = [c.number for c in made if item[0].rest or c.source != run[0].passage.source or c is made[0]]
        yield AnswerPart(text, tuple(numbers), kind)


def _text(quote: Quote) -> str:
    """Return the text of a quote with its rest overleaf; a word that the page's end parts is whole again."""
    text = quote.text
    for *_, rest in quote.rest:
        text = text.removesuffix(PARTING_HYPHEN) + rest if text.endswith(("-", PARTING_HYPHEN)) else f"{text} {rest}"
    return text


def count_items(quotes: Sequence[Quote]) -> int:
    """Return the number of list items among quotes; one may hold several sentences."""
    return sum(item[0].kind == "list_item" for item in _by_item(quotes))


def _by_item(quotes: Sequence[Quote]) -> Iterator[list[Quote]]:
    """Yield sentences one by one, but those of the same list item together."""
    item: list[Quote] = []
    for quote in quotes:
        if item and not _is_same_item(item[-1], quote):
            yield item
            item = []
        item.append(quote)
    if item:
        yield item


def _is_same_item(one: Quote, other: Quote) -> bool:
    """Say whether two sentences follow each other within a list item: each item begins on a line of its own."""
    if one.passage.id != other.passage.id or {one.kind, other.kind} != {"list_item"}:
        return False
    between = one.passage.text[one.end - one.passage.start : other.start - one.passage.start]
    return 0 <= other.start - one.end <= _SPACES and "\n" not in between
