"""The evaluation page and the feedback under an answer, without a browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from evaluation_fixtures import SIGNED, SIGNED_GOLD, item, quoting, unanswerable
from page_fixtures import HOSTILE, QUOTE, quoted_answer, refused_answer
from test_app import FakeAssistant, ask, fake, page, shown
from test_report_html import asked, hostile_records, report_of

from assistant.evaluation.command import write_report
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.testset import add_item, read_items
from assistant.messages import message
from assistant.page import activity
from assistant.page.activity import Activity, Stage
from assistant.page.conversations import ConversationStore
from assistant.page.links import EVALUATE_PAGE
from assistant.page.settings import SETTINGS_VARIABLE
from assistant.page.views.evaluate import BUILT_IN, OF_THE_SETTING, OWN, expected
from knowledge_base.settings import Settings

__all__ = ["fake"]


class FakeRun:
    """Stands for an evaluation under way: it starts no process."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.now: Activity | None = None

    def start(self, settings: Settings, action: str, arguments: list[str]) -> None:
        self.started.append(arguments)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    made = FakeRun()
    monkeypatch.setattr(activity, "start", made.start)
    monkeypatch.setattr(activity, "read", lambda data_dir, job: made.now)
    monkeypatch.setattr(activity, "stop", lambda data_dir, job: setattr(made, "now", None))
    return made


def write(data_dir: Path, name: str, records: list[EvaluationRecord]) -> None:
    report = replace(report_of(records), created=f"2026-01-0{len(name)}T03:04:05+00:00", test_set=f"{name}.jsonl")
    write_report(data_dir / "evaluations" / name, report, records)


def evaluation():
    return page(EVALUATE_PAGE)


def named(name: str) -> str:
    return message("en", f"page.evaluation.set.{name}")


def choices(opened, label: str) -> list[str]:
    return next(box for box in opened.selectbox if box.label == label).options


def test_a_page_without_runs_says_so_and_offers_the_test_sets(fake: FakeAssistant, run: FakeRun):
    opened = evaluation()
    assert "Nothing has been evaluated yet" in shown(opened) and "None yet. A thumb down" in shown(opened)
    assert choices(opened, "Test questions") == [named(BUILT_IN)]


def test_the_button_begins_an_evaluation_of_the_chosen_test_set(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    add_item(tmp_path, unanswerable())
    opened = evaluation()
    next(box for box in opened.selectbox if box.label == "Test questions").select(OWN).run()
    next(button for button in opened.button if button.label == "Evaluate").click().run()
    [(_, test_set, _, output)] = run.started
    assert test_set == str(tmp_path / "evaluations" / "questions.jsonl")
    assert Path(output).parent == tmp_path / "evaluations"


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ((), "Opening the index…"),
        ((Stage("Ask", 3, 12),), "3 of 12 questions, about 1 s left"),
        ((Stage("Ask", 2, 2),), "Computing the figures…"),
    ],
)
def test_while_it_runs_the_page_says_how_far_it_is_and_stops_it(
    fake: FakeAssistant, run: FakeRun, stages: tuple[Stage, ...], told: str
):
    run.now = Activity("evaluate", (datetime.now(UTC) + timedelta(seconds=10)).isoformat(), True, stages)
    opened = evaluation()
    assert "Evaluate" not in [button.label for button in opened.button]
    assert told in str(opened.get("progress")[0].proto)
    next(button for button in opened.button if button.label == "Stop").click().run()
    assert "Evaluate" in [button.label for button in opened.button]


