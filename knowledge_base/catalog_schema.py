"""The tables of the catalog, and the check that SQLite can hold them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from knowledge_base.errors import KnowledgeBaseError

SCHEMA_VERSION = 1

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
