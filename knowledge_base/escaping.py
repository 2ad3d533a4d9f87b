"""Text of documents, file names and people, made safe to show: nothing in it is read as HTML or Markdown."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from jinja2 import Environment

_WORD_JOINER = "\u2060"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$^=&\"'/@])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_DIRECTIONS = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"}


def without_controls(text: str) -> str:
    """Return text without controls, lone surrogates and marks that turn the writing direction."""
    return "".join(c for c in text if c in "\n\t" or (c not in _DIRECTIONS and unicodedata.category(c) not in {"Cc", "Cs"}))


def as_html(text: str) -> str:
    """Return text for HTML, in an element or an attribute."""
    return escape(without_controls(text), quote=True)


def templates(folder: Path) -> Environment:
    """Return the templates of a folder: each value is escaped, controls dropped; a value that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _finalized(value: Any) -> Any:
    """Return what a template writes for a value before it is escaped: nothing for None; markup, a str too, as it is."""
    if value is None:
        return ""
    return without_controls(value) if type(value) is str else value


def as_label(text: str, length: int = 120) -> str:
    """Return text as one line for a widget's label, where Streamlit reads Markdown, colours, icons, emoji and formulas.

    Each mark is escaped; a word joiner, which is not seen, parts what Streamlit would read as `:name:` or as an arrow.
    """
    line = " ".join(without_controls(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)).split())
    if len(line) > length:
        line = line[: length - 1].rstrip() + "…"
    escaped = _MARKDOWN.sub(r"\\\1", line).replace(":", f":{_WORD_JOINER}")
    return re.sub(r"(\\[-<>=])(?=\\[-<>=])", rf"\1{_WORD_JOINER}", escaped)


def safe_address(address: str) -> str | None:
    """Return a web address that may be linked to, or None: only http and https with a host are."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    return address.strip() if parts.scheme in {"http", "https"} and parts.hostname else None


def guarded(cell: str) -> str:
    """Return the text of a cell that no spreadsheet reads as a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
