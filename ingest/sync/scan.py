"""Find the files of the roots: regular files, no way out of a root, in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import KnowledgeBaseError

BUILT_IN = frozenset({"briefs", "official", "uploads"})
LOCK_FILE_PREFIXES = ("~$", ".~lock.")
_PERMIT = "Give this user the right to read it."


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read; `source` is what the catalog calls it."""

    source: str
    path: Path


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is passed over, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnreadableFolder:
    """A folder whose files are not known; `source` is its path, and those of its files begin with `<source>/`."""

    source: str
    reason: str


Found = FoundFile | SkippedFile | UnreadableFolder


def require_folder(folder: Path) -> None:
    """Raise where `folder` is none."""
    if not _is_folder(folder):
        kind = "is not a folder" if folder.exists() else "does not exist"
        raise KnowledgeBaseError(f"{folder} {kind}.", "Name the folder that holds the documents.")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise KnowledgeBaseError(f"{path} cannot be read: {error.strerror}.", _PERMIT) from error


def scan_folder(folder: Path, data_dir: Path | None = None) -> Iterator[Found]:
    """Yield the files of one folder, those of the data directory left out; a source is its path relative to the folder."""
    require_folder(folder)
    yield from _walk(folder, folder.resolve(), data_dir and data_dir.resolve(), prefix="")


def scan_roots(roots: Mapping[str, Path], data_dir: Path | None = None) -> Iterator[Found]:
    """Yield the files of all configured roots, those of the data directory left out; a source is `<root>/<path>`."""
    for name, folder in roots.items():
        if _is_folder(folder):
            yield from _walk(folder, folder.resolve(), data_dir and data_dir.resolve(), prefix=f"{name}/")
        elif name not in BUILT_IN:
            raise KnowledgeBaseError(
                f"The folder {folder} of the root {name!r} does not exist.",
                "Mount or create it, or take it out of PARISCALL_DOCUMENTS.",
            )


def _walk(folder: Path, root: Path, data_dir: Path | None, prefix: str) -> Iterator[Found]:
    """Yield what is below `folder`, which lies in `root`; `data_dir` is not entered. Both are resolved."""
    try:
        entries = sorted(os.scandir(folder), key=lambda e: os.fsencode(e.name))
    except OSError as error:
        if folder.resolve() == root:
            raise KnowledgeBaseError(f"The folder {folder} cannot be read: {error.strerror}.", _PERMIT) from error
        yield UnreadableFolder(prefix.rstrip("/"), f"the folder cannot be read: {error.strerror}. {_PERMIT}")
        return
    for entry in entries:
        source = prefix + os.fsencode(entry.name).decode("utf-8", "backslashreplace")
        try:
            reason = _reason_to_skip(entry, root, data_dir)
        except OSError as error:
            reason = f"it cannot be looked at: {error.strerror}"
        if reason:
            yield SkippedFile(source, reason)
        elif not entry.is_dir(follow_symlinks=False):
            yield FoundFile(source, Path(entry.path))
        elif not entry.name.startswith("."):
            yield from _walk(Path(entry.path), root, data_dir, f"{source}/")


def _reason_to_skip(entry: os.DirEntry[str], root: Path, data_dir: Path | None) -> str | None:
    """Return why an entry is passed over, or None for a folder to enter or a file to read."""
    if os.fsencode(entry.name).decode("utf-8", "backslashreplace") != entry.name:
        return "its name is not valid UTF-8; rename it"
    if entry.name.startswith(LOCK_FILE_PREFIXES):
        return "it is another program's lock file"
    if entry.is_symlink():
        target = Path(os.path.realpath(entry.path))
        if not target.is_relative_to(root):
            return "it is a link out of the folder"
        if target.is_dir():
            return "it is a link to a folder"
        return None if target.is_file() else "it is a link to nothing that can be read"
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return "it is the data directory" if Path(entry.path).resolve() == data_dir else None
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return "it is hidden (its name begins with a dot)" if entry.name.startswith(".") else None
