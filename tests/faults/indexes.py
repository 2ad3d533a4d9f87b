"""A small index in two generations, to break: documents long enough that Chroma writes its graph to disk."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from libraries import DOCUMENTS, Library

SECTIONS = 120
QUESTION = "When was the Harbour Charter signed?"
OLD_DATE, NEW_DATE = "4 March", "9 March"


def piers(count: int = SECTIONS, first: int = 1) -> str:
    """Return a document of `count` sections, each a passage of its own that no other is like."""
    trades = ("rope", "salt", "timber", "wool", "copper", "barley", "slate", "amber", "tar", "glass")
    lines = ["# Piers\n"]
    for number in range(first, first + count):
        trade, month = trades[number % 10], number % 27 + 1
        lines.append(
            f"## Pier {number}\n\nPier {number} takes ships with {trade} on day {month} and was rebuilt in {1700 + number}.\n"
        )
    return "\n".join(lines)


def make_library(place: Path) -> Library:
    """Index documents twice: the charter has one date in generation 000001, another one in 000002."""
    library = Library(place / "documents", place / "data")
    shutil.copytree(DOCUMENTS, library.documents)
    (library.documents / "piers.md").write_text(piers())
    (library.documents / "old piers.md").write_text(piers(count=25, first=900))
    assert library.sync().code == 0
    change_charter(library)
    assert library.sync().json["generation"] == "000002"
    return library


def change_charter(library: Library) -> None:
    path = library.documents / "charter.md"
    path.write_text(path.read_text().replace(OLD_DATE, NEW_DATE))


def contents(data_dir: Path) -> dict[str, object]:
    """Return all that the published generation holds, without numbers of rows and times: what two like runs agree in."""
    path = data_dir / "generations" / (data_dir / "CURRENT").read_text().strip()
    with closing(sqlite3.connect(f"file:{path / 'catalog.sqlite3'}?mode=ro", uri=True)) as connection:
        tables = {name: sorted(map(repr, connection.execute(query))) for name, query in _QUERIES.items()}
    manifest = json.loads((path / "manifest.json").read_text())
    kept = {name: manifest[name] for name in ("folder", "model_id", "dimension", "chunking", "counts", "vectors")}
    return {**tables, "manifest": kept, "vectors": sorted(vector_ids(path))}


_QUERIES = {
    "documents": "SELECT source, title, content_hash, kind, language, date, links, notices, loader_version FROM documents",
    "pages": "SELECT source, ordinal, number, label, text, origin, problem FROM pages JOIN documents ON id = document",
    "passages": "SELECT passages.id, source, ordinal, start, end, heading, sentences, text_hash"
    " FROM passages JOIN documents ON documents.id = document",
    "terms": "SELECT passages.id, passage_terms.title, passage_terms.heading, passage_terms.body"
    " FROM passage_terms JOIN passages ON passages.row = passage_terms.rowid",
    "register": "SELECT source, name, category, nature, country, joined, website FROM register JOIN documents ON id = document",
    "failures": "SELECT * FROM failures",
}


def vector_ids(generation: Path) -> Iterator[str]:
    """Yield the ids that Chroma lists in a generation."""
    with closing(sqlite3.connect(f"file:{generation / 'chroma' / 'chroma.sqlite3'}?mode=ro", uri=True)) as connection:
        yield from (row[0] for row in connection.execute("SELECT embedding_id FROM embeddings"))
