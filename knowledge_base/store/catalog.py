"""The store of record: documents, pages with their text, passages with their spans, the register, an FTS5 index.

One SQLite file a generation. While a generation is built it is written through `Catalog.create` or `Catalog.edit`; published,
it is opened by `Catalog.read`, immutable.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from urllib.parse import quote

from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError
from knowledge_base.files import Closing
from knowledge_base.language.words import stems
from knowledge_base.passages import BlockKind, Document, OriginRun, Page, Passage, RegisterRecord, SentenceSpan
from knowledge_base.provisions import Provision, provisions_of

SCHEMA_VERSION = 2
READABLE = (1, 2)  # 1 has no provisions: the next sync reads all documents again

SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, content_hash TEXT NOT NULL, kind TEXT NOT NULL,
    language TEXT, date TEXT, links TEXT NOT NULL, notices TEXT NOT NULL, loader_version TEXT NOT NULL,
    indexed_at TEXT NOT NULL);
CREATE INDEX documents_by_hash ON documents (content_hash);
CREATE TABLE pages (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL, number INTEGER, label TEXT,
    text TEXT NOT NULL, origin TEXT NOT NULL, problem TEXT, PRIMARY KEY (document, ordinal));
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, heading TEXT NOT NULL, sentences TEXT NOT NULL,
    text_hash TEXT NOT NULL);
CREATE INDEX passages_by_document ON passages (document);
CREATE VIRTUAL TABLE passage_terms USING fts5 (title, heading, body, tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE register (
    document INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE, name TEXT NOT NULL, category TEXT NOT NULL,
    nature TEXT NOT NULL, country TEXT, joined TEXT, website TEXT);
CREATE TABLE failures (
    source TEXT PRIMARY KEY, content_hash TEXT NOT NULL, loader_version TEXT NOT NULL, reason TEXT NOT NULL);
"""
_REMEMBERED = 100_000  # terms whose number of passages is kept, of a catalog that does not change
_PASSAGES_REMEMBERED = 2_000  # passages that are kept, of a catalog that does not change
_PAGES_REMEMBERED = 8  # pages whose passages are kept, of a catalog that does not change
_SELECT_DOCUMENTS = """SELECT source, title, content_hash, kind, language, date, links, notices, loader_version, indexed_at,
    (SELECT count(*) FROM pages WHERE document = documents.id),
    (SELECT count(*) FROM passages WHERE document = documents.id),
    (SELECT coalesce(sum(length(text)), 0) FROM pages WHERE document = documents.id)
    FROM documents"""
_PASSAGE_COLUMNS = """passages.id, documents.source, documents.title, pages.number, passages.start, passages.end,
    passages.heading, passages.ordinal, documents.language, passages.sentences, passages.document"""
_PASSAGE_TABLES = """passages JOIN documents ON documents.id = passages.document
    JOIN pages ON pages.document = passages.document AND pages.ordinal = passages.ordinal"""
_STEMMED_AS = "(documents.language IS 'fr') = ?"  # as `known_language` has it

T = TypeVar("T")

PROVISIONS = """
CREATE TABLE IF NOT EXISTS provisions (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE, path TEXT NOT NULL, parts TEXT NOT NULL,
    first INTEGER NOT NULL, start INTEGER NOT NULL, last INTEGER NOT NULL, end INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS provisions_by_document ON provisions (document);
"""


