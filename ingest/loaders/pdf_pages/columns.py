"""Divide the lines of a page into regions, in the order in which they are read: columns, tables, and the text between them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise

from ingest.loaders.pdf_pages.extractor import Drawings
from ingest.loaders.pdf_pages.lines import LEADER, MARKER, Box, Gap, Line

_MOST_LINES = 2000
_MOST_GUTTERS = 30
_DEEPEST = 60
_FEWEST_LINES = 2
_RIVER_ROWS = 4
_RIVER_STEP = 3.0
_WIDEST_GAP = 100
_EVEN = 0.12
_FULL_SHARE = 0.7
_FULL_LENGTH = 18
_OPEN_END = re.compile(r"[^.!?:;…”\"’»)\]]$")
_BAND_GAP = 0.45
_WIDE_BAND = 3.0
_FEWEST_BANDS = 3
_HEADING_RATIO = 1.1
_MOST_COLUMNS = 24
_PERIOD = re.compile(r"[^\W\d_].*|(?:19|20)\d\d(?:\s?[/–-]\s?(?:\d\d|\d{4}))?")
_LEAST_FILLED, _LEAST_FILLED_RULED = 0.6, 0.5
_SHORTEST_OPEN = 12
_SAME_TOP = 4.0
_FEWEST_LONG, _LONG = 4, 28
_MARKED = re.compile(rf"(?:{MARKER.pattern})\s+\S")
_LONGEST_MARKER = 6
_ALONE = re.compile(rf"{MARKER.pattern}|\d{{1,3}}")
_MARKER_GAP = 5.0


@dataclass(slots=True)
class Region:
    """Lines that are read together: running text, or a table, whose `rows` hold a list of lines for each column.

    `columns` are the left ends of a table's columns. `is_sorted` tells that the lines are in the order of their places, not in
    the extractor's.
    """

    lines: list[Line]
    rows: list[list[list[Line]]] = field(default_factory=list)
    columns: list[float] = field(default_factory=list)
    is_sorted: bool = False


def arrange(lines: Sequence[Line], drawn: Drawings) -> list[Region]:
    """Return the regions of a page; `lines` are in the extractor's order, which stays where there is one column."""
    if len(lines) > _MOST_LINES:
        return [Region(list(lines))]
    return list(_arranged(_with_markers(_split_at_rivers(_without_stretched_gaps(lines))), drawn, 0))


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines that stand at the same height, the highest first, each row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -(line.box.top + line.box.bottom)):
        if rows and _same_height(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box.left) for row in rows]


def _same_height(one: Line, other: Line) -> bool:
    smaller = min(one.box.top - one.box.bottom, other.box.top - other.box.bottom)
    return one.box.overlap_down(other.box) > 0.6 * smaller


def _split_at_rivers(lines: Sequence[Line]) -> list[Line]:
    """Cut lines where gaps stand above each other: there the extractor ran over the space between two columns."""
    columns: dict[int, list[tuple[Line, Gap | None]]] = defaultdict(list)
    for line in lines:
        for gap in line.gaps:
            _note_gap(columns, line, gap.left, gap.right, gap)
    if not columns:
        return list(lines)
    for line, after in pairwise(lines):
        if line.box.right < after.box.left and _same_height(line, after):
            _note_gap(columns, line, line.box.right, after.box.left, None)
    cuts: dict[int, set[Gap]] = defaultdict(set)
    for step, beside in columns.items():
        if len(beside) >= _RIVER_ROWS and any(gap for _, gap in beside):
            for line, gap in _river(step * _RIVER_STEP, beside, lines):
                cuts[id(line)].add(gap)
    return [part for line in lines for part in (_parts(line, sorted(cuts[id(line)])) if id(line) in cuts else [line])]


def _note_gap(
    columns: dict[int, list[tuple[Line, Gap | None]]], line: Line, left: float, right: float, gap: Gap | None
) -> None:
    for step in range(int(left / _RIVER_STEP) + 1, min(int(right / _RIVER_STEP), int(left / _RIVER_STEP) + _WIDEST_GAP) + 1):
        columns[step].append((line, gap))


