"""Divide the lines of a page into regions, in the order in which they are read: columns, tables, and the text between them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise

from ingest.loaders.pdf_pages.extractor import Drawings
from ingest.loaders.pdf_pages.lines import MARKER, Box, Gap, Line
from ingest.loaders.pdf_pages.rows import Region, around, bands_of, is_marked, rows_of, same_height, space_between, stretches
from ingest.loaders.pdf_pages.tables import find_table

_MOST_LINES = 2000
_MOST_GUTTERS = 30
_DEEPEST = 60
_FEWEST_LINES = 2
_RIVER_ROWS = 4
_RIVER_STEP = 3.0
_WIDEST_GAP = 100
_EVEN = 0.12
_SAME_EDGE = 2.0
_GRID_EDGE = 2.0
_FEWEST_UPRIGHT = 3
_MOSTLY = 0.6
_OPEN_END = re.compile(r"[^.!?:;…”\"’»)\]]$")
_WIDE_BAND = 3.0
_FEWEST_BANDS = 3
_HEADING_RATIO = 1.1
_SHORTEST_OPEN = 12
_FEWEST_LONG, _LONG = 4, 28
_LONGEST_MARKER = 6
_ALONE = re.compile(rf"{MARKER.pattern}|\d{{1,3}}")
_MARKER_GAP = 5.0


def arrange(lines: Sequence[Line], drawn: Drawings) -> list[Region]:
    """Return the regions of a page; `lines` are in the extractor's order, which stays where there is one column."""
    if len(lines) > _MOST_LINES:
        return [Region(list(lines))]
    return list(_arranged(_with_markers(_split_at_rivers(_without_stretched_gaps(lines))), drawn, 0))


def _split_at_rivers(lines: Sequence[Line]) -> list[Line]:
    """Cut lines where gaps stand above each other: there the extractor ran over the space between two columns."""
    columns: dict[int, list[tuple[Line, Gap | None]]] = defaultdict(list)
    for line in lines:
        for gap in line.gaps:
            _note_gap(columns, line, gap.left, gap.right, gap)
    if not columns:
        return list(lines)
    for line, after in pairwise(lines):
        if line.box.right < after.box.left and same_height(line, after):
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
        if last and line.order == last.order + 1 and line.box.left > last.box.right and same_height(last, line):
            rows[-1].append(line)
        else:
            rows.append([line])
    joined: list[Line] = []
    gone = 0
    for row in rows:
        for line in row:
            line.order -= gone
        if not _is_stretched(row) or _stands_in_columns(row, lines):
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


def _stands_in_columns(row: Sequence[Line], lines: Sequence[Line]) -> bool:
    """Tell whether the parts of a row stand over or under lines of other rows, as cells do, which may be equally far apart."""
    others = [_edges(line) for line in lines if not same_height(line, row[0])]
    under = (
        any(abs(a - b) <= _SAME_EDGE for other in others for a, b in zip(_edges(part), other, strict=True)) for part in row
    )
    return len(row) > 2 and all(under)


def _edges(line: Line) -> tuple[float, float, float]:
    return line.box.left, (line.box.left + line.box.right) / 2, line.box.right


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
        beside = [line for line in lines if line.box.left > marker.box.left and same_height(marker, line)]
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
    inside = _table_amid_columns([*left, *right], drawn) or [*left, *right]
    inside = _with_rest_of_grid(inside, lines, drawn)
    taken, box = set(map(id, inside)), around(inside)
    above: list[Line] = []
    below: list[Line] = []
    for line in lines:
        if id(line) not in taken:
            (above if line.box.bottom + line.box.top > box.bottom + box.top else below).append(line)
    yield from _arranged(above, drawn, depth + 1, is_column)
    table = find_table(inside, drawn)
    if table and (one := _first_of_two(inside, drawn)):
        rest = [line for line in inside if all(line is not other for other in one)]
        yield from _arranged(one, drawn, depth + 1, is_column=True)
        yield from _arranged(rest, drawn, depth + 1, is_column=True)
    elif table:
        yield table
    elif is_column or _reads_down(left) or _reads_down(right):
        for side in _sides(left, right):
            yield from _arranged(side, drawn, depth + 1, is_column=True)
    else:
        yield Region([line for line in lines if id(line) in taken])
    yield from _arranged(below, drawn, depth + 1, is_column)


