from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from libraries import SOURCES, Library, Outcome, edit_manifest, hashes, ingest

from ingest.sync.building import keep_originals
from ingest.sync.plan import FileToRead
from ingest.sync.reading import Unread
from knowledge_base.store.generations import open_generation
from knowledge_base.store.verification import Verifier


def quotes(outcome: Outcome) -> list[str]:
    return [citation["quote"] for citation in outcome.json["citations"]]


def embedded_anew(outcome: Outcome) -> int:
    return int(outcome.json["embedded"])


@pytest.mark.parametrize(
    ("question", "source", "page", "words"),
    [
        ("When was the Harbour Charter signed?", "charter.md", None, "on 4 March 2021 by nine coastal towns."),
        ("What does a red lamp mean?", "glossary.yml", None, "the channel is closed to traffic."),
        ("Since when has Marta Ellingsen been the keeper?", "lighthouse.html", None, "the keeper since 2009."),
        ("What did the treasurer report about the common fund?", "minutes.txt", None, "holds forty thousand crowns."),
        ("What does replacing a rotten pier cost?", "survey.pdf", 2, "ninety thousand crowns."),
        ("How high is the spring tide at Brightwater?", "tides.docx", None, "rises to five metres."),
    ],
)
def test_every_format_is_found_with_the_text_of_its_stored_page(
    question: str, source: str, page: int | None, words: str, shared_library: Library
) -> None:
    best = shared_library.ask(question).json["retrieved"][0]
    assert (best["source"], best["page"]) == (source, page)
    assert words in best["text"]
    with open_generation(shared_library.data_dir) as generation:
        stored = generation.catalog.page(source, page)
    assert stored and stored.text[best["start"] : best["end"]] == best["text"]


def test_a_changed_file_replaces_its_old_passages(library: Library) -> None:
    path = library.documents / "charter.md"
    path.write_text(path.read_text().replace("4 March", "9 March"))
    before = hashes(library.generation)
    outcome = library.sync()
    assert (outcome.code, outcome.json["updated"], len(outcome.json["unchanged"])) == (0, ["charter.md"], 6)
    assert outcome.json["generation"] == "000002"
    answer = library.ask("When was the Harbour Charter signed?")
    assert any("on 9 March 2021" in quote for quote in quotes(answer))
    assert not any("4 March" in row["text"] for row in answer.json["retrieved"])
    assert hashes(library.data_dir / "generations" / "000001") == before


def test_only_the_passages_that_changed_are_embedded(library: Library) -> None:
    path = library.documents / "minutes.txt"
    path.write_text(path.read_text().replace("forty thousand crowns", "seventy thousand crowns"))
    assert embedded_anew(library.sync()) == 5  # the passage and its four sentences, which are read within it


