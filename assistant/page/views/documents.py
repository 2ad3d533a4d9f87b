"""The documents: what is indexed, what failed, what waits; put in, preview, publish, roll back, remove, forget."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from assistant.page import activity, uploads
from assistant.page.activity_panel import OUTCOMES, draw_activity, has_official_documents, start
from assistant.page.document_list import Holdings, draw_documents, entries, read_holdings
from assistant.page.language import say
from assistant.page.links import CHANGES_PAGE
from assistant.page.settings import page_settings
from assistant.page.sidebar import summary_line
from assistant.page.templates import draw, draw_error, draw_line, draw_notice, render, show
from assistant.page.uploads import Upload
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.file_types import SUFFIXES
from knowledge_base.files import storage_errors, writer_lock
from knowledge_base.store.generations import current_id, list_generations, roll_back

_SENT, _REFUSED = "sent", "upload-refused"

log = logging.getLogger(__name__)


def draw_page() -> None:
    """Draw the page."""
    settings = page_settings()
    holdings = _holdings()
    folder = [holdings.manifest.folder] if holdings and holdings.manifest.folder else []
    found = activity.read(settings.data_dir)
    is_busy = found is not None and found.is_running
    later = _later(holdings)
    waiting: list[Upload] = []
    if not folder:
        indexed, failed = (holdings.indexed, holdings.failed) if holdings else ({}, {})
        waiting = uploads.waiting(settings, indexed, failed, later.failed | later.indexed if later else {})
    # A container each, so that what comes or goes in one does not take the place, and the state, of what stands in another.
    with st.container():
        _draw_head(holdings, later, is_busy=is_busy)
    with st.container():
        draw_activity(found, folder, _undone(holdings, later, waiting))
    with st.container():
        if folder:
            draw_notice(say("documents.of_folder", folder=folder[0]))
        else:
            with st.container():
                draw_fetch_offer(is_busy=is_busy)
            _draw_upload(is_busy=is_busy)
    with st.container():
        is_previewed = found is not None and _is_preview_of(found, waiting)
        is_new = any(upload.state != "undone" for upload in waiting)
        _draw_update([] if is_previewed else waiting, folder, is_busy=is_busy, is_first=is_new and not is_previewed)
    with st.container():
        listed = entries(holdings, waiting, _health(holdings))
        if listed:
            draw_line(say("changes.all_documents"), "pc-title", tag="h2")
        if failures := sum(entry.state == "failed" for entry in listed):
            draw_line(say("documents.failures", count=failures))
        if listed:
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


def _later(holdings: Holdings | None) -> Holdings | None:
    """Return what the newest generation holds that is kept, where a roll back went behind it."""
    kept = list_generations(page_settings().data_dir)
    if holdings is None or not kept or kept[-1].id <= holdings.manifest.id:
        return None
    try:
        return _read_holdings(kept[-1].id)
    except KnowledgeBaseError as error:
        log.warning("%s", error)
        return None


def _undone(holdings: Holdings | None, later: Holdings | None, waiting: Sequence[Upload]) -> set[str]:
    """Return the documents that a roll back took out of the index, or took back to what they were; no upload that is new."""
    if holdings is None or later is None:
        return set()
    known = holdings.indexed
    new = {upload.source for upload in waiting if upload.state != "undone"}
    return {source for source, digest in later.indexed.items() if known.get(source) != digest} - new


def _is_preview_of(found: activity.Activity, waiting: Sequence[Upload]) -> bool:
    """Return whether a preview that has ended tells of all that waits."""
    if found.action != "preview" or found.report is None:
        return False
    lists = (found.report.get(state) or () for state in ("added", "updated", "renamed", "deleted", "failed"))
    told = {entry["source"] if isinstance(entry, dict) else entry for listed in lists for entry in listed}
    return all(upload.source in told for upload in waiting)


@st.cache_data(show_spinner=False, max_entries=4)
def _read_holdings(generation: str) -> Holdings:
    return read_holdings(page_settings().data_dir, generation)


def _health(holdings: Holdings | None) -> Sequence[dict[str, Any]]:
    """Return what ingest says of each document; nothing, and a notice, where it cannot say it."""
    if holdings is None:
        return []
    try:
        with st.spinner(say("documents.looking")):
            return _ask_health(holdings.manifest.id)
    except KnowledgeBaseError as error:
        log.warning("%s", error)
        draw_notice(say("documents.health_unknown"))
        return []


@st.cache_data(show_spinner=False, max_entries=4)
def _ask_health(generation: str) -> list[dict[str, Any]]:
    found = activity.ask_ingest(page_settings(), "health")
    return [row for row in found if isinstance(row, dict)]


def _draw_head(holdings: Holdings | None, later: Holdings | None, *, is_busy: bool) -> None:
    st.title(say("titles.documents"), anchor=False)
    if holdings is None:
        draw_line(say("documents.nothing"), "pc-purpose")
        return
    draw_line(summary_line(holdings.manifest, st.context.timezone))
    if later:
        draw_notice(say("documents.rolled_back", present=holdings.manifest.id, newest=later.manifest.id))
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.page_link(CHANGES_PAGE, label=say("titles.changes"), icon=":material/difference:")
        earlier = [m for m in list_generations(page_settings().data_dir) if m.id < holdings.manifest.id]
        if earlier:
            with st.popover(say("documents.roll_back"), icon=":material/undo:", disabled=is_busy):
                draw("rollback", summary=summary_line(earlier[-1], st.context.timezone))
                st.button(say("documents.go_back"), on_click=_roll_back, key="roll-back")


def _roll_back() -> None:
    """Go back; the report of an earlier update is put away, for it speaks of an index that no longer answers."""
    data_dir = page_settings().data_dir
    try:
        with writer_lock(data_dir), storage_errors(data_dir):
            roll_back(data_dir)
        activity.dismiss(data_dir)
    except KnowledgeBaseError as error:
        st.session_state["refused"] = error


def draw_fetch_offer(*, is_busy: bool) -> None:
    """Offer to fetch the official documents, where there are none."""
    if has_official_documents():
        return
    with st.container(key="fetch-offer"):
        draw("offer")
        st.button(
            say("documents.fetch"),
            icon=":material/download:",
            disabled=is_busy,
            on_click=start,
            args=("fetch", ["--sync"]),
            key="fetch",
        )


def _draw_upload(*, is_busy: bool) -> None:
    """Draw the field that takes files, and what became of those sent last."""
    settings = page_settings()
    if context := get_script_run_ctx():
        uploads.EXPECTED.add(context.session_id)
    key = f"files-{st.session_state.get(_SENT, 0)}"
    st.file_uploader(
        say("documents.own", most=settings.max_file_mb),
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        max_upload_size=settings.max_file_mb,
        key=key,
        on_change=_put_in,
        args=(key, is_busy),
    )
    if error := st.session_state.pop(_REFUSED, None):
        draw_error(error)
    if outcomes := st.session_state.get(OUTCOMES):
        draw("outcomes", outcomes=outcomes)


def _put_in(key: str, is_busy: bool) -> None:
    """Take what was sent, offer an empty field in place of the one that held it, and show what an update would do."""
    files: Sequence[UploadedFile] = st.session_state.get(key) or ()
    if not files:
        return
    try:
        outcomes = uploads.put_in(page_settings(), files)
    except KnowledgeBaseError as error:
        st.session_state[_REFUSED] = error
        return
    st.session_state[_SENT] = st.session_state.get(_SENT, 0) + 1
    if context := get_script_run_ctx():
        # Streamlit would hold them in memory as long as the session lasts.
        context.uploaded_file_mgr.remove_session_files(context.session_id)
    if not is_busy and any(outcome.is_in for outcome in outcomes):
        start("preview")
    st.session_state[OUTCOMES] = outcomes


def _draw_update(waiting: Sequence[Upload], folder: Sequence[str], *, is_busy: bool, is_first: bool) -> None:
    """Draw what waits for an update, and the buttons that preview and start it."""
    if waiting:
        show(waiting_html(waiting))
    with st.container(horizontal=True, key="update"):
        st.button(
            say("documents.update"),
            icon=":material/sync:",
            type="primary" if is_first else "secondary",
            disabled=is_busy,
            on_click=start,
            args=("sync", folder),
            key="sync",
        )
        st.button(
            say("documents.preview"),
            icon=":material/visibility:",
            disabled=is_busy,
            on_click=start,
            args=("preview", folder),
            key="preview",
        )


def waiting_html(waiting: Sequence[Upload]) -> Markup:
    """Return which files wait; those that a roll back took out of the index apart."""
    new = [upload for upload in waiting if upload.state != "undone"]
    undone = [upload for upload in waiting if upload.state == "undone"]
    return render("waiting", new=new, undone=undone)


if __name__ == "__main__":
    draw_page()
