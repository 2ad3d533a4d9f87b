"""What the page of documents writes: reports, lists, differences; all text of documents escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from page_fixtures import HOSTILE, QUOTE, TEXT, citation, note, publish_documents, quoted_answer, refused_answer

from assistant.page import answer_view, document_list
from assistant.page.activity import Activity
from assistant.page.activity_panel import report_lines
from assistant.page.document_list import Entry, PageRead
from assistant.page.settings import SETTINGS_VARIABLE
from assistant.page.templates import render
from assistant.page.uploads import Outcome, Upload
from assistant.page.views import changes as change_view
from assistant.page.views.documents import waiting_html
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import DocumentRow
from knowledge_base.store.changes import DocumentChange, GenerationChanges, PassageChange, PassageText, compare_passages
from knowledge_base.store.saved_citations import QuoteStanding

REPORT: dict[str, Any] = {
    "added": ["uploads/a.md"],
    "updated": [],
    "renamed": [],
    "deleted": ["uploads/b.md"],
    "unchanged": ["x"] * 50,
    "skipped": [],
    "failed": [{"source": HOSTILE, "reason": HOSTILE}],
    "passages": 1234,
    "seconds": 2.5,
    "notices": ["A notice."],
}
NOTHING = {state: [] for state in ("added", "updated", "renamed", "deleted", "failed", "skipped")} | {"unchanged": ["x"]}
ROW = DocumentRow("uploads/a.pdf", "A", "0", "pdf", "en", "2020-01-02", (), (), "1", "2026-01-02T03:04:05+00:00", 3, 1, 900)


def lines_of(action: Any, report: dict[str, Any]) -> list[tuple[str, str]]:
    return report_lines(Activity(action, "2026", False, (), report))


def is_text(html: str) -> bool:
    """Return whether the hostile text is in HTML as text."""
    return "<img" not in html and "&lt;img src=x onerror=alert(1)&gt;" in html


def test_a_sync_is_reported_in_one_line() -> None:
    told = "1 added, 1 removed, 1 failed, 50 unchanged; 1,234 passages, in 2.5 s."
    assert lines_of("sync", REPORT) == [("The index is up to date.", told), ("", "A notice.")]


def test_a_plan_says_what_would_happen() -> None:
    planned = ("An update would do this:", "1 added, 1 removed, 1 failed, 50 unchanged.")
    assert lines_of("preview", REPORT)[0] == planned
    assert lines_of("preview", NOTHING) == [("The index is up to date:", "1 unchanged.")]
    assert lines_of("sync", NOTHING) == [("There was nothing to do.", "1 unchanged.")]


def test_lists_show_reasons_and_earlier_names_and_are_cut() -> None:
    html = render("files", listed=[{"source": "b", "from": "a", "reason": "r"}, *REPORT["failed"]])
    assert "<li>a → b</li>" in html and is_text(html)
    assert "… and 50 more" in render("files", listed=["x"] * 250)


def test_a_fetch_and_a_forgetting_are_reported() -> None:
    sources = [
        {"name": "pariscall", "files": 1222, "bytes": 5_000_000, "reason": None},
        {"name": "b", "files": 0, "bytes": 0, "reason": HOSTILE},
    ]
    fetched = lines_of("fetch", {"sources": sources})
    assert fetched == [("pariscall:", "1,222 files, 5.0 MB, each verified"), ("b:", HOSTILE)]
    assert is_text(render("report", lines=fetched))
    report = {"source": HOSTILE, "answers": [1, 2, 3], "erased_answers": 0, "notices": ["A notice."]}
    lines = lines_of("forget", report)
    assert is_text(render("report", lines=lines))
    assert lines[1:] == [("", "3 kept answers still hold text of it."), ("", "A notice.")]
    erased = lines_of("forget", report | {"answers": [], "erased_answers": 3, "notices": []})
    assert erased[1:] == [("", "3 answers that held text of it were erased.")]


def test_what_became_of_files_that_were_sent_is_said() -> None:
    outcomes = [Outcome("a.md", True), Outcome("b.md", True, replaced=True), Outcome(HOSTILE, False, reason="It is empty.")]
    html = render("outcomes", outcomes=outcomes)
    assert "a.md<span>is put in</span>" in html and "replaces the earlier file of that name" in html
    assert is_text(html) and "not taken: It is empty." in html


def test_what_waits_is_listed() -> None:
    html = waiting_html([Upload("uploads/a.md", "going")])
    assert "<b>1 change waits " in html and "uploads/a.md, removed" in html
    many = waiting_html([Upload(f"uploads/{n}.md", "waiting") for n in range(30)])
    assert "<b>30 changes wait " in many and "… and 10 more" in many


def test_a_documents_card_says_its_state_and_its_counts() -> None:
    assert (
        document_list.label(Entry("uploads/a.pdf", "A", "indexed", ROW)) == "**A** — 2020\\-01\\-02 · PDF · 3 pages · 1 passage"
    )
    assert document_list.label(Entry("uploads/b.pdf", "b.pdf", "failed")) == "**b\\.pdf** — failed"
    html = document_list.details_html(Entry("uploads/a.pdf", "A", "indexed", ROW))
    assert "indexed · language English · 900 characters · indexed 2026-01-02" in html


def test_a_documents_health_is_told_page_by_page_as_text() -> None:
    pages = (PageRead(1, 1200, "en", ()), *(PageRead(n, 0, None, (HOSTILE, "no text")) for n in range(2, 500)))
    html = document_list.details_html(Entry(HOSTILE, HOSTILE, "indexed", ROW, HOSTILE, pages))
    assert is_text(html) and "<td>1</td><td>1,200</td><td>en</td><td></td>" in html and "; no text</td>" in html
    assert "Page by page, 498 with a remark" in html and "… and 99 more<" in html
    assert "<table>" not in document_list.details_html(Entry("a.md", "A", "indexed", ROW, None, (PageRead(None, 9, "en", ()),)))


def test_forgetting_says_what_goes_and_which_answers_lose_their_page() -> None:
    planned = {
        "source": "uploads/b.md",
        "names": ["uploads/a.md", "uploads/b.md"],
        "files": ["/d/uploads/b.md"],
        "generations": ["000001", "000002"],
        "evaluations": ["/d/evaluations/1"],
        "questions": 3,
        "notices": [HOSTILE],
        "answers": [
            {"place": "saved", "question": "Who built it?", "kept": "2026-01-02T03:04:05"},
            {"place": "conversation", "question": "Who?", "kept": "2026-01-02T03:04:05"},
        ],
    }
    html = document_list.plan_html(planned)
    for told in (
        "also known as uploads/a.md",
        "(000001, 000002)",
        "1 evaluation that holds passages of it",
        "3 test questions",
        "Who built it?<span>saved 2026-01-02</span>",
    ):
        assert told in html
    assert "1 answer in conversations" in html and is_text(html)
    nothing = planned | {"answers": [], "names": ["uploads/b.md"], "generations": [], "evaluations": [], "questions": 0}
    assert "No kept answer holds text of it." in document_list.plan_html(nothing)


def text(words: str, page: int | None = None, heading: str = "") -> PassageText:
    return PassageText(words, page, 5, 5 + len(words), heading)


def changed(
    *passages: PassageChange, state: Any = "changed", previous: str | None = None
) -> tuple[DocumentChange, GenerationChanges]:
    document = DocumentChange(state, "a.pdf", "A", previous, 2, passages)
    return document, GenerationChanges("000001", "000002", (document,))


def test_an_edit_is_shown_with_its_words_marked_and_leads_to_both_places() -> None:
    passages = compare_passages(
        [text(f"It opens at seven. {HOSTILE}", 2, "Hours")], [text(f"It opens at nine. {HOSTILE}", 2, "Hours")]
    )
    html = change_view.document_html(*changed(*passages))
    assert "<span>It opens at </span><del>seven</del><ins>nine</ins>" in html
    assert "<b>edited</b> · page 2 · Hours" in html and is_text(html)
    assert "generation=000001" in html and "generation=000002" in html and "2 passages are as they were." in html


def test_other_changes_say_what_happened() -> None:
    moved = PassageChange("moved", text("Here. " * 100, 1), text("Here. " * 100, 4))
    added, removed = PassageChange("added", None, text("New.")), PassageChange("removed", text("Old."), None)
    html = change_view.document_html(*changed(moved, added, removed, state="renamed", previous="b.pdf"))
    assert "<b>moved</b> from page 1 to page 4" in html and " …</span>" in html
    assert "<ins>New.</ins>" in html and "<del>Old.</del>" in html and "b.pdf → a.pdf" in html


def test_documents_that_came_or_went_lead_to_where_they_are_held() -> None:
    came, changes = changed(PassageChange("added", None, text("New.", 3)), state="added")
    html = change_view.whole_html([came] * 302, changes)
    assert "source?source=a.pdf&amp;page=3&amp;generation=000002" in html and "a.pdf · 1 passage</span>" in html
    assert "… and 2 more" in html
    went, changes = changed(PassageChange("removed", text("Old."), None), state="removed")
    assert "generation=000001" in change_view.whole_html([went], changes)


def test_long_changes_are_cut_and_same_text_is_said_to_be_that() -> None:
    many = [PassageChange("added", None, text(f"Number {n}.")) for n in range(70)]
    assert "… and 10 more passages." in change_view.document_html(*changed(*many))
    assert "Its text is the same." in change_view.document_html(*changed())
    assert change_view.label(changed(*many)[0]) == "**A** — changed · 70 added"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import streamlit

    streamlit.cache_data.clear()
    monkeypatch.setenv(SETTINGS_VARIABLE, Settings(data_dir=tmp_path).model_dump_json())
    publish_documents(tmp_path, [note()], "000001")
    return tmp_path


def test_an_answer_from_the_documents_as_they_are_is_not_looked_up(data_dir: Path) -> None:
    assert answer_view.standings_of(quoted_answer()) == {}
    assert answer_view.standing_line(quoted_answer(), {}) == ("there", "What it quotes is still there, word for word.")


@pytest.mark.parametrize(
    ("now", "state", "told"),
    [
        (TEXT + " More.", "there", "still there, word for word"),
        ("A new line.\n\n" + TEXT, "moved", "what it quotes has moved"),
        ("Other.", "gone", "what it quotes is no longer there"),
    ],
)
def test_an_older_answer_says_how_its_quotes_stand(data_dir: Path, now: str, state: str, told: str) -> None:
    publish_documents(data_dir, [note(now)], "000002")
    found = answer_view.standings_of(quoted_answer())
    assert found is not None and found[0].standing == state
    line = answer_view.standing_line(quoted_answer(), found)
    assert line is not None and line[0] == state and told in line[1]


def test_several_quotes_are_counted() -> None:
    two = replace(quoted_answer(), citations=quoted_answer().citations * 2)
    found = {0: QuoteStanding("there", "a", None, 0, 3), 1: QuoteStanding("gone")}
    assert answer_view.standing_line(two, found) == ("gone", "The documents have changed since: 1 of 2 quotes no longer there.")
    label = answer_view.citation_label(two.citations)
    assert answer_view.citation_label(two.citations, list(found.items())) == f"{label} · no longer there"
    assert answer_view.citation_label(two.citations, [(1, found[0])]) == label


def test_a_quote_that_moved_leads_to_its_new_place() -> None:
    marks = [(1, QuoteStanding("moved", "b.pdf", 4, 10, 20)), (2, QuoteStanding("gone")), (3, QuoteStanding("there"))]
    card = answer_view.card_html([citation()], [], None)
    html = answer_view.card_html([citation()], marks, "conv").removeprefix(card)
    assert 'href="/source?source=b.pdf&amp;page=4&amp;start=10&amp;end=20&amp;conversation=conv"' in html
    assert "page 4 of b.pdf" in html and "2 is no longer in the documents." in html and "3" not in html.split("</p>")[-1]
    assert QUOTE not in html


def test_where_nothing_is_known_nothing_is_said(data_dir: Path) -> None:
    (data_dir / "CURRENT").write_text("000009\n")
    assert answer_view.standings_of(quoted_answer()) is None
    assert answer_view.standing_line(quoted_answer(), None) is None
    assert answer_view.standing_line(refused_answer(), {}) is None
    (data_dir / "CURRENT").unlink()
    assert answer_view.standings_of(quoted_answer()) is None
