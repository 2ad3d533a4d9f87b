"""Write the units of a PDF page as its text, with blocks over it and the way back to the extractor's characters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.loaders.pdf_pages.blocks import Unit, read_units
from ingest.loaders.pdf_pages.lines import LINE_END_HYPHEN, Line
from ingest.loaders.pdf_pages.style import Style, heading_levels, join_at_hyphen, letters
from knowledge_base.passages import Block, BlockKind, OriginRun, Page

CELL_SEPARATOR = " | "
_LONGEST_HEADING = 200
_LONGEST_WITH_STOP = 80
_LONGEST_EMPHASIS = 120
_MOST_HEADING_LINES = 4
_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_row"})
_CAPTION = re.compile(r"(?:figure|fig\.|table|tableau|graphique|chart|box)\s*\d+\b|source\s*:", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:table of )?contents|outline|sommaire|table des matières|inhalt|índice", re.IGNORECASE)
_DEEPEST_INDENT = 90.0
_WORD_BEFORE = re.compile(r"[\w-]+$")
_WORD_AFTER = re.compile(r"\w+")


class PageText:
    """Collects characters with the extractor's index of each, -1 for those that the extractor does not have."""

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.indices: list[int] = []

    def add(self, text: str, indices: Sequence[int] | None = None) -> None:
        """Append `text`; without `indices` nothing leads back from it."""
        self.characters.extend(text)
        self.indices.extend([-1] * len(text) if indices is None else indices)

    def remove_last(self) -> None:
        """Take the last character back."""
        del self.characters[-1], self.indices[-1]

    def runs(self) -> tuple[OriginRun, ...]:
        """Return the runs in which text and extractor's characters go in step."""
        runs: list[OriginRun] = []
        start, length = 0, 0
        for position, index in enumerate(self.indices):
            if length and index == self.indices[start] + length:
                length += 1
                continue
            if length:
                runs.append(OriginRun(start, self.indices[start], length))
            start, length = position, int(index >= 0)
        if length:
            runs.append(OriginRun(start, self.indices[start], length))
        return tuple(runs)


def page_units(lines: Sequence[Line], style: Style, width: float) -> list[tuple[Unit, BlockKind]]:
    """Return the units of a page in reading order, each with its kind."""
    units = [(unit, _kind(unit, style)) for unit in read_units(lines, style, width)]
    headings = [unit for unit, kind in units if kind == "heading"]
    contents = next((unit for unit in headings if _CONTENTS.fullmatch(unit_text(unit, style))), None)
    if contents is None:
        return units
    return [(unit, "paragraph" if kind == "heading" and unit.size < contents.size else kind) for unit, kind in units]


def levels_of(pages: Sequence[Sequence[tuple[Unit, BlockKind]]]) -> dict[float, int]:
    """Return the heading level of each size that a heading of the document has."""
    return heading_levels(round(unit.size, 1) for units in pages for unit, kind in units if kind == "heading")


def write_page(
    units: Sequence[tuple[Unit, BlockKind]], style: Style, levels: Mapping[float, int], number: int, label: str | None
) -> Page:
    """Return the page of `units`; `levels` gives the heading level of each size."""
    text, blocks, lefts = PageText(), list[Block](), list[float]()
    for unit, kind in units:
        if blocks:
            text.add("\n" if kind in _TIGHT and blocks[-1].kind == kind else "\n\n")
        start = len(text.characters)
        for position, cell in enumerate(unit.cells):
            text.add(CELL_SEPARATOR if position else "")
            _add_lines(text, cell, style)
        lefts = _indents(lefts, unit) if kind == "list_item" else []
        level = len(lefts) if kind != "heading" else _heading_level(unit, style, levels)
        blocks.append(Block(kind, level, start + unit.marker, len(text.characters)))
    return Page(number, label, "".join(text.characters), tuple(blocks), text.runs())


