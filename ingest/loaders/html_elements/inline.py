"""The text of HTML within a block: raised and lowered marks, form values, pictures' words, equations, links."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ingest.loaders.equations import mathml
from ingest.loaders.marks import END, LOWERED, RAISED, with_marks
from ingest.loaders.structure import PageWriter

if TYPE_CHECKING:
    from lxml.html import HtmlElement

CHECKED, UNCHECKED = "☒", "☐"
_RAISED_STYLE = re.compile(r"vertical-align\s*:\s*(?:super|text-top)", re.IGNORECASE)
_LOWERED_STYLE = re.compile(r"vertical-align\s*:\s*sub\b", re.IGNORECASE)
_RAISED_NAMES = frozenset({"super", "superscript", "sup"})
_LOWERED_NAMES = frozenset({"subscript", "inf"})
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_TYPED_INPUTS = frozenset(
    ["text", "number", "date", "datetime-local", "month", "week", "time", "email", "tel", "url", "range", ""]
)
_WORDS = re.compile(r"[-_\s]+")


class InlineText:
    """Collects the text of one block while a walk goes through its elements."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self._parts: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._is_entry: bool | None = None  # whether all text so far is a link within the page, None before any
        self.was_entry = False  # of the text that was taken last
        self.preformatted = 0

    def enter(self, tag: str, element: HtmlElement) -> bool:
        """Take what begins here; return whether the element is read whole, so that nothing inside is to be walked."""
        if tag == "br":
            self._parts.append("\n")
        elif tag == "q":
            self._parts.append("“")
        elif tag == "a":
            self._links.append((element.get("href") or "", len(self._parts)))
        elif tag == "math":
            self._parts.append(mathml(element))
            return True
        elif tag in ("input", "select", "textarea"):
            self._parts.append(_value(tag, element))
            return True
        elif _line(tag, element):
            self._parts.append(_line(tag, element))
        self.take(element.text, is_code=tag in ("code", "pre", "kbd", "samp"))
        return False

    def leave(self, tag: str, element: HtmlElement) -> None:
        """Take what ends here; the text that follows the element is not part of it."""
        if tag == "q":
            self._parts.append("”")
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            self._writer.link("".join(self._parts[start:]), address)
        elif _line(tag, element):
            self._parts.append(END)

    def take(self, text: str | None, *, is_code: bool = False) -> None:
        """Take characters of the page; an entity that was written twice over is read as it was meant."""
        if text:
            if text.strip() and self._is_entry is not False:
                self._is_entry = bool(self._links) and self._links[-1][0].startswith("#")
            if "&" in text and not is_code and not self.preformatted:
                text = as_meant(text)
            self._parts.append(with_marks(text if self.preformatted else re.sub(r"\s+", " ", text)))

    def taken(self) -> str:
        """Return the text and begin anew."""
        text = "".join(self._parts)
        self._parts, self.was_entry, self._is_entry = [], bool(self._is_entry), None
        self._links = [(address, 0) for address, _ in self._links]
        if self.preformatted:
            return text.strip("\n")
        return re.sub(r" ?\n ?", "\n", re.sub(r"[^\S\n]+", " ", text)).strip()

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was taken yet."""
        return not "".join(self._parts).strip()


def as_meant(text: str) -> str:
    """Return `text` with the entities that were written twice over, such as &amp;eacute;, as the characters they mean."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def names(element: HtmlElement) -> set[str]:
    """Return the words in the classes of an element."""
    return set(_WORDS.split((element.get("class") or "").lower()[:500]))


def _line(tag: str, element: HtmlElement) -> str:
    """Return the mark of text above or below the line, "" for text on it."""
    if tag in ("sup", "sub"):
        return RAISED if tag == "sup" else LOWERED
    if tag not in ("span", "font"):
        return ""
    style = element.get("style") or ""
    words = names(element) if element.get("class") else frozenset()
    if _RAISED_STYLE.search(style[:1000]) or words & _RAISED_NAMES:
        return RAISED
    return LOWERED if _LOWERED_STYLE.search(style[:1000]) or words & _LOWERED_NAMES else ""


def _value(tag: str, element: HtmlElement) -> str:
    """Return what a reader sees in a form's field."""
    if tag == "textarea":
        return f" {element.text or ''} "
    if tag == "select":
        chosen = (option for option in element.iter("option") if "selected" in option.attrib)
        shown = " , ".join(" ".join("".join(option.itertext()).split()) for option in chosen)
        return f" {shown} " if shown else ""
    kind = (element.get("type") or "").lower()
    if kind in ("checkbox", "radio"):
        return f" {CHECKED if 'checked' in element.attrib else UNCHECKED} "
    return f" {element.get('value') or ''} " if kind in _TYPED_INPUTS else ""
