"""The documents: what is indexed, what failed, what waits; put in, preview, update, roll back, remove, forget."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import streamlit as st

from assistant.escaping import as_html
from assistant.page import activity
from assistant.page.activity_panel import draw_activity, draw_refusal
from assistant.page.add_documents import draw_fetch_offer, draw_update, draw_upload
from assistant.page.document_list import draw_documents, draw_failures, draw_roll_back
from assistant.page.library import Entry, Holdings, entries, read_holdings
from assistant.page.links import CHANGES_PAGE
from assistant.page.notices import draw_error, draw_notice
from assistant.page.settings import page_settings
from assistant.page.sidebar import summary_line
from assistant.page.uploads import waiting
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.store.generations import current_id

log = logging.getLogger(__name__)


def draw() -> None:
    """Draw the page."""
    settings = page_settings()
    holdings = _holdings()
    folder = [holdings.manifest.folder] if holdings and holdings.manifest.folder else []
    found = activity.read(settings.data_dir)
    is_busy = found is not None and found.is_running
    uploads = [] if folder else waiting(settings, *((holdings.indexed, holdings.failed) if holdings else ({}, {})))
    # A container each, so that what comes or goes in one does not take the place, and the state, of what stands in another.
    with st.container():
        _draw_head(holdings, is_busy=is_busy)
    with st.container():
        draw_refusal()
        draw_activity(found, folder)
    with st.container():
        _draw_ways_in(folder, is_busy=is_busy)
    with st.container():
        draw_update(uploads, folder, is_busy=is_busy)
    with st.container():
        _draw_list(entries(holdings, uploads, _health(holdings)), folder, is_busy=is_busy)


def _draw_ways_in(folder: Sequence[str], *, is_busy: bool) -> None:
    if folder:
        draw_notice(f"This index is made of the folder {folder[0]}. Put documents there, then bring the index up to date.")
        return
    with st.container():
        _draw_official_offer(is_busy=is_busy)
    draw_upload()


def _draw_list(listed: Sequence[Entry], folder: Sequence[str], *, is_busy: bool) -> None:
    if listed:
        st.html('<h2 class="pc-title">All documents</h2>')
        with st.container():
            draw_failures([entry for entry in listed if entry.state == "failed"])
        draw_documents(listed, folder, is_busy=is_busy)


def _holdings() -> Holdings | None:
    """Return what is indexed; None, with the reason on the page, where there is nothing to read."""
    try:
        generation = current_id(page_settings().data_dir)
        return _read_holdings(generation) if generation else None
    except NoIndexError:
        return None
    except KnowledgeBaseError as error:
        draw_error(error)
        return None


@st.cache_data(show_spinner=False, max_entries=4)
def _read_holdings(generation: str) -> Holdings:
    return read_holdings(page_settings().data_dir)


def _health(holdings: Holdings | None) -> Sequence[dict[str, Any]]:
    """Return what ingest says of each document; nothing, and a notice, where it cannot say it."""
    if holdings is None:
        return []
    try:
        return _ask_health(holdings.manifest.id)
    except KnowledgeBaseError as error:
        log.warning("%s", error)
        draw_notice("How well the documents were read is not known at the moment.")
        return []


@st.cache_data(show_spinner="Looking how well the documents were read…", max_entries=4)
def _ask_health(generation: str) -> list[dict[str, Any]]:
    found = activity.ask_ingest(page_settings().data_dir, "health")
    return [row for row in found if isinstance(row, dict)]


def _draw_head(holdings: Holdings | None, *, is_busy: bool) -> None:
    st.title("Documents", anchor=False)
    if holdings is None:
        told = "Nothing is indexed yet. Bring the index up to date to begin with the built-in briefs."
        st.html(f'<p class="pc-purpose">{told}</p>')
        return
    st.html(f'<p class="pc-quiet">{as_html(summary_line(holdings.manifest, st.context.timezone))}</p>')
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.page_link(CHANGES_PAGE, label="What changed", icon=":material/difference:")
        draw_roll_back(holdings.manifest.id, is_busy=is_busy)


def _draw_official_offer(*, is_busy: bool) -> None:
    official = page_settings().roots["official"]
    has_any = official.is_dir() and any(path.is_dir() and not path.name.startswith(".") for path in official.iterdir())
    if not has_any:
        draw_fetch_offer(is_busy=is_busy)


if __name__ == "__main__":
    draw()
