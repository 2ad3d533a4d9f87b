"""A bundle: answers, the pages that they cite and their hashes in one ZIP, which anybody can verify offline.

manifest.json    what made it, each document with its SHA-256 and cited pages, each other member with its size and SHA-256
answers.json     the answers
answers.html     the same, to be read
pages/N.txt      the stored text of a cited page, UTF-8
originals/HASH   the documents' own bytes, where they were asked for

Equal input gives equal bytes. What is verified is that nothing in it was altered since; who made it, it does not say.
"""

from __future__ import annotations

import io
import json
import logging
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from assistant.answers import Answer, as_json
from assistant.workbench.notes import Cited, answer_of, as_html, lay_out
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import require_inside
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import seal_of
from knowledge_base.store.saved_citations import KeptQuote, QuoteStanding, standings

MANIFEST, ANSWERS, PAGE = "manifest.json", "answers.json", "answers.html"
KIND, FORMAT = "pariscall bundle", 1
PACKAGE = "paris-call-assistant"
MOST_MEMBERS, MOST_FILE_BYTES, MOST_BYTES, MOST_TEXT_BYTES = 20_000, 1 << 30, 2 << 30, 128 << 20
Place = tuple[str | None, str, int | None]
"""A cited page: the generation that answered, the source, the page's number."""

_DIRECTORY_END, _DIRECTORY64_END = (b"PK\x05\x06", 22), (b"PK\x06\x07", 20)  # mark and length of what ends a ZIP file
_MOST_DIRECTORY_BYTES = 16 << 20
_MOST_SHRUNK, _SPARE_BYTES = 300, 1 << 20  # a member may be so many times its packed size, and so many bytes in any case
log = logging.getLogger(__name__)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20
_REMEDY = "Have it exported again, or copy it again from where it came."


class NotABundleError(KnowledgeBaseError):
    """A file is no bundle, is damaged, or holds what no bundle holds."""


# Make


