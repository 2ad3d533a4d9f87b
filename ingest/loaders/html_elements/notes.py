"""Footnotes of HTML: their marks are cut from the sentences, and each note is tied to its mark."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ingest.loaders.html_elements.inline import names
from ingest.loaders.html_elements.seen import tag_of
from ingest.loaders.marks import is_note_mark, note_mark, note_number

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LABEL = "data-note-mark"  # an attribute that this package sets on the block of a note: its mark
_LONGEST_MARK = 8
_NEAR = 12
_BLOCKS = frozenset({"p", "li", "div", "td", "th", "dd", "dt", "section", "aside", "blockquote", "body", "figcaption"})
_NOTE_ADDRESS = re.compile(r"(?:_|\b)(?:e?fn|foot|end|note|ntr|ntc|nt|ftn|edn|cite|ref|sdfoot)", re.IGNORECASE)
_NOTE_NAMES = frozenset(
    {"footnote", "footnotes", "endnote", "noteref", "fn", "reference", "ref", "sup", "super", "note", "fnref"}
)
_ROLES = frozenset({"doc-noteref", "noteref"})
_BACK = re.compile(r"[↩↑⬆^⏎\ufe0e\ufe0f\s]+|(?:jump up|back|retour)(?: to .{1,20})?", re.IGNORECASE)
_BACK_NAMES = frozenset({"backref", "backlink"})


def tie_notes(root: HtmlElement) -> None:
    """Cut the marks that lead to notes, and the links back; set LABEL on the block that holds a note."""
    links = [link for link in root.iter("a") if (link.get("href") or "").startswith("#")]
    if not links:
        return
    by_id = {identifier: element for element in root.iter() for identifier in _ids(element)}
    notes: dict[str, str] = {}
    sources: set[str] = set()
    marks = []
    for link in links:
        text = _text(link)
        if _is_back_link(link, text):
            link.drop_tree()
        elif len(text) <= _LONGEST_MARK and is_note_mark(text):
            marks.append((link, text, _opens_its_block(link)))
    for link, text, opens in marks:
        address = (link.get("href") or "")[1:]
        if not opens and _leads_to_a_note(link, text, address, by_id):
            notes.setdefault(address, note_number(text))
            sources.update(_ids_around(link))
            _make_mark(link, text)
    for link, text, opens in marks:
        if opens and ((link.get("href") or "")[1:] in sources or not notes.keys().isdisjoint(_ids_around(link))):
            _label_block(link, note_number(text))
            _cut_mark(link)
    for address, number in notes.items():
        target = by_id.get(address)
        if target is not None and target.getparent() is not None:
            _label_block(target, number)


def _ids(element: HtmlElement) -> list[str]:
    return [value for value in (element.get("id"), element.get("name")) if value]


def _ids_around(link: HtmlElement) -> set[str]:
    """Return the ids of a link and of what it stands in, up to its block."""
    found = set(_ids(link))
    for ancestor in islice(link.iterancestors(), _NEAR):
        found.update(_ids(ancestor))
        if tag_of(ancestor) in _BLOCKS:
            break
    return found


def _text(element: HtmlElement) -> str:
    return "".join(islice(element.itertext(), 8)).strip()[:40]


def _is_back_link(link: HtmlElement, text: str) -> bool:
    if (link.get("role") or "") == "doc-backlink" or names(link) & _BACK_NAMES:
        return not is_note_mark(text)
    return bool(text) and _BACK.fullmatch(text) is not None


def _opens_its_block(link: HtmlElement) -> bool:
    """Tell whether no text stands before a link in its block."""
    here = link
    for _ in range(_NEAR):
        before = here.getprevious()
        while before is not None:
            if (before.tail or "").strip(" \t\r\n[(\u00a0") or (isinstance(before.tag, str) and _text(before)):
                return False
            before = before.getprevious()
        parent = here.getparent()
        if parent is None:
            return True
        if (parent.text or "").strip(" \t\r\n[(\u00a0"):
            return False
        if tag_of(parent) in _BLOCKS:
            return True
        here = parent
    return False


def _leads_to_a_note(link: HtmlElement, text: str, address: str, by_id: dict[str, HtmlElement]) -> bool:
    around = [link, *islice(link.iterancestors(), 2)]
    is_raised = any(tag_of(element) == "sup" or names(element) & _NOTE_NAMES for element in around)
    is_raised = is_raised or any(tag_of(inside) == "sup" or names(inside) & _NOTE_NAMES for inside in link.iter("sup", "span"))
    is_said = is_raised or (link.get("role") or link.get("{http://www.idpf.org/2007/ops}type") or "") in _ROLES
    is_bracketed = text[0] in "[(" and text[-1] in "])"
    named = _NOTE_ADDRESS.match(address) is not None
    return is_said or (is_bracketed and (address in by_id or named)) or (named and address in by_id)


def _make_mark(link: HtmlElement, text: str) -> None:
    for child in list(link):
        link.remove(child)
    link.text = note_mark(text)
    link.attrib.pop("href", None)


def _cut_mark(link: HtmlElement) -> None:
    """Take a note's own mark out of its text."""
    if link.tail:
        link.tail = link.tail.lstrip(" \t\r\n\u00a0])").removeprefix(".").lstrip(" \t\r\n\u00a0")
    parent = link.getparent()
    if parent is not None and parent.text:
        parent.text = parent.text.rstrip("[( \u00a0")
    link.drop_tree()


def _label_block(element: HtmlElement, number: str) -> None:
    """Set LABEL on the block that `element` is or stands in."""
    block = element
    for ancestor in islice(element.iterancestors(), _NEAR):
        if tag_of(block) in _BLOCKS:
            break
        block = ancestor
    if LABEL not in block.attrib and tag_of(block) not in ("body", ""):
        block.set(LABEL, number)
