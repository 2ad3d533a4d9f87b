"""The page's own style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

STATIC = Path(__file__).parents[1] / "static"
ICON = STATIC / "icon.svg"


def draw_style() -> None:
    """Put the style sheet on the page."""
    st.html(f"<style>{_style_sheet()}</style>")


@cache
def _style_sheet() -> str:
    return (STATIC / "page.css").read_text(encoding="utf-8")
