"""Read one document: find out what it is, call the loader of its format, and name its language."""

from __future__ import annotations

import importlib
import logging
from dataclasses import replace
from typing import cast

from ingest.loaders.language import document_language
from knowledge_base.errors import DocumentError
from knowledge_base.file_types import SUFFIXES, detect, skip_reason
from knowledge_base.passages import Document

_logger = logging.getLogger(__name__)
_VERSION = 1
_LOADERS = {
    "pdf": "ingest.loaders.pdf",
    "markdown": "ingest.loaders.markdown",
    "record": "ingest.loaders.markdown",
    "html": "ingest.loaders.html",
    "docx": "ingest.loaders.docx",
    "text": "ingest.loaders.text",
    "yaml": "ingest.loaders.yaml_",
}


def load_document(data: bytes, source: str) -> Document:
    """Return the document in `data`; `source` is its path relative to its root. Raise DocumentError with the reason."""
    kind = detect(data, source)
    if kind is None:
        raise DocumentError(f"{source}: {skip_reason(source)}.", f"Save it as one of {', '.join(sorted(SUFFIXES))}.")
    document = _load(kind, data, source)
    return document if document.language else replace(document, language=document_language(document))


def loader_version(kind: str) -> str:
    """Return what changes whenever documents of this kind would be read differently than before."""
    return f"{kind}-{importlib.import_module(_LOADERS[kind]).VERSION}.{_VERSION}"


def _load(kind: str, data: bytes, source: str) -> Document:
    try:
        return cast(Document, importlib.import_module(_LOADERS[kind]).load(data, source))
    except (DocumentError, MemoryError, ImportError):
        raise
    except Exception as error:  # a border: parsers fail in ways that they do not document
        _logger.warning("%s cannot be read as %s.", source, kind, exc_info=True)
        reason = f"{type(error).__name__}: {error}"[:200]
        raise DocumentError(
            f"{source} cannot be read as {kind} ({reason}).", "Open and save it again, or leave it out."
        ) from error
