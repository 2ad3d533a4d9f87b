"""The cited documents as a bibliography names them: BibTeX and CSL-JSON."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import safe_address, without_controls
from knowledge_base.language.words import fold
from knowledge_base.settings import LIBRARY, Settings

BRIEFS, OFFICIAL = "briefs/", "official/"
BRIEFS_INSTITUTION = "Paris Call Assistant"
_KEY_WORDS = 4
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_BIBTEX = {"\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "^": r"{\textasciicircum}"}
_BIBTEX |= {"~": r"{\textasciitilde}"} | {mark: f"\\{mark}" for mark in "$&#_%"}
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class Reference:
    """A document as a bibliography names it; `date` is an ISO date, month or year, `address` where it can be read."""

    source: str
    title: str
    institution: str | None = None
    date: str | None = None
    address: str | None = None
    language: str | None = None

    @property
    def key(self) -> str:
        """Return a key that depends on nothing but this document, and that no other document has."""
        words = _ASCII_WORD.findall(fold(self.title))[:_KEY_WORDS]
        return "-".join([*words, *self.date_parts()[:1], sha256(self.source.encode()).hexdigest()[:8]])

    def date_parts(self) -> list[str]:
        """Return year, month and day as far as they are known."""
        found = _DATE.fullmatch(self.date or "")
        return [part for part in found.groups() if part] if found else []


class Library:
    """What the lists of official documents, the built-in one and the user's own, know of a document."""

    def __init__(self, settings: Settings) -> None:
        usual = settings.data_dir / "sources.toml"
        own = settings.sources or (usual if usual.exists() else None)
        self._sources: dict[str, dict[str, Any]] = {}
        for path in (LIBRARY / "sources.toml", *([own] if own else [])):
            try:
                tables = tomllib.loads(path.read_text(encoding="utf-8")).get("source", [])
                for table in tables:
                    self._sources[table["name"]] = {**self._sources.get(table["name"], {}), **table}
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise KnowledgeBaseError(
                    f"The list of sources {path} cannot be read: {error}.", "Correct that file; see docs/sources.md."
                ) from error
        self._by_hash: dict[str, dict[str, Any]] = {}
        for table in self._sources.values():
            for file in table.get("files", ()):
                self._by_hash[file.get("sha256", "")] = {
                    **_shared(table),
                    **file,
                    "address": _file_address(table, file["path"]),
                }
            if "sha256" in table and "files" not in table:
                self._by_hash[table["sha256"]] = {**table, "address": table.get("url")}

    def reference(self, source: str, title: str, date: str | None, language: str | None, content_hash: str | None) -> Reference:
        """Return the reference to a document, in the lists' words where one of them has it."""
        known: Mapping[str, Any] = self._by_hash.get(content_hash or "", {})
        name, _, path = source.removeprefix(OFFICIAL).partition("/")
        if not known and source.startswith(OFFICIAL) and (table := self._sources.get(name)):
            known = _shared(table) | {"address": _file_address(table, path)}
        institution = known.get("institution") or (BRIEFS_INSTITUTION if source.startswith(BRIEFS) else None)
        address = safe_address(str(known.get("address") or ""))
        stated = str(known["date"]) if "date" in known else date
        return Reference(source, known.get("title") or title, institution, stated, address, known.get("language") or language)


def _shared(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: table[name] for name in ("institution",) if name in table}


def _file_address(table: Mapping[str, Any], path: str) -> str | None:
    return f"{table['files_url']}{quote(path)}" if table.get("files_url") else None


def as_bibtex(references: Iterable[Reference]) -> str:
    """Return the references as BibTeX, one entry a document, by key."""
    entries = []
    for reference in _ordered(references):
        parts = reference.date_parts()
        fields = {
            "title": f"{{{_bibtex(reference.title)}}}",
            "author": f"{{{_bibtex(reference.institution)}}}" if reference.institution else "",
            "year": parts[0] if parts else "",
            "month": str(int(parts[1])) if len(parts) > 1 else "",
            "date": "-".join(parts),
            "url": quote(reference.address, safe=_IN_ADDRESSES) if reference.address else "",
            "langid": reference.language or "",
            "note": _bibtex(reference.source),
        }
        told = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
        entries.append(f"@misc{{{reference.key}{told}\n}}\n")
    return "\n".join(entries)


def as_csl(references: Iterable[Reference]) -> str:
    """Return the references as CSL-JSON, which Zotero and other reference managers import."""
    entries = []
    for reference in _ordered(references):
        entry: dict[str, Any] = {"id": reference.key, "type": "document", "title": _line(reference.title)}
        if reference.institution:
            entry["author"] = [{"literal": _line(reference.institution)}]
        if parts := reference.date_parts():
            entry["issued"] = {"date-parts": [[int(part) for part in parts]]}
        if reference.address:
            entry["URL"] = reference.address
        if reference.language:
            entry["language"] = reference.language
        entries.append(entry | {"note": _line(reference.source)})
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def _ordered(references: Iterable[Reference]) -> list[Reference]:
    return sorted({reference.key: reference for reference in references}.values(), key=lambda reference: reference.key)


def _bibtex(text: str) -> str:
    return "".join(_BIBTEX.get(character, character) for character in _line(text))


def _line(text: str) -> str:
    return " ".join(without_controls(text).split())