def pack(answers: Sequence[Answer], cited: Cited, originals: Path | None = None) -> bytes:
    """Return the bundle of answers; `originals` is the folder that the documents' bytes are taken from, if they are to be in.

    Raise KnowledgeBaseError where a quote does not stand on its page, or an original is not kept.
    """
    members: dict[str, bytes] = {}
    documents = []
    for (generation, _), document in sorted(cited.documents.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        pages = []
        for number, text in sorted(document.pages.items(), key=lambda page: page[0] or 0):
            name = f"pages/{len(members) + 1:05}.txt"
            members[name] = text.encode()
            pages.append({"page": number, "member": name})
        entry = {**asdict(document.reference), "generation": generation, "sha256": document.content_hash, "pages": pages}
        if originals is not None and document.content_hash:
            entry["original"] = f"originals/{document.content_hash}"
        documents.append(entry)
    _require_quotes(answers, cited)
    members |= _originals(documents, originals)
    lines = [json.dumps(as_json(answer, None) | {"seconds": 0.0}, ensure_ascii=False) for answer in answers]
    members[ANSWERS] = ("[\n" + ",\n".join(lines) + "\n]\n").encode()
    members[PAGE] = as_html(lay_out(answers, cited)).encode()
    texts = sum(len(data) for name, data in members.items() if not name.startswith("originals/"))
    if len(members) >= MOST_MEMBERS or texts > MOST_TEXT_BYTES or sum(map(len, members.values())) > MOST_FILE_BYTES:
        raise KnowledgeBaseError(f"These {len(answers):,} answers are too much for one bundle.", "Export fewer at a time.")
    made_of = {m.id: m for m in cited.generations.values()}
    fields: dict[str, Any] = {
        "kind": KIND,
        "format": FORMAT,
        "tool": f"{PACKAGE} {_tool_version()}",
        "created": max((manifest.created for manifest in made_of.values()), default=None),
        "generations": {
            name: {"created": m.created, "model": m.model_id, "chunking": m.chunking} for name, m in sorted(made_of.items())
        },
        "documents": documents,
        "members": {name: {"bytes": len(data), "sha256": sha256(data).hexdigest()} for name, data in sorted(members.items())},
    }
    manifest = json.dumps(fields | {"seal": seal_of(fields)}, ensure_ascii=False, indent=1).encode()
    return _zipped({MANIFEST: manifest, **dict(sorted(members.items()))})


def _require_quotes(answers: Sequence[Answer], cited: Cited) -> None:
    for answer in answers:
        for citation in answer.citations:
            text = cited.documents[answer.generation, citation.source].pages.get(citation.page, "")
            if text[citation.start : citation.end] != citation.quote:
                where = f"[{citation.number}] of “{answer.question[:80]}” ({citation.source})"
                raise KnowledgeBaseError(
                    f"The quote {where} does not stand in the index that is at hand.", "Ask the question again, then export."
                )


def _originals(documents: Sequence[Mapping[str, Any]], folder: Path | None) -> dict[str, bytes]:
    found = {}
    for document in documents:
        if folder is None or "original" not in document:
            continue
        path = folder / document["sha256"]
        data = path.read_bytes() if path.is_file() else b""
        if sha256(data).hexdigest() != document["sha256"]:
            raise KnowledgeBaseError(f"The original of {document['source']} is not kept.", "Export without --with-originals.")
        found[document["original"]] = data
    return found


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            archive.writestr(entry, data, compresslevel=9)
    return buffer.getvalue()


def _tool_version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "unknown"


# Verify


@dataclass(frozen=True, slots=True)
class Failure:
    """What in a bundle is not as it was written: a quote (`number` is its [number]), a page's text, or another member."""

    what: str
    question: str | None = None
    number: int | None = None
    source: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found in a bundle; `now` tells where each quote stands in the index at hand, where there is one."""

    tool: str
    created: str | None
    answers: int
    quotes: int
    documents: int
    failures: tuple[Failure, ...]
    generation: str | None = None
    now: tuple[tuple[KeptQuote, QuoteStanding], ...] = ()


def verify(path: Path, data_dir: Path | None = None) -> Verification:
    """Verify a bundle; raise NotABundleError where it is none, or cannot be read whole."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise NotABundleError(f"{path} has more than {MOST_FILE_BYTES >> 20} MB.", "Export fewer answers at a time.")
        with path.open("rb") as file:
            _require_small_directory(file)
            with zipfile.ZipFile(file) as archive:
                return _verified(_Members(archive), data_dir)
    except OSError as error:
        raise NotABundleError(f"{path} cannot be read: {error.strerror or error}.", "Name a bundle.") from error
    except _UNSOUND as error:
        reason = str(error) if isinstance(error, _OddBundle) else f"{type(error).__name__}: {error}"
        raise NotABundleError(f"{path} is not a bundle as it was written ({reason[:300]}).", _REMEDY) from error


def _require_small_directory(file: IO[bytes]) -> None:
    """Raise unless a ZIP file ends as a bundle does, with a directory that can be read at little cost."""
    mark, length = _DIRECTORY_END
    mark64, length64 = _DIRECTORY64_END
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - length - length64))
    tail = file.read()
    end = tail[-length:]
    if not end.startswith(mark) or len(end) < length or end[-2:] != b"\0\0":
        raise _OddBundle("it does not end as a ZIP file does")
    entries, directory = struct.unpack("<HI", end[10:16])
    if tail.startswith(mark64) or entries > MOST_MEMBERS or directory > _MOST_DIRECTORY_BYTES:
        raise _OddBundle(f"it has more than {MOST_MEMBERS:,} members")


class _OddBundle(ValueError):
    """What in a file is not as in a bundle."""


_UNSOUND: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
    NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip


class _Members:
    """The members of a ZIP file, by its directory: none leads elsewhere, is there twice, or unpacks to too much."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        for entry in entries:
            require_inside(entry.filename)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.orig_filename != entry.filename or entry.is_dir() or kind not in (0, stat.S_IFREG):
                raise _OddBundle(f"{entry.filename[:80]!r} is no plain file")
            if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _OddBundle(f"{entry.filename[:80]!r} is encrypted or packed in another way")
            if entry.file_size > _SPARE_BYTES + _MOST_SHRUNK * entry.compress_size:
                raise _OddBundle(f"{entry.filename[:80]!r} unpacks to {entry.file_size:,} bytes")
        if len({entry.filename for entry in entries}) < len(entries):
            raise _OddBundle("a member is there twice")
        if sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise _OddBundle(f"it unpacks to more than {MOST_BYTES >> 20} MB")
        self.entries = {entry.filename: entry for entry in entries}
        self._archive = archive

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a member; raise where it is not of the size that the directory says."""
        found, size = sha256(), 0
        with self._archive.open(self.entries[name]) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
                size += len(block)
        if size != self.entries[name].file_size:
            raise _OddBundle(f"{name[:80]!r} ends too early")
        return found.hexdigest()

    def text(self, name: str) -> str:
        """Return a member as text."""
        if name not in self.entries:
            raise _OddBundle(f"it has no {name[:80]}")
        if self.entries[name].file_size > MOST_TEXT_BYTES:
            raise _OddBundle(f"{name[:80]!r} has {self.entries[name].file_size:,} bytes")
        return self._archive.read(self.entries[name]).decode()


