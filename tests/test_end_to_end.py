"""The whole way on the built-in library: sync, ask, edit, sync again; the commands' JSON and exit codes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assistant.__main__ import app as assistant_app
from assistant.answering import Assistant
from assistant.answers import Answer, as_json, stands_on_its_page
from ingest.__main__ import app as ingest_app
from ingest.sync.sync import SyncOptions, SyncReport, sync
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.settings import LIBRARY, Settings
from knowledge_base.store.generations import current_id, roll_back
from knowledge_base.store.manifest import CATALOG

QUESTIONS = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "newcomer_questions.jsonl").read_text().splitlines() if line
]


@pytest.fixture(scope="module")
def library(briefs_index: Path) -> Settings:
    return Settings(data_dir=briefs_index)


@pytest.fixture(scope="module")
def assistant(library: Settings) -> Iterator[Assistant]:
    with Assistant.open(library) as opened:
        yield opened


def states(text: str, wordings: list[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(w.casefold())}(?!\w)", text.casefold()) for w in wordings)


def asked(item: dict) -> object:
    return pytest.param(item, id=item["id"])


@pytest.mark.parametrize("item", [asked(item) for item in QUESTIONS])
def test_a_newcomers_question_is_answered_from_the_briefs_with_valid_citations(assistant: Assistant, item: dict) -> None:
    answer = assistant.ask(item["question"])
    assert not answer.abstained
    assert all(states(answer.text, wordings) for wordings in item["must_include"]), answer.text
    assert answer.citations or answer.mode == "register"
    assert all(stands_on_its_page(citation, assistant.generation.catalog) for citation in answer.citations)


@pytest.mark.parametrize("question", ["How do I reset the password on my phone?", "What is the recipe for ratatouille?"])
def test_a_question_on_something_else_is_refused_with_what_was_searched(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained and answer.refusal is not None
    assert answer.refusal.searched and answer.retrieved and not answer.citations


def test_a_question_that_is_empty_or_too_long_is_an_error_with_its_remedy(assistant: Assistant) -> None:
    for question in ("  ", "why " * 400):
        with pytest.raises(KnowledgeBaseError) as raised:
            assistant.ask(question)
        assert raised.value.remedy


def test_a_follow_up_is_searched_with_the_question_before_it(assistant: Assistant) -> None:
    history = [
        {"role": "user", "content": "What is the Pall Mall Process?"},
        {"role": "assistant", "content": "An initiative against the misuse of intrusion tools."},
    ]
    answer = assistant.ask("When was it launched?", history)
    assert answer.standalone and "Pall Mall" in answer.standalone
    assert "6 February 2024" in answer.text
    short = answer.short_answer
    assert short is not None and "2024" in short.text
    quote = next(citation.quote for citation in answer.citations if citation.number == short.citation)
    assert quote[short.start : short.end] == short.text == as_json(answer, None)["short_answer"]["text"]


def test_an_answer_in_json_has_the_fields_of_the_contract(library: Settings) -> None:
    result = CliRunner().invoke(
        assistant_app, ["ask", "Who launched the Paris Call?", "--json", "--data-dir", str(library.data_dir)]
    )
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    fields = {"id", "question", "answer", "mode", "abstained", "citations", "retrieved", "seconds"}
    assert fields <= answer.keys()
    assert {"number", "source", "title", "page", "start", "end", "quote", "status"} <= answer["citations"][0].keys()
    assert {"source", "page", "start", "end", "text", "score"} == answer["retrieved"][0].keys()
    assert len(answer["retrieved"]) == 10 and answer["citations"][0]["status"] == "exact"


def test_a_batch_gives_one_answer_a_question(library: Settings, tmp_path: Path) -> None:
    questions, answers = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    questions.write_text(
        '{"id": "a", "question": "What was NotPetya?"}\n\n{"id": "b", "question": "What is the capital of Peru?"}\n'
    )
    command = ["ask", "--batch", str(questions), "--output", str(answers), "--data-dir", str(library.data_dir)]
    assert CliRunner().invoke(assistant_app, command).exit_code == 0
    assert [json.loads(line)["id"] for line in answers.read_text().splitlines()] == ["a", "b"]


def ask_batch(library: Settings, tmp_path: Path, lines: bytes) -> tuple[Result, list[dict[str, Any]]]:
    questions, answers = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    questions.write_bytes(lines)
    command = ["ask", "--batch", str(questions), "--output", str(answers), "--data-dir", str(library.data_dir)]
    result = CliRunner().invoke(assistant_app, command)
    return result, [json.loads(line) for line in answers.read_text().splitlines()] if answers.exists() else []


def test_a_batch_may_begin_with_a_byte_order_mark_and_have_any_line_ends(library: Settings, tmp_path: Path) -> None:
    lines = b'\xef\xbb\xbf{"id": "a", "question": "What was NotPetya?"}\r\n{"id": 2, "question": "Who chaired it?\xe2\x80\xa8"}'
    result, answers = ask_batch(library, tmp_path, lines)
    assert (result.exit_code, result.stderr, [answer["id"] for answer in answers]) == (0, "", ["a", 2])


BAD_LINES = {
    b'{"question": "Who?", "history": "earlier"}': "history: Input should be a valid array",
    b'{"question": "Who?", "history": [{"role": "system", "content": "x"}]}': "history.0.role: Input should be",
    b'{"question": "\\ud800"}': "Invalid JSON",
    b'{"question": "Who?", "id": NaN}': "Out of range float values",
    b'{"question": "\xff"}': "Invalid JSON",
    b'{"question": "Who?", "note": ' + b"[" * 5000 + b"]" * 5000 + b"}": "recursion limit exceeded",
    b'{"question": "Who?", "note": "' + b"x" * (1 << 20) + b'"}': "it has 1.0 MB; at most 1.0 MB are read",
    b'{"question": "' + b"x" * 2000 + b'"}': "at most 1000 are read",
    b'{"question": ""}': "The question is empty",
    b'{"id": "only"}': "question: Field required",
    b"no JSON": "Invalid JSON",
}


def test_a_batch_names_its_bad_lines_and_answers_the_others(library: Settings, tmp_path: Path) -> None:
    good = b'{"id": "good", "question": "What was NotPetya?", "history": null, "category": "of a test set"}'
    result, answers = ask_batch(library, tmp_path, b"\n".join([*BAD_LINES, good]))
    assert (result.exit_code, [answer["id"] for answer in answers]) == (0, ["good"])
    told = result.stderr.splitlines()
    assert len(told) == len(BAD_LINES)
    for number, (line, words) in enumerate(zip(told, BAD_LINES.values(), strict=True), start=1):
        assert line.startswith("Error: ") and f"q.jsonl, line {number}: " in line and words in line


def test_a_batch_without_a_question_that_can_be_answered_is_an_error(library: Settings, tmp_path: Path) -> None:
    result, answers = ask_batch(library, tmp_path, b"\n".join(BAD_LINES))
    assert isinstance(result.exception, KnowledgeBaseError) and "no question that can be answered" in str(result.exception)
    assert answers == []


def test_an_answer_for_people_names_its_sources(library: Settings) -> None:
    result = CliRunner().invoke(assistant_app, ["ask", "What was NotPetya?", "--data-dir", str(library.data_dir)])
    assert "[1]" in result.stdout and "briefs/" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["ask"], ["ask", "x", "--batch", "y"], ["ask", "--batch", "/nowhere.jsonl", "--output", "/tmp/never.jsonl"]],
)
def test_bad_arguments_are_errors(library: Settings, arguments: list[str]) -> None:
    result = CliRunner().invoke(assistant_app, [*arguments, "--data-dir", str(library.data_dir)])
    assert isinstance(result.exception, KnowledgeBaseError)


def test_asking_without_an_index_says_how_to_build_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(assistant_app, ["ask", "x", "--data-dir", str(tmp_path)])
    assert isinstance(result.exception, NoIndexError) and "ingest sync" in result.exception.remedy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "harbour.md").write_text("# The harbour\n\nThe harbour office opens at seven in the morning.\n")
    (documents / "market.txt").write_text("The market\n\nThe fish market was founded in 1911 by Ada Stone.\n")
    (documents / "picture.png").write_bytes(b"\x89PNG")
    return documents


def run(folder: Path, settings: Settings, allow_deletions: bool = False) -> SyncReport:
    return sync(settings, SyncOptions(folder, allow_deletions))


def asked(settings: Settings, question: str) -> Answer:
    with Assistant.open(settings) as assistant:
        return assistant.ask(question)


def test_a_changed_file_replaces_its_old_passages(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = run(folder, settings)
    assert (first.added, [s["source"] for s in first.skipped]) == (["harbour.md", "market.txt"], ["picture.png"])
    assert "seven" in asked(settings, "When does the harbour office open?").text
    (folder / "harbour.md").write_text("# The harbour\n\nThe harbour office opens at nine in the morning.\n")
    second = run(folder, settings)
    assert second.updated == ["harbour.md"] and second.unchanged == ["market.txt"]
    answer = asked(settings, "When does the harbour office open?")
    assert "nine" in answer.text and "seven" not in answer.text
    assert run(folder, settings).generation == second.generation


def test_a_renamed_file_is_not_embedded_again_and_a_rollback_brings_the_old_name_back(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    run(folder, settings)
    (folder / "market.txt").rename(folder / "fish.txt")
    report = run(folder, settings)
    assert report.renamed[0]["source"] == "fish.txt" and report.renamed[0]["from"] == "market.txt"
    assert asked(settings, "Who founded the fish market?").citations[0].source == "fish.txt"
    roll_back(settings.data_dir)
    assert asked(settings, "Who founded the fish market?").citations[0].source == "market.txt"


def test_a_broken_file_is_named_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing more")
    settings = Settings(data_dir=tmp_path / "data")
    result = CliRunner().invoke(ingest_app, ["sync", str(folder), "--json", "--data-dir", str(settings.data_dir)])
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [f["source"] for f in report["failed"]] == ["broken.pdf"] and len(report["added"]) == 2


def test_an_emptied_folder_is_not_taken_for_deletions(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    run(folder, settings)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(KnowledgeBaseError, match="are gone"):
        run(folder, settings)
    assert asked(settings, "Who founded the fish market?").citations


def test_a_damaged_index_is_refused_with_its_remedy_and_rebuilt_by_the_next_sync(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    run(folder, settings)
    catalog = settings.data_dir / "generations" / str(current_id(settings.data_dir)) / CATALOG
    data = bytearray(catalog.read_bytes())
    data[5000] ^= 0xFF
    catalog.write_bytes(data)
    with pytest.raises(KnowledgeBaseError, match="damaged") as raised:
        asked(settings, "Who founded the fish market?")
    assert "--rebuild" in raised.value.remedy
    assert run(folder, settings).notices
    assert asked(settings, "Who founded the fish market?").citations


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None])
def test_nothing_to_index_is_an_error_with_its_remedy(tmp_path: Path, make: object) -> None:
    folder = tmp_path / "documents"
    make(folder)  # type: ignore[operator]
    with pytest.raises(KnowledgeBaseError) as raised:
        run(folder, Settings(data_dir=tmp_path / "data"))
    assert raised.value.remedy


def test_a_passage_that_a_document_repeats_ten_thousand_times_does_not_hide_the_others(folder: Path, tmp_path: Path) -> None:
    line = "# Part\n\nThe same paragraph stands here again and again, word for word, on every page of it, as in a form.\n\n"
    (folder / "form.md").write_text(line * 2000)
    settings = Settings(data_dir=tmp_path / "data")
    assert run(folder, settings).generation
    assert asked(settings, "Who founded the fish market?").retrieved[0].passage.source == "market.txt"


def test_the_briefs_have_front_matter_and_a_title() -> None:
    briefs = sorted((LIBRARY / "briefs").glob("*.md"))
    assert len(briefs) >= 40
    assert all(brief.read_text().startswith("---\ntitle:") for brief in briefs)