def test_it_is_said_how_long_an_evaluation_takes(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    assert "175 questions: about 88 s. It can be stopped." in shown(evaluation())
    asked = tmp_path / "b.jsonl"
    asked.write_text("{}\n" * 300)
    earlier = replace(report_of(hostile_records()), test_set="a.jsonl", seconds=4.0 * report_of(hostile_records()).whole.items)
    assert expected(asked, [earlier]) == "300 questions: about 20 minutes. It can be stopped."
    assert expected(asked, [replace(earlier, test_set="b.jsonl")]) == "300 questions: about 20 minutes, as the last time."


def test_why_an_evaluation_failed_is_said(fake: FakeAssistant, run: FakeRun):
    run.now = Activity("evaluate", "2026", False, (), None, "There is nothing to compare. Name another test set.")
    assert "There is nothing to compare." in shown(evaluation())


def test_a_test_set_of_the_settings_comes_first(
    fake: FakeAssistant, run: FakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = Settings(data_dir=tmp_path, test_set=tmp_path / "mine.jsonl")
    monkeypatch.setenv(SETTINGS_VARIABLE, settings.model_dump_json())
    assert choices(evaluation(), "Test questions") == [named(OF_THE_SETTING), named(BUILT_IN)]


def test_a_run_shows_its_figures_its_failed_items_and_their_sources(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    write(tmp_path, "a", hostile_records())
    opened = evaluation()
    html = shown(opened)
    assert "Citations valid" in html and "Expected facts" in html and "The gate is not passed." in html
    assert "<img src=x" not in html and "&lt;img src=x" in html
    assert any("Open the gold page" in link.proto.label for link in opened.get("page_link"))
    assert len(opened.get("vega_lite_chart")) == 4
    assert "The last run" not in html
    kinds = next(control for control in opened.get("button_group") if "To look at (2)" in str(control.proto))
    assert "Stale (1)" in str(kinds.proto) and "All (4)" in str(kinds.proto)


def test_two_runs_are_compared_item_by_item(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    write(tmp_path, "a", [asked(item("q1"), quoting(SIGNED)), asked(item("q2"), quoting(QUOTE))])
    write(tmp_path, "bb", [asked(item("q1"), quoting(QUOTE)), asked(item("q2"), quoting(SIGNED))])
    opened = evaluation()
    other = next(box for box in opened.selectbox if box.label == "Compare with")
    assert [label.partition(":")[2].split(":")[-1].split(",")[0].strip() for label in other.options[1:]] == ["a.jsonl"]
    other.select_index(1).run()
    html = shown(opened)
    assert "Worse (1)" in html and "Better (1)" in html and "right → wrong: 1 of 2 facts" in html
    assert any("Changed (2)" in str(control.proto) for control in opened.get("button_group"))


def test_runs_that_share_no_question_are_not_compared_but_shown(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    write(tmp_path, "a", [asked(item("q1"), quoting(SIGNED))])
    write(tmp_path, "bb", [asked(item("q2"), quoting(SIGNED))])
    opened = evaluation()
    next(box for box in opened.selectbox if box.label == "Compare with").select_index(1).run()
    assert "the two runs share no question" in shown(opened) and "Citations valid" in shown(opened)


def test_a_run_without_failures_has_nothing_to_look_at(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    write(tmp_path, "a", [asked(item("q1"), quoting(SIGNED, retrieved=[SIGNED]))])
    assert "None." in shown(evaluation())


def test_own_questions_are_listed_and_can_be_removed(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    add_item(tmp_path, item(question=HOSTILE))
    add_item(tmp_path, unanswerable(question="Who won?"))
    opened = evaluation()
    assert "a refusal is right" in shown(opened) and "<img src=x" not in shown(opened)
    next(button for button in opened.button if button.key == "remove-own-002").click().run()
    kept = read_items(tmp_path)
    assert kept is not None and [entry.id for entry in kept.items] == ["own-001"]


def test_a_damaged_file_of_own_questions_is_named(fake: FakeAssistant, run: FakeRun, tmp_path: Path):
    add_item(tmp_path, unanswerable())
    (tmp_path / "evaluations" / "questions.jsonl").write_text("{\n")
    assert "line 1: not JSON" in shown(evaluation())


def rate(opened, thumb: int | None):
    [feedback] = opened.get("feedback")
    feedback.set_value(thumb)
    return opened.run()


def keep(opened):
    next(button for button in opened.button if button.label == "Keep as a test question").click()
    return opened.run()


def test_a_thumb_is_kept_and_can_be_taken_back(fake: FakeAssistant, tmp_path: Path):
    fake.answers["How many principles?"] = quoted_answer()
    opened = rate(ask(page(), "How many principles?"), 1)
    with ConversationStore.open(tmp_path) as store:
        assert list(store.ratings().values()) == [True]
        rate(opened, None)
        assert store.ratings() == {}


def test_a_thumb_down_becomes_a_test_question(fake: FakeAssistant, tmp_path: Path):
    fake.answers["How many principles?"] = quoted_answer()
    opened = rate(ask(page(), "How many principles?"), 0)
    opened.multiselect[0].select(f"{QUOTE} (call.md)")
    keep(opened)
    assert "Kept as test question own-001." in opened.success[0].value
    kept = read_items(tmp_path)
    assert kept is not None
    assert (kept.items[0].question, kept.items[0].gold[0].quote) == ("How many principles?", QUOTE)


def test_a_test_question_needs_sentences_or_the_word_that_nothing_answers_it(fake: FakeAssistant, tmp_path: Path):
    opened = ask(page(), "How many kangaroos?")
    assert fake.histories and refused_answer().abstained
    keep(opened)
    assert "Choose the sentences that should have been cited" in shown(opened) and read_items(tmp_path) is None
    next(box for box in opened.checkbox if box.label.startswith("Nothing:")).check()
    keep(opened)
    kept = read_items(tmp_path)
    assert kept is not None and kept.items[0].category == "unanswerable"


def test_why_a_test_question_could_not_be_kept_is_said(fake: FakeAssistant, tmp_path: Path):
    add_item(tmp_path, item(gold=(SIGNED_GOLD,)))
    (tmp_path / "evaluations" / "questions.jsonl").write_text("{\n")
    opened = ask(page(), "How many kangaroos?")
    next(box for box in opened.checkbox if box.label.startswith("Nothing:")).check()
    keep(opened)
    assert "line 1: not JSON" in shown(opened)
