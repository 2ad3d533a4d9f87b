"""What goes wrong in users' hands: one sentence and its remedy on standard error, exit code 2, and the other files go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from libraries import SOURCES, Library, Outcome, assistant, ingest
from pdf_files import Text, make_pdf

LINES = [Text(72, 700, "The night ferry leaves Saltholm at eleven.")]
BROKEN = {
    "cut.pdf": make_pdf([LINES] * 3)[:400],
    "locked.pdf": make_pdf([LINES], password="secret"),
    "scan.pdf": make_pdf([[], []]),
    "picture.pdf": b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "empty.md": b"",
    "archive.docx": b"PK\x03\x04 and no more",
    "bytes.txt": bytes(range(256)) * 20,
}
WORDS = {
    "cut.pdf": "cut.pdf",
    "locked.pdf": "password",
    "scan.pdf": "text",
    "picture.pdf": "PNG picture",
    "empty.md": "empty",
    "archive.docx": "zip archive",
    "bytes.txt": "binary",
}


def refused(outcome: Outcome) -> str:
    """Return the sentence of a refusal, after checking its form."""
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("Error: ")
    assert "Traceback" not in outcome.error
    return outcome.error


def test_each_broken_file_is_named_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    library = Library(tmp_path / "documents", tmp_path / "data")
    library.documents.mkdir()
    (library.documents / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    for name, data in BROKEN.items():
        (library.documents / name).write_bytes(data)
    outcome = library.sync()
    reasons = {failure["source"]: failure["reason"] for failure in outcome.json["failed"]}
    assert (outcome.code, outcome.json["added"]) == (1, ["ferry.txt"])
    assert set(reasons) == set(BROKEN)
    assert [name for name, word in WORDS.items() if word not in reasons[name]] == []
    assert "Traceback" not in outcome.error
    rows = {row["source"]: row for row in ingest("health", "--data-dir", str(library.data_dir), "--json").json}
    assert {name for name, row in rows.items() if row["state"] == "failed"} == set(BROKEN)
    assert rows["locked.pdf"]["problem"] == reasons["locked.pdf"]
    again = library.sync()
    assert (again.code, again.json["failed"]) == (1, outcome.json["failed"])


def test_broken_files_alone_publish_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path / "documents", tmp_path / "data")
    library.documents.mkdir()
    (library.documents / "locked.pdf").write_bytes(BROKEN["locked.pdf"])
    sentence = refused(library.sync())
    assert "None of the documents could be read; nothing was published." in sentence
    assert "locked.pdf" in sentence and "Repair or remove these files" in sentence
    assert not (library.data_dir / "CURRENT").exists()


def test_an_empty_folder_without_an_index_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    for command in ("sync", "preview"):
        sentence = refused(ingest(command, str(tmp_path / "documents"), "--data-dir", str(tmp_path / "data")))
        assert "There is nothing to index in" in sentence and "Put documents there" in sentence


def test_a_folder_that_does_not_exist_is_named_and_no_data_directory_made(tmp_path: Path) -> None:
    sentence = refused(ingest("sync", str(tmp_path / "none"), "--data-dir", str(tmp_path / "data")))
    assert sentence == f"Error: {tmp_path / 'none'} does not exist. Name the folder that holds the documents.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_is_not_mounted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_DOCUMENTS", f"mine={tmp_path / 'none'}")
    sentence = refused(ingest("sync", "--data-dir", str(tmp_path / "data")))
    assert "of the root 'mine' does not exist. Mount or create it" in sentence


@pytest.mark.parametrize("command", ["ask", "health"])
def test_without_an_index_the_remedy_is_to_make_one(command: str, tmp_path: Path) -> None:
    run = {"ask": lambda: assistant("ask", "Why?", "--data-dir", str(tmp_path))}
    run["health"] = lambda: ingest("health", "--data-dir", str(tmp_path))
    assert "Build one with `python -m ingest sync`." in refused(run[command]())


@pytest.mark.parametrize("command", ["ask", "sync", "preview", "health", "rollback", "generations"])
def test_a_data_directory_that_is_a_file_is_refused(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "documents").mkdir()
    place = ["--data-dir", str(tmp_path / "file")]
    folder = [str(tmp_path / "documents")] if command in ("sync", "preview") else []
    outcome = assistant("ask", "Why?", *place) if command == "ask" else ingest(command, *folder, *place)
    assert "--data-dir" in refused(outcome)


def overwrite(library: Library) -> None:
    (library.generation / "catalog.sqlite3").write_bytes(b"garbage" * 100)


def empty_chroma(library: Library) -> None:
    (library.generation / "chroma" / "chroma.sqlite3").write_bytes(b"")


def lose_chroma(library: Library) -> None:
    (library.generation / "chroma" / "chroma.sqlite3").unlink()


def lose_manifest(library: Library) -> None:
    (library.generation / "manifest.json").unlink()


def scribble_on_pointer(library: Library) -> None:
    (library.data_dir / "CURRENT").write_bytes(b"\xff\xfe")


def point_nowhere(library: Library) -> None:
    (library.data_dir / "CURRENT").write_text("000099\n")


@pytest.mark.parametrize("damage", [overwrite, lose_manifest])
def test_without_an_intact_generation_the_remedy_is_to_build_one(damage: Callable[[Library], None], library: Library) -> None:
    damage(library)
    for outcome in (library.ask("Why?"), ingest("health", "--data-dir", str(library.data_dir))):
        assert "python -m ingest sync --rebuild" in refused(outcome)


@pytest.mark.parametrize("damage", [overwrite, lose_manifest])
def test_a_sync_builds_a_damaged_index_from_the_documents_without_embedding_again(
    damage: Callable[[Library], None], library: Library
) -> None:
    damage(library)
    outcome = library.sync()
    assert (outcome.code, outcome.json["generation"], outcome.json["embedded"]) == (0, "000002", 0)
    assert [notice.endswith("A new one is built from the documents.") for notice in outcome.json["notices"]] == [True]
    assert library.ask("When was the Harbour Charter signed?").json["citations"] != []


@pytest.mark.parametrize(
    ("damage", "generation"),
    [(empty_chroma, "000002"), (lose_chroma, "000002"), (scribble_on_pointer, "000001"), (point_nowhere, "000001")],
)
def test_a_damaged_index_answers_after_it_repaired_itself(
    damage: Callable[[Library], None], generation: str, library: Library
) -> None:
    damage(library)
    assert ingest("health", "--data-dir", str(library.data_dir), "--json").code == 0
    outcome = library.ask("When was the Harbour Charter signed?")
    assert (outcome.code, (library.data_dir / "CURRENT").read_text().strip()) == (0, generation)
    assert outcome.json["citations"] != []
    again = library.sync()
    assert (again.code, again.json["unchanged"], again.json["generation"]) == (0, SOURCES, generation)


def test_a_missing_model_is_refused_though_nothing_else_is_to_do(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_EMBEDDING_MODEL", "no-such/model")
    for outcome in (library.sync(), library.ask("Why?")):
        assert "'no-such/model' is not on this machine" in refused(outcome)
        assert "PARISCALL_EMBEDDING_MODEL must be" in outcome.error
    monkeypatch.delenv("PARISCALL_EMBEDDING_MODEL")
    assert library.sync().json["generation"] == "000001"


@pytest.mark.parametrize("run", [ingest, assistant])
def test_a_bad_setting_is_named(run: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_DOCUMENTS", "reports")
    command = ["health"] if run is ingest else ["ask", "Why?"]
    sentence = refused(run(*command, "--data-dir", str(tmp_path)))
    assert "PARISCALL_DOCUMENTS: " in sentence and "is not NAME=PATH" in sentence


def test_a_second_sync_at_the_same_time_is_refused(library: Library) -> None:
    from knowledge_base.files import writer_lock

    with writer_lock(library.data_dir):
        assert "Another ingest is writing to" in refused(library.sync())


def without_override(command: list[str]) -> list[str]:
    """Return the command as a user runs it whom the modes of files bind: root's are set aside by dropping two capabilities."""
    if os.geteuid() != 0:
        return command
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv is not here to take that right away")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", dropped, "--inh-caps", dropped, *command]


def test_a_directory_that_cannot_be_written_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    tmp_path.chmod(0o555)
    command = [sys.executable, "-m", "ingest", "sync", str(tmp_path / "documents"), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(without_override(command), capture_output=True, text=True, timeout=60)
    tmp_path.chmod(0o755)
    sentence = refused(Outcome(done.returncode, done.stdout, done.stderr))
    assert "data cannot be made: Permission denied. Give this user the right to write there" in sentence


@pytest.mark.parametrize(("program", "module"), [(ingest, "ingest.__main__"), (assistant, "assistant.__main__")])
def test_what_nobody_foresaw_is_a_sentence_too(
    program: Callable[..., Outcome], module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(f"{module}.read_settings", fail)
    command = ["generations"] if program is ingest else ["ask", "Why?"]
    sentence = refused(program(*command, "--data-dir", str(tmp_path)))
    assert "Something unexpected went wrong (ZeroDivisionError: division by zero)" in sentence
    monkeypatch.setenv("PARISCALL_LOG_LEVEL", "debug")
    with pytest.raises(ZeroDivisionError):
        program(*command, "--data-dir", str(tmp_path))
