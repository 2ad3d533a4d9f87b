from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.sync import reading
from ingest.sync.plan import FileToRead
from knowledge_base.passages import Document
from knowledge_base.sandbox.sandbox import Sandbox


def file(folder: Path, name: str, text: str) -> FileToRead:
    (folder / name).write_text(text)
    return FileToRead(name, folder / name, sha256(text.encode()).hexdigest(), "text-1")


def read(files: Sequence[FileToRead], seconds: float = 30) -> tuple[dict[str, Document | reading.Unread], int]:
    done: list[int] = []
    with Sandbox(2, seconds) as sandbox:
        found = {f.source: result for f, result in reading.read_documents(files, sandbox, done.append)}
    return found, sum(done)


def test_every_file_is_read_and_counted_once(tmp_path: Path) -> None:
    files = [file(tmp_path, f"{number}.txt", f"Text number {number}.") for number in range(150)]
    found, counted = read([*files, file(tmp_path, "large.txt", "A long line of text.\n" * 4000)])
    assert (len(found), counted) == (151, 151)
    assert all(isinstance(result, Document) for result in found.values())


def test_a_file_that_cannot_be_read_gives_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    found, counted = read([file(tmp_path, "bad.pdf", "%PDF-1.7 nothing"), file(tmp_path, "good.txt", "Ferries run at noon.")])
    assert counted == 2
    assert isinstance(found["good.txt"], Document)
    unread = found["bad.pdf"]
    assert isinstance(unread, reading.Unread) and "bad.pdf" in unread.reason and not unread.is_passing


def test_a_file_that_changes_while_it_is_read_is_not_taken_for_what_was_planned(tmp_path: Path) -> None:
    planned = file(tmp_path, "a.txt", "Ferries run at noon.")
    planned.path.write_text("Barges run at dusk.")
    assert read([planned])[0] == {"a.txt": reading.Unread("it changed while it was read; run the sync again", is_passing=True)}


def test_a_file_that_vanishes_gives_its_reason(tmp_path: Path) -> None:
    planned = file(tmp_path, "a.txt", "Ferries run at noon.")
    planned.path.unlink()
    assert read([planned])[0] == {"a.txt": reading.Unread("it cannot be read: No such file or directory", is_passing=True)}


def parse_or_die(files: Sequence[tuple[str, str, str]], pictures: Path | None = None) -> list[Document | reading.Unread]:
    """Stand in for `parse` with a parser that kills its process at one file."""
    if any(source == "deadly.txt" for source, _, _ in files):
        os.kill(os.getpid(), signal.SIGKILL)
    return reading.parse(files, pictures)


def test_a_file_that_kills_its_parser_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "parse", parse_or_die)
    files = [file(tmp_path, name, "Ferries run at noon.") for name in ("a.txt", "deadly.txt", "z.txt")]
    found, counted = read(files)
    assert counted == 3
    assert isinstance(found["a.txt"], Document) and isinstance(found["z.txt"], Document)
    assert "crashed" in str(found["deadly.txt"])
