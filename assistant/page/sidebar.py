"""The sidebar: conversations, saved answers, and what is indexed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from markupsafe import Markup

from assistant.messages import languages
from assistant.page.conversations import Conversation
from assistant.page.language import COOKIE, LANGUAGE, local_time, name_of_itself, page_language, say
from assistant.page.links import (
    CHAT_PAGE,
    CHECK_PAGE,
    COMPARE_PAGE,
    CONVERSATION,
    COVERAGE_PAGE,
    DOCUMENTS_PAGE,
    EVALUATE_PAGE,
    MODEL_PAGE,
    PAGES,
    SAVED_PAGE,
    SEARCH_PAGE,
    SUPPORTERS_PAGE,
    TIMELINE_PAGE,
)
from assistant.page.resources import conversations
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_line, render, run_script, show
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label
from knowledge_base.language.words import fold
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import Manifest, read_manifest

_SWITCH = "language-switch"
_LABEL_LENGTH = 40
_LISTED, _FOUND, _SOUGHT = 6, 60, 5000
_COUNTS = ("documents", "pages", "passages", "records")
_ICONS = {
    SAVED_PAGE: ":material/bookmark:",
    DOCUMENTS_PAGE: ":material/folder_open:",
    EVALUATE_PAGE: ":material/checklist:",
}
_WORKBENCH = {
    SEARCH_PAGE: ":material/search:",
    COVERAGE_PAGE: ":material/grid_on:",
    CHECK_PAGE: ":material/fact_check:",
    COMPARE_PAGE: ":material/splitscreen_vertical_add:",
    TIMELINE_PAGE: ":material/timeline:",
    SUPPORTERS_PAGE: ":material/groups:",
}


def draw_sidebar() -> None:
    """Draw the sidebar."""
    with st.sidebar:
        draw("brand")
        if st.button(say("sidebar.new"), icon=":material/add:", width="stretch", key="new-conversation"):
            st.switch_page(CHAT_PAGE)
        _draw_entries(_ICONS)
        draw_line(say("sidebar.workbench"), "pc-over")
        _draw_entries(_WORKBENCH)
        draw_line(say("sidebar.conversations"), "pc-over")
        listed = conversations().conversations(_SOUGHT)
        if not listed:
            draw_line(say("sidebar.no_conversations"))
        _draw_conversations(listed[:_LISTED])
        if len(listed) > 1:
            with st.expander(say("sidebar.all")):
                _draw_all(listed)
        draw_line(say("sidebar.indexed"), "pc-over")
        try:
            manifest = published_manifest()
        except KnowledgeBaseError as error:
            draw_line(error.message)
        else:
            if manifest:
                show(library_html(manifest, st.context.timezone))
            else:
                draw_line(say("sidebar.nothing"))
        st.page_link(MODEL_PAGE, label=say("titles.model"), icon=":material/edit_note:")
        _draw_language()


def _draw_entries(icons: Mapping[str, str]) -> None:
    """Draw a button for each page, with its icon."""
    for page, icon in icons.items():
        name = PAGES[page]
        if st.button(say(f"titles.{name}"), icon=icon, type="tertiary", width="stretch", key=f"to-{name}"):
            st.switch_page(page)


def _draw_conversations(listed: list[Conversation], place: str = "open") -> None:
    for conversation in listed:
        label, key = as_label(conversation.title, _LABEL_LENGTH), f"{place}-{conversation.id}"
        if st.button(label, type="tertiary", width="stretch", key=key):
            st.switch_page(CHAT_PAGE, query_params={CONVERSATION: conversation.id})


def _draw_all(listed: list[Conversation]) -> None:
    """Draw the conversations that the list does not show, or those with the words looked for; and what deletes them all."""
    sought = fold(st.text_input(say("sidebar.find"), key="find-conversation"))
    found = [conversation for conversation in listed if sought in fold(conversation.title)] if sought else listed[_LISTED:]
    if sought and not found:
        draw_line(say("sidebar.none_found"))
    _draw_conversations(found[:_FOUND], "found")
    if len(found) > _FOUND:
        draw_line(say("form.and_more", count=len(found) - _FOUND))
    is_sure = st.checkbox(say("sidebar.sure"), key="sure-all")
    if st.button(say("sidebar.delete_all"), disabled=not is_sure, key="delete-all"):
        conversations().delete_all()
        st.switch_page(CHAT_PAGE)


def _draw_language() -> None:
    """Draw the switch, and tell the browser the language: for screen readers, and to be kept for the next session."""
    names = {code: name_of_itself(code) for code in languages()}
    st.session_state[_SWITCH] = page_language()
    st.segmented_control(
        "Language, langue",  # in every language the same, so that the control stays the same one
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=_SWITCH,
        on_change=_choose_language,
        label_visibility="collapsed",
    )
    run_script("language", render("language", code=page_language(), cookie=COOKIE))


def _choose_language() -> None:
    st.session_state[LANGUAGE] = st.session_state[_SWITCH]


def published_manifest() -> Manifest | None:
    """Return the manifest of the published generation, or None where there is none."""
    data_dir = page_settings().data_dir
    generation = current_id(data_dir)
    return read_manifest(data_dir / "generations" / generation) if generation else None


def library_html(manifest: Manifest, timezone: str | None) -> Markup:
    """Return the counts of a generation, and when it was published."""
    moment = local_time(manifest.created, timezone)
    return render("library", counts=counts_of(manifest), moment=moment, generation=manifest.id)


def summary_line(manifest: Manifest, timezone: str | None) -> str:
    """Return the counts of a generation and when it was published, as one line."""
    moment = local_time(manifest.created, timezone)
    return say("sidebar.summary", counts=", ".join(counts_of(manifest)), generation=manifest.id, moment=moment)


def counts_of(manifest: Manifest) -> list[str]:
    """Return what a generation holds, in words."""
    found = {name: manifest.counts.get(name, 0) for name in _COUNTS}
    return [say(f"counts.{name}", count=count) for name, count in found.items() if count]
