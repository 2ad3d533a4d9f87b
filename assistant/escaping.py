"""Text of documents, file names and people, made safe to show: nothing in it is read as HTML or Markdown."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from urllib.parse import urlsplit

_WORD_JOINER = "\u2060"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$^=&\"'/@])")
_DIRECTIONS = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"}


def as_html(text: str) -> str:
    """Return text for HTML, in an element or an attribute; controls and marks that turn the writing direction are dropped."""
    return escape("".join(character for character in text if _is_shown(character)), quote=True)


def as_label(text: str, length: int = 120) -> str:
    """Return text as one line for a widget's label, where Streamlit reads Markdown, colours, icons, emoji and formulas.

    Each mark is escaped; a word joiner, which is not seen, parts what Streamlit would read as `:name:` or as an arrow.
    """
    line = " ".join("".join(character if _is_shown(character) else " " for character in text).split())
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


def _is_shown(character: str) -> bool:
    if character in _DIRECTIONS:
        return False
    return character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
