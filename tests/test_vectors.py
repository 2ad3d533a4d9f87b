from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_base.errors import DamagedIndexError
from knowledge_base.store import passage_vectors
from knowledge_base.store import vectors as vectors_module
from knowledge_base.store.passage_vectors import put_vectors
from knowledge_base.store.vectors import VectorStore, lasting_files, listing, warm_up_in_thread

Vectors = NDArray[np.float32]


def unit_vectors(count: int, dimension: int = 384, seed: int = 7) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def store_of(path: Path, vectors: Vectors) -> list[str]:
    ids = [f"p{number}" for number in range(len(vectors))]
    with VectorStore.create(path) as store:
        store.passages.put(ids, vectors)
    return ids


def test_a_reopened_store_finds_each_vector_by_itself(tmp_path: Path) -> None:
    vectors = unit_vectors(20)
    ids = store_of(tmp_path, vectors)
    with VectorStore.open(tmp_path) as store:
        best = [hits[0] for hits in store.passages.query(vectors, 3)]
        assert [identifier for identifier, _ in best] == ids
        assert [score for _, score in best] == pytest.approx([1.0] * 20, abs=1e-5)
        assert store.passages.ids() == set(ids)


def test_scores_are_cosine_similarities_best_first(tmp_path: Path) -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    store_of(tmp_path, vectors)
    with VectorStore.open(tmp_path) as store:
        (hits,) = store.passages.query(vectors[:1], 3)
    assert [identifier for identifier, _ in hits] == ["p0", "p1", "p2"]
    assert [score for _, score in hits] == pytest.approx([1.0, 0.6, -1.0], abs=1e-6)


def test_the_approximate_search_misses_none_of_the_ten_nearest_of_a_thousand(tmp_path: Path) -> None:
    vectors, queries = unit_vectors(1000), unit_vectors(40, seed=8)
    store_of(tmp_path, vectors)
    exact = [{f"p{i}" for i in row} for row in np.argsort(-(queries @ vectors.T), axis=1)[:, :10].tolist()]
    with VectorStore.open(tmp_path) as store:
        found = [{identifier for identifier, _ in hits} for hits in store.passages.query(queries, 10)]
    assert found == exact


def test_putting_a_known_id_replaces_its_vector(tmp_path: Path) -> None:
    vectors = unit_vectors(3)
    store_of(tmp_path, vectors[:2])
    with VectorStore.open(tmp_path) as store:
        store.passages.put(["p0"], vectors[2:])
        assert store.passages.count() == 2
        np.testing.assert_allclose(store.passages.get(["p0"])["p0"], vectors[2], atol=1e-6)


def test_deleted_vectors_are_found_no_more(tmp_path: Path) -> None:
    vectors = unit_vectors(5)
    store_of(tmp_path, vectors)
    with VectorStore.open(tmp_path) as store:
        store.passages.delete(["p1", "never there"])
        assert store.passages.ids() == {"p0", "p2", "p3", "p4"}
        assert "p1" not in {identifier for identifier, _ in store.passages.query(vectors[1:2], 5)[0]}


def test_passages_and_sentences_are_kept_apart(tmp_path: Path) -> None:
    vectors = unit_vectors(2)
    with VectorStore.create(tmp_path) as store:
        store.passages.put(["one"], vectors[:1])
        store.sentences.put(["one#0"], vectors[1:])
        assert (store.passages.ids(), store.sentences.ids()) == ({"one"}, {"one#0"})
    assert listing(tmp_path).vectors == 2


def test_get_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    vectors = unit_vectors(1)
    store_of(tmp_path, vectors)
    with VectorStore.open(tmp_path) as store:
        assert set(store.passages.get(["p0", "other"])) == {"p0"}
        assert store.passages.get([]) == {}


def test_an_empty_store_answers_with_nothing(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(0))
    with VectorStore.open(tmp_path) as store:
        assert store.passages.query(unit_vectors(1), 5) == [[]]
        assert store.passages.query(unit_vectors(0), 5) == []


def test_another_number_of_ids_than_of_vectors_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with VectorStore.create(tmp_path) as store, pytest.raises(ValueError, match="2 ids but 1 vectors"):
        store.passages.put(["a", "b"], unit_vectors(1))


