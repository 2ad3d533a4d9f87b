"""What the assistant gives: an answer made of parts, each with its citations, or a refusal that says what was searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any, Literal, Protocol, Self
from urllib.parse import urlencode

from assistant.messages import language_name, message
from knowledge_base.language.words import other_language, question_language
from knowledge_base.passages import RetrievedPassage
from knowledge_base.store.catalog import Catalog

CONVERSATION = "conversation"
"""The parameter of an address that names a conversation."""

_CHECK_LENGTH = 16

CitationStatus = Literal["exact"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote on its page: characters `start` to `end` of the stored text of page `page` (None: no pages) of `source`.

    `number` is what the answer's text refers to as [number]; a quote that runs over a page has two citations, one a page.
    `date` is what the document says of its date, `heading` the headings above the quote, `label` the numbered part that it
    stands in ("Article 3(2)(c)"), "" where there is none; `ocr` how sure the reading of a page's picture is, 0 to 1, None where
    the text is the file's own.
    """

    number: int
    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    status: CitationStatus = "exact"
    date: str | None = None
    heading: str = ""
    label: str = ""
    ocr: float | None = None


def stands_on_its_page(citation: Citation, catalog: Catalog) -> bool:
    """Return whether the quote is, letter for letter, what the stored page holds at its offsets."""
    page = catalog.page(citation.source, citation.page)
    return page is not None and bool(citation.quote) and page.text[citation.start : citation.end] == citation.quote


Mode = Literal["extractive", "generative", "register"]
AskedMode = Literal["auto", "extractive", "generative"]
ExportFormat = Literal["docx", "md", "html", "bibtex", "csl", "bundle"]
PartKind = Literal["sentence", "list_item", "note"]
Support = Literal["supported", "weak", "unsupported"]
_SUPPORTS: tuple[Support, ...] = ("supported", "weak", "unsupported")


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A sentence or list item of an answer, with the numbers of the citations it stands on.

    A `note` is a sentence of the assistant's own (what was computed, a heading over a list); it quotes nothing. `support` is
    how far the quotes support a sentence that a language model wrote; None: the sentence is a quote itself.
    """

    text: str
    citations: tuple[int, ...] = ()
    kind: PartKind = "sentence"
    support: Support | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer: the words that were searched for, and those of them that occur in no document."""

    searched: tuple[str, ...]
    unknown: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class WritingRecord:
    """How a language model's answer came about: how many of its sentences were supported, weak, and unsupported.

    `notice` tells the reader what happened, where something did, and `fault` its kind. `is_partial`: it was not finished.
    `is_local`: passages stayed on this machine. Tokens are estimated where the server does not tell; without prices, `cost` is
    None.
    """

    model: str
    is_local: bool
    supported: int = 0
    weak: int = 0
    unsupported: int = 0
    false_citations: int = 0
    notice: str | None = None
    fault: str | None = None
    is_partial: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0

    def share(self, support: Support) -> float:
        """Return the share of the sentences that have this support, between 0 and 1."""
        count = {"supported": self.supported, "weak": self.weak, "unsupported": self.unsupported}
        return count[support] / max(1, sum(count.values()))


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """The few words that answer: characters `start` to `end` of the quote of citation number `citation`."""

    citation: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one question; `retrieved` are the best passages, best first, whether it was answered or refused.

    `confidence` (0 to 1) is the probability that the evidence answers the question; `is_weak` marks an answer given though it
    is not far above what is refused. `seconds` is wall time. `standalone` is the question as
    it was searched, where that differs from what was asked (a follow-up). `table` holds the rows of a register answer.
    `writing` tells of a language model, where one was asked; `quoted` is the answer made of quotes shown with its own.
    `short_answer` is given where it is sure, for a date or a number.
    """

    question: str
    text: str
    mode: Mode
    abstained: bool
    citations: tuple[Citation, ...]
    retrieved: tuple[RetrievedPassage, ...]
    seconds: float
    parts: tuple[AnswerPart, ...] = ()
    confidence: float = 0.0
    is_weak: bool = False
    refusal: Refusal | None = None
    standalone: str | None = None
    generation: str | None = None
    table: tuple[dict[str, str], ...] = ()
    writing: WritingRecord | None = None
    quoted: Answer | None = None
    short_answer: ShortAnswer | None = None


def written(parts: Sequence[AnswerPart]) -> str:
    """Return the answer's text: its parts in order, list items on lines of their own, each with its [numbers]."""
    pieces: list[str] = []
    for part in parts:
        marks = "".join(f"[{number}]" for number in part.citations)
        separator = "\n" if part.kind == "list_item" else " "
        pieces.append(f"{separator if pieces else ''}{'- ' if part.kind == 'list_item' else ''}{part.text}{marks}")
    return "".join(pieces)


def language_notice(answer: Answer) -> str | None:
    """Say that answers in the language of a question, or of the first quote, are less tested; None for English and French."""
    quoted = {citation.source for citation in answer.citations[:1]}
    read_in = (r.passage.language for r in answer.retrieved if r.passage.source in quoted)
    code = other_language(answer.question) or next((known for known in read_in if known not in (None, "en", "fr")), None)
    if code is None or answer.mode == "register":
        return None
    language = question_language(answer.question)
    return message(language, "languages.less_tested", name=language_name(code, language))


def joined(first: Answer, second: Answer) -> Answer:
    """Return one answer that holds the parts of both; the second's citations are numbered on. A refused part is left out."""
    if first.abstained:
        return second
    count = len(first.citations)
    citations = (*first.citations, *(replace(c, number=c.number + count) for c in second.citations))
    parts = (*first.parts, *(replace(p, citations=tuple(n + count for n in p.citations)) for p in second.parts))
    return replace(first, text=written(parts), citations=citations, parts=parts, table=second.table)


