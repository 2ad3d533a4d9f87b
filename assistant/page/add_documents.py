"""Put documents in, see what an update would do, and start it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from assistant.escaping import as_html
from assistant.page import uploads
from assistant.page.activity_panel import start
from assistant.page.notices import draw_error
from assistant.page.settings import page_settings
from assistant.page.uploads import Outcome, Upload
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.file_types import SUFFIXES

_OUTCOMES, _SENT, _REFUSED = "outcomes", "sent", "upload-refused"
_STATES = {"waiting": "put in", "changed": "replaced", "going": "removed"}


def draw_upload() -> None:
    """Draw the field that takes files, and what became of those sent last."""
    settings = page_settings()
    key = f"files-{st.session_state.get(_SENT, 0)}"
    files = st.file_uploader(
        f"Documents of your own (up to {settings.max_file_mb} MB each)",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        max_upload_size=settings.max_file_mb,
        key=key,
    )
    if files:
        text = "Put it in" if len(files) == 1 else f"Put {len(files)} files in"
        st.button(text, icon=":material/upload:", type="primary", on_click=_put_in, args=(key,), key="put-in")
    if error := st.session_state.pop(_REFUSED, None):
        draw_error(error)
    if outcomes := st.session_state.get(_OUTCOMES):
        st.html(outcomes_html(outcomes))


def _put_in(key: str) -> None:
    """Take what was sent, and offer an empty field in place of the one that held it."""
    files: Sequence[uploads.SentFile] = st.session_state.get(key) or ()
    st.session_state.pop(_OUTCOMES, None)
    try:
        st.session_state[_OUTCOMES] = uploads.put_in(page_settings(), files)
        st.session_state[_SENT] = st.session_state.get(_SENT, 0) + 1
    except KnowledgeBaseError as error:
        st.session_state[_REFUSED] = error


def outcomes_html(outcomes: Sequence[Outcome]) -> str:
    """Return what became of each file that was sent."""
    items = "".join(f'<li class="{"" if o.is_in else "pc-refused"}">{_outcome(o)}</li>' for o in outcomes)
    return f'<ul class="pc-files" role="status">{items}</ul>'


def _outcome(outcome: Outcome) -> str:
    if not outcome.is_in:
        return f"{as_html(outcome.name)}<span>not taken: {as_html(outcome.reason)}</span>"
    what = "takes the place of the one of that name" if outcome.replaced else "is put in"
    return f"{as_html(outcome.name)}<span>{what}</span>"


def draw_update(waiting: Sequence[Upload], folder: Sequence[str], *, is_busy: bool) -> None:
    """Draw what waits for an update, and the buttons that preview and start it."""
    if waiting:
        st.html(waiting_html(waiting))
    with st.container(horizontal=True, key="update"):
        st.button(
            "Bring the index up to date",
            icon=":material/sync:",
            type="primary" if waiting else "secondary",
            disabled=is_busy,
            on_click=_start,
            args=("sync", folder),
            key="sync",
        )
        st.button(
            "Preview", icon=":material/visibility:", disabled=is_busy, on_click=_start, args=("preview", folder), key="preview"
        )


def _start(action: str, folder: Sequence[str]) -> None:
    st.session_state.pop(_OUTCOMES, None)
    start("sync" if action == "sync" else "preview", folder)


def waiting_html(waiting: Sequence[Upload]) -> str:
    """Return which files wait."""
    items = "".join(f"<li>{as_html(upload.source)}, {_STATES[upload.state]}</li>" for upload in waiting[:20])
    more = f"<li>… and {len(waiting) - 20} more</li>" if len(waiting) > 20 else ""
    count = f"{len(waiting)} change{'' if len(waiting) == 1 else 's'} wait{'s' if len(waiting) == 1 else ''}"
    told = f"<p><b>{count}</b> for the index to be brought up to date.</p>"
    return f'<div class="pc-box">{told}<ul class="pc-files">{items}{more}</ul></div>'


def draw_fetch_offer(*, is_busy: bool) -> None:
    """Offer to fetch the official documents."""
    text = (
        "<p><b>The official documents are not here yet.</b></p><p>The declaration, the reports of the working groups and the"
        " register of supporters are fetched from the site's public archive in one download; each file is verified. Until then"
        " answers come from the built-in briefs and your own documents.</p>"
    )
    with st.container(key="fetch-offer"):
        st.html(f'<div class="pc-box">{text}</div>')
        st.button(
            "Fetch and index them",
            icon=":material/download:",
            disabled=is_busy,
            on_click=start,
            args=("fetch", ["--sync"]),
            key="fetch",
        )
