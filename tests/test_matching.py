from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from evaluation_fixtures import LAMP, SIGNED
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.matching import covers, first_covering, letters, normalise, overlaps, share, states, words
from assistant.evaluation.testset import GoldQuote, OtherPlace

SCORER = Path(__file__).resolve().parents[2] / "shared" / "tools" / "score_answers.py"
GOLD = GoldQuote("a.md", None, "nine coastal towns signed it", (OtherPlace("b.md", None, "neuf villes"),))


def test_typography_case_and_spaces_make_no_difference():
    assert normalise("  L’Appel\u00a0—  “Paris”… ") == 'l\'appel - "paris"...'
    assert letters("cyber-\u00adspace, 2\u00a0018_!") == "cyberspace2018"


def test_a_fact_is_stated_by_whole_words_alone():
    assert states("It took 14 days.", ["14"]) and not states("It took 140 days.", ["14"])
    assert states("The “Call”", ['the "call"']) and not states("recalled", ["call", "called"])


def test_the_share_of_words_is_of_distinct_words():
    assert share("a b b c", "c b x") == pytest.approx(2 / 3)
    assert share("...", "a") == 0.0


def test_a_passage_covers_three_quarters_of_the_words_from_the_same_source():
    assert covers("a.md", "nine coastal towns it", GOLD) and not covers("a.md", "nine coastal towns", GOLD)
    assert not covers("c.md", "nine coastal towns signed it", GOLD)
    assert covers("b.md", "les neuf villes", GOLD)


def test_a_citation_overlaps_by_half_of_the_words_and_a_quarter_of_the_gold_ones():
    assert overlaps("a.md", "nine coastal towns", GOLD)
    assert not overlaps("a.md", "nine", GOLD)
    assert not overlaps("b.md", "nine coastal towns signed it", GOLD)


def test_the_rank_is_that_of_the_first_passage_that_covers():
    assert first_covering([("a.md", "x"), ("b.md", "neuf villes"), ("b.md", "neuf villes")], GOLD) == 2
    assert first_covering([("a.md", "x")], GOLD) is None


@given(st.text(max_size=60))
def test_words_and_letters_are_those_of_the_normal_form(text: str):
    assert words(text) == words(normalise(text))
    assert letters(text) == letters(normalise(text))


@pytest.mark.corpus
@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is absent")
@given(st.text(alphabet="ab’-\u00ad 1é“.ﬁÉ", max_size=30), st.sampled_from([SIGNED, LAMP, "a b é", ""]))
def test_the_comparisons_are_those_of_the_shared_scorer(one: str, other: str):
    scorer = shared_scorer()
    assert normalise(one) == scorer.normalise(one) and letters(one) == scorer.letters(one)
    assert share(one, other) == scorer.share(one, other)
    if normalise(one):
        assert states(f"x {other} {one} y", [one]) == scorer.states(f"x {other} {one} y", [one])


def shared_scorer():
    if "score_answers" not in sys.modules:
        spec = spec_from_file_location("score_answers", SCORER)
        assert spec and spec.loader
        sys.modules["score_answers"] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules["score_answers"])
    return sys.modules["score_answers"]
