"""Join the lines of a PDF page into paragraphs, list items and table rows, in the order in which they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby

from ingest.loaders.labels import names_a_unit
from ingest.loaders.pdf_pages.columns import arrange
from ingest.loaders.pdf_pages.extractor import Drawings
from ingest.loaders.pdf_pages.lines import LEADER, LINE_END_HYPHEN, MARKER, Box, Line
from ingest.loaders.pdf_pages.style import Style
from ingest.loaders.pdf_pages.tables import column_of, columns_of_cells, headers_of, is_cell_by_cell
from knowledge_base.language.sentences import SENTENCE_END

_ALWAYS_BULLET = frozenset("•◦▪▫■□●○‣⁃∙·➢➤✓✔")
_MARKED = re.compile(rf"({MARKER.pattern})\s+(?=\S)")
_GLUED_BULLET = re.compile(r"([•▪●◦‣])(?=\w)")
_NOTE = re.compile(r"(\d{1,3})(?=\s|[^\W\d_a-zà-ÿ]|[“\"«(])")
_LOOSE_PITCH = 1.25
_OPEN_PITCH = 1.5
_OTHER_SIZE = 1.15
_SHORT_LINE = 0.8
_LONGEST_CELL = 700
_MOST_BOXES = 50
_LEAST_WIDTH = 60.0
_MOST_BETWEEN = 4
_LEAST_BOX = 3.2
_CLOSE_ROW = 0.3
_INTO_NEXT = 4.0
_FULL_LINE = 0.75
_SAME_EDGE = 3.0
_TOUCHING = 3.0
_MOST_UNITS = 1000
_LINES_COMPARED = 8


@dataclass(slots=True)
class Unit:
    """Lines that belong together. A table row holds one list of lines a cell; all else is one list.

    `headers` are what the table calls each cell of a row, where it does. `aside`: it stands in a box amid other text.
    """

    cells: list[list[Line]]
    marker: int = 0
    headers: list[str] = field(default_factory=list)
    aside: bool = False

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


def read_units(lines: Sequence[Line], style: Style, drawn: Drawings) -> list[Unit]:
    """Return the units of a page in reading order."""
    turned = [Unit([[line]]) for line in lines if line.is_turned]
    boxed, others = _boxed([line for line in lines if not line.is_turned], style, drawn)
    units = _arranged_units(others, style, drawn)
    for box, inside in boxed:
        place = next((place for place, unit in enumerate(units) if unit.box.top < box.top), len(units))
        units[place:place] = [replace(unit, aside=True) for unit in _arranged_units(inside, style, drawn)]
    return [*_joined_over(units), *turned]


def _boxed(lines: Sequence[Line], style: Style, drawn: Drawings) -> tuple[list[tuple[Box, list[Line]]], list[Line]]:
    """Return the lines in each box that stands alone, and the lines outside of them."""
    large = [box for box in drawn.boxes if box.right - box.left > _LEAST_WIDTH and box.top - box.bottom > 2 * style.body_size]
    alone = [box for box in large if not any(_touch(box, other) for other in large)] if len(large) <= _MOST_BOXES else []
    found: list[tuple[Box, list[Line]]] = []
    others = list(lines)
    for box in sorted(alone, key=lambda box: -box.top):
        inside = [line for line in others if _holds(box, line.box)]
        if not inside or box.top - box.bottom < _LEAST_BOX * inside[0].size:
            continue
        rest = [line for line in others if not _holds(box, line.box)]
        around = [line for line in rest if line.box.overlap_across(box) > 0]
        is_cut = any(line.box.overlap_down(box) > 3 for line in around)
        above = any(line.box.bottom > box.top - 4 for line in around)
        if not is_cut and above and any(line.box.top < box.bottom + 4 for line in around):
            found.append((box, inside))
            others = rest
    if found:
        others = _numbered(others)
    return found, others


def _holds(box: Box, line: Box) -> bool:
    return box.left - 1 <= line.left and line.right <= box.right + 1 and box.bottom < (line.bottom + line.top) / 2 < box.top


def _touch(box: Box, other: Box) -> bool:
    """Tell whether two boxes meet, as the cells of a table do."""
    return box is not other and box != other and box.overlap_across(other) > -3 and box.overlap_down(other) > -3


def _numbered(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, numbered to follow each other as if nothing had stood between them."""
    for number, line in enumerate(lines):
        line.order = number
    return list(lines)


