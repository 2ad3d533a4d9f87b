"""Tell tables from columns of text, and read their rows with the headers of their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ingest.loaders.labels import names_a_unit
from ingest.loaders.pdf_pages.extractor import Drawings
from ingest.loaders.pdf_pages.lines import LEADER, Box, Line
from ingest.loaders.pdf_pages.rows import Region, around, bands_of, is_marked, rows_of, space_between, stretches

_FULL_SHARE = 0.7
_FULL_LENGTH = 18
_OPEN_END = re.compile(r"[^.!?:;…”\"’»)\]]$")
_MOST_COLUMNS = 24
_PERIOD = re.compile(r"[^\W\d_].*|(?:19|20)\d\d(?:\s?[/–-]\s?(?:\d\d|\d{4}))?")
_LEAST_FILLED, _LEAST_FILLED_RULED = 0.6, 0.5


def find_table(lines: Sequence[Line], drawn: Drawings) -> Region | None:
    """Return the table that `lines` make; None where they are columns of text."""
    columns = _column_ends(lines)
    if not 2 <= len(columns) <= _MOST_COLUMNS:
        return None
    cells: list[list[Line]] = [[] for _ in columns]
    for line in lines:
        cells[column_of(line, columns)].append(line)
    box = around(lines)
    across = [rule for rule in drawn.across if _is_inside(rule, box) and rule.right - rule.left > 0.4 * (box.right - box.left)]
    levels = sorted({round(rule.bottom) for rule in across}, reverse=True)
    upright = [rule for rule in drawn.upright if box.left + 5 < rule.left < box.right - 5 and rule.overlap_down(box) > 0]
    frames = [frame for frame in drawn.boxes if _is_cell(frame, box)]
    is_grid = len(levels) > 2 or len(frames) > 3
    is_ruled = is_grid or len(upright) > 0
    if not is_grid and len(columns) > 2 and all(map(_is_prose, cells)):
        return None  # columns of text with a line between them
    if not _is_table(cells, lines, is_ruled):
        return None
    rows = [_by_column(row, columns) for row in _table_lines(lines, columns, levels)]
    filled = sum(bool(cell) for row in rows for cell in row)
    least = _LEAST_FILLED_RULED if is_ruled else _LEAST_FILLED
    return Region(list(lines), rows, columns, is_sorted=True) if filled >= least * len(rows) * len(columns) else None


def _is_inside(rule: Box, box: Box) -> bool:
    return box.bottom - 8 <= rule.bottom <= box.top + 8 and rule.overlap_across(box) > 0


def _is_cell(frame: Box, box: Box) -> bool:
    inside = frame.overlap_down(box) > 0 and frame.overlap_across(box) > 0
    return inside and frame.right - frame.left < 0.9 * (box.right - box.left) and frame.top - frame.bottom > 6


def _column_ends(lines: Sequence[Line]) -> list[float]:
    """Return the left end of each column; what spans several columns of the fullest rows does not make them one."""
    rows = rows_of(lines)
    fullest = max(map(len, rows), default=0)
    ends = stretches([line for row in rows if len(row) == fullest for line in row])
    for row in rows:
        for line in row if len(row) < fullest else ():
            over = [
                place for place, (left, right) in enumerate(ends) if line.box.left < right - 1 and left + 1 < line.box.right
            ]
            if len(over) == 1:
                left, right = ends[over[0]]
                ends[over[0]] = (min(left, line.box.left), max(right, line.box.right))
            elif not over:
                ends = sorted([*ends, (line.box.left, line.box.right)])
    return [left for left, _ in ends]


def column_of(line: Line, columns: Sequence[float]) -> int:
    """Return the number of the column in which a line begins; `columns` are their left ends."""
    return max((number for number, left in enumerate(columns) if left <= line.box.left + 1), default=0)


def _by_column(row: Sequence[Line], columns: Sequence[float]) -> list[list[Line]]:
    cells: list[list[Line]] = [[] for _ in columns]
    for line in row:
        cells[column_of(line, columns)].append(line)
    return cells


def _is_table(columns: Sequence[Sequence[Line]], lines: Sequence[Line], is_ruled: bool) -> bool:
    rows = rows_of(lines)
    shared = sum(len(row) > 1 for row in rows)
    if shared < 2 or any(LEADER in line.text for line in lines):
        return False
    prose = sum(_is_prose(column) for column in columns)
    lists = sum(2 * sum(map(is_marked, column)) > len(column) for column in columns)
    if len(columns) == 2 and 2 in (prose, lists):
        return False
    if is_ruled:
        return True
    if max(line.size for line in lines) > 1.3 * min(line.size for line in lines):
        return False
    if prose:
        bands = bands_of(lines)
        return len(bands) >= 2 and sum(len(stretches(band)) > 1 for band in bands) >= 0.7 * len(bands)
    return shared >= 0.5 * len(rows) and not _is_read_down(columns)


def _is_prose(column: Sequence[Line]) -> bool:
    """Tell whether the lines of a column, but for names of articles, are running text: most are full, and many go on."""
    ordered = sorted((line for line in column if not names_a_unit(line.text)), key=lambda line: -line.box.top)
    if len(ordered) < 2 or sum(len(line.text) for line in ordered) < 60:
        return False
    width = max(line.box.right for line in ordered) - min(line.box.left for line in ordered)
    full = [line.box.right - line.box.left >= _FULL_SHARE * width and len(line.text) >= _FULL_LENGTH for line in ordered]
    open_ends = [is_full and _OPEN_END.search(line.text) is not None for is_full, line in zip(full, ordered[:-1], strict=False)]
    return sum(full) >= 0.5 * len(full) and sum(open_ends) >= 0.3 * len(open_ends)


def _is_read_down(columns: Sequence[Sequence[Line]]) -> bool:
    """Tell whether the file has one column after the other, and no figures in them."""
    order = sorted((line.order, number) for number, column in enumerate(columns) for line in column)
    switches = sum(before[1] != after[1] for before, after in pairwise(order))
    text = "".join(line.text for column in columns for line in column)
    return switches < len(columns) and 10 * sum(map(str.isdigit, text)) < len(text)


def _table_lines(lines: Sequence[Line], columns: Sequence[float], levels: Sequence[float]) -> list[list[Line]]:
    """Return the lines of each row: between drawn lines, or between wider spaces, or line by line."""
    inner = [
        level for level in levels if sum(line.box.bottom + line.box.top > 2 * level for line in lines) not in (0, len(lines))
    ]
    if len(inner) >= 2:
        bounds = [float("inf"), *inner, float("-inf")]
        ruled = [
            [line for line in lines if bottom < (line.box.bottom + line.box.top) / 2 <= top] for top, bottom in pairwise(bounds)
        ]
        return [row for row in ruled if row]
    rows = rows_of(lines)
    bands = bands_of(lines)
    starts = sum(len(row) > 1 and column_of(row[0], columns) == 0 for row in rows)
    if starts <= len(bands) < len(rows) and all(len(stretches(band)) > 1 for band in bands[1:]):
        return bands
    joined: list[list[Line]] = []
    for row in rows:
        is_more = column_of(row[0], columns) > 0 and all(line.text[:1].islower() for line in row)
        if joined and is_more and space_between(joined[-1], row) < 0.6 * row[0].size:
            joined[-1] = [*joined[-1], *row]
        else:
            joined.append(row)
    return joined


def is_cell_by_cell(table: Region) -> bool:
    """Tell whether the file has a table cell by cell: line after line in a column, though others stand beside them."""
    ordered = sorted(table.lines, key=lambda line: line.order)
    rows = rows_of(table.lines)
    shared = {id(line) for row in rows if len(row) > 1 for line in row}
    name = rows[0][0] if len(rows[0]) == 1 else None
    return any(
        lower.order == upper.order + 1
        and upper is not name
        and column_of(upper, table.columns) == column_of(lower, table.columns)
        and 0 < upper.box.top - lower.box.top < 2 * upper.size
        and (id(upper) in shared or id(lower) in shared)
        for upper, lower in pairwise(ordered)
    )


def columns_of_cells(rows: Sequence[Sequence[Sequence[Line]]]) -> list[float]:
    """Return the left ends of the columns of rows that have but the cells that are filled."""
    return _column_ends([line for row in rows for cell in row for line in cell])


def headers_of(rows: Sequence[Sequence[Sequence[Line]]]) -> list[str]:
    """Return what the first row of a table calls each column, or nothing where it is a row like the others."""
    first, others = rows[0], rows[1:]
    names = [" ".join(line.text for line in cell) for cell in first]
    if not others or sum(map(bool, names)) < 2 or any(len(name) > 80 for name in names):
        return []
    is_bold = all(line.bold for cell in first for line in cell) and not all(
        line.bold for row in others for cell in row for line in cell
    )
    below = [[" ".join(line.text for line in row[number]) for row in others] for number in range(1, len(first))]
    numeric = [sum(_has_figure(text) for text in column) > 0.5 * len(column) for column in below]
    if any(_has_figure(name) and not _PERIOD.fullmatch(name) for name in names[1:]):
        return []
    return names if is_bold or any(numeric) or not names[0] else []


def _has_figure(text: str) -> bool:
    return any(map(str.isdigit, text))
