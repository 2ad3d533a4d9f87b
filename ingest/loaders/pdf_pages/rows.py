"""Lines of a PDF page in rows and bands, and the regions that they make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise

from ingest.loaders.pdf_pages.lines import MARKER, Box, Line

_BAND_GAP = 0.45
_MARKED = re.compile(rf"(?:{MARKER.pattern})\s+\S")


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


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines that stand at the same height, the highest first, each row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -(line.box.top + line.box.bottom)):
        if rows and same_height(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box.left) for row in rows]


def same_height(one: Line, other: Line) -> bool:
    """Tell whether two lines stand in one row."""
    smaller = min(one.box.top - one.box.bottom, other.box.top - other.box.bottom)
    return one.box.overlap_down(other.box) > 0.6 * smaller


def around(lines: Sequence[Line]) -> Box:
    """Return the box around all lines."""
    return reduce(Box.joined, (line.box for line in lines))


def space_between(upper: Sequence[Line], lower: Sequence[Line]) -> float:
    """Return how far apart two groups of lines stand, one above the other."""
    return min(line.box.bottom for line in upper) - max(line.box.top for line in lower)


def bands_of(lines: Sequence[Line]) -> list[list[Line]]:
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
    spaces = [space_between(upper, lower) for upper, lower in pairwise(rows)]
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


def stretches(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Return the stretches from left to right that lines cover; those that share one are joined."""
    ends: list[tuple[float, float]] = []
    for left, right in sorted((line.box.left, line.box.right) for line in lines):
        if ends and left < ends[-1][1] - 1:
            ends[-1] = (ends[-1][0], max(ends[-1][1], right))
        else:
            ends.append((left, right))
    return ends


def is_marked(line: Line) -> bool:
    """Tell whether a line begins with a bullet or a number of a list."""
    return _MARKED.match(line.text) is not None
