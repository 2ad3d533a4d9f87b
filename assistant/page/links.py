"""Addresses within the page: a place in a document, as query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Protocol, Self
from urllib.parse import urlencode

from assistant.answers import Citation

CHAT_PAGE = "views/chat.py"
SOURCE_PAGE = "views/source.py"
SAVED_PAGE = "views/saved.py"
EVALUATE_PAGE = "views/evaluate.py"
DOCUMENTS_PAGE = "views/documents.py"
CHANGES_PAGE = "views/changes.py"
MODEL_PAGE = "views/model.py"
SEARCH_PAGE = "views/search.py"
COVERAGE_PAGE = "views/coverage.py"
CHECK_PAGE = "views/check.py"
PAGES = {
    CHAT_PAGE: ("chat", "Paris Call"),
    SOURCE_PAGE: ("source", "Source"),
    SAVED_PAGE: ("saved", "Saved answers"),
    EVALUATE_PAGE: ("evaluate", "Evaluation"),
    DOCUMENTS_PAGE: ("documents", "Documents"),
    CHANGES_PAGE: ("changes", "What changed"),
    MODEL_PAGE: ("model", "Language model"),
    SEARCH_PAGE: ("search", "Search"),
    COVERAGE_PAGE: ("coverage", "Coverage"),
    CHECK_PAGE: ("check", "Check a draft"),
}
"""Each page's file with its address and its title; the first is the one that opens."""
CONVERSATION, QUERY, TERM = "conversation", "q", "term"
ASKED = "asked"
"""Where a session keeps the question that the chat is to answer next."""

_CHECK_LENGTH = 16


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
    def to_citations(cls, citations: Sequence[Citation], generation: str | None, conversation: str | None) -> Self:
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


def take_from_address(state: Any, parameters: Any, name: str, choices: Sequence[str] | None = None) -> None:
    """Put what the address says of a control into its state: a text; a list of choices where some are given."""
    given = parameters.get_all(name)
    state[name] = "".join(given[:1]) if choices is None else [value for value in given if value in choices]


def keep_in_address(state: Any, parameters: Any, name: str) -> None:
    """Put the state of a control into the address, so that going back, and a link, lead to it."""
    if state[name]:
        parameters[name] = state[name]
    else:
        parameters.pop(name, None)


def digest(quotes: Iterable[str]) -> str:
    """Return a short digest of quotes."""
    return sha256("\0".join(quotes).encode()).hexdigest()[:_CHECK_LENGTH]


def _first(parameters: QueryParameters, name: str) -> str | None:
    return next(iter(parameters.get_all(name)), None) or None


def _numbers(parameters: QueryParameters, name: str) -> list[int]:
    return [int(value) for value in parameters.get_all(name) if value.isascii() and value.isdigit() and len(value) < 10]
