from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_fixtures import publish_documents

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.passages import Document, Page, Passage, RegisterRecord
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.changes import (
    DocumentChange,
    PassageText,
    WordRun,
    changes_between,
    compare,
    compare_passages,
    marked_words,
)

HARBOUR = "The harbour office opens at seven in the morning."
MARKET = "The fish market was founded in 1911 by Ada Stone."
TOLL = "A toll of two crowns is due for each boat that passes the bar."


def document(source: str, texts: Sequence[str], title: str = "Town", record: RegisterRecord | None = None) -> Document:
    text = "\n\n".join(texts)
    return Document(source, title, sha256(text.encode()).hexdigest(), "en", (Page(None, None, text),), record=record)


def passages(made: Document) -> list[Passage]:
    if made.record:
        return []
    text = made.pages[0].text
    found, start = [], 0
    for piece in text.split("\n\n"):
        end = start + len(piece)
        found.append(Passage(f"{made.source}-{start}-{piece[:20]}", made.source, made.title, None, start, end, "", piece))
        start = end + 2
    return found


def catalog(path: Path, *documents: Document, version: str = "1") -> Catalog:
    made = Catalog.create(path)
    for one in documents:
        made.put_document(one, passages(one), version, "2026-01-02T03:04:05+00:00")
    return made


def changes(tmp_path: Path, before: Sequence[Document], after: Sequence[Document]) -> list[DocumentChange]:
    with catalog(tmp_path / "old", *before) as old, catalog(tmp_path / "new", *after) as new:
        return compare(old, new)


def placed(texts: Sequence[str], pages: Sequence[int] | None = None) -> list[PassageText]:
    return [PassageText(text, pages[i] if pages else None, 100 * i, 100 * i + len(text), "") for i, text in enumerate(texts)]


def kinds(before: Sequence[PassageText], after: Sequence[PassageText]) -> list[tuple[str, str]]:
    return [(c.kind, (c.after or c.before).text) for c in compare_passages(before, after)]


def test_what_is_the_same_is_no_change(tmp_path: Path) -> None:
    assert changes(tmp_path, [document("a.md", [HARBOUR])], [document("a.md", [HARBOUR])]) == []


def test_an_edited_passage_has_its_words_marked(tmp_path: Path) -> None:
    edited = HARBOUR.replace("seven", "half past eight")
    (change,) = changes(tmp_path, [document("a.md", [HARBOUR, MARKET])], [document("a.md", [edited, MARKET])])
    assert (change.state, change.source, change.unchanged, change.counts) == ("changed", "a.md", 1, {"edited": 1})
    assert change.passages[0].words == (
        WordRun("same", "The harbour office opens at "),
        WordRun("out", "seven"),
        WordRun("in", "half past eight"),
        WordRun("same", " in the morning."),
    )


def test_added_and_removed_passages_are_told_apart(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, [document("a.md", [HARBOUR, MARKET])], [document("a.md", [MARKET, TOLL])])
    assert [(c.kind, c.before and c.before.text, c.after and c.after.text) for c in change.passages] == [
        ("removed", HARBOUR, None),
        ("added", None, TOLL),
    ]


def test_documents_come_and_go_with_their_passages(tmp_path: Path) -> None:
    found = changes(tmp_path, [document("a.md", [HARBOUR])], [document("b.md", [MARKET, TOLL])])
    assert [(c.state, c.source, c.counts) for c in found] == [
        ("removed", "a.md", {"removed": 1}),
        ("added", "b.md", {"added": 2}),
    ]


def test_a_file_with_another_name_is_renamed_not_replaced(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, [document("a.md", [HARBOUR])], [document("b.md", [HARBOUR])])
    assert (change.state, change.source, change.previous, change.unchanged) == ("renamed", "b.md", "a.md", 1)
    assert change.passages == ()


def test_a_file_renamed_and_edited_is_known_by_its_passages(tmp_path: Path) -> None:
    before, after = document("a.md", [HARBOUR, MARKET]), document("b.md", [HARBOUR, MARKET, TOLL])
    (change,) = changes(tmp_path, [before, document("c.md", ["Quite other words."])][:1], [after])
    assert (change.state, change.previous, change.counts) == ("renamed", "a.md", {"added": 1})


def test_of_two_equal_files_each_is_renamed_once(tmp_path: Path) -> None:
    before = [document("a.md", [HARBOUR]), document("b.md", [HARBOUR])]
    found = changes(tmp_path, before, [document("c.md", [HARBOUR]), document("d.md", [HARBOUR])])
    assert {(c.state, c.source, c.previous) for c in found} == {("renamed", "c.md", "a.md"), ("renamed", "d.md", "b.md")}


