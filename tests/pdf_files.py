"""PDF files for tests, written with pypdf: each page is a list of lines at given places."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject

WIDTH, HEIGHT = 595, 842


class Text(NamedTuple):
    """A line: its left end and baseline in points from the lower left corner."""

    x: float
    y: float
    text: str
    size: float = 11
    bold: bool = False
    upwards: bool = False


def paragraph(x: float, y: float, lines: Sequence[str], size: float = 11, pitch: float = 14) -> list[Text]:
    return [Text(x, y - number * pitch, line, size) for number, line in enumerate(lines)]


def make_pdf(
    pages: Sequence[Sequence[Text]],
    *,
    metadata: dict[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    roman_pages: int = 0,
    password: str | None = None,
    rotation: int = 0,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> bytes:
    writer = PdfWriter()
    for lines in pages:
        page = writer.add_blank_page(width, height)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): _fonts()})
        stream = StreamObject()
        stream.set_data("\n".join(map(_shown, lines)).encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        if rotation:
            page.rotate(rotation)
    writer.metadata = {"/Producer": "tests", **(metadata or {})}
    for title, page_number in outline:
        writer.add_outline_item(title=title, page_number=page_number)
    if roman_pages:
        writer.set_page_label(0, roman_pages - 1, style="/r")
        writer.set_page_label(roman_pages, len(pages) - 1, style="/D", start=1)
    if password is not None:
        writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _shown(line: Text) -> str:
    text = line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    direction = "0 1 -1 0" if line.upwards else "1 0 0 1"
    return f"BT /{'B' if line.bold else 'R'} {line.size} Tf {direction} {line.x} {line.y} Tm ({text}) Tj ET"


def _fonts() -> DictionaryObject:
    return DictionaryObject({NameObject("/R"): _font("/Helvetica"), NameObject("/B"): _font("/Helvetica-Bold")})


def _font(name: str) -> DictionaryObject:
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject(name),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
