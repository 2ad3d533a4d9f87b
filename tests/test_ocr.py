"""Pages that are pictures: read where the extra is installed, else named with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from pdf_files import Text, make_pdf, paragraph

from ingest.loaders import ocr, pdf
from ingest.loaders.pdf_pages.lines import Box, Line
from ingest.sync.plan import FileToRead
from ingest.sync.reading import parse, read_documents
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document, Page, read_by_ocr
from knowledge_base.sandbox.sandbox import Sandbox

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


def of_pictures(pages: int) -> bytes:
    """Return a PDF of so many pages that are pictures, each of another text."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for number in range(pages):
        writer.append(PdfReader(BytesIO(scan([Text(60, 700, f"The ship of pier {number} sails at dawn.")]))))
    stream = BytesIO()
    writer.write(stream)
    return stream.getvalue()


def read_by_hand(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have pictures read without a model; return the list that each reading adds to."""
    readings: list[int] = []

    def read(page: object) -> ocr.Picture:
        readings.append(1)
        text = f"It was read as number {len(readings)}."
        return ocr.Picture([Line(0, text, [-1] * len(text), Box(60, 700, 200, 711), 11, False)], 0.9)

    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    monkeypatch.setattr(ocr, "read_picture", read)
    return readings


def parsed(path: Path, pictures: Path | None) -> Document:
    document = parse([("scan.pdf", str(path), sha256(path.read_bytes()).hexdigest())], pictures)[0]
    assert isinstance(document, Document)
    return document


def test_a_picture_is_read_once_and_once_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = read_by_hand(monkeypatch)
    (path := tmp_path / "scan.pdf").write_bytes(of_pictures(3))
    first = parsed(path, tmp_path / "pictures")
    assert parsed(path, tmp_path / "pictures") == first
    assert len(readings) == 3


def test_a_page_that_another_file_has_too_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = read_by_hand(monkeypatch)
    (tmp_path / "two.pdf").write_bytes(of_pictures(2))
    (tmp_path / "three.pdf").write_bytes(of_pictures(3))
    texts = [page.text for page in parsed(tmp_path / "two.pdf", tmp_path / "pictures").pages]
    longer = [page.text for page in parsed(tmp_path / "three.pdf", tmp_path / "pictures").pages]
    assert (longer[:2], len(readings)) == (texts, 3)


def test_a_kept_reading_that_is_broken_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = read_by_hand(monkeypatch)
    (path := tmp_path / "scan.pdf").write_bytes(of_pictures(1))
    parsed(path, tmp_path / "pictures")
    for kept in (tmp_path / "pictures").iterdir():
        kept.write_bytes(b'{"version": 1, "lines"')
    assert parsed(path, tmp_path / "pictures").pages[0].text == "It was read as number 2."
    assert len(readings) == 2


class HereAndNow:
    """Stands in for the sandbox: tasks run in this process, each with time for two pictures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, readings: list[int]) -> None:
        self._patch, self._readings = monkeypatch, readings

    def map_unordered(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        for number, item in enumerate(items):
            before = len(self._readings)
            self._patch.setattr(pdf, "processor_time_left", lambda start=before: 100.0 * (len(self._readings) < start + 2))
            yield number, function(item)


def test_a_file_of_more_pictures_than_its_time_allows_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = read_by_hand(monkeypatch)
    (path := tmp_path / "scan.pdf").write_bytes(of_pictures(5))
    file = FileToRead("scan.pdf", path, sha256(path.read_bytes()).hexdigest(), "pdf-1")
    sandbox = cast(Sandbox, HereAndNow(monkeypatch, readings))
    ((_, document),) = read_documents([file], sandbox, lambda _: None, tmp_path / "pictures")
    assert isinstance(document, Document)
    assert [page.ocr for page in document.pages] == [0.9] * 5
    ((_, left),) = read_documents([file], sandbox, lambda _: None)  # nothing is kept: what a task leaves is left
    assert isinstance(left, Document)
    assert [page.problem == ocr.NO_TIME for page in left.pages] == [False, False, True, True, True]
