"""The file of conversations and saved answers: its tables, which kept answers hold text of a document, and their erasure.

The assistant writes the file. An answer holds what it quotes and the passages that it was made from.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from knowledge_base.errors import DamagedIndexError, StorageError
from knowledge_base.passages import Page
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import open_generation

FILE_NAME = "conversations.sqlite3"
DAMAGED_FILES = "conversations.damaged-*"
BUSY_SECONDS = 10.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT NOT NULL, content TEXT NOT NULL, answer TEXT, created TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_conversation ON messages (conversation, id);
CREATE TABLE IF NOT EXISTS saved_answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER UNIQUE, conversation TEXT, answer TEXT NOT NULL, saved TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feedback (
    message INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE, good INTEGER NOT NULL, given TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS asked_again (
    id INTEGER PRIMARY KEY AUTOINCREMENT, saved INTEGER NOT NULL REFERENCES saved_answers (id) ON DELETE CASCADE,
    answer TEXT NOT NULL, made TEXT NOT NULL, checked TEXT NOT NULL);
"""
_SELECT = {
    "saved": "SELECT id, conversation, saved, answer FROM saved_answers ORDER BY id",
    "conversation": "SELECT id, conversation, created, answer FROM messages WHERE answer IS NOT NULL ORDER BY id",
}

Standing = Literal["there", "moved", "gone"]
Holds = Callable[[str, str], bool]
"""Says of a source and a text cited from it whether they belong to the document in question."""


@dataclass(frozen=True, slots=True)
class HoldingAnswer:
    """A kept answer that holds text of a document: `saved` on its own, or in a `conversation`.

    `cites` says whether it quotes the document; else it only lists a passage of it among those that came near.
    """

    place: Literal["saved", "conversation"]
    id: int
    conversation: str | None
    kept: str
    question: str
    cites: bool


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """A quote as an answer kept it: characters `start` to `end` of page `page` (None: no pages) of `source`.

    `generation` is the index that it was taken from, where that is known.
    """

    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class QuoteStanding:
    """Where a kept quote stands now; `source` and the rest are None where it is gone."""

    standing: Standing
    source: str | None = None
    page: int | None = None
    start: int = 0
    end: int = 0


def answers_that_hold(data_dir: Path, holds: Holds) -> list[HoldingAnswer]:
    """List the kept answers that hold text of a document; none where no conversation is kept."""
    if not (data_dir / FILE_NAME).exists():
        return []
    with _opened(data_dir / FILE_NAME, "ro") as connection:
        places: tuple[Literal["saved", "conversation"], ...] = ("saved", "conversation")
        found = []
        for place in places:
            for identifier, conversation, kept, record in connection.execute(_SELECT[place]):
                answer = _read(record)
                cites = _cites(answer, holds)
                near = (retrieved.get("passage", {}) for retrieved in answer.get("retrieved", ()))
                if cites or any(holds(passage.get("source", ""), passage.get("text", "")) for passage in near):
                    question = str(answer.get("question", ""))
                    found.append(HoldingAnswer(place, identifier, conversation, kept, question, cites))
        return found


