"""Join the lines of a PDF page into paragraphs, list items and table rows, in the order in which they are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from ingest.loaders.pdf_pages.lines import LEADER, LINE_END_HYPHEN, MARKER, Box, Line
from ingest.loaders.pdf_pages.style import Style
from knowledge_base.language.sentences import SENTENCE_END

_ALWAYS_BULLET = frozenset("•◦▪▫■□●○‣⁃∙·➢➤✓✔")
_MARKED = re.compile(rf"({MARKER.pattern})\s+(?=\S)")
_GLUED_BULLET = re.compile(r"([•▪●◦‣])(?=\w)")
_NOTE = re.compile(r"(\d{1,3})(?=\s|[^\W\d_]|[“\"«(])")
_LOOSE_PITCH = 1.25
_OPEN_PITCH = 1.5
_OTHER_SIZE = 1.15
_SHORT_LINE = 0.8
_LONGEST_CELL = 700
_COLUMN_WIDTH = 0.22
_COLUMN_LINES = 4
_COLUMN_SWITCHES = 8
_TOUCHING = 3.0
_MOST_UNITS = 1000
_LINES_COMPARED = 8


@dataclass(slots=True)
class Unit:
    """Lines that belong together. A table row holds one list of lines a cell; all else is one list."""

    cells: list[list[Line]]
    marker: int = 0

    @property
    def lines(self) -> list[Line]:
        """Return the lines of all cells."""
        return [line for cell in self.cells for line in cell]

    @property
    def box(self) -> Box:
        """Return the box around all lines."""
        return reduce(Box.joined, (line.box for line in self.lines))

    @property
    def recent_box(self) -> Box:
        """Return the box around the last lines of the last cell."""
        return reduce(Box.joined, (line.box for line in self.cells[-1][-_LINES_COMPARED:]))

    @property
    def size(self) -> float:
        """Return the size of most of the text."""
        return max(self.lines, key=lambda line: len(line.text)).size

    @property
    def is_row(self) -> bool:
        """Tell whether this is a row of a table or an entry of a table of contents."""
        return len(self.cells) > 1 or re.search(rf"{LEADER}\s*\w{{1,5}}$", self.cells[0][-1].text) is not None

    @property
    def length(self) -> int:
        """Return the number of characters."""
        return sum(len(line.text) for line in self.lines)


def read_units(lines: Sequence[Line], style: Style, width: float) -> list[Unit]:
    """Return the units of a page in reading order; `width` is the page's.

    The lines of a unit follow each other in the extractor's text, so that a quotation from it is found there.
    """
    units = _with_rows(_pieces(lines, style))
    gutter = _gutter(units, width)
    if gutter is not None:
        return _by_columns(units, gutter, style)
    return _mended(units) if len(units) <= _MOST_UNITS else units


def marker_length(text: str) -> int:
    """Return the length of a bullet or number at the start of `text`, with the space after it; 0 without one."""
    found = _MARKED.match(text) or _GLUED_BULLET.match(text)
    return found.end() if found else 0


def _pieces(lines: Sequence[Line], style: Style) -> list[Unit]:
    pieces: list[Unit] = []
    last_note = 0
    for line in lines:
        note = _note_number(line, style, last_note)
        if pieces and not note and not _begins(pieces[-1], line, style):
            pieces[-1].cells[0].append(line)
            continue
        last_note = note or last_note
        pieces.append(Unit([[line]], marker_length(line.text)))
    return pieces


def _note_number(line: Line, style: Style, last: int) -> int:
    """Return the number of the note that `line` begins, 0 if it begins none: notes are small and count up."""
    found = _NOTE.match(line.text) if style.is_small(line.size) else None
    return int(found[1]) if found and (last == 0 or int(found[1]) == last + 1) else 0


def _begins(piece: Unit, line: Line, style: Style) -> bool:
    """Tell whether `line` begins a new piece."""
    last = piece.cells[0][-1]
    if line.order != last.order + 1 or LEADER in last.text[-8:]:
        return True
    return _is_elsewhere(piece, line, style) or _looks_different(piece, line, style) or _is_marked(piece, line)


def _is_elsewhere(piece: Unit, line: Line, style: Style) -> bool:
    last = piece.cells[0][-1]
    distance = last.box.bottom - line.box.bottom
    size = max(line.size, last.size)
    goes_on = line.text[:1].islower() and SENTENCE_END.search(last.text) is None
    if not 0.3 * size < distance <= (_OPEN_PITCH if goes_on else _LOOSE_PITCH) * style.pitch(size):
        return True
    return line.box.overlap_across(piece.recent_box) <= 0


def _looks_different(piece: Unit, line: Line, style: Style) -> bool:
    first, last = piece.cells[0][0], piece.cells[0][-1]
    if max(line.size, last.size) > _OTHER_SIZE * min(line.size, last.size):
        return True
    around = piece.recent_box.joined(line.box)
    is_short = last.box.right - last.box.left < _SHORT_LINE * (around.right - around.left)
    if last.bold != line.bold and (is_short or style.is_large(line.size)) and not last.text.endswith(LINE_END_HYPHEN):
        return True
    if SENTENCE_END.search(last.text) is None or line.text[:1].islower():
        return False
    is_indented = len(piece.cells[0]) > 1 and abs(line.box.left - last.box.left) > 0.8 * line.size
    is_outdented = piece.marker > 0 and line.box.left <= first.box.left + 1
    return is_short or is_indented or is_outdented


def _is_marked(piece: Unit, line: Line) -> bool:
    """Tell whether `line` begins a list item right below `piece`: a dash or number may also just go on with a sentence."""
    if not marker_length(line.text):
        return False
    first, last = piece.cells[0][0], piece.cells[0][-1]
    is_next_item = piece.marker > 0 and abs(first.box.left - line.box.left) < 0.5 * line.size
    return line.text[0] in _ALWAYS_BULLET or is_next_item or SENTENCE_END.search(last.text) is not None


def _with_rows(pieces: Sequence[Unit]) -> list[Unit]:
    """Join the cells of each table row; a lone pair of cells is no table."""
    rows: list[list[Unit]] = []
    for piece in pieces:
        if rows and _is_next_cell(rows[-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    units: list[Unit] = []
    for number, row in enumerate(rows):
        beside = [len(other) for other in rows[max(0, number - 1) : number + 2]]
        if len(row) > 2 or (len(row) == 2 and sum(length > 1 for length in beside) > 1):
            units.append(Unit([piece.cells[0] for piece in row]))
        else:
            units += row
    return units


def _is_next_cell(row: Sequence[Unit], piece: Unit) -> bool:
    last = row[-1]
    if piece.cells[0][0].order != last.cells[0][-1].order + 1 or max(piece.length, last.length) > _LONGEST_CELL:
        return False
    box = reduce(Box.joined, (cell.box for cell in row))
    return piece.box.left >= last.box.right and piece.box.overlap_down(box) > 0.3 * min(piece.size, last.size)


def _gutter(units: Sequence[Unit], width: float) -> float | None:
    """Return where the white space between two columns of prose runs, or None where the page has one column."""
    prose = [line for unit in units if not unit.is_row for line in unit.lines]
    lines = [line for line in prose if line.box.right - line.box.left >= _COLUMN_WIDTH * width]
    candidates = [width * percent / 100 for percent in range(35, 66)]
    crossing = [sum(line.box.left < x < line.box.right for line in lines) for x in candidates]
    fewest = min(crossing)
    best = [x for x, count in zip(candidates, crossing, strict=True) if count == fewest]
    gutter = best[len(best) // 2]
    sides = [line.box.left >= gutter for line in lines if not line.box.left < gutter < line.box.right]
    switches = sum(before != after for before, after in zip(sides, sides[1:], strict=False))
    enough = min(sum(sides), len(sides) - sum(sides)) >= max(_COLUMN_LINES, fewest / 2)
    return gutter if enough and switches <= _COLUMN_SWITCHES else None


def _by_columns(units: Sequence[Unit], gutter: float, style: Style) -> list[Unit]:
    """Sort into bands between units that cross the gutter; in a band the left column comes first.

    A large line right above a unit that crosses the gutter belongs to that unit.
    """
    crossing = [unit.box for unit in units if unit.box.left < gutter < unit.box.right]
    tops = sorted((unit.box.top for unit in units), reverse=True)

    def place(unit: Unit) -> tuple[int, int, float]:
        box = unit.box
        below = next((top for top in tops if top < box.top), None)
        leads = style.is_large(unit.size) and any(other.top == below for other in crossing)
        side = 2 if leads or box.left < gutter < box.right else int(box.left >= gutter)
        return sum(other.top > box.top for other in crossing), side, -box.top

    return _joined_across(sorted(units, key=place))


def _joined_across(units: Sequence[Unit]) -> list[Unit]:
    """Join a paragraph that a column's end divides, where the extractor's text does not divide it."""
    joined: list[Unit] = []
    for unit in units:
        if joined and _goes_on(joined[-1], unit):
            joined[-1].cells[0] += unit.cells[0]
        else:
            joined.append(unit)
    return joined


def _goes_on(unit: Unit, after: Unit) -> bool:
    last, first = unit.cells[-1][-1], after.cells[0][0]
    if unit.is_row or after.is_row or after.marker or first.order != last.order + 1 or first.box.top <= last.box.top:
        return False
    is_open = last.text.endswith(LINE_END_HYPHEN) or SENTENCE_END.search(last.text) is None
    return is_open and max(unit.size, after.size) <= _OTHER_SIZE * min(unit.size, after.size)


def _mended(units: Sequence[Unit]) -> list[Unit]:
    """Keep the extractor's order, but put a unit that stands wholly above others of its column before them."""
    placed: list[tuple[Unit, Box]] = []
    for unit in units:
        box = unit.box
        place = _first_below(placed, box)
        placed.insert(place, (unit, box))
    return [unit for unit, _ in placed]


def _first_below(placed: Sequence[tuple[Unit, Box]], box: Box) -> int:
    return next((place for place, (_, other) in enumerate(placed) if _is_below(other, box)), len(placed))


def _is_below(other: Box, box: Box) -> bool:
    narrower = min(other.right - other.left, box.right - box.left)
    return other.top <= box.bottom + _TOUCHING and other.overlap_across(box) > 0.3 * narrower