def _arranged_units(lines: Sequence[Line], style: Style, drawn: Drawings) -> list[Unit]:
    units: list[Unit] = []
    regions = arrange(lines, drawn)
    if any(region.rows and is_cell_by_cell(region) for region in regions):
        return _aligned(_mended(_with_rows(_pieces(lines, style))))
    first = 0
    for region in regions:
        if region.rows:
            units += _rows(region.rows, region.columns)
            continue
        if region.is_sorted:
            for number, line in enumerate(region.lines, first):
                line.order = number
        found = _with_rows(_pieces(region.lines, style))
        units += _mended(found) if len(regions) == 1 and len(found) <= _MOST_UNITS else found
        first = max((line.order for line in region.lines), default=first) + 1
    return _joined_across(units)


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
    if len(piece.cells[0]) == 1 and names_a_unit(last.text):
        return True
    if line.order != last.order + 1 or LEADER in last.text[-8:] or line.label or line.kind or last.kind:
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
    length = marker_length(line.text)
    if not length:
        return False
    if line.gaps and line.gaps[0].position < length:
        return True
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


def _aligned(units: Sequence[Unit]) -> list[Unit]:
    """Give the rows that follow each other, of filled cells alone, their empty cells and headers, where columns are clear."""
    aligned: list[Unit] = []
    for is_table, run in groupby(units, key=lambda unit: len(unit.cells) > 1):
        rows = list(run)
        columns = columns_of_cells([unit.cells for unit in rows]) if is_table else []
        placed = [row for unit in rows if (row := _placed(unit, columns)) is not None] if len(columns) > 1 else []
        aligned += _rows(placed, columns) if len(placed) == len(rows) else rows
    return aligned


def _placed(unit: Unit, columns: Sequence[float]) -> list[list[Line]] | None:
    """Return the cells of a row by column, None where two stand in one."""
    row: list[list[Line]] = [[] for _ in columns]
    for cell in unit.cells:
        column = column_of(cell[0], columns)
        if row[column]:
            return None
        row[column] = cell
    return row


def _rows(rows: Iterable[list[list[Line]]], columns: Sequence[float]) -> list[Unit]:
    """Return the rows of a table, what is but more lines of a row joined to it, each but the first with its headers."""
    joined: list[list[list[Line]]] = []
    for row in rows:
        if joined and _is_rest(row, joined[-1]):
            joined[-1] = [[*cell, *more] for cell, more in zip(joined[-1], row, strict=True)]
        else:
            joined.append(row)
    if len(joined) > 2 and joined[0][0] and sum(map(bool, joined[0])) == 1 < sum(map(bool, joined[1])):
        return [Unit([joined[0][0]]), *_with_headers(joined[1:], columns)]  # the name of the table
    return _with_headers(joined, columns)


def _with_headers(rows: list[list[list[Line]]], columns: Sequence[float]) -> list[Unit]:
    """Return the rows of a table, each but the first with its headers; headers of two lines are one."""
    joined = list(rows)
    if len(joined) > 2 and _is_second_header(joined[0], joined[1], joined[2]):
        above = _over_their_columns(joined[0], joined[1])
        joined[:2] = [[[*upper, *lower] for upper, lower in zip(above, joined[1], strict=True)]]
    headers = headers_of(joined)
    return [_row(row, headers if number else [], columns) for number, row in enumerate(joined)]


def _over_their_columns(first: Sequence[list[Line]], second: Sequence[list[Line]]) -> list[list[Line]]:
    """Return a row of headers with one that stands between columns over each of them."""
    spread = list(first)
    for place, cell in enumerate(first[:-1]):
        if not cell or not second[place]:
            continue
        middle = (cell[0].box.left + cell[0].box.right) / 2
        if not second[place][0].box.left - 2 <= middle <= second[place][0].box.right + 2:
            after = next((other for other in range(place + 1, len(first)) if first[other]), len(first))
            spread[place:after] = [cell] * (after - place)
    return spread


def _is_second_header(
    first: Sequence[Sequence[Line]], second: Sequence[Sequence[Line]], third: Sequence[Sequence[Line]]
) -> bool:
    """Tell whether the headers of a table take two lines: both bold as no other row is, or without a figure and close."""
    upper, lower, below = ([line for cell in row for line in cell] for row in (first, second, third))
    if all(line.bold for line in (*upper, *lower)):
        return not any(line.bold for line in below)
    is_worded = not any(map(str.isdigit, "".join(line.text for line in (*upper, *lower))))
    space = min(line.box.bottom for line in upper) - max(line.box.top for line in lower)
    next_space = min(line.box.bottom for line in lower) - max(line.box.top for line in below)
    if not is_worded or first[0]:
        return False
    is_over = sum(map(bool, first)) < sum(map(bool, second)) and any(map(str.isdigit, "".join(line.text for line in below)))
    return is_over or space < next_space - 0.2 * lower[0].size


