"""The answers that were saved, and what changed in them since."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from assistant.messages import message
from assistant.page.answer_view import draw_answer, draw_copy, draw_export, standing_line, standings_of
from assistant.page.language import local_time, page_language, say
from assistant.page.links import CHAT_PAGE, CONVERSATION
from assistant.page.resources import assistant, conversations
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_line, show
from assistant.workbench import digest
from assistant.workbench.digest import AnswerChange, SavedAnswer
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.generations import current_id


def draw_page() -> None:
    """Draw all saved answers, the latest first."""
    st.title(say("titles.saved"), anchor=False)
    saved = conversations().saved_answers()
    if not saved:
        draw_line(say("saved.none"), "pc-purpose")
        return
    changes = _draw_digest()
    draw_export([entry.answer for entry in saved], "saved answers", say("saved.export"), "saved")
    for entry in saved:
        with st.container(border=True, key=f"saved-{entry.id}"):
            _draw(entry, changes.get(entry.id))


def _draw(entry: SavedAnswer, change: AnswerChange | None) -> None:
    draw_line(entry.answer.question, "pc-title", tag="h2")
    if change:
        _draw_change(change)
    draw_answer(entry.answer, entry.conversation, f"saved-{entry.id}")
    if standing := standing_line(entry.answer, standings_of(entry.answer)):
        state, told = standing
        draw_line(told, f"pc-standing pc-{state}")
    with st.container(horizontal=True, vertical_alignment="center", key=f"saved-actions-{entry.id}"):
        draw_copy(entry.answer)
        draw_export([entry.answer], entry.answer.question, say("export.label"), f"saved-{entry.id}")
        with st.popover(say("saved.remove"), icon=":material/delete:"):
            st.write(say("saved.remove_sure"))
            if st.button(say("saved.remove_now"), key=f"remove-{entry.id}"):
                conversations().remove_saved_answer(entry.id)
                st.rerun()
        if entry.conversation:
            to = {CONVERSATION: entry.conversation}
            st.page_link(CHAT_PAGE, label=say("saved.conversation"), icon=":material/forum:", query_params=to)
        when = say("saved.when", moment=local_time(entry.saved, st.context.timezone))
        draw_line(when, "pc-quiet pc-summary", width="content")


def _draw_digest() -> dict[int, AnswerChange]:
    """Draw how many saved answers changed, and the button that asks them again; return what changed in each."""
    store, data_dir = conversations(), page_settings().data_dir
    changes = {change.saved: change for change in digest.changes_since_saved(store) if change.state != "same"}
    try:
        present = current_id(data_dir)
    except KnowledgeBaseError as error:
        draw_error(error)
        return changes
    saved, checked = store.saved_answers(), {again.saved: again.checked for again in store.asked_again()}
    open_ones = [entry for entry in saved if present not in (entry.answer.generation, checked.get(entry.id))]
    if present is None or not (open_ones or checked):
        return changes
    with st.container(horizontal=True, vertical_alignment="center", key="digest"):
        if open_ones:
            draw_line(say("saved.from_earlier", count=len(open_ones), total=len(saved)), width="content")
            st.button(say("saved.ask_again"), icon=":material/refresh:", on_click=_ask_again, key="ask-again")
        else:
            since = local_time(min(entry.saved for entry in saved), st.context.timezone)
            draw_line(say("saved.changed", count=len(changes), total=len(saved), moment=since), width="content")
    return changes


def _draw_change(change: AnswerChange) -> None:
    """Draw what changed in a saved answer."""
    told = say("saved.what_changed", told=message(page_language(), f"digest.{change.state}"))
    with st.expander(told, icon=":material/difference:", key=f"changed-{change.saved}"):
        show(Markup(digest.change_html(change, page_language())))


def _ask_again() -> None:
    """Ask the saved questions of the published index; an error is left for the page to say where it opens the library."""
    try:
        shared = assistant()
        with st.spinner(say("saved.asking")):
            list(digest.ask_again(conversations(), shared.ask, current_id(page_settings().data_dir) or ""))
    except KnowledgeBaseError as error:
        draw_error(error)


if __name__ == "__main__":
    draw_page()
