"""The language model: which one is configured, where passages go, whether it answers."""

from __future__ import annotations

import streamlit as st

from assistant.escaping import as_html
from assistant.page.notices import draw_error, draw_notice
from assistant.page.settings import page_settings
from assistant.writing.faults import ModelFault
from assistant.writing.model import Endpoint, endpoint
from assistant.writing.rewriting import try_model
from knowledge_base.settings import Settings

_NONE = (
    "Answers are made of quotes; no language model is asked. With one, answers are written in sentences of its own, and each"
    " sentence is held to a quote before it is shown."
)
_EXAMPLES = """# Ollama on this machine
PARISCALL_CHAT_MODEL=ollama:llama3.2 make run

# any server that speaks OpenAI's protocol
PARISCALL_CHAT_MODEL=openai:NAME PARISCALL_CHAT_BASE_URL=http://127.0.0.1:8000/v1 make run"""


def draw() -> None:
    """Draw the page."""
    st.title("Language model", anchor=False)
    settings = page_settings()
    try:
        place = endpoint(settings)
    except ModelFault as fault:
        draw_error(fault)
        return
    if place is None:
        _draw_how_to()
        return
    st.html(particulars_html(settings, place))
    _draw_test(settings)


def _draw_how_to() -> None:
    st.html(f'<p class="pc-purpose">{as_html(_NONE)}</p><p class="pc-quiet">To use one, start the page with its name:</p>')
    st.code(_EXAMPLES, language="bash", wrap_lines=True)
    st.html('<p class="pc-quiet">docs/models.md has more: keys, limits, and what is checked.</p>')


def particulars_html(settings: Settings, place: Endpoint) -> str:
    """Return what is configured, as a list of terms; an address is shown by its host alone."""
    struck = "struck from the answer" if settings.chat_unsupported == "strike" else "shown, marked as not supported"
    limits = f"{settings.chat_max_tokens} tokens, {settings.chat_seconds:.0f} s"
    if settings.chat_max_cost:
        limits += f", {settings.chat_max_cost:g} in the currency of the prices"
    rows = {
        "Model": settings.chat_model,
        "Answers at": place.host,
        "What leaves this machine": "nothing" if place.is_local else "your question and the passages found for it",
        "Limits of one answer": limits,
        "Sentences that no quote supports": struck,
        "Questions that the quotes do not answer": "sent to the model too" if settings.chat_refused_too else "not sent",
    }
    listed = "".join(f"<dt>{as_html(name)}</dt><dd>{as_html(value)}</dd>" for name, value in rows.items())
    return f'<dl class="pc-terms">{listed}</dl>'


def _draw_test(settings: Settings) -> None:
    if not st.button("Test the connection", icon=":material/network_check:", key="test-model"):
        return
    try:
        with st.spinner("Asking the model for one word…"):
            seconds = try_model(settings)
    except ModelFault as fault:
        draw_error(fault)
    else:
        draw_notice(f"The language model answers: {max(seconds, 0.1):.1f} s for one word.")


if __name__ == "__main__":
    draw()
