"""Back up a data directory into one file, and put it back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import storage_errors, sync_directory, writer_lock
from knowledge_base.generations import current_id, held_generations, open_generation
from knowledge_base.snapshots import Snapshot, pack, unpack
from knowledge_base.vector_shards import SHARDS

_LEFT_OUT = frozenset({"lock", "lock.holder", "building", SHARDS})
_PASSING = (".tmp", "-wal", "-shm", "-journal")


def back_up(data_dir: Path, archive: Path, replace: bool = False) -> Snapshot:
    """Write all that a data directory keeps into one file; the page may go on answering meanwhile."""
    if not data_dir.is_dir():
        raise KnowledgeBaseError(f"There is no data directory {data_dir}.", "Name it with --data-dir or PARISCALL_DATA_DIR.")
    if archive.resolve().is_relative_to(data_dir.resolve()):
        raise KnowledgeBaseError(f"{archive} lies in the data directory itself.", "Choose a place outside of it.")
    with writer_lock(data_dir):
        if current_id(data_dir):
            open_generation(data_dir).close()  # a damaged index is not worth keeping without a word
        return pack(archive, "backup", data_dir.resolve().name, dict(_files(data_dir)), replace)


def restore(archive: Path, data_dir: Path, replace: bool = False) -> Snapshot:
    """Make the data directory what the archive holds, in one step; one that holds anything is replaced only if `replace`."""
    target = data_dir.resolve()
    if _holds_anything(target) and not replace:
        raise KnowledgeBaseError(f"{data_dir} holds something already.", "Choose another --data-dir, or use --replace.")
    _require_unused(target)
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(mkdtemp(prefix=f".{target.name}.restoring-", dir=target.parent))
    try:
        snapshot = unpack(archive, "backup", staged)
        if current_id(staged):
            open_generation(staged).close()
        _swap(staged, target)
        return snapshot
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _files(data_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file to keep with its path in the archive; links are not followed."""
    for folder, names, files in os.walk(data_dir):
        here = Path(folder)
        if here == data_dir:
            names[:] = [name for name in names if name not in _LEFT_OUT]
            files = [name for name in files if name not in _LEFT_OUT]
        names.sort()
        for name in sorted(files):
            file = here / name
            if file.is_file() and not file.is_symlink() and not name.endswith(_PASSING):
                yield file.relative_to(data_dir).as_posix(), file


def _holds_anything(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def _require_unused(data_dir: Path) -> None:
    held = held_generations(data_dir)
    if held:
        raise KnowledgeBaseError(
            f"{data_dir} is in use: its generation {held[0]} is held open.", "End the page and other commands, then try again."
        )


def _swap(staged: Path, target: Path) -> None:
    """Put `staged` in the place of `target`; where that fails, what was there is back."""
    if not target.exists():
        _rename(staged, target)
        return
    with writer_lock(target):
        aside = Path(mkdtemp(prefix=f".{target.name}.replaced-", dir=target.parent))
        _rename(target, aside)
    try:
        _rename(staged, target)
    except BaseException:
        os.rename(aside, target)
        (target / "lock.holder").unlink(missing_ok=True)  # moved away with the lock that it belonged to
        raise
    shutil.rmtree(aside)


def _rename(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
        sync_directory(target.parent)
    except OSError as error:
        raise KnowledgeBaseError(
            f"{target} cannot be replaced: {error.strerror}.",
            "Where it is a mount point, let the data directory be a folder in it.",
        ) from error
