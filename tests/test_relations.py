from __future__ import annotations

from assistant.claims.polarity import is_turned_round, misattached

TREATY = "Serbia ratified the protocol on 9 February 2023, Japan on 10 August 2023 and Hungary on 5 February 2026."
VOTES = "Russia's text won by 109 votes with 45 objections, and the American text by 139 ballots."


def test_a_fact_beside_its_own_words_is_in_its_place() -> None:
    assert misattached("Japan ratified it on 10 August 2023.", [TREATY], "en") == set()
    assert misattached("The Russian text won with 109 votes.", [VOTES], "en") == set()


def test_a_fact_in_the_place_of_another_is_found() -> None:
    assert misattached("Japan ratified it on 9 February 2023.", [TREATY], "en")


def test_two_facts_that_changed_places_are_found() -> None:
    evidence = "The attack killed 51 people and was streamed for 17 minutes."
    assert misattached("The attack killed 17 people and was streamed for 51 minutes.", [evidence], "en") == {"number"}


def test_facts_of_one_list_may_stand_for_each_other() -> None:
    evidence = "Norway, Sweden and Denmark signed the charter, while Finland refused."
    assert misattached("Denmark signed the charter.", [evidence], "en") == set()


def test_who_did_what_to_whom_is_read() -> None:
    assert is_turned_round("Russia accused Estonia of lying.", "Estonia accused Russia of lying.", "en")
    assert not is_turned_round("Russia was accused by Estonia.", "Estonia accused Russia of lying.", "en")
    assert not is_turned_round("Estonia accused Russia.", "Estonia accused Russia of lying.", "en")
