"""Plain text: paragraphs, list items and headings by blank lines, bullets and line lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ingest.loaders.characters import decode
from ingest.loaders.structure import PageWriter, make_document
from knowledge_base.language.dates import date_line
from knowledge_base.passages import Block, Document, Page

VERSION = 1
_BULLET = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•‣▪◦–][ \t]+|\(?\d{1,3}[.)][ \t]+|[a-z]\)[ \t]+)(?=\S)")
_HEADING_LENGTH = 90
_WRAPPED_LENGTH = 60
_OPENING_BLOCKS = 15


def load(data: bytes, source: str) -> Document:
    """Return the document of a text file. Raise DocumentError where it has no text."""
    decoded = decode(data)
    writer = PageWriter()
    write_text(writer, decoded.text)
    page = writer.page()
    return make_document(
        data, source, page, kind="text", title=_title(page, source), date=_date(page), notices=(decoded.notice,)
    )


def write_text(writer: PageWriter, text: str) -> None:
    """Write the blocks of plain text."""
    for group in _groups(text):
        if len(group) == 1 and _looks_like_heading(group[0]):
            writer.add("heading", group[0], 2 if writer.blocks else 1)
        else:
            _write_group(writer, group)


def _groups(text: str) -> Iterator[list[str]]:
    """Yield runs of lines between blank ones."""
    group: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            group.append(line.rstrip())
        elif group:
            yield group
            group = []
    if group:
        yield group


def _write_group(writer: PageWriter, lines: list[str]) -> None:
    paragraph: list[str] = []
    item: re.Match[str] | None = None
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet:
            _write_lines(writer, paragraph, item)
            paragraph, item = [line[bullet.end() :]], bullet
        else:
            paragraph.append(line)
    _write_lines(writer, paragraph, item)


def _write_lines(writer: PageWriter, lines: list[str], bullet: re.Match[str] | None) -> None:
    wrapped = any(len(line) > _WRAPPED_LENGTH for line in lines)
    text = (" " if wrapped else "\n").join(line.strip() for line in lines)
    if bullet:
        writer.add("list_item", text, 1 + len(bullet["indent"].expandtabs(4)) // 4)
    else:
        writer.add("paragraph", text)


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
