"""Articles, paragraphs and points are told by their labels, with what they hold."""

from __future__ import annotations

import pytest

from knowledge_base.passages import Block, BlockKind, Page
from knowledge_base.provisions import label_parts, provisions_of


def page_of(*blocks: tuple[BlockKind, int, str, str]) -> Page:
    """Return a page of (kind, level, label, text) blocks."""
    text, made = "", []
    for kind, level, label, words in blocks:
        text += "\n" if text else ""
        made.append(Block(kind, level, len(text), len(text) + len(words), label))
        text += words
    return Page(None, None, text, tuple(made))


STATUTE = page_of(
    ("heading", 2, "Article 1", "Article 1"),
    ("heading", 2, "", "Scope"),
    ("paragraph", 0, "1", "This rule is for ports."),
    ("paragraph", 0, "2", "It does not bind:"),
    ("list_item", 1, "(a)", "lighthouses;"),
    ("list_item", 1, "(b)", "ferries that"),
    ("list_item", 2, "(i)", "carry no cargo, or"),
    ("list_item", 2, "(ii)", "are at anchor."),
    ("paragraph", 0, "", "Lists are kept by the port."),
    ("heading", 2, "Article 2", "Article 2"),
    ("paragraph", 0, "", "It is in force."),
)


def found(page: Page) -> dict[str, str]:
    return {p.path: page.text[p.start : p.end] for p in provisions_of([page])}


def test_each_level_holds_what_stands_below_it() -> None:
    held = found(STATUTE)
    assert list(held) == [
        "Article 1", "Article 1(1)", "Article 1(2)", "Article 1(2)(a)", "Article 1(2)(b)", "Article 1(2)(b)(i)",
        "Article 1(2)(b)(ii)", "Article 2",
    ]  # fmt: skip
    assert held["Article 1(2)(b)"] == "ferries that\ncarry no cargo, or\nare at anchor."
    assert held["Article 1"].startswith("Article 1\nScope") and held["Article 1"].endswith("kept by the port.")
    assert held["Article 2"] == "Article 2\nIt is in force."


def test_a_paragraph_between_two_items_belongs_to_neither() -> None:
    held = found(
        page_of(
            ("list_item", 1, "1", "Keep the light."),
            ("paragraph", 0, "", "Later this was added."),
            ("list_item", 1, "2", "Keep the log."),
        )
    )
    assert held == {"1": "Keep the light.", "2": "Keep the log."}


def test_a_numbered_paragraph_runs_on_to_the_next_number() -> None:
    held = found(
        page_of(
            ("paragraph", 0, "17", "The appeal was late."), ("paragraph", 0, "", "It failed."), ("paragraph", 0, "18", "Costs.")
        )
    )
    assert held == {"17": "The appeal was late.\nIt failed.", "18": "Costs."}


def test_a_number_with_dots_holds_its_parents_itself() -> None:
    held = found(
        page_of(("heading", 1, "3", "3 Tides"), ("heading", 2, "3.2", "3.2 Spring tides"), ("paragraph", 0, "", "High."))
    )
    assert list(held) == ["3", "3.2"]


def test_a_provision_may_run_over_pages() -> None:
    pages = [
        page_of(("heading", 1, "Annex II", "Annex II"), ("paragraph", 0, "", "One.")),
        page_of(("paragraph", 0, "", "Two.")),
    ]
    provision = provisions_of(pages)[0]
    assert (provision.path, provision.first, provision.last, provision.end) == ("Annex II", 0, 1, 4)


def test_the_letter_i_follows_h() -> None:
    items = [("list_item", 1, f"({letter})", f"Item {letter}.") for letter in "ghij"]
    assert [p.path for p in provisions_of([page_of(*items)])] == ["(g)", "(h)", "(i)", "(j)"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "parts"),
    [("Article 3(2)(c)", ("article 3", "2", "c")), ("17.", ("17",)), ("(c)", ("c",)), ("Annex  II", ("annex ii",))],
)
def test_a_label_is_read_a_part_a_level(label: str, parts: tuple[str, ...]) -> None:
    assert label_parts(label) == parts
