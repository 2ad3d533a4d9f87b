"""The command `evaluate` on a small library: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS, SOURCE
from libraries import Library, Outcome, assistant, ingest
from test_matching import SCORER, shared_scorer

from assistant.evaluation.records import read_records
from assistant.evaluation.report import list_runs, read_report
from knowledge_base.store.generations import open_generation

SAME = {
    "strict": "strict",
    "nuggets": "facts",
    "words": "words",
    "valid": "valid",
    "gold": "gold",
    "covered": "covered",
    "refused": "refused",
    "false_refused": "false_refused",
    "balanced": "balanced",
    "utility": "utility",
    "p50_seconds": "seconds_p50",
    "p95_seconds": "seconds_p95",
    **{f"{kind}@{k}": f"{kind}@{k}" for kind in ("recall", "hit") for k in (1, 5, 10)},
}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Answer without the evidence model: what is tried here is the evaluation, not the answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARISCALL_EVIDENCE_MODEL", "off")
        yield


def evaluate(library: Library, *options: str, questions: Path = HARBOUR_QUESTIONS) -> Outcome:
    return assistant("evaluate", "--data-dir", str(library.data_dir), "--test-set", str(questions), *options)


@pytest.fixture(scope="module")
def output(shared_library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run") / "out"
    outcome = evaluate(shared_library, "--output", str(directory))
    assert outcome.code == 0, outcome.error
    return directory


def test_it_prints_a_table_and_writes_a_report(shared_library: Library, tmp_path: Path):
    outcome = evaluate(shared_library, "--output", str(tmp_path / "out"))
    assert outcome.code == 0 and "23 questions of harbour_questions.jsonl" in outcome.out
    assert all(word in outcome.out for word in ("All facts", "held", "factoid", "unanswerable", "fr"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"answers.jsonl", "report.html", "report.json"}


def test_the_report_holds_figures_by_category_by_language_and_of_the_held_out_items(output: Path):
    report = read_report(output)
    assert report.whole.items == 23 and not report.stale
    assert report.held_out and report.held_out.items == 5 and report.tuned and report.tuned.items == 18
    assert {part.name: part.items for part in report.languages} == {"en": 22, "fr": 1}
    assert sum(part.items for part in report.categories) == 23
    assert report.whole.figures["recall@10"].value == 1.0 and report.whole.figures["valid"].value == 1.0


def test_a_record_says_what_was_asked_expected_answered_and_where_the_gold_passage_ranked(output: Path):
    records = {record.item.id: record for record in read_records(output)}
    assert records["h03"].right and records["h03"].facts == (True, True, True) and records["h03"].gold_ranks == (1, 1, 1)
    assert records["h18"].state == "right" and records["h18"].answer and records["h18"].answer["abstained"]
    assert set(read_report(output).failed) == {name for name, record in records.items() if record.has_failed}


@pytest.mark.corpus
@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is absent")
def test_the_figures_are_those_of_the_shared_scorer_to_the_third_digit(output: Path, shared_library: Library):
    scorer = shared_scorer()
    items = [json.loads(line) for line in HARBOUR_QUESTIONS.read_text().splitlines()]
    answers = {record["id"]: record for record in map(json.loads, (output / "answers.jsonl").read_text().splitlines())}
    corpus = scorer.Corpus(shared_library.documents)
    with open_generation(shared_library.data_dir) as generation:  # it reads no DOCX
        corpus._pages["tides.docx", None] = scorer.letters("\n".join(p.text for p in generation.catalog.pages("tides.docx")))
    theirs, _ = scorer.score(items, answers, corpus)
    ours = read_report(output).whole.figures
    for name, figure in SAME.items():
        assert ours[figure].value == pytest.approx(theirs[name], abs=5e-4), name


def test_an_output_that_is_not_named_goes_to_the_data_directory(library: Library):
    assert evaluate(library).code == 0
    [(path, report)] = list_runs(library.data_dir)
    assert path.parent == library.data_dir / "evaluations" and report.whole.items == 23


def test_the_test_set_may_be_named_by_a_setting(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARISCALL_TEST_SET", str(HARBOUR_QUESTIONS))
    outcome = assistant("evaluate", "--check-test-set", "--data-dir", str(library.data_dir))
    assert outcome.code == 0 and "harbour_questions.jsonl: 23 questions fit generation 000001" in outcome.out


def test_the_check_of_a_test_set_ends_with_2_and_names_the_bad_line(library: Library, tmp_path: Path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        HARBOUR_QUESTIONS.read_text()
        .replace("of Grey Point be seen", "be seen")
        .replace("signed in Brightwater", "sealed in X")
    )
    outcome = evaluate(library, "--check-test-set", questions=bad)
    assert outcome.code == 2 and "h01: 'The Harbour Charter was sealed in X" in outcome.error
    bad.write_text('{"id": "q1"}\n')
    outcome = evaluate(library, "--check-test-set", questions=bad)
    assert outcome.code == 2 and "line 1: the field 'question' is missing" in outcome.error


def test_an_item_whose_document_changed_is_stale_and_not_failed(library: Library, tmp_path: Path):
    document = library.documents / SOURCE
    document.write_text(document.read_text().replace("An amendment needs the consent of seven towns.", "It needs five."))
    assert library.sync().code == 0
    outcome = evaluate(library, "--output", str(tmp_path / "out"))
    report = read_report(tmp_path / "out")
    assert outcome.code == 0 and "stale: h04" in outcome.out
    assert list(report.stale) == ["h04"] and "h04" not in report.failed
    assert report.whole.items == 22 and report.whole.stale == 1


def test_a_test_set_on_other_documents_is_refused_with_the_reason(library: Library, tmp_path: Path):
    other = tmp_path / "other.jsonl"
    other.write_text(HARBOUR_QUESTIONS.read_text().replace('"source": "', '"source": "elsewhere/'))
    outcome = evaluate(library, "--output", str(tmp_path / "out"), questions=other)
    assert outcome.code == 2 and not (tmp_path / "out").exists()
    assert "There is nothing to compare: no question of other.jsonl fits generation 000001" in outcome.error
    assert "the index has no document elsewhere/" in outcome.error


def test_without_an_index_it_says_what_to_do(tmp_path: Path):
    outcome = assistant("evaluate", "--data-dir", str(tmp_path), "--test-set", str(HARBOUR_QUESTIONS))
    assert outcome.code == 2 and "python -m ingest sync" in outcome.error


def test_a_question_that_cannot_be_asked_is_named(library: Library, tmp_path: Path):
    long = tmp_path / "long.jsonl"
    long.write_text(HARBOUR_QUESTIONS.read_text().replace("When was the Harbour Charter signed?", "When? " * 400))
    outcome = evaluate(library, questions=long)
    assert outcome.code == 2 and "The question h01 cannot be asked" in outcome.error


def test_a_generation_that_is_not_published_can_be_evaluated(library: Library, tmp_path: Path):
    (library.documents / SOURCE).write_text("Nothing is left of it here.\n")
    assert library.sync("--allow-deletions").code == 0
    assert ingest("rollback", "--data-dir", str(library.data_dir)).code == 0
    evaluate(library, "--generation", "000002", "--output", str(tmp_path / "two"))
    evaluate(library, "--output", str(tmp_path / "one"))
    assert (read_report(tmp_path / "two").generation, read_report(tmp_path / "one").generation) == ("000002", "000001")
    assert len(read_report(tmp_path / "two").stale) == 4


def test_an_unchanged_index_passes_the_gate_against_itself(library: Library, output: Path, tmp_path: Path):
    outcome = evaluate(library, "--output", str(tmp_path / "out"), "--baseline", str(output), "--gate")
    assert outcome.code == 0 and "The gate is passed." in outcome.out
    assert "No score changed." in outcome.out and "difference" in outcome.out


def test_a_figure_that_is_too_low_ends_the_command_with_1_and_the_reason(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARISCALL_GATE_MINIMUMS", "strict=1")
    outcome = evaluate(library, "--gate")
    assert outcome.code == 1 and "below the minimum of 1" in outcome.out


def test_minimums_that_cannot_be_used_are_refused_before_a_question_is_asked(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARISCALL_GATE_MINIMUMS", "speed=1")
    outcome = evaluate(library, "--gate")
    assert outcome.code == 2 and "'speed' is no figure with a minimum" in outcome.error


def test_questions_that_changed_between_two_runs_are_listed(library: Library, output: Path, tmp_path: Path):
    reworded = tmp_path / "reworded.jsonl"
    lines = [json.loads(line) for line in HARBOUR_QUESTIONS.read_text().splitlines()]
    evaluate(library, "--output", str(tmp_path / "before"))
    records = (tmp_path / "before" / "answers.jsonl").read_text()
    (tmp_path / "before" / "answers.jsonl").write_text(records.replace('"strict": [1.0, 1]', '"strict": [0.0, 1]'))
    lines[1]["must_include"] = [["ten"]]
    reworded.write_text("".join(json.dumps(line) + "\n" for line in lines))
    outcome = evaluate(library, "--output", str(tmp_path / "out"), "--baseline", str(tmp_path / "before"), questions=reworded)
    assert outcome.code == 0 and "not compared: h02" in outcome.out and "better: h01" in outcome.out


def test_it_says_how_far_it_is_in_lines_for_a_program(library: Library):
    lines = evaluate(library, "--progress").error.splitlines()
    assert lines[0] == "1 of 23" and lines[-1] == "23 of 23"


def test_a_directory_that_is_no_run_is_no_baseline(library: Library, tmp_path: Path):
    outcome = evaluate(library, "--baseline", str(tmp_path))
    assert outcome.code == 2 and f"There is no report in {tmp_path}" in outcome.error
