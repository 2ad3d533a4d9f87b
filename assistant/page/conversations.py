"""Conversations and saved answers, kept in DATA_DIR/conversations.sqlite3.

Short transactions on a write-ahead log: several sessions, and several processes, work on one file. A question is kept before
it is answered, so that a run that is killed leaves it to be asked again.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import TypeAdapter, ValidationError

from assistant.answers import Answer
from assistant.page.language import say
from assistant.workbench.digest import AskedAgain, SavedAnswer
from knowledge_base.errors import StorageError
from knowledge_base.files import Closing, storage_errors
from knowledge_base.store.saved_citations import BUSY_SECONDS, FILE_NAME, SCHEMA

log = logging.getLogger(__name__)

TITLE_LENGTH = 80
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as the list shows it; times are ISO, in UTC."""

    id: str
    title: str
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: a question, or an answer with its citations (None where it cannot be read any more)."""

    id: int
    role: Role
    content: str
    created: str
    answer: Answer | None = None


class ConversationStore(Closing):
    """The store; threads may share one."""

    def __init__(self, connection: sqlite3.Connection, place: Path | None = None, notice: str | None = None) -> None:
        self._connection = connection
        self._place = place
        self._lock = threading.Lock()
        self._notice = notice
        self._renamed: Path | None = None

    @property
    def notice(self) -> str | None:
        """Return what the user must know of how the store was opened."""
        return say("error.renamed", name=self._renamed.name) if self._renamed else self._notice

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Open the store of a data directory; a damaged file is renamed. Raise StorageError if it cannot be written."""
        path = data_dir / FILE_NAME
        with storage_errors(data_dir):
            data_dir.mkdir(parents=True, exist_ok=True)
        try:
            return cls(_connect(path), path)
        except sqlite3.OperationalError as error:
            raise _not_writable(path, error) from error
        except sqlite3.DatabaseError as error:
            log.warning("%s is damaged (%s); it is renamed.", path, error)
        damaged = path.with_name(f"conversations.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite3")
        with storage_errors(data_dir):
            for ending in ("", "-wal", "-shm"):
                part = path.with_name(path.name + ending)
                if part.exists():
                    part.rename(damaged.with_name(damaged.name + ending))
        store = cls(_connect(path), path)
        store._renamed = damaged
        return store

    @classmethod
    def unkept(cls, notice: str) -> Self:
        """Open a store that lives no longer than this process, for where none can be kept."""
        return cls(_prepared(sqlite3.connect(":memory:", check_same_thread=False)), notice=notice)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:
                yield self._connection
        except sqlite3.OperationalError as error:
            raise _not_writable(self._place, error) from error
        except sqlite3.DatabaseError as error:
            remedy = "Start the page again: it renames the damaged file and begins a new one."
            raise StorageError(f"The conversations in {self._place} cannot be read: {error}.", remedy) from error

    def begin(self, question: str) -> Conversation:
        """Begin a conversation that is named after its first question."""
        now = _now()
        begun = Conversation(secrets.token_urlsafe(9), title_from(question), now, now)
        with self._transaction() as connection:
            connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?)", (begun.id, begun.title, now, now))
        return begun

    def conversations(self, limit: int = 200) -> list[Conversation]:
        """List conversations, the one with the latest message first."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT * FROM conversations ORDER BY updated DESC, rowid DESC LIMIT ?", (limit,))
            return [Conversation(*row) for row in rows]

    def conversation(self, identifier: str) -> Conversation | None:
        """Return one conversation, or None."""
        with self._transaction() as connection:
            row = connection.execute("SELECT * FROM conversations WHERE id = ?", (identifier,)).fetchone()
        return Conversation(*row) if row else None

    def rename(self, identifier: str, title: str) -> None:
        """Give a conversation another title; nothing happens where the title is empty."""
        if title.strip():
            with self._transaction() as connection:
                connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (title_from(title), identifier))

    def delete(self, identifier: str) -> None:
        """Delete a conversation and its messages; answers saved from it stay."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM conversations WHERE id = ?", (identifier,))

    def delete_all(self) -> None:
        """Delete all conversations; answers saved from them stay."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM conversations")

    def add_question(self, conversation: str, question: str) -> int:
        """Add a question, and return its message's id."""
        return self._add(conversation, "user", question, None)

    def add_answer(self, conversation: str, answer: Answer) -> int:
        """Add an answer, and return its message's id."""
        return self._add(conversation, "assistant", answer.text, encoded(answer))

    def _add(self, conversation: str, role: Role, content: str, answer: str | None) -> int:
        now = _now()
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO messages (conversation, role, content, answer, created) SELECT id, ?, ?, ?, ? FROM conversations"
                " WHERE id = ?",
                (role, content, answer, now, conversation),
            )
            connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now, conversation))
        if cursor.rowcount != 1:
            raise StorageError("This conversation was deleted meanwhile.", "Begin a new one.")
        return int(cursor.lastrowid or 0)

    def messages(self, conversation: str) -> list[Message]:
        """Return the messages of a conversation, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, role, content, created, answer FROM messages WHERE conversation = ? ORDER BY id", (conversation,)
            ).fetchall()
        return [Message(number, role, content, created, decoded(answer)) for number, role, content, created, answer in rows]

    def save_answer(self, message: int) -> None:
        """Save the answer of a message; nothing happens where it is saved already."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO saved_answers (message, conversation, answer, saved)"
                " SELECT id, conversation, answer, ? FROM messages WHERE id = ? AND answer IS NOT NULL",
                (_now(), message),
            )

    def remove_saved(self, message: int) -> None:
        """Take the answer of a message out of the saved ones."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM saved_answers WHERE message = ?", (message,))

    def remove_saved_answer(self, identifier: int) -> None:
        """Take one saved answer out by its own id."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM saved_answers WHERE id = ?", (identifier,))

    def saved_messages(self) -> set[int]:
        """Return the ids of the messages whose answers are saved."""
        with self._transaction() as connection:
            return {row[0] for row in connection.execute("SELECT message FROM saved_answers")}

    def saved_answers(self) -> list[SavedAnswer]:
        """List the saved answers, the latest first; those that cannot be read any more are left out."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT saved_answers.id, answer, saved, message, conversations.id FROM saved_answers"
                " LEFT JOIN conversations ON conversations.id = conversation ORDER BY saved_answers.id DESC"
            ).fetchall()
        return [SavedAnswer(row[0], answer, *row[2:]) for row in rows if (answer := decoded(row[1]))]

    def asked_again(self) -> list[AskedAgain]:
        """List what saved questions were answered with later, oldest first; what cannot be read any more is left out."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT saved, answer, made, checked FROM asked_again ORDER BY id").fetchall()
        return [AskedAgain(row[0], answer, *row[2:]) for row in rows if (answer := decoded(row[1]))]

    def keep_asked_again(self, again: AskedAgain, is_same: bool) -> None:
        """Keep a later answer to a saved question; where it is the same as the one before, only that it still holds."""
        with self._transaction() as connection:
            if is_same:
                latest = "SELECT max(id) FROM asked_again WHERE saved = ?"
                connection.execute(f"UPDATE asked_again SET checked = ? WHERE id = ({latest})", (again.checked, again.saved))
                return
            connection.execute(
                "INSERT INTO asked_again (saved, answer, made, checked) SELECT id, ?, ?, ? FROM saved_answers WHERE id = ?",
                (encoded(again.answer), again.made, again.checked, again.saved),
            )

    def history_of(self, saved: SavedAnswer) -> list[dict[str, str]]:
        """Return the turns before a saved answer's question, oldest first; none where its conversation is gone."""
        if saved.conversation is None or saved.message is None:
            return []
        before = [message for message in self.messages(saved.conversation) if message.id < saved.message]
        return [{"role": message.role, "content": message.content} for message in before[:-1]]

    def rate(self, message: int, good: bool | None) -> None:
        """Keep what a reader thinks of the answer of a message; None takes it back. It goes when the message does."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM feedback WHERE message = ?", (message,))
            if good is not None:
                connection.execute(
                    "INSERT INTO feedback SELECT id, ?, ? FROM messages WHERE id = ? AND role = 'assistant'",
                    (good, _now(), message),
                )

    def ratings(self) -> dict[int, bool]:
        """Return for each rated message whether its answer was found good."""
        with self._transaction() as connection:
            return {message: bool(good) for message, good in connection.execute("SELECT message, good FROM feedback")}


def title_from(question: str) -> str:
    """Return a question as a title: one line of at most TITLE_LENGTH characters."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def encoded(answer: Answer) -> str:
    """Return an answer, citations and all, as JSON."""
    return _answers().dump_json(answer).decode()


def decoded(record: str | None) -> Answer | None:
    """Return the answer of a JSON record, or None where there is none or another version wrote it in another form."""
    if record is None:
        return None
    try:
        return _answers().validate_json(record)
    except ValidationError as error:
        log.warning("A stored answer cannot be read: %s", error.errors(include_input=False, include_url=False))
        return None


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")
        found = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        cursor.executescript(SCHEMA)
    return connection


def _not_writable(path: Path | None, error: sqlite3.Error) -> StorageError:
    remedy = "Free some space, and give this user the right to write there; or choose another place with --data-dir."
    return StorageError(f"Conversations cannot be kept in {path}: {error}.", remedy)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
