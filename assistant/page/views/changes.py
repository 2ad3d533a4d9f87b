"""What changed between two generations of the index: each document with its passages, the words of an edit marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from markupsafe import Markup

from assistant.page.language import local_time, on_page, say
from assistant.page.links import DOCUMENTS_PAGE, SourceLink
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_line, render, show
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label
from knowledge_base.store.changes import (
    DocumentChange,
    DocumentState,
    GenerationChanges,
    PassageChange,
    changes_between,
)
from knowledge_base.store.generations import current_id, list_generations
from knowledge_base.store.manifest import Manifest

_OPEN = 3
_DOCUMENTS = 100
_LISTED = 300
_PASSAGES = 60
_EXCERPT = 300
_STATES: tuple[DocumentState, ...] = ("changed", "renamed", "removed", "added")
_ICONS = {
    "added": ":material/add_circle:",
    "removed": ":material/remove_circle:",
    "changed": ":material/edit:",
    "renamed": ":material/drive_file_rename_outline:",
}
_TAGS = {"same": "span", "out": "del", "in": "ins"}


def draw_page() -> None:
    """Draw which generations are compared, and what differs."""
    st.page_link(DOCUMENTS_PAGE, label=say("changes.all_documents"), icon=":material/arrow_back:")
    st.title(say("titles.changes"), anchor=False)
    data_dir = page_settings().data_dir
    kept = {manifest.id: manifest for manifest in list_generations(data_dir)}
    if len(kept) < 2:
        draw_line(say("changes.nothing"), "pc-purpose")
        return
    try:
        before, after = _draw_choice(kept, current_id(data_dir))
        with st.spinner(say("changes.comparing")):
            compared = _compared(before, after)
        draw_changes(compared)
    except KnowledgeBaseError as error:
        draw_error(error)


def _draw_choice(kept: dict[str, Manifest], current: str | None) -> tuple[str, str]:
    """Draw the two selectors; by default the published generation is compared with the one before it."""
    names = list(kept)
    after = current if current in kept else names[-1]
    before = max((name for name in names if name < after), default=names[-1])
    moments = {name: local_time(manifest.created, st.context.timezone) for name, manifest in kept.items()}
    told = {name: say("changes.generation", id=name, moment=moment) for name, moment in moments.items()}
    told |= {name: say("changes.current", id=name, moment=moments[name]) for name in told if name == current}
    chosen = []
    with st.container(horizontal=True, key="compared"):
        for name, label, default in (("From", say("changes.from"), before), ("To", say("changes.to"), after)):
            position = names.index(default)
            choice = st.selectbox(label, names, position, format_func=told.__getitem__, key=f"compare-{name}")
            chosen.append(choice or default)
    return chosen[0], chosen[1]


@st.cache_data(show_spinner=False, max_entries=8)
def _compared(before: str, after: str) -> GenerationChanges:
    return changes_between(page_settings().data_dir, before, after)


def draw_changes(changes: GenerationChanges) -> None:
    """Draw the documents that differ: each that changed by itself, the first of them open; then those removed and added."""
    by_state = {state: [d for d in changes.documents if d.state == state] for state in _STATES}
    told = ", ".join(say(f"changes.states.{state}", count=len(listed)) for state, listed in by_state.items() if listed)
    draw_line(say("changes.documents", told=told) if told else say("changes.none"))
    edited = [*by_state["changed"], *by_state["renamed"]]
    with st.container(gap="xsmall", key="changes"):
        for position, document in enumerate(edited[:_DOCUMENTS]):
            key = f"change-{document.source}"
            with st.expander(label(document), icon=_ICONS[document.state], expanded=position < _OPEN, key=key):
                show(document_html(document, changes))
        if len(edited) > _DOCUMENTS:
            told = say("changes.more_documents", count=len(edited) - _DOCUMENTS)
            draw_line(Markup("{} <code>python -m ingest changes</code> {}").format(told, say("changes.shows_all")))
        for state in ("removed", "added"):
            if by_state[state]:
                with st.expander(
                    say(f"changes.states.{state}", count=len(by_state[state])), icon=_ICONS[state], key=f"change-{state}"
                ):
                    show(whole_html(by_state[state], changes))


def whole_html(documents: Sequence[DocumentChange], changes: GenerationChanges) -> Markup:
    """Return documents that were added or removed as a list; each leads to where it is held."""
    listed = []
    for document in documents[:_LISTED]:
        generation = changes.after if document.state == "added" else changes.before
        page = next((text.page for change in document.passages if (text := change.after or change.before)), None)
        listed.append((document, SourceLink(document.source, page, generation=generation).address()))
    return render("whole", documents=listed, more=len(documents) - _LISTED)


def label(document: DocumentChange) -> str:
    """Return the label of a document's card: its title, its state, and how many passages changed."""
    counts = [say(f"changes.passages.{kind}", count=count) for kind, count in document.counts.items()]
    return f"**{as_label(document.title, 72)}** — {' · '.join([say(f'changes.state.{document.state}'), *counts])}"


def document_html(document: DocumentChange, changes: GenerationChanges) -> Markup:
    """Return a document's passages that differ, in reading order: what happened to each, where, its text with words marked."""
    passages = []
    for change in document.passages[:_PASSAGES]:
        links = [
            (word, SourceLink(source, text.page, ((text.start, text.end),), generation).address())
            for word, source, text, generation in (
                (say("changes.before"), document.previous or document.source, change.before, changes.before),
                (say("changes.now"), document.source, change.after, changes.after),
            )
            if text
        ]
        passages.append((change.kind, _place(change), links, _runs(change)))
    return render("changes", document=document, passages=passages, more=len(document.passages) - _PASSAGES)


def _place(change: PassageChange) -> str:
    """Return where a passage stands, in words."""
    old, new = change.before, change.after
    if change.kind == "moved" and old and new and old.page != new.page:
        return say("changes.moved_pages", before=old.page, after=new.page)
    text = new or old
    page = f" · {on_page(text.page)}" if text and text.page is not None else ""
    return page + (f" · {text.heading}" if text and text.heading else "")


def _runs(change: PassageChange) -> list[tuple[str, str]]:
    """Return the text of a passage in runs, each with the tag that says whether it stayed, went or came."""
    if change.words:
        return [(_TAGS[run.kind], run.text) for run in change.words]
    text = change.after or change.before
    shown = " ".join(text.text.split()) if text else ""
    if change.kind == "moved" and len(shown) > _EXCERPT:
        shown = shown[:_EXCERPT].rsplit(" ", 1)[0] + " …"
    return [({"removed": "del", "added": "ins"}.get(change.kind, "span"), shown)]


if __name__ == "__main__":
    draw_page()
