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

from assistant.page.language import decimal, say
from knowledge_base.errors import DocumentError, KnowledgeBaseError
from knowledge_base.file_types import SUFFIXES, detect, skip_reason
from knowledge_base.files import replace_file, require_free_space, sha256, storage_errors, sync_directory
from knowledge_base.settings import Settings

ROOT = "uploads"
LONGEST_NAME = 180  # bytes: room for what is written next to a file while it is replaced
LONGEST_SUFFIX = 20
MOST_AT_ONCE = 100
EXPECTED: set[str] = set()
"""The sessions that show the field which takes files; the server takes a file from no other."""
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, marks of direction and format, lone surrogates, no characters

UploadState = Literal["waiting", "changed", "going", "undone"]


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
    """A file below `uploads` that the index does not hold as it is.

    `going` is one that it holds and that is not there, `undone` one that a roll back took out of the index.
    """

    source: str
    state: UploadState


def put_in(settings: Settings, files: Sequence[SentFile]) -> list[Outcome]:
    """Put files into `uploads`, each checked by its content; one that is refused does not keep the others out.

    Raise KnowledgeBaseError where they are too many or too large together, and StorageError where nothing can be written.
    """
    folder = settings.data_dir / ROOT
    if len(files) > MOST_AT_ONCE:
        raise KnowledgeBaseError(say("upload.too_many", count=len(files), most=MOST_AT_ONCE), say("upload.too_many_remedy"))
    replaced = {folder / clean_name(file.name) for file in files}
    sent = sum(file.size for file in files)
    total = sent + sum(path.stat().st_size for path in _files(folder) if path not in replaced)
    if total > settings.max_uploads_mb << 20:
        raise KnowledgeBaseError(
            say("upload.too_much", size=decimal(total / 1e6, 0), most=settings.max_uploads_mb), say("upload.too_much_remedy")
        )
    with storage_errors(settings.data_dir):
        folder.mkdir(parents=True, exist_ok=True)
        require_free_space(settings.data_dir, sent)
        return [_put(folder, file, settings.max_file_mb) for file in files]


def _put(folder: Path, file: SentFile, max_mb: int) -> Outcome:
    """Put one file in, or refuse it with the reason."""
    name = clean_name(file.name)
    target = folder / name
    if file.size > max_mb << 20:
        return Outcome(name, False, reason=say("upload.too_large", name=name, most=max_mb))
    data = file.getvalue()
    try:
        if detect(data, name) is None:
            return Outcome(name, False, reason=f"{name}: {skip_reason(name)}. These are: {', '.join(sorted(SUFFIXES))}.")
    except DocumentError as error:
        return Outcome(name, False, reason=str(error))
    if target.is_dir() or target.is_symlink():
        return Outcome(name, False, reason=say("upload.in_the_way", name=name))
    replaced = target.exists()
    replace_file(target, data)
    return Outcome(name, True, replaced)


def clean_name(name: str) -> str:
    """Return a name that is a file's own on every system: no folder, no control, no mark that hides its end, not too long."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in base if unicodedata.category(c) not in _UNSEEN)
    plain = _FORBIDDEN.sub("_", " ".join(shown.split())).lstrip(".~ ").rstrip(". ")
    stem, suffix = os.path.splitext(plain or "document")
    suffix = suffix.encode()[:LONGEST_SUFFIX].decode(errors="ignore").rstrip()
    stem = stem.encode()[: LONGEST_NAME - len(suffix.encode())].decode(errors="ignore").rstrip()
    return f"{stem}{suffix}"


def remove(settings: Settings, source: str) -> None:
    """Delete the file of an upload; the next sync takes it out of the index. Nothing happens where it is gone already."""
    root, _, rest = source.partition("/")
    if root != ROOT or not rest or ".." in Path(rest).parts or Path(rest).is_absolute():
        raise KnowledgeBaseError(say("upload.not_here", source=source), say("upload.not_here_remedy"))
    path = settings.data_dir / ROOT / rest
    with storage_errors(settings.data_dir):
        if path.is_file():
            path.unlink()
            sync_directory(path.parent)


def is_upload(source: str) -> bool:
    """Return whether a document was put in through the page."""
    return source.startswith(f"{ROOT}/")


def waiting(
    settings: Settings, indexed: Mapping[str, str], failed: Mapping[str, str], later: Mapping[str, str] | None = None
) -> list[Upload]:
    """Return the uploads that the index does not hold as they are, and those that it holds and that are gone.

    `indexed` and `failed` map the sources that the index knows to their content hashes, `later` those of a newer generation
    that a roll back went behind.
    """
    folder = settings.data_dir / ROOT
    known = {source: digest for source, digest in (dict(indexed) | dict(failed)).items() if is_upload(source)}
    rolled_back = later or {}
    found = {f"{ROOT}/{path.relative_to(folder).as_posix()}": path for path in _files(folder) if not skip_reason(path.name)}
    listed = [Upload(source, "going") for source in known if source not in found]
    for source, path in found.items():
        if source not in known and source not in rolled_back:
            listed.append(Upload(source, "waiting"))
            continue
        status = path.stat()
        digest = _digest(path, status.st_size, status.st_mtime_ns)
        if rolled_back.get(source) == digest != known.get(source):
            listed.append(Upload(source, "undone"))
        elif known.get(source) != digest:
            listed.append(Upload(source, "changed" if source in known else "waiting"))
    return sorted(listed, key=lambda upload: upload.source)


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified: int) -> str:
    """Return a file's SHA-256; it is cached while size and time of the last change are the same."""
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
