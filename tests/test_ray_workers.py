"""What Ray's workers run, in this process: it needs no Ray."""

from __future__ import annotations

import pickle
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

from ingest.sync.plan import FileToRead
from ingest.sync.ray_engine import CutAndEmbed, ParseFiles, RayReader
from ingest.sync.reading import Unread
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.models.embeddings import open_embedder
from knowledge_base.passages import Document, Passage
from knowledge_base.settings import Settings
from knowledge_base.store.embedding_cache import DocumentVectors

TEXT = "# Boats\n\nThe ferry leaves at noon. The harbour master keeps the list of all boats.\n"


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", embedding_model=str(tiny_model))


@pytest.fixture
def file(tmp_path: Path) -> FileToRead:
    path = tmp_path / "boats.md"
    path.write_text(TEXT)
    return FileToRead("boats.md", path, sha256(TEXT.encode()).hexdigest(), "markdown-1")


def parsed(settings: Settings, *files: FileToRead) -> list[dict]:
    return list(ParseFiles(settings)({"files": pickle.dumps(list(files))}))


def test_a_worker_parses_a_batch_and_says_why_a_file_fails(settings: Settings, file: FileToRead, tmp_path: Path) -> None:
    gone = FileToRead("gone.md", tmp_path / "gone.md", "00", "markdown-1")
    rows = {pickle.loads(row["file"]).source: pickle.loads(row["result"]) for row in parsed(settings, file, gone)}
    assert isinstance(rows["boats.md"], Document) and rows["boats.md"].title == "Boats"
    assert isinstance(rows["gone.md"], Unread) and "cannot be read" in rows["gone.md"].reason


def test_a_worker_embeds_a_document_once_and_what_it_wrote_holds_every_text(
    settings: Settings, file: FileToRead, tmp_path: Path
) -> None:
    [row] = parsed(settings, file)
    worker = CutAndEmbed(settings, str(tmp_path / "shards"))
    first, again = worker(row), worker(row)
    passages: list[Passage] = pickle.loads(first["passages"])
    texts = len(passages) + sum(len(passage.quotable_sentences) for passage in passages)
    assert (first["embedded"], again["embedded"]) == (texts, 0) and texts > 2
    model = open_embedder(settings).model_id
    assert len(DocumentVectors(tmp_path / "shards", file.content_hash).all(model)) == texts


def test_a_file_without_document_passes_through(settings: Settings, file: FileToRead, tmp_path: Path) -> None:
    row = {"file": pickle.dumps(file), "result": pickle.dumps(Unread("it is empty"))}
    done = CutAndEmbed(settings, str(tmp_path / "shards"))(row)
    assert pickle.loads(done["passages"]) == [] and done["embedded"] == 0
    assert pickle.loads(done["result"]) == Unread("it is empty")


def test_with_nothing_to_read_no_cluster_is_started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(RayReader().read(settings, [], partial(open_embedder, settings), lambda _: None)) == []


def test_without_ray_the_remedy_is_told(settings: Settings, file: FileToRead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(KnowledgeBaseError, match="Ray is not installed") as caught:
        next(RayReader().read(settings, [file], partial(open_embedder, settings), lambda _: None))
    assert "pip install '.[scale]'" in caught.value.remedy


@pytest.mark.parametrize(
    ("address", "told"),
    [("127.0.0.1:1", "No Ray cluster answers at 127.0.0.1:1"), ("somewhere", "is no address of a Ray cluster")],
)
def test_an_address_where_no_cluster_is_is_named(
    settings: Settings, file: FileToRead, monkeypatch: pytest.MonkeyPatch, address: str, told: str
) -> None:
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setitem(sys.modules, "ray.data", ModuleType("ray.data"))
    with pytest.raises(KnowledgeBaseError, match=told) as caught:
        next(RayReader(address).read(settings, [file], partial(open_embedder, settings), lambda _: None))
    assert caught.value.remedy
