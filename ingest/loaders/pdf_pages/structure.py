"""Write the units of a PDF page as its text, with blocks over it and the way back to the extractor's characters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from ingest.loaders.labels import begins_recitals, names_a_unit, recital_label
from ingest.loaders.opening import written_date
from ingest.loaders.pdf_pages.blocks import Unit, read_units
from ingest.loaders.pdf_pages.extractor import Drawings
from ingest.loaders.pdf_pages.lines import LEADER, LINE_END_HYPHEN, Line
from ingest.loaders.pdf_pages.style import Style, heading_levels, join_at_hyphen, letters
from knowledge_base.passages import PARTING_HYPHEN, Block, BlockKind, OriginRun, Page

CELL_SEPARATOR = " | "
EMPTY_CELL = "—"
_LONGEST_HEADING = 200
_LONGEST_WITH_STOP = 80
_LONGEST_EMPHASIS = 120
_MOST_HEADING_LINES = 4
_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_row"})
_CAPTION = re.compile(r"(?:figure|fig\.|table|tableau|graphique|chart|box)\s*\d+\b|source\s*:", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:table of )?contents|outline|sommaire|table des matières|inhalt|índice", re.IGNORECASE)
_FEWEST_ENTRIES = 2
_LAST_UNITS = 3
_SAME_LEFT = 6.0
_LEADS_TO_PAGE = re.compile(rf"{LEADER}\s*(?:\d{{1,4}}|[ivxlc]{{1,6}})$")
_NOTE_NUMBER = re.compile(r"[(\[]?(\d{1,3}|[*†‡§]{1,3})[)\].]?\s*(?=[^\W\d]|[“\"«‘'(<])")
_NAMED = re.compile(
    r"(?P<name>(?:art(?:icle|ikel|ículo|\.)|section|chapter|annex|appendix|part|title|recital|principle|norm|rule|clause|schedule"
    r"|recommendation|paragraph|objective|measure|chapitre|annexe|titre|principe|norme|recommandation|considérant|paragraphe"
    r"|abschnitt|anhang|kapitel|teil|capítulo|anexo|principio|norma)\s+(?:\d{1,4}(?:\.\d{1,3})*[a-z]?|[ivxlc]{1,6}\b|[A-Z]\b"
    r"|premier|unique))(?P<end>\s*[.:–—-](?=\s))?(?=[\s.:]|$)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,4}|[IVXLC]{1,6}(?=\.))\.?\s+(?=\S)")
_SUBNUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,3})\.?\s+(?=[A-ZÀ-Þ“\"«])")
_LONG_TEXT = 100
_DEEPEST_INDENT = 90.0
_MONTH_AND_YEAR = re.compile(r"(?:[^\W\d]+,? )?\d{4}")
_COVER_LENGTH = 800
_TITLE_RATIO = 1.1
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


def page_units(lines: Sequence[Line], style: Style, drawn: Drawings) -> list[tuple[Unit, BlockKind]]:
    """Return the units of a page in reading order, each with its kind."""
    units = [(unit, _kind(unit, style)) for unit in read_units(lines, style, drawn)]
    headings = [unit for unit, kind in units if kind == "heading"]
    contents = next((unit for unit in headings if _CONTENTS.fullmatch(unit_text(unit, style))), None)
    if contents is None:
        return units
    return [(unit, "paragraph" if kind == "heading" and unit.size < contents.size else kind) for unit, kind in units]


def carry_headers(pages: Sequence[Sequence[tuple[Unit, BlockKind]]]) -> None:
    """Give the rows at the head of a page the headers of a table that ends the page before it, in place."""
    for before, after in pairwise(pages):
        last = next((unit for unit, _ in reversed(before) if len(unit.cells) > 1), None)
        rows = [unit for unit, kind in takewhile(lambda entry: entry[1] == "table_row", after)]
        if last is None or last.headers == [] or not rows or any(unit.headers for unit in rows):
            continue
        if any(unit is last for unit, _ in before[-_LAST_UNITS:]) and all(_same_columns(unit, last) for unit in rows):
            for unit in rows:
                unit.headers = last.headers


def _same_columns(unit: Unit, other: Unit) -> bool:
    return len(unit.cells) == len(other.cells) and abs(unit.box.left - other.box.left) < _SAME_LEFT


def levels_of(pages: Sequence[Sequence[tuple[Unit, BlockKind]]]) -> dict[float, int]:
    """Return the heading level of each size that a heading of the document has."""
    return heading_levels(round(unit.size, 1) for units in pages for unit, kind in units if kind == "heading")


def write_page(
    units: Sequence[tuple[Unit, BlockKind]], style: Style, levels: Mapping[float, int], number: int, label: str | None
) -> Page:
    """Return the page of `units`; `levels` gives the heading level of each size."""
    text, blocks, lefts = PageText(), list[Block](), list[float]()
    in_recitals = False
    is_contents = sum(map(_is_contents_entry, units)) >= _FEWEST_ENTRIES
    last: BlockKind | None = None
    for entry in units:
        unit, kind = entry
        if last:
            text.add("\n" if kind in _TIGHT and last == kind else "\n\n")
        last = kind
        start = len(text.characters)
        _add_cells(text, unit, style)
        lefts = _indents(lefts, unit) if kind == "list_item" else []
        level = len(lefts) if kind != "heading" else _heading_level(unit, style, levels)
        if not (is_contents and _is_contents_entry(entry)):  # an entry of a table of contents says what its heading says
            written = "".join(text.characters[start:])
            block_label = _label(unit, kind, written, style)
            if kind == "heading" or begins_recitals(written):
                in_recitals = begins_recitals(written)
            elif in_recitals:
                block_label = recital_label(block_label) or block_label
            if block_label.startswith("note ") and _stands_over_text(unit, units, style):
                block_label = ""  # such as the number of a house in a letter's head
            begin = start + _mark_length(unit, written, block_label)
            blocks.append(Block(kind, level, begin, len(text.characters), block_label))
    return Page(number, label, "".join(text.characters), tuple(blocks), text.runs())


def part_words(pages: Sequence[Page], style: Style) -> list[Page]:
    """Return the pages, a hyphen that only parts a word over a page's end written as one that its reader may take out."""
    parted = list(pages)
    for number, (page, after) in enumerate(pairwise(pages)):
        blocks = (block for block in reversed(page.blocks) if block.kind == "paragraph" and not block.label.startswith("note "))
        last, first = next(blocks, None), next((block for block in after.blocks if block.kind == "paragraph"), None)
        if last is None or first is None or page.text[last.end - 1 : last.end] != "-":
            continue
        left, right = _WORD_BEFORE.search(page.text[: last.end - 1]), _WORD_AFTER.match(after.text, first.start)
        if left and right and join_at_hyphen(left[0], right[0], style.words):
            text = page.text[: last.end - 1] + PARTING_HYPHEN + page.text[last.end :]
            parted[number] = replace(page, text=text)
    return parted


