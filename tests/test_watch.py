"""A folder that is watched: changes are shown or taken in once they have come to rest."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from libraries import Library

from ingest import watch as watching
from ingest.sync.report import SyncReport
from ingest.watch import watch
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.settings import Settings


def taken(monkeypatch: pytest.MonkeyPatch, changes: list[bool], results: list[Exception | str]) -> tuple[list[Any], list[str]]:
    """Watch while these changes are told; each take gives the next result. Return the reports and what was said of errors."""
    monkeypatch.setattr(watching, "_changes", lambda *_: iter(changes))
    said: list[str] = []

    def take() -> Any:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    reports: Iterator[SyncReport] = watch(Settings(), None, 1.0, take, lambda error: said.append(error.message))
    return list(reports), said


def test_changes_are_taken_once_they_have_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(monkeypatch, [False, False, True, True, False, False], ["start", "change"]) == (["start", "change"], [])


def test_a_folder_that_never_rests_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_UNREST", 0.0)
    assert taken(monkeypatch, [False, True, True], ["start", "1", "2"])[0] == ["start", "1", "2"]


def test_while_another_writes_it_is_tried_again_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[Exception | str] = [LockedError("busy"), LockedError("busy"), "done"]
    assert taken(monkeypatch, [False, False, False, False], locked) == (["done"], ["busy"])


def test_another_error_is_said_and_the_watch_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[Exception | str] = [KnowledgeBaseError("most are gone"), "later"]
    assert taken(monkeypatch, [False, False, True, False], results) == (["later"], ["most are gone"])


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("a.md", True),
        ("sub/a.pdf", True),
        (".hidden/a.md", False),
        ("~$a.docx", False),
        ("data/x.md", False),
        ("../a.md", False),
    ],
)
def test_what_no_sync_looks_at_is_not_watched(tmp_path: Path, path: str, is_one: bool) -> None:
    place = tmp_path / "documents"
    changed = Path(f"{place}/{path}").resolve() if path.startswith("..") else place / path
    assert watching._may_be_a_document(changed, place, place / "data") is is_one
    assert watching._may_be_a_document(place / "data/uploads/a.md", place / "data/uploads", place / "data")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("publish", [False, True])
def test_the_command_sees_a_new_file_and_ends_at_ctrl_c(library: Library, publish: bool) -> None:
    command = [sys.executable, "-m", "ingest", "watch", str(library.documents), "--data-dir", str(library.data_dir)]
    command += ["--json", "--quiet", "0.3", *(["--publish"] if publish else [])]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watcher.stdout
    try:
        assert json.loads(watcher.stdout.readline())["added"] == []
        (library.documents / "buoys.md").write_text("# Buoys\n\nThe red buoy lies north of the pier.\n", encoding="utf-8")
        assert json.loads(watcher.stdout.readline())["added"] == ["buoys.md"]
    finally:
        watcher.send_signal(signal.SIGINT)
        _, told = watcher.communicate(timeout=30)
    assert watcher.returncode == 130 and "Traceback" not in told
    assert library.generation.name == ("000002" if publish else "000001")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="does not exist"):
        next(watch(Settings(data_dir=tmp_path), tmp_path / "none", 1.0, lambda: pytest.fail(), lambda _: None))
