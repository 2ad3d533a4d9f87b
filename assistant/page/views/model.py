"""The language model: which one is configured, where passages go, whether it answers."""

from __future__ import annotations

import streamlit as st

from assistant.page.language import decimal, say
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice
from assistant.writing.faults import ModelFault
from assistant.writing.model import Endpoint, endpoint
from assistant.writing.rewriting import try_model
from knowledge_base.settings import Settings

_LOCAL = "PARISCALL_CHAT_MODEL=ollama:llama3.2 make run"
_SERVER = "PARISCALL_CHAT_MODEL=openai:NAME PARISCALL_CHAT_BASE_URL=http://127.0.0.1:8000/v1 make run"


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.model"), anchor=False)
    settings = page_settings()
    try:
        place = endpoint(settings)
    except ModelFault as fault:
        draw_error(fault)
        return
    if place is None:
        draw_line(say("model.purpose"), "pc-purpose")
        draw_line(say("model.use"))
        examples = f"# {say('model.local_example')}\n{_LOCAL}\n\n# {say('model.server_example')}\n{_SERVER}"
        st.code(examples, language=None, wrap_lines=True)
        draw_line(say("model.more"))
        return
    draw("terms", rows=particulars(settings, place))
    if st.button(say("model.test"), icon=":material/network_check:", key="test-model"):
        try:
            with st.spinner(say("model.testing")):
                seconds = try_model(settings)
        except ModelFault as fault:
            draw_error(fault)
        else:
            draw_notice(say("model.answers", seconds=decimal(max(seconds, 0.1))))


def particulars(settings: Settings, place: Endpoint) -> dict[str, str]:
    """Return what is configured, in words by its name; an address is shown by its host only."""
    tokens, seconds = settings.chat_max_tokens, decimal(settings.chat_seconds, 0)
    limits = say("model.tokens", tokens=tokens, seconds=seconds)
    if settings.chat_max_cost:
        limits = say("model.tokens_and_cost", tokens=tokens, seconds=seconds, cost=f"{settings.chat_max_cost:g}")
    is_struck = settings.chat_unsupported == "strike"
    return {
        say("model.name"): settings.chat_model,
        say("model.place"): place.host,
        say("model.leaves"): say("model.leaves_nothing") if place.is_local else say("model.leaves_question"),
        say("model.limits"): limits,
        say("model.unsupported"): say("model.struck") if is_struck else say("model.marked"),
        say("model.refused"): say("model.sent") if settings.chat_refused_too else say("model.not_sent"),
    }


if __name__ == "__main__":
    draw_page()
