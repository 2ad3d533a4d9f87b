"""Plain text: paragraphs, list items and headings by blank lines, bullets and line lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import NamedTuple

from ingest.loaders.characters import decode
from ingest.loaders.labels import follows, label_of, names_a_unit
from ingest.loaders.marks import leading_note, settle, with_marks
from ingest.loaders.structure import PageWriter, make_document, struck_notice
from ingest.loaders.tables import write_table
from ingest.loaders.text_layout.columns import contents_row, in_reading_order, read_table
from ingest.loaders.text_layout.grid_tables import grid_end, read_grid, read_pipes
from ingest.loaders.text_layout.pages import flowing_lines
from knowledge_base.language.dates import date_line
from knowledge_base.passages import Block, Document, Page

VERSION = 4
_BULLET = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*+•‣▪◦–][ \t]+"
    r"|(?P<number>\(?\d{1,3}(?:\.\d{1,3}){0,3}[.)]|\(?(?:[a-z]{1,2}|[ivx]{1,5}|[A-Z])\)|[a-z]\.)[ \t]+)(?=\S)"
)
_NUMBERED_TITLE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,3}){0,4})[.)]?\s+(?=\S)")
_GAP = re.compile(r"\S(?: {2,}|\t)\s*\S")
_RULE = re.compile(r"\s*([-=_*~#^+.·])(?:\1{2,}|(?: {1,3}\1){2,})\s*")
_NOTE = re.compile(r"\s*\[(\d{1,3})\]\s+(?=\S)")
_REFERENCE = re.compile(r"\s?\[(\d{1,3})\](?!\()")
_HYPHEN_AT_END = re.compile(r"[^\W_][-\u2010][ \t]*\n")
_WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LAST_WORD = re.compile(r"[^\W_]+$")
_FIRST_WORD = re.compile(r"[^\W_]+")
_WORDS_OF_OWN = (
    "self well non ex cross long short high low anti multi vice mid semi half two three four five ten "
    "state first second third open end real so full part"
)
_OWN_WORDS = frozenset(_WORDS_OF_OWN.split())
_NO_TITLE_END = (".", ";", ":", ",", "!")
_MOST_TITLE_LINES = 3
_NARROW = 20
_DEEPEST_LIST = 6
_HEADING_LENGTH = 90
_WRAPPED_LENGTH = 60
_OPENING_BLOCKS = 15


def load(data: bytes, source: str) -> Document:
    """Return the document of a text file. Raise DocumentError where it has no text."""
    decoded = decode(data, page_breaks=True)
    writer = PageWriter()
    write_text(writer, decoded.text)
    page = writer.page()
    return make_document(
        data,
        source,
        page,
        kind="text",
        title=_title(page, source),
        date=_date(page),
        notices=(decoded.notice, struck_notice(writer.struck)),
    )


def write_text(writer: PageWriter, text: str) -> None:
    """Write the blocks of plain text."""
    groups = list(_groups(in_reading_order(flowing_lines(text))))
    lines = LineJoiner(text)
    notes = {found[1] for group in groups for found in [_NOTE.match(group[0])] if found}
    for place, group in enumerate(groups):
        heading = _heading(groups, place)
        note = _NOTE.match(group[0])
        if heading:
            level = heading.level or (2 if writer.blocks else 1)
            writer.add("heading", " ".join(heading.text.split()), level)
        elif note:
            _write_note(writer, lines, note, group)
        else:
            _write_group(writer, group, lines, notes)


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield runs of lines between blank ones; a title that is ruled off is one of its own, a table's ruled headers are not."""
    group: list[str] = []
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if line.strip():
            group.append(line.rstrip())
        is_ruled = len(group) == 2 and _RULE.fullmatch(line) and len(group[0]) <= _HEADING_LENGTH
        if group and (not line.strip() or (is_ruled and not (_GAP.search(group[0]) and _GAP.search(following)))):
            yield group
            group = []
    if group:
        yield group


class _Heading(NamedTuple):
    """A heading and its level, 0 where nothing says it."""

    text: str
    level: int = 0


