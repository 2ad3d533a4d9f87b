"""An answer under way: how far it is, what a language model has written so far, a button that stops it.

It is made in a thread of its own, which goes on when the page is left or loaded again, and is kept when it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic

import streamlit as st
from markupsafe import Markup

from assistant.answers import Answer, AskedMode
from assistant.page.answer_view import answer_html
from assistant.page.language import decimal, say
from assistant.page.metrics import metrics
from assistant.page.settings import page_settings
from assistant.page.templates import draw_line, render, show
from assistant.writing.faults import ModelFault
from assistant.writing.model import endpoint
from assistant.writing.writing import Drafted, Finished, Writing, Written
from knowledge_base.logs import listening
from knowledge_base.settings import Settings

_EVERY = 0.08  # seconds between two drawings
_PATIENCE = 1.0  # seconds until it is said how far an answer is, and it can be stopped
_WRITTEN, _QUOTED = "written", "quoted"
_under_way: dict[str, UnderWay] = {}


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


class Stopped(BaseException):
    """Ends an answer that nobody waits for any more; no fault of the program, and not to be counted as one."""


class UnderWay:
    """The answer under way for a conversation, in a thread of its own.

    `begin` gives the answer, or what has a model write it; `keep` takes it when it is done, or what is written when it is
    stopped. `answer` and `draft` are what a model has written so far, and `error` is what went wrong.
    """

    def __init__(self, conversation: str, begin: Callable[[], Answer | Writing], keep: Callable[[Answer], object]) -> None:
        self._conversation = conversation
        self._begin = begin
        self._keep = keep
        self._is_stopped = threading.Event()
        self._started = monotonic()
        self.step, self.found = "opening", dict[str, object]()
        self.answer: Answer | None = None
        self.draft = ""
        self.is_written = False
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, name="answer", daemon=True)
        _under_way[conversation] = self
        self.thread.start()

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return monotonic() - self._started

    def stop(self) -> None:
        """Have it end at its next step."""
        self._is_stopped.set()
        self.step = "stopping"

    def _run(self) -> None:
        try:
            with listening(self._hear):
                begun = self._begin()
                if isinstance(begun, Answer):  # counted already
                    self._keep(begun)
                else:
                    self._keep(answer := self._written(begun))
                    metrics().answered(answer)
        except Stopped:
            pass
        except Exception as error:  # is raised again where the page is drawn
            self.error = error
        finally:
            if _under_way.get(self._conversation) is self:
                del _under_way[self._conversation]

    def _hear(self, step: str, found: Mapping[str, object]) -> None:
        """Take note of a step that begins."""
        if self.is_written:
            return
        if self._is_stopped.is_set():
            raise Stopped
        if step in ("retrieve", "read", "compose"):
            self.step, self.found = step, dict(found)

    def _written(self, writing: Writing) -> Answer:
        """Follow what a model writes, and return it whole, or as far as it is where it was stopped."""
        self.is_written = True
        for event in writing.events():
            if isinstance(event, Finished):
                return event.answer
            if self._is_stopped.is_set():
                break
            if isinstance(event, Drafted):
                self.draft = event.text
            elif isinstance(event, Written):
                self.answer, self.draft = event.answer, ""
        return writing.stopped()

    def told(self) -> str:
        """Return how far it is in words; for the first second, nothing but that it is under way."""
        if self.seconds < _PATIENCE:
            return say("chat.reading")
        if self.step == "read":
            return say("writing.read", sentences=self.found["sentences"], passages=self.found["passages"])
        return say(f"writing.step.{self.step}")

    def html(self, conversation: str | None) -> Markup:
        """Return what there is to see: how far it is; of what a model writes the verified sentences, and the draft."""
        if not self.is_written:
            return render("line", text=self.told(), kind="pc-quiet", role="status")
        verified = answer_html(self.answer, conversation) if self.answer else ""
        waited = f" {say('form.seconds', seconds=decimal(self.seconds, 0))}" if self.seconds >= 1 else ""
        return render("draft", verified=verified, draft=self.draft, waited=waited)


def under_way(conversation: str) -> UnderWay | None:
    """Return the answer that is being made for a conversation, or None. Look before you read what is kept of it."""
    return _under_way.get(conversation)


def draw_under_way(answer: UnderWay, conversation: str) -> None:
    """Draw an answer as it comes, with a button that stops it, until it is kept; raise what went wrong with it."""
    button, place = st.empty(), st.empty()
    can_be_stopped, drawn = False, Markup()
    while answer.thread.is_alive():
        if not can_be_stopped and (answer.is_written or answer.seconds >= _PATIENCE):
            can_be_stopped = True
            button.button(say("writing.stop"), icon=":material/stop_circle:", key="stop-writing", on_click=answer.stop)
        if (html := answer.html(conversation)) != drawn:
            drawn = html
            with place:
                show(html)
        answer.thread.join(_EVERY)
    if answer.error:
        raise answer.error
