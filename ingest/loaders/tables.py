"""Tables: each row is read with its headers; a table that only arranges text on the page is told from one that holds data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.loaders.labels import is_list_mark
from ingest.loaders.structure import PageWriter

EMPTY = "—"
SEPARATOR = " | "
_MOST_PLACES = 400_000
_MOST_COLUMNS = 200
_LONGEST_HEADER = 80
_LONG = 120
_LONGEST_IN_ROW = 200
_YEAR = re.compile(r"(?:1[89]|2[01])\d\d\b[-/–\d\s]*")
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"0 ?[^\W\d]+\.?|[$€£¥] ?0")
_FIGURES = re.compile(r"\d[\d.,\s]*(?<=\d)")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the file has it; `columns` and `rows` are its spans; `holds_blocks`: headings, lists or tables are in it."""

    text: str
    is_header: bool = False
    is_bold: bool = False
    columns: int = 1
    rows: int = 1
    holds_blocks: bool = False


_NOTHING = Cell("")
Row = Sequence[Cell]


def write_table(writer: PageWriter, rows: Sequence[Row], header_rows: int | None = None) -> None:
    """Write a table row by row; `header_rows` says how many rows at its top are headers, None where nothing does."""
    grid = _without_empty(_grid(rows))
    if not grid:
        return
    headers = _header_rows(grid) if header_rows is None else min(header_rows, len(grid) - 1)
    above = grid[:headers]
    for place, row in enumerate(grid):
        if place < headers:
            writer.add("table_row", bare_row(_runs(row)))
        elif place and _is_header_again(row) and len(set(map(id, row))) > 1:
            above = [row]
            writer.add("table_row", bare_row(_runs(row)))
        else:
            writer.add("table_row", _read(row, above))


def row_text(cells: Sequence[str], headers: Sequence[str], labels: int = 1) -> str:
    """Return a row as it is read: its first `labels` cells alone, each other one behind its header."""
    read = [
        cell or EMPTY if place < labels or not header else f"{header}: {cell or EMPTY}"
        for place, (cell, header) in enumerate(zip(cells, headers, strict=True))
    ]
    return SEPARATOR.join(read)


def bare_row(cells: Iterable[Cell]) -> str:
    """Return a row without headers."""
    return SEPARATOR.join(cell.text or EMPTY for cell in cells)


def is_layout(rows: Sequence[Row]) -> bool:
    """Tell whether a table without declared headers only arranges text: one column, marks of a list, blocks in its cells."""
    filled = [[cell for cell in row if cell.text or cell.holds_blocks] for row in rows]
    filled = [row for row in filled if row]
    if all(len(row) == 1 for row in filled) or any(cell.holds_blocks for row in filled for cell in row):
        return True
    return all(is_marked(row) for row in filled) or _is_bilingual(filled)


def is_marked(row: Row) -> bool:
    """Tell whether the filled cells of a row are a list's mark and what it marks."""
    filled = [cell for cell in row if cell.text or cell.holds_blocks]
    return len(filled) == 2 and is_list_mark(filled[0].text) and not is_list_mark(filled[1].text)


def reads_as_row(cells: Row) -> bool:
    """Tell whether the filled cells of a row in a layout table are read side by side: short ones, not two of prose."""
    if len(cells) < 2 or any(cell.holds_blocks or len(cell.text) > _LONGEST_IN_ROW for cell in cells):
        return False
    return sum(len(cell.text) >= _LONG / 2 for cell in cells) < 2


def _is_bilingual(filled: Sequence[Row]) -> bool:
    """Tell whether two columns of prose say the same in two languages."""
    pairs = [row for row in filled if len(row) == 2 and min(len(cell.text) for cell in row) >= _LONG / 2]
    if len(pairs) < 2 or len(pairs) < 0.6 * len(filled):
        return False
    from ingest.loaders.language import detect_language

    left, right = (" ".join(row[side].text for row in pairs)[:2000] for side in (0, 1))
    return min(len(left), len(right)) >= _LONG and detect_language(left) != detect_language(right)


def _grid(rows: Sequence[Row]) -> list[list[Cell]]:
    """Return one cell for each place, the same one wherever it spans several; too large a table is read without its spans."""
    width = max((sum(min(_MOST_COLUMNS, cell.columns) for cell in row) for row in rows), default=0)
    if width > _MOST_COLUMNS or width * len(rows) > _MOST_PLACES:
        return [list(row) for row in rows]
    grid: list[list[Cell]] = []
    hanging: dict[int, tuple[Cell, int]] = {}  # by column: a cell from above, and how many rows it still covers
    for row in rows:
        line: list[Cell] = []
        cells = iter(row)
        while True:
            if len(line) in hanging:
                line.append(_from_above(hanging, len(line)))
                continue
            cell = next(cells, None)
            if cell is None:
                break
            for _ in range(max(1, min(cell.columns, _MOST_COLUMNS - len(line)))):
                if cell.rows > 1:
                    hanging[len(line)] = (cell, cell.rows - 1)
                line.append(cell)
        while hanging and len(line) <= max(hanging):
            line.append(_from_above(hanging, len(line)) if len(line) in hanging else _NOTHING)
        grid.append(line)
    widest = max(map(len, grid), default=0)
    return [line + [_NOTHING] * (widest - len(line)) for line in grid]


