"""The blocks of Markdown: paragraphs, items with their numbers, tables with their headers, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.loaders.characters import clean
from ingest.loaders.labels import enumerated
from ingest.loaders.markdown_dialects.inline import LINE, InlineWriter, with_checkbox
from ingest.loaders.markdown_dialects.rewriting import ABOVE, HEADER, LEFT, note_numbers
from ingest.loaders.marks import leading_note, settle
from ingest.loaders.structure import PageWriter
from ingest.loaders.tables import Cell, write_table
from ingest.loaders.text_layout.grid_tables import read_pipes

if TYPE_CHECKING:
    from markdown_it.token import Token

_SENTENCE_END = (".", ";", ":", ",", "!")
_STRUCK_TAG = re.compile(r"<(/?)(?:del|s|strike)\b[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class _List:
    """An open list; `number` is the next one of an ordered list, None in a list of bullets."""

    number: int | None
    typed: str = ""  # the number that the last item shows in the file


@dataclass(slots=True)
class _Table:
    rows: list[list[Cell]] = field(default_factory=list)
    headers: int = 1


class BlockWriter:
    """Walks the tokens once and writes a block for each that a reader sees."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self._inline = InlineWriter(writer)
        self._heading = 0
        self._is_underlined = False
        self._lists: list[_List] = []
        self._item_label: str | None = None  # of an item that begins, "" without number; None amid an item
        self._table: _Table | None = None
        self._struck = 0
        self._note = ""

    def write(self, tokens: Sequence[Token]) -> None:
        """Write the blocks of a file."""
        for token in tokens:
            handler = getattr(self, f"_on_{token.type}", None)
            if handler:
                handler(token)

    def write_note(self, number: str, tokens: Sequence[Token]) -> None:
        """Write a note, its first block labelled with its mark."""
        self._note = f"note {number}"
        self.write(tokens)
        self._note = ""

    def notes(self, defined: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield number and text of the notes, in the order of their numbers; those written in place come last."""
        numbers = note_numbers(list(defined), self._inline.referred)
        for name, number in numbers.items():
            yield number, defined[name]
        yield from ((str(place), text) for place, text in enumerate(self._inline.notes, len(numbers) + 1))

    def _on_heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1])
        self._is_underlined = token.markup == "-"

    def _on_heading_close(self, token: Token) -> None:
        self._heading = 0

    def _on_bullet_list_open(self, token: Token) -> None:
        self._lists.append(_List(None))

    def _on_ordered_list_open(self, token: Token) -> None:
        self._lists.append(_List(int(token.attrGet("start") or 1) if token.attrGet("start") is not None else 1))

    def _on_bullet_list_close(self, token: Token) -> None:
        self._lists.pop()

    _on_ordered_list_close = _on_bullet_list_close

    def _on_list_item_open(self, token: Token) -> None:
        self._item_label = ""
        here = self._lists[-1]
        if here.number is not None:
            if token.info.isdigit() and here.typed not in ("", token.info):
                here.number = int(token.info)  # a list that numbers all its items alike is counted, another is read as it is
            self._item_label, here.typed = str(here.number), token.info
            here.number += 1

    def _on_list_item_close(self, token: Token) -> None:
        self._item_label = None

    def _on_table_open(self, token: Token) -> None:
        self._table = _Table()

    def _on_tr_open(self, token: Token) -> None:
        if self._table:
            self._table.rows.append([])

    def _on_table_close(self, token: Token) -> None:
        table, self._table = self._table, None
        if table and not self._struck:
            rows = _with_spans(table.rows)
            has_header = any(cell.text for cell in rows[0])
            write_table(self._writer, rows if has_header else rows[1:], table.headers if has_header else 0)

    def _on_inline(self, token: Token) -> None:
        children = token.children or []
        text = self._inline.text(children)
        if self._struck:
            return
        if self._table:
            self._table.headers += max(0, text.count(HEADER) - 1)
            self._table.rows[-1].append(Cell(" ".join(clean(_settled(text)).split()) if text not in (LEFT, ABOVE) else text))
        elif children and all(child.type == "image" for child in children):
            self._writer.add("caption", text)
        elif not self._write_pipes(token):
            self._add(text, children)

    def _on_fence(self, token: Token) -> None:
        if not self._struck:
            self._write("paragraph", token.content)

    _on_code_block = _on_fence

    def _on_html_block(self, token: Token) -> None:
        from ingest.loaders.html import write_fragment

        tags = _STRUCK_TAG.findall(token.content)
        opened = sum(1 if not closing else -1 for closing in tags)
        if opened > 0 and not self._struck:
            self._writer.struck += 1
        if not self._struck and opened == 0:
            write_fragment(self._writer, token.content)
        self._struck = max(0, self._struck + opened)

    def _write_pipes(self, token: Token) -> bool:
        """Write a paragraph of lines such as `| a | b |`, which lacks the rule of a table."""
        if not token.content.startswith("|") or self._heading:
            return False
        read = read_pipes(token.content.split("\n"))
        if read:
            write_table(self._writer, read[0], read[1] or None)
        return read is not None

    def _add(self, text: str, children: Sequence[Token]) -> None:
        if self._heading:
            is_text = self._is_underlined and (LINE in text or text.rstrip().endswith(_SENTENCE_END))
            if not is_text:
                self._write("heading", text, self._heading)
                return
        is_item = bool(self._lists) and self._item_label is not None
        label, self._item_label = self._item_label or "", None
        if is_item:
            text = with_checkbox(text)
        mark, text = leading_note(text)
        is_entry = _is_entry(children)
        pieces = enumerated(text.split(LINE)) if LINE in text else [("", [text])]
        for place, (number, lines) in enumerate(pieces):
            body = LINE.join(lines)
            if is_item and place == 0:
                self._write("list_item", body, len(self._lists), label or number or (None if is_entry else ""))
            elif number and len(pieces) > 1:
                self._write("list_item", body, len(self._lists) + 1, number)
            else:
                self._write("paragraph", body, label=f"note {mark}" if mark else "", emphasised=_is_bold(children))

    def _write(self, kind: str, text: str, level: int = 0, label: str | None = "", *, emphasised: bool = False) -> None:
        if kind == "paragraph" or self._note:
            label, self._note = self._note or label, ""
        self._writer.add(kind, clean(_settled(text)), level, label, emphasised=emphasised)  # type: ignore[arg-type]


def _settled(text: str) -> str:
    text = re.sub(r"[ \t]+", " ", settle(text.replace(LINE, " ").replace(HEADER, "")))
    return re.sub(r" ?\n ?", "\n", text)


def _is_entry(children: Sequence[Token]) -> bool:
    """Tell whether the children are a link within the page and nothing else: an entry of a table of contents."""
    if len(children) < 2 or children[0].type != "link_open" or children[-1].type != "link_close":
        return False
    return str(children[0].attrGet("href") or "").startswith("#") and sum(child.type == "link_open" for child in children) == 1


def _is_bold(children: Sequence[Token]) -> bool:
    shown = [child for child in children if child.type != "text" or child.content.strip()]
    return len(shown) > 2 and shown[0].type == "strong_open" and shown[-1].type == "strong_close"


def _with_spans(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Join the cells that a grid table marks as one with the cell on their left or above."""
    owners: list[list[tuple[int, int]]] = []  # by row and column: the row and the column of the cell that covers the place
    reach: dict[tuple[int, int], tuple[int, int]] = {}  # of each cell: the last row and column that it covers
    for place, row in enumerate(rows):
        owners.append([])
        for column, cell in enumerate(row):
            owner = (place, column)
            if cell.text == LEFT and column:
                owner = owners[-1][-1]
            elif cell.text == ABOVE and place and column < len(owners[place - 1]):
                owner = owners[place - 1][column]
            owners[-1].append(owner)
            reach[owner] = (place, column)
    return [
        [_spanning(cell, (place, column), reach) for column, cell in enumerate(row) if (place, column) in reach]
        for place, row in enumerate(rows)
    ]


def _spanning(cell: Cell, start: tuple[int, int], reach: Mapping[tuple[int, int], tuple[int, int]]) -> Cell:
    last_row, last_column = reach[start]
    return replace(cell, rows=last_row - start[0] + 1, columns=max(1, last_column - start[1] + 1))
