from __future__ import annotations

import pytest

from knowledge_base.language.words import content_words, fold, question_language, stem, stems, words


def test_folding_drops_case_accents_and_compatibility_forms() -> None:
    assert fold("Éƒ ﬁn STRASSE ß") == "eƒ fin strasse ss"
    assert fold("PLAIN Text, 42") == "plain text, 42"


def test_words_are_split_at_their_marks() -> None:
    assert words("Resolution 65/182 on multi-factor_locks") == ["resolution", "65", "182", "on", "multi", "factor", "locks"]


@pytest.mark.parametrize(
    ("question", "language"),
    [("Who keeps the lighthouse?", "en"), ("Qui a lancé l'appel et pourquoi ?", "fr"), ("Saltholm 1874", "en"), ("", "en")],
)
def test_stop_words_tell_a_question_s_language(question: str, language: str) -> None:
    assert question_language(question) == language


def test_stop_words_are_left_out_and_names_in_capitals_stay() -> None:
    assert content_words("What does the IT desk of the U.S. do with it?", "en") == ["it", "desk", "us"]


def test_a_question_shouted_in_capitals_loses_its_stop_words_too() -> None:
    assert content_words("WHO KEEPS THE LIGHTHOUSE", "en") == ["keeps", "lighthouse"]


def test_a_question_of_stop_words_alone_has_no_content() -> None:
    assert content_words("Who is it?", "en") == []


def test_stems_bring_forms_of_a_word_together() -> None:
    assert stem("signatories", "en") == stem("signatory", "en")
    assert stem("engagements", "fr") == stem("engagement", "fr")
    assert stem("criticised", "en") == stem("criticized", "en")


def test_numbers_and_codes_are_not_stemmed() -> None:
    assert stem("wg6s", "en") == "wg6s"


def test_the_index_sees_stems_without_stop_words() -> None:
    assert stems("The ferries are running to the islands", "en") == ["ferri", "run", "island"]
    assert stems("Les phares sont éteints", "fr") == stems("le phare éteint", "fr")
    assert stems("Ferries", "de") == stems("Ferries", None) == ["ferri"]
