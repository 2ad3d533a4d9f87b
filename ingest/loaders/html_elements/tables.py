"""Tables of HTML: their cells as text, and whether they hold data or arrange the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.characters import clean
from ingest.loaders.html_elements.inline import InlineText
from ingest.loaders.html_elements.seen import is_hidden, tag_of
from ingest.loaders.marks import settle
from ingest.loaders.structure import PageWriter
from ingest.loaders.tables import Cell, is_layout

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SECTIONS = ("thead", "tbody", "tfoot")
_BLOCKS = ("table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6")
_BREAKS = frozenset({"p", "div", "li", "dt", "dd", "blockquote", "section", "summary", "caption", "ul", "ol", "dl", "pre"})
_MOST_SPANNED = 1_000


def table_rows(table: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the rows of a table itself, not those of tables in its cells."""
    for child in table:
        if tag_of(child) in _SECTIONS:
            yield from (row for row in child if tag_of(row) == "tr" and not is_hidden(row))
        elif tag_of(child) == "tr" and not is_hidden(child):
            yield child


def row_cells(row: HtmlElement) -> list[HtmlElement]:
    """Return the cells of a row that a reader sees."""
    return [cell for cell in row if tag_of(cell) in ("td", "th") and not is_hidden(cell)]


def stray_texts(table: HtmlElement) -> Iterator[str]:
    """Yield the text that stands in a table, but in none of its cells: an error of the page that a browser shows."""
    for element in (table, *(child for child in table if tag_of(child) in _SECTIONS), *table_rows(table)):
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip():
                yield " ".join(text.split())


def read_data(table: HtmlElement, writer: PageWriter) -> tuple[list[list[Cell]], int | None] | None:
    """Return the cells of a table and its number of header rows (None: not said); None where it only arranges text.

    Links in the cells are noted with `writer`.
    """
    elements = [(row, row_cells(row)) for row in table_rows(table)]
    is_declared = _declares_headers(table, elements)
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return None
    if not is_declared and any(_holds_blocks(cell) for _, cells in elements for cell in cells):
        return None
    rows = [[_cell(cell, writer) for cell in cells] for _, cells in elements]
    if (not is_declared and is_layout(rows)) or not any(rows):
        return None
    in_head = sum(tag_of(row.getparent()) == "thead" for row, _ in elements)
    return rows, in_head or None


def one_row(row: HtmlElement, writer: PageWriter) -> list[Cell]:
    """Return the cells of a row; those that hold blocks are not read."""
    return [Cell("", holds_blocks=True) if _holds_blocks(cell) else _cell(cell, writer) for cell in row_cells(row)]


def _declares_headers(table: HtmlElement, rows: list[tuple[HtmlElement, list[HtmlElement]]]) -> bool:
    if table.find("thead") is not None and any(tag_of(row.getparent()) == "thead" for row, _ in rows):
        return True
    widths = {len(cells) for _, cells in rows}
    return widths != {1} and any(tag_of(cell) == "th" and not _holds_blocks(cell) for _, cells in rows for cell in cells)


def _holds_blocks(cell: HtmlElement) -> bool:
    return next(cell.iter(*_BLOCKS), None) is not None


def _cell(cell: HtmlElement, writer: PageWriter) -> Cell:
    text = _text(cell, writer)
    bold = next(cell.iter("b", "strong"), None)
    is_bold = bold is not None and " ".join("".join(bold.itertext()).split()) == text
    columns, rows = (_span(cell, name) for name in ("colspan", "rowspan"))
    return Cell(text, is_header=tag_of(cell) == "th", is_bold=is_bold, columns=columns, rows=rows)


def _span(cell: HtmlElement, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return max(1, min(_MOST_SPANNED, int(value))) if value.isdecimal() and len(value) < 6 else 1


def _text(cell: HtmlElement, writer: PageWriter) -> str:
    """Return a cell on one line; a table inside it gives its rows with ";" between them."""
    from lxml import etree

    inline = InlineText(writer)
    cells = [0]  # cells of the open row of each table inside
    walk = etree.iterwalk(cell, events=("start", "end"))
    for event, element in walk:
        tag = tag_of(element)
        if event == "start":
            if element is not cell and is_hidden(element):
                walk.skip_subtree()
                continue
            _separate(inline, tag, cells, is_inside=element is not cell)
            if tag == "img":
                inline.take(f" {element.get('alt') or ''} ")
            if inline.enter(tag, element):
                walk.skip_subtree()
        elif element is not cell:
            if not is_hidden(element):
                inline.leave(tag, element)
                cells[-1] += tag in ("td", "th")
                if tag == "table" and len(cells) > 1:
                    cells.pop()
                inline.take(" " if tag in _BREAKS or tag == "table" else None)
            inline.take(element.tail)
    return " ".join(clean(settle(inline.taken())).split())


def _separate(inline: InlineText, tag: str, cells: list[int], *, is_inside: bool) -> None:
    if not is_inside:
        return
    if tag == "table":
        cells.append(0)
        inline.take(" ")
    elif tag in ("td", "th") and len(cells) > 1 and cells[-1]:
        inline.take(": " if cells[-1] == 1 else ", ")
    elif tag == "tr" and len(cells) > 1:
        inline.take("; " if cells[-1] else None)
        cells[-1] = 0
    elif tag in _BREAKS:
        inline.take(" ")
