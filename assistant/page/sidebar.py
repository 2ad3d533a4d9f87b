"""The sidebar: conversations, saved answers, and what is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from markupsafe import Markup

from assistant.page.conversations import Conversation
from assistant.page.links import (
    CHAT_PAGE,
    CHECK_PAGE,
    CONVERSATION,
    COVERAGE_PAGE,
    DOCUMENTS_PAGE,
    EVALUATE_PAGE,
    MODEL_PAGE,
    PAGES,
    SAVED_PAGE,
    SEARCH_PAGE,
)
from assistant.page.resources import conversations
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_line, render, show
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label
from knowledge_base.language.words import fold
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import Manifest, read_manifest

_LABEL_LENGTH = 40
_LISTED = 12
_COUNTS = {"documents": "document", "pages": "page", "passages": "passage", "records": "register record"}
_ICONS = {
    SAVED_PAGE: ":material/bookmark:",
    DOCUMENTS_PAGE: ":material/folder_open:",
    EVALUATE_PAGE: ":material/checklist:",
}
_WORKBENCH = {
    SEARCH_PAGE: ":material/search:",
    COVERAGE_PAGE: ":material/grid_on:",
    CHECK_PAGE: ":material/fact_check:",
}


def draw_sidebar() -> None:
    """Draw the sidebar."""
    with st.sidebar:
        draw("brand")
        if st.button("New conversation", icon=":material/add:", width="stretch", key="new-conversation"):
            st.switch_page(CHAT_PAGE)
        _draw_entries(_ICONS)
        draw_line("Workbench", "pc-over")
        _draw_entries(_WORKBENCH)
        draw_line("Conversations", "pc-over")
        listed = conversations().conversations()
        if not listed:
            draw_line("They are kept here, on this computer, once you have asked something.")
        _draw_conversations(listed[:_LISTED])
        if len(listed) > 1:
            with st.expander("All conversations"):
                _draw_all(listed)
        draw_line("What is indexed", "pc-over")
        try:
            manifest = published_manifest()
        except KnowledgeBaseError as error:
            draw_line(error.message)
        else:
            if manifest:
                show(library_html(manifest, st.context.timezone))
            else:
                draw_line("Nothing yet.")
        st.page_link(MODEL_PAGE, label="Language model", icon=":material/edit_note:")


def _draw_entries(icons: Mapping[str, str]) -> None:
    """Draw a button for each page, with its icon."""
    for page, icon in icons.items():
        name, title = PAGES[page]
        if st.button(title, icon=icon, type="tertiary", width="stretch", key=f"to-{name}"):
            st.switch_page(page)


def _draw_conversations(listed: list[Conversation], place: str = "open") -> None:
    for conversation in listed:
        label, key = as_label(conversation.title, _LABEL_LENGTH), f"{place}-{conversation.id}"
        if st.button(label, type="tertiary", width="stretch", key=key):
            st.switch_page(CHAT_PAGE, query_params={CONVERSATION: conversation.id})


def _draw_all(listed: list[Conversation]) -> None:
    """Draw the conversations that the list does not show, or those with the words looked for; and what deletes them all."""
    sought = fold(st.text_input("Find a conversation", key="find-conversation"))
    found = [conversation for conversation in listed if sought in fold(conversation.title)] if sought else listed[_LISTED:]
    if sought and not found:
        draw_line("No title of a conversation holds these words.")
    _draw_conversations(found, "found")
    is_sure = st.checkbox("Delete all for good; saved answers stay", key="sure-all")
    if st.button("Delete all conversations", disabled=not is_sure, key="delete-all"):
        conversations().delete_all()
        st.switch_page(CHAT_PAGE)


def published_manifest() -> Manifest | None:
    """Return the manifest of the published generation, or None where there is none."""
    data_dir = page_settings().data_dir
    generation = current_id(data_dir)
    return read_manifest(data_dir / "generations" / generation) if generation else None


def library_html(manifest: Manifest, timezone: str | None) -> Markup:
    """Return the counts of a generation, and when it was published."""
    published = f"Published {local_time(manifest.created, timezone)}, generation {manifest.id}"
    return render("library", counts=counts_of(manifest), published=published)


def summary_line(manifest: Manifest, timezone: str | None) -> str:
    """Return the counts of a generation and when it was published, as one line."""
    published = f"generation {manifest.id}, published {local_time(manifest.created, timezone)}"
    return f"{', '.join(counts_of(manifest))}; {published}"


def counts_of(manifest: Manifest) -> list[str]:
    """Return what a generation holds, in words."""
    found = [(manifest.counts.get(name, 0), word) for name, word in _COUNTS.items()]
    return [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in found if count]


def local_time(moment: str, timezone: str | None) -> str:
    """Return an ISO time as the reader's clock shows it; in UTC, and marked so, where the browser names no time zone."""
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone, timezone = ZoneInfo("UTC"), None
    local = datetime.fromisoformat(moment).astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M}" + ("" if timezone else " UTC")
