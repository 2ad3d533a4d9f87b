"""The answers that were saved."""

from __future__ import annotations

import streamlit as st

from assistant.page.answer_view import draw_answer, draw_copy, standing_line, standings_of
from assistant.page.export_view import draw_change, draw_digest, draw_export
from assistant.page.links import CHAT_PAGE, CONVERSATION
from assistant.page.resources import conversations
from assistant.page.sidebar import local_time
from assistant.page.templates import draw_line
from assistant.workbench.digest import AnswerChange, SavedAnswer


def draw_page() -> None:
    """Draw all saved answers, the latest first."""
    st.title("Saved answers", anchor=False)
    saved = conversations().saved_answers()
    if not saved:
        draw_line("None yet. “Save” below an answer keeps it here, with its citations.", "pc-purpose")
        return
    changes = draw_digest()
    draw_export(lambda: [entry.answer for entry in saved], "saved answers", "Export all", "saved")
    for entry in saved:
        with st.container(border=True, key=f"saved-{entry.id}"):
            _draw(entry, changes.get(entry.id))


def _draw(entry: SavedAnswer, change: AnswerChange | None) -> None:
    draw_line(entry.answer.question, "pc-title", tag="h2")
    if change:
        draw_change(change)
    draw_answer(entry.answer, entry.conversation, f"saved-{entry.id}")
    if standing := standing_line(entry.answer, standings_of(entry.answer)):
        state, told = standing
        draw_line(told, f"pc-standing pc-{state}")
    with st.container(horizontal=True, vertical_alignment="center", key=f"saved-actions-{entry.id}"):
        draw_copy(entry.answer)
        draw_export(lambda: [entry.answer], entry.answer.question, "Export", f"saved-{entry.id}")
        with st.popover("Remove", icon=":material/delete:"):
            st.write("Remove this answer from the saved ones?")
            if st.button("Remove it", key=f"remove-{entry.id}"):
                conversations().remove_saved_answer(entry.id)
                st.rerun()
        if entry.conversation:
            to = {CONVERSATION: entry.conversation}
            st.page_link(CHAT_PAGE, label="Its conversation", icon=":material/forum:", query_params=to)
        draw_line(f"saved {local_time(entry.saved, st.context.timezone)}", "pc-quiet pc-summary", width="content")


if __name__ == "__main__":
    draw_page()
