"""Questions in other languages: the map that ships, when it is used, and how it is learnt."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from libraries import Library

from assistant.answering import Assistant
from knowledge_base.errors import ModelError
from knowledge_base.models import multilingual
from knowledge_base.models.embeddings import Embedder
from knowledge_base.models.multilingual import MULTILINGUAL, MultilingualEncoder, open_multilingual
from knowledge_base.models.packaged_model import MINILM
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.settings import Settings
from knowledge_base.store.generations import open_generation
from training.multilingual import FILES, english_texts, learn_map

PAIRS = [
    ("Combien coûte la réparation du quai ?", "How much does it cost to repair the quay?"),
    ("Qui a peint le plafond de la chapelle ?", "Who painted the ceiling of the chapel?"),
    ("Les abeilles reviennent au printemps.", "The bees come back in spring."),
    ("Der Zug fährt um sechs Uhr ab.", "The train leaves at six o'clock."),
    ("¿Dónde se guarda la llave del faro?", "Where is the key to the lighthouse kept?"),
]


@pytest.fixture(scope="module")
def encoder() -> MultilingualEncoder:
    return MultilingualEncoder()


def test_a_question_lies_nearest_to_what_says_the_same_in_english(encoder: MultilingualEncoder, embedder: Embedder) -> None:
    english = embedder.encode([english for _, english in PAIRS])
    read = np.stack([encoder.encode(foreign) for foreign, _ in PAIRS])
    assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(len(PAIRS)), abs=1e-5)
    similarities = read @ english.T
    assert similarities.argmax(axis=1).tolist() == list(range(len(PAIRS)))
    assert similarities.diagonal().mean() > (embedder.encode([foreign for foreign, _ in PAIRS]) @ english.T).diagonal().mean()


@pytest.mark.parametrize(
    ("settings", "model_id"), [(Settings(multilingual=False), MINILM.model_id), (Settings(), "other@00000000")]
)
def test_it_is_not_used_where_it_is_off_or_leads_to_another_model(settings: Settings, model_id: str) -> None:
    assert open_multilingual(settings, model_id) is None


def test_missing_or_altered_files_are_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "map.npy").write_bytes(b"other")
    altered = replace(MULTILINGUAL, map=replace(MULTILINGUAL.map, path=tmp_path / "map.npy"))
    with pytest.raises(ModelError, match="map.npy of the multilingual encoder is not the published file") as caught:
        MultilingualEncoder(package=altered).encode("Pourquoi ?")
    assert "PARISCALL_MULTILINGUAL=off" in caught.value.remedy
    with pytest.raises(ModelError, match="is not installed"):
        MultilingualEncoder(package=replace(MULTILINGUAL, module="no_such_module")).read(["Pourquoi ?"])
    with pytest.raises(ModelError, match="weights.npz of the multilingual encoder is not the published file"):
        MultilingualEncoder(package=replace(MULTILINGUAL, hashes={"weights.npz": "0" * 64})).read(["Pourquoi ?"])


class _Counting(MultilingualEncoder):
    read_texts: tuple[str, ...] = ()

    def encode(self, text: str) -> multilingual.Vectors:
        self.read_texts += (text,)
        return super().encode(text)


def test_only_a_question_in_another_language_than_passages_is_read_by_it(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        counting = _Counting()
        retriever = HybridRetriever(generation, embedder, multilingual=counting)
        retriever.search(retriever.read("What does it cost to replace a pier?"))
        assert counting.read_texts == ()
        french = "Combien coûte le remplacement d'une jetée ?"
        found = retriever.search(retriever.read(french), 3)
        assert counting.read_texts == (french,)
        plain = HybridRetriever(generation, embedder)
        assert found[0].dense > plain.search(plain.read(french), 3)[0].dense


def test_the_setting_reaches_the_assistant(shared_library: Library) -> None:
    for on in (True, False):
        with Assistant.open(Settings(data_dir=shared_library.data_dir, evidence_model="off", multilingual=on)) as assistant:
            assert (assistant._retriever._multilingual is not None) is on


# How the map is learnt


def test_texts_are_questions_and_sentences_in_english(tmp_path: Path) -> None:
    rows = [
        {"lang": "en", "question": "Who keeps the accounts of the society?", "evidence": ["The clerk keeps them, in silver."]},
        {"lang": "en", "claim": "The clerk keeps the accounts in gold.", "evidence": "The clerk keeps them, in lead."},
        {"lang": "fr", "question": "Qui tient les comptes de la société ?"},
        {"lang": "en", "sentences": ["Too short.", "The members meet once a year in May."]},
    ]
    for name in FILES:
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    assert sorted(english_texts(tmp_path)) == [
        "The clerk keeps the accounts in gold.",
        "The clerk keeps them, in lead.",
        "The clerk keeps them, in silver.",
        "The members meet once a year in May.",
        "Who keeps the accounts of the society?",
    ]


def test_a_linear_map_is_found_again() -> None:
    numbers = np.random.default_rng(3)
    true = numbers.standard_normal((6, 4))

    def read(texts: Sequence[str]) -> np.ndarray:
        vectors = np.stack([np.random.default_rng(len(text)).standard_normal(6) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def encode(texts: Sequence[str]) -> np.ndarray:
        moved = read(texts) @ true
        return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)

    matrix, figures = learn_map(["x" * length for length in range(1, 401)], read, encode)
    assert matrix.shape == (7, 4)
    assert figures["texts"] == 400 and figures["cosine"] > 0.95 and figures["nearest"] > 0.7
