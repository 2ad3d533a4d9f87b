"""Look into a DOCX archive before anything unpacks it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from knowledge_base.errors import DocumentError

_ENTRIES = 5_000
_UNPACKED = 300 << 20
_XML_UNPACKED = 40 << 20
_RATIO = 250
_RATIO_FROM = 10 << 20
_ENCODINGS = ("ascii", "utf-16-le", "utf-16-be")
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in _ENCODINGS)
_ENTITIES = tuple("<!ENTITY".encode(encoding) for encoding in _ENCODINGS)
_MAIN_PART = "word/document.xml"
_XML = (".xml", ".rels")
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what encrypted documents and those of Word 97 to 2003 begin with


def check_archive(data: bytes, source: str) -> None:
    """Raise DocumentError where the archive is locked, damaged, expands too much, or holds a document type declaration."""
    if data.startswith(_COMPOUND_FILE):
        remedy = "Open it in a word processor and save it as .docx, without a password."
        raise DocumentError(f"{source} is locked with a password, or of a Word before 2007.", remedy)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive, source)
            _check_parts(archive, source)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise DocumentError(f"{source} is damaged ({error}).", "Open it in a word processor and save it again.") from error


def _check_sizes(archive: zipfile.ZipFile, source: str) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    text = sum(entry.file_size for entry in entries if _is_xml(entry))
    if len(entries) > _ENTRIES or unpacked > _UNPACKED or text > _XML_UNPACKED:
        raise _too_large(source, unpacked, len(entries))
    if unpacked > _RATIO_FROM and unpacked > _RATIO * packed:
        raise _too_large(source, unpacked, len(entries))


def _check_parts(archive: zipfile.ZipFile, source: str) -> None:
    if _MAIN_PART not in archive.namelist():
        raise DocumentError(f"{source} is damaged (it has no {_MAIN_PART}).", "Open it in a word processor and save it again.")
    for entry in filter(_is_xml, archive.infolist()):
        if _declares(archive.read(entry), entry.filename):
            reason = f"{entry.filename} declares a document type, which can be used to attack the reader"
            raise DocumentError(f"{source} is refused: {reason}.", "Open it in a word processor and save it again.")


def _declares(part: bytes, name: str) -> bool:
    """Tell whether a part declares a document type; the package's own lists may, as long as they name no general entity."""
    is_list = name.endswith(".rels") or name == "[Content_Types].xml"
    if is_list and not any(re.search(entity + rb"\s+[^\s%\0]", part) for entity in _ENTITIES):
        return False
    return any(mark in part for mark in _DOCTYPES)


def _is_xml(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith(_XML)


def _too_large(source: str, unpacked: int, entries: int) -> DocumentError:
    size = f"{unpacked / (1 << 20):.0f} MB in {entries} parts"
    return DocumentError(f"{source} expands too much: {size}.", "Split the document, or save it again without attachments.")