def require_fts5() -> None:
    """Raise where this Python's SQLite lacks FTS5."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5 (a)")
        except sqlite3.OperationalError as error:
            raise KnowledgeBaseError(
                f"This Python's SQLite ({sqlite3.sqlite_version}) has no FTS5, the full-text index ({error}).",
                "Use a Python whose SQLite has it, such as those of python.org and of most distributions.",
            ) from error


class Remembered(Generic[T]):
    """Values by id, about `most` of them; when there are more, all are forgotten. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, T] = {}

    def get(self, ids: Sequence[str], read: Callable[[list[str]], Mapping[str, T]]) -> dict[str, T]:
        """Return the values of `ids`, in their order, having `read` those that are not known; what it lacks is left out."""
        found = {i: self._known[i] for i in ids if i in self._known} if self._most else {}
        missing = [i for i in ids if i not in found]
        if not missing:
            return found
        new = read(missing)
        if self._most:  # in a dictionary of its own, for another thread may be reading the present one
            self._known = {**({} if len(self._known) > self._most else self._known), **new}
        return {i: found[i] if i in found else new[i] for i in ids if i in found or i in new}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the catalog lists it; `pages` and `passages` are counts, `characters` the length of its text."""

    source: str
    title: str
    content_hash: str
    kind: str
    language: str | None
    date: str | None
    links: tuple[str, ...]
    notices: tuple[str, ...]
    loader_version: str
    indexed_at: str
    pages: int
    passages: int
    characters: int


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A file that could not be read, with the bytes and the loader version that failed."""

    source: str
    content_hash: str
    loader_version: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A supporter of the register and the file that says so."""

    source: str
    record: RegisterRecord


class Catalog(Closing):
    """One generation's SQLite file; a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection, unchanging: bool = False) -> None:
        self._connection = connection
        self._unchanging = unchanging
        self._counts: dict[str, int] = {}
        self._provisions: dict[str | None, list[tuple[str, Provision]]] = {}
        self._frequencies: dict[str, int] = {}
        self._passages: Remembered[Passage] = Remembered(_PASSAGES_REMEMBERED if unchanging else 0)
        self._on_pages: Remembered[list[Passage]] = Remembered(_PAGES_REMEMBERED if unchanging else 0)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Begin an empty catalog at `path`, which must not exist."""
        require_fts5()
        connection = _connect(path, "rwc")
        connection.executescript(SCHEMA + PROVISIONS)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return cls(connection)

    @classmethod
    def edit(cls, path: Path) -> Self:
        """Open an unpublished catalog for writing."""
        connection = _checked(_connect(path, "rw"), path)
        connection.executescript(PROVISIONS)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return cls(connection)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a published catalog; nothing is written to it, not even a journal."""
        try:
            return cls(_checked(_connect(path, "ro&immutable=1"), path), unchanging=True)
        except sqlite3.Error as error:
            raise DamagedIndexError(f"The catalog {path} cannot be opened: {error}.") from error

    def close(self) -> None:
        """Commit what was written and close the file."""
        self._connection.commit()
        self._connection.close()

    # Writing

    def put_document(self, document: Document, passages: Sequence[Passage], loader_version: str, indexed_at: str) -> None:
        """Put a document in the place of whatever had its source; `indexed_at` is an ISO time."""
        self.delete_document(document.source)
        self._connection.execute("DELETE FROM failures WHERE source = ?", (document.source,))
        cursor = self._connection.execute(
            "INSERT INTO documents"
            " (source, title, content_hash, kind, language, date, links, notices, loader_version, indexed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.source, document.title, document.content_hash, document.kind, document.language, document.date,
                json.dumps(document.links), json.dumps(document.notices), loader_version, indexed_at,
            ),
        )  # fmt: skip
        number = int(cursor.lastrowid or 0)
        provisions = provisions_of(document.pages)
        self._connection.executemany(
            "INSERT INTO provisions VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((number, p.path, json.dumps(p.parts), p.first, p.start, p.last, p.end) for p in provisions),
        )
        self._connection.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (number, ordinal, p.number, p.label, p.text, json.dumps(p.origin), p.problem)
                for ordinal, p in enumerate(document.pages)
            ),
        )
        self._put_passages(number, passages, document.language)
        if record := document.record:
            self._connection.execute(
                "INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, record.name, record.category, record.nature, record.country, record.joined, record.website),
            )

    def _put_passages(self, document: int, passages: Sequence[Passage], language: str | None) -> None:
        for p in passages:
            cursor = self._connection.execute(
                "INSERT INTO passages (id, document, ordinal, start, end, heading, sentences, text_hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    p.id, document, p.ordinal, p.start, p.end, p.heading, json.dumps(p.sentences),
                    sha256(p.text.encode()).hexdigest(),
                ),
            )  # fmt: skip
            terms = (" ".join(stems(text, language)) for text in (p.title, p.heading, p.text))
            self._connection.execute(
                "INSERT INTO passage_terms (rowid, title, heading, body) VALUES (?, ?, ?, ?)", (cursor.lastrowid, *terms)
            )

    def delete_document(self, source: str) -> None:
        """Take a document, its pages, passages and register row out; nothing happens where there is none."""
        found = self._connection.execute("SELECT id FROM documents WHERE source = ?", (source,)).fetchone()
        if not found:
            return
        self._connection.execute(
            "DELETE FROM passage_terms WHERE rowid IN (SELECT row FROM passages WHERE document = ?)", found
        )
        self._connection.execute("DELETE FROM documents WHERE id = ?", found)

    def set_failures(self, failures: Iterable[FailureRow]) -> None:
        """Replace the list of files that could not be read."""
        self._connection.execute("DELETE FROM failures")
        self._connection.executemany(
            "INSERT INTO failures VALUES (?, ?, ?, ?)",
            ((f.source, f.content_hash, f.loader_version, f.reason) for f in failures),
        )

    def compact(self) -> None:
        """Merge the lexical index and give freed space back."""
        self._connection.execute("INSERT INTO passage_terms (passage_terms) VALUES ('optimize')")
        self._connection.commit()
        self._connection.execute("VACUUM")

    # Reading

    def documents(self) -> list[DocumentRow]:
        """List all documents by source."""
        return [_document_row(row) for row in self._connection.execute(f"{_SELECT_DOCUMENTS} ORDER BY source")]

    def document(self, source: str) -> DocumentRow | None:
        """Return one document, or None."""
        row = self._connection.execute(f"{_SELECT_DOCUMENTS} WHERE source = ?", (source,)).fetchone()
        return _document_row(row) if row else None

    def titles(self) -> dict[str, tuple[str, str | None]]:
        """Map the source of each document, records apart, to its title and language."""
        rows = self._connection.execute("SELECT source, title, language FROM documents WHERE kind != 'record'")
        return {source: (title, language) for source, title, language in rows}

    def dates(self, sources: Iterable[str]) -> dict[str, str]:
        """Map those of the sources whose document states a date to it."""
        listed = sorted(set(sources))
        marks = ",".join("?" * len(listed))
        sql = f"SELECT source, date FROM documents WHERE date IS NOT NULL AND source IN ({marks})"
        return dict(self._connection.execute(sql, listed))

    def content_hashes(self) -> dict[str, tuple[str, str]]:
        """Map each document's source to its content hash and loader version."""
        rows = self._connection.execute("SELECT source, content_hash, loader_version FROM documents")
        return {source: (content_hash, version) for source, content_hash, version in rows}

    def failures(self) -> list[FailureRow]:
        """List the files that could not be read."""
        return [FailureRow(*row) for row in self._connection.execute("SELECT * FROM failures ORDER BY source")]

    def pages(self, source: str) -> list[Page]:
        """Return the pages of a document in order (without their blocks); empty where there is none."""
        rows = self._connection.execute(
            "SELECT number, label, text, origin, problem FROM pages JOIN documents ON documents.id = pages.document"
            " WHERE source = ? ORDER BY ordinal",
            (source,),
        )
        return [_page(*row) for row in rows]

    def page(self, source: str, number: int | None) -> Page | None:
        """Return the page of `source` with this physical number (None: of a document without pages), or None."""
        row = self._connection.execute(
            "SELECT number, label, text, origin, problem FROM pages JOIN documents ON documents.id = pages.document"
            " WHERE source = ? AND number IS ? ORDER BY ordinal LIMIT 1",
            (source, number),
        ).fetchone()
        return _page(*row) if row else None

    def pages_holding(self, words: Sequence[str], source: str | None = None) -> Iterator[tuple[str, str, int | None, str]]:
        """Yield source, title, number and text of the pages (of one document, or of all) that hold each of the words."""
        conditions = ["instr(text, ?)"] * len(words) + ["source = ?"] * (source is not None)
        sql = f"""SELECT source, title, number, text FROM pages JOIN documents ON documents.id = pages.document
            WHERE {" AND ".join(conditions)} ORDER BY source, ordinal"""
        return iter(self._connection.execute(sql, (*words, *([source] if source is not None else []))))

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids, by id; ids that are not there are left out."""
        return self._passages.get(ids, self._read_passages)

    def _read_passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        found: dict[str, Passage] = {}
        for first in range(0, len(ids), 500):
            part = ids[first : first + 500]
            where = f"WHERE passages.id IN ({','.join('?' * len(part))}) ORDER BY passages.document, passages.ordinal"
            found |= {passage.id: passage for passage in self._selected(where, part)}
        return found

    def _selected(self, where: str, arguments: Sequence[object]) -> Iterator[Passage]:
        """Yield the passages that `where` selects; a page's text is read once for all that follow each other on it."""
        here, text = None, ""
        for row in self._connection.execute(f"SELECT {_PASSAGE_COLUMNS} FROM {_PASSAGE_TABLES} {where}", arguments):
            identifier, source, title, number, start, end, heading, ordinal, language, sentences, document = row
            if here != (document, ordinal):
                here = document, ordinal
                (text,) = self._connection.execute("SELECT text FROM pages WHERE document = ? AND ordinal = ?", here).fetchone()
            spans: list[tuple[int, int, BlockKind]] = json.loads(sentences)
            yield Passage(
                identifier, source, title, number, start, end, heading, text[start:end], ordinal, language or None,
                tuple(SentenceSpan(*span) for span in spans),
            )  # fmt: skip

    def all_passages(self, source: str | None = None) -> Iterator[Passage]:
        """Yield all passages, or those of one document, in reading order."""
        where, arguments = ("WHERE documents.source = ?", (source,)) if source else ("", ())
        return self._selected(f"{where} ORDER BY source, passages.ordinal, passages.start", arguments)

    def passages_on_page(self, source: str, ordinal: int) -> list[Passage]:
        """Return the passages of one page of a document (`ordinal` counts from 0), in reading order."""
        where = "WHERE documents.source = ? AND passages.ordinal = ? ORDER BY passages.start"
        page = f"{ordinal} {source}"
        return list(self._on_pages.get([page], lambda _: {page: list(self._selected(where, (source, ordinal)))})[page])

    def passage_ids(self, source: str | None = None) -> set[str]:
        """Return the ids of all passages, or of those of one document."""
        if source is None:
            return {row[0] for row in self._connection.execute("SELECT id FROM passages")}
        sql = "SELECT passages.id FROM passages JOIN documents ON documents.id = passages.document WHERE source = ?"
        return {row[0] for row in self._connection.execute(sql, (source,))}

    def sentence_ids(self) -> set[str]:
        """Return the ids of all sentences that can be quoted."""
        return {identifier for passage in self.all_passages() for identifier in passage.quotable_sentences}

    def search(self, expression: str, limit: int, weights: tuple[float, float, float]) -> list[str]:
        """Return the ids of the best `limit` matches of an FTS5 `expression`, best first by SQLite's BM25.

        `weights` are those of title, headings and body.
        """
        rows = self._connection.execute(
            """SELECT passages.id FROM passage_terms JOIN passages ON passages.row = passage_terms.rowid
            WHERE passage_terms MATCH ? ORDER BY bm25(passage_terms, ?, ?, ?) LIMIT ?""",
            (expression, *weights, limit),
        )
        return [row[0] for row in rows]

    def matches(self, expression: str, language: str) -> list[tuple[str, str, float]]:
        """Return the passages whose text matches an FTS5 `expression`: id, source, BM25 score, higher is better.

        Only documents that are stemmed as `language` ("fr", or "en" for all others) are searched.
        """
        rows = self._connection.execute(
            f"""SELECT passages.id, documents.source, -bm25(passage_terms) FROM passage_terms
            JOIN passages ON passages.row = passage_terms.rowid JOIN documents ON documents.id = passages.document
            WHERE passage_terms MATCH ? AND {_STEMMED_AS}""",
            (f"body : ({expression})", language == "fr"),
        )
        return rows.fetchall()

    def page_texts(self) -> Iterator[tuple[str, str | None, int, str]]:
        """Yield all pages in order of source: source, language of the document, place in it (from 0), text."""
        return self._connection.execute(
            "SELECT documents.source, documents.language, pages.ordinal, pages.text FROM documents"
            " JOIN pages ON pages.document = documents.id ORDER BY documents.source, pages.ordinal"
        )

    def terms(self, ids: Sequence[str]) -> dict[str, tuple[list[str], list[str], list[str]]]:
        """Return the stemmed words of title, headings and body of each passage, by its id."""
        marks = ",".join("?" * len(ids))
        sql = f"""SELECT passages.id, passage_terms.title, passage_terms.heading, passage_terms.body FROM passage_terms
            JOIN passages ON passages.row = passage_terms.rowid WHERE passages.id IN ({marks})"""
        return {i: (t.split(), h.split(), b.split()) for i, t, h, b in self._connection.execute(sql, ids)}

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """Return for each stemmed term how many passages hold it in title, headings or body."""
        known = self._frequencies if self._unchanging else {}
        if len(known) > _REMEMBERED:
            known.clear()
        count = "SELECT count(*) FROM passage_terms WHERE passage_terms MATCH ?"
        for term in set(terms) - known.keys():
            known[term] = int(self._connection.execute(count, (quoted_term(term),)).fetchone()[0])
        return {term: known[term] for term in set(terms)}

    def vocabulary(self) -> list[tuple[str, int]]:
        """List all stemmed terms with the number of passages that hold them."""
        self._connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab (main, passage_terms, row)"
        )
        return list(self._connection.execute("SELECT term, doc FROM temp.vocabulary"))

    def sources_holding(self, expression: str) -> dict[str, int]:
        """Map each document with passages that match an FTS5 `expression` to their number."""
        rows = self._connection.execute(
            """SELECT documents.source, count(*) FROM passage_terms JOIN passages ON passages.row = passage_terms.rowid
            JOIN documents ON documents.id = passages.document WHERE passage_terms MATCH ? GROUP BY documents.id""",
            (expression,),
        )
        return dict(rows)

    def provisions(self, source: str | None = None) -> list[tuple[str, Provision]]:
        """List the numbered provisions of all documents, or of one, each with its document's source, in reading order."""
        if self._unchanging and source in self._provisions:
            return self._provisions[source]
        if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'provisions'").fetchone():
            return []
        where, arguments = ("WHERE source = ?", (source,)) if source else ("", ())
        sql = f"""SELECT source, path, parts, first, start, last, end FROM provisions
            JOIN documents ON documents.id = provisions.document {where} ORDER BY source, first, start, end DESC"""
        rows = self._connection.execute(sql, arguments)
        found = [(holder, Provision(path, tuple(json.loads(parts)), *place)) for holder, path, parts, *place in rows]
        if self._unchanging:
            self._provisions[source] = found
        return found

    def register(self) -> list[RegisterRow]:
        """List the register by name."""
        rows = self._connection.execute(
            "SELECT source, name, category, nature, country, joined, website FROM register"
            " JOIN documents ON documents.id = register.document ORDER BY name, source"
        )
        return [RegisterRow(source, RegisterRecord(*record)) for source, *record in rows]

    def share_in_other_languages(self, language: str) -> float:
        """Return the share of the passages, 0 to 1, that are known to be in another language than `language`."""
        select = "SELECT avg(documents.language IS NOT NULL AND documents.language != ?) FROM passages"
        joined = f"{select} JOIN documents ON documents.id = passages.document"
        return float(self._connection.execute(joined, (language,)).fetchone()[0] or 0.0)

    def counts(self) -> dict[str, int]:
        """Return the numbers of documents (records apart), pages, passages, register records and failures."""
        select = {
            "documents": "SELECT count(*) FROM documents WHERE kind != 'record'",
            "pages": "SELECT count(*) FROM pages JOIN documents ON documents.id = pages.document WHERE kind != 'record'",
            "passages": "SELECT count(*) FROM passages",
            "records": "SELECT count(*) FROM register",
            "failures": "SELECT count(*) FROM failures",
        }
        if not (self._counts and self._unchanging):
            self._counts = {name: int(self._connection.execute(sql).fetchone()[0]) for name, sql in select.items()}
        return dict(self._counts)


def quoted_term(term: str) -> str:
    """Return a term as an FTS5 string, so that no character of it is read as syntax."""
    return '"' + term.replace('"', '""') + '"'


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode={mode}", uri=True, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found in READABLE:
        return connection
    connection.close()
    raise DamagedIndexError(
        f"The catalog {path} has schema {found}; this program reads {SCHEMA_VERSION}.",
        "Rebuild the index with `python -m ingest sync --rebuild`.",
    )


def _document_row(row: Sequence[Any]) -> DocumentRow:
    columns = list(row)
    columns[6:8] = tuple(json.loads(row[6])), tuple(json.loads(row[7]))
    return DocumentRow(*columns)


def _page(number: int | None, label: str | None, text: str, origin: str, problem: str | None) -> Page:
    return Page(number, label, text, (), tuple(OriginRun(*run) for run in json.loads(origin)), problem)
