"""Which way the next question is answered, and where its passages go."""

from __future__ import annotations

import streamlit as st

from assistant.answers import AskedMode
from assistant.generation.faults import ModelFault
from assistant.generative import Endpoint, endpoint
from assistant.page_parts.escaping import as_html
from assistant.server import page_settings
from knowledge_base.settings import Settings

_WRITTEN, _QUOTED = "Written, checked", "Quotes alone"
_KEY = "answer-mode"


def draw_mode_switch() -> AskedMode:
    """Draw the switch where a language model is configured; return the mode of the next question."""
    settings = page_settings()
    if not settings.chat_model:
        return "extractive"
    with st.container(horizontal=True, vertical_alignment="center", key="mode-switch"):
        chosen = st.segmented_control(
            "How the next question is answered",
            [_WRITTEN, _QUOTED],
            default=_WRITTEN,
            required=True,
            key=_KEY,
            label_visibility="collapsed",
            help="A language model writes, each sentence held to a quote; or the quotes alone, without the model.",
        )
        st.html(f'<p class="pc-quiet pc-where">{where_html(settings, is_written=chosen == _WRITTEN)}</p>', width="stretch")
    return "generative" if chosen == _WRITTEN else "extractive"


def where_html(settings: Settings, *, is_written: bool) -> str:
    """Return, in a sentence, who answers and whether passages leave the machine."""
    if not is_written:
        return "No language model is asked."
    try:
        place = endpoint(settings)
    except ModelFault as fault:
        return as_html(fault.message)
    return as_html(f"{settings.chat_model}: {where(place)}") if place else ""


def where(place: Endpoint) -> str:
    """Say where a model answers, and what leaves this machine for it."""
    if place.is_local:
        return "on this machine; nothing leaves it."
    return f"your question and the passages found for it leave this machine for {place.host}."
