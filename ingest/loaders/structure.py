"""Write the text of a page and the blocks over it; make a document of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from ingest.loaders.labels import begins_recitals, names_a_unit, recital_label, typed_label, unit_rank
from ingest.loaders.marks import without_struck_letters
from ingest.loaders.opening import choose_date, opening_title
from knowledge_base.errors import DocumentError
from knowledge_base.language.words import without_note_marks
from knowledge_base.passages import Block, BlockKind, Document, Page, RegisterRecord

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_CALLED = re.compile(r"(?:tel:|mailto:)([^?]*).*", re.IGNORECASE)
_TIGHT: frozenset[BlockKind] = frozenset({"field", "table_row", "list_item"})
_LABELLED: frozenset[BlockKind] = frozenset({"heading", "paragraph", "list_item"})
_LONGEST_TITLE = 120
_DEEPEST = 6
_MOST_LINKS = 100
_SENTENCE_END = (".", ";", ":", ",", "!")
_ENTRY = re.compile(r"[^\W\d_][^:.!?;\n]{0,38}\.?:[^\S\n]+\S[^\n]{0,120}(?<![.!?:;,])")


class PageWriter:
    """Collects blocks in reading order; rows, items and fields that follow each other stand on adjacent lines.

    A paragraph that is nothing but the name of a unit, such as "Article 4", is a heading, and so is its title below it. A short
    one such as "Fee: 90 crowns" is a field.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.links: dict[str, str] = {}
        self.struck = 0  # passages that the document strikes out
        self._parts: list[str] = []
        self._length = 0
        self._level = 0  # of the last heading that is no unit
        self._unit_level = 0  # of the unit that the last block names, 0 where it names none
        self._in_recitals = False

    def add(self, kind: BlockKind, text: str, level: int = 0, label: str | None = "", *, emphasised: bool = False) -> None:
        """Append a block; white space around it is dropped, and a block without text is none.

        `emphasised` says that it is set in bold or in the middle; a label that its text begins with is found here, unless
        `label` is None: an entry of a table of contents only names what has it.
        """
        text, struck = without_struck_letters(text)
        self.struck += struck
        text = text.strip()
        if not text:
            return
        is_entry, label = label is None, label or ""
        if not label and not is_entry and kind in _LABELLED:
            label = typed_label(text, is_heading=kind == "heading" or emphasised)
        if kind == "paragraph" and not label and not emphasised and _ENTRY.fullmatch(text):
            kind = "field"
        if kind == "heading" or begins_recitals(text):
            self._in_recitals = begins_recitals(text)
        elif self._in_recitals and label:
            label = recital_label(label) or label
        if not is_entry and kind in ("paragraph", "list_item") and self._is_title(kind, text, label, emphasised):
            kind, level = "heading", self._title_level(text, label)
        elif kind == "heading" and unit_rank(label) is None:
            self._level = level
        self._unit_level = level if kind == "heading" and names_a_unit(text) else 0
        self._write(self._separator(kind))
        self.blocks.append(Block(kind, level, self._length, self._length + len(text), label))
        self._write(text)

    def link(self, text: str, address: str) -> None:
        """Note the address of a link, to be written by `add_links`; an address that the text shows itself is none."""
        text = one_line(text)
        if address not in self.links and _ADDRESS.match(address) and _shown_address(address) not in text:
            self.links[address] = text

    def add_links(self) -> str | None:
        """Append a field for each link that was noted, its text and its address; return a notice where some are left out."""
        links = [(text, address) for address, text in self.links.items() if text]
        for text, address in links[:_MOST_LINKS]:
            called = _CALLED.fullmatch(address)
            self.add("field", f"{text}: {called[1] if called else address}")
        return f"{len(links) - _MOST_LINKS} addresses of links are left out." if len(links) > _MOST_LINKS else None

    def first_heading(self, level: int | None = None) -> str | None:
        """Return the text of the first heading of a level, or of any."""
        page = self.page()
        found = (b for b in self.blocks if b.kind == "heading" and level in (None, b.level))
        return next((page.text[block.start : block.end] for block in found), None)

    def page(self) -> Page:
        """Return what was written as a page without number."""
        return Page(number=None, label=None, text="".join(self._parts), blocks=tuple(self.blocks))

    def _is_title(self, kind: BlockKind, text: str, label: str, emphasised: bool) -> bool:
        """Tell whether a paragraph is a unit's name, its title beside an automatic number, or its title below it."""
        if kind == "paragraph" and names_a_unit(text):
            return True
        if len(text) > _LONGEST_TITLE or "\n" in text or text.endswith(_SENTENCE_END):
            return False
        is_division = unit_rank(label) is not None and (emphasised or not text.startswith(label))
        return is_division or (kind == "paragraph" and emphasised and self._unit_level > 0)

    def _title_level(self, text: str, label: str) -> int:
        if self._unit_level and not names_a_unit(text) and unit_rank(label) is None:
            return min(_DEEPEST, self._unit_level + 1)
        return min(_DEEPEST, self._level + 1 + (unit_rank(text) or unit_rank(label) or 0))

    def _separator(self, kind: BlockKind) -> str:
        if not self.blocks:
            return ""
        return "\n" if kind in _TIGHT and self.blocks[-1].kind == kind else "\n\n"

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _shown_address(address: str) -> str:
    return re.sub(r"^(?:https?://(?:www\.)?|mailto:|tel:)", "", address).rstrip("/")


def make_document(
    data: bytes,
    source: str,
    page: Page,
    *,
    kind: str,
    title: str | None,
    language: str | None = None,
    date: str | None = None,
    links: Iterable[str] = (),
    record: RegisterRecord | None = None,
    notices: Iterable[str | None] = (),
) -> Document:
    """Return the document of one page; its opening speaks where no title is stated, and before a stated date.

    Raise DocumentError where there is no text.
    """
    if not page.text.strip():
        raise DocumentError(f"{source} has no text.", "Check that the file is the one you meant; an empty file can be deleted.")
    return Document(
        source=source,
        title=one_line(title or "") or opening_title(page, source),
        content_hash=hashlib.sha256(data).hexdigest(),
        language=language,
        pages=(page,),
        kind=kind,
        date=date if record else choose_date(date, page),
        links=tuple(links),
        record=record,
        notices=tuple(notice for notice in notices if notice),
    )


def struck_notice(struck: int, deleted: int = 0) -> str | None:
    """Say how many struck passages and tracked deletions were left out; None where there were none."""
    kinds = ((struck, "struck passage"), (deleted, "tracked deletion"))
    said = [f"{number} {what}{'' if number == 1 else 's'}" for number, what in kinds if number]
    return f"{' and '.join(said)} {'is' if struck + deleted == 1 else 'are'} left out." if said else None


def one_line(text: str, limit: int = 300) -> str:
    """Return `text` on one line, white space collapsed, cut at `limit` characters."""
    return " ".join(without_note_marks(text).split())[:limit]


def language_code(value: object) -> str | None:
    """Return the ISO 639-1 code of a language tag such as `en-GB`, or None."""
    found = _LANGUAGE.fullmatch(str(value or "").strip())
    return found[1].lower() if found else None