def _verified(members: _Members, data_dir: Path | None) -> Verification:
    """Hold the members against the manifest, and each quote against its page."""
    fields = json.loads(members.text(MANIFEST))
    seal = fields.pop("seal")
    if fields["kind"] != KIND or fields["format"] != FORMAT:
        raise _OddBundle(f"its manifest is of {str(fields['kind'])[:40]!r}, format {str(fields['format'])[:10]}")
    answers = [answer_of(json.dumps(answer).encode()) for answer in json.loads(members.text(ANSWERS))]
    places = {(d["generation"], d["source"], page["page"]): page["member"] for d in fields["documents"] for page in d["pages"]}
    failures = [] if seal == seal_of(fields) else [Failure(f"{MANIFEST} has been altered: its checksum differs")]
    failures += [*_failed_quotes(answers, places, members), *_failed_members(fields, places, members)]
    quotes = [
        KeptQuote(c.source, c.title, c.page, c.start, c.end, c.quote, answer.generation)
        for answer in answers
        for c in answer.citations
    ]
    generation, now = _looked_up(quotes, data_dir)
    return Verification(
        str(fields["tool"]), fields["created"], len(answers), len(quotes), len(fields["documents"]), tuple(failures),
        generation, now,
    )  # fmt: skip


def _looked_up(
    quotes: Sequence[KeptQuote], data_dir: Path | None
) -> tuple[str | None, tuple[tuple[KeptQuote, QuoteStanding], ...]]:
    """Return the generation at hand and where each quote stands in it; a bundle holds without one, or beside a damaged one."""
    try:
        generation = current_id(data_dir) if data_dir else None
        if data_dir and generation:
            return generation, tuple(zip(quotes, standings(data_dir, quotes), strict=True))
    except KnowledgeBaseError as error:
        log.warning("Where the quotes stand now is not known: %s", error)
    return None, ()


def _failed_quotes(answers: Sequence[Answer], places: Mapping[Place, str], members: _Members) -> Iterator[Failure]:
    """Yield the quotes that do not stand on their pages; a page's text is read once for all that stand on it."""
    quotes = [(places.get((a.generation, c.source, c.page), ""), a.question, c) for a in answers for c in a.citations]
    for name, group in groupby(sorted(quotes, key=itemgetter(0)), key=itemgetter(0)):
        text = members.text(name) if name in members.entries else None
        for _, question, citation in group:
            where = (question, citation.number, citation.source, citation.page)
            if text is None:
                yield Failure("the text of its page is not in the bundle", *where)
            elif text[citation.start : citation.end] != citation.quote:
                yield Failure("the quote does not stand on its page", *where)


def _failed_members(fields: Mapping[str, Any], places: Mapping[Place, str], members: _Members) -> Iterator[Failure]:
    """Yield the members that are not what the manifest says."""
    listed, pages = fields["members"], {name: place for place, name in places.items()}
    digests = {name: members.digest(name) for name in sorted(members.entries) if name != MANIFEST}
    for name in sorted({*listed, *digests}):
        _, source, page = pages.get(name, (None, None, None))
        if name not in digests or name not in listed:
            yield Failure(f"{name} is {'missing' if name in listed else 'not in the manifest'}", source=source, page=page)
        elif digests[name] != listed[name]["sha256"] or members.entries[name].file_size != listed[name]["bytes"]:
            yield Failure(f"{name} has been altered: its SHA-256 differs", source=source, page=page)
    for document in fields["documents"]:
        if document.get("original") in digests and digests[document["original"]] != document["sha256"]:
            yield Failure(f"{document['original']} is not the document", source=document["source"])
