"""Find the files of the roots: regular files, no way out of a root, in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import KnowledgeBaseError

BUILT_IN = frozenset({"briefs", "official", "uploads"})
_LOCK_FILE_PREFIXES = ("~$", ".~lock.")


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


def scan_folder(folder: Path) -> Iterator[FoundFile | SkippedFile]:
    """Yield the files of one folder; a source is its path relative to it."""
    if not folder.is_dir():
        kind = "is not a folder" if folder.exists() else "does not exist"
        raise KnowledgeBaseError(f"{folder} {kind}.", "Name the folder that holds the documents.")
    yield from _walk(folder, folder.resolve(), prefix="")


def scan_roots(roots: Mapping[str, Path]) -> Iterator[FoundFile | SkippedFile]:
    """Yield the files of all configured roots; a source is `<root>/<path>`."""
    for name, folder in roots.items():
        if folder.is_dir():
            yield from _walk(folder, folder.resolve(), prefix=f"{name}/")
        elif name not in BUILT_IN:
            raise KnowledgeBaseError(
                f"The folder {folder} of the root {name!r} does not exist.",
                "Mount or create it, or take it out of PARISCALL_DOCUMENTS.",
            )


def _walk(folder: Path, root: Path, prefix: str) -> Iterator[FoundFile | SkippedFile]:
    for entry in sorted(os.scandir(folder), key=lambda e: os.fsencode(e.name)):
        source = prefix + _printable(entry.name)
        reason = _reason_to_skip(entry, root)
        if reason:
            yield SkippedFile(source, reason)
        elif entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield from _walk(Path(entry.path), root, f"{source}/")
        else:
            yield FoundFile(source, Path(entry.path))


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _reason_to_skip(entry: os.DirEntry[str], root: Path) -> str | None:
    """Return why an entry is passed over, or None for a folder to enter or a file to read."""
    if _printable(entry.name) != entry.name:
        return "its name is not valid UTF-8; rename it"
    if entry.name.startswith(_LOCK_FILE_PREFIXES):
        return "it is another program's lock file"
    if entry.is_symlink():
        return _reason_to_skip_link(Path(entry.path), root)
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return "it is hidden (its name begins with a dot)" if entry.name.startswith(".") else None


def _reason_to_skip_link(path: Path, root: Path) -> str | None:
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(root):
        return "it is a link out of the folder"
    if target.is_dir():
        return "it is a link to a folder"
    return None if target.is_file() else "it is a link to nothing that can be read"