def _river(x: float, beside: Sequence[tuple[Line, Gap | None]], lines: Sequence[Line]) -> Iterator[tuple[Line, Gap]]:
    """Yield the gaps at `x` in rows that follow each other, none of which has a line that runs over it."""
    open_at = {id(line): gap for line, gap in beside}
    rows = [line for line in lines if id(line) in open_at or line.box.left < x < line.box.right]
    run: list[Line] = []
    for line in [*sorted(rows, key=lambda line: -line.box.top), None]:
        if line is not None and id(line) in open_at and (not run or run[-1].box.bottom - line.box.top < 3 * line.size):
            run.append(line)
            continue
        if len(run) >= _RIVER_ROWS:
            yield from ((other, gap) for other in run if (gap := open_at[id(other)]) is not None)
        run = [line] if line is not None and id(line) in open_at else []


def _without_stretched_gaps(lines: Sequence[Line]) -> list[Line]:
    """Join the parts of a row whose words all stand equally far apart: it is stretched to the width of its column."""
    rows: list[list[Line]] = []
    for line in lines:
        last = rows[-1][-1] if rows else None
        if last and line.order == last.order + 1 and line.box.left > last.box.right and _same_height(last, line):
            rows[-1].append(line)
        else:
            rows.append([line])
    joined: list[Line] = []
    gone = 0
    for row in rows:
        for line in row:
            line.order -= gone
        if not _is_stretched(row):
            joined += row
            continue
        joined.append(replace(reduce(_joined, row), gaps=[]))
        gone += len(row) - 1
    return joined


def _is_stretched(row: Sequence[Line]) -> bool:
    if len(row) == 1 and not row[0].gaps:
        return False
    gaps = [gap.right - gap.left for line in row for gap in line.gaps]
    gaps += [after.box.left - before.box.right for before, after in pairwise(row)]
    spaces = sum(line.text.count(" ") for line in row) + len(row) - 1
    return len(gaps) == spaces > 2 and max(gaps) - min(gaps) <= _EVEN * max(gaps)


def _joined(before: Line, line: Line) -> Line:
    shift = len(before.text) + 1
    gap = Gap(len(before.text), before.box.right, line.box.left)
    gaps = [*before.gaps, gap, *(other._replace(position=other.position + shift) for other in line.gaps)]
    indices = [*before.indices, -1, *line.indices]
    return replace(before, text=f"{before.text} {line.text}", indices=indices, box=before.box.joined(line.box), gaps=gaps)


def _parts(line: Line, cuts: Sequence[Gap]) -> list[Line]:
    """Return the pieces of a line between the gaps."""
    parts: list[Line] = []
    start, left = 0, line.box.left
    for gap in [*cuts, None]:
        end, right = (gap.position, gap.left) if gap else (len(line.text), line.box.right)
        box = line.box._replace(left=left, right=right)
        part = Line(line.order, line.text[start:end], line.indices[start:end], box, line.size, line.bold, kind=line.kind)
        part.label = line.label if not parts else ""
        parts.append(part)
        if gap:
            start, left = gap.position + 1, gap.right
    return [part for part in parts if part.text]


def _with_markers(lines: Sequence[Line]) -> list[Line]:
    """Put a bullet or number that stands alone before the text to its right, in its row."""
    markers = [line for line in lines if len(line.text) <= _LONGEST_MARKER and _ALONE.fullmatch(line.text)]
    if not markers:
        return list(lines)
    joined: set[int] = set()
    for marker in markers:
        beside = [line for line in lines if line.box.left > marker.box.left and _same_height(marker, line)]
        text = min(beside, key=lambda line: line.box.left, default=None)
        if text is None or text in markers or (marker.text.isdigit() and not _is_number_of(marker, text, len(beside))):
            continue
        if text.box.left - marker.box.right > _MARKER_GAP * text.size:
            continue
        text.gaps = [Gap(len(marker.text), marker.box.right, text.box.left)]
        text.text, text.indices = f"{marker.text} {text.text}", [*marker.indices, -1, *text.indices]
        text.box, text.label = text.box.joined(marker.box), marker.label or text.label
        joined.add(id(marker))
    return [line for line in lines if id(line) not in joined]


