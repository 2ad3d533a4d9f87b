"""The text of Markdown within a block, as it is shown: without struck words, its notes' marks cut, its links noted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.loaders.html_elements.inline import CHECKED, UNCHECKED, as_meant
from ingest.loaders.marks import END, LOWERED, NOTE, RAISED, is_note_mark, note_mark, raised, with_marks
from ingest.loaders.structure import PageWriter

if TYPE_CHECKING:
    from markdown_it.token import Token

LINE = "\ufdd4"  # where a line of the file ends inside a paragraph
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^>]*)>")
_UNSHOWN = frozenset({"script", "style", "template"})
_STRUCK = frozenset({"del", "s", "strike"})
_STRUCK_STYLE = re.compile(r"line-through|display\s*:\s*none", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,60})\]")
_INLINE_NOTE = re.compile(r"\^\[([^\[\]]{1,2000})\]")
_WIKI = re.compile(r"\[\[(?:[^\[\]|\n]{1,200}\|)?([^\[\]|\n]{1,200})\]\]")
_POWER = re.compile(r"(?<=[^\s^])\^([^\s^]{1,12})\^")
_INDEX = re.compile(r"(?<=[^\s~])~([^\s~]{1,8})~(?!~)")
_ONE_TILDE = re.compile(r"(?<![\w~])~(?=\S)[^~\n]{1,300}(?<=\S)~(?![\w~])")
_MARKED = re.compile(r"==(?=\S)([^=\n]{1,300})(?<=\S)==|\+\+(?=\S)([^+\n]{1,300})(?<=\S)\+\+")
_TASK = re.compile(r"\[([ xX])\]\s")


class InlineWriter:
    """Turns the tokens within a block into text; `referred` collects the ids of notes, `notes` those written in place."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self.referred: list[str] = []
        self.notes: list[str] = []

    def text(self, children: Sequence[Token]) -> str:
        """Return what is shown; LINE stands where a line of the file ends, raised marks are not settled yet."""
        parts: list[str] = []
        links: list[tuple[str, int]] = []
        left_out: list[str] = []  # the open elements whose inside is not shown
        for position, child in enumerate(children):
            if child.type in ("s_open", "s_close") or child.type == "html_inline":
                self._tag(child, parts, links, left_out)
            elif left_out:
                continue
            elif child.type == "link_open":
                links.append((str(child.attrGet("href") or ""), len(parts)))
            elif child.type == "link_close" and links:
                self._close_link(parts, *links.pop())
            else:
                parts.append(self._shown(child, children[position + 1 : position + 2]))
        return "".join(parts)

    def _tag(self, child: Token, parts: list[str], links: list[tuple[str, int]], left_out: list[str]) -> None:
        found = _TAG.match(child.content)
        name = found[2].lower() if found else "s" if child.type in ("s_open", "s_close") else ""
        closes = child.type == "s_close" or bool(found and found[1])
        attributes = found[3] if found else ""
        if left_out:
            if name == left_out[-1]:
                left_out.pop() if closes else left_out.append(name)
            return
        if name in _UNSHOWN | _STRUCK or (name == "span" and _STRUCK_STYLE.search(attributes)):
            if not closes:
                left_out.append(name)
                self._writer.struck += name in _STRUCK or "line-through" in attributes
        elif name == "br":
            parts.append("\n")
        elif name in ("sup", "sub"):
            parts.append(END if closes else RAISED if name == "sup" else LOWERED)
        elif name == "input" and "checkbox" in attributes:
            parts.append(f"{CHECKED if 'checked' in attributes.replace('checkbox', '') else UNCHECKED} ")
        elif name == "a" and not closes:
            address = _HREF.search(attributes)
            links.append((address[1] if address else "", len(parts)))
        elif name == "a" and links:
            self._close_link(parts, *links.pop())

    def _close_link(self, parts: list[str], address: str, start: int) -> None:
        text = "".join(parts[start:])
        if (
            address.startswith("#")
            and is_note_mark(text)
            and ("[" in text or RAISED in "".join(parts[max(0, start - 1) : start]))
        ):
            parts[start:] = [note_mark(text.replace(RAISED, "").replace(END, ""))]
        elif re.fullmatch(r"[↩↑^⏎\ufe0e\s]+", text) and address.startswith("#"):
            del parts[start:]
        else:
            self._writer.link(text.replace(LINE, " "), address)

    def _shown(self, child: Token, following: Sequence[Token]) -> str:
        if child.type == "softbreak":
            return LINE
        if child.type == "hardbreak":
            return "\n"
        if child.type != "text":
            return child.content
        text = child.content
        if following and following[0].type == "softbreak" and text.endswith("\\"):
            text = f"{text[:-1]}\n"  # kramdown ends a line with two backslashes
        return self._without_marks(text)

    def _without_marks(self, text: str) -> str:
        """Return a run of text with the marks of dialects read."""
        text = with_marks(text)
        if "[" in text:
            text = _REFERENCE.sub(self._refer, _INLINE_NOTE.sub(self._keep_note, text))
            text = _WIKI.sub(r"\1", text)
        if "~" in text:
            text = _INDEX.sub(rf"{LOWERED}\1{END}", text)
            text, struck = _ONE_TILDE.subn("", text)
            self._writer.struck += struck
        if "^" in text:
            text = _POWER.sub(lambda found: raised(found[1]), text)  # a note has a mark of its own
        if "==" in text or "++" in text:
            text = _MARKED.sub(lambda found: found[1] or found[2], text)
        return as_meant(text) if "&" in text else text

    def _refer(self, found: re.Match[str]) -> str:
        self.referred.append(found[1])
        return note_mark(found[1])

    def _keep_note(self, found: re.Match[str]) -> str:
        self.notes.append(found[1])
        return NOTE


def with_checkbox(text: str) -> str:
    """Return a list item's text with the box of a task as a sign."""
    found = _TASK.match(text)
    return f"{UNCHECKED if found[1] == ' ' else CHECKED} {text[found.end() :]}" if found else text
