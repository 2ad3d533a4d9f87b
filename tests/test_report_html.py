from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from evaluation_fixtures import LAMP, SIGNED, FakeText, item, quoting, unanswerable
from page_fixtures import HOSTILE

from assistant.answers import as_json
from assistant.evaluation import report_html
from assistant.evaluation.command import write_report
from assistant.evaluation.comparison import compare, decide
from assistant.evaluation.metrics import gold_ranks, is_right, score, searched_for, stated_facts
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.report import EvaluationReport, list_runs, make_report, read_report
from assistant.evaluation.report_html import as_page, part
from assistant.evaluation.running import Run
from assistant.evaluation.testset import GoldQuote, TestSet, Turn
from knowledge_base.errors import EvaluationError
from knowledge_base.store.manifest import Manifest

VOID = {"meta", "br", "img", "input", "link"}


class Tags(HTMLParser):
    """Reads a page: the names and attributes of its elements, its words, and whether each element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def asked(made, answer) -> EvaluationRecord:
    return EvaluationRecord(
        made, None, {**as_json(answer, made.id), "parts": []}, is_right(made, answer), tuple(stated_facts(made, answer)),
        tuple(gold_ranks(made, answer)) if searched_for(made) else (), 10, score(made, answer, FakeText(SIGNED)),
    )  # fmt: skip


def hostile_records() -> list[EvaluationRecord]:
    gold = (GoldQuote(HOSTILE, 3, HOSTILE),)
    made = item(
        HOSTILE, question=HOSTILE, category=HOSTILE, lang=HOSTILE, gold=gold, must_include=((HOSTILE,),),
        must_not_include=(HOSTILE, "x"), note=HOSTILE, history=(Turn("user", HOSTILE),),
    )  # fmt: skip
    answer = quoting(HOSTILE, LAMP, retrieved=[HOSTILE, "long " * 300])
    trap = unanswerable("u1", accept_correction=True)
    return [
        asked(made, answer),
        asked(trap, quoting(LAMP)),
        asked(item("q2"), quoting(SIGNED)),
        EvaluationRecord(item("q3"), HOSTILE),
    ]


def report_of(records: list[EvaluationRecord], before: list[EvaluationRecord] | None = None) -> EvaluationReport:
    manifest = Manifest("000002", "2026-01-02T03:04:05+00:00", None, HOSTILE, 3, 1, {})
    run = Run(TestSet(HOSTILE, "digest", ()), manifest, tuple(records), "2026-01-02T03:04:05+00:00", 1.5)
    comparison = compare(before, records, HOSTILE, HOSTILE) if before else None
    report = make_report(run, comparison)
    return make_report(run, comparison, decide(report.whole.figures, 0.75, {"valid": 1.0, "fit": 0.9}, comparison))


@pytest.fixture
def page() -> Tags:
    records = hostile_records()
    before = [records[0], asked(records[1].item, quoting(abstained=True)), asked(records[2].item, quoting(LAMP)), records[3]]
    return Tags(as_page(report_of(records, before), records))


def test_the_page_is_whole_and_what_it_shows_of_others_is_text(page: Tags):
    assert page.open == []
    pictured = "svg rect text polyline circle details summary blockquote"
    known = "html head meta title style body main h1 h2 h3 p div span b ul ol li table tr th td small figure figcaption"
    assert page.names <= {*known.split(), *pictured.split()}
    assert HOSTILE in page.words


def test_the_page_needs_nothing_but_itself(page: Tags):
    assert not {name for name, _ in page.attributes} & {"src", "href", "onerror", "onclick", "style"}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_the_page_says_why_the_gate_was_not_passed_and_what_changed(page: Tags):
    assert "The gate is not passed." in page.words and "below the minimum of 0.9" in page.words
    assert "Worse (1)" in page.words and "Better (1)" in page.words


def test_a_failed_item_shows_what_was_expected_found_and_cited(page: Tags):
    for words in (
        "Questions to look at (2 of 3)",
        "Expected facts",
        "Should have been found",
        "Retrieved",
        "Asked before",
        "Note",
    ):
        assert words in page.words
    assert "A refusal, or a correction" in page.words and "Stale questions (1)" in page.words


def test_a_run_without_failures_says_so():
    records = [asked(item("q1"), quoting(SIGNED, retrieved=[SIGNED]))]
    words = Tags(as_page(report_of(records, records), records)).words
    assert "None: every answer is right" in words and "No score changed." in words


def test_a_gold_passage_that_was_not_found_is_said_to_be_so():
    records = [replace(asked(item("q1"), quoting(LAMP, retrieved=[LAMP])), searched=50)]
    assert "not among the first 50" in Tags(as_page(report_of(records), records)).words


@pytest.mark.parametrize("records", [hostile_records(), [EvaluationRecord(item(), "gone")]], ids=["asked", "nothing asked"])
def test_each_picture_is_well_formed_and_says_what_it_shows(records: list[EvaluationRecord]):
    groups = report_of(hostile_records()).categories
    drawn = [draw(records) for draw in (report_html.risk_and_coverage, report_html.recall_by_k, report_html.latency)]
    for picture in (report_html.by_category(groups), *drawn):
        root = ElementTree.fromstring(part("drawn", picture))
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("aria-label")


def test_the_risk_curve_ends_where_the_questions_that_were_answered_end():
    confident = asked(item("q1"), quoting(SIGNED, confidence=0.9))
    doubtful = asked(item("q2"), quoting(LAMP, confidence=0.6))
    refused = asked(item("q3"), quoting(abstained=True, confidence=0.1))
    picture = report_html.risk_and_coverage([doubtful, refused, confident])
    assert "50% wrong of the 67% answered" in part("drawn", picture)


def test_a_report_comes_back_as_it_was_written(tmp_path: Path):
    records = hostile_records()
    report = report_of(records, records)
    write_report(tmp_path / "evaluations" / "one", report, records)
    assert read_report(tmp_path / "evaluations" / "one") == report
    assert list_runs(tmp_path) == [(tmp_path / "evaluations" / "one", report)]


def test_a_directory_without_a_report_and_one_of_other_definitions_are_refused(tmp_path: Path):
    with pytest.raises(EvaluationError, match="There is no report in"):
        read_report(tmp_path)
    for content, said in (
        ('{"definitions": 0}', "figures of version 0"),
        ("{", "is not the report"),
        ('{"definitions": 1}', "is not the report"),
    ):
        (tmp_path / "report.json").write_text(content)
        with pytest.raises(EvaluationError, match=said):
            read_report(tmp_path)
    (tmp_path / "evaluations").mkdir()
    (tmp_path / "report.json").rename(tmp_path / "evaluations" / "report.json")
    assert list_runs(tmp_path) == []