def _is_number_of(number: Line, text: Line, beside: int) -> bool:
    """Tell whether a bare number belongs to the text beside it, as that of a note does, and is no cell of a table."""
    same_size = max(number.size, text.size) < _HEADING_RATIO * min(number.size, text.size)
    return beside == 1 and same_size and len(text.text) > _SHORTEST_OPEN and not text.text[0].islower()


def _arranged(lines: Sequence[Line], drawn: Drawings, depth: int, is_column: bool = False) -> Iterator[Region]:
    """Yield the regions of `lines`: what stands above the columns, the columns or the table, what stands below."""
    found = _columns(lines) if depth < _DEEPEST else None
    if found is None:
        if lines:
            yield Region([line for row in rows_of(lines) for line in row] if is_column else list(lines), is_sorted=is_column)
        return
    left, right = found
    inside = [*left, *right]
    taken, box = set(map(id, inside)), _around(inside)
    above: list[Line] = []
    below: list[Line] = []
    for line in lines:
        if id(line) not in taken:
            (above if line.box.bottom + line.box.top > box.bottom + box.top else below).append(line)
    yield from _arranged(above, drawn, depth + 1, is_column)
    table = _table(inside, drawn)
    if table:
        yield table
    elif is_column or _reads_down(left) or _reads_down(right):
        for side in _sides(left, right):
            yield from _arranged(side, drawn, depth + 1, is_column=True)
    else:
        yield Region([line for line in lines if id(line) in taken])
    yield from _arranged(below, drawn, depth + 1, is_column)


def _around(lines: Sequence[Line]) -> Box:
    return reduce(Box.joined, (line.box for line in lines))


def _columns(lines: Sequence[Line]) -> tuple[list[Line], list[Line]] | None:
    """Return the lines left and right of the space that divides the most lines, with nothing that crosses it between them."""
    ordered = sorted(lines, key=lambda line: -line.box.top)
    beside = (one.box.overlap_down(other.box) > 0 >= one.box.overlap_across(other.box) for one, other in pairwise(ordered))
    best, most = None, 0.0
    if len(lines) < 2 * _FEWEST_LINES or not any(beside):
        return None
    for x in _gutters(lines):
        for run in _runs(ordered, x):
            left = [line for line in run if line.box.right <= x + 1]
            right = [line for line in run if line.box.left >= x - 1]
            left, right = _beside_each_other(left, right)
            fewer = min(len(left), len(right))
            if fewer < _FEWEST_LINES:
                continue
            space = min(line.box.left for line in right) - max(line.box.right for line in left)
            worth = fewer + min(space, 40.0) / 100
            if worth > most:
                best, most = (left, right), worth
    return best


def _gutters(lines: Sequence[Line]) -> list[float]:
    """Return where a column may begin: at the left ends of lines with something to their left."""
    lefts = Counter(round(line.box.left / 2) * 2 for line in lines)
    first = min(line.box.right for line in lines)
    return [left - 0.5 for left, _ in lefts.most_common(_MOST_GUTTERS) if left > first]


def _runs(ordered: Sequence[Line], x: float) -> Iterator[list[Line]]:
    """Yield the runs of lines, from the top, between those that cross `x`."""
    run: list[Line] = []
    for line in ordered:
        if line.box.left < x - 1 and line.box.right > x + 1:
            if run:
                yield run
            run = []
        else:
            run.append(line)
    if run:
        yield run


