from __future__ import annotations

from ingest.change_text import change_lines
from knowledge_base.store.changes import DocumentChange, GenerationChanges, PassageChange, PassageText, compare_passages


def lines(*documents: DocumentChange) -> list[str]:
    return [line.plain for line in change_lines(GenerationChanges("000001", "000002", documents))]


def text(words: str, page: int | None = None) -> PassageText:
    return PassageText(words, page, 0, len(words), "")


def changed(*passages: PassageChange, previous: str | None = None, unchanged: int = 0) -> DocumentChange:
    return DocumentChange("renamed" if previous else "changed", "a.md", "A", previous, unchanged, passages)


def test_words_that_went_and_came_are_marked() -> None:
    passages = compare_passages([text("It opens at seven.", 2)], [text("It opens at nine.", 2)])
    assert lines(changed(*passages, unchanged=3)) == [
        "From generation 000001 to 000002: 1 document changed.",
        "changed: a.md (passages: 1 edited, 3 as before)",
        "  edited on page 2: It opens at [-seven-]{+nine+}.",
    ]


def test_of_long_text_that_stayed_only_the_words_near_the_change_are_shown() -> None:
    long = "word " * 100
    (change,) = compare_passages([text(f"{long}seven {long}")], [text(f"{long}nine {long}")])
    (line,) = lines(changed(change))[2:]
    assert "...word" not in line and len(line) < 200
    assert "... word" in line and "word [-seven-]{+nine+} word" in line and line.endswith("...")


def test_other_passages_are_shown_with_their_beginning() -> None:
    moved = PassageChange("moved", text("Here.", 1), text("Here.", 4))
    added, removed = PassageChange("added", None, text("x" * 300)), PassageChange("removed", text("Old\nwords.", 7), None)
    assert lines(changed(moved, added, removed, previous="b.md"))[1:] == [
        "renamed: b.md -> a.md (passages: 1 moved, 1 added, 1 removed)",
        "  moved from page 1 to 4: Here.",
        f"  added: {'x' * 240} ...",
        "  removed on page 7: Old words.",
    ]


def test_long_lists_are_cut_and_said_to_be() -> None:
    found = lines(changed(*(PassageChange("added", None, text(f"Number {n}.")) for n in range(30))))
    assert found[-1] == "  ... and 10 more (--json lists all)" and len(found) == 23


def test_of_many_whole_documents_the_first_are_listed() -> None:
    found = lines(*(DocumentChange("removed", f"{n}.md", "B", None, 0, ()) for n in range(1200)))
    assert found[-1] == "... and 1,150 more removed (--json lists all)" and len(found) == 52


def test_whole_documents_are_counted_not_printed() -> None:
    added = DocumentChange("added", "b.md", "B", None, 0, (PassageChange("added", None, text("All of it.")),))
    assert lines(added)[1:] == ["added: b.md (passages: 1 added)"]


def test_new_bytes_with_the_same_text_are_said_to_be_that() -> None:
    assert lines(changed(unchanged=2))[1] == "changed: a.md (its text is the same)"


def test_nothing_changed_is_said() -> None:
    assert lines() == ["From generation 000001 to 000002: nothing changed."]
