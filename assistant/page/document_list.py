"""The list of documents: those that failed first, each with its state, its health, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.escaping import as_html, as_label
from assistant.page import uploads
from assistant.page.activity import ask_ingest
from assistant.page.activity_panel import start
from assistant.page.library import Entry, EntryState, PageRead, chosen
from assistant.page.links import SOURCE_PAGE
from assistant.page.notices import draw_error
from assistant.page.settings import page_settings
from assistant.page.sidebar import summary_line
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import storage_errors, writer_lock
from knowledge_base.store.generations import list_generations, roll_back
from knowledge_base.store.manifest import Manifest

_LISTED = 30
_SECONDS_KEPT = 30


@st.dialog("Forget this document", width="medium")
def draw_forget_dialog(source: str) -> None:
    """Draw what forgetting a document erases, and ask whether it is meant."""
    try:
        planned = _planned(source)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    st.html(plan_html(planned))
    with_answers = bool(planned["answers"]) and st.checkbox("Erase these answers too", key="with-answers")
    is_sure = st.checkbox("I am sure: this cannot be undone", key="forget-sure")
    if st.button("Forget it for good", type="primary", disabled=not is_sure, key="forget-now"):
        start("forget", [source, "--yes", *(["--with-answers"] if with_answers else [])])
        st.rerun()


@st.cache_data(show_spinner="Looking where it is held…", ttl=_SECONDS_KEPT, max_entries=8)
def _planned(source: str) -> dict[str, Any]:
    return dict(ask_ingest(page_settings().data_dir, "forget", [source]))


def plan_html(planned: Mapping[str, Any]) -> str:
    """Return what is erased, and the kept answers that hold text of the document."""
    erased = "".join(f"<li>{line}</li>" for line in _erased(planned))
    notices = "".join(f"<p>{as_html(str(notice))}</p>" for notice in planned["notices"])
    source = f'<p class="pc-source">{as_html(planned["source"])}</p>'
    return f'<div class="pc-card">{source}<ul class="pc-files">{erased}</ul>{_answers(planned)}{notices}</div>'


def _erased(planned: Mapping[str, Any]) -> Iterator[str]:
    earlier = [name for name in planned["names"] if name != planned["source"]]
    if earlier:
        yield f"It was also known as {as_html(', '.join(earlier))}."
    yield from (f"Its file is deleted: {as_html(file)}" for file in planned["files"])
    if planned["generations"]:
        listed = as_html(", ".join(planned["generations"]))
        yield f"The generations that hold it are removed ({listed}): there is no way back to them."
    yield "Its kept original and its part of the cache are erased."
    if planned["evaluations"]:
        yield f"{len(planned['evaluations'])} evaluations that hold passages of it are removed."
    if planned["questions"]:
        yield f"{planned['questions']} test questions of your own that quote it are erased."


def _answers(planned: Mapping[str, Any]) -> str:
    answers = planned["answers"]
    if not answers:
        return "<p>No kept answer holds text of it.</p>"
    saved = [answer for answer in answers if answer["place"] == "saved"]
    told = [f"{as_html(answer['question'])}<span>saved {as_html(answer['kept'][:10])}</span>" for answer in saved[:_LISTED]]
    items = "".join(f"<li>{line}</li>" for line in told)
    others = len(answers) - min(len(saved), _LISTED)
    more = f"<li>{others} answer{'' if others == 1 else 's'} in conversations</li>" if others else ""
    return f'<p><b>These answers hold text of it and lose their page:</b></p><ul class="pc-files">{items}{more}</ul>'


A_PAGE = 20
_ALL = "All"
_TITLE_LENGTH = 72
_PAGES_TOLD = 400
_STATES: dict[EntryState, str] = {
    "failed": "failed",
    "waiting": "waits for the next update",
    "changed": "replaced; waits for the next update",
    "going": "removed; goes with the next update",
    "indexed": "indexed",
}
_ICONS: dict[EntryState, str] = {
    "failed": ":material/error:",
    "waiting": ":material/schedule:",
    "changed": ":material/schedule:",
    "going": ":material/delete:",
    "indexed": ":material/description:",
}


def draw_documents(listed: Sequence[Entry], folder: Sequence[str], *, is_busy: bool) -> None:
    """Draw the filters, and the documents that they leave, a page at a time."""
    root, words, records = _draw_filters(listed)
    found = chosen(listed, root, words, records=records)
    if not found:
        st.html('<p class="pc-quiet">No document matches.</p>')
        return
    first = _draw_pages(len(found))
    with st.container(gap="xsmall", key="list"):
        for entry in found[first : first + A_PAGE]:
            _draw(entry, folder, is_busy=is_busy)


def _draw_filters(listed: Sequence[Entry]) -> tuple[str | None, str, bool]:
    roots = sorted({entry.root for entry in listed if entry.root})
    records = sum(entry.is_record for entry in listed)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        words = st.text_input("Search", placeholder="title or file name", key="words", icon=":material/search:")
        root = st.selectbox("Folder", [_ALL, *roots], key="root") if len(roots) > 1 else _ALL
    shown = st.toggle(f"Show the {records:,} records of the register", key="records") if records else False
    return None if root in (_ALL, None) else root, words or "", bool(shown)


def _draw_pages(count: int) -> int:
    """Draw which of several pages is shown, and return where it begins."""
    pages = -(-count // A_PAGE)
    number = min(int(st.session_state.get("list-page", 0)), pages - 1)
    told = f"{count:,} document{'' if count == 1 else 's'}"
    with st.container(horizontal=True, vertical_alignment="center", key="list-pages"):
        where = f"{told}, page {number + 1} of {pages}" if pages > 1 else told
        st.html(f'<p class="pc-quiet">{where}</p>', width="content")
        if pages > 1:
            for label, to in (("Previous", number - 1), ("Next", number + 1)):
                st.button(label, disabled=not 0 <= to < pages, on_click=_turn, args=(to,), key=f"list-{label}")
    return number * A_PAGE


def _turn(to: int) -> None:
    st.session_state["list-page"] = to


def _draw(entry: Entry, folder: Sequence[str], *, is_busy: bool) -> None:
    icon = ":material/warning:" if entry.state == "indexed" and entry.problem else _ICONS[entry.state]
    with st.expander(label(entry), icon=icon, expanded=entry.state == "failed", key=f"document-{entry.state}-{entry.source}"):
        st.html(details_html(entry))
        with st.container(horizontal=True, vertical_alignment="center", key=f"act-{entry.source}"):
            if entry.document and entry.document.characters:
                st.page_link(SOURCE_PAGE, label="Open", icon=":material/menu_book:", query_params={"source": entry.source})
            if uploads.is_upload(entry.source) and not folder and entry.state != "going":
                _draw_remove(entry, is_busy=is_busy)
            if st.button("Forget…", icon=":material/delete_forever:", disabled=is_busy, key=f"forget-{entry.source}"):
                draw_forget_dialog(entry.source)


def label(entry: Entry) -> str:
    """Return the label of a document's card: its title, and its state or its counts."""
    document = entry.document
    details = [] if entry.state == "indexed" else [_STATES[entry.state]]
    if document and entry.state == "indexed":
        pages = document.pages if document.kind == "pdf" else 0
        dated = [as_label(document.date)] if document.date else []
        counts = [_counted(pages, "page"), _counted(document.passages, "passage")]
        details = [*dated, document.kind.upper(), *filter(None, counts)]
    return f"**{as_label(entry.title, _TITLE_LENGTH)}** — {' · '.join(details)}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else ""


