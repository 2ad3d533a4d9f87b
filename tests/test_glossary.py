"""French words of the field in English."""

from __future__ import annotations

import pytest

from knowledge_base.language.words import fold, in_english
from knowledge_base.search.queries import question_terms


@pytest.mark.parametrize(("french", "english"), [("principes", "principle"), ("signé", "sign"), ("États", "state")])
def test_any_form_of_a_french_word_has_its_english_one(french: str, english: str) -> None:
    assert in_english(fold(french)) == english


def test_a_word_that_the_glossary_lacks_has_none() -> None:
    assert in_english("ratatouille") is None


def test_the_words_of_a_french_question_match_english_text_too() -> None:
    assert "principl" in question_terms("Quels sont les principes de l'Appel ?")["principes"]
    assert question_terms("What are the principes?")["principes"] == ("princip",)
