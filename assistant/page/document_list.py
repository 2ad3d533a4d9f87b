"""The list of documents: those that failed first, then those that wait; each with its health, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import streamlit as st
from markupsafe import Markup

from assistant.page import uploads
from assistant.page.activity import ask_ingest
from assistant.page.activity_panel import start
from assistant.page.language import language_name, say
from assistant.page.links import SOURCE_PAGE
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_line, render, show
from assistant.page.uploads import Upload
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label
from knowledge_base.store.catalog import DocumentRow, FailureRow
from knowledge_base.store.generations import open_generation
from knowledge_base.store.manifest import Manifest

_ODD = 0.02

EntryState = Literal["failed", "waiting", "changed", "going", "undone", "indexed"]
_ORDER: dict[EntryState, int] = {"failed": 0, "going": 1, "changed": 1, "waiting": 1, "undone": 1, "indexed": 2}
A_PAGE = 20
_ALL = ""
_TITLE_LENGTH = 72
_LISTED = 30
_SECONDS_KEPT = 30
_ICONS: dict[EntryState, str] = {
    "failed": ":material/error:",
    "waiting": ":material/schedule:",
    "changed": ":material/schedule:",
    "going": ":material/delete:",
    "undone": ":material/undo:",
    "indexed": ":material/description:",
}


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a generation holds."""

    manifest: Manifest
    documents: tuple[DocumentRow, ...]
    failures: tuple[FailureRow, ...]

    @property
    def indexed(self) -> dict[str, str]:
        """Map each document's source to its content hash."""
        return {row.source: row.content_hash for row in self.documents}

    @property
    def failed(self) -> dict[str, str]:
        """Map the source of each file that failed to its content hash."""
        return {row.source: row.content_hash for row in self.failures}


class PageRead(NamedTuple):
    """What was read of one page (None: a document without pages); `remarks` say what a reader must know of it."""

    page: int | None
    characters: int | None
    language: str | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the list; `problem` is why it failed or what a reader must know, `pages` the same page by page."""

    source: str
    title: str
    state: EntryState
    document: DocumentRow | None = None
    problem: str | None = None
    pages: tuple[PageRead, ...] = ()

    @property
    def root(self) -> str:
        """Return the root that it lies in; empty where the index is made of one folder."""
        return self.source.partition("/")[0] if "/" in self.source else ""

    @property
    def is_record(self) -> bool:
        """Return whether it is a record of the register."""
        return self.document is not None and self.document.kind == "record"


def draw_documents(listed: Sequence[Entry], folder: Sequence[str], *, is_busy: bool) -> None:
    """Draw the filters, and the documents that they leave, a page at a time."""
    roots = sorted({entry.root for entry in listed if entry.root})
    records = sum(entry.is_record for entry in listed)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        words = st.text_input(say("titles.search"), placeholder=say("documents.words"), key="words", icon=":material/search:")
        root = (
            st.selectbox(
                say("documents.folder"), [_ALL, *roots], format_func=lambda name: name or say("search.all"), key="root"
            )
            if len(roots) > 1
            else _ALL
        )
    shown = st.toggle(say("documents.show_records", count=records), key="records") if records else False
    found = chosen(listed, None if root in (_ALL, None) else root, words or "", records=bool(shown))
    if not found:
        draw_line(say("documents.none_matches"))
        return
    first = _draw_pages(len(found))
    with st.container(gap="xsmall", key="list"):
        for entry in found[first : first + A_PAGE]:
            _draw(entry, folder, is_busy=is_busy)


def _draw_pages(count: int) -> int:
    """Draw which of several pages is shown, and return where it begins."""
    pages = -(-count // A_PAGE)
    number = min(int(st.session_state.get("list-page", 0)), pages - 1)
    told = say("counts.documents", count=count)
    with st.container(horizontal=True, vertical_alignment="center", key="list-pages"):
        draw_line(say("documents.page_of", told=told, number=number + 1, pages=pages) if pages > 1 else told, width="content")
        if pages > 1:
            for name, label, to in (
                ("Previous", say("source.previous"), number - 1),
                ("Next", say("source.next"), number + 1),
            ):
                st.button(label, disabled=not 0 <= to < pages, on_click=_turn, args=(to,), key=f"list-{name}")
    return number * A_PAGE


def _turn(to: int) -> None:
    st.session_state["list-page"] = to


def _draw(entry: Entry, folder: Sequence[str], *, is_busy: bool) -> None:
    icon = ":material/warning:" if entry.state == "indexed" and entry.problem else _ICONS[entry.state]
    with st.expander(label(entry), icon=icon, expanded=entry.state == "failed", key=f"document-{entry.state}-{entry.source}"):
        show(details_html(entry))
        with st.container(horizontal=True, vertical_alignment="center", key=f"act-{entry.source}"):
            if entry.document and entry.document.characters:
                st.page_link(
                    SOURCE_PAGE, label=say("documents.open"), icon=":material/menu_book:", query_params={"source": entry.source}
                )
            if uploads.is_upload(entry.source) and not folder and entry.state != "going":
                with st.popover(say("saved.remove"), icon=":material/delete:", disabled=is_busy):
                    st.write(say("documents.remove_sure"))
                    st.button(say("documents.remove_now"), on_click=_remove, args=(entry.source,), key=f"remove-{entry.source}")
            if st.button(say("forget.begin"), icon=":material/delete_forever:", disabled=is_busy, key=f"forget-{entry.source}"):
                draw_forget_dialog(entry.source)


def _remove(source: str) -> None:
    try:
        uploads.remove(page_settings(), source)
    except KnowledgeBaseError as error:
        draw_error(error)


def label(entry: Entry) -> str:
    """Return the label of a document's card: its title, and its state or its counts."""
    document = entry.document
    details = [] if entry.state == "indexed" else [say(f"documents.state.{entry.state}")]
    if document and entry.state == "indexed":
        details = [*([as_label(document.date)] if document.date else []), document.kind.upper()]
        if document.kind == "pdf" and document.pages:
            details.append(say("counts.pages", count=document.pages))
        if document.passages:
            details.append(say("counts.passages", count=document.passages))
    return f"**{as_label(entry.title, _TITLE_LENGTH)}** — {' · '.join(details)}"


