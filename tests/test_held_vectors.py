"""Vectors of a small index, held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.store.vectors import HeldVectors, VectorIndex, VectorStore

COUNT, DIMENSION = 300, 16
IDS = [f"p{number:03}" for number in range(COUNT)]


def unit(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS = unit(1, COUNT)


class Counted(VectorIndex):
    """An index that counts how often it is searched, read, and read whole."""

    def __init__(self, index: VectorIndex) -> None:
        super().__init__(index._collection)
        self.searched = self.read = self.read_whole = 0

    def query(self, vectors: np.ndarray, top_k: int) -> list[list[tuple[str, float]]]:
        self.searched += 1
        return super().query(vectors, top_k)

    def get(self, ids: list[str]) -> dict[str, np.ndarray]:  # type: ignore[override]
        self.read += 1
        return super().get(ids)

    def all(self) -> tuple[list[str], np.ndarray]:
        self.read_whole += 1
        return super().all()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Counted]:
    with VectorStore.create(tmp_path / "chroma") as store:
        store.passages.put(IDS, VECTORS)
        yield Counted(store.passages)


def test_what_is_held_gives_what_the_index_gives(index: Counted) -> None:
    held = HeldVectors(index)
    for number, vector in enumerate(unit(2, 5)):
        found, expected = held.nearest(vector, 20), dict(index.query(vector[np.newaxis], 20)[0])
        assert list(found) == list(expected)
        assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-5)
        assert index.read_whole == (number > 0)  # one question alone loads nothing
    assert index.searched == 5 + 1


def test_vectors_are_read_by_id_before_and_after_they_are_held(index: Counted) -> None:
    held = HeldVectors(index)
    for _ in range(3):
        found = held.get(["p007", "none"])
        assert list(found) == ["p007"]
        assert np.array_equal(found["p007"], VECTORS[7])
        held.nearest(VECTORS[0], 3)
    before = index.read
    assert set(held.get(["p001", "none", "p299"])) == {"p001", "p299"}
    assert index.read == before


def test_more_are_asked_for_than_there_are(index: Counted) -> None:
    held = HeldVectors(index)
    assert [len(held.nearest(VECTORS[0], 1000)) for _ in range(2)] == [COUNT, COUNT]


def test_a_large_index_is_searched_where_it_is(index: Counted) -> None:
    held = HeldVectors(index, most=COUNT - 1)
    for _ in range(4):
        assert next(iter(held.nearest(VECTORS[3], 5))) == "p003"
    assert (index.searched, index.read_whole) == (4, 0)


def test_threads_load_it_once(index: Counted) -> None:
    held = HeldVectors(index)
    held.nearest(VECTORS[0], 1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: next(iter(held.nearest(VECTORS[row], 1))), range(40)))
    assert found == IDS[:40]
    assert index.read_whole == 1


def test_an_index_without_vectors_finds_nothing(tmp_path: Path) -> None:
    with VectorStore.create(tmp_path / "chroma") as store:
        held = HeldVectors(store.passages)
        assert [held.nearest(VECTORS[0], 5) for _ in range(3)] == [{}, {}, {}]
