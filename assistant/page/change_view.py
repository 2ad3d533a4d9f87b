"""What changed between two generations, to read: each document with its passages, the words of an edit marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from assistant.escaping import as_html, as_label
from assistant.page.links import SourceLink
from knowledge_base.store.changes import DocumentChange, DocumentState, GenerationChanges, PassageChange, PassageText, WordRun

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


def draw_changes(changes: GenerationChanges) -> None:
    """Draw the documents that differ: each that changed by itself, the first of them open; then those that went and came."""
    by_state = {state: [d for d in changes.documents if d.state == state] for state in _STATES}
    told = [f"{len(listed):,} {state}" for state, listed in by_state.items() if listed]
    st.html(f'<p class="pc-quiet">{"Documents: " + ", ".join(told) if told else "No document differs."}</p>')
    edited = [*by_state["changed"], *by_state["renamed"]]
    with st.container(gap="xsmall", key="changes"):
        for position, document in enumerate(edited[:_DOCUMENTS]):
            with st.expander(
                label(document), icon=_ICONS[document.state], expanded=position < _OPEN, key=f"change-{document.source}"
            ):
                st.html(document_html(document, changes))
        if len(edited) > _DOCUMENTS:
            more = f"… and {len(edited) - _DOCUMENTS:,} more; <code>python -m ingest changes</code> shows all."
            st.html(f'<p class="pc-quiet">{more}</p>')
        for state in ("removed", "added"):
            if by_state[state]:
                with st.expander(f"{len(by_state[state]):,} {state}", icon=_ICONS[state], key=f"change-{state}"):
                    st.html(whole_html(by_state[state], changes))


def whole_html(documents: Sequence[DocumentChange], changes: GenerationChanges) -> str:
    """Return documents that came or went as a list; each leads to where it is held."""
    items = "".join(f"<li>{_whole(document, changes)}</li>" for document in documents[:_LISTED])
    more = f'<p class="pc-quiet">… and {len(documents) - _LISTED:,} more</p>' if len(documents) > _LISTED else ""
    return f'<div class="pc-diff"><ul class="pc-files">{items}</ul>{more}</div>'


def _whole(document: DocumentChange, changes: GenerationChanges) -> str:
    generation = changes.after if document.state == "added" else changes.before
    page = next((text.page for change in document.passages if (text := change.after or change.before)), None)
    address = as_html(SourceLink(document.source, page, generation=generation).address())
    count = len(document.passages)
    told = f"{as_html(document.source)} · {count:,} passage{'' if count == 1 else 's'}"
    return f'<a href="{address}" target="_self">{as_html(document.title)}</a><span>{told}</span>'


def label(document: DocumentChange) -> str:
    """Return the label of a document's card: its title, its state, and how many passages changed."""
    counts = [f"{count} {kind}" for kind, count in document.counts.items()]
    return f"**{as_label(document.title, 72)}** — {' · '.join([document.state, *counts])}"


def document_html(document: DocumentChange, changes: GenerationChanges) -> str:
    """Return a document's passages that differ, in reading order."""
    source = as_html(document.source)
    if document.previous:
        source = f"{as_html(document.previous)} → {source}"
    head = f'<p class="pc-source">{source}</p>'
    kept = f'<p class="pc-quiet">{document.unchanged:,} passages are as they were.</p>' if document.unchanged else ""
    if not document.passages:
        return f'<div class="pc-diff">{head}<p class="pc-quiet">Its text is the same.</p></div>'
    passages = "".join(passage_html(change, document, changes) for change in document.passages[:_PASSAGES])
    left = len(document.passages) - _PASSAGES
    more = f'<p class="pc-quiet">… and {left:,} more passages.</p>' if left > 0 else ""
    return f'<div class="pc-diff">{head}{kept}{passages}{more}</div>'


def passage_html(change: PassageChange, document: DocumentChange, changes: GenerationChanges) -> str:
    """Return one passage: what happened to it, where, and its text with the words marked."""
    told = f'<p class="pc-change"><b>{change.kind}</b>{_place(change)} {_links(change, document, changes)}</p>'
    return f'<div class="pc-passage pc-{change.kind}">{told}<p class="pc-running">{_text(change)}</p></div>'


def _place(change: PassageChange) -> str:
    old, new = change.before, change.after
    if change.kind == "moved" and old and new and old.page != new.page:
        return f" from page {old.page} to page {new.page}"
    text = new or old
    where = [f"page {text.page}"] if text and text.page is not None else []
    heading = [as_html(text.heading)] if text and text.heading else []
    return "".join(f" · {part}" for part in [*where, *heading])


def _links(change: PassageChange, document: DocumentChange, changes: GenerationChanges) -> str:
    old = _link("before", document.previous or document.source, change.before, changes.before)
    new = _link("now", document.source, change.after, changes.after)
    return f'<span class="pc-links-to">{old}{new}</span>'


def _link(word: str, source: str, text: PassageText | None, generation: str) -> str:
    if text is None:
        return ""
    link = SourceLink(source, text.page, ((text.start, text.end),), generation)
    return f'<a href="{as_html(link.address())}" target="_self">{word}</a>'


def _text(change: PassageChange) -> str:
    if change.words:
        return "".join(map(_run, change.words))
    text = change.after or change.before
    shown = " ".join(text.text.split()) if text else ""
    if change.kind == "moved" and len(shown) > _EXCERPT:
        shown = shown[:_EXCERPT].rsplit(" ", 1)[0] + " …"
    return _run(WordRun("out" if change.kind == "removed" else "in" if change.kind == "added" else "same", shown))


def _run(run: WordRun) -> str:
    tag = _TAGS[run.kind]
    return f"<{tag}>{as_html(run.text)}</{tag}>"
