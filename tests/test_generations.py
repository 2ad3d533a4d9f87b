from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from libraries import hashes

from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, NoIndexError, StorageError
from knowledge_base.passages import Document, Page, Passage
from knowledge_base.store import generations
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import open_generation
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest, check
from knowledge_base.store.vectors import VectorStore

COUNT = 110  # more than Chroma holds in memory before it writes its index


def fill(path: Path) -> None:
    """Write a generation of COUNT passages into an empty directory."""
    text = "x" * COUNT
    passages = [Passage(f"p{i}", "a.txt", "A", None, i, i + 1, "", "x") for i in range(COUNT)]
    vectors = np.random.default_rng(1).normal(size=(COUNT, 8)).astype(np.float32)
    with Catalog.create(path / CATALOG) as catalog, VectorStore.create(path / CHROMA) as store:
        catalog.put_document(Document("a.txt", "A", "hash", "en", (Page(None, None, text),)), passages, "1", "now")
        store.passages.put([p.id for p in passages], vectors)


def publish(data_dir: Path) -> Manifest:
    """Publish a generation: the first one made, the next ones copies."""
    current = generations.current_id(data_dir)
    with generations.building(data_dir, current) as path:
        if current is None:
            fill(path)
        draft = Manifest(generations.next_id(data_dir), generations.now(), None, "model@1", 8, 1, {"passages": COUNT})
        manifest = generations.seal(path, draft)
        generations.publish(data_dir, path, manifest)
    return manifest


@pytest.fixture(scope="module")
def one_published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("published")
    publish(data_dir)
    return data_dir


@pytest.fixture
def data_dir(one_published: Path, tmp_path: Path) -> Path:
    shutil.copytree(one_published, tmp_path / "data")
    return tmp_path / "data"


def ids(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "generations").iterdir())


def test_without_an_index_the_remedy_is_to_make_one(tmp_path: Path) -> None:
    assert generations.current_id(tmp_path) is None
    with pytest.raises(NoIndexError, match="no index in .* yet. Build one with `python -m ingest sync`"):
        open_generation(tmp_path)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="is a file, not a folder.*--data-dir"):
        open_generation(tmp_path / "file")


def test_a_published_generation_opens_with_its_texts_and_vectors(data_dir: Path) -> None:
    with open_generation(data_dir) as generation:
        assert generation.id == "000001"
        assert generation.catalog.counts()["passages"] == generation.vectors.passages.count() == COUNT
        assert generation.manifest.vectors == COUNT


def test_another_generation_opens_by_its_name(data_dir: Path) -> None:
    publish(data_dir)
    with open_generation(data_dir, "000001") as older, open_generation(data_dir) as newer:
        assert (older.id, newer.id) == ("000001", "000002")


@pytest.mark.parametrize("name", ["000009", "../generations/000001", "..", ".", "000001/chroma"])
def test_a_name_that_is_no_generation_is_refused(name: str, data_dir: Path) -> None:
    with pytest.raises(DamagedIndexError):
        open_generation(data_dir, name)


def test_a_publish_changes_no_byte_of_the_older_generation(data_dir: Path) -> None:
    before = hashes(data_dir / "generations" / "000001")
    with generations.building(data_dir, "000001") as path:
        with Catalog.edit(path / CATALOG) as catalog:
            catalog.delete_document("a.txt")
        with VectorStore.open(path / CHROMA) as store:
            store.passages.delete([f"p{i}" for i in range(COUNT)])
            store.passages.put(["new"], np.ones((1, 8), dtype=np.float32))
    assert hashes(data_dir / "generations" / "000001") == before


def test_a_copy_shares_no_file_with_the_original(data_dir: Path) -> None:
    with generations.building(data_dir, "000001") as path:
        assert {file.stat().st_nlink for file in path.rglob("*") if file.is_file()} == {1}
        assert (path / CATALOG).stat().st_ino != (data_dir / "generations" / "000001" / CATALOG).stat().st_ino


def test_a_failed_build_leaves_nothing_and_publishes_nothing(data_dir: Path) -> None:
    with pytest.raises(ZeroDivisionError), generations.building(data_dir, "000001"):
        raise ZeroDivisionError
    assert not (data_dir / "building").exists()
    assert (generations.current_id(data_dir), ids(data_dir)) == ("000001", ["000001"])


def test_what_a_killed_build_left_is_cleared_by_the_next(data_dir: Path) -> None:
    (data_dir / "building" / "chroma").mkdir(parents=True)
    (data_dir / "building" / "leftover").touch()
    with generations.building(data_dir, None) as path:
        assert list(path.iterdir()) == []


def test_names_never_go_back_even_after_a_rollback(data_dir: Path) -> None:
    publish(data_dir)
    generations.roll_back(data_dir)
    assert generations.next_id(data_dir) == "000003"


