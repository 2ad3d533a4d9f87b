"""Small libraries to index: a folder of documents and the data directory made of it, and the commands as a shell sees them."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import typer

from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from knowledge_base.models.embeddings import Embedder
    from knowledge_base.models.evidence import EvidenceModel

DOCUMENTS = Path(__file__).parent / "data" / "documents"
SOURCES = [
    "charter.md",
    "glossary.yml",
    "lighthouse.html",
    "minutes.txt",
    "supporters/saltholm.md",
    "survey.pdf",
    "tides.docx",
]


@dataclass(frozen=True, slots=True)
class Library:
    """A folder of documents and the data directory of its index."""

    documents: Path
    data_dir: Path

    def copy(self, place: Path) -> Library:
        """Copy both, as if the index had been made of the copied folder."""
        copy = Library(place / "documents", place / "data")
        shutil.copytree(self.documents, copy.documents)
        shutil.copytree(self.data_dir, copy.data_dir)
        for path in (copy.data_dir / "generations").iterdir():
            edit_manifest(path, folder=str(copy.documents.resolve()))
        return copy

    def sync(self, *options: str) -> Outcome:
        return ingest("sync", str(self.documents), "--data-dir", str(self.data_dir), "--json", *options)

    def ask(self, question: str) -> Outcome:
        return assistant("ask", question, "--json", "--data-dir", str(self.data_dir))

    @property
    def generation(self) -> Path:
        return self.data_dir / "generations" / (self.data_dir / "CURRENT").read_text().strip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def edit_manifest(path: Path, **fields: Any) -> None:
    """Change fields of the manifest of the generation in `path`, as if it had been published so."""
    from knowledge_base.store.manifest import read_manifest, write_manifest

    write_manifest(path, replace(read_manifest(path), **fields))


def ingest(*arguments: str) -> Outcome:
    from ingest.__main__ import app, run

    return _outcome(app, run, arguments)


def assistant(*arguments: str) -> Outcome:
    """Run the command in this process; the models are opened once for all tests that ask for the same."""
    from assistant import answering
    from assistant.__main__ import app, run

    with patch.object(answering, "open_embedder", _embedder), patch.object(answering, "open_evidence_model", _evidence_model):
        return _outcome(app, run, arguments)


def _embedder(settings: Settings) -> Embedder:
    return _opened_embedder(settings.embedding_model, settings.cache_dir, settings.embedding_threads)


def _evidence_model(settings: Settings) -> EvidenceModel | None:
    return _opened_evidence_model(settings.evidence_model, settings.cache_dir, settings.embedding_threads)


@cache
def _opened_embedder(model: str, cache_dir: Path, threads: int) -> Embedder:
    from knowledge_base.models.embeddings import open_embedder

    return open_embedder(Settings(embedding_model=model, cache_dir=cache_dir, embedding_threads=threads))


@cache
def _opened_evidence_model(model: str, cache_dir: Path, threads: int) -> EvidenceModel | None:
    from knowledge_base.models.evidence import open_evidence_model

    return open_evidence_model(Settings(evidence_model=model, cache_dir=cache_dir, embedding_threads=threads))


def _outcome(app: typer.Typer, run: Callable[[Callable[[], Any]], Any], arguments: tuple[str, ...]) -> Outcome:
    out, error = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(error):
            run(lambda: app(list(arguments), prog_name="program"))
    except SystemExit as end:
        return Outcome(int(end.code or 0), out.getvalue(), error.getvalue())
    raise AssertionError("a command ends with an exit code")


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below `folder`, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