def _beside_each_other(left: Sequence[Line], right: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Cut off what stands above or below the other side, where a space sets it apart."""
    if not left or not right:
        return [], []
    left, right = _trimmed(left, right), _trimmed(right, left)
    return (left, right) if left and right else ([], [])


def _trimmed(side: Sequence[Line], other: Sequence[Line]) -> list[Line]:
    top, bottom = max(line.box.top for line in other), min(line.box.bottom for line in other)
    ordered = sorted(side, key=lambda line: -line.box.top)
    inside = [place for place, line in enumerate(ordered) if line.box.bottom < top and line.box.top > bottom]
    if not inside:
        return []
    first, last = inside[0], inside[-1]
    while first and _are_close(ordered[first - 1], ordered[first]):
        first -= 1
    while last + 1 < len(ordered) and _are_close(ordered[last], ordered[last + 1]):
        last += 1
    return ordered[first : last + 1]


def _are_close(upper: Line, lower: Line) -> bool:
    return upper.box.bottom - lower.box.top < 1.2 * min(upper.size, lower.size)


def _sides(left: Sequence[Line], right: Sequence[Line]) -> list[Sequence[Line]]:
    """Return both columns, or band after band the left and the right part, where they are laid out row by row."""
    bands = _with_headings(_bands([*left, *right]))
    of_left = set(map(id, left))
    parts = [
        ([line for line in band if id(line) in of_left], [line for line in band if id(line) not in of_left]) for band in bands
    ]
    both = [(one, other) for one, other in parts if one and other]
    aligned = [pair for pair in both if abs(max(line.box.top for line in pair[0]) - max(line.box.top for line in pair[1])) < 4]
    is_wide = len(bands) > 1 and min(_space(one, other) for one, other in pairwise(bands)) > _WIDE_BAND * left[0].size
    enough = len(bands) >= _FEWEST_BANDS or is_wide
    if enough and len(aligned) >= 0.7 * len(bands) and not _flows_on(left, right):
        return [part for pair in parts for part in pair if part]
    return [left, right]


def _reads_down(side: Sequence[Line]) -> bool:
    """Tell whether a sentence goes on from one line to the next in a column, or its lines are the items of a list."""
    ordered = sorted(side, key=lambda line: -line.box.top)
    marked, long = (sum(map(test, ordered)) for test in (_is_marked, _is_long))
    if 2 * marked > len(ordered) or (long >= _FEWEST_LONG and 2 * long > len(ordered)):
        return True
    return any(
        len(upper.text) > _SHORTEST_OPEN
        and _OPEN_END.search(upper.text)
        and lower.text[:1].islower()
        and _are_close(upper, lower)
        for upper, lower in pairwise(ordered)
    )


def _is_marked(line: Line) -> bool:
    return _MARKED.match(line.text) is not None


def _is_long(line: Line) -> bool:
    return len(line.text) >= _LONG


def _parted(band: Sequence[Line], of_left: Collection[int]) -> tuple[list[Line], list[Line]]:
    return [line for line in band if id(line) in of_left], [line for line in band if id(line) not in of_left]


def _top(lines: Sequence[Line]) -> float:
    return max(line.box.top for line in lines)


def _with_headings(bands: Sequence[list[Line]]) -> list[list[Line]]:
    """Join a band of larger letters with the one below it."""
    joined: list[list[Line]] = []
    for band in bands:
        if joined and min(line.size for line in joined[-1]) > _HEADING_RATIO * max(line.size for line in band):
            joined[-1] = [*joined[-1], *band]
        else:
            joined.append(band)
    return joined


def _space(upper: Sequence[Line], lower: Sequence[Line]) -> float:
    return min(line.box.bottom for line in upper) - max(line.box.top for line in lower)


def _flows_on(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Tell whether a sentence goes on from the foot of the left column at the head of the right one."""
    last, first = min(left, key=lambda line: line.box.bottom), max(right, key=lambda line: line.box.top)
    return _OPEN_END.search(last.text) is not None and first.text[:1].islower()


def _bands(lines: Sequence[Line]) -> list[list[Line]]:
    """Return groups of lines, from the top, between which a space runs across that is wider than that between lines."""
    rows: list[list[Line]] = []
    bottom = 0.0
    for line in sorted(lines, key=lambda line: -line.box.top):
        height = line.box.top - line.box.bottom
        if rows and line.box.top - 0.15 * height > bottom:
            rows[-1].append(line)
            bottom = min(bottom, line.box.bottom + 0.15 * height)
        else:
            rows.append([line])
            bottom = line.box.bottom + 0.15 * height
    spaces = [_space(upper, lower) for upper, lower in pairwise(rows)]
    if not spaces:
        return rows
    usual = sorted(spaces)[len(spaces) // 4]
    bands = [rows[0]]
    for space, row in zip(spaces, rows[1:], strict=True):
        if space > usual + _BAND_GAP * row[0].size:
            bands.append(row)
        else:
            bands[-1] = [*bands[-1], *row]
    return bands


def _table(lines: Sequence[Line], drawn: Drawings) -> Region | None:
    """Return the table that `lines` make; None where they are columns of text."""
    columns = _column_ends(lines)
    if not 2 <= len(columns) <= _MOST_COLUMNS:
        return None
    cells: list[list[Line]] = [[] for _ in columns]
    for line in lines:
        cells[column_of(line, columns)].append(line)
    box = _around(lines)
    across = [rule for rule in drawn.across if _is_inside(rule, box) and rule.right - rule.left > 0.4 * (box.right - box.left)]
    levels = sorted({round(rule.bottom) for rule in across}, reverse=True)
    upright = [rule for rule in drawn.upright if box.left + 5 < rule.left < box.right - 5 and rule.overlap_down(box) > 0]
    frames = [frame for frame in drawn.boxes if _is_cell(frame, box)]
    is_ruled = len(levels) > 2 or len(upright) > 0 or len(frames) > 3
    if not _is_table(cells, lines, is_ruled):
        return None
    rows = [_bycolumn_of(row, columns) for row in _table_lines(lines, columns, levels)]
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
    ends = _stretches([line for row in rows if len(row) == fullest for line in row])
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


def _stretches(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Return the stretches from left to right that lines cover; those that share one are joined."""
    ends: list[tuple[float, float]] = []
    for left, right in sorted((line.box.left, line.box.right) for line in lines):
        if ends and left < ends[-1][1] - 1:
            ends[-1] = (ends[-1][0], max(ends[-1][1], right))
        else:
            ends.append((left, right))
    return ends


def column_of(line: Line, columns: Sequence[float]) -> int:
    """Return the number of the column in which a line begins; `columns` are their left ends."""
    return max((number for number, left in enumerate(columns) if left <= line.box.left + 1), default=0)


def _bycolumn_of(row: Sequence[Line], columns: Sequence[float]) -> list[list[Line]]:
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
    lists = sum(2 * sum(map(_is_marked, column)) > len(column) for column in columns)
    if len(columns) == 2 and 2 in (prose, lists):
        return False
    if is_ruled:
        return True
    if max(line.size for line in lines) > 1.3 * min(line.size for line in lines):
        return False
    if prose:
        bands = _bands(lines)
        return len(bands) >= 2 and sum(len(_stretches(band)) > 1 for band in bands) >= 0.7 * len(bands)
    return shared >= 0.5 * len(rows) and not _is_read_down(columns)


def _is_prose(column: Sequence[Line]) -> bool:
    """Tell whether the lines of a column are of running text: most are full, and many go on in the next."""
    ordered = sorted(column, key=lambda line: -line.box.top)
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
    bands = _bands(lines)
    starts = sum(len(row) > 1 and column_of(row[0], columns) == 0 for row in rows)
    if starts <= len(bands) < len(rows) and all(len(_stretches(band)) > 1 for band in bands[1:]):
        return bands
    joined: list[list[Line]] = []
    for row in rows:
        is_more = column_of(row[0], columns) > 0 and all(line.text[:1].islower() for line in row)
        if joined and is_more and _space(joined[-1], row) < 0.6 * row[0].size:
            joined[-1] = [*joined[-1], *row]
        else:
            joined.append(row)
    return joined


def is_cell_by_cell(table: Region) -> bool:
    """Tell whether the file has a table cell by cell: line after line in a column, though others stand beside them."""
    ordered = sorted(table.lines, key=lambda line: line.order)
    shared = {id(line) for row in rows_of(table.lines) if len(row) > 1 for line in row}
    return any(
        lower.order == upper.order + 1
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
