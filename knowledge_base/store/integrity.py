"""Whether the files of a generation are still what was published."""

from __future__ import annotations

from pathlib import Path

from knowledge_base.errors import DamagedIndexError, DamagedVectorsError
from knowledge_base.files import sha256
from knowledge_base.store.manifest import Manifest
from knowledge_base.store.vectors import lasting_files, listing

CATALOG = "catalog.sqlite3"
CHROMA = "chroma"
LISTING = f"{CHROMA}/chroma.sqlite3"

Look = tuple[int, int, int] | None


def checksums(path: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a generation that must never change, by its relative path."""
    return {str(file.relative_to(path)): sha256(file) for file in [path / CATALOG, *lasting_files(path / CHROMA)]}


def looks(path: Path, manifest: Manifest) -> dict[str, Look]:
    """Return how each file of a generation looks from outside: its place on disk, size and date; None where it is gone."""
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
        found = sha256(path / name)
    except FileNotFoundError:
        return f"The index is damaged: {name} of generation {manifest.id} is missing."
    except OSError as error:
        return f"The index is damaged: {name} of generation {manifest.id} cannot be read: {error.strerror}."
    if found == manifest.checksums.get(name):
        return None
    return f"The index is damaged: {name} of generation {manifest.id} has changed on disk."
