"""The answers that were saved."""

from __future__ import annotations

import streamlit as st

from assistant.escaping import as_html
from assistant.page.answer_view import draw_answer, draw_copy, standings_of, summary_html
from assistant.page.conversations import SavedAnswer
from assistant.page.links import CHAT_PAGE, CONVERSATION
from assistant.page.resources import conversations
from assistant.page.sidebar import local_time


def draw() -> None:
    """Draw all saved answers, the latest first."""
    st.title("Saved answers", anchor=False)
    saved = conversations().saved_answers()
    if not saved:
        st.html('<p class="pc-purpose">None yet. “Save” below an answer keeps it here, with its citations.</p>')
    for entry in saved:
        _draw(entry)


def _draw(entry: SavedAnswer) -> None:
    with st.container(border=True, key=f"saved-{entry.id}"):
        st.html(f'<h2 class="pc-title">{as_html(entry.answer.question)}</h2>')
        draw_answer(entry.answer, entry.conversation, f"saved-{entry.id}")
        if standing := summary_html(entry.answer, standings_of(entry.answer)):
            st.html(standing)
        with st.container(horizontal=True, vertical_alignment="center", key=f"saved-actions-{entry.id}"):
            draw_copy(entry.answer)
            _draw_remove(entry)
            if entry.conversation:
                to = {CONVERSATION: entry.conversation}
                st.page_link(CHAT_PAGE, label="Its conversation", icon=":material/forum:", query_params=to)
            when = as_html(f"saved {local_time(entry.saved, st.context.timezone)}")
            st.html(f'<p class="pc-quiet pc-summary">{when}</p>', width="content")


def _draw_remove(entry: SavedAnswer) -> None:
    with st.popover("Remove", icon=":material/delete:"):
        st.write("Remove this answer from the saved ones?")
        if st.button("Remove it", key=f"remove-{entry.id}"):
            conversations().remove_saved_answer(entry.id)
            st.rerun()


if __name__ == "__main__":
    draw()
