"""Columns that plain text makes with spaces: columns of prose are read one after the other, tables row by row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingest.loaders.tables import Cell

_PIECE = re.compile(r"\S+(?: {1,2}\S+)*")
_GAP = 2
_LEAST_LINES = 4
_LEAST_WORDS = 2.5
_LEAST_FLOWING = 0.3
_LONGEST_LINE = 400
_MOST_ROWS = 2_000
_MOST_COLUMNS = 4
_LONGEST_CELL = 60
_LEADER = re.compile(r"(?P<title>\S.*?)\s*(?:\.\s?){4,}\s*(?P<page>\d{1,4}|[ivxl]{1,6})\s*")


def in_reading_order(lines: Sequence[str], depth: int = 1) -> list[str]:
    """Return lines in which columns of prose stand one below the other."""
    column = _second_column(lines) if depth < _MOST_COLUMNS else None
    if column is None:
        return list(lines)
    read: list[str] = []
    region: list[str] = []
    for line in [*lines, None]:
        if line is not None and (not line.strip() or (len(line) <= _LONGEST_LINE and not line[column - _GAP : column].strip())):
            region.append(line)
            continue
        read += _by_columns(region, column, depth) if region else []
        region = []
        if line is not None:
            read.append(line)
    return read


def _second_column(lines: Sequence[str]) -> int | None:
    """Return where the second column begins, None where no two columns stand side by side."""
    starts: Counter[int] = Counter()
    for line in lines:
        if "   " in line.strip() and len(line) <= _LONGEST_LINE:
            pieces = [piece.start() for piece in _PIECE.finditer(line)]
            if len(pieces) > 1:
                starts[pieces[1]] += 1
    column, count = starts.most_common(1)[0] if starts else (0, 0)
    return column if count >= _LEAST_LINES else None


def _by_columns(region: Sequence[str], column: int, depth: int) -> list[str]:
    left = [line[:column].rstrip() for line in region]
    right = [line[column:].rstrip() for line in region]
    both = sum(bool(one.strip()) and bool(other.strip()) for one, other in zip(left, right, strict=True))
    if both < _LEAST_LINES or not (_is_prose(left) and _is_prose(right)):
        return list(region)
    return [*left, "", *in_reading_order(right, depth + 1), ""]


def _is_prose(lines: Sequence[str]) -> bool:
    """Tell whether lines are sentences that go on from line to line, not cells of a table."""
    filled = [line.strip() for line in lines if line.strip()]
    if sum(len(line.split()) for line in filled) < _LEAST_WORDS * len(filled):
        return False
    follow = [second.strip() for first, second in zip(lines, lines[1:], strict=False) if first.strip() and second.strip()]
    return sum(line[0].islower() for line in follow) >= max(1.0, _LEAST_FLOWING * len(follow))


def contents_row(line: str) -> str | None:
    """Return a line of a table of contents without the dots that lead to its page, or None for another line."""
    if len(line) > _LONGEST_LINE or ("...." not in line and ". . ." not in line):
        return None
    found = _LEADER.fullmatch(line)
    return f"{found['title'].strip()} | {found['page']}" if found else None


def read_table(lines: Sequence[str]) -> tuple[list[list[Cell]], int] | None:
    """Return the rows of a table made with spaces or tabs and how many of them are headers; None for other lines."""
    rules = [place for place, line in enumerate(lines) if _is_rule(line)]
    filled = [line.rstrip() for line in lines if not _is_rule(line)]
    if not 2 <= len(filled) <= _MOST_ROWS or any(len(line) > _LONGEST_LINE for line in filled):
        return None
    rows = _by_tabs(filled) or _by_gaps(filled, least=2 if rules else 3)
    if rows is None:
        return None
    headers = next((place for place in rules if 0 < place < len(lines) - 1), 0) - sum(place == 0 for place in rules)
    return _with_continuations(rows, headers), max(0, headers)


def _is_rule(line: str) -> bool:
    return not line.strip(" \t-=_+|") and len(line.strip()) >= 3


def _by_tabs(lines: Sequence[str]) -> list[list[str]] | None:
    counts = {line.strip().count("\t") for line in lines}
    if len(counts) != 1 or counts == {0}:
        return None
    return [[cell.strip() for cell in line.strip().split("\t")] for line in lines]


def _by_gaps(lines: Sequence[str], least: int) -> list[list[str]] | None:
    """Cut lines where all of them have a gap; None where that makes no table."""
    lines = [line.expandtabs(8) for line in lines]
    if len(lines) < least:
        return None
    width = max(map(len, lines))
    taken = bytearray(width)
    for line in lines:
        for place, letter in enumerate(line):
            if letter != " ":
                taken[place] = 1
    cuts = [found.span() for found in re.finditer(rb"(?<=\x01)\x00{2,}(?=\x01)", bytes(taken))]
    if not cuts:
        return None
    bounds = [0, *(end for _, end in cuts), width]
    rows = [[line[start:end].strip() for start, end in zip(bounds, bounds[1:], strict=False)] for line in lines]
    filled = [sum(map(bool, row)) for row in rows]
    longest = max(len(cell) for row in rows for cell in row)
    return rows if sum(count > 1 for count in filled) >= 0.6 * len(rows) and longest <= _LONGEST_CELL else None


def _with_continuations(rows: Sequence[Sequence[str]], headers: int) -> list[list[Cell]]:
    """Join a row without first cell with the one above, where it only carries on what cells say there."""
    joined: list[list[str]] = []
    for place, row in enumerate(rows):
        filled = [cell for cell in row if cell]
        goes_on = (
            place > headers
            and joined
            and not row[0]
            and len(filled) < len(row) - 1
            or (len(row) == 2 and joined and not row[0])
        )
        if goes_on and all(not cell[0].isdigit() for cell in filled):
            joined[-1] = [" ".join(filter(None, pair)) for pair in zip(joined[-1], row, strict=True)]
        else:
            joined.append(list(row))
    return [[Cell(cell) for cell in row] for row in joined]
