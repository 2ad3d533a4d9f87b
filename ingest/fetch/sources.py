"""Read the list of sources: what to fetch, and what each file must be."""

from __future__ import annotations

import datetime
import json
import logging
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from ingest.fetch.archive import is_archive
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.file_types import skip_reason
from knowledge_base.passages import Document
from knowledge_base.settings import LIBRARY, Settings

log = logging.getLogger(__name__)

BUILT_IN_LIST = LIBRARY / "sources.toml"
ROOT = "official"
_REMEDY = "Correct that file; docs/sources.md shows how an entry is written."

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", to_lower=True, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


def _require_plain_path(path: str) -> str:
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or re.search(r"[\\\x00-\x1f]", path):
        raise ValueError(f"{path!r} is not a path below a folder, with '/' between its parts")
    return path


PlainPath = Annotated[str, AfterValidator(_require_plain_path)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedFile(_Entry):
    """One file: what it must be, and for people who read the list, what it is."""

    path: PlainPath
    size: int = Field(ge=0)
    sha256: Sha256
    title: str | None = None
    date: datetime.date | None = None
    language: str | None = None
    licence: str | None = None


class ListedGroup(_Entry):
    """Files that one pattern names: how many they are, and the `combined_hash` of them all."""

    pattern: PlainPath
    count: int = Field(ge=1)
    sha256: Sha256


class Source(_Entry):
    """One address, and what is taken from it: one document, or files out of an archive (.tar.gz)."""

    name: Name
    url: str
    sha256: Sha256 | None = None
    hosts: tuple[str, ...] = ()
    title: str | None = None
    date: datetime.date | None = None
    language: str | None = None
    licence: str | None = None
    institution: str | None = None
    files_url: str | None = None
    file_name: PlainPath | None = None
    folders_dropped: int = Field(default=1, ge=0, le=20)
    take: tuple[str, ...] = ()
    max_mb: int = Field(default=300, ge=1)
    files: tuple[ListedFile, ...] = ()
    groups: tuple[ListedGroup, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not urlsplit(self.url).hostname:
            raise ValueError(f"url {self.url!r} has no host")
        if not self.is_listed and self.sha256 is None:
            raise ValueError("sha256 is missing: without it nobody could tell whether the download is what you meant")
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("files names one path twice")
        if not self.is_archive and (self.is_listed or self.take):
            raise ValueError("files, groups and take are for archives whose address ends in .tar.gz or .tgz")
        if not self.is_archive and ("/" in self.document_name or skip_reason(self.document_name)):
            raise ValueError(f"{self.document_name!r} is no name of a document; give file_name, such as report.pdf")
        return self

    @property
    def is_archive(self) -> bool:
        """Return whether the address is that of an archive."""
        return is_archive(urlsplit(self.url).path)

    @property
    def is_listed(self) -> bool:
        """Return whether the files themselves are listed, each with what it must be."""
        return bool(self.files or self.groups)

    @property
    def document_name(self) -> str:
        """Return the name under which a single document is kept."""
        return self.file_name or unquote(PurePosixPath(urlsplit(self.url).path).name)

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Return the hosts that may be asked: the address's own, and those that the list adds for redirects."""
        return frozenset(host.lower() for host in (urlsplit(self.url).hostname or "", *self.hosts))

    @property
    def fingerprint(self) -> str:
        """Return a hash of all that decides which files are taken and what they must be."""
        checks = self.model_dump(mode="json", include={"sha256", "file_name", "folders_dropped", "take", "groups"})
        files = sorted((file.path, file.sha256) for file in self.files)
        address = None if self.is_listed else self.url
        return sha256(json.dumps([checks, files, address], sort_keys=True).encode()).hexdigest()

    def wants(self, path: str) -> bool:
        """Return whether a file of the archive is taken."""
        if self.is_listed:
            return path in {file.path for file in self.files} or any(covers(group.pattern, path) for group in self.groups)
        if self.take:
            return any(covers(pattern, path) for pattern in self.take)
        return skip_reason(path) is None


def listed_files(settings: Settings) -> dict[str, ListedFile]:
    """Map the SHA-256 of each listed file to what the list says of it; empty where the list cannot be read."""
    try:
        sources = read_source_list(settings).values()
    except KnowledgeBaseError as error:
        log.warning("%s Titles and dates are taken from the files.", error.message)
        return {}
    return {file.sha256: file for source in sources for file in source.files}


def as_listed(document: Document, listed: Mapping[str, ListedFile]) -> Document:
    """Return a document with the title and the date that the list of sources gives it, where it is listed."""
    file = listed.get(document.content_hash)
    if file is None:
        return document
    date = file.date.isoformat() if file.date else document.date
    return replace(document, title=file.title or document.title, date=date)


def read_source_list(settings: Settings) -> dict[str, Source]:
    """Return the sources by name: of the built-in list, then of the user's (`PARISCALL_SOURCES`, else DATA_DIR/sources.toml).

    An entry of the user's that has a built-in name changes only the fields that it gives: another `url` makes it a mirror,
    checked against the same checksums. Raise KnowledgeBaseError with the entry and the field that is not usable.
    """
    built_in = _read_tables(BUILT_IN_LIST)
    usual = settings.data_dir / "sources.toml"
    own_list = settings.sources or (usual if usual.exists() else None)
    own = _read_tables(own_list) if own_list else {}
    sources = {}
    for name in [*built_in, *(name for name in own if name not in built_in)]:
        try:
            sources[name] = Source.model_validate({**built_in.get(name, {}), **own.get(name, {})})
        except ValidationError as error:
            places = [(".".join(map(str, problem["loc"])), problem["msg"]) for problem in error.errors()]
            problems = "; ".join(f"{place}: {words}" if place else words for place, words in places)
            path = own_list if name in own else BUILT_IN_LIST
            raise KnowledgeBaseError(f"The source {name!r} in {path} is not usable: {problems}.", _REMEDY) from error
    return sources


def covers(pattern: str, path: str) -> bool:
    """Return whether a pattern names a path: `*` stands within one part of it; `folder/` names all that is below."""
    if pattern.endswith("/"):
        return path.startswith(pattern)
    patterns, parts = pattern.split("/"), path.split("/")
    return len(patterns) == len(parts) and all(map(fnmatchcase, parts, patterns))


def combined_hash(hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 over `<sha256>  <path>` lines, sorted by path: what `sha256sum FILES | sha256sum` prints."""
    lines = (f"{digest}  {path}\n" for path, digest in sorted(hashes.items(), key=lambda item: item[0].encode()))
    return sha256("".join(lines).encode()).hexdigest()


def _read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """Return the fields of each [[source]] of a list, by its name."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeBaseError(f"The list of sources {path} is not valid TOML: {error}.", _REMEDY) from error
    except OSError as error:
        raise KnowledgeBaseError(f"The list of sources {path} cannot be read: {error.strerror}.", _REMEDY) from error
    tables = found.pop("source", [])
    if found or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise KnowledgeBaseError(f"The list of sources {path} may hold only [[source]] entries.", _REMEDY)
    by_name = {str(table.get("name", "")): table for table in tables}
    if len(by_name) < len(tables):
        raise KnowledgeBaseError(f"The list of sources {path} gives one name to two sources, or none to two.", _REMEDY)
    return by_name
