"""Where a document has left its text: under which names, in which generations, in which files."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError
from knowledge_base.files import replace_file
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import CATALOG, read_manifest

log = logging.getLogger(__name__)

OWN_ROOTS = frozenset({"uploads", "official"})
"""Roots whose files lie in the data directory, and may be deleted there."""

_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known of a document: `names` are the sources that it had, `hashes` those of its bytes that no other document has.

    `generations` hold it (or cannot be read, so that nobody knows); `texts` are its passages, `copies` other documents of the
    published generation with the same bytes.
    """

    source: str
    names: frozenset[str]
    hashes: frozenset[str]
    generations: tuple[str, ...]
    files: tuple[Path, ...]
    copies: tuple[str, ...]
    texts: frozenset[str]
    remaining: frozenset[str]

    def hold(self, source: str, text: str) -> bool:
        """Return whether text that was cited from a source is the document's."""
        return source in self.names or (source not in self.remaining and text in self.texts)


def find_traces(settings: Settings, source: str, names: Collection[str] = (), hashes: Iterable[str] = ()) -> Traces:
    """Look for a document, and for what is known already of its `names` and `hashes`; raise where nothing is known of it."""
    folder = settings.data_dir / "generations"
    contents = {path.name: _contents(path) for path in sorted(folder.glob("*")) if path.is_dir()}
    current = current_id(settings.data_dir)
    live = contents.get(current or "") or {}
    all_names, all_hashes = _followed(contents.values(), live, {source, *names}, set(hashes))
    remaining = {name: digest for name, digest in live.items() if name not in all_names}
    own = frozenset(all_hashes - set(remaining.values()))
    holding, texts = [], set()
    for generation, found in contents.items():
        holders = [name for name, digest in (found or {}).items() if name in all_names or digest in own]
        if found is None or holders:
            holding.append(generation)
        if holders:
            with Catalog.read(folder / generation / CATALOG) as catalog:
                texts |= {passage.text for name in holders for passage in catalog.all_passages(name)}
    files = _files(settings, current, all_names)
    if not (files or source in names) and not any(source in found for found in contents.values() if found):
        from rapidfuzz import fuzz, process

        near = process.extract(source, list(live), scorer=fuzz.WRatio, limit=_NEAREST, score_cutoff=60)
        hint = f"Did you mean {', '.join(name for name, _, _ in near)}? " if near else ""
        raise KnowledgeBaseError(
            f"{settings.data_dir} holds no document {source!r}.", f"{hint}`python -m ingest health` lists the documents."
        )
    copies = sorted(name for name, digest in remaining.items() if digest in all_hashes)
    return Traces(
        source, frozenset(all_names), own, tuple(holding), tuple(files), tuple(copies), frozenset(texts), frozenset(remaining)
    )


def _contents(generation: Path) -> dict[str, str] | None:
    """Return the content hash of each document, and of each file that failed, by source; None where it cannot be read."""
    try:
        with Catalog.read(generation / CATALOG) as catalog:
            failed = {failure.source: failure.content_hash for failure in catalog.failures()}
            return failed | {source: digest for source, (digest, _) in catalog.content_hashes().items()}
    except (DamagedIndexError, sqlite3.Error) as error:
        log.warning("Generation %s cannot be read (%s).", generation.name, error)
        return None


def _followed(
    contents: Iterable[Mapping[str, str] | None], live: Mapping[str, str], names: set[str], hashes: set[str]
) -> tuple[set[str], set[str]]:
    """Follow a document through its renames: sources with its bytes that are not another document's today, and their bytes."""
    entries = {entry for found in contents if found for entry in found.items() if entry[1]}
    while True:
        more_hashes = hashes | {digest for source, digest in entries if source in names}
        more_names = names | {source for source, digest in entries if digest in more_hashes and source not in live}
        if (more_names, more_hashes) == (names, hashes):
            return names, hashes
        names, hashes = more_names, more_hashes


def _files(settings: Settings, current: str | None, names: Iterable[str]) -> list[Path]:
    """Return the document's files in the data directory; raise where one lies in a folder that is not ours to change."""
    folder = read_manifest(settings.data_dir / "generations" / current).folder if current else None
    found = []
    for name in sorted(names):
        root, _, rest = name.partition("/")
        place = Path(folder) if folder else settings.roots.get(root)
        path = place / (name if folder else rest) if place else None
        if path is None or not path.is_file() or ".." in path.parts:
            continue
        if folder or root not in OWN_ROOTS:
            raise KnowledgeBaseError(
                f"{name} still lies in its folder, so that the next sync would bring it back: {path}.",
                "Delete that file or move it away, then forget the document again.",
            )
        found.append(path)
    return found


def evaluations_that_hold(data_dir: Path, names: Iterable[str]) -> list[Path]:
    """Return the runs below DATA_DIR/evaluations of which a file names the document: it holds passages of it."""
    marks, runs = _marks(names), []
    for run in sorted((data_dir / "evaluations").glob("*")):
        files = [run] if run.is_file() else [file for file in run.rglob("*") if file.is_file()]
        if run != _own_questions(data_dir) and any(mark in file.read_bytes() for file in files for mark in marks):
            runs.append(run)
    return runs


def questions_that_hold(data_dir: Path, names: Iterable[str]) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of the reader's own test questions that quote the document, and the others."""
    marks, path = _marks(names), _own_questions(data_dir)
    holding: list[bytes] = []
    others: list[bytes] = []
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else []:
        (holding if any(mark in line for mark in marks) else others).append(line)
    return holding, others


def erase_questions(data_dir: Path, names: Iterable[str]) -> int:
    """Erase the reader's own test questions that quote the document; return how many."""
    path = _own_questions(data_dir)
    if not path.is_file():
        return 0
    with FileLock(path.with_suffix(".lock")):
        erased, kept = questions_that_hold(data_dir, names)
        if erased:
            replace_file(path, b"".join(kept))
    return len(erased)


def _own_questions(data_dir: Path) -> Path:
    return data_dir / "evaluations" / "questions.jsonl"


def _marks(names: Iterable[str]) -> list[bytes]:
    """Return the names as JSON writes them."""
    return [form.encode() for name in names for form in (json.dumps(name), json.dumps(name, ensure_ascii=False))]
