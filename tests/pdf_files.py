"""PDF files for tests, written with pypdf: each page is a list of lines at given places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

WIDTH, HEIGHT = 595, 842


class Text(NamedTuple):
    """A line: its left end and baseline in points from the lower left corner."""

    x: float
    y: float
    text: str
    size: float = 11
    bold: bool = False
    upwards: bool = False
    rise: float = 0
    shade: float = 0


class Mark(NamedTuple):
    """An annotation: StrikeOut, FreeText (`text` is shown), or Widget (a field whose value is `text`, or a ticked box)."""

    kind: str
    left: float
    bottom: float
    right: float
    top: float
    text: str = ""
    ticked: bool | None = None


def paragraph(x: float, y: float, lines: Sequence[str], size: float = 11, pitch: float = 14) -> list[Text]:
    return [Text(x, y - number * pitch, line, size) for number, line in enumerate(lines)]


def text_width(text: str, size: float = 11) -> float:
    """Return how wide a text is in the regular font, in points."""
    from pypdfium2 import PdfDocument

    page = PdfDocument(make_pdf([[Text(0, 100, f"{text}|", size)]], width=2000))[0].get_textpage()
    return float(page.get_charbox(len(text), loose=True)[0])


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
    drawn: str = "",
    marks: Sequence[Mark] = (),
    files: Mapping[str, bytes] | None = None,
    is_portfolio: bool = False,
) -> bytes:
    """Return a PDF; `drawn` are operators that draw under the text of each page, `marks` annotate the first page."""
    writer = PdfWriter()
    for lines in pages:
        page = writer.add_blank_page(width, height)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): _fonts()})
        stream = StreamObject()
        stream.set_data("\n".join([drawn, *map(_shown, lines)]).encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        if rotation:
            page.rotate(rotation)
    writer.metadata = {"/Producer": "tests", **(metadata or {})}
    for title, page_number in outline:
        writer.add_outline_item(title=title, page_number=page_number)
    if roman_pages:
        writer.set_page_label(0, roman_pages - 1, style="/r")
        writer.set_page_label(roman_pages, len(pages) - 1, style="/D", start=1)
    _annotate(writer, marks)
    for name, data in (files or {}).items():
        writer.add_attachment(name, data)
    if is_portfolio:
        writer.root_object[NameObject("/Collection")] = DictionaryObject({NameObject("/Type"): NameObject("/Collection")})
    if password is not None:
        writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _shown(line: Text) -> str:
    text = line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    direction = "0 1 -1 0" if line.upwards else "1 0 0 1"
    style = f"{line.shade} g /{'B' if line.bold else 'R'} {line.size} Tf {line.rise} Ts"
    return f"BT {style} {direction} {line.x} {line.y} Tm ({text}) Tj ET"


def _annotate(writer: PdfWriter, marks: Sequence[Mark]) -> None:
    if not marks:
        return
    found = ArrayObject(writer._add_object(_annotation(mark, number)) for number, mark in enumerate(marks))
    writer.pages[0][NameObject("/Annots")] = found
    fields = ArrayObject(each for each, mark in zip(found, marks, strict=True) if mark.kind == "Widget")
    if fields:
        writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
            {NameObject("/Fields"): fields, NameObject("/NeedAppearances"): BooleanObject(True)}
        )


def _annotation(mark: Mark, number: int) -> DictionaryObject:
    corners = (mark.left, mark.top, mark.right, mark.top, mark.left, mark.bottom, mark.right, mark.bottom)
    entries: dict[str, PdfObject] = {
        "/Type": NameObject("/Annot"),
        "/Subtype": NameObject(f"/{mark.kind}"),
        "/Rect": ArrayObject(map(FloatObject, mark[1:5])),
        "/F": FloatObject(4),
        "/T": TextStringObject(f"field{number}"),
    }
    if mark.kind == "StrikeOut":
        entries["/QuadPoints"] = ArrayObject(map(FloatObject, corners))
    elif mark.kind == "FreeText":
        entries["/Contents"] = TextStringObject(mark.text)
    elif mark.ticked is None:
        entries |= {"/FT": NameObject("/Tx"), "/V": TextStringObject(mark.text)}
    else:
        state = NameObject("/Yes" if mark.ticked else "/Off")
        entries |= {"/FT": NameObject("/Btn"), "/V": state, "/AS": state}
        shown = DictionaryObject({NameObject("/Yes"): StreamObject(), NameObject("/Off"): StreamObject()})
        entries["/AP"] = DictionaryObject({NameObject("/N"): shown})
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})


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