def _from_above(hanging: dict[int, tuple[Cell, int]], column: int) -> Cell:
    cell, left = hanging.pop(column)
    if left > 1:
        hanging[column] = (cell, left - 1)
    return cell


def _without_empty(grid: list[list[Cell]]) -> list[list[Cell]]:
    """Drop rows and columns in which nothing stands."""
    grid = [row for row in grid if any(cell.text for cell in row)]
    if not grid or len({len(row) for row in grid}) > 1:
        return grid
    kept = [column for column in range(len(grid[0])) if any(row[column].text for row in grid)]
    return [[row[column] for column in kept] for row in grid]


def _runs(row: Row) -> list[Cell]:
    """Return the cells of a row, each once however many columns it spans."""
    return [cell for place, cell in enumerate(row) if place == 0 or cell is not row[place - 1] or cell is _NOTHING]


def _read(row: Row, above: Sequence[Row]) -> str:
    runs = _runs(row)
    if len(runs) == 1 or not above:
        return bare_row(runs)
    cells: list[str] = []
    headers: list[str] = []
    place = 0
    for cell in runs:
        end = place + 1
        while end < len(row) and row[end] is cell and cell is not _NOTHING:
            end += 1
        cells.append(cell.text)
        headers.append(_header(above, place, end))
        place = end
    labels = next((place for place, cell in enumerate(runs) if not cell.is_header), 1)
    return row_text(cells, headers, max(1, labels))


def _header(above: Sequence[Row], start: int, end: int) -> str:
    """Return what stands above the columns `start` to `end`, from the top down; a header over the whole table is none."""
    levels = ([cell.text for cell in row[start:end]] for row in above if len(_runs(row)) > 1)
    texts = (" / ".join(dict.fromkeys(filter(None, level))) for level in levels)
    return ", ".join(dict.fromkeys(filter(None, texts)))


def _is_header_again(row: Row) -> bool:
    return all(cell.is_header for cell in row)


def _header_rows(grid: Sequence[Row]) -> int:
    """Return how many rows at the top are headers: those marked so, else one that looks like a header over data."""
    marked = 0
    while marked < len(grid) and _is_header_again(grid[marked]):
        marked += 1
    if marked:
        return min(marked, len(grid) - 1)
    if len(grid) > 1 and any(cell.is_header for cell in grid[0]) and not any(cell.is_header for cell in grid[1][1:]):
        return int(sum(cell.is_header for cell in grid[0]) > 1)
    return _spanning_header_rows(grid) or int(len(grid) > 1 and _looks_like_header(grid[0], grid[1:]))


def _spanning_header_rows(grid: Sequence[Row]) -> int:
    """Return how many rows the headers take where the first row has one that spans columns: down to rows of figures, or 0."""
    first = grid[0]
    if not any(1 < cell.columns < len(first) for cell in first):
        return 0
    rows = max(first[0].rows, 1 if first[0].text else 2)
    above, below = grid[:rows], grid[rows:]
    if rows < 2 or not below or any(len(cell.text) > _LONGEST_HEADER for row in above for cell in row):
        return 0
    if any(_DIGIT.search(cell.text) and not _YEAR.fullmatch(cell.text) for row in above for cell in row):
        return 0
    figures = [cell for row in below for cell in row[1:] if cell.text and cell.text != EMPTY]
    return rows if 2 * sum(_DIGIT.search(cell.text) is not None for cell in figures) > len(figures) else 0


def _looks_like_header(first: Row, body: Sequence[Row]) -> bool:
    texts = [cell.text for cell in first]
    if len(_runs(first)) < 2 or len(first) != len(body[0]) or not all(texts[1:]):
        return False
    if any(len(text) > _LONGEST_HEADER or text.endswith((".", ";")) for text in texts) or len(set(texts)) < len(texts):
        return False
    if all(cell.is_bold or not cell.text for cell in first):
        return not all(cell.is_bold for cell in body[0])
    if len(first) < 3:
        values = {_FIGURES.sub("0", row[1].text) for row in body}
        return (
            len(body) > 1 and len(values) == 1 and _AMOUNT.fullmatch(values.pop()) is not None and not _DIGIT.search(texts[1])
        )
    return any(_stands_over_numbers(texts[column], [row[column].text for row in body]) for column in range(1, len(first)))


def _stands_over_numbers(header: str, column: Sequence[str]) -> bool:
    filled = [text for text in column if text and text != EMPTY]
    if not filled or (_DIGIT.search(header) and not _YEAR.fullmatch(header)):
        return False
    numbers = sum(_DIGIT.search(text) is not None and not _YEAR.fullmatch(text) for text in filled)
    return numbers >= 2 / 3 * len(filled)
