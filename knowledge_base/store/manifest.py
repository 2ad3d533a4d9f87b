"""The manifest of a generation: what it was made of and with; and whether its files are still those that were published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from knowledge_base import files
from knowledge_base.errors import DamagedIndexError, DamagedVectorsError
from knowledge_base.files import replace_file, require_inside
from knowledge_base.store.vectors import lasting_files, listing

MANIFEST = "manifest.json"
CATALOG = "catalog.sqlite3"
CHROMA = "chroma"
LISTING = f"{CHROMA}/chroma.sqlite3"
FORMAT = 1

Look = tuple[int, int, int] | None
"""Of a file seen from outside: its place on disk, size and date; None where it is gone."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made of and with.

    `folder` is None for an index of the configured roots, else the one folder it was made of. `checksums` maps a file's path in
    the generation to its SHA-256; chroma.sqlite3, which Chroma rewrites whenever it opens it, is held by the number of
    `vectors` of all kinds and the SHA-256 of its `rows` (None: not known). `worn` counts the deleted vectors whose place
    Chroma has not given back.
    """

    id: str
    created: str
    folder: str | None
    model_id: str
    dimension: int
    chunking: int
    counts: dict[str, int]
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT
    vectors: int | None = None
    worn: int = 0
    rows: str | None = None


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the generation in the directory `path`; raise DamagedIndexError where it has changed."""
    try:
        fields = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        seal = fields.pop("seal", None)
        manifest = Manifest(**fields)
        _require_types(manifest)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedIndexError(f"The manifest of generation {path.name} cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise DamagedIndexError(f"Generation {path.name} has format {manifest.format}; this program reads {FORMAT}.")
    is_elsewhere = path.parent.name == "generations" and manifest.id != path.name
    if is_elsewhere or seal not in (None, seal_of(asdict(manifest))):
        raise DamagedIndexError(f"The manifest of generation {path.name} has changed on disk.")
    return manifest


def _require_types(manifest: Manifest) -> None:
    """Raise ValueError where a field is not what its name says, or a checksum is one of a file elsewhere."""
    texts = [manifest.id, manifest.created, manifest.model_id, manifest.folder or "", manifest.rows or ""]
    numbers = [manifest.dimension, manifest.chunking, manifest.format, manifest.worn, manifest.vectors or 0]
    texts += manifest.checksums.values()
    numbers += manifest.counts.values()
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise ValueError("a field is of another type")
    for name in manifest.checksums:
        require_inside(name)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the manifest of the generation in the directory `path`, with a checksum of its own."""
    fields = asdict(manifest)
    replace_file(path / MANIFEST, json.dumps(fields | {"seal": seal_of(fields)}, indent=1).encode())


def seal_of(fields: Mapping[str, object]) -> str:
    """Return the checksum that a manifest or an archive's list carries of its own fields."""
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def checksums(path: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a generation that must never change, by its relative path."""
    return {str(file.relative_to(path)): files.sha256(file) for file in [path / CATALOG, *lasting_files(path / CHROMA)]}


def looks(path: Path, manifest: Manifest) -> dict[str, Look]:
    """Return how each file of a generation looks from outside."""
    return {name: look(path / name) for name in (*manifest.checksums, LISTING)}


def look(file: Path) -> Look:
    """Return how a file looks from outside."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def check(path: Path, manifest: Manifest) -> None:
    """Raise where the generation in `path` is not what was published: DamagedVectorsError where its catalog is."""
    check_catalog(path, manifest)
    check_vectors(path, manifest)


def check_catalog(path: Path, manifest: Manifest) -> None:
    """Raise DamagedIndexError where the catalog is not the one that was published."""
    problem = _difference(path, CATALOG, manifest)
    if problem:
        raise DamagedIndexError(problem)


def check_vectors(path: Path, manifest: Manifest) -> None:
    """Raise DamagedVectorsError where the vectors are not those that were published."""
    for name in manifest.checksums:
        problem = _difference(path, name, manifest) if name != CATALOG else None
        if problem:
            raise DamagedVectorsError(problem)
    try:
        found = listing(path / CHROMA)
    except DamagedIndexError as error:
        raise DamagedVectorsError(error.message) from error
    if manifest.vectors not in (None, found.vectors):
        published = f"published with {manifest.vectors} vectors and has {found.vectors}"
        raise DamagedVectorsError(f"The index is damaged: generation {manifest.id} was {published}.")
    if manifest.rows not in (None, found.rows):
        raise DamagedVectorsError(f"The index is damaged: chroma.sqlite3 of generation {manifest.id} has changed on disk.")


def _difference(path: Path, name: str, manifest: Manifest) -> str | None:
    """Return how a file differs from what was published, or None."""
    try:
        found = files.sha256(path / name)
    except FileNotFoundError:
        return f"The index is damaged: {name} of generation {manifest.id} is missing."
    except OSError as error:
        return f"The index is damaged: {name} of generation {manifest.id} cannot be read: {error.strerror}."
    if found == manifest.checksums.get(name):
        return None
    return f"The index is damaged: {name} of generation {manifest.id} has changed on disk."
