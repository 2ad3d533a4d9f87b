"""Pages that are pictures: read where the extra is installed, else named with what to do."""

from __future__ import annotations

from io import BytesIO

import pytest
from pdf_files import Text, make_pdf, paragraph

from ingest.loaders import ocr, pdf
from ingest.loaders.pdf_pages.lines import Box, Line
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Page, read_by_ocr

SAID = [
    "The keeper of the lamp counts the ships",
    "that pass the rock between dusk and dawn.",
    "In 2031 there were 4,812 of them.",
]


def scan(lines: list[Text], turned: float = 0.0, dots: int = 150) -> bytes:
    """Return a PDF whose page is a picture of the lines, `turned` by degrees, at so many dots an inch."""
    from pypdfium2 import PdfDocument

    picture = PdfDocument(make_pdf([lines]))[0].render(scale=dots / 72).to_pil().rotate(turned, fillcolor="white")
    stream = BytesIO()
    picture.convert("RGB").save(stream, "PDF", resolution=dots)
    return stream.getvalue()


def test_a_picture_is_named_with_the_remedy_where_nothing_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    with pytest.raises(DocumentError, match=r"paris-call-assistant\[ocr\]"):
        pdf.load(scan(paragraph(60, 700, SAID)), "scan.pdf")


def test_only_pages_without_text_are_read_and_their_confidence_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from pypdf import PdfReader, PdfWriter

    def read(page: object) -> ocr.Picture:
        return ocr.Picture([Line(0, "Read from the picture.", [-1] * 22, Box(60, 700, 200, 711), 11, False)], 0.914)

    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    monkeypatch.setattr(ocr, "read_picture", read)
    writer = PdfWriter()
    for data in (make_pdf([[Text(60, 700, "A page with its own text.")]]), scan(paragraph(60, 700, SAID))):
        writer.append(PdfReader(BytesIO(data)))
    stream = BytesIO()
    writer.write(stream)
    document = pdf.load(stream.getvalue(), "both.pdf")
    assert [page.ocr for page in document.pages] == [None, 0.91]
    assert [page.text for page in document.pages] == ["A page with its own text.", "Read from the picture."]
    assert document.notices == ("1 of 2 pages were read from their pictures (OCR): 2.",)


def test_what_does_not_fit_into_the_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    monkeypatch.setattr(pdf, "processor_time_left", lambda: 1.0)
    with pytest.raises(DocumentError, match="looks like a scan"):
        pdf.load(scan(paragraph(60, 700, SAID)), "scan.pdf")


def test_a_page_tells_how_sure_its_reading_is() -> None:
    assert Page(1, None, "x", problem=read_by_ocr(0.876)).ocr == 0.88
    assert Page(1, None, "", problem="The page is a picture.").ocr is None


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra ocr is not installed")
@pytest.mark.parametrize("turned", [0.0, 2.0])
def test_a_scan_is_read_in_order(turned: float) -> None:
    page = pdf.load(scan(paragraph(60, 700, SAID, size=12), turned), "scan.pdf").pages[0]
    assert " ".join(SAID) in " ".join(page.text.split())
    assert page.ocr is not None and page.ocr > 0.8
