"""What can be done with a conversation: give it another name, delete it."""

from __future__ import annotations

import streamlit as st

from assistant.conversations import Conversation
from assistant.page_parts.escaping import as_html
from assistant.page_parts.links import CHAT_PAGE
from assistant.page_parts.resources import conversations


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
