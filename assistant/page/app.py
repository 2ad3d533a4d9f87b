"""The page: what all pages have in common, then the one that is open. Streamlit runs this file."""

from __future__ import annotations

import streamlit as st

from assistant.page.links import CHANGES_PAGE, CHAT_PAGE, DOCUMENTS_PAGE, EVALUATE_PAGE, MODEL_PAGE, SAVED_PAGE, SOURCE_PAGE
from assistant.page.sidebar import draw_sidebar
from assistant.page.style import ICON, draw_style


def draw() -> None:
    """Draw the open page with the sidebar beside it."""
    st.set_page_config(page_title="Paris Call", page_icon=str(ICON), layout="centered", menu_items={})
    draw_style()
    page = st.navigation(
        [
            st.Page(CHAT_PAGE, title="Paris Call", url_path="chat", default=True),
            st.Page(SOURCE_PAGE, title="Source", url_path="source"),
            st.Page(SAVED_PAGE, title="Saved answers", url_path="saved"),
            st.Page(EVALUATE_PAGE, title="Evaluation", url_path="evaluate"),
            st.Page(DOCUMENTS_PAGE, title="Documents", url_path="documents"),
            st.Page(CHANGES_PAGE, title="What changed", url_path="changes"),
            st.Page(MODEL_PAGE, title="Language model", url_path="model"),
        ],
        position="hidden",
    )
    draw_sidebar()
    page.run()


if __name__ == "__main__":
    draw()
