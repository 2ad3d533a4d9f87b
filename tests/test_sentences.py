from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.language.sentences import LEANS, SENTENCE_END, is_quotable, sentence_spans


def sentences(text: str, language: str | None = "en") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


def test_sentences_come_without_the_white_space_around_them() -> None:
    assert sentences("  Ferries run.  Pilots rest.\n") == ["Ferries run.", "Pilots rest."]


def test_an_abbreviation_before_a_number_ends_no_sentence() -> None:
    assert sentences("It is said in para. 13 of the charter. So be it.") == [
        "It is said in para. 13 of the charter.",
        "So be it.",
    ]


def test_a_footnote_mark_at_a_full_stop_ends_a_sentence_and_is_no_part_of_it() -> None:
    assert sentences("The towns agreed on fog horns.2 However, the piers rot.") == [
        "The towns agreed on fog horns.",
        "However, the piers rot.",
    ]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("The keepers call it a “safe port.”12", "The keepers call it a “safe port.”"),
        ("It takes oil (“lamp oil”).2", "It takes oil (“lamp oil”)."),
        ("The board was renewed for 2021-2025.9", "The board was renewed for 2021-2025."),
        ("A charter was adopted by the towns in 200423.", "A charter was adopted by the towns in 2004"),
        ("See the chart in fig.3", "See the chart in fig.3"),
        ("The tide rose by 12.5", "The tide rose by 12.5"),
        ("The towns count 200423.", "The towns count 200423."),
        ("Fees grew by 200423.", "Fees grew by 200423."),
        ("They sail by chart 2.0", "They sail by chart 2.0"),
    ],
)
def test_a_footnote_mark_at_the_end_is_left_out_and_nothing_else(text: str, without: str) -> None:
    assert sentences(text) == [without]


def test_a_footnote_mark_before_a_number_is_no_part_of_it() -> None:
    assert sentences("The board opened the hearings.34 113 towns came. All spoke.") == [
        "The board opened the hearings.",
        "113 towns came.",
        "All spoke.",
    ]
    assert sentences("See chart.34 113 and what goes with it.") == ["See chart.34 113 and what goes with it."]


def test_an_abbreviation_before_a_small_letter_ends_no_sentence() -> None:
    assert len(sentences("It needs tools incl. oars, ropes etc. and a lamp. It has them.")) == 2


def test_a_decimal_number_ends_no_sentence() -> None:
    assert sentences("The tide rises by 5.2 metres in spring.") == ["The tide rises by 5.2 metres in spring."]


@pytest.mark.parametrize("language", ["fr", "de", "zh", "xx", None])
def test_any_language_is_cut(language: str | None) -> None:
    assert len(sentences("Le phare brille. Il pleut.", language)) == 2


def test_nothing_has_no_sentences() -> None:
    assert sentences("") == sentences(" \n\t ") == []


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_spans_are_in_order_apart_and_lose_nothing_but_white_space_and_marks(text: str) -> None:
    spans = sentence_spans(text)
    ends = [0, *(end for _, end in spans)]
    assert all(before <= start < end for before, (start, end) in zip(ends, spans, strict=False))
    lost = [text[before:start] for before, start in zip(ends, [*(start for start, _ in spans), len(text)], strict=True)]
    assert all(re.fullmatch(r"(\d{1,3}[.;]?)?\s*", gap) for gap in lost)


@pytest.mark.parametrize(("text", "quotable"), [("Ferries run.", False), ("Ferries run at noon.", True), ("— 12 —", False)])
def test_a_quotable_sentence_says_something(text: str, quotable: bool) -> None:
    assert is_quotable(text) is quotable


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("It is lit.", True),
        ("It goes on…", True),
        ("“It is lit.”", True),
        ("It is lit.12", True),
        ("It is lit by the", False),
        ("It is lit, and", False),
    ],
)
def test_a_sentence_ends_with_a_mark_an_ellipsis_too(text: str, ends: bool) -> None:
    assert bool(SENTENCE_END.search(text)) is ends


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("It also binds ships.", True),
        ("“They” came.", True),
        ("However, it rained.", True),
        ("Celui-ci brûle.", True),
        ("Towns lit it.", False),
        ("Items are sold.", False),
    ],
)
def test_a_sentence_leans_on_the_one_before_it_by_its_first_word(text: str, leans: bool) -> None:
    assert bool(LEANS.match(text)) is leans
