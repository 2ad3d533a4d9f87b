"""The language model: which one is configured, where passages go, whether it answers."""

from __future__ import annotations

import streamlit as st

from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice
from assistant.writing.faults import ModelFault
from assistant.writing.model import Endpoint, endpoint
from assistant.writing.rewriting import try_model
from knowledge_base.settings import Settings

_NONE = (
    "Answers are made of quotes; no language model is asked. With one, answers are written in sentences of its own, and each"
    " sentence is checked against a quote before it is shown."
)
_EXAMPLES = """# Ollama on this machine
PARISCALL_CHAT_MODEL=ollama:llama3.2 make run

# any server that speaks OpenAI's protocol
PARISCALL_CHAT_MODEL=openai:NAME PARISCALL_CHAT_BASE_URL=http://127.0.0.1:8000/v1 make run"""


def draw_page() -> None:
    """Draw the page."""
    st.title("Language model", anchor=False)
    settings = page_settings()
    try:
        place = endpoint(settings)
    except ModelFault as fault:
        draw_error(fault)
        return
    if place is None:
        draw_line(_NONE, "pc-purpose")
        draw_line("To use one, start the page with its name:")
        st.code(_EXAMPLES, language=None, wrap_lines=True)
        draw_line("docs/models.md has more: keys, limits, and what is checked.")
        return
    draw("terms", rows=particulars(settings, place))
    if st.button("Test the connection", icon=":material/network_check:", key="test-model"):
        try:
            with st.spinner("Asking the model for one word…"):
                seconds = try_model(settings)
        except ModelFault as fault:
            draw_error(fault)
        else:
            draw_notice(f"The language model answers: {max(seconds, 0.1):.1f} s for one word.")


def particulars(settings: Settings, place: Endpoint) -> dict[str, str]:
    """Return what is configured, in words by its name; an address is shown by its host only."""
    limits = f"{settings.chat_max_tokens} tokens, {settings.chat_seconds:.0f} s"
    if settings.chat_max_cost:
        limits += f", {settings.chat_max_cost:g} in the currency of the prices"
    is_struck = settings.chat_unsupported == "strike"
    return {
        "Model": settings.chat_model,
        "Answers at": place.host,
        "What leaves this machine": "nothing" if place.is_local else "your question and the passages found for it",
        "Limits of one answer": limits,
        "Sentences that no quote supports": "struck from the answer" if is_struck else "shown, marked as not supported",
        "Questions that the quotes do not answer": "sent to the model too" if settings.chat_refused_too else "not sent",
    }


if __name__ == "__main__":
    draw_page()
