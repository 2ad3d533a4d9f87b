"""Put what was filled in or written over a page among its lines: field values, ticks, and text of annotations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.loaders.characters import clean
from ingest.loaders.pdf_pages.extractor import Annotation
from ingest.loaders.pdf_pages.lines import Box, Line
from knowledge_base.passages import BlockKind

_VALUE_SIZE = 9.0
_TICK_DISTANCE = 30.0
_LABEL_ABOVE = 14.0
TICKS = "☐☒☑"


def with_annotations(lines: Sequence[Line], annotations: Sequence[Annotation]) -> list[Line]:
    """Return the lines of a page with the text of its annotations: a value behind its label, a tick before its word."""
    found = list(lines)
    for note in annotations:
        if note.kind == "tick":
            _add_tick(found, note)
    for note in annotations:
        text = " ".join(clean(note.text).split())
        if note.kind == "value" and text:
            _add_value(found, note, text)
        elif note.kind == "text" and text:
            _insert(found, _line(found, text, note.box, "paragraph"))
    return _with_tick_rows(found) if any(note.kind == "tick" for note in annotations) else found


def _line(lines: Sequence[Line], text: str, box: Box, kind: BlockKind | None) -> Line:
    order = max((line.order for line in lines), default=-1) + 2
    return Line(order, text, [-1] * len(text), box, _VALUE_SIZE, False, kind=kind)


def _insert(lines: list[Line], new: Line) -> None:
    """Put a line before the first that stands below it."""
    middle = (new.box.bottom + new.box.top) / 2
    below = (place for place, line in enumerate(lines) if line.box.top < middle and line.box.overlap_across(new.box) > 0)
    lines.insert(next(below, len(lines)), new)


def _add_value(lines: list[Line], note: Annotation, value: str) -> None:
    """Write a value behind the text to its left, or above it; else behind the name that the form gives the field."""
    label = _beside(lines, note.box) or _above(lines, note.box)
    if label is None:
        name = "" if re.search(r"[_\d\[]", note.name) else note.name
        _insert(lines, _line(lines, f"{name}: {value}" if name else value, note.box, "field" if name else "paragraph"))
        return
    _write(label, label.text if label.kind == "field" else label.text.rstrip(" :.…_") + ":", f" {value}", note.box)
    label.kind = "field"


def _write(line: Line, kept: str, added: str, box: Box) -> None:
    indices = [*line.indices[: len(kept)], *[-1] * (len(kept) - len(line.indices))]
    line.text, line.indices, line.box = kept + added, indices + [-1] * len(added), line.box.joined(box)


def _in_row(line: Line, box: Box) -> bool:
    return line.box.overlap_down(box) > 0.4 * min(line.box.top - line.box.bottom, box.top - box.bottom)


def _beside(lines: Sequence[Line], box: Box) -> Line | None:
    left = [line for line in lines if _in_row(line, box) and line.box.left < box.left and line.box.right < box.left + 10]
    return max(left, key=lambda line: line.box.right, default=None)


def _above(lines: Sequence[Line], box: Box) -> Line | None:
    over = [line for line in lines if line.box.overlap_across(box) > 0 and -4 <= line.box.bottom - box.top <= _LABEL_ABOVE]
    return min(over, key=lambda line: line.box.bottom, default=None)


def _add_tick(lines: list[Line], note: Annotation) -> None:
    row = [line for line in lines if _in_row(line, note.box)]
    right = min((line for line in row if line.box.left >= note.box.left), key=lambda line: line.box.left, default=None)
    left = _beside(row, note.box)
    if left is not None and (right is None or note.box.left - left.box.right < right.box.left - note.box.right):
        _write(left, left.text, f" {note.text}", note.box)
    elif right is not None and right.box.left - note.box.right <= _TICK_DISTANCE:
        right.text, right.indices = f"{note.text} {right.text}", [-1, -1, *right.indices]
        right.box = right.box.joined(note.box)
    elif row:
        left = max(row, key=lambda line: line.box.right)
        _write(left, left.text, f" {note.text}", note.box)
    elif note.name:
        _insert(lines, _line(lines, f"{note.text} {note.name}", note.box, "field"))


def _with_tick_rows(lines: Sequence[Line]) -> list[Line]:
    """Join the choices of a row to one line, with the text to their left that asks for them."""
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        has_tick = line.text[:1] in TICKS or line.text[-1:] in TICKS
        if before is not None and has_tick and _in_row(before, line.box) and before.box.right <= line.box.left:
            before.indices = [*before.indices, -1, *line.indices]
            before.text, before.box, before.kind = f"{before.text} {line.text}", before.box.joined(line.box), "field"
        else:
            joined.append(line)
    return joined