def _is_rest(row: Sequence[Sequence[Line]], before: Sequence[Sequence[Line]]) -> bool:
    """Tell whether a row without a first cell is but more lines of the cells above it."""
    if row[0] or not before[0]:
        return False
    both = [(cell, above) for cell, above in zip(row, before, strict=True) if cell and above]
    return any(above[-1].box.bottom - cell[0].box.top < _CLOSE_ROW * cell[0].size for cell, above in both)


def _row(cells: list[list[Line]], headers: list[str], columns: Sequence[float]) -> Unit:
    """Return a row of a table; a lone cell is no row but a text over those below it, and one over several leaves none empty."""
    filled = [cell for cell in cells if cell]
    lefts = [*columns[1:], float("inf")]
    is_wide = any(
        max(line.box.right for line in cell) > left + _INTO_NEXT and not after
        for cell, left, after in zip(cells, lefts, [*cells[1:], []], strict=True)
        if cell
    )
    return Unit(filled) if is_wide or len(filled) == 1 else Unit(cells, headers=headers)


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
    if unit.is_row or after.is_row or after.marker:
        return False
    last, first = unit.cells[-1][-1], after.cells[0][0]
    if first.order != last.order + 1 or first.box.top <= last.box.top:
        return False
    return _is_open(unit) and not first.label and _same_size(unit, after)


def _is_open(unit: Unit) -> bool:
    """Tell whether the text of a unit goes on after its last line."""
    text = unit.cells[-1][-1].text
    return text.endswith(LINE_END_HYPHEN) or SENTENCE_END.search(text) is None


def _same_size(unit: Unit, other: Unit) -> bool:
    return max(unit.size, other.size) <= _OTHER_SIZE * min(unit.size, other.size)


def _joined_over(units: Sequence[Unit]) -> list[Unit]:
    """Join a paragraph that something of another size or in a box divides, such as a picture's caption; that comes after it."""
    joined: list[Unit] = []
    for unit in units:
        divided = _divided(joined, unit)
        if divided is not None:
            divided.cells[0] += unit.cells[0]
        else:
            joined.append(unit)
    return joined


def _divided(before: Sequence[Unit], unit: Unit) -> Unit | None:
    """Return the unit whose sentence `unit` goes on with, in the same column and past what stands between them."""
    if unit.is_row or unit.marker:
        return None
    first = unit.cells[0][0]
    if first.label or first.kind or not first.text[:1].islower():
        return None
    for earlier in reversed(before[-_MOST_BETWEEN - 1 :]):
        if earlier.aside or earlier.is_row or not _same_size(earlier, unit):
            continue
        last = earlier.cells[0][-1]
        is_text = len(last.text) > 10 and not last.kind and not last.bold
        goes_on = _is_below_in_column(earlier, unit) if earlier is before[-1] else _is_next_in_column(earlier, unit)
        return earlier if goes_on and is_text and _is_open(earlier) else None
    return None


def _is_below_in_column(earlier: Unit, unit: Unit) -> bool:
    """Tell whether a unit goes on right below another, whose last line is full or was cut by what is struck out."""
    last, first, around = earlier.cells[0][-1], unit.cells[0][0], earlier.recent_box.joined(unit.recent_box)
    is_full = last.box.right - around.left > _FULL_LINE * (around.right - around.left)
    distance = last.box.bottom - first.box.bottom
    same_edge = abs(earlier.recent_box.left - unit.box.left) < _SAME_EDGE
    return same_edge and (0 < distance <= 2 * last.size and is_full or 0 < distance <= 4 * last.size and first.after_struck)


def _is_next_in_column(earlier: Unit, unit: Unit) -> bool:
    """Tell whether a unit stands further down in the column of another, or at the head of the next one."""
    last, first = earlier.cells[0][-1], unit.cells[0][0]
    if first.box.bottom > last.box.bottom:
        return unit.box.left > earlier.recent_box.right - _SAME_EDGE
    return abs(earlier.recent_box.left - unit.box.left) < _SAME_EDGE


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
