from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_base.errors import DamagedIndexError
from knowledge_base.passages import Document, Page, Passage, SentenceSpan
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.vectors import VectorStore
from knowledge_base.store.verification import reason_unsound, verifier

TEXT = "A pilot waits here."
Vectors = NDArray[np.float32]


def vectors_of(count: int) -> Vectors:
    return np.random.default_rng(3).normal(size=(count, 16)).astype(np.float32)


def build(path: Path, count: int = 12) -> tuple[list[str], Vectors]:
    """Write a sound generation of `count` passages with one sentence each; return ids and vectors of the passages."""
    spans = (SentenceSpan(0, len(TEXT), "paragraph"),)
    ids, vectors = [f"p{number:02}" for number in range(count)], vectors_of(count)
    with Catalog.create(path / "catalog.sqlite3") as catalog, VectorStore.create(path / "chroma") as store:
        for identifier in ids:
            passage = Passage(identifier, identifier, "T", None, 0, len(TEXT), "", TEXT, sentences=spans)
            catalog.put_document(Document(identifier, "T", "h", "en", (Page(None, None, TEXT),)), [passage], "1", "now")
        store.passages.put(ids, vectors)
        store.sentences.put([f"{identifier}#0" for identifier in ids], vectors)
    return ids, vectors


def test_a_sound_generation_has_no_problem(tmp_path: Path) -> None:
    assert reason_unsound(tmp_path, *build(tmp_path)) is None


def test_missing_and_leftover_vectors_are_counted(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    with VectorStore.open(tmp_path / "chroma") as store:
        store.passages.delete(["p00", "p01"])
        store.passages.put(["stray"], vectors[:1])
    assert reason_unsound(tmp_path, ids, vectors) == "2 vectors are missing and 1 are left over"


def test_a_missing_sentence_is_found(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    with VectorStore.open(tmp_path / "chroma") as store:
        store.sentences.delete(["p03#0"])
    assert reason_unsound(tmp_path, ids, vectors) == "1 vectors are missing and 0 are left over"


def test_a_passage_that_its_own_vector_does_not_find_is_found(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    with VectorStore.open(tmp_path / "chroma") as store:
        store.passages.put(["p05"], -vectors[5:6])
    assert reason_unsound(tmp_path, ids, vectors) == "1 of 12 passages are not found by their own vector"


def test_a_wrong_vector_is_found_even_where_the_index_is_so_small_that_each_search_returns_all(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path, 3)
    with VectorStore.open(tmp_path / "chroma") as store:
        store.passages.put(["p01"], -vectors[1:2])
    assert reason_unsound(tmp_path, ids, vectors) == "1 of 3 passages are not found by their own vector"


def test_a_passage_crowded_out_by_others_with_the_same_vector_is_no_problem(tmp_path: Path) -> None:
    ids, _ = build(tmp_path, 30)
    same = np.ones((30, 16), dtype=np.float32)
    with VectorStore.open(tmp_path / "chroma") as store:
        store.passages.put(ids, same)
    assert reason_unsound(tmp_path, ids, same) is None


def test_the_child_process_passes_a_sound_generation_and_leaves_nothing(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    before = {path for path in tmp_path.rglob("*")}
    with verifier() as child:
        child.verify(tmp_path, ids, vectors)
    assert {path for path in tmp_path.rglob("*")} == before


def test_the_child_process_refuses_a_damaged_generation(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 500)
    with verifier() as child, pytest.raises(DamagedIndexError, match="not sound.*was not published.*sync again"):
        child.verify(tmp_path, ids, vectors)


def test_a_child_process_that_dies_counts_as_damage(tmp_path: Path) -> None:
    ids, vectors = build(tmp_path)
    with verifier() as child:
        child._process.kill()
        with pytest.raises(DamagedIndexError, match="ended with code -9"):
            child.verify(tmp_path, ids, vectors)


def test_the_child_process_ends_with_its_parent_s_work() -> None:
    with verifier() as child:
        process = child._process
    assert process.returncode == -9
