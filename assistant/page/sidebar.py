"""The sidebar: conversations, saved answers, and what is indexed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from assistant.escaping import as_html, as_label
from assistant.page.conversations import Conversation
from assistant.page.links import CHAT_PAGE, CONVERSATION, DOCUMENTS_PAGE, EVALUATE_PAGE, MODEL_PAGE, SAVED_PAGE
from assistant.page.resources import conversations
from assistant.page.settings import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import Manifest, read_manifest

_LABEL_LENGTH = 40
_LISTED = 12
_COUNTS = {"documents": "document", "pages": "page", "passages": "passage", "records": "register record"}


def draw_sidebar() -> None:
    """Draw the sidebar."""
    with st.sidebar:
        st.html('<div class="pc-brand">Paris Call<span>quoted, page by page</span></div>')
        if st.button("New conversation", icon=":material/add:", width="stretch", key="new-conversation"):
            st.switch_page(CHAT_PAGE)
        if st.button("Saved answers", icon=":material/bookmark:", type="tertiary", width="stretch", key="saved-answers"):
            st.switch_page(SAVED_PAGE)
        if st.button("Documents", icon=":material/folder_open:", type="tertiary", width="stretch", key="documents"):
            st.switch_page(DOCUMENTS_PAGE)
        if st.button("Evaluation", icon=":material/checklist:", type="tertiary", width="stretch", key="evaluation"):
            st.switch_page(EVALUATE_PAGE)
        _draw_conversations(conversations().conversations())
        _draw_library()
        st.page_link(MODEL_PAGE, label="Language model", icon=":material/edit_note:")


def _draw_conversations(listed: list[Conversation]) -> None:
    st.html('<p class="pc-over">Conversations</p>')
    if not listed:
        st.html('<p class="pc-quiet">They are kept here, on this computer, once you have asked something.</p>')
    for conversation in listed[:_LISTED]:
        _draw_conversation(conversation)
    if len(listed) > _LISTED:
        with st.expander(f"Earlier ({len(listed) - _LISTED})"):
            for conversation in listed[_LISTED:]:
                _draw_conversation(conversation)


def _draw_conversation(conversation: Conversation) -> None:
    label, key = as_label(conversation.title, _LABEL_LENGTH), f"open-{conversation.id}"
    if st.button(label, type="tertiary", width="stretch", key=key):
        st.switch_page(CHAT_PAGE, query_params={CONVERSATION: conversation.id})


def _draw_library() -> None:
    st.html('<p class="pc-over">What is indexed</p>')
    try:
        manifest = published_manifest()
    except KnowledgeBaseError as error:
        st.html(f'<p class="pc-quiet">{as_html(error.message)}</p>')
        return
    st.html(library_html(manifest, st.context.timezone) if manifest else '<p class="pc-quiet">Nothing yet.</p>')


def published_manifest() -> Manifest | None:
    """Return the manifest of the published generation, or None where there is none."""
    data_dir = page_settings().data_dir
    generation = current_id(data_dir)
    return read_manifest(data_dir / "generations" / generation) if generation else None


def summary_line(manifest: Manifest, timezone: str | None) -> str:
    """Return the counts of a generation and when it was published, as one line."""
    return f"{', '.join(_counts(manifest))}; generation {manifest.id}, published {local_time(manifest.created, timezone)}"


def _counts(manifest: Manifest) -> list[str]:
    return [_counted(manifest.counts.get(name, 0), word) for name, word in _COUNTS.items() if manifest.counts.get(name)]


def library_html(manifest: Manifest, timezone: str | None) -> str:
    """Return the counts of a generation, and when it was published."""
    lines = "".join(f"<li>{count}</li>" for count in _counts(manifest))
    published = as_html(f"Published {local_time(manifest.created, timezone)}, generation {manifest.id}")
    return f'<ul class="pc-counts">{lines}</ul><p class="pc-quiet">{published}</p>'


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def local_time(moment: str, timezone: str | None) -> str:
    """Return an ISO time as the reader's clock shows it; in UTC, and marked so, where the browser names no time zone."""
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone, timezone = ZoneInfo("UTC"), None
    local = datetime.fromisoformat(moment).astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M}" + ("" if timezone else " UTC")


def draw_conversation_menu(conversation: Conversation) -> None:
    """Draw the conversation's title with its menu."""
    with st.container(horizontal=True, vertical_alignment="center", key="conversation-head"):
        st.html(f'<h1 class="pc-title pc-crumb">{as_html(conversation.title)}</h1>', width="stretch")
        with st.popover("", icon=":material/more_horiz:", help="Rename or delete this conversation"):
            _draw_rename(conversation)
            _draw_delete(conversation)


def _draw_rename(conversation: Conversation) -> None:
    with st.form(f"rename-{conversation.id}", border=False):
        title = st.text_input("Title of the conversation", conversation.title, max_chars=80)
        if st.form_submit_button("Rename"):
            conversations().rename(conversation.id, title)
            st.rerun()


def _draw_delete(conversation: Conversation) -> None:
    is_sure = st.checkbox("Delete it for good; answers saved from it stay", key=f"sure-{conversation.id}")
    if st.button("Delete the conversation", disabled=not is_sure, key=f"delete-{conversation.id}"):
        conversations().delete(conversation.id)
        st.switch_page(CHAT_PAGE)