def _with_rest_of_grid(inside: Sequence[Line], lines: Sequence[Line], drawn: Drawings) -> list[Line]:
    """Return the lines in the drawn grid that holds most of those given: with headers over several columns, without a title."""
    box = around(inside)
    across = [rule for rule in drawn.across if rule.overlap_down(box) > 0 and rule.overlap_across(box) > 0]
    wide = reduce(Box.joined, across, box)
    upright = [rule for rule in drawn.upright if wide.left - _GRID_EDGE < rule.left < wide.right + _GRID_EDGE]
    top, bottom = box.top, box.bottom
    for rule in sorted(upright, key=lambda rule: rule.bottom):
        top = max(top, rule.top) if rule.bottom <= top + 1 and rule.top > box.bottom else top
    for rule in sorted(upright, key=lambda rule: -rule.top):
        bottom = min(bottom, rule.bottom) if rule.top >= bottom - 1 and rule.bottom < box.top else bottom
    if len({round(rule.left) for rule in upright if rule.overlap_down(box) > 0}) < _FEWEST_UPRIGHT:
        return list(inside)
    held = [line for line in lines if bottom < (line.box.bottom + line.box.top) / 2 < top]
    left, right = min(rule.left for rule in upright), max(rule.right for rule in upright)
    held = [line for line in held if left - 1 < line.box.left and line.box.right < right + 1]
    return held if len(held) > _MOSTLY * len(inside) else list(inside)


def _first_of_two(lines: Sequence[Line], drawn: Drawings) -> list[Line]:
    """Return the lines of the left one of two ruled tables side by side: no rule crosses the space between them."""
    box = around(lines)
    across = [rule for rule in drawn.across if rule.overlap_down(box) > -8 and rule.overlap_across(box) > 0]
    ends = stretches([replace(lines[0], box=rule) for rule in across])
    for (_, right), (left, _) in pairwise(ends):
        one = [line for line in lines if line.box.right <= left]
        both = len(one) >= _FEWEST_LINES and len(lines) - len(one) >= _FEWEST_LINES
        if left - right > _MARKER_GAP and both and all(line.box.left >= right for line in lines if line.box.right > left):
            return one
    return []


def _table_amid_columns(lines: Sequence[Line], drawn: Drawings) -> list[Line]:
    """Return the lines of a table above or below which columns of text go on at the same places; none where that is not so."""
    bands = bands_of(lines)
    first, last = 0, len(bands)
    while first < last and _is_prose_band(bands[first]):
        first += 1
    while last > first and _is_prose_band(bands[last - 1]):
        last -= 1
    if last - first in (0, len(bands)):
        return []
    rest = [line for band in bands[first:last] for line in band]
    return rest if find_table(rest, drawn) else []


def _is_prose_band(band: Sequence[Line]) -> bool:
    """Tell whether a band holds two columns or more, each of several long lines."""
    columns = [[line for line in band if left - 1 <= line.box.left < right] for left, right in stretches(band)]
    return len(columns) > 1 and all(len(lines) > 1 and 2 * sum(map(_is_long, lines)) >= len(lines) for lines in columns)


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
    bands = _with_headings(bands_of([*left, *right]))
    of_left = set(map(id, left))
    parts = [
        ([line for line in band if id(line) in of_left], [line for line in band if id(line) not in of_left]) for band in bands
    ]
    both = [(one, other) for one, other in parts if one and other]
    aligned = [pair for pair in both if abs(max(line.box.top for line in pair[0]) - max(line.box.top for line in pair[1])) < 4]
    is_wide = len(bands) > 1 and min(space_between(one, other) for one, other in pairwise(bands)) > _WIDE_BAND * left[0].size
    enough = len(bands) >= _FEWEST_BANDS or is_wide
    if enough and len(aligned) >= 0.7 * len(bands) and not _flows_on(left, right):
        return [part for pair in parts for part in pair if part]
    return [left, right]


def _reads_down(side: Sequence[Line]) -> bool:
    """Tell whether a sentence goes on from one line to the next in a column, or its lines are the items of a list."""
    ordered = sorted(side, key=lambda line: -line.box.top)
    marked, long = (sum(map(test, ordered)) for test in (is_marked, _is_long))
    if 2 * marked > len(ordered) or (long >= _FEWEST_LONG and 2 * long > len(ordered)):
        return True
    return any(
        len(upper.text) > _SHORTEST_OPEN
        and _OPEN_END.search(upper.text)
        and lower.text[:1].islower()
        and _are_close(upper, lower)
        for upper, lower in pairwise(ordered)
    )


def _is_long(line: Line) -> bool:
    return len(line.text) >= _LONG


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


def _flows_on(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Tell whether a sentence goes on from the foot of the left column at the head of the right one."""
    last, first = min(left, key=lambda line: line.box.bottom), max(right, key=lambda line: line.box.top)
    return _OPEN_END.search(last.text) is not None and first.text[:1].islower()
