"""What is kept is for its owner only, and what is deleted leaves no byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from page_fixtures import quoted_answer

from assistant.page.conversations import ConversationStore
from knowledge_base.files import writer_lock
from knowledge_base.passages import Document, Page, Passage
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.embedding_cache import EmbeddingCache

SECRET = "quillfeather"
TALK = """
import sys
from pathlib import Path
from assistant.__main__ import run
from assistant.page.conversations import ConversationStore

def talk():
    store = ConversationStore.open(Path(sys.argv[1]))
    store.add_question(store.begin("What?").id, "What?")
    print(*(path.name for path in Path(sys.argv[1]).iterdir()))

run(talk)
"""


def modes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def shell(*arguments: str, **variables: str) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | variables
    command = ["sh", "-c", 'umask 022; exec "$@"', "sh", sys.executable, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def holding(folder: Path, *words: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and any(word in path.read_bytes() for word in words)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_all_that_is_kept_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    data, reports = tmp_path / "data", tmp_path / "reports"
    reports.mkdir()
    (reports / "market.md").write_text("# The market\n\nThe fish market was founded in 1911 by Ada Stone.\n")
    for text in ("It is open on Mondays.", "It is open on Fridays."):  # the second copies what the first made
        (reports / "hours.md").write_text(f"# Hours\n\n{text}\n")
        shell("-m", "ingest", "sync", str(reports), "--data-dir", str(data), "--json")
    kept = shell("-c", TALK, str(data))
    assert "conversations.sqlite3-wal" in kept
    found = modes(data)
    assert {"CURRENT", "lock", "conversations.sqlite3", "embeddings.sqlite3", "generations/000002/catalog.sqlite3"} <= set(
        found
    )
    assert {mode for name, mode in found.items() if (data / name).is_dir()} == {"0o700"}
    assert {mode for name, mode in found.items() if (data / name).is_file()} == {"0o600"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_generation_that_others_could_read_is_followed_by_one_that_they_cannot(tmp_path: Path) -> None:
    data, reports = tmp_path / "data", tmp_path / "reports"
    reports.mkdir()
    (reports / "hours.md").write_text("# Hours\n\nIt is open on Mondays.\n")
    shell("-m", "ingest", "sync", str(reports), "--data-dir", str(data), "--json")
    for path in data.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (reports / "market.md").write_text("# The market\n\nThe fish market was founded in 1911 by Ada Stone.\n")
    shell("-m", "ingest", "sync", str(reports), "--data-dir", str(data), "--json")
    assert set(modes(data / "generations" / "000002").values()) == {"0o600", "0o700"}


def test_a_new_data_directory_is_private_whatever_the_umask(tmp_path: Path) -> None:
    with writer_lock(tmp_path / "data"):
        assert modes(tmp_path / "data")["."] == "0o700" and modes(tmp_path / "data")["lock"] == "0o600"


def test_a_deleted_conversation_leaves_no_byte(tmp_path: Path) -> None:
    with ConversationStore.open(tmp_path) as store:
        kept, deleted = store.begin("Kept?"), store.begin(f"Who built the {SECRET} bridge?")
        for number in range(20):
            store.add_question(deleted.id, f"{SECRET} {number}? " * 50)
            store.add_answer(deleted.id, quoted_answer(f"{SECRET} {number}?"))
        store.add_question(kept.id, "Kept?")
        store.rename(deleted.id, f"The {SECRET} bridge")
    assert holding(tmp_path, SECRET.encode()) == ["conversations.sqlite3"]
    with ConversationStore.open(tmp_path) as store:
        store.delete(deleted.id)
    assert holding(tmp_path, SECRET.encode()) == []
    assert holding(tmp_path, b"Kept?") == ["conversations.sqlite3"]


def test_a_document_that_is_taken_out_of_a_catalog_leaves_no_byte(tmp_path: Path) -> None:
    text = f"The {SECRET} bridge stands. " * 500
    with Catalog.create(tmp_path / "catalog.sqlite3") as catalog:
        for source in ("a.md", "b.md"):
            words = text if source == "a.md" else "The market is open."
            page = Page(None, None, words)
            passage = Passage(source, source, words[:20], None, 0, len(words), words[:20], words, language="en")
            catalog.put_document(Document(source, words[:20], "h", "en", (page,)), [passage], "1", "now")
    assert holding(tmp_path, SECRET.encode()) == ["catalog.sqlite3"]
    with Catalog.edit(tmp_path / "catalog.sqlite3") as catalog:
        catalog.delete_document("a.md")
        catalog.compact()
    assert holding(tmp_path, SECRET.encode(), SECRET[:8].encode()) == []
    assert holding(tmp_path, b"The market is open.") == ["catalog.sqlite3"]


def test_a_forgotten_vector_leaves_no_byte(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(300, 96)).astype("<f4")
    hashes = [f"hash-{number:03}" for number in range(300)]
    with EmbeddingCache(tmp_path / "embeddings.sqlite3") as cache:
        cache.put("m@1", hashes, vectors)
        cache.forget(hashes[1:])
    assert holding(tmp_path, *(vector.tobytes()[:64] for vector in vectors[1:]), *map(str.encode, hashes[1:])) == []
    assert holding(tmp_path, vectors[0].tobytes()) == ["embeddings.sqlite3"]
