"""An answer while a language model writes it: verified sentences, the one being written as a draft, a button that stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

import streamlit as st
from markupsafe import Markup

from assistant.answers import Answer, AskedMode
from assistant.page.answer_view import answer_html
from assistant.page.language import decimal, say
from assistant.page.settings import page_settings
from assistant.page.templates import draw_line, render, show
from assistant.writing.faults import ModelFault
from assistant.writing.model import endpoint
from assistant.writing.writing import Drafted, Event, Finished, Started, Waiting, Writing, Written
from knowledge_base.settings import Settings

_PENDING = "pending-answer"
_EVERY = 0.08  # seconds between two drawings of a draft
_WRITTEN, _QUOTED = "written", "quoted"


def draw_mode_switch() -> AskedMode:
    """Draw the switch where a language model is configured; return the mode of the next question."""
    settings = page_settings()
    if not settings.chat_model:
        return "extractive"
    with st.container(horizontal=True, vertical_alignment="center", key="mode-switch"):
        chosen = st.segmented_control(
            say("writing.how"),
            [_WRITTEN, _QUOTED],
            format_func={_WRITTEN: say("writing.written"), _QUOTED: say("writing.quoted")}.__getitem__,
            default=_WRITTEN,
            required=True,
            key="answer-mode",
            label_visibility="collapsed",
            help=say("writing.help"),
        )
        is_written = chosen == _WRITTEN
        draw_line(_where(settings) if is_written else say("writing.no_model"), "pc-quiet pc-where")
    return "generative" if is_written else "extractive"


def _where(settings: Settings) -> str:
    """Return who answers, and what leaves this machine for it."""
    try:
        place = endpoint(settings)
    except ModelFault as fault:
        return fault.message
    if place is None:
        return ""
    if place.is_local:
        return say("writing.here", model=settings.chat_model)
    return say("writing.elsewhere", model=settings.chat_model, host=place.host)


class Pending:
    """An answer under way that is kept once: by the run that draws it, or by the run that interrupts that one."""

    def __init__(self, writing: Writing, keep: Callable[[Answer], object]) -> None:
        self.writing = writing
        self._keep = keep
        self._lock = threading.Lock()
        self._is_kept = False

    def keep(self, finished: Answer | None = None) -> None:
        """Keep the finished answer, or what is written so far; nothing happens where it is kept already."""
        with self._lock:
            if not self._is_kept:
                self._is_kept = True
                self._keep(finished or self.writing.stopped())


def keep_interrupted() -> None:
    """Keep the answer that this session's last run was drawing when it was interrupted, by "Stop" or another click.

    Streamlit begins a new run before the old one has ended: without this, the new one would not find the answer.
    """
    pending = st.session_state.pop(_PENDING, None)
    if isinstance(pending, Pending):
        pending.keep()


def draw_writing(writing: Writing, conversation: str | None, keep: Callable[[Answer], object]) -> None:
    """Draw an answer as it comes, and keep it in the end; one that is stopped, or whose page is left, is kept so far."""
    pending = st.session_state[_PENDING] = Pending(writing, keep)
    finished: Answer | None = None
    st.button(say("writing.stop"), icon=":material/stop_circle:", key="stop-writing", help=say("writing.stop_help"))
    place = st.empty()
    drawing = Drawing(conversation)
    try:
        for event in writing.events():
            if isinstance(event, Finished):
                finished = event.answer
            elif drawing.takes(event):
                with place:
                    show(drawing.html())
    finally:
        pending.keep(finished)


class Drawing:
    """What is on the page: the verified sentences, and the draft."""

    def __init__(self, conversation: str | None) -> None:
        self._conversation = conversation
        self._answer: Answer | None = None
        self._draft = ""
        self._seconds = 0.0
        self._drawn = 0.0

    def takes(self, event: Event) -> bool:
        """Take in an event, and return whether the page is to be drawn again."""
        if isinstance(event, Written):
            self._answer, self._draft = event.answer, ""
        elif isinstance(event, Drafted):
            self._draft = event.text
        elif isinstance(event, Waiting):
            self._seconds = event.seconds
        is_due = monotonic() - self._drawn >= _EVERY or isinstance(event, (Started, Waiting, Written))
        self._drawn = monotonic() if is_due else self._drawn
        return is_due

    def html(self) -> Markup:
        """Return what is there so far."""
        verified = answer_html(self._answer, self._conversation) if self._answer else ""
        waited = f" {say('form.seconds', seconds=decimal(self._seconds, 0))}" if self._seconds >= 1 else ""
        return render("draft", verified=verified, draft=self._draft, waited=waited)
