"""What ingest reports, for readers: the plan of a preview, what a sync, a fetch or a forgetting did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from assistant.activity import Activity
from assistant.page_parts.escaping import as_html

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
