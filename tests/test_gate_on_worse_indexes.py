"""The gate on the built-in library: what did not change passes, what was made worse on purpose fails by the right figure."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from worse_indexes import NoiseEmbedder, drop_half

from assistant import answering
from assistant.answering import Assistant
from assistant.evaluation.comparison import Verdict, compare, decide
from assistant.evaluation.report import make_report
from assistant.evaluation.running import Run, run_with
from assistant.evaluation.testset import OWN_SET, TestSet, read_test_set
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.models.embeddings import Embedder
from knowledge_base.settings import Settings
from knowledge_base.store.generations import current_id, open_generation

FEW = 20  # questions, for what is asked ten times


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(data_dir=tmp_path_factory.mktemp("library"))
    sync(made, SyncOptions())
    return made


@pytest.fixture(scope="module")
def test_set() -> TestSet:
    return read_test_set(OWN_SET)


@pytest.fixture(scope="module")
def baseline(settings: Settings, embedder: Embedder, test_set: TestSet) -> Run:
    return asked(settings, embedder, test_set)


@pytest.fixture
def halved(settings: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(settings.data_dir, tmp_path / "data")
    drop_half(tmp_path / "data" / "generations" / str(current_id(tmp_path / "data")))
    return Settings(data_dir=tmp_path / "data")


def asked(settings: Settings, embedder: Embedder, test_set: TestSet) -> Run:
    """Ask without the evidence model: what is tried here is the gate, and the model reads for a quarter of a second."""
    with Assistant(settings, embedder, None, open_generation(settings.data_dir), follows=False) as opened:
        return run_with(opened, test_set)


def judged(baseline: Run, run: Run) -> Verdict:
    comparison = compare(baseline.records, run.records, baseline.manifest.id, baseline.created)
    return decide(make_report(run).whole.figures, 1.0, {"valid": 1.0}, comparison)


def fallen(verdict: Verdict) -> set[str]:
    assert not verdict.passed and verdict.worse
    return {failure.figure for failure in verdict.failures}


def test_an_unchanged_index_passes_ten_times_out_of_ten(settings: Settings, embedder: Embedder, test_set: TestSet):
    few = replace(test_set, items=test_set.items[::8][:FEW])
    first = asked(settings, embedder, few)
    for _ in range(10):
        verdict = judged(first, asked(settings, embedder, few))
        assert verdict.passed, verdict.failures


def test_half_of_the_passages_dropped_fails_by_recall(
    settings: Settings, embedder: Embedder, test_set: TestSet, baseline: Run, halved: Settings
):
    assert {"recall@1", "recall@5", "recall@10", "strict"} <= fallen(judged(baseline, asked(halved, embedder, test_set)))


def test_an_embedder_of_noise_fails_by_recall(settings: Settings, embedder: Embedder, test_set: TestSet, baseline: Run):
    found = fallen(judged(baseline, asked(settings, NoiseEmbedder(embedder), test_set)))
    assert {"recall@5", "recall@10", "mrr", "ndcg@10", "false_refused"} <= found


def test_refusals_switched_off_fails_by_refusal(
    settings: Settings, embedder: Embedder, test_set: TestSet, baseline: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answering, "reason_for_refusal", lambda question, trust: None)
    verdict = judged(baseline, asked(settings, embedder, test_set))
    assert "refused" in fallen(verdict)
    assert not {"recall@1", "recall@10", "valid"} & fallen(verdict)
