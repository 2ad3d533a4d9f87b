from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from libraries import Library

from knowledge_base.errors import ModelError
from knowledge_base.models.embeddings import CompiledEmbedder, Embedder, Progress, Vectors
from knowledge_base.search.retrieval import HybridRetriever, PassageWords, RetrievalWeights, bm25
from knowledge_base.store.generations import open_generation


@pytest.fixture(scope="module")
def retriever(shared_library: Library, embedder: Embedder) -> Iterator[HybridRetriever]:
    with open_generation(shared_library.data_dir) as generation:
        yield HybridRetriever(generation, embedder)


@pytest.mark.parametrize(
    ("question", "source", "page"),
    [
        ("Who is the keeper of the lighthouse?", "lighthouse.html", None),
        ("What does a red lamp mean?", "glossary.yml", None),
        ("What does it cost to replace a pier?", "survey.pdf", 2),
        ("How often must a fog horn sound?", "minutes.txt", None),
        ("What do pilots carry at night?", "tides.docx", None),
    ],
)
def test_the_best_passage_is_the_one_that_answers(
    question: str, source: str, page: int | None, retriever: HybridRetriever
) -> None:
    best = retriever.retrieve(question)[0].passage
    assert (best.source, best.page) == (source, page)


def test_passages_come_best_first_and_no_more_than_asked_for(retriever: HybridRetriever) -> None:
    found = retriever.retrieve("fog horns and piers", top_k=3)
    assert len(found) == 3
    assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)
    assert found == retriever.retrieve("fog horns and piers", top_k=10)[:3]


@pytest.mark.parametrize("question", ["", "???", "the of and", '"AND (', "\ud800", "网络空间"])
def test_a_question_without_a_word_to_look_up_still_gets_the_nearest(question: str, retriever: HybridRetriever) -> None:
    found = retriever.retrieve(question)
    assert len(found) == 8
    assert {r.lexical for r in found} == {0.0}


def test_records_of_the_register_are_no_passages(retriever: HybridRetriever) -> None:
    sources = {r.passage.source for r in retriever.retrieve("Port of Saltholm", top_k=100)}
    assert "supporters/saltholm.md" not in sources


def test_lexical_weight_alone_follows_the_words(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        words = HybridRetriever(generation, embedder, RetrievalWeights(passage=0, sentence=0, lexical=1))
        found = words.retrieve("beeswax")
    assert (found[0].passage.source, found[0].score) == ("lighthouse.html", found[0].lexical)
    assert found[1].score == 0


class OtherEmbedder(CompiledEmbedder):
    """An embedder of another model, to be refused before it embeds."""

    def __init__(self) -> None:
        self.model_id = "tiny@00000000"


def test_another_model_than_the_index_s_is_refused_with_the_remedy(shared_library: Library) -> None:
    with (
        open_generation(shared_library.data_dir) as generation,
        pytest.raises(ModelError, match="made with the embedding model all-MiniLM-L6-v2@53aa5117, not with tiny@0.*--rebuild"),
    ):
        HybridRetriever(generation, OtherEmbedder())


def test_a_name_that_belongs_to_a_document_lifts_its_passages(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        without = HybridRetriever(generation, embedder, RetrievalWeights(named=0)).retrieve("When does Saltholm's pier close?")
        lifted = HybridRetriever(generation, embedder, RetrievalWeights(named=0.5)).retrieve("When does Saltholm's pier close?")
    scores = {r.passage.id: r.score for r in without}
    gains = {r.passage.source: round(r.score - scores[r.passage.id], 6) for r in lifted}
    assert max(gains.values()) > 0
    assert min(gains.values()) == 0


def test_bm25_is_the_share_of_the_best_possible_score() -> None:
    texts: dict[str, tuple[list[str], list[str], list[str]]] = {
        "nothing": ([], [], ["pilot"]),
        "one": ([], [], ["ferri"]),
        "both": ([], [], ["ferri", "noon"]),
        "title": (["ferri", "noon"], [], []),
    }
    documents = {name: PassageWords.of(columns, (2.0, 2.0, 1.0)) for name, columns in texts.items()}
    found = bm25({"ferry": ("ferri",), "noon": ("noon",)}, {"ferry": 2.0, "noon": 1.0}, documents)
    assert found["nothing"] == 0
    assert 0 < found["one"] < found["both"] < found["title"] < 1


class CountingEmbedder:
    """An embedder that counts how often it embeds."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self.model_id, self.calls = embedder, embedder.model_id, 0
        self.dimension, self.max_tokens = embedder.dimension, embedder.max_tokens
        self.count_tokens = embedder.count_tokens

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.calls += 1
        return self._embedder.encode(texts, progress)


def test_a_question_is_embedded_once_for_passages_and_sentences(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        counting = CountingEmbedder(embedder)
        retriever = HybridRetriever(generation, counting)
        query, other = retriever.read("When was the lighthouse built?"), retriever.read("Who keeps the bees?")
        found = [r.passage for r in retriever.search(query)]
        first = retriever.sentence_similarities(query, found)
        assert counting.calls == 1
        assert retriever.sentence_similarities(other, found) != first
        assert counting.calls == 2
        assert retriever.sentence_similarities(query, found) == first


def test_passages_asked_for_by_id_come_with_the_best(retriever: HybridRetriever) -> None:
    query = retriever.read("Who is the keeper of the lighthouse?")
    far = retriever.search(query, 100)[-1].passage.id
    found = retriever.search(query, 2, [far, "no such passage"])
    assert [r.passage.id for r in found] == [*(r.passage.id for r in retriever.search(query, 2)), far]


class FailsOnce(CountingEmbedder):
    """An embedder whose first call fails."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if not self.calls:
            self.calls = 1
            raise MemoryError
        return super().encode(texts, progress)


def test_a_question_that_could_not_be_embedded_is_embedded_when_it_is_asked_again(
    shared_library: Library, embedder: Embedder
) -> None:
    with open_generation(shared_library.data_dir) as generation:
        retriever = HybridRetriever(generation, FailsOnce(embedder))
        with pytest.raises(MemoryError):
            retriever.retrieve("When does Saltholm's pier close?")
        assert retriever.retrieve("When does Saltholm's pier close?")