def test_added_deleted_renamed_and_broken_files_are_told_apart(library: Library) -> None:
    (library.documents / "minutes.txt").unlink()
    (library.documents / "tides.docx").rename(library.documents / "supporters" / "tides of the sea.docx")
    (library.documents / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    (library.documents / "survey.pdf").write_bytes(b"%PDF-1.7 nothing more")
    outcome = library.sync()
    report = outcome.json
    assert outcome.code == 1
    assert (report["added"], report["deleted"], report["updated"]) == (["ferry.txt"], ["minutes.txt"], [])
    assert [(r["source"], r["from"]) for r in report["renamed"]] == [("supporters/tides of the sea.docx", "tides.docx")]
    assert [f["source"] for f in report["failed"]] == ["survey.pdf"]
    assert report["failed"][0]["reason"].endswith("(its earlier version stays in the index)")
    assert library.ask("When does the night ferry leave?").json["citations"][0]["source"] == "ferry.txt"
    assert library.ask("What does replacing a rotten pier cost?").json["citations"][0]["source"] == "survey.pdf"
    again = library.sync()
    assert (again.code, again.json["generation"], again.json["failed"]) == (1, "000002", report["failed"])


def test_a_rollback_brings_the_older_answers_back_and_a_sync_the_newer(library: Library) -> None:
    (library.documents / "charter.md").unlink()
    assert library.sync().code == 0
    rolled = ingest("rollback", "--data-dir", str(library.data_dir), "--json")
    assert (rolled.code, rolled.json["generation"]) == (0, "000001")
    assert library.ask("When was the Harbour Charter signed?").json["citations"][0]["source"] == "charter.md"
    assert library.sync().json["generation"] == "000003"


def test_the_last_generations_are_kept(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_GENERATIONS_KEPT", "2")
    for hour in ("ten", "eleven"):
        (library.documents / "ferry.txt").write_text(f"The night ferry leaves Saltholm at {hour}.")
        assert library.sync().code == 0
    listed = ingest("generations", "--data-dir", str(library.data_dir), "--json").json
    assert [row["id"] for row in listed] == ["000002", "000003"]


def test_everything_deleted_on_purpose_leaves_an_index_that_answers_nothing(library: Library) -> None:
    shutil.rmtree(library.documents)
    library.documents.mkdir()
    refused = library.sync()
    assert (refused.code, refused.out) == (2, "")
    assert "7 of the 7 documents are gone; the index was left as it is. If they were removed on purpose" in refused.error
    outcome = library.sync("--allow-deletions")
    assert (outcome.code, outcome.json["deleted"], outcome.json["passages"]) == (0, SOURCES, 0)
    answer = library.ask("When was the Harbour Charter signed?")
    assert (answer.code, answer.json["abstained"], answer.json["retrieved"]) == (0, True, [])


def test_an_index_of_another_folder_is_refused_and_replaced_on_request(library: Library, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    arguments = [str(other), "--data-dir", str(library.data_dir), "--json"]
    for command in ("sync", "preview"):
        refused = ingest(command, *arguments)
        assert (refused.code, refused.out) == (2, "")
        assert f"made of the folder {library.documents}, not of the folder {other}. Choose another --data-dir" in refused.error
    assert "not of the configured roots" in ingest("sync", "--data-dir", str(library.data_dir)).error
    replaced = ingest("sync", *arguments, "--rebuild")
    assert (replaced.code, replaced.json["added"], replaced.json["generation"]) == (0, ["ferry.txt"], "000002")


def test_an_index_that_is_damaged_and_of_other_roots_is_not_replaced(library: Library, tmp_path: Path) -> None:
    (library.generation / "catalog.sqlite3").write_bytes(b"garbage")
    (tmp_path / "other").mkdir()
    assert ingest("sync", str(tmp_path / "other"), "--data-dir", str(library.data_dir)).code == 2


def test_the_configured_roots_give_their_names_to_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    monkeypatch.setenv("PARISCALL_DOCUMENTS", f"mine={tmp_path / 'mine'}")
    monkeypatch.setattr("knowledge_base.settings.LIBRARY", tmp_path / "library")
    (tmp_path / "library" / "briefs").mkdir(parents=True)
    (tmp_path / "library" / "briefs" / "a.md").write_text("# Fog\n\nFog is a cloud that lies on the sea.\n")
    (tmp_path / "data" / "uploads").mkdir(parents=True)
    (tmp_path / "data" / "uploads" / "b.txt").write_text("The harbour master has two cats.")
    outcome = ingest("sync", "--data-dir", str(tmp_path / "data"), "--json")
    assert (outcome.code, outcome.json["added"]) == (0, ["briefs/a.md", "uploads/b.txt", "mine/ferry.txt"])
    assert json.loads((tmp_path / "data/generations/000001/manifest.json").read_text())["folder"] is None


def test_the_data_directory_within_the_folder_is_not_indexed(tmp_path: Path) -> None:
    (tmp_path / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    library = Library(tmp_path, tmp_path / "data")
    assert library.sync().json["added"] == ["ferry.txt"]
    assert library.sync().json["generation"] == "000001"


def test_an_index_of_an_older_way_of_cutting_is_made_anew(library: Library) -> None:
    edit_manifest(library.generation, chunking=0)
    outcome = library.sync()
    assert (outcome.code, outcome.json["updated"], outcome.json["embedded"]) == (0, SOURCES, 0)
    assert library.sync().json["unchanged"] == SOURCES


def test_wear_adds_up_until_the_vectors_are_written_again(library: Library) -> None:
    def worn() -> int:
        return int(json.loads((library.generation / "manifest.json").read_text())["worn"])

    seen = []
    for hour in ("nine", "ten", "eleven"):
        (library.documents / "charter.md").write_text(f"# Ferries\n\nThe night ferry leaves Saltholm at {hour} sharp.\n")
        assert library.sync().code == 0
        seen.append(worn())
    assert seen[0] == 0  # a third of the vectors went at once
    assert 0 < seen[1] < seen[2]


def test_the_ingested_bytes_are_kept_by_their_hash(shared_library: Library) -> None:
    kept = {path.name for path in (shared_library.data_dir / "originals").iterdir()}
    assert kept == {value for name, value in hashes(shared_library.documents).items() if name in SOURCES}


def test_bytes_that_are_not_those_that_were_read_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("later")
    keep_originals(
        tmp_path, [FileToRead("a.txt", tmp_path / "a.txt", "0" * 64, "v"), FileToRead("b.txt", tmp_path / "b", "1" * 64, "v")]
    )
    assert list((tmp_path / "originals").iterdir()) == []


def test_preview_and_report_count_the_passages_that_change(library: Library) -> None:
    path = library.documents / "charter.md"
    path.write_text(path.read_text().replace("4 March", "9 March"))
    arguments = [str(library.documents), "--data-dir", str(library.data_dir)]
    previewed = ingest("preview", *arguments, "--json").json
    (change,) = previewed["changes"]
    assert (change["source"], change["added"], change["removed"]) == ("charter.md", 1, 1)
    assert "updated: charter.md: 1 passages new, 1 gone" in ingest("preview", *arguments).out
    assert library.sync().json["changes"] == [change]


def test_preview_names_what_a_sync_would_fail_at(library: Library) -> None:
    (library.documents / "bad.pdf").write_bytes(b"%PDF-1.7 nothing more")
    outcome = ingest("preview", str(library.documents), "--data-dir", str(library.data_dir), "--json")
    assert (outcome.code, [f["source"] for f in outcome.json["failed"]], outcome.json["added"]) == (1, ["bad.pdf"], [])
    assert library.sync().json["failed"] == outcome.json["failed"]


def test_a_renamed_document_keeps_its_vectors_and_is_cited_by_its_new_name(library: Library) -> None:
    (library.documents / "charter.md").rename(library.documents / "the charter.md")
    outcome = library.sync().json
    assert ([r["from"] for r in outcome["renamed"]], outcome["embedded"]) == (["charter.md"], 0)
    cited = library.ask("When was the Harbour Charter signed?").json["citations"]
    assert {c["source"] for c in cited} == {"the charter.md"}


def test_a_file_that_could_not_be_opened_for_a_moment_is_read_at_the_next_sync(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library.documents / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    with monkeypatch.context() as patch:
        passing = Unread("it cannot be read: Input/output error", is_passing=True)
        patch.setattr("ingest.sync.reading.read_documents", lambda files, *_: ((file, passing) for file in files))
        failed = library.sync()
    assert (failed.code, failed.json["failed"][0]["source"]) == (1, "ferry.txt")
    assert library.sync().json["added"] == ["ferry.txt"]


@pytest.mark.parametrize("problems", [1, 2])
def test_an_index_that_is_not_sound_is_written_again_once(
    problems: int, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = library.documents / "charter.md"
    path.write_text(path.read_text().replace("4 March", "9 March"))
    original, found = Verifier.problem, iter(["1 of 8 passages are not found by their own vector"] * problems)
    monkeypatch.setattr(Verifier, "problem", lambda *arguments: next(found, None) or original(*arguments))
    outcome = library.sync()
    assert "its vectors are written again" in caplog.text
    if problems == 1:
        assert (outcome.code, outcome.json["generation"], embedded_anew(outcome)) == (0, "000002", 6)
        assert any("on 9 March 2021" in quote for quote in quotes(library.ask("When was the Harbour Charter signed?")))
    else:
        assert outcome.code == 2
        assert "was not published" in outcome.error
        assert library.generation.name == "000001"
    assert not (library.data_dir / "building").exists()
