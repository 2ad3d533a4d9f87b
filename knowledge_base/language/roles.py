"""What a sentence is for its reader, told once when it is stored: a whole sentence, an item, or what makes a poor quote."""

from __future__ import annotations

import re
from typing import Literal

from knowledge_base.language.sentences import SENTENCE_END
from knowledge_base.language.vocabulary import pattern

Role = Literal["sentence", "item", "label", "note", "question", "contents", "scrap", "broken"]

_NOTE = re.compile(r"^(?:\d{1,3}\s+(?:[A-ZÀ-Þ]|https?:)|[—–]{2},)")  # of footnotes, and of further works by one author
_HOLE = pattern(r"\b{sentences.before_hole}\s\[\d{1,3}\](?:$|[\s.,;:])")  # where a link's text was lost
_ASKS = re.compile(r"[?？؟][”\"’'»)\]\s]*$")
_NUMBERED = re.compile(r"(?:[\dIVX.]{1,8}\s*\| )?[^|]*\|\s*\d{1,4}")  # of a table of contents
_SCRAP = 5  # words at most of what is no sentence, where nothing ends it
_TITLE = 15  # words at most of what is set like a title: a line that nothing ends


def role_of(kind: str, text: str, label: str = "") -> Role:
    """Return the role of a text in a block of `kind` (a BlockKind) that a reader sees the `label` before.

    A scrap is a piece of a paragraph's sentence, a label only names a thing, `broken` has lost a word; `contents` is a row that
    ends in a page's number.
    """
    ends = bool(SENTENCE_END.search(text))
    words = len(text.split())
    if kind == "paragraph" and not ends and (text[:1].islower() or words <= _SCRAP):
        return "scrap"
    if _ASKS.search(text):
        return "question"
    if "[" in text and _HOLE.search(text):
        return "broken"
    if kind == "paragraph" and (label.startswith("note ") or _NOTE.match(text)):
        return "note"
    if kind == "table_row" and _NUMBERED.fullmatch(text):
        return "contents"
    if not ends and (kind in ("field", "caption") or kind == "paragraph" and words <= _TITLE):
        return "label"
    return "item" if kind == "list_item" else "sentence"
