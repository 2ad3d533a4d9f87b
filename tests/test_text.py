from __future__ import annotations

import pytest

from knowledge_base.language.dates import Date
from knowledge_base.language.text import Text


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on 12 November 2018 in Paris", [Date(12, 11, 2018)]),
        ("on November 12, 2018", [Date(12, 11, 2018)]),
        ("2018-11-12", [Date(12, 11, 2018)]),
        ("le 1er novembre 2018", [Date(1, 11, 2018)]),
        ("les 18 et 19 décembre 2017", [Date(18, 12, 2017), Date(19, 12, 2017)]),
        ("in November 2018", [Date(None, 11, 2018)]),
        ("in May, and in 2018-19", [Date(None, 5), Date(year=2018), Date(year=2019)]),
        ("resolution 73/27 of December 2018", [Date(None, 12, 2018)]),
        ("they may agree on 51 states", []),
        ("1 218 noms", []),
    ],
)
def test_dates_are_read_as_far_as_they_are_written(text: str, dates: list[Date]) -> None:
    assert sorted(Text.read(text).dates, key=repr) == sorted(dates, key=repr)


def test_a_date_is_met_by_one_that_says_as_much() -> None:
    assert Date(None, 11, 2018).is_met_by([Date(12, 11, 2018)])
    assert not Date(12, 11, 2018).is_met_by([Date(None, 11, 2018)])
    assert Date(12, 11, 2018).is_met_by([Date(12, 11), Date(year=2018)])
    assert not Date(13, 11, 2018).is_met_by([Date(12, 11, 2018), Date(13, 12, 2018)])


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("nine principles and eighty-one states", "en", {9, 81}),
        ("1,218 names, 1 222 names", "en", {1218, 1222}),
        ("dix milliards de dollars et quatre-vingt-un États", "fr", {10e9, 81}),
        ("34 % and 12 per cent", "en", {34, 12}),
        ("some 20 million dollars and €2.5 billion", "en", {20e6, 2.5e9}),
        ("between two and three hundred million dollars", "en", {200e6, 300e6}),
        ("asked for $20m, then €1.5bn", "en", {20e6, 1.5e9}),
        ("200 to 300 million people", "en", {200e6, 300e6}),
        ("le treizième forum", "fr", {13}),
        ("une centaine de pays", "fr", {100}),
        ("about three quarters of an hour", "en", {45}),
        ("a third of them, and half of the rest", "en", {33.3, 50}),
        ("a third way in the first half of 2025", "en", {3}),
        ("the fortieth ratification", "en", {40}),
        ("one of them, a Chinese one", "en", set()),
        ("resolution 73/27 of WG5", "en", set()),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text: str, language: str, values: set[float]) -> None:
    assert {number.value for number in Text.read(text, language).numbers} == values


@pytest.mark.parametrize(
    ("claim", "evidence", "is_same"),
    [
        ("nearly six hundred practices", "595 practices", True),
        ("nearly six hundred practices", "610 practices", False),
        ("nearly six hundred practices", "520 practices", False),
        ("over 1,200 names", "1,222 names", True),
        ("1,200 names", "1,222 names", False),
        ("roughly a third of them", "34% of them", True),
        ("well over half of the list", "57.9% of the list", True),
        ("half of the list", "57.9% of the list", False),
        ("58 per cent of the list", "57.9% of the list", True),
    ],
)
def test_a_round_number_stands_for_those_near_it(claim: str, evidence: str, is_same: bool) -> None:
    assert Text.read(claim, "en").numbers[0].equals(Text.read(evidence, "en").numbers[0]) is is_same


def test_a_spelled_day_is_part_of_a_date() -> None:
    assert Text.read("on the twentieth of June 2024", "en").dates == (Date(20, 6, 2024),)
    assert Text.read("le 12 sept. 2019", "fr").dates == (Date(12, 9, 2019),)


def test_a_capital_by_itself_may_stand_for_its_country() -> None:
    assert Text.read("They met in Paris on Monday.", "en").capitals == {"FRA"}
    assert Text.read("They signed the Paris Call.", "en").capitals == frozenset()


def test_labels_are_no_numbers() -> None:
    assert Text.read("Resolution 73/27 and A/65/201", "en").labels == {"73/27", "a/65/201"}


def test_a_share_is_not_a_count() -> None:
    share, count = Text.read("9 % of the 9 states", "en").numbers
    assert not share.equals(count)


@pytest.mark.parametrize(
    ("text", "language", "places"),
    [
        ("The US and the EU told us so.", "en", {"USA", "EU"}),
        ("American and British firms", "en", {"USA", "GBR"}),
        ("la société nord-coréenne et l'Allemagne", "fr", {"DEU"}),
        ("They sold turkey and polish.", "en", set()),
    ],
)
def test_places_are_read_as_written(text: str, language: str, places: set[str]) -> None:
    assert places <= Text.read(text, language).places <= places | {"KOR", "PRK"}


def test_names_are_capitalised_words_that_do_not_only_begin_a_sentence() -> None:
    names = Text.read("Attackers hid code, says Marina Kaljurand of WannaCry. In May it ended.", "en").names
    assert [name.word for name in names] == ["marina", "kaljurand", "wannacry"]


def test_a_single_word_at_the_head_of_a_sentence_is_a_doubtful_name() -> None:
    assert [(name.word, name.is_doubtful) for name in Text.read("Merkel opened it.", "en").names] == [("merkel", True)]


@pytest.mark.parametrize(
    ("text", "language"), [("Founded in 2017, it grew.", "en"), ("Déposé par deux élus, il a échoué.", "fr")]
)
def test_a_participle_at_the_head_of_a_sentence_is_no_name(text: str, language: str) -> None:
    assert Text.read(text, language).names == ()


def test_quoted_words_are_read_and_single_ones_left_out() -> None:
    assert Text.read('The theme was “Internet of Trust”, « à suivre » and "secure".', "en").quoted == (
        "internet of trust",
        "a suivre",
    )


def test_initials_run_over_small_words() -> None:
    text = "the Organisation for Economic Cooperation and Development; Internet Governance Forum"
    assert {"oecd", "igf"} <= Text.read(text).initials
