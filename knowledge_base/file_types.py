"""What a file is: its name says whether it is read at all, its content says as what."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

from knowledge_base.errors import DocumentError

_KINDS_BY_SUFFIX = {
    ".pdf": "pdf",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".docx": "docx",
    ".txt": "text",
    ".text": "text",
    ".yml": "yaml",
    ".yaml": "yaml",
}
SUFFIXES = frozenset(_KINDS_BY_SUFFIX)
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARIES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a sound, film or WebP file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"PK\x03\x04", "a zip archive or an Office file other than DOCX"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "a database"),
    (b"{\\rtf", "an RTF file"),
    (_OLE, "an old Office (OLE) file"),
)
_HTML = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_TEXT_KINDS = frozenset({"markdown", "html", "text", "yaml"})
_HEAD = 1024
_SAMPLE = 8192
_CONTROLS = bytes(set(range(32)) - {0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1B})
_FEW_CONTROLS = 0.05


def skip_reason(source: str) -> str | None:
    """Return why a file is skipped by its name alone, such as `type .xlsx is not read`, or None where it is read."""
    suffix = PurePosixPath(source).suffix
    if suffix.lower() in SUFFIXES:
        return None
    return f"type {suffix} is not read" if suffix else "a file without suffix is not read"


def detect(data: bytes, name: str) -> str | None:
    """Return the kind of document that the content says it is, or None where files of this suffix are not read.

    Kinds: pdf, markdown, html, docx, text, yaml. Raise DocumentError where the content is empty or a binary of another type.
    """
    named = _KINDS_BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
    if named is None:
        return None
    if not data:
        raise DocumentError(f"{name} is empty (0 bytes).", "Copy or save the file again.")
    kind = _kind_by_content(data, named)
    if kind is None:
        raise _wrong_content(data, name)
    return kind


def _kind_by_content(data: bytes, named: str) -> str | None:
    head = data[:_HEAD]
    if data.startswith(b"%PDF-") or (b"%PDF-" in head and (named == "pdf" or b"\0" in data)):
        return "pdf"
    if data.startswith(b"PK") and b"word/document.xml" in data:
        return "docx"
    if data.startswith(_BYTE_ORDER_MARKS):
        return named if named in _TEXT_KINDS else "text"
    if _binary_type(data) or (named != "pdf" and _looks_binary(data)):
        return None
    if _HTML.match(head) and named in ("pdf", "docx", "text"):
        return "html"
    if named == "pdf":
        return "pdf"  # without its mark: its loader says what is wrong
    return named if named in _TEXT_KINDS else "text"


def _binary_type(data: bytes) -> str | None:
    return next((what for mark, what in _BINARIES if data.startswith(mark)), None)


def _looks_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > _FEW_CONTROLS * len(sample)


def _wrong_content(data: bytes, name: str) -> DocumentError:
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        return DocumentError(f"{name} is protected by a password.", "Save a copy without password.")
    what = _binary_type(data) or "binary data"
    return DocumentError(f"{name} is not what its name says: it is {what}.", "Save it as PDF, DOCX, HTML, Markdown or text.")
