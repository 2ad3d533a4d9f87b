"""Bring the latest question into view: Streamlit leaves a long conversation where it stands."""

from __future__ import annotations

import streamlit as st

from assistant.server import scroll_script


def scroll_to_latest_question() -> None:
    """Scroll so far that the latest question is the first thing to be seen, or as far as the page goes."""
    st.html(f"<script>{scroll_script()}</script>", unsafe_allow_javascript=True)
