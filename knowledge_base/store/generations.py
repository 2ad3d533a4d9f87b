"""Generations: published, immutable copies of catalog and vectors, and the pointer that names the one in force.

DATA_DIR/CURRENT               name of the published generation; replaced, never edited
DATA_DIR/lock                  one writer
DATA_DIR/building/             the generation under way
DATA_DIR/generations/<id>/     catalog.sqlite3, chroma/, manifest.json
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, NoIndexError, StorageError
from knowledge_base.files import Closing, replace_file, sync_directory
from knowledge_base.platform_limits import FolderHold
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.manifest import (
    CATALOG,
    CHROMA,
    LISTING,
    MANIFEST,
    Manifest,
    check,
    check_catalog,
    checksums,
    look,
    looks,
    read_manifest,
    write_manifest,
)
from knowledge_base.store.vectors import VectorStore, copy_files, listing

log = logging.getLogger(__name__)
BUILDING = "building"
_MOST_DIGITS = 18


class Generation(Closing):
    """A published generation held open for reading; others may publish meanwhile, this one stays until it is closed.

    `notices` say what a reader must know of it: that it was repaired, or replaces a damaged one.
    """

    def __init__(self, path: Path, manifest: Manifest, hold: FolderHold) -> None:
        self.path = path
        self.manifest = manifest
        self._looks = looks(path, manifest)
        self.catalog = Catalog.read(path / CATALOG)
        self._hold = hold
        self._vectors: VectorStore | None = None
        self.notices: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the generation's name."""
        return self.manifest.id

    @property
    def vectors(self) -> VectorStore:
        """Open the vectors at first use: importing Chroma takes most of a second."""
        if self._vectors is None:
            self._vectors = VectorStore.search(self.path / CHROMA)
            self._looks[LISTING] = look(self.path / LISTING)  # which Chroma rewrites whenever it opens it
        return self._vectors

    def check(self) -> None:
        """Raise DamagedIndexError where it is not what was published any more; files that look as they did are not read."""
        found = looks(self.path, self.manifest)
        if found != self._looks:
            check(self.path, self.manifest)
            self._looks = found

    def close(self) -> None:
        """Close the files and let go of the generation."""
        self.catalog.close()
        if self._vectors is not None:
            self._vectors.close()
        self._hold.close()


def current_id(data_dir: Path) -> str | None:
    """Return the name of the published generation, or None where nothing has been published."""
    try:
        name = (data_dir / "CURRENT").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        if not any((data_dir / "generations").glob(f"*/{MANIFEST}")):
            return None
        raise DamagedIndexError(f"{data_dir / 'CURRENT'}, which names the generation in force, is missing.") from error
    except NotADirectoryError as error:
        raise StorageError(
            f"The data directory {data_dir} is a file, not a folder.", "Choose a folder with --data-dir or PARISCALL_DATA_DIR."
        ) from error
    except PermissionError as error:
        raise StorageError(f"The data directory {data_dir} cannot be read.", "Give this user the right to read it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedIndexError(
            f"{data_dir / 'CURRENT'} cannot be read: {error}.", "Name a generation with `python -m ingest rollback`."
        ) from error
    if not name:
        raise DamagedIndexError(f"{data_dir / 'CURRENT'}, which names the generation in force, is empty.")
    return name


def open_generation(data_dir: Path, generation_id: str | None = None, *, text_only: bool = False) -> Generation:
    """Open the published generation, or the one named, after checking its files against their checksums.

    The one named may be built and sealed but not yet published: `sync --gate` has it evaluated before the swap.
    `text_only` leaves its vectors unchecked: for what reads the catalog alone.
    """
    while True:
        name = generation_id or current_id(data_dir)
        if name is None:
            raise NoIndexError(f"There is no index in {data_dir} yet.", "Build one with `python -m ingest sync`.")
        try:
            return _opened(data_dir, name, check_catalog if text_only else check)
        except DamagedIndexError:
            if generation_id or current_id(data_dir) == name:
                raise
            log.info("Generation %s was replaced while it was opened.", name)


def _opened(data_dir: Path, name: str, check_files: Callable[[Path, Manifest], None]) -> Generation:
    path = _place(data_dir, name)
    try:
        hold = FolderHold(path)  # which keeps it from being removed while it is open
    except FileNotFoundError as error:
        raise DamagedIndexError(f"The generation {path.name!r} is gone.") from error
    try:
        hold.take(shared=True, patience=None)
        manifest = read_manifest(path)
        check_files(path, manifest)
        return Generation(path, manifest, hold)
    except BaseException:
        hold.close()
        raise


