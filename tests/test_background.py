from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS
from libraries import Library

from assistant.evaluation.report import read_report
from assistant.page.evaluation_view import BackgroundRun
from knowledge_base.settings import Settings


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Answer without the evidence model: what is tried here is the evaluation, not the answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARISCALL_EVIDENCE_MODEL", "off")
        yield


def test_an_evaluation_runs_in_a_process_and_says_how_far_it_is(library: Library, tmp_path: Path):
    run, output = BackgroundRun(), tmp_path / "out"
    assert not run.is_running
    assert run.start(Settings(data_dir=library.data_dir), HARBOUR_QUESTIONS, output)
    assert run.is_running and not run.start(Settings(data_dir=library.data_dir), HARBOUR_QUESTIONS, output)
    run.wait()
    assert (run.done, run.total, run.error) == (23, 23, None)
    assert read_report(output).whole.items == 23


def test_why_it_failed_is_told_as_the_command_told_it(tmp_path: Path):
    run = BackgroundRun()
    run.start(Settings(data_dir=tmp_path), HARBOUR_QUESTIONS, tmp_path / "out")
    run.wait()
    assert run.error is not None and "There is no index in" in str(run.error)


def test_an_evaluation_can_be_ended(library: Library, tmp_path: Path):
    run = BackgroundRun()
    run.start(Settings(data_dir=library.data_dir), HARBOUR_QUESTIONS, tmp_path / "out")
    run.close()
    assert not run.is_running and run.error is not None and "its process ended with code -9" in run.error.message
