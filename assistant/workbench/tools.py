"""What other programs ask of the library: one function for each tool, the same through every protocol.

A tool takes plain values and returns a JSON object. `Tools.call` checks the arguments; what is wrong with them, or missing in
the library, is raised as a KnowledgeBaseError with the remedy. To add a tool: a public method, and its name in `TOOLS`.
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import cache
from inspect import Parameter, getdoc, signature
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on only

from assistant.answers import Answer, AskedMode, SourceLink, as_json, citation_as_json, digest
from assistant.messages import message
from assistant.register.answers import respond, states_alone
from assistant.register.asked import RegisterQuestion
from assistant.workbench.checking import Checker
from assistant.workbench.coverage import By, cover
from assistant.workbench.drafts import of_text
from assistant.workbench.supporters import place_named
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import Closing
from knowledge_base.logs import as_request
from knowledge_base.passages import Page
from knowledge_base.register.table import Grouping, Kind, Register, RegisterFilter, nature_key
from knowledge_base.sandbox.page_images import page_picture
from knowledge_base.sandbox.sandbox import Sandbox
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import Catalog, DocumentRow

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from knowledge_base.store.generations import Generation

TOOLS = (
    "search",
    "ask",
    "get_passage",
    "get_page_image",
    "verify_quote",
    "check_draft",
    "coverage",
    "register_count",
    "list_documents",
)
MOST_CHARACTERS = 20_000  # of a page's text in one result
MOST_PLACES = 20
_SEARCHED_WORDS = 3  # of a quote, the longest: a page that lacks one of them does not hold the quote
_ALIKE = {character: f"[{re.escape(alike)}]" for alike in ("'’‘ʼ`", '"“”„', "-‐‑–—") for character in alike}

Source = Annotated[str, Field(min_length=1, max_length=2000, description="The document, as results name it: ROOT/PATH.")]
PageNumber = Annotated[int | None, Field(ge=1, description="The page, from 1; none for a document without pages.")]
Start = Annotated[int | None, Field(ge=0, description="First character, counted from 0 in the page's stored text.")]
End = Annotated[int | None, Field(ge=1, description="The character after the last one.")]
Limit = Annotated[int, Field(ge=1, le=500, description="How many results at most.")]
Category = Literal["state", "public-authority", "private-sector", "civil-society"]


class NotFoundError(KnowledgeBaseError):
    """The library holds no such document, page or register."""


class Turn(TypedDict):
    """An earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=20_000)]


class TextPlace(TypedDict):
    """A text and where it stands."""

    source: Annotated[str, Field(description="the document: ROOT/PATH")]
    title: Annotated[str, Field(description="its title")]
    page: Annotated[int | None, Field(description="page from 1; null: the document has no pages")]
    start: Annotated[int, Field(description="first character in the page's stored text, from 0")]
    end: Annotated[int, Field(description="the character after the last")]
    text: Annotated[str, Field(description="the text, letter for letter")]
    link: Annotated[str, Field(description="address of the place in the page, to be put after the page's own address")]


class ScoredPlace(TextPlace):
    """A text that was found, with how well it fits."""

    score: Annotated[float, Field(description="how well it fits; higher is better")]


class SearchResult(TypedDict):
    """Passages, best first."""

    total: Annotated[int, Field(description="how many were found")]
    results: Annotated[list[ScoredPlace], Field(description="the best of them, best first")]
    generation: Annotated[str, Field(description="name of the index")]


class PassageResult(TextPlace):
    """A part of a page's text."""

    characters: Annotated[int, Field(description="length of the whole page's text")]
    pages: Annotated[int, Field(description="pages of the document")]
    language: Annotated[str | None, Field(description="ISO 639-1 code; null: unknown")]
    date: Annotated[str | None, Field(description="ISO date that the document states; null: none")]
    generation: Annotated[str, Field(description="name of the index")]


