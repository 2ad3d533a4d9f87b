from __future__ import annotations

from assistant.claims.polarity import is_turned_round, misattached
from knowledge_base.language.text import Text

TREATY = "Serbia ratified the protocol on 9 February 2023, Japan on 10 August 2023 and Hungary on 5 February 2026."
VOTES = "Russia's text won by 109 votes with 45 objections, and the American text by 139 ballots."


def en(text: str) -> Text:
    return Text(text, "en")


def test_a_fact_beside_its_own_words_is_in_its_place() -> None:
    assert misattached(en("Japan ratified it on 10 August 2023."), [en(TREATY)]) == set()
    assert misattached(en("The Russian text won with 109 votes."), [en(VOTES)]) == set()


def test_a_fact_in_the_place_of_another_is_found() -> None:
    assert misattached(en("Japan ratified it on 9 February 2023."), [en(TREATY)])


def test_two_facts_that_changed_places_are_found() -> None:
    evidence = "The attack killed 51 people and was streamed for 17 minutes."
    assert misattached(en("The attack killed 17 people and was streamed for 51 minutes."), [en(evidence)]) == {"number"}


def test_facts_of_one_list_may_stand_for_each_other() -> None:
    evidence = "Norway, Sweden and Denmark signed the charter, while Finland refused."
    assert misattached(en("Denmark signed the charter."), [en(evidence)]) == set()


def test_who_did_what_to_whom_is_read() -> None:
    assert is_turned_round(en("Russia accused Estonia of lying."), en("Estonia accused Russia of lying."))
    assert not is_turned_round(en("Russia was accused by Estonia."), en("Estonia accused Russia of lying."))
    assert not is_turned_round(en("Estonia accused Russia."), en("Estonia accused Russia of lying."))