def _place(data_dir: Path, name: str) -> Path:
    """Return the directory of a generation: among the published ones, else the one being built where it is sealed."""
    path, built = data_dir / "generations" / name, data_dir / BUILDING
    if is_name(name) and path.is_dir():
        return path
    if (built / MANIFEST).is_file() and read_manifest(built).id == name:
        return built
    raise DamagedIndexError(f"The generation {name[:80]!r} is not in {data_dir}.")


def list_generations(data_dir: Path) -> list[Manifest]:
    """Return the manifests of the generations that are there and readable, oldest first."""
    found = []
    for path in sorted((data_dir / "generations").glob("*")):
        try:
            found.append(read_manifest(path))
        except DamagedIndexError:
            continue
    return found


def size_on_disk(path: Path) -> int:
    """Return the bytes of all files under `path`."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@contextmanager
def building(data_dir: Path, based_on: str | None) -> Iterator[Path]:
    """Give a directory to build the next generation in: a copy of `based_on`, or empty; removed unless it was published."""
    path = data_dir / BUILDING
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        if based_on:  # whole bytes, never hard links, for Chroma writes in place; its SQLite file by the backup API
            import sqlite3

            source = data_dir / "generations" / based_on
            shutil.copyfile(source / CATALOG, path / CATALOG)
            copy_files(source / CHROMA, path / CHROMA, leave_out="chroma.sqlite3")
            with closing(sqlite3.connect(source / LISTING)) as reader, closing(sqlite3.connect(path / LISTING)) as writer:
                reader.backup(writer)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def next_id(data_dir: Path) -> str:
    """Return the name of the next generation: a number that never goes back, whatever the clock says."""
    numbers = [int(path.name) for path in (data_dir / "generations").glob("*") if is_name(path.name)]
    return f"{max(numbers, default=0) + 1:06d}"


def is_name(name: str) -> bool:
    """Return whether this can be the name of a generation: a number."""
    return name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS


def seal(path: Path, manifest: Manifest) -> Manifest:
    """Write the manifest with the checksums of the built files, everything flushed to disk."""
    listed = listing(path / CHROMA)
    sealed = replace(manifest, checksums=checksums(path), vectors=listed.vectors, rows=listed.rows)
    for file in (file for file in path.rglob("*") if file.is_file()):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    write_manifest(path, sealed)
    for directory in (path, *(p for p in path.rglob("*") if p.is_dir())):
        sync_directory(directory)
    return sealed


def publish(data_dir: Path, built: Path, manifest: Manifest) -> None:
    """Move a sealed generation into place and make it the current one: the swap is one rename."""
    generations = data_dir / "generations"
    generations.mkdir(exist_ok=True)
    os.rename(built, generations / manifest.id)
    sync_directory(generations)
    point_to(data_dir, manifest.id)


def point_to(data_dir: Path, generation_id: str) -> None:
    """Make a generation the current one."""
    replace_file(data_dir / "CURRENT", f"{generation_id}\n".encode("ascii"))


def roll_back(data_dir: Path) -> Manifest:
    """Make the newest intact generation before the current one the current one, and return its manifest."""
    try:
        name = current_id(data_dir)
    except DamagedIndexError as error:
        log.warning("%s The newest intact generation is taken.", error.message)
        name = None
    older = [m for m in list_generations(data_dir) if name is None or m.id < name]
    for manifest in reversed(older):
        try:
            check(data_dir / "generations" / manifest.id, manifest)
        except DamagedIndexError:
            continue
        point_to(data_dir, manifest.id)
        return manifest
    raise KnowledgeBaseError(
        f"There is no intact generation before {name or 'the first'} in {data_dir}.", "Build one with `python -m ingest sync`."
    )


def prune(data_dir: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` generations; the current one and any that a reader holds stay. Return their names."""
    current = current_id(data_dir)
    paths = sorted(path for path in (data_dir / "generations").glob("*") if path.is_dir())
    removed = []
    for path in paths[:-keep]:
        with closing(FolderHold(path)) as hold:
            if path.name != current and hold.take():
                shutil.rmtree(path)
                removed.append(path.name)
    return removed


def held_generations(data_dir: Path) -> list[str]:
    """Return the names of the generations that a reader holds open, in this process or another."""
    held = []
    for path in sorted(path for path in (data_dir / "generations").glob("*") if path.is_dir()):
        with closing(FolderHold(path)) as hold:
            if not hold.take():
                held.append(path.name)
    return held


def now() -> str:
    """Return the time as an ISO string in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