@pytest.mark.parametrize("victim", ["catalog.sqlite3", "data_level0.bin", "index_metadata.pickle", "header.bin"])
def test_one_changed_byte_is_noticed_before_anything_is_opened(victim: str, data_dir: Path) -> None:
    (file,) = (data_dir / "generations" / "000001").rglob(victim)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(DamagedIndexError, match=rf"{victim} of generation 000001 has changed on disk.*--rebuild.*rollback"):
        open_generation(data_dir)


@pytest.mark.parametrize("victim", ["catalog.sqlite3", "link_lists.bin", "chroma.sqlite3", "manifest.json"])
def test_a_missing_file_is_noticed(victim: str, data_dir: Path) -> None:
    for file in (data_dir / "generations" / "000001").rglob(victim):
        file.unlink()
    with pytest.raises(DamagedIndexError):
        open_generation(data_dir)


@pytest.mark.parametrize("content", [b"", b"garbage" * 999])
def test_an_overwritten_chroma_database_is_noticed(content: bytes, data_dir: Path) -> None:
    (data_dir / "generations" / "000001" / CHROMA / "chroma.sqlite3").write_bytes(content)
    with pytest.raises(DamagedIndexError, match=r"chroma\.sqlite3 is not what was published"):
        open_generation(data_dir)


def test_a_chroma_database_that_lost_rows_is_noticed(data_dir: Path) -> None:
    with VectorStore.open(data_dir / "generations" / "000001" / CHROMA) as store:
        store.passages.delete(["p7"])
    with pytest.raises(DamagedIndexError, match=rf"published with {COUNT} vectors and has {COUNT - 1}"):
        open_generation(data_dir)


def test_an_unreadable_manifest_is_noticed_and_left_out_of_the_list(data_dir: Path) -> None:
    manifest = data_dir / "generations" / "000001" / "manifest.json"
    manifest.write_text("{}")
    with pytest.raises(DamagedIndexError, match="manifest of generation 000001 cannot be read"):
        open_generation(data_dir)
    assert generations.list_generations(data_dir) == []


def test_a_generation_of_a_later_format_is_refused(data_dir: Path) -> None:
    manifest = data_dir / "generations" / "000001" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 9}))
    with pytest.raises(DamagedIndexError, match="has format 9; this program reads 1"):
        open_generation(data_dir)


def test_a_reader_keeps_its_generation_while_others_are_published_and_pruned(data_dir: Path) -> None:
    with open_generation(data_dir) as reader:
        for _ in range(3):
            publish(data_dir)
        assert generations.prune(data_dir, keep=1) == ["000002", "000003"]
        assert reader.vectors.passages.count() == COUNT
        assert ids(data_dir) == ["000001", "000004"]
    assert generations.prune(data_dir, keep=1) == ["000001"]


def test_the_current_generation_is_never_pruned(data_dir: Path) -> None:
    publish(data_dir)
    publish(data_dir)
    generations.point_to(data_dir, "000001")
    assert generations.prune(data_dir, keep=1) == ["000002"]
    assert ids(data_dir) == ["000001", "000003"]


def test_a_rollback_skips_damaged_generations(data_dir: Path) -> None:
    publish(data_dir)
    publish(data_dir)
    (data_dir / "generations" / "000002" / CATALOG).write_bytes(b"garbage")
    assert generations.roll_back(data_dir).id == "000001"
    assert generations.current_id(data_dir) == "000001"


def test_a_rollback_without_an_older_generation_changes_nothing(data_dir: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="no intact generation before 000001"):
        generations.roll_back(data_dir)
    assert generations.current_id(data_dir) == "000001"


def test_a_rollback_repairs_an_unreadable_pointer(data_dir: Path) -> None:
    (data_dir / "CURRENT").write_bytes(b"\xff\xfe")
    with pytest.raises(DamagedIndexError, match="CURRENT cannot be read.*rollback"):
        open_generation(data_dir)
    assert generations.roll_back(data_dir).id == "000001"
    open_generation(data_dir).close()


def test_closing_a_generation_leaves_no_open_file(data_dir: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        open_generation(data_dir).close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_generation_that_cannot_be_opened_is_let_go(data_dir: Path) -> None:
    (data_dir / "generations" / "000001" / CATALOG).write_bytes(b"garbage")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(DamagedIndexError):
        open_generation(data_dir)
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_size_on_disk_counts_all_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(b"12345")
    (tmp_path / "two").write_bytes(b"123")
    assert generations.size_on_disk(tmp_path) == 8


def test_an_open_generation_reads_its_files_again_only_when_they_look_otherwise(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    with open_generation(data_dir) as generation:
        monkeypatch.setattr(generations, "check", lambda path, manifest: read.append(path) or check(path, manifest))
        assert generation.vectors.passages.count() == COUNT
        generation.check()
        assert read == []
        (generation.path / CATALOG).touch()
        generation.check()
        generation.check()
        assert read == [generation.path]
        os.truncate(generation.path / CATALOG, 100)
        for _ in range(2):
            with pytest.raises(DamagedIndexError, match="has changed on disk"):
                generation.check()
