"""Tables that are drawn with characters: +---+ and | around each cell, or a | between cells alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.loaders.tables import Cell

BORDER = re.compile(r"\s*\+(?:[-=:]+\+)+\s*")
_ROW = re.compile(r"\s*[|+].*[|+]\s*")
_RULE = re.compile(r"\s*\|?(?:\s*:?[-=]{2,}:?\s*\|?)+\s*")
_MOST_LINES = 5_000


@dataclass(slots=True, eq=False)
class _Drawn:
    lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        return " ".join(filter(None, self.lines))


def grid_end(lines: Sequence[str], start: int) -> int:
    """Return where the grid table ends that begins with a border at `start`; `start` where none does."""
    if not BORDER.fullmatch(lines[start]):
        return start
    end = start + 1
    while end < len(lines) and _ROW.fullmatch(lines[end]):
        end += 1
    while end > start and not BORDER.fullmatch(lines[end - 1]):
        end -= 1
    return end if end - start >= 3 else start


def read_grid(lines: Sequence[str]) -> tuple[list[list[Cell]], int]:
    """Return the rows of a grid table and how many of them are headers; a cell that spans places has its spans."""
    grid, headers = _drawn(lines[:_MOST_LINES])
    rows: list[list[Cell]] = []
    for place, row in enumerate(grid):
        cells = []
        for column, cell in enumerate(row):
            if (column and row[column - 1] is cell) or (
                place and column < len(grid[place - 1]) and grid[place - 1][column] is cell
            ):
                continue
            across = next((k for k in range(column, len(row)) if row[k] is not cell), len(row)) - column
            down = next((k for k in range(place, len(grid)) if grid[k][column] is not cell), len(grid)) - place
            cells.append(Cell(cell.text(), columns=across, rows=down))
        rows.append(cells)
    return rows, headers


def _drawn(lines: Sequence[str]) -> tuple[list[list[_Drawn]], int]:
    margin = len(lines[0]) - len(lines[0].lstrip())
    lines = [line[margin:].rstrip() for line in lines]
    bounds = sorted({place for line in lines if line.startswith("+") for place, letter in enumerate(line) if letter == "+"})
    width = len(bounds) - 1
    grid: list[list[_Drawn]] = []
    open_cells: list[_Drawn | None] = [None] * width
    headers = 0
    for line in (line.ljust(bounds[-1] + 1) for line in lines):
        pieces = [line[bounds[column] + 1 : bounds[column + 1]] for column in range(width)]
        closing = [not piece.strip("-=:+") for piece in pieces]
        if any(closing) and "+" in line:
            if any(open_cells):
                grid.append([cell or _Drawn() for cell in open_cells])
            headers = len(grid) if any("=" in piece for piece in pieces) else headers
            open_cells = [None if closes else cell for cell, closes in zip(open_cells, closing, strict=True)]
        _take(line, bounds, open_cells, [] if "+" not in line else closing)
    return grid, headers


def _take(line: str, bounds: Sequence[int], cells: list[_Drawn | None], closing: Sequence[bool]) -> None:
    """Add what a line says to the open cells; a bound without a mark on it joins the cells on both sides."""
    column = 0
    while column < len(cells):
        end = column + 1
        if closing and closing[column]:
            column = end
            continue
        while end < len(cells) and line[bounds[end]] not in "|+":
            end += 1
        cell = cells[column] or _Drawn()
        cells[column:end] = [cell] * (end - column)
        cell.lines.append(line[bounds[column] + 1 : bounds[end]].strip())
        column = end


def read_pipes(lines: Sequence[str]) -> tuple[list[list[Cell]], int] | None:
    """Return the rows of lines such as `| a | b |` and how many are headers, or None where the lines are none."""
    if len(lines) < 2 or not all("|" in line.strip().strip("|") or _RULE.fullmatch(line) for line in lines):
        return None
    rows: list[list[Cell]] = []
    headers = 0
    for line in lines:
        if _RULE.fullmatch(line) and re.search(r"[-=]{2}", line):
            headers = headers or len(rows)
        else:
            rows.append([Cell(piece.strip()) for piece in line.strip().removeprefix("|").removesuffix("|").split("|")])
    widths = {len(row) for row in rows}
    return (rows, headers) if len(widths) == 1 and len(rows) > 1 else None
