"""A run of an evaluation as the page shows it: figures, pictures, what changed, and each question with its sources."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from assistant.escaping import as_html, as_label
from assistant.evaluation.comparison import Change, Comparison, compare
from assistant.evaluation.pictures import all_pictures
from assistant.evaluation.records import ANSWERS, EvaluationRecord, read_records
from assistant.evaluation.report import EvaluationReport, read_report
from assistant.evaluation.report_html import (
    cards,
    changes_table,
    details_html,
    figures_table,
    parts_table,
    picture_by_itself,
    read_style,
    summary,
    verdict_box,
)
from assistant.evaluation.testset import OWN_SET, place, read_items
from assistant.page.links import SOURCE_PAGE, SourceLink
from assistant.page.settings import page_settings
from knowledge_base.errors import EvaluationError, KnowledgeBaseError
from knowledge_base.settings import Settings, as_environment

_COLOURS = (
    "--ink: currentColor; --quiet: color-mix(in srgb, currentColor 68%, transparent); --line: var(--pc-line);"
    " --soft: var(--pc-soft); --blue: #3f74c4; --second: #c07a1a; --good: #2c8a55; --bad: #c0562f;"
)
_FIRST = "To look at"
_LINKS = 12


def draw_evaluation_style() -> None:
    """Draw the style sheet of what evaluations show."""
    st.html(f"<style>.pc-evaluation {{ {_COLOURS} }}\n.pc-evaluation {{ {read_style('parts.css')} }}</style>")


def draw_run(report: EvaluationReport, records: Sequence[EvaluationRecord], comparison: Comparison | None) -> None:
    """Draw a run, against another where there is one."""
    shown = replace(report, comparison=comparison)
    _block(f'<p class="quiet">{as_html(summary(shown))}</p>{verdict_box(report.gate) if report.gate else ""}{cards(shown)}')
    if comparison:
        st.subheader("Against the other run", anchor=False)
        _block(changes_table(comparison))
    st.subheader("Questions", anchor=False)
    draw_questions(report, records, comparison)
    st.subheader("Pictures", anchor=False)
    _draw_pictures(report, records)
    with st.expander("All figures"):
        _block(figures_table(shown))
    with st.expander("By category and language"):
        _block(parts_table([*report.categories, *report.languages]))


def _draw_pictures(report: EvaluationReport, records: Sequence[EvaluationRecord]) -> None:
    """Draw the pictures as images: the page lets no SVG stand in its HTML."""
    columns = st.columns(2)
    for position, (title, picture) in enumerate(all_pictures(report.categories, records).items()):
        with columns[position % 2].container(border=True):
            st.html(f'<p class="pc-over">{as_html(title)}</p>')
            st.image(picture_by_itself(picture), width="stretch")


def draw_questions(report: EvaluationReport, records: Sequence[EvaluationRecord], comparison: Comparison | None) -> None:
    """Draw the choice of a question, and the one that was chosen with its sources."""
    changes = {change.id: change for change in comparison.changes} if comparison else {}
    kinds = _kinds(records, changes)
    kind = st.segmented_control(
        "Show",
        list(kinds),
        default=_FIRST,
        format_func=lambda name: f"{name} ({len(kinds[name])})",
        label_visibility="collapsed",
    )
    listed = kinds[kind or _FIRST]
    if not listed:
        st.html('<p class="pc-quiet">None.</p>')
        return
    chosen = st.selectbox("Question", listed, format_func=_label, key="evaluation-question")
    if chosen is not None:
        _draw_question(chosen, changes.get(chosen.item.id), report.generation)


def _kinds(records: Sequence[EvaluationRecord], changes: dict[str, Change]) -> dict[str, list[EvaluationRecord]]:
    kinds = {_FIRST: [record for record in records if record.has_failed]}
    if changes:
        kinds["Changed"] = [record for record in records if record.item.id in changes]
    if any(record.stale for record in records):
        kinds["Stale"] = [record for record in records if record.stale]
    return kinds | {"All": list(records)}


def _label(record: EvaluationRecord) -> str:
    return f"{record.item.id}: {record.item.question}"


def _draw_question(record: EvaluationRecord, change: Change | None, generation: str) -> None:
    item = record.item
    about = f"{item.id}, {item.category}, {item.lang}{', held out' if item.held_out else ''}: {record.outcome}"
    before = f'<p class="quiet">Before: {as_html(change.before)}.</p>' if change else ""
    _block(f'<p><b>{as_html(item.question)}</b></p><p class="quiet">{as_html(about)}</p>{before}{details_html(record)}')
    links = _links(record, generation)
    for label, link in list(links.items())[:_LINKS]:
        st.page_link(SOURCE_PAGE, label=label, icon=":material/menu_book:", query_params=link.parameters())


def _links(record: EvaluationRecord, generation: str) -> dict[str, SourceLink]:
    """Return links to the pages that should have been cited, and to those that were."""
    links: dict[str, SourceLink] = {}
    for gold in record.item.gold:
        links.setdefault(
            f"Open the gold page: {_place(gold.source, gold.page)}", SourceLink(gold.source, gold.page, (), generation)
        )
    for cited in (record.answer or {}).get("citations", ()):
        spans = ((cited["start"], cited["end"]),)
        link = SourceLink(cited["source"], cited["page"], spans, generation)
        links.setdefault(f"Open the cited page: {_place(cited['source'], cited['page'])}", link)
    return links


def _place(source: str, page: int | None) -> str:
    return as_label(source.rpartition("/")[2]) + ("" if page is None else f", page {page}")


def _block(html: str) -> None:
    st.html(f'<div class="pc-evaluation">{html}</div>')


_PROGRESS = re.compile(r"(\d+) of (\d+)")


class BackgroundRun:
    """One evaluation at a time, and how far it is: `done` of `total` questions; `error` says why the last one failed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()
        self.done = 0
        self.total = 0
        self.error: KnowledgeBaseError | None = None

    @property
    def is_running(self) -> bool:
        """Say whether an evaluation is under way."""
        return self._reader is not None and self._reader.is_alive()

    def start(self, settings: Settings, test_set: Path, output: Path) -> bool:
        """Begin to put a test set to the published index; return False where an evaluation is under way."""
        with self._lock:
            if self.is_running:
                return False
            self.done, self.total, self.error = 0, 0, None
            options = ["--test-set", str(test_set), "--output", str(output), "--data-dir", str(settings.data_dir), "--progress"]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "assistant", "evaluate", *options],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env=as_environment(settings),
            )
            self._reader = threading.Thread(target=self._read, args=(self._process,), name="evaluation", daemon=True)
            self._reader.start()
            return True

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the evaluation under way has ended."""
        if self._reader:
            self._reader.join(seconds)

    def close(self) -> None:
        """End the evaluation under way."""
        if self._process:
            self._process.kill()
        self.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Follow what the process says on standard error until it ends."""
        said = ""
        with process:
            for line in process.stderr or ():
                if found := _PROGRESS.fullmatch(line.strip()):
                    self.done, self.total = int(found[1]), int(found[2])
                else:
                    said += line
        if process.returncode != 0:
            reason = said.strip().removeprefix("Error: ") or f"its process ended with code {process.returncode}"
            self.error = EvaluationError(f"The evaluation did not come to its end: {reason}")


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
