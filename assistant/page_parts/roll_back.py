"""Go back to the generation before."""

from __future__ import annotations

import streamlit as st

from assistant.page_parts.escaping import as_html
from assistant.page_parts.sidebar import summary_line
from assistant.server import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import storage_errors, writer_lock
from knowledge_base.generations import Manifest, list_generations, roll_back


def draw_roll_back(current: str, *, is_busy: bool) -> None:
    """Draw the button that goes back, with what it goes back to; nothing where no earlier generation is kept."""
    earlier = [manifest for manifest in list_generations(page_settings().data_dir) if manifest.id < current]
    if earlier:
        with st.popover("Roll back", icon=":material/undo:", disabled=is_busy):
            _draw_confirmation(earlier[-1])


def _draw_confirmation(earlier: Manifest) -> None:
    st.html(
        f"<p>Answers will come from the generation before: {as_html(summary_line(earlier, st.context.timezone))}.</p>"
        '<p class="pc-quiet">Files are not touched: the next update brings the index in line with them again.</p>'
    )
    st.button("Go back to it", on_click=_roll_back, key="roll-back")


def _roll_back() -> None:
    data_dir = page_settings().data_dir
    try:
        with writer_lock(data_dir), storage_errors(data_dir):
            roll_back(data_dir)
    except KnowledgeBaseError as error:
        st.session_state["refused"] = error
