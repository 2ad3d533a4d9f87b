"""Ingest at work: its progress, live; then its report, or what went wrong and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

import streamlit as st

from assistant.page import activity
from assistant.page.activity import Activity, Stage
from assistant.page.language import decimal, megabytes, say
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice, run_script
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label
from knowledge_base.files import writer_at_work

DELETIONS_MEANT = "--allow-deletions"
OUTCOMES = "outcomes"
_SECONDS_BETWEEN_LOOKS = 1.0
_OPEN = 5
_BACK = "back"
_CHANGES = ("added", "updated", _BACK, "renamed", "deleted")
_STATES = (*_CHANGES, "failed", "skipped", "unchanged")
_STAGES = ("Compare", "Read", "Embed", "Verify", "Forget")


def start(action: activity.Action, arguments: Sequence[str] = ()) -> None:
    """Start ingest; where something runs already that is said. What became of files that were sent is not shown any more."""
    st.session_state.pop(OUTCOMES, None)
    try:
        activity.start(page_settings(), action, arguments)
        st.session_state["just-started"] = True
    except KnowledgeBaseError as error:
        st.session_state["refused"] = error


def has_official_documents() -> bool:
    """Return whether official documents were fetched."""
    official = page_settings().roots["official"]
    return official.is_dir() and any(path.is_dir() and not path.name.startswith(".") for path in official.iterdir())


def draw_activity(found: Activity | None, folder: Sequence[str], undone: Collection[str] = ()) -> None:
    """Draw what the page started last, and why something was not started.

    `folder` is the argument that names the folder of an index that is made of one, `undone` the documents that a roll back
    took out of the index.
    """
    if error := st.session_state.pop("refused", None):
        draw_error(error)
    if found is None:
        if who := writer_at_work(page_settings().data_dir):
            draw_notice(say("activity.other_writer", who=who))
    elif found.is_running:
        st.fragment(_draw_running, run_every=_SECONDS_BETWEEN_LOOKS)()
    else:
        _draw_ended(with_brought_back(found, undone), folder)


def with_brought_back(found: Activity, undone: Collection[str]) -> Activity:
    """Return a preview in which what a roll back took out is brought back, not new."""
    if found.action != "preview" or found.report is None or not undone:
        return found
    report = dict(found.report)
    for state in ("added", "updated"):
        report[_BACK] = [*report.get(_BACK, ()), *(source for source in report.get(state) or () if source in undone)]
        report[state] = [source for source in report.get(state) or () if source not in undone]
    return replace(found, report=report)


def _draw_running() -> None:
    found = activity.read(page_settings().data_dir)
    if found is None or not found.is_running:
        st.rerun(scope="app")
    with st.container(border=True, key="activity"):
        draw_line(f"{say(f'activity.doing.{found.action}')}…", "pc-doing", role="status")
        for stage in found.stages:
            st.progress(*progress_of(stage))
        draw_line(say("activity.answered_before"))
        if st.session_state.pop("just-started", False):
            run_script("scroll")


def progress_of(stage: Stage) -> tuple[float, str]:
    """Return how far a stage is, from 0 to 1, and in words; bytes, of which there are many, in megabytes."""
    told = say("activity.downloading", name=stage.name)
    name = as_label(say(f"activity.stage.{stage.name.lower()}") if stage.name in _STAGES else told, 60)
    done, total = (megabytes(n) if n >= 1_000_000 else decimal(n, 0) for n in (stage.done, stage.total or 0))
    if not stage.total:
        return 0.0, say("activity.begun", name=name, done=done)
    return min(1.0, stage.done / stage.total), say("activity.progress", name=name, done=done, total=total)


def _draw_ended(found: Activity, folder: Sequence[str]) -> None:
    with st.container(key="activity-ended"):
        if found.error:
            draw_error(KnowledgeBaseError(say("activity.failed", doing=say(f"activity.doing.{found.action}")), found.error))
        else:
            draw("report", lines=report_lines(found))
            _draw_lists(found)
        notices = (found.report or {}).get("notices") or ()
        changes = sum(len((found.report or {}).get(state) or ()) for state in _CHANGES)
        with st.container(horizontal=True):
            if found.action == "preview" and changes:
                kind: Literal["primary", "secondary"] = "primary"
                text = say("activity.publish", count=changes)
                if changes == len((found.report or {}).get(_BACK) or ()):
                    text, kind = say("activity.undo"), "secondary"
                st.button(text, icon=":material/publish:", type=kind, on_click=start, args=("sync", folder), key="publish")
            # Most documents of a root are gone: only a person knows whether that was meant.
            if any(DELETIONS_MEANT in str(text) for text in (found.error or "", *notices)):
                st.button(
                    say("activity.meant"),
                    icon=":material/check:",
                    on_click=start,
                    args=("sync", [*folder, DELETIONS_MEANT]),
                    key="deletions-meant",
                )
            st.button(say("activity.dismiss"), icon=":material/close:", on_click=_dismiss, key="dismiss")


def _draw_lists(found: Activity) -> None:
    """Draw the documents of a plan or a sync by what became of them; those that failed unfolded."""
    for state in _STATES:
        listed = (found.report or {}).get(state) or []
        if listed and state != "unchanged":
            is_open = state == "failed" or (state != "skipped" and len(listed) <= _OPEN)
            with st.expander(say(f"activity.state.{state}", count=len(listed)), expanded=is_open, key=f"report-{state}"):
                draw("files", listed=listed)


def _dismiss() -> None:
    activity.dismiss(page_settings().data_dir)


def report_lines(found: Activity) -> list[tuple[str, str]]:
    """Return what is said of an activity that has ended well, a line each: what is set in bold, and the rest."""
    report = found.report or {}
    notices = [("", str(notice)) for notice in report.get("notices") or ()]
    if found.action == "fetch" and "sources" in report:
        return [
            (f"{s['name']}:", s.get("reason") or say("activity.fetched", files=s["files"], size=megabytes(s["bytes"])))
            for s in report["sources"]
        ]
    if found.action == "forget":
        lines = [(say("activity.forgotten", source=report["source"]), say("activity.forgotten_told"))]
        if report["erased_answers"]:
            lines.append(("", say("activity.erased", count=report["erased_answers"])))
        if report["answers"]:
            lines.append(("", say("activity.still_held", count=len(report["answers"]))))
        return lines + notices
    told = ", ".join(say(f"activity.state.{state}", count=len(report[state])) for state in _STATES if report.get(state))
    told = told or say("activity.nothing_found")
    is_changed = any(report.get(state) for state in _CHANGES)
    if found.action == "preview":
        return [(say("activity.would_do") if is_changed else say("activity.up_to_date"), f"{told}."), *notices]
    if not is_changed:
        return [(say("activity.nothing_to_do"), f"{told}."), *notices]
    passages, seconds = say("counts.passages", count=report.get("passages", 0)), decimal(report.get("seconds", 0))
    return [(say("activity.done"), say("activity.made", told=told, passages=passages, seconds=seconds)), *notices]
