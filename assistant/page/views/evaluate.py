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
from assistant.page.language import local_time, say
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line
from knowledge_base.errors import EvaluationError, KnowledgeBaseError

BUILT_IN, OF_THE_SETTING, OWN = "built_in", "setting", "own"
RUN, OTHER = "evaluation-run", "evaluation-other"
_RUNS = 40
_POLL_SECONDS = 0.4
_SECONDS_A_QUESTION = 0.5  # where nothing was evaluated yet
_LONG = 100


def draw_page() -> None:
    """Draw the page."""
    draw_evaluation_style()
    st.title(say("titles.evaluate"), anchor=False)
    draw_line(say("evaluation.purpose"), "pc-purpose")
    results, own = st.tabs([say("evaluation.results"), say("evaluation.set.own")])
    try:
        runs = list_runs(page_settings().data_dir)[:_RUNS]
        with results:
            is_running = _draw_start(runs)
            if runs:
                _draw_results(dict(runs))
            elif not is_running:
                draw_line(say("evaluation.nothing"))
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
        name = st.selectbox(say("evaluation.sets"), list(sets), format_func=_named, disabled=is_running, key="evaluation-set")
        if is_running:
            st.button(
                say("writing.stop"),
                icon=":material/stop_circle:",
                on_click=activity.stop,
                args=(settings.data_dir, "evaluation"),
            )
        elif st.button(say("evaluation.start"), type="primary", icon=":material/play_arrow:", key="evaluate") and name:
            options = ["--test-set", str(sets[name]), "--output", str(new_directory(settings.data_dir))]
            activity.start(settings, "evaluate", options)
            st.session_state.pop(RUN, None)
            st.rerun()
    if is_running:
        _draw_progress()
    elif found and found.error:
        draw_error(EvaluationError(say("evaluation.broken", reason=found.error)))
    elif name and sets[name].is_file():
        draw_line(expected(sets[name], [report for _, report in runs]))
    return is_running


def expected(test_set: Path, runs: Sequence[EvaluationReport]) -> str:
    """Say how many questions a test set has, and how long they take: by its last run, else by the last of any."""
    count = sum(bool(line.strip()) for line in test_set.read_text(encoding="utf-8", errors="replace").splitlines())
    last = next((run for run in runs if run.test_set == test_set.name), next(iter(runs), None))
    pace = last.seconds / max(1, last.whole.items) if last else _SECONDS_A_QUESTION
    time = _duration(count * pace)
    if last and last.test_set == test_set.name:
        return say("evaluation.as_last_time", count=count, time=time)
    return say("evaluation.expected", count=count, time=time)


def _duration(seconds: float) -> str:
    if seconds < _LONG:
        return say("form.seconds", seconds=max(1, round(seconds)))
    return say("form.minutes", count=round(seconds / 60))


def _named(name: str) -> str:
    return say(f"evaluation.set.{name}")


@st.fragment(run_every=_POLL_SECONDS)
def _draw_progress() -> None:
    found = activity.read(page_settings().data_dir, "evaluation")
    if found is None or not found.is_running:
        st.rerun()
    if not found.stages:
        st.progress(0.0, text=say("evaluation.opening"))
        return
    done, total = found.stages[-1].done, found.stages[-1].total or 1
    passed = (datetime.now(UTC) - datetime.fromisoformat(found.started)).total_seconds()
    told = say("evaluation.progress", done=done, total=total)
    if done:
        told = say("evaluation.progress_left", done=done, total=total, left=_duration(passed / done * (total - done)))
    st.progress(done / total, text=told if done < total else say("evaluation.computing"))


def _draw_results(runs: dict[Path, EvaluationReport]) -> None:
    """Draw the choice of a run, and of one to compare it with; then the run."""
    columns = st.columns(2)
    path = columns[0].selectbox(say("evaluation.run"), list(runs), format_func=lambda run: _label(runs[run]), key=RUN)
    others = [None, *(run for run in runs if run != path)]
    other = columns[1].selectbox(
        say("evaluation.compare"),
        others,
        format_func=lambda run: _label(runs[run]) if run else say("evaluation.with_nothing"),
        key=OTHER,
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
            say("evaluation.report"), page.read_bytes(), name, "text/html", icon=":material/download:", on_click="ignore"
        )


def _label(report: EvaluationReport) -> str:
    strict = report.whole.figures["strict"].value
    right = "" if strict is None else say("evaluation.right", percent=round(100 * strict))
    when = local_time(report.created, st.context.timezone)
    gate = "" if report.gate is None else say("evaluation.passed") if report.gate.passed else say("evaluation.not_passed")
    told = [say("evaluation.generation", test_set=report.test_set, generation=report.generation), right, gate]
    return say("evaluation.label", moment=when, told=", ".join(filter(None, told)))


def _stamp(directory: Path) -> int:
    return (directory / ANSWERS).stat().st_mtime_ns


@st.cache_resource(show_spinner=False, max_entries=8)
def _records(directory: str, stamp: int) -> list[EvaluationRecord]:
    return read_records(Path(directory))


@st.cache_resource(show_spinner=False, max_entries=8)
def _comparison(directory: str, baseline: str, stamps: tuple[int, int]) -> Comparison:
    """Compare a run with an earlier one; raise EvaluationError where they share no question."""
    before = read_report(Path(baseline))
    records = _records(baseline, stamps[1]), _records(directory, stamps[0])
    return compare(*records, before.generation, before.created)


def _draw_own() -> None:
    """Draw the reader's own test questions, the way to export them and to remove one."""
    kept = read_items(page_settings().data_dir)
    if kept is None:
        draw_line(say("evaluation.no_own"))
        return
    st.download_button(
        say("evaluation.download"),
        "".join(f"{as_line(item)}\n" for item in kept.items).encode(),
        "questions.jsonl",
        "application/jsonl",
        icon=":material/download:",
        on_click="ignore",
    )
    for item in kept.items:
        with st.container(border=True, key=f"own-item-{item.id}"):
            draw("own", item=item)
            if st.button(say("saved.remove"), key=f"remove-{item.id}", icon=":material/delete:", type="tertiary"):
                remove_item(page_settings().data_dir, item.id)
                st.rerun()


if __name__ == "__main__":
    draw_page()