def test_a_record_of_the_register_is_compared_by_its_text(tmp_path: Path) -> None:
    record = RegisterRecord("Saltholm", "state", "state", "DNK", None)
    before, after = (
        document("s.md", ["Saltholm joined in 2018."], record=record),
        document("s.md", ["Saltholm joined in 2019."], record=record),
    )
    (change,) = changes(tmp_path, [before], [after])
    assert [(run.kind, run.text) for run in change.passages[0].words if run.kind != "same"] == [("out", "2018"), ("in", "2019")]


def test_a_new_version_of_a_loader_that_reads_the_same_changes_nothing(tmp_path: Path) -> None:
    made = document("a.md", [HARBOUR])
    with catalog(tmp_path / "old", made) as old, catalog(tmp_path / "new", made, version="2") as new:
        assert compare(old, new) == []


def test_new_bytes_with_the_same_text_are_a_change_without_passages(tmp_path: Path) -> None:
    made = document("a.md", [HARBOUR])
    other = Document("a.md", "Town", "0" * 64, "en", made.pages)
    (change,) = changes(tmp_path, [made], [other])
    assert (change.state, change.passages, change.unchanged) == ("changed", (), 1)


def test_a_passage_in_another_order_or_on_another_page_moved() -> None:
    assert kinds(placed([HARBOUR, MARKET, TOLL]), placed([TOLL, HARBOUR, MARKET])) == [("moved", TOLL)]
    assert kinds(placed([HARBOUR, MARKET], [1, 2]), placed([HARBOUR, MARKET], [1, 3])) == [("moved", MARKET)]


def test_text_that_only_shifted_did_not_move() -> None:
    assert kinds(placed([HARBOUR, MARKET]), placed([TOLL, HARBOUR, MARKET])) == [("added", TOLL)]


def test_repeated_passages_are_counted() -> None:
    assert kinds(placed([TOLL] * 5), placed([TOLL] * 3)) == [("removed", TOLL), ("removed", TOLL)]


def test_a_removed_passage_stands_where_it_was() -> None:
    assert kinds(placed([HARBOUR, TOLL, MARKET]), placed([HARBOUR, MARKET, "New here: nothing else."])) == [
        ("removed", TOLL),
        ("added", "New here: nothing else."),
    ]


def test_of_several_edits_each_is_held_against_the_likest() -> None:
    first, second = "one two three four five six", "alpha beta gamma delta epsilon zeta"
    found = compare_passages(placed([first, second]), placed([second + " eta", first + " seven"]))
    assert {(c.kind, c.before.text, c.after.text) for c in found} == {
        ("edited", second, second + " eta"),
        ("edited", first, first + " seven"),
    }


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_marked_words_give_both_texts_back(before: str, after: str) -> None:
    runs = marked_words(before, after)
    assert "".join(run.text for run in runs if run.kind != "in") == before
    assert "".join(run.text for run in runs if run.kind != "out") == after


@given(st.lists(st.sampled_from("abcd"), max_size=9), st.lists(st.sampled_from("abcd"), max_size=9))
def test_no_passage_is_lost_or_told_of_twice(before: list[str], after: list[str]) -> None:
    old, new = placed(before), placed(after)
    found = compare_passages(old, new)
    told_old, told_new = [c.before for c in found if c.before], [c.after for c in found if c.after]
    assert len(set(told_old)) == len(told_old) and len(set(told_new)) == len(told_new)
    assert sorted(t.text for t in old if t not in told_old) == sorted(t.text for t in new if t not in told_new)


def test_generations_are_compared_the_last_with_the_one_before_it(tmp_path: Path) -> None:
    publish_documents(tmp_path, [document("a.md", [HARBOUR])], "000001")
    publish_documents(tmp_path, [document("a.md", [MARKET])], "000002")
    publish_documents(tmp_path, [document("a.md", [TOLL])], "000003")
    found = changes_between(tmp_path)
    assert (found.before, found.after, found.documents[0].passages[0].before.text) == ("000002", "000003", MARKET)
    assert changes_between(tmp_path, "000003", "000001").documents[0].passages[0].before.text == TOLL


@pytest.mark.parametrize(("before", "after"), [("000009", None), (None, "../x"), (None, None)])
def test_a_generation_that_is_not_kept_is_an_error_with_its_remedy(
    tmp_path: Path, before: str | None, after: str | None
) -> None:
    publish_documents(tmp_path, [document("a.md", [HARBOUR])], "000001")
    with pytest.raises(KnowledgeBaseError) as raised:
        changes_between(tmp_path, before, after)
    assert "000001" in raised.value.message and raised.value.remedy


def test_without_any_generation_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="There is no generation"):
        changes_between(tmp_path)
