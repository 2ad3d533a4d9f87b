from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.models.embeddings import Spans, texts_and_parts
from knowledge_base.store.embedding_cache import DocumentVectors, TextToEmbed, embed_with_cache, forget_vectors, text_hash

pytest.importorskip("pyarrow")
MODEL = "tiny/../model@1234"


class CountingEmbedder:
    """Gives unit vectors made of a text's hash, and keeps what it was asked for."""

    model_id = MODEL
    dimension = 4
    max_tokens = 32
    streams = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        self.asked += texts
        vectors = np.array([[float(int(text_hash(t)[i : i + 4], 16) + 1) for i in range(0, 16, 4)] for t in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: object = None) -> np.ndarray:
        return self.encode(list(texts_and_parts(texts, parts)), progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def test_what_was_put_is_found_again_bit_for_bit(tmp_path: Path):
    vectors = np.random.default_rng(0).random((3, 5), dtype=np.float32)
    DocumentVectors(tmp_path, "ab12").put(MODEL, ["x", "y", "z"], vectors)
    found = DocumentVectors(tmp_path, "ab12").get(MODEL, ["z", "x", "unknown"])
    assert set(found) == {"x", "z"}
    assert np.array_equal(found["z"], vectors[2]) and found["z"].dtype == np.float32


def test_a_document_and_a_model_have_vectors_of_their_own(tmp_path: Path):
    DocumentVectors(tmp_path, "ab12").put(MODEL, ["x"], np.ones((1, 2), dtype=np.float32))
    assert DocumentVectors(tmp_path, "cd34").all(MODEL) == {}
    assert DocumentVectors(tmp_path, "ab12").all("other@1") == {}


def test_a_models_name_does_not_lead_out_of_the_folder(tmp_path: Path):
    DocumentVectors(tmp_path / "shards", "ab12").put(MODEL, ["x"], np.ones((1, 2), dtype=np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]
    assert [path.parent.parent for path in tmp_path.rglob("*.parquet")] == [tmp_path / "shards"]


def test_a_second_run_embeds_only_what_is_new(tmp_path: Path):
    embedder = CountingEmbedder()
    first = embed_with_cache(embedder, DocumentVectors(tmp_path, "ab12"), list(map(TextToEmbed, ("one", "two", "one"))))
    again = DocumentVectors(tmp_path, "ab12")
    second = embed_with_cache(embedder, again, list(map(TextToEmbed, ("two", "three"))))
    assert embedder.asked == ["one", "two", "three"] and again.added == 1
    assert np.array_equal(first[1], second[0])


def test_a_file_that_was_left_half_written_is_not_read(tmp_path: Path):
    vectors = DocumentVectors(tmp_path, "ab12")
    vectors.put(MODEL, ["x"], np.ones((1, 2), dtype=np.float32))
    [file] = tmp_path.rglob("*.parquet")
    (file.parent / f".{file.name}.tmp").write_bytes(b"PAR1 half")
    assert set(vectors.all(MODEL)) == {"x"}


def test_vectors_of_other_documents_are_forgotten(tmp_path: Path):
    for content_hash in ("ab12", "cd34"):
        DocumentVectors(tmp_path, content_hash).put(MODEL, ["x"], np.ones((1, 2), dtype=np.float32))
    half = tmp_path / "m" / ".ab12-0.parquet.tmp"
    half.parent.mkdir()
    half.touch()
    assert forget_vectors(tmp_path, {"ab12"}) == 2
    assert DocumentVectors(tmp_path, "ab12").all(MODEL) and not DocumentVectors(tmp_path, "cd34").all(MODEL)
    assert forget_vectors(tmp_path / "none", ()) == 0
