"""The query adapter: what ships, when it is used, and how it is learnt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from libraries import Library
from typer.testing import CliRunner

from assistant.answering import Assistant
from knowledge_base.errors import ModelError
from knowledge_base.models.embeddings import Embedder, Spans, texts_and_parts
from knowledge_base.models.packaged_model import MINILM
from knowledge_base.models.query_adapter import ADAPTER, QueryAdapter, open_query_adapter
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.settings import Settings
from knowledge_base.store.generations import open_generation
from training import __main__ as command
from training.adapter import AdapterPlan, adapter_figures, learn_adapter
from training.questions import Document, QuestionData, add_briefs

SIZE = 12
PLAN = AdapterPlan(passes=80, batch=16, rate=0.05, runs=2)


class Rolled:
    """Gives "answer N" a random vector, and "question N" the same one, its numbers moved by a place."""

    model_id, dimension, max_tokens, streams = "rolled@00000000", SIZE, 256, 1

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        vectors = [np.random.default_rng(int(text.split()[1])).standard_normal(SIZE) for text in texts]
        moved = [np.roll(v, 1) if text.startswith("question") else v for v, text in zip(vectors, texts, strict=True)]
        return (np.stack(moved) / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: object = None) -> np.ndarray:
        return self.encode(list(texts_and_parts(texts, parts)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def questions(numbers: range) -> QuestionData:
    data = QuestionData()
    sentences = tuple(f"answer {number}" for number in numbers)
    asked = [(f"question {number}", frozenset([place])) for place, number in enumerate(numbers)]
    data.add(Document("toy", sentences, tuple(numbers)), [*asked, ("question 9000", frozenset())], least=0)
    return data


# What ships


def test_the_matrix_that_ships_fits_the_packaged_model_and_moves_vectors_a_little() -> None:
    matrix = ADAPTER.read()
    assert matrix.shape == (384, 384)
    assert ADAPTER.model_id == MINILM.model_id
    vector = np.full(384, 384**-0.5, dtype=np.float32)
    moved = QueryAdapter(matrix).adapted(vector)
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-5)
    assert 0.5 < moved @ vector < 0.999


def test_on_briefs_that_were_kept_apart_answers_rank_higher_with_it(embedder: Embedder) -> None:
    kept = QuestionData()
    add_briefs(QuestionData(), kept)
    before = adapter_figures(kept, embedder, None, {"brief"})["brief"]
    after = adapter_figures(kept, embedder, open_query_adapter(Settings(), embedder.model_id), {"brief"})["brief"]
    assert after["map"] > before["map"] + 0.02
    assert after["first"] > before["first"]


@pytest.mark.parametrize(
    ("settings", "model_id"), [(Settings(query_adapter=False), MINILM.model_id), (Settings(), "other@00000000")]
)
def test_it_is_not_used_where_it_is_off_or_was_learnt_for_another_model(settings: Settings, model_id: str) -> None:
    assert open_query_adapter(settings, model_id) is None


def test_an_altered_or_missing_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "adapter.npy"
    package = replace(ADAPTER, file=file)
    with pytest.raises(ModelError, match="cannot be read") as missing:
        package.read()
    assert "PARISCALL_QUERY_ADAPTER=off" in missing.value.remedy
    shutil.copy(ADAPTER.file, file)
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ModelError, match="adapter.npy of the query adapter is not the published file"):
        package.read()


# Where it is used


def test_passages_and_sentences_are_compared_with_the_moved_vector(shared_library: Library, embedder: Embedder) -> None:
    matrix = np.random.default_rng(1).standard_normal((384, 384)).astype(np.float32) * 0.05
    with open_generation(shared_library.data_dir) as generation:
        plain = HybridRetriever(generation, embedder)
        moving = HybridRetriever(generation, embedder, adapter=QueryAdapter(matrix))
        query = plain.read("What does it cost to replace a pier?")
        found = moving.search(query)
        vectors = generation.vectors.passages.get([r.passage.id for r in found])
        expected = QueryAdapter(matrix).adapted(embedder.encode([query.text])[0])
        assert [r.dense for r in found] == pytest.approx([float(vectors[r.passage.id] @ expected) for r in found], abs=1e-3)
        passages = [found[0].passage]
        assert plain.sentence_similarities(query, passages) != moving.sentence_similarities(query, passages)
    assert (plain.adapts, moving.adapts) == (False, True)


@pytest.mark.parametrize("on", [True, False])
def test_the_setting_reaches_the_assistant(on: bool, shared_library: Library) -> None:
    settings = Settings(data_dir=shared_library.data_dir, evidence_model="off", query_adapter=on)
    with Assistant.open(settings) as assistant:
        assert assistant._retriever.adapts is on


# How it is learnt


def test_what_is_learnt_holds_for_questions_that_were_not_seen() -> None:
    kept = questions(range(200, 240))
    before = adapter_figures(kept, Rolled(), None, {"toy"})["toy"]
    matrix = learn_adapter(questions(range(100)), Rolled(), PLAN)
    after = adapter_figures(kept, Rolled(), QueryAdapter(matrix), {"toy"})["toy"]
    assert before["first"] < 0.2
    assert after["first"] > 0.9
    assert after["map"] > before["map"] + 0.5
    assert after["questions"] == before["questions"] == 40


def test_the_same_seed_learns_the_same() -> None:
    data, plan = questions(range(30)), replace(PLAN, passes=2)
    assert learn_adapter(data, Rolled(), plan, 3) == pytest.approx(learn_adapter(data, Rolled(), plan, 3), abs=1e-6)
    assert not np.allclose(learn_adapter(data, Rolled(), plan, 3), learn_adapter(data, Rolled(), plan, 4), atol=1e-4)


def test_the_command_learns_from_an_index_and_prints_figures_before_and_after(
    shared_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "open_embedder", lambda _: Rolled())
    monkeypatch.setattr(command, "add_briefs", lambda training, kept: _fill(training, kept))
    monkeypatch.setattr(command, "AdapterPlan", lambda: PLAN)
    arguments = ["adapter", "--index", str(shared_library.data_dir), "--output", str(tmp_path / "adapter.npy")]
    monkeypatch.setattr(command, "add_reports", lambda *_: 2)
    run = CliRunner().invoke(command.app, arguments)
    assert run.exit_code == 0, run.output
    before, after = (json.loads(line)["toy"] for line in run.stdout.splitlines() if line.startswith("{"))
    assert after["map"] > before["map"]
    assert "2 questions are left out" in run.output
    assert np.load(tmp_path / "adapter.npy").dtype == np.float16


def _fill(training: QuestionData, kept: QuestionData) -> None:
    for data, numbers in ((training, range(60)), (kept, range(200, 230))):
        made = questions(numbers)
        data.documents += made.documents
        data.questions += made.questions
