"""A document, open on the page that an answer quotes, with the quote highlighted."""

from __future__ import annotations

import streamlit as st

from assistant.page.links import CHAT_PAGE, CONVERSATION, SourceLink
from assistant.page.notices import draw_error, draw_notice
from assistant.page.settings import page_settings
from assistant.page.source_reading import SourcePage, read_source
from assistant.page.source_view import draw_source
from knowledge_base.errors import KnowledgeBaseError


def draw() -> None:
    """Draw the document that the address names."""
    link = SourceLink.read(st.query_params)
    _draw_way_back(link)
    if link is None:
        draw_notice("This address names no document. Open a source from an answer.")
        return
    try:
        found = _read(link)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    if found is None:
        draw_notice("The index holds no such document or page. It may have been taken out since the answer was given.")
        return
    draw_source(found, link)


def _read(link: SourceLink) -> SourcePage | None:
    return read_source(page_settings().data_dir, link.source, link.page, link.generation)


def _draw_way_back(link: SourceLink | None) -> None:
    conversation = link.conversation if link else None
    label = "Back to the conversation" if conversation else "Ask a question"
    to = {CONVERSATION: conversation} if conversation else None
    st.page_link(CHAT_PAGE, label=label, icon=":material/arrow_back:", query_params=to)


if __name__ == "__main__":
    draw()