class PageImageResult(TypedDict):
    """The picture of a page."""

    source: Annotated[str, Field(description="the document: ROOT/PATH")]
    title: Annotated[str, Field(description="its title")]
    page: Annotated[int, Field(description="page from 1")]
    mime_type: Annotated[str, Field(description="always image/png")]
    data: Annotated[str, Field(description="the picture in base64")]
    link: Annotated[str, Field(description="address of the place in the page")]
    generation: Annotated[str, Field(description="name of the index")]


class QuoteResult(TypedDict):
    """Whether a quote stands in the documents, and where."""

    status: Annotated[
        Literal["verbatim", "same_words", "not_found"],
        Field(description="`verbatim`: letter for letter; `same_words`: white space, dashes or quotation marks differ"),
    ]
    places: Annotated[list[TextPlace], Field(description=f"where it stands, {MOST_PLACES} places at most")]
    generation: Annotated[str, Field(description="name of the index")]


class RegisterGroup(TypedDict):
    """One group of supporters."""

    key: Annotated[str | None, Field(description="country code, category or nature; null: the records give none")]
    count: Annotated[int, Field(description="supporters in it")]


class RegisterResult(TypedDict):
    """A count of supporters."""

    count: Annotated[int, Field(description="supporters that pass")]
    text: Annotated[str, Field(description="the answer as a sentence; `[1]` refers to citation 1")]
    as_of: Annotated[str, Field(description="ISO date for which the register holds")]
    groups: Annotated[list[RegisterGroup], Field(description="the count by `group_by`, most first; empty: not asked for")]
    rows: Annotated[list[dict[str, str]], Field(description="the supporters, as many as `limit` says")]
    citations: Annotated[list[dict[str, Any]], Field(description="records of the register, as in an answer; 20 at most")]
    generation: Annotated[str, Field(description="name of the index")]


class ListedDocument(TypedDict):
    """A document of the library."""

    source: Annotated[str, Field(description="the document: ROOT/PATH")]
    title: Annotated[str, Field(description="its title")]
    kind: Annotated[str, Field(description="pdf, markdown, html, docx, text, yaml or record (an entry of the register)")]
    language: Annotated[str | None, Field(description="ISO 639-1 code; null: unknown")]
    date: Annotated[str | None, Field(description="ISO date that it states; null: none")]
    pages: Annotated[int, Field(description="number of pages")]
    characters: Annotated[int, Field(description="characters of text")]
    link: Annotated[str, Field(description="its address in the page")]


class DocumentsResult(TypedDict):
    """Documents by source."""

    total: Annotated[int, Field(description="how many there are")]
    documents: Annotated[list[ListedDocument], Field(description="as many as `limit` says, from `offset` on")]
    generation: Annotated[str, Field(description="name of the index")]


