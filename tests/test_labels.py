from __future__ import annotations

import pytest

from ingest.loaders.labels import enumerated, is_list_mark, label_of, letter, names_a_unit, roman, typed_label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("6. States report flaws.", "6"),
        ("(c) a test of all backups;", "(c)"),
        ("b) the second", "b"),
        ("Article 5", "Article 5"),
        ("Article 5. Beacons are tested.", "Article 5"),
        ("§ 3. The keeper signs.", "§ 3"),
        ("3.2 The Parties meet.", "3.2"),
        ("2. Decisions of the board", "2"),
        ("Article 5 says that", ""),
        ("2031. It was cold.", ""),
        ("1.5 million crowns", ""),
        ("2.4 GHz is the band", ""),
        ("12. März 2031", ""),
        ("C. Smith said so", ""),
        ("PROTOCOLE SUR LES BALISES", ""),
    ],
)
def test_the_label_of_a_paragraph_is_what_its_text_begins_with(text: str, label: str) -> None:
    assert typed_label(text) == label


def test_a_heading_needs_no_stop_after_its_unit() -> None:
    assert typed_label("Article 5 Reporting", is_heading=True) == "Article 5"
    assert typed_label("Chapter IV – Nets", is_heading=True) == "Chapter IV"
    assert names_a_unit("Annex II")
    assert not names_a_unit("Annex II lists the ports")


def test_a_label_loses_what_follows_its_number_but_not_its_brackets() -> None:
    assert [label_of(number) for number in ("6.", "a)", "(c)", "Article 4.", "[3]", "2.1.")] == [
        "6",
        "a",
        "(c)",
        "Article 4",
        "3",
        "2.1",
    ]


def test_marks_of_lists_are_told_from_words() -> None:
    assert all(map(is_list_mark, ("(a)", "1.", "iv)", "•", "–", "3.2")))
    assert not any(map(is_list_mark, ("North", "2031", "12 hours", "")))


def test_letters_and_roman_numerals_are_written() -> None:
    assert [letter(number) for number in (1, 26, 27, 53)] == ["a", "z", "aa", "ba"]
    assert [letter(number, doubled=True) for number in (26, 27, 28)] == ["z", "aa", "bb"]
    assert [roman(number) for number in (4, 9, 14, 40)] == ["iv", "ix", "xiv", "xl"]


def test_lines_that_count_up_are_items_and_a_number_by_chance_is_none() -> None:
    assert enumerated(["The board:", "(a) opens", "the gate;", "(b) rests."]) == [
        ("", ["The board:"]),
        ("(a)", ["opens", "the gate;"]),
        ("(b)", ["rests."]),
    ]
    assert enumerated(["as said in section", "3. of the law"]) == [("", ["as said in section", "3. of the law"])]