def _heading(groups: Sequence[list[str]], place: int) -> _Heading | None:
    """Return the heading that a group is: one line like a title, or one with a rule below it."""
    group = [line for line in groups[place] if not _RULE.fullmatch(line)]
    if len(group) != 1 or len(groups[place]) > _MOST_TITLE_LINES:
        return None
    line = group[0]
    if len(groups[place]) > 1:
        is_double = "=" in groups[place][-1] or groups[place][-1].lstrip().startswith("#")
        return _Heading(line, 1 if is_double else 2) if not line.rstrip().endswith(_NO_TITLE_END) else None
    if names_a_unit(line.strip()):
        return None  # which the writer knows by itself
    numbered = _NUMBERED_TITLE.match(line)
    if numbered and _looks_like_heading(line[numbered.end() :]) and not _is_counted(groups, place, numbered[1]):
        return _Heading(line.strip(), min(6, 2 + numbered[1].count(".")))
    return _Heading(line) if _looks_like_heading(line) else None


def _is_counted(groups: Sequence[list[str]], place: int, number: str) -> bool:
    """Tell whether a numbered line is an item of a list: the next number stands right below, or the one before right above."""
    for step in (-1, 1):
        if 0 <= place + step < len(groups) and (step > 0 or len(groups[place + step]) == 1):
            beside = _NUMBERED_TITLE.match(groups[place + step][0])
            if beside and follows(*((beside[1], number) if step > 0 else (number, beside[1]))):
                return True
    return place + 1 == len(groups)


def _write_note(writer: PageWriter, lines: LineJoiner, note: re.Match[str], group: Sequence[str]) -> None:
    text = lines.joined([group[0][note.end() :], *group[1:]])
    writer.add("paragraph", settle(with_marks(text)), label=f"note {note[1]}")


def _write_group(writer: PageWriter, group: list[str], lines: LineJoiner, notes: Set[str]) -> None:
    if len(group) > 1 and _write_table(writer, group):
        return
    paragraph: list[str] = []
    item: _Item | None = None
    last: list[str] = []  # the last number of each list that is open
    for position, line in enumerate(group):
        begun = None if _RULE.fullmatch(line) else _item(line, last, is_first=position == 0)
        row = contents_row(line)
        if begun or row or _RULE.fullmatch(line) or (position == 0 and names_a_unit(line.strip())):
            _write_lines(writer, paragraph, item, lines, notes)
            paragraph, item = [], begun
            if row:
                writer.add("table_row", row)
            elif begun:
                paragraph = [line[begun.end :]]
            elif not _RULE.fullmatch(line):
                writer.add("paragraph", line)
        else:
            paragraph.append(line)
    _write_lines(writer, paragraph, item, lines, notes)


def _write_table(writer: PageWriter, group: Sequence[str]) -> bool:
    if grid_end(group, 0) == len(group):
        write_table(writer, *read_grid(group))
        return True
    read = read_pipes(group) if "|" in group[0] else None
    read = read or (None if any(contents_row(line) for line in group[:3]) else read_table(group))
    if read is None:
        return False
    write_table(writer, read[0], read[1] or None)
    return True


class _Item(NamedTuple):
    """The beginning of a list item: where its text begins in the line, a typed number included; its label, its depth."""

    end: int
    label: str
    level: int


def _item(line: str, last: list[str], *, is_first: bool) -> _Item | None:
    """Return the item that a line begins; amid a paragraph a number must come next in a list, or begin one."""
    found = _BULLET.match(line)
    if found is None:
        return None
    level = 1 + len(found["indent"].expandtabs(4)) // 4
    if not found["number"]:
        return _Item(found.end(), "", level)
    label = label_of(found["number"])
    while last and not follows(label, last[-1]) and any(follows(label, earlier) for earlier in last[:-1]):
        last.pop()
    if last and follows(label, last[-1]):
        last[-1] = label
    elif is_first or follows(label, None):
        last[:] = [*last[1 - _DEEPEST_LIST :], label]
    else:
        return None
    return _Item(found.start("number"), label, level)


