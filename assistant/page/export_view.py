"""Answers taken away from the page, and what changed in saved ones since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from markupsafe import Markup

from assistant.answers import Answer, ExportFormat
from assistant.page import resources
from assistant.page.settings import page_settings
from assistant.page.sidebar import local_time
from assistant.page.templates import draw_error, draw_line, show
from assistant.workbench import digest
from assistant.workbench.exporting import ENDINGS, written
from assistant.workbench.notes import look_up
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import words
from knowledge_base.store.generations import current_id

_FORMS: dict[ExportFormat, tuple[str, str, str]] = {
    "docx": ("Word, with footnotes", ":material/description:", "application/octet-stream"),
    "md": ("Markdown", ":material/markdown:", "text/markdown"),
    "html": ("Web page, to print", ":material/print:", "application/octet-stream"),
    "bundle": ("Bundle that others can verify", ":material/verified:", "application/zip"),
    "bibtex": ("Sources as BibTeX", ":material/menu_book:", "application/octet-stream"),
    "csl": ("Sources for Zotero (CSL-JSON)", ":material/library_books:", "application/json"),
}
_NAME_WORDS = 6


def draw_export(answers: Callable[[], Sequence[Answer]], name: str, label: str, key: str) -> None:
    """Draw the button that opens the forms in which answers can be taken away; a file is made when it is asked for."""
    with st.popover(label, icon=":material/ios_share:", key=f"export-{key}"), st.container(gap=None):
        for form, (told, icon, mime) in _FORMS.items():
            st.download_button(
                told,
                partial(_file, answers, form),
                f"{'-'.join(words(name)[:_NAME_WORDS]) or 'answers'}.{ENDINGS[form]}",
                mime,
                icon=icon,
                type="tertiary",
                on_click="ignore",
                key=f"export-{key}-{form}",
            )


def _file(answers: Callable[[], Sequence[Answer]], form: ExportFormat) -> bytes:
    found = answers()
    return written(found, form, look_up(found, page_settings()))


def draw_digest() -> dict[int, digest.AnswerChange]:
    """Draw how many saved answers changed, and the button that asks them again; return what changed in each."""
    store, data_dir = resources.conversations(), page_settings().data_dir
    changes = {change.saved: change for change in digest.changes_since_saved(store) if change.state != "same"}
    try:
        present = current_id(data_dir)
    except KnowledgeBaseError as error:
        draw_error(error)
        return changes
    saved, checked = store.saved_answers(), {again.saved: again.checked for again in store.asked_again()}
    open_ones = [entry for entry in saved if present not in (entry.answer.generation, checked.get(entry.id))]
    if present is None or not (open_ones or checked):
        return changes
    with st.container(horizontal=True, vertical_alignment="center", key="digest"):
        if open_ones:
            told = f"{len(open_ones)} of {len(saved)} were answered from an earlier index."
            draw_line(told, width="content")
            st.button("Ask them again", icon=":material/refresh:", on_click=_ask_again, key="ask-again")
        else:
            since = local_time(min(entry.saved for entry in saved), st.context.timezone)
            draw_line(f"{len(changes)} of {len(saved)} saved answers changed since {since}.", width="content")
    return changes


def draw_change(change: digest.AnswerChange) -> None:
    """Draw what changed in a saved answer."""
    told = f"What changed since it was saved: {digest.STATES[change.state]}"
    with st.expander(told, icon=":material/difference:", key=f"changed-{change.saved}"):
        show(Markup(digest.change_html(change)))


def _ask_again() -> None:
    """Ask the saved questions of the published index; an error is left for the page to say where it opens the library."""
    try:
        shared = resources.assistant()
        with st.spinner("Asking again…"):
            list(digest.ask_again(resources.conversations(), shared.ask, current_id(page_settings().data_dir) or ""))
    except KnowledgeBaseError as error:
        draw_error(error)
