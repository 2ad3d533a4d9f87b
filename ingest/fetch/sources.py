"""Read the list of sources: what to fetch, what each file must be, and how a document names itself to readers."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
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
    """One file: what it must be, and how it names itself; what is not given is taken from its source."""

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
    file_name: PlainPath | None = None
    folders_dropped: int = Field(default=1, ge=0, le=20)
    take: tuple[str, ...] = ()
    max_mb: int = Field(default=300, ge=1)
    files: tuple[ListedFile, ...] = ()
    groups: tuple[ListedGroup, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        listed = [file.path for file in self.files]
        if not urlsplit(self.url).hostname:
            raise ValueError(f"url {self.url!r} has no host")
        if not self.is_listed and self.sha256 is None:
            raise ValueError("sha256 is missing: without it nobody could tell whether the download is what you meant")
        if len(set(listed)) < len(listed):
            raise ValueError("files names one path twice")
        if not self.is_archive:
            self._check_document()
        return self

    def _check_document(self) -> None:
        if self.is_listed or self.take:
            raise ValueError("files, groups and take are for archives whose address ends in .tar.gz or .tgz")
        if "/" in self.document_name or skip_reason(self.document_name):
            raise ValueError(f"{self.document_name!r} is no name of a document; give file_name, such as report.pdf")

    @property
    def is_archive(self) -> bool:
        """Tell whether the address is that of an archive."""
        return is_archive(urlsplit(self.url).path)

    @property
    def is_listed(self) -> bool:
        """Tell whether the files themselves are listed, each with what it must be."""
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
        """Tell whether a file of the archive is taken."""
        if self.is_listed:
            return path in {file.path for file in self.files} or any(covers(group.pattern, path) for group in self.groups)
        if self.take:
            return any(covers(pattern, path) for pattern in self.take)
        return skip_reason(path) is None


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """How a fetched document names itself: `date` is an ISO date, `language` an ISO 639-1 code; None: not said."""

    title: str
    date: str | None
    language: str | None
    licence: str | None


@dataclass(frozen=True)
class SourceList:
    """The sources of the built-in list and of the user's own."""

    sources: tuple[Source, ...]

    def named(self, names: Iterable[str]) -> list[Source]:
        """Return the sources of these names, all of them for none; raise KnowledgeBaseError for an unknown name."""
        by_name = {source.name: source for source in self.sources}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise KnowledgeBaseError(f"There is no source {unknown[0]!r} in the list.", f"The list has: {', '.join(by_name)}.")
        return [by_name[name] for name in names] or list(self.sources)

    def title_of(self, source: str) -> SourceEntry | None:
        """Return how the document of this catalog source (`official/<name>/<path>`) names itself; None: the list is silent."""
        return self._entries.get(source)

    @cached_property
    def _entries(self) -> dict[str, SourceEntry]:
        return {f"{ROOT}/{source.name}/{path}": entry for source in self.sources for path, entry in _entries(source)}


def described(document: Document, entry: SourceEntry | None) -> Document:
    """Return the document with the title, date and language that the list gives it."""
    if entry is None:
        return document
    return replace(
        document,
        title=entry.title,
        date=entry.date or document.date,
        language=entry.language or document.language,
    )


def read_source_list(settings: Settings) -> SourceList:
    """Read the built-in list, then the user's (`PARISCALL_SOURCES`, else DATA_DIR/sources.toml).

    An entry of the user's that has a built-in name changes only the fields that it gives: another `url` makes it a mirror,
    held to the same checksums. Raise KnowledgeBaseError with the entry and the field that is not usable.
    """
    built_in = _read_tables(BUILT_IN_LIST)
    own_list = _own_list(settings)
    own = _read_tables(own_list) if own_list else {}
    changed = {name: {**built_in.get(name, {}), **fields} for name, fields in own.items()}
    return SourceList(
        tuple(
            _source(fields, own_list if own_list and name in own else BUILT_IN_LIST)
            for name, fields in {**built_in, **changed}.items()
        )
    )


def covers(pattern: str, path: str) -> bool:
    """Tell whether a pattern names a path: `*` stands within one part of it; `folder/` names all that is below."""
    if pattern.endswith("/"):
        return path.startswith(pattern)
    patterns, parts = pattern.split("/"), path.split("/")
    return len(patterns) == len(parts) and all(map(fnmatchcase, parts, patterns))


def combined_hash(hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 over `<sha256>  <path>` lines, sorted by path: what `sha256sum FILES | sha256sum` prints."""
    lines = (f"{digest}  {path}\n" for path, digest in sorted(hashes.items(), key=lambda item: item[0].encode()))
    return sha256("".join(lines).encode()).hexdigest()


def _entries(source: Source) -> list[tuple[str, SourceEntry]]:
    if source.is_archive:
        return [(file.path, _entry(file, source)) for file in source.files if file.title]
    return [(source.document_name, _entry(source, source))] if source.title else []


def _entry(file: ListedFile | Source, source: Source) -> SourceEntry:
    stated = file.date or source.date
    return SourceEntry(
        title=file.title or source.name,
        date=stated.isoformat() if stated else None,
        language=file.language or source.language,
        licence=file.licence or source.licence,
    )


def _own_list(settings: Settings) -> Path | None:
    if settings.sources:
        return settings.sources
    usual = settings.data_dir / "sources.toml"
    return usual if usual.exists() else None


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
        raise KnowledgeBaseError(f"The list of sources {path} may hold [[source]] entries alone.", _REMEDY)
    by_name = {str(table.get("name", "")): table for table in tables}
    if len(by_name) < len(tables):
        raise KnowledgeBaseError(f"The list of sources {path} gives one name to two sources, or none to two.", _REMEDY)
    return by_name


def _source(fields: dict[str, Any], path: Path) -> Source:
    try:
        return Source.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(_problem(problem) for problem in error.errors())
        raise KnowledgeBaseError(
            f"The source {fields.get('name', '')!r} in {path} is not usable: {problems}.", _REMEDY
        ) from error


def _problem(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
