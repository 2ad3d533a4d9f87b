from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge_base.models.embeddings import Spans, texts_and_parts
from knowledge_base.store.embedding_cache import CHUNK, EmbeddingCache, TextToEmbed, embed_with_cache, text_hash


class CountingEmbedder:
    """An exact stand-in: a text's vector is the unit vector of its length, modulo four."""

    dimension = 4
    max_tokens = 16
    streams = 1

    def __init__(self, model_id: str = "counting@00000000", fail_after: int = 1_000_000) -> None:
        self.model_id = model_id
        self.encoded: list[str] = []
        self._fail_after = fail_after

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        if len(self.encoded) >= self._fail_after:
            raise KeyboardInterrupt
        self.encoded.extend(texts)
        if progress is not None:
            progress(len(texts))
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]

    def encode_with_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        return self.encode(list(texts_and_parts(texts, parts)), progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def embedded(
    embedder: CountingEmbedder, cache: EmbeddingCache, texts: Sequence[str], progress: Callable[[int], None] = lambda _: None
) -> NDArray[np.float32]:
    return np.concatenate(embed_with_cache(embedder, cache, [TextToEmbed(text) for text in texts], progress))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "embeddings.sqlite3"


def vectors_of(*rows: Sequence[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


def test_a_vector_comes_back_exactly_after_the_file_was_closed(path: Path) -> None:
    vector = vectors_of([0.1, -0.2, 0.3])
    with EmbeddingCache(path) as cache:
        cache.put("model@1", ["a"], vector)
    with EmbeddingCache(path) as cache:
        assert cache.get("model@1", ["a", "unknown"])["a"].tolist() == vector[0].tolist()
        assert cache.get("model@1", ["a", "unknown"]).keys() == {"a"}


def test_a_vector_belongs_to_its_model_alone(path: Path) -> None:
    with EmbeddingCache(path) as cache:
        cache.put("model@1", ["a"], vectors_of([1, 0]))
        assert cache.get("model@2", ["a"]) == {}


def test_a_later_vector_replaces_the_earlier(path: Path) -> None:
    with EmbeddingCache(path) as cache:
        cache.put("model@1", ["a"], vectors_of([1, 0]))
        cache.put("model@1", ["a"], vectors_of([0, 1]))
        assert cache.count() == 1
        assert cache.get("model@1", ["a"])["a"].tolist() == [0, 1]


def test_forgotten_texts_lose_their_vectors_of_all_models(path: Path) -> None:
    with EmbeddingCache(path) as cache:
        cache.put("model@1", ["a", "b"], vectors_of([1, 0], [0, 1]))
        cache.put("model@2", ["a"], vectors_of([1, 0]))
        cache.forget(["a"])
        assert cache.count() == 1
        assert cache.get("model@1", ["a", "b"]).keys() == {"b"}


def test_more_hashes_than_one_statement_takes_are_read(path: Path) -> None:
    hashes = [str(number) for number in range(40_000)]
    with EmbeddingCache(path) as cache:
        cache.put("model@1", hashes[-2:], vectors_of([1, 0], [0, 1]))
        assert cache.get("model@1", hashes).keys() == set(hashes[-2:])


def test_a_missing_vector_is_refused_with_both_numbers(path: Path) -> None:
    with EmbeddingCache(path) as cache, pytest.raises(ValueError, match="2 hashes were given with 1 vectors"):
        cache.put("model@1", ["a", "b"], vectors_of([1, 0]))


def test_a_file_that_is_no_database_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be read as a header of one " * 20)
    with EmbeddingCache(path) as cache:
        cache.put("model@1", ["a"], vectors_of([1, 0]))
    assert path.with_name("embeddings.sqlite3.damaged-1").read_bytes().startswith(b"not a database")
    assert "damaged" in caplog.text
    with EmbeddingCache(path) as cache:
        assert cache.count() == 1


def test_damage_found_while_reading_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddingCache(path) as cache:
        cache.put("model@1", [str(number) for number in range(2000)], np.ones((2000, 8), dtype=np.float32))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with EmbeddingCache(path) as cache:
        assert cache.get("model@1", ["7"]) == {}
        cache.put("model@1", ["7"], vectors_of([1, 0]))
        assert cache.count() == 1
    assert path.with_name("embeddings.sqlite3.damaged-1").exists()
    assert "damaged" in caplog.text


def test_a_second_damaged_file_does_not_overwrite_the_first(path: Path) -> None:
    path.parent.mkdir()
    for content in (b"first" * 300, b"second" * 300):
        path.write_bytes(content)
        EmbeddingCache(path).close()
    assert path.with_name("embeddings.sqlite3.damaged-1").read_bytes() == b"first" * 300
    assert path.with_name("embeddings.sqlite3.damaged-2").read_bytes() == b"second" * 300


def test_a_file_of_another_version_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with EmbeddingCache(path) as cache:
        assert cache.count() == 0
    assert path.with_name("embeddings.sqlite3.damaged-1").exists()


def test_a_place_that_cannot_be_written_is_replaced_by_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    with EmbeddingCache(tmp_path / "file" / "embeddings.sqlite3") as cache:
        cache.put("model@1", ["a"], vectors_of([1, 0]))
        assert cache.count() == 1
    assert "nothing is kept after this run" in caplog.text


def test_a_locked_file_is_left_in_place(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddingCache(path) as cache:
        cache._connection.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        cache.put("model@1", ["a"], vectors_of([1, 0]))
        other.execute("ROLLBACK")
        other.close()
        assert cache.count() == 1
    assert path.exists()
    assert not path.with_name("embeddings.sqlite3.damaged-1").exists()
    assert "locked" in caplog.text


def test_a_closed_cache_says_so_and_leaves_its_file_alone(path: Path) -> None:
    cache = EmbeddingCache(path)
    cache.close()
    with pytest.raises(sqlite3.ProgrammingError):
        cache.count()
    assert [entry.name for entry in path.parent.iterdir()] == ["embeddings.sqlite3"]


def test_only_new_texts_are_embedded(path: Path) -> None:
    embedder = CountingEmbedder()
    with EmbeddingCache(path) as cache:
        first = embedded(embedder, cache, ["a", "bb"])
        second = embedded(embedder, cache, ["bb", "ccc", "a"])
    assert embedder.encoded == ["bb", "a", "ccc"]
    assert first.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert second.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]


def test_equal_texts_are_embedded_once(path: Path) -> None:
    embedder = CountingEmbedder()
    with EmbeddingCache(path) as cache:
        vectors = embedded(embedder, cache, ["a", "bb", "a"])
    assert embedder.encoded == ["bb", "a"]
    assert vectors.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]


def test_no_texts_give_no_vectors(path: Path) -> None:
    with EmbeddingCache(path) as cache:
        assert embed_with_cache(CountingEmbedder(), cache, []) == []


def test_a_text_is_embedded_with_its_parts_unless_all_are_known(path: Path) -> None:
    embedder, whole = CountingEmbedder(), TextToEmbed("a bb ccc", ((0, 1), (2, 4)))
    with EmbeddingCache(path) as cache:
        [first] = embed_with_cache(embedder, cache, [whole])
        [second] = embed_with_cache(embedder, cache, [whole])
        assert first.tolist() == second.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
        embed_with_cache(embedder, cache, [TextToEmbed("a bb ccc", ((0, 1), (5, 8)))])
    assert embedder.encoded == ["a bb ccc", "a", "bb", "a bb ccc", "a", "ccc"]


def test_a_part_is_kept_for_its_text_and_no_other() -> None:
    one, other = TextToEmbed("a bb", ((2, 4),)), TextToEmbed("c bb", ((2, 4),))
    assert not set(one.keys) & set(other.keys) and len(set(one.keys)) == 2


def test_another_model_embeds_again(path: Path) -> None:
    other = CountingEmbedder("other@00000000")
    with EmbeddingCache(path) as cache:
        embedded(CountingEmbedder(), cache, ["a"])
        embedded(other, cache, ["a"])
    assert other.encoded == ["a"]


@pytest.mark.parametrize("blob", [b"\0" * 12, b"\0" * 15, b"\0" * 16, np.full(4, 9, "<f4").tobytes(), "text"])
def test_what_cannot_be_a_vector_of_the_model_is_embedded_again(path: Path, blob: bytes | str) -> None:
    embedder = CountingEmbedder()
    with EmbeddingCache(path) as cache:
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (text_hash("a"), embedder.model_id, blob))
        connection.close()
        assert embedded(embedder, cache, ["a"]).tolist() == [[0, 1, 0, 0]]
    assert embedder.encoded == ["a"]


def test_a_stopped_run_keeps_what_it_has_done(path: Path) -> None:
    texts = [f"text {number:04}" for number in range(2 * CHUNK + 1)]
    with EmbeddingCache(path) as cache, pytest.raises(KeyboardInterrupt):
        embedded(CountingEmbedder(fail_after=CHUNK), cache, texts)
    resumed = CountingEmbedder()
    with EmbeddingCache(path) as cache:
        assert cache.count() == CHUNK
        embedded(resumed, cache, texts)
    assert resumed.encoded == texts[CHUNK:]


def test_progress_counts_texts_known_and_new(path: Path) -> None:
    done: list[int] = []
    with EmbeddingCache(path) as cache:
        embedded(CountingEmbedder(), cache, ["a"])
        texts = ["a", "a", *(f"text {number}" for number in range(CHUNK + 1))]
        embedded(CountingEmbedder(), cache, texts, done.append)
    assert done == [2, CHUNK + 2, CHUNK + 3]


def test_threads_embed_at_once_and_each_text_gets_its_own_vector(path: Path) -> None:
    together, embedder, done = Barrier(2, timeout=20), CountingEmbedder(), list[int]()
    embedder.streams = 2

    def encode(texts: Sequence[str], progress: Callable[[int], None]) -> NDArray[np.float32]:
        together.wait()  # breaks, and fails the test, unless two threads come
        progress(len(texts))
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]

    embedder.encode = encode  # type: ignore[assignment,method-assign]
    texts = ["x" * number for number in range(1, 2 * CHUNK + 1)]
    with EmbeddingCache(path) as cache:
        vectors = embedded(embedder, cache, texts, done.append)
    assert vectors.argmax(axis=1).tolist() == [len(text) % 4 for text in texts]
    assert done == [0, CHUNK, 2 * CHUNK]


def test_a_lone_surrogate_has_a_hash_of_its_own() -> None:
    assert text_hash("\ud800") != text_hash("\ud801")
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_sound_cache_logs_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with EmbeddingCache(path) as cache:
        embedded(CountingEmbedder(), cache, ["a"])
    assert caplog.records == []


def test_all_but_what_is_to_be_kept_is_erased_from_the_file(path: Path) -> None:
    hashes = [text_hash(f"text {n}") for n in range(400)]
    vectors = np.random.default_rng(0).standard_normal((400, 4)).astype(np.float32)
    with EmbeddingCache(path) as cache:
        cache.put("one", hashes, vectors)
        cache.put("two", hashes[:2], vectors[:2])
        assert cache.keep_only([hashes[0], hashes[0], "unknown"]) == 400
        assert list(cache.get("one", hashes)) == [hashes[0]] == list(cache.get("two", hashes))
    data = path.read_bytes()
    assert hashes[0].encode() in data
    assert not any(hashes[n].encode() in data or vectors[n].tobytes() in data for n in range(1, 400))
