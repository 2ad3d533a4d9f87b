"""The page's own style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    pass


def scroll_script() -> str:
    """Return the one script of ours that runs in the page: it brings the latest question into view."""
    return (Path(__file__).with_name("static") / "scroll.js").read_text(encoding="utf-8")


STATIC = Path(__file__).with_name("static")
ICON = STATIC / "icon.svg"


def draw_style() -> None:
    """Put the style sheet on the page."""
    st.html(f"<style>{_style_sheet()}</style>")


@cache
def _style_sheet() -> str:
    return (STATIC / "page.css").read_text(encoding="utf-8")


def scroll_to_latest_question() -> None:
    """Scroll so far that the latest question is the first thing to be seen, or as far as the page goes."""
    st.html(f"<script>{scroll_script()}</script>", unsafe_allow_javascript=True)
