from __future__ import annotations

import io

import docx
import pytest

from knowledge_base.errors import DocumentError
from knowledge_base.file_types import detect, skip_reason

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def word() -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_paragraph("The office opens at nine in the morning.")
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"%PDF-1.7\n", "a.pdf", "pdf"),
        (b"junk before\n%PDF-1.7\n", "a.PDF", "pdf"),
        (b"%PDF-1.7\n", "a.txt", "pdf"),
        (b"Text about the %PDF- mark.", "a.txt", "text"),
        (word(), "a.docx", "docx"),
        (word(), "a.md", "docx"),
        (b"# Head", "a.markdown", "markdown"),
        (b"<html><body>x", "a.htm", "html"),
        (b"<!-- c --><!DOCTYPE html><p>x", "a.txt", "html"),
        (b"<html><p>x", "a.pdf", "html"),
        (b"<html>", "a.md", "markdown"),
        (b"trailer << /Root 1 0 R >>", "a.pdf", "pdf"),
        (b"plain words", "a.docx", "text"),
        (b"a: b", "a.yaml", "yaml"),
        ("é".encode("utf-16"), "a.txt", "text"),
        (PNG, "a.png", None),
        (b"a,b", "a.csv", None),
        (b"text", "LICENSE", None),
    ],
)
def test_content_decides_what_a_file_is(data: bytes, name: str, kind: str | None) -> None:
    assert detect(data, name) == kind


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.pdf", "empty (0 bytes)"),
        (PNG, "a.txt", "it is a PNG picture"),
        (b"\x7fELF\2\1", "a.md", "it is a program"),
        (bytes(100), "a.txt", "it is binary data"),
        (OLE, "a.docx", "it is an old Office (OLE) file"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "protected by a password"),
        (b"PK\x03\x04 nothing of use", "a.docx", "it is a zip archive"),
    ],
)
def test_content_that_is_no_document_is_an_error(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(DocumentError) as caught:
        detect(data, name)
    assert reason in caught.value.message
    assert caught.value.remedy


def test_a_type_that_is_not_read_is_skipped_by_name() -> None:
    assert skip_reason("data/table.xlsx") == "type .xlsx is not read"
    assert skip_reason("LICENSE") == "a file without suffix is not read"
    assert skip_reason("a.PDF") is None