def details_html(entry: Entry) -> Markup:
    """Return what is known of a document: where it lies, its state, language and size, and what a reader must know."""
    document = entry.document
    facts = [say(f"documents.state.{entry.state}")]
    if document:
        language = [say("documents.language", name=language_name(document.language))] if document.language else []
        facts += [
            *language,
            say("documents.characters", count=document.characters),
            say("documents.indexed", date=document.indexed_at[:10]),
        ]
    has_pages = any(page.page is not None or page.remarks for page in entry.pages)
    remarked = sum(bool(page.remarks) for page in entry.pages)
    return render("document", entry=entry, facts=facts, has_pages=has_pages, remarked=remarked)


def draw_forget_dialog(source: str) -> None:
    """Draw what forgetting a document erases, and ask whether it is meant."""
    st.dialog(say("forget.title"), width="medium")(_draw_forgetting)(source)


def _draw_forgetting(source: str) -> None:
    try:
        with st.spinner(say("forget.looking")):
            planned = _planned(source)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    show(plan_html(planned))
    with_answers = bool(planned["answers"]) and st.checkbox(say("forget.with_answers"), key="with-answers")
    is_sure = st.checkbox(say("forget.sure"), key="forget-sure")
    if st.button(say("forget.now"), type="primary", disabled=not is_sure, key="forget-now"):
        start("forget", [source, "--yes", *(["--with-answers"] if with_answers else [])])
        st.rerun()


@st.cache_data(show_spinner=False, ttl=_SECONDS_KEPT, max_entries=8)
def _planned(source: str) -> dict[str, Any]:
    return dict(ask_ingest(page_settings(), "forget", [source]))


def plan_html(planned: Mapping[str, Any]) -> Markup:
    """Return what is erased, and the kept answers that hold text of the document."""
    earlier = [name for name in planned["names"] if name != planned["source"]]
    saved = [answer for answer in planned["answers"] if answer["place"] == "saved"][:_LISTED]
    return render("forget", planned=planned, earlier=earlier, saved=saved, others=len(planned["answers"]) - len(saved))


def read_holdings(data_dir: Path, identifier: str | None = None) -> Holdings:
    """Return what a generation holds (None: the published one); raise NoIndexError or DamagedIndexError if there is none."""
    with open_generation(data_dir, identifier) as generation:
        return Holdings(generation.manifest, tuple(generation.catalog.documents()), tuple(generation.catalog.failures()))


def entries(holdings: Holdings | None, uploads: Iterable[Upload], health: Sequence[Mapping[str, Any]] = ()) -> list[Entry]:
    """Return all documents, those that failed first, then those that wait; `health` is what ingest says of them."""
    told = {str(row["source"]): row for row in health}
    documents = {row.source: row for row in holdings.documents} if holdings else {}
    reasons = {row.source: row.reason for row in holdings.failures} if holdings else {}
    states: dict[str, EntryState] = dict.fromkeys(documents, "indexed")
    states |= dict.fromkeys(reasons, "failed")
    states |= {upload.source: upload.state for upload in uploads}
    listed = []
    for source, state in states.items():
        document, of_health = documents.get(source), told.get(source, {})
        title = document.title if document else source.rpartition("/")[2]
        problem = reasons.get(source) if state == "failed" else of_health.get("problem")
        pages = map(_page_read, of_health.get("page_health") or of_health.get("page_problems") or ())
        listed.append(Entry(source, title, state, document, str(problem) if problem else None, tuple(pages)))
    return sorted(listed, key=lambda entry: (_ORDER[entry.state], entry.title.casefold(), entry.source))


def _page_read(told: Mapping[str, Any]) -> PageRead:
    odd = [say("documents.odd", percent=round(100 * told["odd"]))] if told.get("odd", 0) > _ODD else []
    suspected = [say(f"documents.suspected.{name}") for name in ("columns", "tables") if told.get(name)]
    problem = [str(told["problem"])] if told.get("problem") else []
    return PageRead(told.get("page"), told.get("characters"), told.get("language"), (*problem, *odd, *suspected))


def chosen(listed: Iterable[Entry], root: str | None, words: str, *, records: bool) -> list[Entry]:
    """Return the entries of a root (None: of all) whose title or source holds all the words; records only where asked for."""
    wanted = words.casefold().split()
    return [
        entry
        for entry in listed
        if entry.is_record == records
        and (root is None or entry.root == root)
        and all(word in f"{entry.title} {entry.source}".casefold() for word in wanted)
    ]