def details_html(entry: Entry) -> str:
    """Return what is known of a document: where it lies, its state, language and size, and what a reader must know."""
    document = entry.document
    facts = [_STATES[entry.state]]
    if document:
        language = [f"language {document.language}"] if document.language else []
        facts += [*language, f"{document.characters:,} characters", f"indexed {document.indexed_at[:10]}"]
    lines = [f'<p class="pc-source">{as_html(entry.source)}</p>', f'<p class="pc-quiet">{as_html(" · ".join(facts))}</p>']
    if entry.problem:
        name = "pc-refused" if entry.state == "failed" else "pc-told"
        lines.append(f'<p class="{name}">{as_html(entry.problem)}</p>')
    if any(page.page is not None or page.remarks for page in entry.pages):
        lines.append(pages_html(entry.pages))
    return f'<div class="pc-card">{"".join(lines)}</div>'


def pages_html(pages: Sequence[PageRead]) -> str:
    """Return how well each page was read, folded away; those with a remark are counted."""
    remarked = sum(bool(page.remarks) for page in pages)
    told = f", {remarked} with a remark" if remarked else ""
    rows = "".join(_page_row(page) for page in pages[:_PAGES_TOLD])
    more = f'<p class="pc-quiet">… and {len(pages) - _PAGES_TOLD} more pages</p>' if len(pages) > _PAGES_TOLD else ""
    head = "<tr><th>page</th><th>characters</th><th>language</th><th>remarks</th></tr>"
    return f"<details class='pc-pages'><summary>Page by page{told}</summary><table>{head}{rows}</table>{more}</details>"


def _page_row(page: PageRead) -> str:
    counted = "" if page.characters is None else f"{page.characters:,}"
    cells = ("" if page.page is None else str(page.page), counted, page.language or "", "; ".join(page.remarks))
    return f"<tr>{''.join(f'<td>{as_html(cell)}</td>' for cell in cells)}</tr>"


def _draw_remove(entry: Entry, *, is_busy: bool) -> None:
    with st.popover("Remove", icon=":material/delete:", disabled=is_busy):
        st.write("Its file is deleted, and the next update takes it out of the index. Earlier generations keep it.")
        st.button("Remove it", on_click=_remove, args=(entry.source,), key=f"remove-{entry.source}")


def _remove(source: str) -> None:
    try:
        uploads.remove(page_settings(), source)
    except KnowledgeBaseError as error:
        draw_error(error)


def draw_failures(failed: Sequence[Entry]) -> None:
    """Say how many documents could not be read."""
    if failed:
        count = f"{len(failed)} file{'' if len(failed) == 1 else 's'} could not be read"
        st.html(f'<p class="pc-quiet">{count}; see below, with the reason.</p>')


def draw_roll_back(current: str, *, is_busy: bool) -> None:
    """Draw the button that goes back, with what it goes back to; nothing where no earlier generation is kept."""
    earlier = [manifest for manifest in list_generations(page_settings().data_dir) if manifest.id < current]
    if earlier:
        with st.popover("Roll back", icon=":material/undo:", disabled=is_busy):
            _draw_confirmation(earlier[-1])


def _draw_confirmation(earlier: Manifest) -> None:
    st.html(
        f"<p>Answers will come from the generation before: {as_html(summary_line(earlier, st.context.timezone))}.</p>"
        '<p class="pc-quiet">Files are not touched: the next update brings the index in line with them again.</p>'
    )
    st.button("Go back to it", on_click=_roll_back, key="roll-back")


def _roll_back() -> None:
    data_dir = page_settings().data_dir
    try:
        with writer_lock(data_dir), storage_errors(data_dir):
            roll_back(data_dir)
    except KnowledgeBaseError as error:
        st.session_state["refused"] = error
