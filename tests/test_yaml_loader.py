from __future__ import annotations

import pytest

from ingest.loaders.yaml_ import load
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document


def blocks(document: Document) -> list[tuple[str, int, str]]:
    page = document.pages[0]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_values_are_fields_and_keys_of_mappings_are_headings() -> None:
    text = "principle-1:\n  full:\n    en: Protect 🇪🇺 all.\n    fr: \"L'été : tout.\"\nnote: 'plain'\nempty: ''\n"
    document = load(text.encode(), "data/principles.yml")
    assert document.pages[0].text == text
    assert blocks(document) == [
        ("heading", 1, "principle-1"),
        ("heading", 2, "full"),
        ("field", 0, "Protect 🇪🇺 all."),
        ("field", 0, "L'été : tout."),
        ("field", 0, "note: 'plain'"),
    ]
    assert document.title == "Principles"


def test_block_scalars_and_lists_are_covered() -> None:
    text = "text: |\n  One line\n  and two.\nlist:\n  - a\n  - [b, c]\n"
    assert blocks(load(text.encode(), "a.yml")) == [
        ("field", 0, "One line\n  and two."),
        ("heading", 1, "list"),
        ("field", 0, "a"),
        ("field", 0, "b"),
        ("field", 0, "c"),
    ]


def test_a_title_in_several_languages_gives_its_first() -> None:
    assert load(b"title:\n  en: The 9 principles\n  fr: Les 9 principes\n", "a.yml").title == "The 9 principles"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a: [1\nb: 2\n", "line 2"), ("a: " + "[" * 60 + "]" * 60, "deeper than 50 levels")],
)
def test_what_cannot_be_read_as_yaml_is_read_by_lines(text: str, reason: str) -> None:
    document = load(text.encode(), "a.yml")
    assert [block[2] for block in blocks(document)] == text.splitlines()
    assert reason in document.notices[0]


def test_no_object_is_ever_made() -> None:
    document = load(b"a: !!python/object/apply:os.system ['true']\n", "a.yml")
    assert blocks(document) == [("heading", 1, "a"), ("field", 0, "true")]


def test_no_text_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"a\.yml has no text"):
        load(b" \n", "a.yml")


def test_short_items_of_a_list_are_told_whole_and_what_aliases_repeat_once() -> None:
    stops = "stops:\n  - name: Market\n    time: '23:40'\n  - name: Quarry\n    time: '00:20'\n"
    text = f"{stops}own: &o {{boats: two}}\nsouth:\n  <<: *o\n  huts: four\n"
    assert [found[2] for found in blocks(load(text.encode(), "bus.yaml")) if found[0] == "field"] == [
        "name: Market\n    time: '23:40'",
        "name: Quarry\n    time: '00:20'",
        "boats: two",
        "huts: four",
    ]
