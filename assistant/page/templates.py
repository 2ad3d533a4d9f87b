"""The only way to HTML on the page: templates that escape what they are given. And what every page draws with them."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from traceback import format_tb
from typing import TYPE_CHECKING, Any

import streamlit as st

from assistant.page.language import decimal, on_page, say
from assistant.page.settings import STATIC, scripts
from knowledge_base import escaping
from knowledge_base.errors import KnowledgeBaseError, NoIndexError

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FOLDER = Path(__file__).with_name("templates")
ICON = STATIC / "icon.svg"

log = logging.getLogger(__name__)


@cache
def _environment() -> Environment:
    environment = escaping.templates(FOLDER)
    environment.globals.update(say=say, on_page=on_page, decimal=decimal)
    return environment


def render(template: str, **values: Any) -> Markup:
    """Return `templates/TEMPLATE.html` filled in; each value is escaped, unless it was rendered itself."""
    from markupsafe import Markup

    return Markup(_environment().get_template(f"{template}.html").render(values).strip())


def show(html: Markup, width: Any = "stretch") -> None:
    """Draw what was rendered; nothing where that is empty."""
    if html:
        st.html(str(html), width=width)


def draw(template: str, *, width: Any = "stretch", **values: Any) -> None:
    """Render a template and draw it."""
    show(render(template, **values), width)


def draw_line(text: str | Markup, kind: str = "pc-quiet", **options: Any) -> None:
    """Draw a line of text in one of the style sheet's kinds."""
    draw("line", text=text, kind=kind, **options)


def draw_error(error: KnowledgeBaseError) -> None:
    """Say what went wrong and what to do; what stands between backticks in the remedy is set as a command."""
    draw("error", message=error.message, remedy=error.remedy.split("`"), is_no_index=isinstance(error, NoIndexError))


def draw_notice(text: str) -> None:
    """Say something in passing."""
    draw("notice", text=text)


def draw_unexpected_error(error: Exception) -> bool:
    """Say that something failed in the program itself; its place is logged, its message (which may quote a question) is not."""
    log.error("The page failed with %s at:\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
    draw_error(KnowledgeBaseError(say("error.unexpected"), say("error.unexpected_remedy")))
    return True


def draw_style(sheet: str | None = None) -> None:
    """Put a style sheet of the project on the page: the page's own unless another is given."""
    st.html(f"<style>{sheet or (STATIC / 'page.css').read_text(encoding='utf-8')}</style>")


def run_script(name: str, html: str = "") -> None:
    """Run a script of `static/` in the page, after the rendered `html` that it reads; again when that changes."""
    st.html(f"{html}<script>{scripts()[name]}</script>", unsafe_allow_javascript=True)
