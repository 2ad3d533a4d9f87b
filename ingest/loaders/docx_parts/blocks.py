"""The blocks of a Word document in order: paragraphs with their numbers, tables with their headers, layout tables as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.loaders.characters import clean
from ingest.loaders.docx_parts.numbering import Numbering
from ingest.loaders.docx_parts.styles import Styles
from ingest.loaders.docx_parts.text import FALLBACK, LEFT_OUT, OFF, TEXT_BOX, VALUE, TextReader, W
from ingest.loaders.labels import is_list_mark, label_of, mark_label
from ingest.loaders.marks import leading_note, settle
from ingest.loaders.structure import PageWriter
from ingest.loaders.tables import Cell, bare_row, is_layout, reads_as_row, write_table
from knowledge_base.passages import BlockKind

PARAGRAPH, TABLE = f"{W}p", f"{W}tbl"
_ROW, _CELL = f"{W}tr", f"{W}tc"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph that was read; `number` is its automatic number as shown, such as "(c)" or "2.1."."""

    kind: BlockKind
    level: int
    number: str
    text: str
    emphasised: bool = False
    is_bold: bool = False
    note: str = ""

    def on_one_line(self) -> str:
        """Return number and text, as a cell of a table shows them."""
        return " ".join(f"{self.number} {self.text}".split())


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell: its contents in order, its spans; `continues` says that it belongs to the one above."""

    items: tuple[Text | Table, ...]
    columns: int = 1
    continues: bool = False

    @property
    def text(self) -> str:
        """Return the cell on one line, the rows of tables in it with ";" between them."""
        return " ".join(filter(None, (item.on_one_line() for item in self.items)))

    @property
    def holds_blocks(self) -> bool:
        """Tell whether headings or tables are in it."""
        return any(isinstance(item, Table) or item.kind == "heading" for item in self.items)

    @property
    def is_bold(self) -> bool:
        """Tell whether all of its text is bold."""
        texts = [item for item in self.items if isinstance(item, Text) and item.text]
        return bool(texts) and all(item.is_bold for item in texts)


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `headers` is the number of rows that are marked as such, or styled so."""

    rows: tuple[tuple[TableCell, ...], ...]
    headers: int = 0

    def on_one_line(self) -> str:
        """Return the table as part of a cell."""
        lines = ([cell.text for cell in row if not cell.continues] for row in self.rows)
        return "; ".join(f"{line[0]}: {', '.join(line[1:])}" if len(line) > 1 else "".join(line) for line in lines)


class BlockReader:
    """Reads the contents of a document once and in order, since numbers count up on the way."""

    def __init__(self, styles: Styles, numbering: Numbering, texts: TextReader, writer: PageWriter) -> None:
        self._styles = styles
        self._numbering = numbering
        self._texts = texts
        self._writer = writer
        self._carried = ""  # the text of paragraphs whose end is deleted: it goes on in the next

    def items(self, container: Any) -> list[Text | Table]:  # noqa: ANN401
        """Return paragraphs and tables under `container`, wherever wrappers such as content controls put them."""
        from lxml import etree

        found: list[Text | Table] = []
        walk = etree.iterwalk(container, events=("start",), tag=(PARAGRAPH, TABLE, TEXT_BOX, *LEFT_OUT))
        for _, element in walk:
            if element is container:
                continue
            walk.skip_subtree()
            if element.tag == TABLE:
                found.append(self._table(element))
            elif element.tag == PARAGRAPH:
                found += self._paragraph(element)
        return found

    def _paragraph(self, paragraph: Any) -> list[Text | Table]:  # noqa: ANN401
        read = self._texts.read(paragraph)
        text = self._carried + read.text
        if paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None:
            self._carried = text
            return []
        self._carried = ""
        number = self._number(paragraph)
        for shown, address in read.links:
            self._writer.link(settle(shown), address)
        kind, level = self._styles.kind(paragraph)
        mark, text = leading_note(text)
        text = re.sub(r"[^\S\n]+", " ", clean(settle(text))).strip()
        emphasised = read.is_bold or self._styles.is_centred(paragraph)
        items: list[Text | Table] = [Text(kind, level, number, text, emphasised, read.is_bold, f"note {mark}" if mark else "")]
        for box in read.boxes:
            items += self.items(box)
        return items

    def _number(self, paragraph: Any) -> str:  # noqa: ANN401
        found = self._styles.numbered(paragraph)
        if found is None:
            return ""
        (number, level), style = found
        level = self._numbering.level_of_style(number, style) if level < 0 else level
        return self._numbering.label(number, level).strip()

    def _table(self, table: Any) -> Table:  # noqa: ANN401
        rows: list[tuple[TableCell, ...]] = []
        headers = 0
        for row in _children(table, _ROW):
            properties = row.find(f"{W}trPr")
            if properties is not None and properties.find(f"{W}del") is not None:
                self._texts.deleted += 1
                continue
            if properties is not None and _is_on(properties.find(f"{W}tblHeader")) and headers == len(rows):
                headers += 1
            rows.append((*_gap(properties), *(self._cell(cell) for cell in _children(row, _CELL))))
        if not headers and len(rows) > 1 and self._styles.first_row_is_bold(table):
            headers = 1
        return Table(tuple(rows), headers)

    def _cell(self, cell: Any) -> TableCell:  # noqa: ANN401
        properties = cell.find(f"{W}tcPr")
        merged = properties.find(f"{W}vMerge") if properties is not None else None
        span = properties.find(f"{W}gridSpan") if properties is not None else None
        columns = int(span.get(VALUE, "1")) if span is not None and span.get(VALUE, "1").isdigit() else 1
        continues = merged is not None and merged.get(VALUE, "continue") == "continue"
        return TableCell(tuple(self.items(cell)), max(1, min(200, columns)), continues)