def _is_contents_entry(entry: tuple[Unit, BlockKind]) -> bool:
    unit, kind = entry
    return kind == "table_row" and bool(unit.cells[0]) and _LEADS_TO_PAGE.search(unit.cells[0][-1].text) is not None


def _add_cells(text: PageText, unit: Unit, style: Style) -> None:
    """Write the cells of a unit; those of a table's row behind their headers, an empty one as a dash."""
    for position, cell in enumerate(unit.cells):
        header = unit.headers[position] if position and position < len(unit.headers) else ""
        text.add(CELL_SEPARATOR if position else "")
        text.add(f"{header}: " if header else "")
        if cell:
            _add_lines(text, cell, style)
        else:
            text.add(EMPTY_CELL)


def _stands_over_text(unit: Unit, units: Sequence[tuple[Unit, BlockKind]], style: Style) -> bool:
    """Tell whether text of the usual size stands further down than a unit, as it does not below a note at the foot."""
    return any(
        other.length > _LONG_TEXT and not style.is_small(other.size) and other.box.top < unit.box.bottom for other, _ in units
    )


def _mark_length(unit: Unit, text: str, label: str) -> int:
    """Return the length of what stands before the text of a block: a bullet, or the mark of a note."""
    mark = _NOTE_NUMBER.match(text) if label.startswith("note ") else None
    return unit.marker or (mark.end() if mark and mark[1] == label.removeprefix("note ") else 0)


def _label(unit: Unit, kind: BlockKind, text: str, style: Style) -> str:
    """Return the number or mark that a reader sees before a unit: in the margin, as a list's mark, or as its first words."""
    given = next((line.label for line in unit.lines if line.label), "")
    if given and style.is_small(unit.size):
        return f"note {given}"
    if given or kind in ("table_row", "caption", "field"):
        return given
    if unit.marker:
        mark = text[: unit.marker].strip()
        bare = mark.strip("(.)")
        return (f"({bare})" if mark.startswith("(") else bare) if bare.isalnum() and mark != "o" else ""
    note = _NOTE_NUMBER.match(text) if style.is_small(unit.size) else None
    if note:
        return f"note {note[1]}"
    named = _NAMED.match(text)
    if named and (kind == "heading" or named["end"] or named.end() == len(text)):
        return named["name"]
    numbered = (_NUMBERED if kind == "heading" else _SUBNUMBERED).match(text)
    return numbered[1] if numbered else ""


def unit_text(unit: Unit, style: Style) -> str:
    """Return the text of a unit as the page has it, without its bullet."""
    text = PageText()
    for cell in filter(None, unit.cells):
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
    if unit.lines[0].kind:
        return unit.lines[0].kind
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
    if names_a_unit(text) and not style.is_small(unit.size):
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


def largest_text(cover: Sequence[Unit], style: Style) -> str:
    """Return the largest text of a cover, which is its title, and on a page with little else the next large one after it."""
    large = [unit for unit in cover if unit.size >= _TITLE_RATIO * style.body_size and _is_title(unit_text(unit, style))]
    titles = _of_largest_size(large)
    if sum(unit.length for unit in cover) <= _COVER_LENGTH:
        titles += _of_largest_size([unit for unit in large if unit not in titles])
    return ": ".join(unit_text(unit, style).rstrip(" :") for unit in titles)


def _is_title(text: str) -> bool:
    return len(text) > 3 and _MONTH_AND_YEAR.fullmatch(text) is None and written_date(text) is None


def _of_largest_size(units: Sequence[Unit]) -> list[Unit]:
    largest = max((unit.size for unit in units), default=0.0)
    return [unit for unit in units if unit.size >= 0.95 * largest]
