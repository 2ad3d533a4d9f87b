"""Put a test set to the index, see how good the answers are, and whether a change made them worse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from assistant.evaluation.comparison import Comparison, compare
from assistant.evaluation.records import ANSWERS, EvaluationRecord, read_records
from assistant.evaluation.report import EvaluationReport, list_runs, new_directory, read_report
from assistant.evaluation.testset import OWN_SET, as_line, place, read_items, remove_item
from assistant.page import activity
from assistant.page.evaluation_view import draw_evaluation_style, draw_run
from assistant.page.language import local_time
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line
from knowledge_base.errors import EvaluationError, KnowledgeBaseError

PURPOSE = (
    "Test questions are put to the assistant as you would ask them, and its answers are compared with what they should say."
)
BUILT_IN = "The questions on the built-in library"
OF_THE_SETTING = "The questions of PARISCALL_TEST_SET"
OWN = "Your own questions"
RUN, OTHER = "evaluation-run", "evaluation-other"
_RUNS = 40
_POLL_SECONDS = 0.4
_SECONDS_A_QUESTION = 0.5  # where nothing was evaluated yet
_LONG = 100


def draw_page() -> None:
    """Draw the page."""
    draw_evaluation_style()
    st.title("Evaluation", anchor=False)
    draw_line(PURPOSE, "pc-purpose")
    results, own = st.tabs(["Results", "Your own questions"])
    try:
        runs = list_runs(page_settings().data_dir)[:_RUNS]
        with results:
            is_running = _draw_start(runs)
            if runs:
                _draw_results(dict(runs))
            elif not is_running:
                draw_line("Nothing has been evaluated yet.")
        with own:
            _draw_own()
    except KnowledgeBaseError as error:
        draw_error(error)


def _draw_start(runs: list[tuple[Path, EvaluationReport]]) -> bool:
    """Draw the choice of a test set and the button, or how far the evaluation is; return whether one is under way."""
    settings = page_settings()
    found = activity.read(settings.data_dir, "evaluation")
    is_running = found is not None and found.is_running
    sets = {OF_THE_SETTING: settings.test_set} if settings.test_set else {}
    sets |= {BUILT_IN: OWN_SET}
    if read_items(settings.data_dir):
        sets[OWN] = place(settings.data_dir)
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation-start"):
        name = st.selectbox("Test questions", list(sets), disabled=is_running, key="evaluation-set")
        if is_running:
            st.button("Stop", icon=":material/stop_circle:", on_click=activity.stop, args=(settings.data_dir, "evaluation"))
        elif st.button("Evaluate", type="primary", icon=":material/play_arrow:", key="evaluate") and name:
            options = ["--test-set", str(sets[name]), "--output", str(new_directory(settings.data_dir))]
            activity.start(settings, "evaluate", options)
            st.session_state.pop(RUN, None)
            st.rerun()
    if is_running:
        _draw_progress()
    elif found and found.error:
        draw_error(EvaluationError(f"The evaluation did not come to its end: {found.error}"))
    elif name and sets[name].is_file():
        draw_line(expected(sets[name], [report for _, report in runs]))
    return is_running


def expected(test_set: Path, runs: Sequence[EvaluationReport]) -> str:
    """Say how many questions a test set has, and how long they take: by its last run, else by the last of any."""
    count = sum(bool(line.strip()) for line in test_set.read_text(encoding="utf-8", errors="replace").splitlines())
    last = next((run for run in runs if run.test_set == test_set.name), next(iter(runs), None))
    pace = last.seconds / max(1, last.whole.items) if last else _SECONDS_A_QUESTION
    told = f"{count} question{'' if count == 1 else 's'}: about {_duration(count * pace)}"
    return f"{told}, as the last time." if last and last.test_set == test_set.name else f"{told}. It can be stopped."


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < _LONG else f"{round(seconds / 60)} minutes"


@st.fragment(run_every=_POLL_SECONDS)
def _draw_progress() -> None:
    found = activity.read(page_settings().data_dir, "evaluation")
    if found is None or not found.is_running:
        st.rerun()
    if not found.stages:
        st.progress(0.0, text="Opening the index…")
        return
    done, total = found.stages[-1].done, found.stages[-1].total or 1
    passed = (datetime.now(UTC) - datetime.fromisoformat(found.started)).total_seconds()
    left = f", about {_duration(passed / done * (total - done))} left" if done else ""
    st.progress(done / total, text=f"{done} of {total} questions{left}" if done < total else "Computing the figures…")


def _draw_results(runs: dict[Path, EvaluationReport]) -> None:
    """Draw the choice of a run, and of one to compare it with; then the run."""
    columns = st.columns(2)
    path = columns[0].selectbox("Run", list(runs), format_func=lambda run: _label(runs[run]), key=RUN)
    others = [None, *(run for run in runs if run != path)]
    other = columns[1].selectbox(
        "Compare with", others, format_func=lambda run: _label(runs[run]) if run else "nothing", key=OTHER
    )
    comparison: Comparison | None = None
    if other:
        try:
            comparison = _comparison(str(path), str(other), (_stamp(path), _stamp(other)))
        except KnowledgeBaseError as error:
            draw_error(error)
    report = runs[path]
    draw_run(report, _records(str(path), _stamp(path)), comparison)
    if (page := path / "report.html").is_file():
        name = f"evaluation-{report.generation}.html"
        st.download_button(
            "Download the report", page.read_bytes(), name, "text/html", icon=":material/download:", on_click="ignore"
        )


def _label(report: EvaluationReport) -> str:
    strict = report.whole.figures["strict"].value
    right = "" if strict is None else f", {strict:.0%} right"
    when = local_time(report.created, st.context.timezone)
    gate = "" if report.gate is None else ", gate passed" if report.gate.passed else ", gate not passed"
    return f"{when}: {report.test_set}, generation {report.generation}{right}{gate}"


def _stamp(directory: Path) -> int:
    return (directory / ANSWERS).stat().st_mtime_ns


@st.cache_resource(show_spinner="Reading the run…", max_entries=8)
def _records(directory: str, stamp: int) -> list[EvaluationRecord]:
    return read_records(Path(directory))


@st.cache_resource(show_spinner="Comparing…", max_entries=8)
def _comparison(directory: str, baseline: str, stamps: tuple[int, int]) -> Comparison:
    """Compare a run with an earlier one; raise EvaluationError where they share no question."""
    before = read_report(Path(baseline))
    records = _records(baseline, stamps[1]), _records(directory, stamps[0])
    return compare(*records, before.generation, before.created)


def _draw_own() -> None:
    """Draw the reader's own test questions, the way to export them and to remove one."""
    kept = read_items(page_settings().data_dir)
    if kept is None:
        draw_line(
            "None yet. A thumb down under an answer, or “Test question” next to it, makes one: the question, and what should"
            " have been cited."
        )
        return
    st.download_button(
        "Download as a test set",
        "".join(f"{as_line(item)}\n" for item in kept.items).encode(),
        "questions.jsonl",
        "application/jsonl",
        icon=":material/download:",
        on_click="ignore",
    )
    for item in kept.items:
        with st.container(border=True, key=f"own-item-{item.id}"):
            draw("own", item=item)
            if st.button("Remove", key=f"remove-{item.id}", icon=":material/delete:", type="tertiary"):
                remove_item(page_settings().data_dir, item.id)
                st.rerun()


if __name__ == "__main__":
    draw_page()