def test_a_directory_without_its_database_is_damage_and_no_new_store(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndexError, match=r"has no chroma\.sqlite3"):
        VectorStore.open(tmp_path)
    with pytest.raises(DamagedIndexError, match=r"chroma\.sqlite3 is missing.*--rebuild"):
        listing(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_emptied_database_is_damage_and_no_new_store(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(3))
    (tmp_path / "chroma.sqlite3").write_bytes(b"")
    with pytest.raises(DamagedIndexError, match="no such table.*--rebuild"):
        listing(tmp_path)
    with pytest.raises(DamagedIndexError, match="cannot be opened.*--rebuild"):
        VectorStore.open(tmp_path)


def test_an_overwritten_database_is_damage(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(3))
    (tmp_path / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    with pytest.raises(DamagedIndexError, match="not a database"):
        listing(tmp_path)


def test_a_row_fewer_is_counted(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(3))
    with sqlite3.connect(tmp_path / "chroma.sqlite3") as connection:
        connection.execute("DELETE FROM embeddings WHERE embedding_id = 'p1'")
    connection.close()
    assert listing(tmp_path).vectors == 2


def test_opening_a_store_changes_none_of_its_lasting_files(tmp_path: Path) -> None:
    vectors = unit_vectors(150, 16)
    store_of(tmp_path, vectors)
    before = {file: file.read_bytes() for file in lasting_files(tmp_path)}
    with VectorStore.open(tmp_path) as store:
        store.passages.query(vectors, 5)
    assert len(before) >= 4
    assert {file: file.read_bytes() for file in lasting_files(tmp_path)} == before


def test_the_engine_reads_what_the_client_wrote_as_the_client_does(tmp_path: Path) -> None:
    vectors = unit_vectors(300)
    ids = store_of(tmp_path, vectors)
    with VectorStore.open(tmp_path) as client, VectorStore.search(tmp_path) as engine:
        assert engine.passages.query(vectors[:40], 25) == client.passages.query(vectors[:40], 25)
        assert (engine.passages.ids(), engine.passages.count(), engine.sentences.count()) == (set(ids), 300, 0)
        found, expected = engine.passages.get([*ids, "other"]), client.passages.get([*ids, "other"])
        assert found.keys() == expected.keys() and all(np.array_equal(found[i], expected[i]) for i in ids)
        assert engine.sentences.query(vectors[:2], 3) == [[], []]


def test_a_store_without_a_collection_is_damage_for_the_engine(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(3))
    with sqlite3.connect(tmp_path / "chroma.sqlite3") as connection:
        connection.execute("DELETE FROM collections WHERE name = 'sentences'")
    connection.close()
    with pytest.raises(DamagedIndexError, match="cannot be opened.*sentences"):
        VectorStore.search(tmp_path)


def test_searching_needs_no_client(tmp_path: Path) -> None:
    store_of(tmp_path, unit_vectors(3))
    script = (
        "import sys; from pathlib import Path; from knowledge_base.store.vectors import VectorStore\n"
        "with VectorStore.search(Path(sys.argv[1])) as store: print(store.passages.count(), 'chromadb' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ended.stdout == "3 False\n"


def test_the_engine_can_be_imported_beside_other_work() -> None:
    thread = warm_up_in_thread()
    thread.join(60)
    assert not thread.is_alive() and "chromadb_rust_bindings" in sys.modules


def test_where_the_engine_cannot_be_imported_the_thread_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chromadb_rust_bindings", None)
    thread = warm_up_in_thread()  # an exception in a thread is an error in these tests
    thread.join(60)
    assert not thread.is_alive()


def test_many_vectors_are_put_and_asked_for_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "_QUERIES", 3)
    monkeypatch.setattr(passage_vectors, "_BATCH", 3)
    vectors = unit_vectors(7)
    with VectorStore.create(tmp_path) as store:
        put_vectors(store.passages, dict(zip("abcdefg", vectors, strict=True)))
    with VectorStore.search(tmp_path) as store:
        assert [hits[0][0] for hits in store.passages.query(vectors, 2)] == list("abcdefg")
