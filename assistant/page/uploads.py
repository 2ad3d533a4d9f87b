"""Files that are put in through the page: checked again on this side, for a browser can be made to send anything."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from knowledge_base.errors import DocumentError, KnowledgeBaseError
from knowledge_base.file_types import SUFFIXES, detect, skip_reason
from knowledge_base.files import replace_file, require_free_space, sha256, storage_errors, sync_directory
from knowledge_base.settings import Settings

ROOT = "uploads"
LONGEST_NAME = 180  # bytes: room for what is written beside a file while it is replaced
LONGEST_SUFFIX = 20
MOST_AT_ONCE = 100
_SPARE_BYTES = 64 << 20
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_DIRECTIONS = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"}

UploadState = Literal["waiting", "changed", "going"]


class SentFile(Protocol):
    """A file as the page was sent it."""

    name: str
    size: int

    def getvalue(self) -> bytes:
        """Return its bytes."""
        ...


class Outcome(NamedTuple):
    """What became of a file that was sent: put in (`replaced` another of that name), or refused with the reason."""

    name: str
    is_in: bool
    replaced: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file below `uploads` that the index does not hold as it is; `going` is one that it holds and that is not there."""

    source: str
    state: UploadState


def put_in(settings: Settings, files: Sequence[SentFile]) -> list[Outcome]:
    """Put files into `uploads`, each checked by its content; one that is refused does not keep the others out.

    Raise KnowledgeBaseError where they are too many or too large together, and StorageError where nothing can be written.
    """
    folder = settings.data_dir / ROOT
    _require_room(settings, folder, files)
    with storage_errors(settings.data_dir):
        folder.mkdir(parents=True, exist_ok=True)
        require_free_space(settings.data_dir, _SPARE_BYTES + sum(file.size for file in files))
        return [_put(folder, file, settings.max_file_mb) for file in files]


def _require_room(settings: Settings, folder: Path, files: Sequence[SentFile]) -> None:
    if len(files) > MOST_AT_ONCE:
        raise KnowledgeBaseError(f"{len(files)} files were sent; {MOST_AT_ONCE} at once are taken.", "Send them in parts.")
    replaced = {folder / clean_name(file.name) for file in files}
    there = sum(path.stat().st_size for path in _files(folder) if path not in replaced)
    total = there + sum(file.size for file in files)
    if total > settings.max_uploads_mb << 20:
        raise KnowledgeBaseError(
            f"With these files there would be {total / 1e6:.0f} MB of uploads; {settings.max_uploads_mb} MB are allowed.",
            "Remove some that are not needed, or raise PARISCALL_MAX_UPLOADS_MB.",
        )


def _put(folder: Path, file: SentFile, max_mb: int) -> Outcome:
    name = clean_name(file.name)
    try:
        data = _checked(file, name, max_mb)
    except DocumentError as error:
        return Outcome(name, False, reason=str(error))
    target = folder / name
    if target.is_dir() or target.is_symlink():
        return Outcome(name, False, reason=f"A folder or link named {name} is in the way. Give the file another name.")
    replaced = target.exists()
    replace_file(target, data)
    return Outcome(name, True, replaced)


def _checked(file: SentFile, name: str, max_mb: int) -> bytes:
    """Return the bytes of a file that can be read; raise DocumentError with the reason."""
    if file.size > max_mb << 20:
        raise DocumentError(f"{name} is larger than {max_mb} MB.", "Split it, or raise PARISCALL_MAX_FILE_MB.")
    data = file.getvalue()
    if detect(data, name) is None:
        raise DocumentError(f"{name}: {skip_reason(name)}.", f"These are: {', '.join(sorted(SUFFIXES))}.")
    return data


def clean_name(name: str) -> str:
    """Return a name that is a file's own on every system: no folder, no control, no mark that hides its end, not too long."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in base if c not in _DIRECTIONS and unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    plain = _FORBIDDEN.sub("_", " ".join(shown.split())).lstrip(".~ ").rstrip(". ")
    stem, suffix = os.path.splitext(plain or "document")
    suffix = _shortened(suffix, LONGEST_SUFFIX)
    return f"{_shortened(stem, LONGEST_NAME - len(suffix.encode()))}{suffix}"


def _shortened(text: str, most: int) -> str:
    return text.encode()[: max(1, most)].decode(errors="ignore").rstrip()


def remove(settings: Settings, source: str) -> None:
    """Delete the file of an upload; the next sync takes it out of the index. Nothing happens where it is gone already."""
    path = _path(settings, source)
    with storage_errors(settings.data_dir):
        if path.is_file():
            path.unlink()
            sync_directory(path.parent)


def _path(settings: Settings, source: str) -> Path:
    root, _, rest = source.partition("/")
    if root != ROOT or not rest or ".." in Path(rest).parts or Path(rest).is_absolute():
        raise KnowledgeBaseError(f"{source} was not put in through the page.", "Remove it from its own folder.")
    return settings.data_dir / ROOT / rest


def is_upload(source: str) -> bool:
    """Say whether a document was put in through the page."""
    return source.startswith(f"{ROOT}/")


def waiting(settings: Settings, indexed: Mapping[str, str], failed: Mapping[str, str]) -> list[Upload]:
    """Return the uploads that the index does not hold as they are, and those that it holds and that are gone.

    `indexed` and `failed` map the sources that the index knows to their content hashes.
    """
    folder = settings.data_dir / ROOT
    known = {source: digest for source, digest in (dict(indexed) | dict(failed)).items() if is_upload(source)}
    found = {f"{ROOT}/{path.relative_to(folder).as_posix()}": path for path in _files(folder) if not skip_reason(path.name)}
    states = {source: _state(path, known.get(source)) for source, path in found.items()}
    listed = [Upload(source, state) for source, state in states.items() if state]
    return sorted([*listed, *(Upload(s, "going") for s in known if s not in found)], key=lambda upload: upload.source)


def _state(path: Path, known: str | None) -> UploadState | None:
    if known is None:
        return "waiting"
    status = path.stat()
    return None if _digest(path, status.st_size, status.st_mtime_ns) == known else "changed"


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified: int) -> str:
    """Return a file's SHA-256; it is kept as long as size and time of the last change are the same."""
    return sha256(path)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that a sync would look at: not hidden, not behind links."""
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and not path.is_symlink()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ):
            yield path