def erase_answers(data_dir: Path, answers: Sequence[HoldingAnswer]) -> int:
    """Erase answers, with their questions where they stand in a conversation; return how many. No byte of them is left."""
    if not answers:
        return 0
    with _opened(data_dir / FILE_NAME, "rw") as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")  # an answer goes with its ratings and later answers
        with connection:
            for answer in answers:
                if answer.place == "saved":
                    connection.execute("DELETE FROM saved_answers WHERE id = ?", (answer.id,))
                    continue
                before = "SELECT max(id) FROM messages WHERE conversation = ? AND id < ?"
                (asked,) = connection.execute(before, (answer.conversation, answer.id)).fetchone()
                connection.execute("DELETE FROM messages WHERE id = ? AND role = 'user'", (asked,))
                connection.execute("DELETE FROM messages WHERE id = ?", (answer.id,))
            connection.execute("DELETE FROM conversations WHERE id NOT IN (SELECT conversation FROM messages)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(answers)


def erase_asked_again(data_dir: Path, holds: Holds) -> None:
    """Erase what saved questions were answered with later, where that quotes a document; they can be asked once more."""
    if not (data_dir / FILE_NAME).exists():
        return
    with _opened(data_dir / FILE_NAME, "rw") as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(SCHEMA)
        rows = connection.execute("SELECT id, answer FROM asked_again").fetchall()
        with connection:
            for identifier, record in rows:
                if _cites(_read(record), holds):
                    connection.execute("DELETE FROM asked_again WHERE id = ?", (identifier,))


def _cites(answer: dict[str, Any], holds: Holds) -> bool:
    return any(holds(cited.get("source", ""), cited.get("quote", "")) for cited in answer.get("citations", ()))


def _read(record: str) -> dict[str, Any]:
    """Return an answer as it was written; an empty one where another version wrote something else."""
    try:
        found = json.loads(record)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


@contextmanager
def _opened(path: Path, mode: Literal["ro", "rw"]) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote(str(path.resolve()))}?mode={mode}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        remedy = "End the page (`python -m assistant serve`) and try again; it renames a damaged file when it starts."
        raise StorageError(f"The conversations in {path} cannot be read or written: {error}.", remedy) from error


def standings(data_dir: Path, quotes: Sequence[KeptQuote]) -> list[QuoteStanding]:
    """Say of each quote where it stands in the published generation."""
    with open_generation(data_dir) as generation:
        hashes = _earlier_hashes(data_dir, quotes, generation.catalog)
        return [find_quote(quote, generation.catalog, hashes.get((quote.generation, quote.source))) for quote in quotes]


def _earlier_hashes(data_dir: Path, quotes: Iterable[KeptQuote], current: Catalog) -> dict[tuple[str | None, str], str]:
    """Return the content hashes of documents that are not there any more, by the generation and source of a quote."""
    present = current.content_hashes()
    found: dict[tuple[str | None, str], str] = {}
    for name in sorted({kept.generation for kept in quotes if kept.generation and kept.source not in present}):
        wanted = {kept.source for kept in quotes if kept.generation == name}
        try:
            with open_generation(data_dir, name) as generation:
                hashes = generation.catalog.content_hashes()
        except DamagedIndexError:
            continue  # it is kept no longer: a renamed document is then known by its title
        found |= {(name, source): hashes[source][0] for source in wanted if source in hashes}
    return found


def find_quote(quote: KeptQuote, catalog: Catalog, content_hash: str | None = None) -> QuoteStanding:
    """Look for a quote at its place, then elsewhere in its document, or in the one that this became by a rename.

    That one has the bytes of `content_hash`, or (None: not known) the title of the quote's document.
    """
    page = catalog.page(quote.source, quote.page)
    if page is not None and page.text[quote.start : quote.end] == quote.quote:
        return QuoteStanding("there", quote.source, quote.page, quote.start, quote.end)
    if catalog.document(quote.source):
        candidates = [quote.source]
    elif content_hash:
        candidates = [row.source for row in catalog.documents() if row.content_hash == content_hash]
    else:
        candidates = [row.source for row in catalog.documents() if row.title == quote.title]
    for source in candidates:
        found = _nearest(quote, catalog.pages(source))
        if found:
            return QuoteStanding("moved", source, *found)
    return QuoteStanding("gone")


def _nearest(quote: KeptQuote, pages: Sequence[Page]) -> tuple[int | None, int, int] | None:
    """Return page, start and end of the occurrence that is nearest to where the quote stood; line breaks do not count."""
    words = r"\s+".join(map(re.escape, quote.quote.split()))
    if not words:
        return None
    places = [(page.number, *match.span()) for page in pages for match in re.finditer(words, page.text)]
    return min(places, key=lambda p: (abs((p[0] or 0) - (quote.page or 0)), abs(p[1] - quote.start)), default=None)
