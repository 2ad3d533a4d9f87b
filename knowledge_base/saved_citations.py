"""Which kept answers hold text of a document, read from the conversations' file; and their erasure.

The file belongs to the assistant, which writes it; this module knows of its tables what it needs to find an answer by what it
cites. An answer holds what it quotes and the passages that it was made from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from knowledge_base.errors import StorageError

FILE_NAME = "conversations.sqlite3"
SET_ASIDE = "conversations.damaged-*"
_BUSY_SECONDS = 10.0
_SELECT = {
    "saved": "SELECT id, conversation, saved, answer FROM saved_answers ORDER BY id",
    "conversation": "SELECT id, conversation, created, answer FROM messages WHERE answer IS NOT NULL ORDER BY id",
}

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


def answers_that_hold(data_dir: Path, holds: Holds) -> list[HoldingAnswer]:
    """List the kept answers that hold text of a document; none where no conversation is kept."""
    if not (data_dir / FILE_NAME).exists():
        return []
    with _opened(data_dir / FILE_NAME, "ro") as connection:
        return list(_holding(connection, holds))


def erase_answers(data_dir: Path, answers: Sequence[HoldingAnswer]) -> int:
    """Erase answers, with their questions where they stand in a conversation; return how many. No byte of them is left."""
    if not answers:
        return 0
    with _opened(data_dir / FILE_NAME, "rw") as connection:
        connection.execute("PRAGMA secure_delete = ON")
        with connection:
            for answer in answers:
                _erase(connection, answer)
            connection.execute("DELETE FROM conversations WHERE id NOT IN (SELECT conversation FROM messages)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(answers)


def _erase(connection: sqlite3.Connection, answer: HoldingAnswer) -> None:
    if answer.place == "saved":
        connection.execute("DELETE FROM saved_answers WHERE id = ?", (answer.id,))
        return
    before = "SELECT max(id) FROM messages WHERE conversation = ? AND id < ?"
    asked = connection.execute(before, (answer.conversation, answer.id)).fetchone()[0]
    connection.execute("DELETE FROM messages WHERE id = ? AND role = 'user'", (asked,))
    connection.execute("DELETE FROM messages WHERE id = ?", (answer.id,))


def _holding(connection: sqlite3.Connection, holds: Holds) -> Iterator[HoldingAnswer]:
    places: tuple[Literal["saved", "conversation"], ...] = ("saved", "conversation")
    for place in places:
        for identifier, conversation, kept, record in connection.execute(_SELECT[place]):
            answer = _read(record)
            cites = any(holds(cited.get("source", ""), cited.get("quote", "")) for cited in answer.get("citations", ()))
            near = (found.get("passage", {}) for found in answer.get("retrieved", ()))
            if cites or any(holds(passage.get("source", ""), passage.get("text", "")) for passage in near):
                yield HoldingAnswer(place, identifier, conversation, kept, str(answer.get("question", "")), cites)


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
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        remedy = "End the page (`python -m assistant serve`) and try again; it sets a damaged file aside when it starts."
        raise StorageError(f"The conversations in {path} cannot be read or written: {error}.", remedy) from error
