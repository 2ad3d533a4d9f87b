"""Sentences to the reader: errors with their remedy, notices."""

from __future__ import annotations

import logging
from traceback import format_tb

import streamlit as st

from assistant.escaping import as_html
from knowledge_base.errors import KnowledgeBaseError, NoIndexError

log = logging.getLogger(__name__)


def draw_error(error: KnowledgeBaseError) -> None:
    """Say what went wrong and what to do."""
    remedy = f"<p>{_with_commands(error.remedy)}</p>" if error.remedy else ""
    later = "<p>Nothing needs to be restarted: your next question finds it.</p>" if isinstance(error, NoIndexError) else ""
    st.html(f'<div class="pc-box pc-error" role="alert"><p><b>{as_html(error.message)}</b></p>{remedy}{later}</div>')


def draw_notice(text: str) -> None:
    """Say something in passing."""
    st.html(f'<div class="pc-box" role="status"><p>{as_html(text)}</p></div>')


def draw_unexpected_error(error: Exception) -> bool:
    """Say that something failed in the program itself; its place is logged, its message (which may quote a question) is not."""
    log.error("The page failed with %s at:\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
    remedy = "Try again. If it fails again, the log of the program says where; please report it."
    draw_error(KnowledgeBaseError("Something went wrong in the program itself.", remedy))
    return True


def _with_commands(text: str) -> str:
    """Return a remedy for HTML, what stands between backticks set as a command."""
    pieces = as_html(text).split("`")
    return "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))
