"""The page: what all pages have in common, then the one that is open. Streamlit runs this file."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from assistant.page.language import say
from assistant.page.links import CHECK_PAGE, DOCUMENTS_PAGE, PAGES
from assistant.page.sidebar import draw_sidebar
from assistant.page.templates import ICON, draw_style
from assistant.page.uploads import EXPECTED


def draw_page() -> None:
    """Draw the open page, and the sidebar next to it."""
    st.set_page_config(page_title=say("brand"), page_icon=str(ICON), layout="centered", menu_items={})
    draw_style()
    listed = [
        st.Page(path, title=say(f"titles.{name}"), url_path=name, default=position == 0)
        for position, (path, name) in enumerate(PAGES.items())
    ]
    page = st.navigation(listed, position="hidden")
    context = get_script_run_ctx()
    if context and page.url_path not in (PAGES[DOCUMENTS_PAGE], PAGES[CHECK_PAGE]):
        EXPECTED.discard(context.session_id)
    draw_sidebar()
    page.run()


if __name__ == "__main__":
    draw_page()