def write_items(writer: PageWriter, items: Sequence[Text | Table], depth: int = 0) -> None:
    """Write what was read as blocks; `depth` counts the layout tables around it whose rows begin with a list's mark."""
    for item in items:
        if isinstance(item, Table):
            _write_table(writer, item, depth)
        else:
            label = item.note or label_of(item.number)
            text = item.text
            if not text and re.match(r"[^\W\d_]{3,}", label):
                text = item.number  # a paragraph that is nothing but its number, such as "Article 4"
            level = item.level + depth if item.kind == "list_item" else item.level
            writer.add(item.kind if text != item.number else "paragraph", text, level, label, emphasised=item.emphasised)


def _write_table(writer: PageWriter, table: Table, depth: int) -> None:
    cells = _cells(table)
    is_headed = table.headers > 0 or _is_bold_above(cells)
    if is_headed and not all(len(row) == 1 for row in table.rows):
        write_table(writer, cells, table.headers or None)
    elif is_layout(cells):
        for row in table.rows:
            _write_layout_row(writer, [cell for cell in row if cell.items and not cell.continues], depth)
    else:
        write_table(writer, cells)


def _is_bold_above(rows: Sequence[Sequence[Cell]]) -> bool:
    """Tell whether the first row alone is bold, and holds no blocks."""
    if len(rows) < 2 or len(rows[0]) < 2 or any(cell.holds_blocks for cell in rows[0]):
        return False
    first, second = ([cell for cell in row if cell.text] for row in rows[:2])
    return bool(first) and all(cell.is_bold for cell in first) and not all(cell.is_bold for cell in second)


def _write_layout_row(writer: PageWriter, row: Sequence[TableCell], depth: int) -> None:
    filled = [cell for cell in row if cell.text or cell.holds_blocks]
    if len(filled) >= 2 and is_list_mark(filled[0].text) and not filled[0].holds_blocks:
        _write_marked(writer, mark_label(filled[0].text), filled[1:], depth)
        return
    cells = [Cell(cell.text, holds_blocks=cell.holds_blocks) for cell in filled]
    if reads_as_row(cells):
        writer.add("table_row", bare_row(cells))
        return
    for cell in filled:
        write_items(writer, cell.items, depth)


def _write_marked(writer: PageWriter, label: str, cells: Sequence[TableCell], depth: int) -> None:
    """Write what a list's mark in a cell before it marks; the mark is the label of its first text."""
    items = [item for cell in cells for item in cell.items]
    for place, item in enumerate(items):
        if isinstance(item, Text) and item.text:
            if item.kind in ("paragraph", "list_item") and not item.note:
                items[place] = replace(item, kind="list_item", level=1, number=label)
            break
        if isinstance(item, Table):
            break
    write_items(writer, items[:1], depth)
    write_items(writer, items[1:], depth + 1)


def _cells(table: Table) -> list[list[Cell]]:
    """Return the cells with their spans down the rows."""
    rows: list[list[Cell]] = []
    above: dict[int, tuple[int, int]] = {}  # by column: row and place of the cell that goes on below
    for line in table.rows:
        row: list[Cell] = []
        column = 0
        for cell in line:
            if cell.continues and column in above:
                owner, place = above[column]
                rows[owner][place] = replace(rows[owner][place], rows=len(rows) - owner + 1)
            else:
                for covered in range(column, column + cell.columns):
                    above[covered] = (len(rows), len(row))
                row.append(Cell(cell.text, is_bold=cell.is_bold, columns=cell.columns, holds_blocks=cell.holds_blocks))
            column += cell.columns
        rows.append(row)
    return rows


def _gap(properties: Any) -> Iterator[TableCell]:  # noqa: ANN401
    """Yield a cell for the columns that a row leaves out at its start."""
    before = properties.find(f"{W}gridBefore") if properties is not None else None
    if before is not None and before.get(VALUE, "").isdigit() and int(before.get(VALUE)) > 0:
        yield TableCell((), min(200, int(before.get(VALUE))))


def _children(parent: Any, tag: str) -> Iterator[Any]:  # noqa: ANN401
    """Yield the rows of a table or the cells of a row, not those of tables inside; deleted ones are left out."""
    from lxml import etree

    walk = etree.iterwalk(
        parent, events=("start",), tag=(tag, TABLE, PARAGRAPH, FALLBACK, f"{W}sdtPr", f"{W}del", f"{W}moveFrom")
    )
    for _, element in walk:
        if element is parent:
            continue
        walk.skip_subtree()
        if element.tag == tag:
            yield element


def _is_on(switch: Any) -> bool:  # noqa: ANN401
    return switch is not None and switch.get(VALUE) not in OFF
