"""What the evaluation page keeps between its runs: the evaluation under way, records that were read, comparisons."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from assistant.evaluation.background import BackgroundRun
from assistant.evaluation.comparison import Comparison, compare
from assistant.evaluation.own_items import place, read_items
from assistant.evaluation.records import ANSWERS, EvaluationRecord, read_records
from assistant.evaluation.report import EvaluationReport, read_report
from assistant.evaluation.testset import OWN_SET
from assistant.server import page_settings

Entry = tuple[Path, EvaluationReport]

BUILT_IN = "The questions on the built-in library"
OF_THE_SETTING = "The questions of PARISCALL_TEST_SET"
OWN = "Your own questions"


@st.cache_resource(show_spinner=False, on_release=BackgroundRun.close)
def background() -> BackgroundRun:
    """Return the evaluation that all sessions of this server share."""
    return BackgroundRun()


def test_sets() -> dict[str, Path]:
    """Return the test sets that there are, by name."""
    settings = page_settings()
    found = {BUILT_IN: OWN_SET}
    if settings.test_set:
        found = {OF_THE_SETTING: settings.test_set} | found
    return found | ({OWN: place(settings.data_dir)} if read_items(settings.data_dir) else {})


def records_of(directory: Path) -> list[EvaluationRecord]:
    """Return the records of a run."""
    return _records(str(directory), (directory / ANSWERS).stat().st_mtime_ns)


@st.cache_resource(show_spinner="Reading the run…", max_entries=8)
def _records(directory: str, changed: int) -> list[EvaluationRecord]:
    return read_records(Path(directory))


def comparison_of(directory: Path, baseline: Path) -> Comparison:
    """Compare a run with an earlier one; raise EvaluationError where they share no question."""
    stamps = ((directory / ANSWERS).stat().st_mtime_ns, (baseline / ANSWERS).stat().st_mtime_ns)
    return _comparison(str(directory), str(baseline), stamps)


@st.cache_resource(show_spinner="Comparing…", max_entries=8)
def _comparison(directory: str, baseline: str, changed: tuple[int, int]) -> Comparison:
    before = read_report(Path(baseline))
    return compare(records_of(Path(baseline)), records_of(Path(directory)), before.generation, before.created)
