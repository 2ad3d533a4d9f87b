from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS
from libraries import Library

from assistant.evaluation.report import read_report
from assistant.page import activity
from assistant.page.activity import Activity, Job, Stage, ask_ingest, dismiss, read, start, stop
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.settings import Settings

COMMAND = activity._command
WAIT = "import sys; sys.stderr.write('{\"stage\": \"Read\", \"done\": 1, \"total\": 2}\\n'); sys.stderr.flush(); sys.stdin = open(sys.argv[1]); sys.stdin.read()"  # fmt: skip  # noqa: E501


def finished(data_dir: Path, job: Job = "ingest") -> Activity:
    """Return what the job started once it has ended."""
    end = time.monotonic() + 120
    while (found := read(data_dir, job)) is not None and found.is_running:
        assert time.monotonic() < end
        os.sched_yield()
    assert found is not None
    return found


def runs(monkeypatch: pytest.MonkeyPatch, script: str, *arguments: str) -> None:
    """Have `start` run a script in place of a command."""
    monkeypatch.setattr(activity, "_command", lambda *_: [sys.executable, "-c", script, *arguments])


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pipe that the process which is started waits for; opening it for writing, and closing it, lets it end."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    runs(monkeypatch, WAIT, str(path))
    yield path


def wait_for_stage(data_dir: Path) -> Activity:
    end = time.monotonic() + 60
    while not (found := read(data_dir)) or not found.stages:
        assert time.monotonic() < end
        os.sched_yield()
    return found


def open_gate(gate: Path) -> None:
    with gate.open("w"):
        pass


def test_ingest_runs_and_its_report_is_found(library: Library) -> None:
    start(Settings(data_dir=library.data_dir), "preview", [str(library.documents)])
    found = finished(library.data_dir)
    assert (found.action, found.error, found.is_running) == ("preview", None, False)
    assert found.report is not None and len(found.report["unchanged"]) == 7
    assert found.stages == (Stage("Compare", 8, 8),)


def test_what_runs_is_found_with_its_progress_and_nothing_else_is_started(gate: Path, tmp_path: Path) -> None:
    start(Settings(data_dir=tmp_path), "sync")
    found = wait_for_stage(tmp_path)
    assert (found.is_running, found.stages, found.report) == (True, (Stage("Read", 1, 2),), None)
    with pytest.raises(LockedError, match="under way already"):
        start(Settings(data_dir=tmp_path), "sync")
    dismiss(tmp_path)
    assert read(tmp_path) is not None
    open_gate(gate)
    assert finished(tmp_path).error is not None


def test_it_is_found_by_another_process_than_the_one_that_started_it(gate: Path, tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        start(Settings(data_dir=tmp_path), "sync")
        os._exit(0)
    os.waitpid(child, 0)
    assert wait_for_stage(tmp_path).is_running
    open_gate(gate)
    assert not finished(tmp_path).is_running


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("import sys; print('Error: No space.', file=sys.stderr); sys.exit(2)", "No space."),
        ("import os; os.kill(os.getpid(), 9)", "without saying why"),
        ("print('{\"half')", "without saying why"),
        ("print('[1]')", "without saying why"),
    ],
)
def test_what_went_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, error: str) -> None:
    runs(monkeypatch, script)
    start(Settings(data_dir=tmp_path), "sync")
    found = finished(tmp_path)
    assert found.report is None and found.error is not None and error in found.error


def test_a_sync_with_failed_files_has_a_report_and_a_fetch_that_failed_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import sys; print('Error: Offline.', file=sys.stderr); print('{\"sources\": []}'); sys.exit(1)"
    for action, error in (("sync", None), ("fetch", "Offline.")):
        runs(monkeypatch, script)
        start(Settings(data_dir=tmp_path), action)
        assert finished(tmp_path).error == error


def test_warnings_between_the_lines_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["A warning.", '{"stage": "Read", "done": 1, "total": null}', '{"stage": "Rea', "[1]", '{"done": 1}']
    runs(monkeypatch, f"import sys; print({json.dumps(chr(10).join(lines))}, file=sys.stderr); print('{{}}')")
    start(Settings(data_dir=tmp_path), "sync")
    assert finished(tmp_path).stages == (Stage("Read", 1, None),)


def test_an_ended_activity_is_dismissed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path) is None
    runs(monkeypatch, "print('{}')")
    start(Settings(data_dir=tmp_path), "sync")
    finished(tmp_path)
    dismiss(tmp_path)
    assert read(tmp_path) is None
    dismiss(tmp_path)


def test_ingest_is_asked_for_json(library: Library) -> None:
    rows = ask_ingest(Settings(data_dir=library.data_dir), "health")
    assert "charter.md" in [row["source"] for row in rows]


@pytest.mark.parametrize(("command", "arguments"), [("forget", ["none.md"]), ("changes", ["9", "8"])])
def test_what_ingest_refuses_is_raised_in_its_words(library: Library, command: str, arguments: Sequence[str]) -> None:
    with pytest.raises(KnowledgeBaseError, match="none.md|'9'|'8'"):
        ask_ingest(Settings(data_dir=library.data_dir), command, arguments)


def test_ingest_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Path) -> None:
    monkeypatch.setattr(activity, "_SECONDS", 0.5)
    with pytest.raises(KnowledgeBaseError, match="took longer"):
        ask_ingest(Settings(data_dir=tmp_path), "health")


def evaluate(data_dir: Path, output: Path) -> None:
    """Start an evaluation without the evidence model: what is tried here is the process, not the answers."""
    settings = Settings(data_dir=data_dir, evidence_model="off")
    start(settings, "evaluate", ["--test-set", str(HARBOUR_QUESTIONS), "--output", str(output)])


def test_an_evaluation_runs_in_a_process_of_its_own_next_to_ingest(library: Library, tmp_path: Path, gate: Path) -> None:
    start(Settings(data_dir=library.data_dir), "sync")
    wait_for_stage(library.data_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activity, "_command", COMMAND)
        evaluate(library.data_dir, tmp_path / "out")
        with pytest.raises(LockedError):
            evaluate(library.data_dir, tmp_path / "out")
    found = finished(library.data_dir, "evaluation")
    assert (found.stages, found.error) == ((Stage("Ask", 23, 23),), None)
    assert read_report(tmp_path / "out").whole.items == 23
    assert (found.report or {})["page"] == str(tmp_path / "out" / "report.html")
    open_gate(gate)
    finished(library.data_dir)


def test_why_an_evaluation_failed_is_told_as_the_command_told_it(tmp_path: Path) -> None:
    evaluate(tmp_path, tmp_path / "out")
    assert "There is no index in" in (finished(tmp_path, "evaluation").error or "")


def test_an_evaluation_can_be_stopped(gate: Path, tmp_path: Path) -> None:
    evaluate(tmp_path, tmp_path / "out")
    end = time.monotonic() + 60
    while not (found := read(tmp_path, "evaluation")) or not found.stages:
        assert time.monotonic() < end
        os.sched_yield()
    stop(tmp_path, "evaluation")
    assert read(tmp_path, "evaluation") is None
    stop(tmp_path, "evaluation")