class OpenLibrary(Closing):
    """An assistant that is opened at first use and serves one call at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._assistant: Assistant | None = None

    @contextmanager
    def held(self) -> Iterator[Assistant]:
        """Give the assistant to one caller; others wait."""
        from assistant.answering import Assistant

        with self._lock:
            if self._assistant is None:
                self._assistant = Assistant.open(self._settings)
            yield self._assistant

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            if self._assistant is not None:
                self._assistant.close()


class Tools(Closing):
    """The tools over one library; `held` gives its assistant to one caller at a time, `answered` is told of each answer.

    A generation that was published meanwhile is taken at the next call. Threads may share it.
    """

    def __init__(
        self,
        settings: Settings,
        held: Callable[[], AbstractContextManager[Assistant]],
        answered: Callable[[Answer], object] | None = None,
    ) -> None:
        self._settings = settings
        self._held = held
        self._answered = answered
        self._sandbox: Sandbox | None = None

    def close(self) -> None:
        """End the process that draws pages."""
        if self._sandbox is not None:
            self._sandbox.close()

    def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run the tool `name`; raise KnowledgeBaseError where there is none or its arguments do not fit."""
        if name not in TOOLS:
            raise NotFoundError(f"There is no tool {name[:80]!r}.", f"The tools are {', '.join(TOOLS)}.")
        try:
            read = arguments_of(name).model_validate(dict(arguments))
        except ValidationError as error:
            found = ((".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors(include_url=False))
            raise KnowledgeBaseError(
                f"{name} cannot take these arguments: " + "; ".join(f"{place}: {words}" for place, words in found) + ".",
                f"It takes {', '.join(arguments_of(name).model_fields)}.",
            ) from error
        values = {field: getattr(read, field) for field in type(read).model_fields}
        result: dict[str, Any] = getattr(self, name)(**values)
        return result

    # The tools, each with what a program is told of it

    def search(
        self,
        query: Annotated[str, Field(min_length=1, max_length=1000, description="What is looked for.")],
        limit: Limit = 10,
    ) -> SearchResult:
        """Search the documents; return the passages that fit best, each with its place and link."""
        with self._current() as (assistant, generation):
            found = assistant.considered(query)
            results: list[ScoredPlace] = [
                {**_place(p.source, p.title, p.page, p.start, p.text, generation.id), "score": round(r.score, 4)}
                for r in found[:limit]
                for p in [r.passage]
            ]
            return {"total": len(found), "results": results, "generation": generation.id}

    def ask(
        self,
        question: Annotated[str, Field(min_length=1, description="The question, in English or French.")],
        history: Annotated[Sequence[Turn], Field(max_length=50, description="Earlier turns, oldest first.")] = (),
        mode: Annotated[
            AskedMode, Field(description="Only quotes, a language model's prose, or whichever is set up.")
        ] = "auto",
    ) -> dict[str, Any]:
        """Answer a question from the documents, every sentence quoted, or refuse where they do not answer it.

        The result is that of `ask --json`: `answer` with [numbers] that refer to `citations`, each a quote, letter for letter,
        with its document, page, offsets and link.
        """
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in history]
        return as_json(self.answer(question, turns, mode), None)

    def get_passage(self, source: Source, page: PageNumber = None, start: Start = None, end: End = None) -> PassageResult:
        """Return the text of a page, or the part from `start` to `end`, letter for letter as quotes are taken from it."""
        with self._current() as (_, generation):
            document, found = _document_and_page(generation.catalog, source, page)
        first, last = start or 0, min(end or len(found.text), len(found.text))
        if first >= last and found.text:
            raise KnowledgeBaseError(
                f"Characters {first} to {end} are not in the page, which has {len(found.text)}.", "Leave start and end out."
            )
        text = found.text[first : min(last, first + MOST_CHARACTERS)]
        return {
            **_place(source, document.title, found.number, first, text, generation.id),
            "characters": len(found.text),
            "pages": document.pages,
            "language": document.language,
            "date": document.date,
            "generation": generation.id,
        }

    def get_page_image(
        self,
        source: Source,
        page: Annotated[int, Field(ge=1, description="The page, from 1.")],
        start: Start = None,
        end: End = None,
    ) -> PageImageResult:
        """Draw a page of a PDF as it was indexed, characters `start` to `end` of its text highlighted."""
        with self._current() as (_, generation):
            document, found = _document_and_page(generation.catalog, source, page)
            if document.kind != "pdf":
                raise KnowledgeBaseError(f"{source} is no PDF: it has no picture.", "Read its text with get_passage.")
            if self._sandbox is None:
                limits = self._settings
                self._sandbox = Sandbox(1, seconds=limits.parse_seconds, memory_bytes=limits.parse_memory_mb << 20)
        spans = [(start, end)] if start is not None and end is not None and start < end <= len(found.text) else []
        original = self._settings.data_dir / "originals" / document.content_hash
        drawn = page_picture(self._sandbox, original, document.content_hash, page, spans, found.origin)
        check = digest(found.text[first:last] for first, last in spans) if spans else None
        return {
            "source": source,
            "title": document.title,
            "page": page,
            "mime_type": "image/png",
            "data": b64encode(drawn).decode("ascii"),
            "link": SourceLink(source, page, tuple(spans), generation.id, check=check).address(),
            "generation": generation.id,
        }

    def verify_quote(
        self,
        quote: Annotated[str, Field(min_length=3, max_length=5000, description="The words that are said to be quoted.")],
        source: Annotated[str | None, Field(description="The document that is to hold it; none: any.")] = None,
    ) -> QuoteResult:
        """Say whether a quote stands in the documents letter for letter, or with the same words, and where."""
        searched = sorted(re.findall(r"\w+", quote), key=len)[-_SEARCHED_WORDS:]
        alike = re.compile(r"\s+".join("".join(_ALIKE.get(c, re.escape(c)) for c in word) for word in quote.split()))
        with self._current() as (_, generation):
            catalog = generation.catalog
            if source is not None:
                _document(catalog, source)
            places: list[TextPlace] = [
                _place(holder, title, number, found.start(), found[0], generation.id)
                for holder, title, number, text in (catalog.pages_holding(searched, source) if searched else ())
                for found in alike.finditer(text)
            ]
            identifier = generation.id
        verbatim = [place for place in places if place["text"] == quote.strip()]
        status: Literal["verbatim", "same_words", "not_found"] = "same_words" if places else "not_found"
        if verbatim:
            return {"status": "verbatim", "places": verbatim[:MOST_PLACES], "generation": identifier}
        return {"status": status, "places": places[:MOST_PLACES], "generation": identifier}

    def check_draft(
        self,
        text: Annotated[str, Field(min_length=1, max_length=50_000, description="The draft, as text or Markdown.")],
    ) -> dict[str, Any]:
        """Look each sentence of a draft up: verbatim, supported, contradicted or not found, with the places in the documents.

        The result is that of `check --json`.
        """
        draft = of_text(text)
        with Checker.open(self._settings) as checker:
            return {"sentences": [each.as_json() for each in checker.check(draft)], "generation": checker.generation.id}

    def coverage(
        self,
        term: Annotated[str, Field(min_length=1, max_length=1000, description="A word or a phrase.")],
        by: Annotated[By, Field(description="What the mentions are counted by.")] = "document",
    ) -> dict[str, Any]:
        """Count the mentions of a term in every document, with the best quote of each; list the documents without one.

        The result is that of `coverage --json`.
        """
        with self._current() as (_, generation):
            return cover(term, generation.catalog, by).as_json() | {"generation": generation.id}

    def register_count(
        self,
        category: Annotated[Category | None, Field(description="Only supporters of this category.")] = None,
        nature: Annotated[
            str | None, Field(max_length=200, description="Only of this nature, as the register writes it.")
        ] = None,
        place: Annotated[
            str | None,
            Field(max_length=200, description="Only from this country or group: a name, or an ISO 3166 alpha-3 code."),
        ] = None,
        joined_since: Annotated[date | None, Field(description="Only those that joined on this day or later.")] = None,
        joined_before: Annotated[date | None, Field(description="Only those that joined before this day.")] = None,
        group_by: Annotated[Grouping | None, Field(description="Also count by this.")] = None,
        limit: Limit = 100,
        language: Annotated[Literal["en", "fr"], Field(description="The language of the sentence and the rows.")] = "en",
    ) -> RegisterResult:
        """Count the supporters of the Paris Call that pass a filter, by arithmetic over the register's records."""
        key = nature_key(nature) if nature else None
        kinds = (Kind(category, (key,) if key else ()),) if category or key else ()
        since, before = (day.isoformat() if day else None for day in (joined_since, joined_before))
        wanted = RegisterFilter(kinds, (place_named(place),) if place else (), joined_since=since, joined_before=before)
        asked = RegisterQuestion("count", language, (wanted,), counted=True)
        with self._current() as (_, generation):
            if limited := states_alone(asked, generation.catalog):
                raise NotFoundError(limited.text, message(language, "terminal.fetch_register"))
            answer = respond("", asked, generation.catalog)
            if answer is None:
                raise NotFoundError("The register at hand cannot tell.", message(language, "terminal.fetch_register"))
            with Register.open(generation.catalog) as register:
                count, as_of = register.count(wanted), register.as_of
                groups = register.count_by(group_by, wanted) if group_by else []
            return {
                "count": count,
                "text": answer.text,
                "as_of": as_of,
                "groups": [{"key": named, "count": number} for named, number in groups],
                "rows": list(answer.table[:limit]),
                "citations": [citation_as_json(cited, generation.id) for cited in answer.citations],
                "generation": generation.id,
            }

    def list_documents(
        self,
        words: Annotated[str, Field(max_length=200, description="Words that title or path hold; none: all documents.")] = "",
        kind: Annotated[str, Field(description="pdf, markdown, html, docx, text, yaml or record; none: all but records.")] = "",
        limit: Limit = 100,
        offset: Annotated[int, Field(ge=0, description="How many to leave out at the beginning.")] = 0,
    ) -> DocumentsResult:
        """List the documents of the library, by path."""
        sought = words.casefold().split()
        with self._current() as (_, generation):
            found = [
                row
                for row in generation.catalog.documents()
                if (row.kind == kind if kind else row.kind != "record")
                and all(word in f"{row.title} {row.source}".casefold() for word in sought)
            ]
            listed: list[ListedDocument] = [
                {
                    "source": row.source, "title": row.title, "kind": row.kind, "language": row.language, "date": row.date,
                    "pages": row.pages, "characters": row.characters,
                    "link": SourceLink(row.source, generation=generation.id).address(),
                }
                for row in found[offset : offset + limit]
            ]  # fmt: skip
            return {"total": len(found), "documents": listed, "generation": generation.id}

    # What they have in common

    @as_request
    def answer(self, question: str, history: Sequence[Mapping[str, str]] = (), mode: AskedMode = "auto") -> Answer:
        """Answer as `Assistant.ask` does; while a language model writes, other calls go on."""
        with self._held() as assistant:
            pass
        standalone = assistant.standalone(question, history, mode)
        with self._held() as assistant:
            begun = assistant.begin(question, history, mode, standalone)
        if isinstance(begun, Answer):
            answer = begun
        else:
            from assistant.writing.writing import Finished

            answer = next(event.answer for event in begun.events() if isinstance(event, Finished))
        if self._answered:
            self._answered(answer)
        return answer

    @contextmanager
    def _current(self) -> Iterator[tuple[Assistant, Generation]]:
        """Give the assistant and the generation that is published now."""
        with self._held() as assistant:
            assistant.refresh()
            yield assistant, assistant.generation


@cache
def arguments_of(name: str) -> type[BaseModel]:
    """Return the model that reads the arguments of a tool."""
    function = getattr(Tools, name)
    hints = get_type_hints(function, globals(), include_extras=True)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], ... if parameter.default is Parameter.empty else parameter.default)
        for parameter in list(signature(function).parameters.values())[1:]
    }
    return create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)