def unit_text(unit: Unit, style: Style) -> str:
    """Return the text of a unit as the page has it, without its bullet."""
    text = PageText()
    for cell in unit.cells:
        text.add(" " if text.characters else "")
        _add_lines(text, cell, style)
    return "".join(text.characters)[unit.marker :]


def plain_page(text: str, number: int, label: str | None) -> Page:
    """Return a page of text whose places are not known: one paragraph for each run of lines without a blank one."""
    written, blocks = "", []
    for part in re.split(r"\n\s*\n", text):
        paragraph = " ".join(part.split())
        if paragraph:
            start = len(written) + 2 * bool(written)
            written += f"\n\n{paragraph}" if written else paragraph
            blocks.append(Block("paragraph", 0, start, len(written)))
    return Page(number, label, written, tuple(blocks))


def _add_lines(text: PageText, lines: Sequence[Line], style: Style) -> None:
    for position, line in enumerate(lines):
        if position:
            _join(text, lines[position - 1].text, line.text, style)
        text.add(line.text, line.indices)
    if lines[-1].text.endswith(LINE_END_HYPHEN):
        text.characters[-1] = "-"


def _join(text: PageText, before: str, after: str, style: Style) -> None:
    """Put between two lines what belongs there: nothing after a hyphen that divides a word, else a hyphen or a space."""
    if before.endswith(LINE_END_HYPHEN):
        left, right = _WORD_BEFORE.search(before[:-1]), _WORD_AFTER.match(after)
        if left and right and join_at_hyphen(left[0], right[0], style.words):
            text.remove_last()
        else:
            text.characters[-1] = "-"
    elif not re.search(r"\w[-/‐]$", before) or not after[:1].isalnum():
        text.add(" ")


def _kind(unit: Unit, style: Style) -> BlockKind:
    if unit.is_row:
        return "table_row"
    text = unit_text(unit, style)
    if _CAPTION.match(text) and len(text) <= _LONGEST_HEADING:
        return "caption"
    if _is_heading(unit, text, style):
        return "heading"
    return "list_item" if unit.marker else "paragraph"


def _is_heading(unit: Unit, text: str, style: Style) -> bool:
    if len(text) > _LONGEST_HEADING or len(unit.lines) > _MOST_HEADING_LINES or sum(map(str.isalpha, text)) < 3:
        return False
    if letters(text) in style.outline or letters(unit_text(Unit(unit.cells), style)) in style.outline:
        return True
    if style.is_large(unit.size) and text[:1] not in '“"«':
        is_sentence = len(text) > _LONGEST_WITH_STOP and text[-1:] in ".:;,"
        return not is_sentence and (not unit.marker or unit.lines[0].text[:1].isdigit())
    return _is_emphasised(unit, text, style)


def _is_emphasised(unit: Unit, text: str, style: Style) -> bool:
    """Tell whether a short unit of the body's size is set apart by weight or capitals."""
    if len(text) > _LONGEST_EMPHASIS or text.rstrip(' ”"»)')[-1:] in ".,;:" or style.is_small(unit.size):
        return False
    is_bold = not style.body_bold and all(line.bold for line in unit.lines) and not text[:1].islower()
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 1]
    is_capital = len("".join(words)) > 5 and text.upper() == text
    is_bullet = unit.marker > 0 and not unit.lines[0].text[:1].isdigit()
    return (is_bold or is_capital) and not is_bullet


def _heading_level(unit: Unit, style: Style, levels: Mapping[float, int]) -> int:
    listed = style.outline.get(letters(unit_text(unit, style)))
    return min(listed, 6) if listed else levels[round(unit.size, 1)]


def _indents(lefts: Sequence[float], unit: Unit) -> list[float]:
    """Return the left edges of the list levels that are open at this item, its own last."""
    left = unit.cells[0][0].box.left
    return [*(other for other in lefts if 3 < left - other < _DEEPEST_INDENT), left]