def _write_lines(writer: PageWriter, lines: list[str], item: _Item | None, joiner: LineJoiner, notes: Set[str]) -> None:
    if not lines:
        return
    text = joiner.joined(lines)
    if notes:
        text = _REFERENCE.sub(lambda found: "" if found[1] in notes else found[0], text)
    mark, text = leading_note(with_marks(text))
    text = settle(text)
    if item:
        writer.add("list_item", text, item.level, item.label)
    else:
        is_title = len(lines) == 1 and _looks_like_heading(lines[0])
        writer.add("paragraph", text, label=f"note {mark}" if mark else "", emphasised=is_title)


class LineJoiner:
    """Joins the lines of a paragraph; a hyphen at a line's end goes where the rest of the text writes the word without."""

    def __init__(self, text: str) -> None:
        has_hyphens = _HYPHEN_AT_END.search(text) is not None
        self._words = frozenset(word.lower() for word in _WORDS.findall(text)) if has_hyphens else frozenset()

    def joined(self, lines: Sequence[str]) -> str:
        """Return lines as one where they are wrapped, else each on its own."""
        stripped = [" ".join(line.split()) for line in lines]
        if not _is_wrapped(stripped):
            return "\n".join(stripped)
        parts = stripped[:1]
        for line in stripped[1:]:
            if not self._hyphenated(parts[-1], line):
                parts.append(" ")
            elif not self._keeps_hyphen(parts[-1], line):
                parts[-1] = parts[-1][:-1]
            parts.append(line)
        return "".join(parts)

    def _hyphenated(self, line: str, following: str) -> bool:
        return len(line) > 1 and line[-1] in "-\u2010" and line[-2].isalnum() and following[:1].isalnum()

    def _keeps_hyphen(self, line: str, following: str) -> bool:
        before, after = _LAST_WORD.search(line[:-1]), _FIRST_WORD.match(following)
        if before is None or after is None or not following[0].islower() or not line[-2].isalpha():
            return True
        left, right = before[0].lower(), after[0].lower()
        if f"{left}-{right}" in self._words:
            return True
        return left + right not in self._words and left in _OWN_WORDS


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Tell whether lines are one sentence after the other, broken where the line was full."""
    if any(len(line) > _WRAPPED_LENGTH for line in lines):
        return True
    if any(before.endswith("-") and line[:1].islower() for before, line in zip(lines, lines[1:], strict=False)):
        return True
    longest = max(map(len, lines))
    if len(lines) < 2 or longest < _NARROW:
        return False
    full = sum(len(line) >= 0.6 * longest for line in lines[:-1])
    goes_on = sum(line[:1].islower() for line in lines[1:])
    return full >= 0.7 * (len(lines) - 1) and goes_on >= 0.5 * (len(lines) - 1)


def _looks_like_heading(line: str) -> bool:
    line = line.strip()
    if len(line) > _HEADING_LENGTH or line.endswith((".", "!", ";", ":", ",")) or _BULLET.match(line):
        return False
    return bool(re.search(r"[^\W\d_]{2}", line)) and not line[0].islower()


def _title(page: Page, source: str) -> str | None:
    """Return the heading that the file's name speaks of, else the first block where it is a heading."""
    opening = page.blocks[:_OPENING_BLOCKS]
    headings = [page.text[block.start : block.end] for block in opening if block.kind == "heading"]
    named = _words(PurePosixPath(source).stem)
    for heading in headings:
        words = _words(heading)
        if len(words) > 1 and len(words & named) >= 0.6 * len(words):
            return heading
    return headings[0] if headings and opening[0].kind == "heading" else None


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _date(page: Page) -> str | None:
    """Return the first line of the opening that is a date and nothing else."""
    return next(filter(None, (date_line(_text(page, block)) for block in page.blocks[:_OPENING_BLOCKS])), None)


def _text(page: Page, block: Block) -> str:
    return page.text[block.start : block.end]