def result_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of what a tool returns."""
    returned = get_type_hints(getattr(Tools, name), globals(), include_extras=True)["return"]
    return TypeAdapter(returned).json_schema(mode="serialization")


def description_of(name: str) -> str:
    """Return what a program is told of a tool."""
    return getdoc(getattr(Tools, name)) or ""


def _place(source: str, title: str, page: int | None, start: int, text: str, generation: str) -> TextPlace:
    end = start + len(text)
    link = SourceLink(source, page, ((start, end),) if text else (), generation, check=digest([text]) if text else None)
    return {
        "source": source, "title": title, "page": page, "start": start, "end": end, "text": text, "link": link.address(),
    }  # fmt: skip


def _document(catalog: Catalog, source: str) -> DocumentRow:
    document = catalog.document(source)
    if document is None:
        raise NotFoundError(f"The library holds no document {source[:200]!r}.", "list_documents names those that it holds.")
    return document


def _document_and_page(catalog: Catalog, source: str, page: int | None) -> tuple[DocumentRow, Page]:
    document = _document(catalog, source)
    found = catalog.page(source, page)
    if found is None and page is None:
        raise KnowledgeBaseError(f"{source} has {document.pages} pages.", "Say which one with `page`, from 1.")
    if found is None:
        has_pages = catalog.page(source, None) is None
        remedy = f"It has pages 1 to {document.pages}." if has_pages else "It has no pages: leave `page` out."
        raise NotFoundError(f"{source} has no page {page}.", remedy)
    return document, found
