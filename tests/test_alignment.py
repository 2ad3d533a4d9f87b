"""What a sentence adds to another, and says differently, in English and French."""

from __future__ import annotations

import pytest

from assistant.claims.alignment import align
from knowledge_base.language.meanings import is_opposite, says
from knowledge_base.language.negations import form_stem
from knowledge_base.language.text import Text

KEEPER = "In 1874 the harbour board appointed Mary Holt, who trains most keepers of the northern lamps."
GARDIEN = "Le conseil du port a nommé Marie Holt, qui forme la plupart des gardiens des phares."


def kinds(claim: str, evidence: str, language: str = "en") -> set[str]:
    found = align(Text(claim, language), Text(evidence, language), Text("", language))
    return {difference.kind for difference in found.differences} | ({"missing"} if found.missing else set())


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The harbour board appointed Mary Holt in 1874.", KEEPER),
        ("Mary Holt was appointed by the harbour board.", KEEPER),
        ("The towns must repair the piers.", "All towns must repair the piers before winter."),
        ("The rule applies to boats.", "The rule is applicable to boats."),
        ("Buoys are checked in spring.", "In spring, buoys are checked."),
        ("The lamps and the horns were sold.", "The horns and the lamps were sold."),
    ],
)
def test_the_same_in_other_words_agrees(claim: str, evidence: str) -> None:
    assert kinds(claim, evidence) == set()


@pytest.mark.parametrize(
    ("kind", "claim", "evidence"),
    [
        ("missing", "The harbour board appointed Mary Holt in secret.", KEEPER),
        ("missing", "The harbour board dismissed Mary Holt.", KEEPER),
        ("order", "Mary Holt appointed the harbour board.", KEEPER),
        ("roles", "The ferry was behind the barge.", "The barge was behind the ferry."),
        ("opposite", "The fleet is shrinking.", "The fleet is growing."),
        ("negation", "The piers were repaired.", "The piers were not repaired."),
        ("negation", "The piers were not repaired.", "The piers were repaired."),
        ("scope", "All towns repaired their piers.", "Most towns repaired their piers."),
        ("scope", "Towns repaired their piers.", "Most towns repaired their piers."),
        ("scope", "Only the towns repaired their piers.", "The towns repaired their piers."),
        ("modality", "The towns may repair the piers.", "The towns must repair the piers."),
        ("modality", "The towns must repair the piers.", "The towns should repair the piers."),
        ("condition", "The towns repair the piers.", "If the winter was hard, the towns repair the piers."),
        ("only said", "The old pier will be rebuilt.", "The board proposed that the old pier be rebuilt."),
        ("number", "The east pier has 40 lamps.", "The east pier has 20 lamps, and the west pier has 40 lamps."),
    ],
)
def test_each_way_to_differ_is_seen_in_english(kind: str, claim: str, evidence: str) -> None:
    assert kind in kinds(claim, evidence)


@pytest.mark.parametrize(
    ("kind", "claim", "evidence"),
    [
        ("missing", "Le conseil du port a renvoyé Marie Holt.", GARDIEN),
        ("order", "Marie Holt a nommé le conseil du port.", GARDIEN),
        ("negation", "Les quais n'ont pas été réparés.", "Les quais ont été réparés."),
        ("scope", "Tous les gardiens des phares veillent.", "La plupart des gardiens des phares veillent."),
        ("modality", "Les villes peuvent réparer les quais.", "Les villes doivent réparer les quais."),
        ("condition", "Les villes réparent les quais.", "Les villes réparent les quais, sauf en hiver."),
    ],
)
def test_each_way_to_differ_is_seen_in_french(kind: str, claim: str, evidence: str) -> None:
    assert kind in kinds(claim, evidence, "fr")


def test_french_words_of_one_family_say_the_same() -> None:
    assert kinds("L'inclusion des villes est soutenue.", "Il est soutenu d'inclure les villes.", "fr") <= {"order"}


def test_a_word_says_its_synonyms_and_what_is_wider_but_not_what_is_narrower() -> None:
    def say(evidence: str, claim: str) -> bool:
        return says(form_stem(evidence, "en"), form_stem(claim, "en"), "en")

    assert say("inception", "beginning")
    assert say("regulation", "rule")
    assert say("sheep", "ruminant") or not say("ruminant", "sheep")
    assert not say("reward", "punish")
    assert is_opposite(form_stem("grow", "en"), form_stem("shrink", "en"), "en")
