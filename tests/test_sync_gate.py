"""`sync --gate`: what was built is evaluated before it is published, in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS, SOURCE
from libraries import Library

from ingest.sync import building
from ingest.sync.gate import Gate, refusal
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError
from knowledge_base.settings import Settings
from knowledge_base.store.generations import current_id, list_generations, open_generation


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Answer without the evidence model: what is tried here is the evaluation, not the answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARISCALL_EVIDENCE_MODEL", "off")
        yield


@pytest.fixture
def gated(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library whose syncs are judged by the questions of the harbour."""
    monkeypatch.setenv("PARISCALL_TEST_SET", str(HARBOUR_QUESTIONS))
    return library


def distract(folder: Path) -> None:
    """Put a document there that takes up the words of the questions, and answers none of them."""
    questions = [json.loads(line)["question"] for line in HARBOUR_QUESTIONS.read_text().splitlines()][:16]
    text = "\n\n".join(f"## {question}\n\nSomebody asked: {question} Nobody at the meeting knew." for question in questions)
    (folder / "asked.md").write_text(f"# Questions that were asked\n\n{text}\n")


def generation_ids(library: Library) -> list[str]:
    return [manifest.id for manifest in list_generations(library.data_dir)]


def test_what_passes_is_published_and_the_report_says_so(gated: Library):
    (gated.documents / "boats.md").write_text("# Boats\n\nThe ferry boat is painted green and leaves at noon.\n")
    outcome = gated.sync("--gate")
    assert outcome.code == 0 and outcome.json["generation"] == "000002" == current_id(gated.data_dir)
    assert "It passed its evaluation on 23 questions" in outcome.json["notices"][0]
    assert len(list((gated.data_dir / "evaluations").glob("*-gate-000002/baseline/report.json"))) == 1


def test_what_got_worse_is_not_published_and_the_refusal_names_the_questions(gated: Library):
    distract(gated.documents)
    outcome = gated.sync("--gate")
    assert outcome.code == 2 and current_id(gated.data_dir) == "000001"
    assert generation_ids(gated) == ["000001"] and not (gated.data_dir / "building").exists()
    assert "did not pass its evaluation; generation 000001 stays in force" in outcome.error
    assert "Recall at 1: -" in outcome.error and "worse: h0" in outcome.error and "report.html" in outcome.error
    assert gated.sync().json["generation"] == "000002"


def test_a_gate_does_not_pass_for_want_of_questions(gated: Library):
    for name in ("lighthouse.html", "survey.pdf", "tides.docx", "glossary.yml"):
        (gated.documents / name).unlink()
    (gated.documents / SOURCE).write_text("# The Harbour Charter\n\nIt was replaced by another one.\n")
    outcome = gated.sync("--gate", "--allow-deletions")
    assert outcome.code == 2 and "Questions that fit the index: 0.391, below the minimum of 0.5" in outcome.error
    assert "stale: h05: the index has no document lighthouse.html" in outcome.error


def test_the_first_index_is_held_to_the_minimums_alone(gated: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fresh = Library(gated.documents, tmp_path / "fresh")
    monkeypatch.setenv("PARISCALL_GATE_MINIMUMS", "strict=0.99")
    refused = fresh.sync("--gate")
    assert refused.code == 2 and "below the minimum of 0.99" in refused.error and "nothing was published" in refused.error
    assert current_id(fresh.data_dir) is None
    monkeypatch.setenv("PARISCALL_GATE_MINIMUMS", "recall@10=0.9")
    assert fresh.sync("--gate").json["generation"] == "000001"


def test_what_cannot_be_evaluated_is_not_published(gated: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARISCALL_TEST_SET", "/nowhere.jsonl")
    (gated.documents / "boats.md").write_text("# Boats\n\nThe ferry boat is painted green and leaves at noon.\n")
    outcome = gated.sync("--gate")
    assert outcome.code == 2 and current_id(gated.data_dir) == "000001"
    assert "The current index could not be evaluated, so nothing was published" in outcome.error
    assert "/nowhere.jsonl cannot be read" in outcome.error


def test_where_nothing_changed_nothing_is_evaluated(gated: Library):
    assert gated.sync("--gate").code == 0
    assert not (gated.data_dir / "evaluations").exists()


def test_what_is_judged_can_be_opened_by_name_and_is_not_yet_in_force(gated: Library, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def judge(self: Gate, generation: str) -> None:
        with open_generation(gated.data_dir, generation) as opened:
            seen.append((opened.id, opened.catalog.document("boats.md") is not None))
        assert current_id(gated.data_dir) == "000001" and generation_ids(gated) == ["000001"]
        with pytest.raises(DamagedIndexError):
            open_generation(gated.data_dir, "000009")
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(Gate, "judge", judge)
    (gated.documents / "boats.md").write_text("# Boats\n\nThe ferry boat is painted green and leaves at noon.\n")
    with pytest.raises(RuntimeError):
        sync(Settings(data_dir=gated.data_dir), SyncOptions(gated.documents, gate=True))
    assert seen == [("000002", True)]
    assert current_id(gated.data_dir) == "000001" and not (gated.data_dir / "building").exists()


def test_the_published_index_stays_where_the_judging_process_is_cut_off(gated: Library, monkeypatch: pytest.MonkeyPatch):
    """What a kill leaves is a sealed generation in building/: readers keep theirs and the next sync clears it away."""
    monkeypatch.setattr(building.generations.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(Gate, "judge", lambda self, generation: (_ for _ in ()).throw(KnowledgeBaseError("cut off")))
    (gated.documents / "boats.md").write_text("# Boats\n\nThe ferry boat is painted green and leaves at noon.\n")
    with pytest.raises(KnowledgeBaseError, match="cut off"):
        sync(Settings(data_dir=gated.data_dir), SyncOptions(gated.documents, gate=True))
    monkeypatch.undo()
    assert (gated.data_dir / "building" / "manifest.json").exists()
    with open_generation(gated.data_dir) as opened:
        assert opened.id == "000001"
    assert gated.sync().json["generation"] == "000002" and not (gated.data_dir / "building").exists()


def test_a_long_refusal_is_cut(tmp_path: Path):
    change = {"id": "q", "question": "Why?", "before": "right", "after": "refused"}
    report = {"gate": {"failures": [{"reason": "Facts: -0.5"}], "worse": [change] * 14}, "stale": {}}
    message = refusal(report, "000001", tmp_path).message
    assert message.count("worse: q") == 10 and "... and 4 more worse" in message
