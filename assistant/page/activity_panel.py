"""Ingest at work: its progress, live; then its report, or what went wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.escaping import as_html, as_label
from assistant.page import activity
from assistant.page.activity import Activity, Stage
from assistant.page.notices import draw_error, draw_notice
from assistant.page.settings import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import writer_at_work

_LISTED, _OPEN = 200, 5
_CHANGES = {"added": "added", "updated": "changed", "renamed": "renamed", "deleted": "removed"}
_STATES = _CHANGES | {"failed": "failed", "skipped": "skipped", "unchanged": "unchanged"}


def draw_report(activity: Activity) -> None:
    """Draw the report of an activity that has ended well."""
    report = activity.report or {}
    if activity.action == "fetch" and "sources" in report:
        st.html(_box(fetch_lines(report)))
    elif activity.action == "forget":
        st.html(_box(forget_lines(report)))
    else:
        st.html(_box(sync_lines(report, planned=activity.action == "preview")))
        _draw_lists(report)


def sync_lines(report: Mapping[str, Any], *, planned: bool) -> Iterator[str]:
    """Yield the headline of a plan or of a sync, and its notices."""
    counts = [f"{len(report[state]):,} {word}" for state, word in _STATES.items() if report.get(state)]
    changes = any(report.get(state) for state in _CHANGES)
    told = ", ".join(counts) or "no documents found"
    if planned:
        yield f"<b>{'An update would do this' if changes else 'The index is up to date'}:</b> {as_html(told)}."
    elif changes:
        seconds = f"{report.get('seconds', 0):.1f} s"
        yield f"<b>The index is up to date.</b> {as_html(told)}; {report.get('passages', 0):,} passages, in {seconds}."
    else:
        yield f"<b>There was nothing to do.</b> {as_html(told)}."
    yield from (as_html(str(notice)) for notice in report.get("notices") or ())


def fetch_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what became of each source."""
    for source in report["sources"]:
        came = f"{source['files']:,} files, {source['bytes'] / 1e6:.1f} MB, each verified"
        yield f"<b>{as_html(source['name'])}:</b> {as_html(source.get('reason') or came)}"


def forget_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was forgotten, and what still holds text of it."""
    yield f"<b>{as_html(report['source'])} is forgotten.</b> Nothing of its text is left in the index and beside it."
    if report["erased_answers"]:
        yield f"{report['erased_answers']} answers that held text of it were erased."
    if report["answers"]:
        yield f"{len(report['answers'])} kept answers still hold text of it."
    yield from (as_html(str(notice)) for notice in report.get("notices") or ())


def _box(lines: Iterator[str]) -> str:
    written = "".join(f"<p>{line}</p>" for line in lines)
    return f'<div class="pc-box pc-done" role="status">{written}</div>'


def _draw_lists(report: Mapping[str, Any]) -> None:
    for state, word in _STATES.items():
        listed = report.get(state) or []
        if listed and state != "unchanged":
            is_open = state == "failed" or (state != "skipped" and len(listed) <= _OPEN)
            with st.expander(f"{len(listed):,} {word}", expanded=is_open, key=f"report-{state}"):
                st.html(list_html(listed))


def list_html(listed: Sequence[Any]) -> str:
    """Return sources, each with its reason or its earlier name, as a list."""
    items = "".join(f"<li>{_item(entry)}</li>" for entry in listed[:_LISTED])
    more = f'<p class="pc-quiet">… and {len(listed) - _LISTED:,} more</p>' if len(listed) > _LISTED else ""
    return f'<ul class="pc-files">{items}</ul>{more}'


def _item(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return as_html(str(entry))
    source = as_html(str(entry.get("source", "")))
    if "from" in entry:
        return f"{as_html(str(entry['from']))} → {source}"
    return f"{source}<span>{as_html(str(entry.get('reason', '')))}</span>"


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