def as_json(answer: Answer, identifier: str | None, retrieved: int = 10) -> dict[str, Any]:
    """Return the answer as the command line prints it."""
    return {
        "id": identifier,
        "question": answer.question,
        "answer": answer.text,
        "mode": answer.mode,
        "abstained": answer.abstained,
        "citations": [citation_as_json(citation, answer.generation) for citation in answer.citations],
        "retrieved": [
            {
                "source": r.passage.source, "page": r.passage.page, "start": r.passage.start, "end": r.passage.end,
                "text": r.passage.text, "score": round(r.score, 4),
            }
            for r in answer.retrieved[:retrieved]
        ],
        "seconds": round(answer.seconds, 4),
        "short_answer": asdict(answer.short_answer) if answer.short_answer else None,
        "confidence": round(answer.confidence, 4),
        "weak": answer.is_weak,
        "standalone": answer.standalone,
        "generation": answer.generation,
        "parts": [
            {"text": p.text, "citations": list(p.citations), "kind": p.kind, "support": p.support} for p in answer.parts
        ],
        "table": list(answer.table),
        "writing": _writing_as_json(answer.writing),
    }  # fmt: skip


def citation_as_json(c: Citation, generation: str | None = None) -> dict[str, Any]:
    """Return a citation of an index as all commands print it."""
    return {
        "number": c.number, "source": c.source, "title": c.title, "page": c.page, "start": c.start, "end": c.end,
        "quote": c.quote, "status": c.status, "label": c.label, "date": c.date, "heading": c.heading, "ocr": c.ocr,
        "link": SourceLink.to_citations([c], generation).address(),
    }  # fmt: skip


def _writing_as_json(record: WritingRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    shares = {kind: round(record.share(kind), 4) for kind in _SUPPORTS}
    return {**asdict(record), "seconds": round(record.seconds, 4), "shares": shares}


# Addresses of quotes


class QueryParameters(Protocol):
    """What is read of Streamlit's query parameters."""

    def get_all(self, key: str) -> list[str]:
        """Return all values of a parameter, in order."""
        ...


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A place in a document: page `page` (None: no pages) of `source`, with `spans` of its text quoted.

    `quoted_page` is the page that the spans lie on, where another one is shown. `check` is a digest of the quotes, by which the
    page tells whether the text still stands there. `generation` is the index that the quotes were taken from.
    """

    source: str
    page: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    generation: str | None = None
    conversation: str | None = None
    check: str | None = None
    quoted_page: int | None = None

    @classmethod
    def to_citations(cls, citations: Sequence[Citation], generation: str | None, conversation: str | None = None) -> Self:
        """Return the link to citations of one page."""
        ordered = sorted(citations, key=lambda citation: citation.start)
        spans = tuple((citation.start, citation.end) for citation in ordered)
        check = digest(citation.quote for citation in ordered)
        return cls(ordered[0].source, ordered[0].page, spans, generation, conversation, check)

    @classmethod
    def read(cls, parameters: QueryParameters) -> Self | None:
        """Return the link that the page was opened with, or None where it names no document."""
        source = _first(parameters, "source")
        if not source:
            return None
        spans = tuple(zip(_numbers(parameters, "start"), _numbers(parameters, "end"), strict=False))
        return cls(
            source=source,
            page=next(iter(_numbers(parameters, "page")), None),
            spans=tuple((start, end) for start, end in spans if 0 <= start < end),
            generation=_first(parameters, "generation"),
            conversation=_first(parameters, CONVERSATION),
            check=_first(parameters, "check"),
            quoted_page=next(iter(_numbers(parameters, "quoted_page")), None),
        )

    @property
    def page_of_spans(self) -> int | None:
        """Return the page that the spans lie on."""
        return self.page if self.quoted_page is None else self.quoted_page

    def turned_to(self, page: int) -> SourceLink:
        """Return the link to another page of the document, from which the quoted one is still known."""
        quoted = self.page_of_spans
        return replace(self, page=page, quoted_page=None if page == quoted else quoted)

    def without_conversation(self) -> SourceLink:
        """Return the link as it is given to somebody else, who has not this conversation."""
        return replace(self, conversation=None)

    def parameters(self) -> dict[str, str | list[str]]:
        """Return the query parameters; those that say nothing are left out."""
        found: dict[str, str | list[str] | None] = {
            "source": self.source,
            "page": None if self.page is None else str(self.page),
            "start": [str(start) for start, _ in self.spans],
            "end": [str(end) for _, end in self.spans],
            "quoted_page": None if self.quoted_page is None else str(self.quoted_page),
            "check": self.check,
            "generation": self.generation,
            CONVERSATION: self.conversation,
        }
        return {name: value for name, value in found.items() if value}

    def address(self) -> str:
        """Return the address relative to the page's root; it holds no character that ends an HTML attribute."""
        return "/source?" + urlencode(self.parameters(), doseq=True)


def digest(quotes: Iterable[str]) -> str:
    """Return a short digest of quotes."""
    return sha256("\0".join(quotes).encode()).hexdigest()[:_CHECK_LENGTH]


def _first(parameters: QueryParameters, name: str) -> str | None:
    return next(iter(parameters.get_all(name)), None) or None


def _numbers(parameters: QueryParameters, name: str) -> list[int]:
    return [int(value) for value in parameters.get_all(name) if value.isascii() and value.isdigit() and len(value) < 10]
