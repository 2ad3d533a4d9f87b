"""Put a test set to the index, see how good the answers are, and whether a change made them worse."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from assistant.escaping import as_html
from assistant.evaluation.comparison import Comparison
from assistant.evaluation.report import EvaluationReport, list_runs, new_directory
from assistant.evaluation.testset import TestItem, as_line, read_items, remove_item
from assistant.page import evaluation_view as evaluation_runs
from assistant.page.evaluation_view import Entry, background, draw_evaluation_style, draw_run
from assistant.page.notices import draw_error
from assistant.page.settings import page_settings
from assistant.page.sidebar import local_time
from knowledge_base.errors import KnowledgeBaseError

PURPOSE = (
    "Test questions are put to the assistant as you would ask them, and its answers are held against what they should say."
)
RUN, OTHER = "evaluation-run", "evaluation-other"
_RUNS = 40
_POLL_SECONDS = 0.4


def draw() -> None:
    """Draw the page."""
    draw_evaluation_style()
    st.title("Evaluation", anchor=False)
    st.html(f'<p class="pc-purpose">{PURPOSE}</p>')
    results, own = st.tabs(["Results", "Your own questions"])
    try:
        with results:
            _draw_start()
            _draw_results()
        with own:
            _draw_own()
    except KnowledgeBaseError as error:
        draw_error(error)


def _draw_start() -> None:
    """Draw the choice of a test set and the button, or how far the evaluation under way is."""
    run, sets = background(), evaluation_runs.test_sets()
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation-start"):
        name = st.selectbox("Test questions", list(sets), disabled=run.is_running, key="evaluation-set")
        clicked = st.button("Evaluate", type="primary", icon=":material/play_arrow:", disabled=run.is_running, key="evaluate")
    if clicked and name:
        settings = page_settings()
        run.start(settings, sets[name], new_directory(settings.data_dir))
        st.session_state.pop(RUN, None)
        st.rerun()
    if run.is_running:
        _draw_progress()
    elif run.error:
        draw_error(run.error)


@st.fragment(run_every=_POLL_SECONDS)
def _draw_progress() -> None:
    run = background()
    if not run.is_running:
        st.rerun()
    said = f"{run.done} of {run.total} questions" if run.done else "Opening the index…"
    said = "Reckoning the figures…" if run.done and run.done == run.total else said
    st.progress(run.done / max(1, run.total), text=said)


def _draw_results() -> None:
    entries = list_runs(page_settings().data_dir)[:_RUNS]
    if not entries:
        if not background().is_running:
            st.html('<p class="pc-quiet">Nothing has been evaluated yet. It takes a few seconds.</p>')
        return
    by_path = dict(entries)
    columns = st.columns(2)
    chosen = columns[0].selectbox("Run", list(by_path), format_func=lambda path: _label(by_path[path]), key=RUN)
    others = [path for path in by_path if path != chosen]
    other = columns[1].selectbox(
        "Compare with", [None, *others], format_func=lambda path: _label(by_path[path]) if path else "nothing", key=OTHER
    )
    _draw_chosen((chosen, by_path[chosen]), other)


def _draw_chosen(entry: Entry, other: Path | None) -> None:
    path, report = entry
    comparison: Comparison | None = None
    if other:
        try:
            comparison = evaluation_runs.comparison_of(path, other)
        except KnowledgeBaseError as error:
            draw_error(error)
    draw_run(report, evaluation_runs.records_of(path), comparison)
    page = path / "report.html"
    if page.is_file():
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


def _draw_own() -> None:
    """Draw the reader's own test questions, the way to export them and to remove one."""
    kept = read_items(page_settings().data_dir)
    if kept is None:
        st.html(
            '<p class="pc-quiet">None yet. A thumb down under an answer, or “Test question” beside it, makes one: the question,'
            " and what should have been cited.</p>"
        )
        return
    lines = "".join(f"{as_line(item)}\n" for item in kept.items)
    st.download_button(
        "Download as a test set",
        lines.encode(),
        "questions.jsonl",
        "application/jsonl",
        icon=":material/download:",
        on_click="ignore",
    )
    for item in kept.items:
        _draw_own_item(item)


def _draw_own_item(item: TestItem) -> None:
    with st.container(border=True, key=f"own-item-{item.id}"):
        quotes = "".join(f"<blockquote>{as_html(gold.quote)}</blockquote>" for gold in item.gold)
        expected = quotes or '<p class="pc-quiet">The documents do not answer it: a refusal is right.</p>'
        st.html(
            f'<div class="pc-card"><p><b>{as_html(item.question)}</b></p>{expected}<p class="pc-source">{item.id}</p></div>'
        )
        if st.button("Remove", key=f"remove-{item.id}", icon=":material/delete:", type="tertiary"):
            remove_item(page_settings().data_dir, item.id)
            st.rerun()


if __name__ == "__main__":
    draw()
