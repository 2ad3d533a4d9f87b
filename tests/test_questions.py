"""What a question asks for."""

from __future__ import annotations

import pytest

from assistant.question.questions import Question, QuestionKind, analyse, without_tag
from knowledge_base.language.words import question_language
from knowledge_base.search.queries import Query


def read(question: str) -> Question:
    return analyse(question, Query(question, language=question_language(question)))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who told the world that there would be six teams?", QuestionKind.WHO),
        ("And who led it?", QuestionKind.WHO),
        ("Qui a annoncé les six groupes ?", QuestionKind.WHO),
        ("When was the charter signed?", QuestionKind.WHEN),
        ("In what year did the towns sign?", QuestionKind.WHEN),
        ("Where do the pilots meet?", QuestionKind.WHERE),
        ("Why do the lamps go out?", QuestionKind.WHY),
        ("How many towns signed?", QuestionKind.QUANTITY),
        ("Combien de villes ont signé ?", QuestionKind.QUANTITY),
        ("What does a lamp cost at night?", QuestionKind.QUANTITY),
        ("What is the deadline of the tender?", QuestionKind.WHEN),
        ("What are the duties of a town?", QuestionKind.LIST),
        ("Which three towns left?", QuestionKind.LIST),
        ("Quels sont les devoirs des villes ?", QuestionKind.LIST),
        ("What is a fog horn?", QuestionKind.DEFINITION),
        ("Qu'est-ce que le cyberespace ?", QuestionKind.DEFINITION),
        ("What should a keeper do in a storm?", QuestionKind.LIST),
        ("What does the charter recommend to towns?", QuestionKind.LIST),
        ("By which criteria are pilots chosen?", QuestionKind.LIST),
        ("Que doit faire un gardien pendant une tempête ?", QuestionKind.LIST),
        ("What lamps burn when a storm comes?", QuestionKind.LIST),
        ("Which town signed, and when?", QuestionKind.WHEN),
        ("Does the charter bind the towns?", QuestionKind.OTHER),
    ],
)
def test_a_question_s_kind_follows_its_words_the_first_one_foremost(question: str, kind: QuestionKind) -> None:
    assert read(question).kind == kind


def test_a_question_may_ask_for_several_things() -> None:
    assert read("Where and when was it signed?").kinds >= {QuestionKind.WHERE, QuestionKind.WHEN}


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What is a fog horn?", "fog horn"),
        ("What does “due diligence” mean?", "due diligence"),
        ("Define the public core", "public core"),
        ("Qu’est-ce que le cyberespace ?", "cyberespace"),
        ("Qu'entend-on par « cyberespace » dans l'Appel ?", "cyberespace"),
        ("What does Working Group 5 mean by “cyberstability”?", "cyberstability"),
        ("What is meant by cyberspace on the website?", "cyberspace"),
        ("What is multistakeholderism according to the study?", "multistakeholderism"),
        ("What is freedom of expression in cyberspace?", "freedom of expression in cyberspace"),
        ("Que signifie la diligence due dans le rapport ?", "diligence due"),
        ("Who signed?", None),
    ],
)
def test_the_subject_of_a_definition_is_found_without_its_article(question: str, subject: str | None) -> None:
    assert read(question).subject == subject


def test_a_number_written_out_is_counted() -> None:
    texts = ("Name the nine principles", "les trois piliers", "the sixteen lamps", "the principles")
    assert [read(text).count for text in texts] == [9, 3, 16, None]


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How many harbour towns are there?", {"harbour", "town"}),
        ("How many towns signed the charter?", {"town"}),
        ("Combien d’écoles y a-t-il ?", {"ecol"}),
        ("How much does it cost?", set()),
        ("Which towns signed?", set()),
    ],
)
def test_the_things_whose_number_is_asked_for_are_known(question: str, counted: set[str]) -> None:
    assert read(question).counted == counted


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        ("did germany sign y/n", "did germany sign?"),
        ("Is Malta a signatory, yes or no?", "Is Malta a signatory?"),
        ("Les pilotes ont-ils signé ou pas ?", "Les pilotes ont-ils signé?"),
        ("la chine a signé (oui/non)", "la chine a signé?"),
        ("Is it binding or not?", "Is it binding?"),
        ("Is it binding or is it not?", "Is it binding or is it not?"),
        ("Malta or not", "Malta or not"),
        ("What did the office say yes or no to?", "What did the office say yes or no to?"),
    ],
)
def test_what_asks_for_a_yes_or_no_at_the_end_is_left_out(asked: str, plain: str) -> None:
    assert without_tag(asked) == plain
