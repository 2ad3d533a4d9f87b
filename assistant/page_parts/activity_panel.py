"""Ingest at work: its progress, live; then its report, or what went wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from assistant import activity
from assistant.activity import Activity, Stage
from assistant.page_parts.escaping import as_label
from assistant.page_parts.notices import draw_error, draw_notice
from assistant.page_parts.report_view import draw_report
from assistant.server import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import writer_at_work

DELETIONS_MEANT = "--allow-deletions"
_SECONDS_BETWEEN_LOOKS = 1.0
_DOING = {
    "preview": "Comparing the documents with the index",
    "sync": "Bringing the index up to date",
    "fetch": "Fetching the official documents",
    "forget": "Forgetting the document",
}
_STAGES = {"Compare": "Comparing", "Read": "Reading", "Embed": "Embedding", "Verify": "Checking", "Forget": "Erasing"}


def draw_activity(found: Activity | None, folder: Sequence[str]) -> None:
    """Draw what the page started last; `folder` is the argument that names the folder of an index that is made of one."""
    if found is None:
        _draw_other_writer()
    elif found.is_running:
        st.fragment(_draw_running, run_every=_SECONDS_BETWEEN_LOOKS)()
    else:
        _draw_ended(found, folder)


def start(action: activity.Action, arguments: Sequence[str] = ()) -> None:
    """Start ingest; where something runs already that is said."""
    try:
        activity.start(page_settings().data_dir, action, arguments)
    except KnowledgeBaseError as error:
        st.session_state["refused"] = error


def draw_refusal() -> None:
    """Say why something was not started."""
    if error := st.session_state.pop("refused", None):
        draw_error(error)


def _draw_other_writer() -> None:
    if who := writer_at_work(page_settings().data_dir):
        draw_notice(f"Another ingest is writing to this index ({who}). What you see is the index as it was before.")


def _draw_running() -> None:
    found = activity.read(page_settings().data_dir)
    if found is None or not found.is_running:
        st.rerun(scope="app")
    with st.container(border=True, key="activity"):
        st.html(f'<p class="pc-doing" role="status">{_DOING[found.action]}…</p>')
        for stage in found.stages:
            st.progress(*_progress(stage))
        st.html('<p class="pc-quiet">Questions are answered from the documents as they were, until this is done.</p>')


def _progress(stage: Stage) -> tuple[float, str]:
    name = as_label(_STAGES.get(stage.name, f"Downloading {stage.name}"), 60)
    if not stage.total:
        return 0.0, f"{name}: {_amount(stage.done)}"
    return min(1.0, stage.done / stage.total), f"{name}: {_amount(stage.done)} of {_amount(stage.total)}"


def _amount(count: int) -> str:
    """Return a count; bytes, of which there are many, as megabytes."""
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{count:,}"


def _draw_ended(found: Activity, folder: Sequence[str]) -> None:
    with st.container(key="activity-ended"):
        if found.error:
            draw_error(KnowledgeBaseError(f"{_DOING[found.action]} did not succeed.", found.error))
        else:
            draw_report(found)
        with st.container(horizontal=True):
            _draw_deletions_meant(found, folder)
            st.button("Dismiss", icon=":material/close:", on_click=_dismiss, key="dismiss")


def _draw_deletions_meant(found: Activity, folder: Sequence[str]) -> None:
    """Offer to go on where most documents of a root are gone: only a person knows whether that was meant."""
    notices = (found.report or {}).get("notices") or ()
    if any(DELETIONS_MEANT in str(text) for text in (found.error or "", *notices)):
        st.button(
            "They were removed on purpose: go on",
            icon=":material/check:",
            on_click=start,
            args=("sync", [*folder, DELETIONS_MEANT]),
            key="deletions-meant",
        )


def _dismiss() -> None:
    activity.dismiss(page_settings().data_dir)
