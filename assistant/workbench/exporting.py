"""Answers in every form in which they are taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.answers import Answer, ExportFormat
from assistant.workbench.bibliography import as_bibtex, as_csl
from assistant.workbench.bundle import pack
from assistant.workbench.docx_notes import as_docx
from assistant.workbench.notes import Cited, as_html, as_markdown, lay_out

ENDINGS: dict[ExportFormat, str] = {"docx": "docx", "md": "md", "html": "html", "bibtex": "bib", "csl": "json", "bundle": "zip"}


def written(answers: Sequence[Answer], format_: ExportFormat, cited: Cited, originals: Path | None = None) -> bytes:
    """Return the bytes of a file that holds answers; `originals`, for a bundle, is where the documents' own bytes are kept."""
    writers: dict[ExportFormat, Callable[[], bytes]] = {
        "docx": lambda: as_docx(lay_out(answers, cited)),
        "md": lambda: as_markdown(lay_out(answers, cited)).encode(),
        "html": lambda: as_html(lay_out(answers, cited)).encode(),
        "bibtex": lambda: as_bibtex(cited.references()).encode(),
        "csl": lambda: as_csl(cited.references()).encode(),
        "bundle": lambda: pack(answers, cited, originals),
    }
    return writers[format_]()
