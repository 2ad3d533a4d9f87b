from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.register.asked import RegisterQuestion
from assistant.register.names import named_question
from assistant.register.reading import parse, plain, unframed
from assistant.register.rules import RULES, Reading, Rule, rule_for
from assistant.register.slots import tokens
from knowledge_base.language.places import Place, country, data, group
from knowledge_base.register.table import Kind, RegisterFilter

COMPANIES, NGOS, STATES = Kind("private-sector"), Kind("civil-society"), Kind("state")


def place(code: str) -> Place:
    found = country(code)
    assert found is not None
    return found


def parsed(question: str) -> RegisterQuestion:
    found = parse(question)
    assert found is not None, question
    return found


@pytest.mark.parametrize(
    "question",
    [
        "What does Microsoft say on vulnerability disclosure?",
        "Which norms did states agree on?",
        "How many working groups does the Paris Call have?",
        "Who launched the Paris Call?",
        "How many principles does the Paris Call have?",
        "What is the Paris Call?",
        "Does the Paris Call support hack back?",
        "Does France support hack back?",
        "How many companies signed the Cybersecurity Tech Accord?",
        "Which states support the Budapest Convention?",
        "Is Microsoft a member of the Tech Accord?",
        "Why do companies support the Paris Call?",
        "How can a company join the Paris Call?",
        "Who can sign the Paris Call?",
        "What do supporters of the Paris Call commit to?",
        "When was the Paris Call launched?",
        "Which companies launched the Paris Call?",
        "What is the role of the private sector in the Paris Call?",
        "Which companies do states support?",
        "What does the Paris Call say about states?",
        "How many members does the Linux Foundation have?",
        "Which has more member companies, the Linux Foundation or Cigref?",
        "Which states did the article name as non-signatories?",
        "Why did the United States not sign the Paris Call in 2018?",
        "How many states voted for the UN cybercrime convention?",
        "What are the nine principles?",
        "Is the Paris Call legally binding?",
        "Does the Paris Call apply to companies?",
        "Qu'est-ce que l'Appel de Paris ?",
        "Qui a lancé l'Appel de Paris ?",
        "Combien de principes compte l'Appel de Paris ?",
        "Que dit Microsoft sur la divulgation des vulnérabilités ?",
        "Quels sont les groupes de travail de l'Appel de Paris ?",
        "Comment rejoindre l'Appel de Paris ?",
        "Pourquoi les États-Unis n'ont-ils pas signé l'Appel en 2018 ?",
        "L'Appel de Paris soutient-il le hack back ?",
        "Quelles entreprises participent au groupe de travail 6 ?",
        "Quelle est la définition du cyberespace ?",
        "Which countries were hit by WannaCry?",
        "How many computers did NotPetya hit in Ukraine?",
        "What did the US announce in November 2021?",
        "Who signed the Geneva Convention?",
        "Did China sign the Budapest Convention?",
        "Has Russia ratified the UN cybercrime convention?",
        "Tell us about the companies",
        "Does the IDSA article speak for the Indian government?",
        "Should companies support the Paris Call?",
        "What should states do to protect elections?",
        "How do supporters implement the principles?",
        "What happened in Paris in 2018?",
        "Does WG5 support the Call?",
        "Are states bound by the Paris Call?",
        "What is a supporter?",
        "What does it mean to be a supporter of the Paris Call?",
        "Which EU member states adopted NIS2?",
        "Is there a register of vulnerabilities?",
        "Did the working group sign off the report?",
        "Which companies chaired the working groups?",
        "Did Microsoft co-chair WG4?",
        "Is France a member of NATO?",
        "Which countries are in the EU?",
        "How many countries are in NATO?",
        "How many states are there?",
        "List the working groups",
        "Name the nine principles",
        "How does the register work?",
        "Is the register public?",
        "Who maintains the register?",
        "Does the government hack back?",
        "Did Iran adhere to international law?",
        "Has the General Assembly endorsed it?",
        "How many states signed it?",
        "Did the companies join the working group?",
        "Can NGOs join the working group on ageing?",
        "Do states support a treaty?",
        "Quels pays soutiennent la convention de Budapest ?",
        "Combien d'entreprises ont signé le Tech Accord ?",
        "La France soutient-elle le hack back ?",
        "Quand la France a-t-elle lancé l'Appel de Paris ?",
        "Quel est le rôle des entreprises ?",
    ],
)
def test_questions_on_anything_else_are_left_alone(question: str) -> None:
    assert parse(question) is None


NOT_ON_THE_REGISTER = (Path(__file__).parent / "data" / "not_register_questions.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("question", NOT_ON_THE_REGISTER)
def test_questions_in_the_words_of_the_register_on_something_else_are_left_alone(question: str) -> None:
    assert parse(question) is None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many supporters are there?", RegisterFilter()),
        ("How many companies signed?", RegisterFilter((COMPANIES,))),
        ("Combien d'entreprises ont signé ?", RegisterFilter((COMPANIES,))),
        ("How many NGOs and companies signed?", RegisterFilter((NGOS, COMPANIES))),
        ("How many civil-society universities signed?", RegisterFilter((Kind("civil-society", ("university",)),))),
        ("How many German companies signed?", RegisterFilter((COMPANIES,), (place("DEU"),))),
        ("How many companies from Côte d’Ivoire signed?", RegisterFilter((COMPANIES,), (place("CIV"),))),
        ("how many us companies signed?", RegisterFilter((COMPANIES,), (place("USA"),))),
        ("How many EU companies signed?", RegisterFilter((COMPANIES,), (group("EU"),))),
        ("How many non-EU companies signed?", RegisterFilter((COMPANIES,), (), (group("EU"),))),
        ("How many companies outside the EU or the US signed?", RegisterFilter((COMPANIES,), (), (group("EU"), place("USA")))),
        ("How many supporters are not companies?", RegisterFilter(excluded_kinds=(COMPANIES,))),
        ("How many EU members signed?", RegisterFilter((STATES,), (group("EU"),))),
        ("How many companies joined since 2020?", RegisterFilter((COMPANIES,), joined_since="2020-01-01")),
        ("How many companies joined after March 2020?", RegisterFilter((COMPANIES,), joined_since="2020-04-01")),
        ("How many companies joined before 12 November 2019?", RegisterFilter((COMPANIES,), joined_before="2019-11-12")),
        (
            "How many supporters joined between 2019 and 2020?",
            RegisterFilter(joined_since="2019-01-01", joined_before="2021-01-01"),
        ),
        (
            "Combien d'entreprises ont signé en décembre 2019 ?",
            RegisterFilter((COMPANIES,), (), (), (), "2019-12-01", "2020-01-01"),
        ),
    ],
)
def test_words_become_a_filter(question: str, wanted: RegisterFilter) -> None:
    found = parsed(question)
    assert (found.operation, found.filters, found.counted) == ("count", (wanted,), True)


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("Which companies signed the Paris Call?", "list"),
        ("French signatories of the Paris Call", "list"),
        ("Who supports the Paris Call?", "list"),
        ("Are there any Chinese companies on the list?", "exists"),
        ("Did Microsoft sign?", "check"),
        ("Microsoft a-t-il rejoint l'Appel ?", "check"),
        ("Why did Microsoft leave the Paris Call?", "withdrawal"),
        ("Which countries have the most supporters?", "top"),
        ("Répartition des soutiens par pays", "top"),
        ("What share of supporters are companies?", "share"),
        ("Are there more companies than NGOs on the list?", "compare"),
        ("How many countries are the supporters from?", "countries"),
        ("How many countries do supporters come from?", "countries"),
        ("Which G20 states have not signed?", "missing"),
    ],
)
def test_the_operation_is_told_by_its_words(question: str, operation: str) -> None:
    assert parsed(question).operation == operation


def test_comparisons_pair_kinds_with_places() -> None:
    assert parsed("Are there more German companies than French NGOs in the register?").filters == (
        RegisterFilter((COMPANIES,), (place("DEU"),)),
        RegisterFilter((NGOS,), (place("FRA"),)),
    )


def test_a_share_has_a_part_and_a_whole() -> None:
    germany = (place("DEU"),)
    assert parsed("What percentage of German supporters are companies?").filters == (
        RegisterFilter((COMPANIES,), germany),
        RegisterFilter((), germany),
    )


def test_top_takes_its_number_and_its_grouping() -> None:
    found = parsed("Top five countries by number of companies in the register")
    assert (found.grouping, found.limit, found.filters) == ("country", 5, (RegisterFilter((COMPANIES,)),))
    assert parsed("Which category has the most supporters?").grouping == "category"


def test_an_ambiguous_country_is_kept_as_its_candidates() -> None:
    assert [found.key for found in parsed("How many Korean companies signed?").ambiguous] == ["KOR", "PRK"]
    assert [found.key for found in parsed("Does Congo support the Call?").ambiguous] == ["COG", "COD"]


def test_names_are_kept_as_written() -> None:
    assert (
        parsed("Has the Institute for Économics & Peace signed the Paris Call?").name == "the Institute for Économics & Peace"
    )
    assert parsed("Is “Red Hat” a signatory?").name == "Red Hat"


def test_a_state_in_a_name_question_is_a_place() -> None:
    assert parsed("Has the German government signed?").places == (place("DEU"),)
    assert parsed("La Corée du Sud fait-elle partie des signataires ?").places == (place("KOR"),)


def test_the_answer_is_in_the_language_of_the_question() -> None:
    assert parsed("Combien de soutiens dans le registre ?").language == "fr"
    assert parsed("How many supporters are in the register?").language == "en"


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("WG6 gives a round figure for supporters. How does it compare with the number of records in the register?", "count"),
        ("What does the article say about Indian firms, and how many Indian companies are in the register?", "count"),
        ("Que recommande le groupe 6 aux entreprises, et combien d'entreprises figurent dans le registre ?", "count"),
    ],
)
def test_a_question_for_both_is_flagged(question: str, operation: str) -> None:
    found = parsed(question)
    assert (found.operation, found.also_text) == (operation, True)


def test_it_needs_a_question_before_that_names_the_call() -> None:
    assert parse("Did Microsoft sign it?", ["What is the Budapest Convention?"]) is None
    found = parse("Did Microsoft sign it?", ["What is the Paris Call?"])
    assert found is not None
    assert found.name == "Microsoft"


@pytest.mark.parametrize(
    "framed",
    [
        "Hello, could you please tell me how many companies signed?",
        "I'd like to know how many companies signed, please",
        "For an article I'm writing: how many companies signed?",
        "I am a student. I wonder how many companies signed. Thanks",
        "Quick question: how many companies signed, if you know?",
        "Do you happen to know how many companies signed?",
        "Bonjour, pouvez-vous me dire combien d'entreprises ont signé, s'il vous plaît ?",
        "J'aimerais savoir combien d'entreprises ont signé",
    ],
)
def test_what_is_said_around_a_question_is_taken_off(framed: str) -> None:
    assert parsed(framed).filters == (RegisterFilter((COMPANIES,)),)


def test_a_frame_alone_stays_as_it_is() -> None:
    assert unframed("Please") == "Please"
    assert unframed("tell me about Microsoft") == "tell me about Microsoft"


@pytest.mark.parametrize(
    ("question", "is_read"),
    [
        ("How many companies does the register tabulate?", True),
        ("How many companies tabulated in the register are French?", True),
        ("How many companies verifiably signed?", True),
        ("How many companies does the register omit?", False),
        ("How many companies does the report tabulate?", False),
        ("How many small companies does the register hold?", False),
        ("How many companies excluded in the register are French?", False),
    ],
)
def test_unknown_words_are_passed_over_only_where_they_change_nothing(question: str, is_read: bool) -> None:
    assert (parse(question) is not None) is is_read


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When did Paraguay join?", "Paraguay"),
        ("On what date did the Russian government join the supporters?", "the Russian government"),
        ("Since when has Tunisia been a supporter?", "Tunisia"),
        ("Do you know when Red Hat signed up?", "Red Hat"),
        ("When was Red Hat added to the register?", "Red Hat"),
        ("Did Red Hat join before 2020?", "Red Hat"),
        ("Depuis quand la Tunisie est-elle signataire ?", "la Tunisie"),
        ("Quand Red Hat a-t-il rejoint l'Appel ?", "Red Hat"),
    ],
)
def test_the_joining_date_of_one_name_is_asked_for(question: str, name: str) -> None:
    found = parsed(question)
    assert (found.operation, found.name) == ("joined", name)


def test_a_group_of_states_is_counted_by_its_members() -> None:
    g7 = RegisterFilter((STATES,), (group("G7"),))
    assert parsed("How many of the G7 have signed?").filters == (g7,)
    assert parsed("Have any of the G7 signed?").filters == (g7,)
    assert parsed("How many supporters of the G7 are on the list?").filters == (RegisterFilter((), (group("G7"),)),)


def test_a_part_of_a_kind_is_both() -> None:
    part, whole = parsed("What share of civil society supporters are universities?").filters
    assert part == RegisterFilter((Kind("civil-society", ("university",)),))
    assert whole == RegisterFilter((NGOS,))
    assert parse("What share of states are companies?") is None


def test_the_fewest_come_first_where_they_are_asked_for() -> None:
    found = parsed("Which country has the fewest supporters?")
    assert (found.operation, found.ascending, found.limit) == ("top", True, 1)


def test_long_questions_are_read_in_no_time() -> None:
    assert parse("What does the report say about norms " * 27) is None
    assert parse("is not " * 140) is None


@pytest.mark.parametrize(("question", "rule"), [(question, rule) for rule in RULES for question in rule.examples])
def test_each_rule_is_the_first_that_holds_for_its_examples(question: str, rule: Rule) -> None:
    assert rule_for(Reading.of(tokens(unframed(plain(question))))) is rule
    if rule.operation:
        assert parsed(question).operation == rule.operation


NAMES = data("register_words.toml")["names"]


@pytest.mark.parametrize(
    ("question", "operation"), [(question, row["operation"]) for row in NAMES for question in row["examples"]]
)
def test_each_pattern_for_names_reads_its_examples(question: str, operation: str) -> None:
    found = named_question(unframed(plain(question)))
    assert found is not None
    assert found.operation == operation


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("how many german comapnies signed?", "How many German companies signed?"),
        ("did any frnech univeristies sign the call", "did any french universities sign the call"),
        ("how many suporters come from Ukraine", "How many supporters come from Ukraine?"),
        ("combien d'entrepirses allemandes ont signé ?", "Combien d'entreprises allemandes ont signé ?"),
    ],
)
def test_misspelt_words_of_the_vocabulary_are_corrected_and_told(question: str, meant: str) -> None:
    found = parsed(question)
    assert found.corrected
    assert replace(found, corrected=()) == parsed(meant)


@pytest.mark.parametrize(
    ("question", "left_out"),
    [
        ("How many small German companies signed?", "small"),
        ("Which listed or Bavarian German companies signed?", "Bavarian"),
        ("Quelles petites entreprises françaises ont signé ?", "petites"),
        ("Quelles entreprises françaises cotées ont signé ?", "cotées"),
    ],
)
def test_one_unknown_word_that_describes_who_signed_is_left_out_and_told(question: str, left_out: str) -> None:
    assert parsed(question).left_out == left_out


@pytest.mark.parametrize(
    "question",
    [
        "Which tech companies signed?",
        "How many German companies signed GATT?",
        "Which German companies hesitate to sign?",
        "Quels États européens pourraient rejoindre l'Appel ?",
        "How many lapsed defunct German companies signed?",
        "How many excluded German companies signed?",
    ],
)
def test_no_other_unknown_word_is_left_out(question: str) -> None:
    assert parse(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "How many more companies than NGOs signed?",
        "By how much do companies outnumber NGOs in the register?",
        "Are there more companies than NGOs on the list, and by how many?",
        "De combien les entreprises dépassent-elles les ONG dans le registre ?",
        "What is the difference between the number of companies and NGOs on the list?",
    ],
)
def test_a_comparison_may_ask_for_the_difference(question: str) -> None:
    found = parsed(question)
    assert (found.operation, found.counted) == ("compare", True)
    assert [wanted.kinds for wanted in found.filters] == [(COMPANIES,), (NGOS,)]


@pytest.mark.parametrize(
    "question",
    [
        "Did Lenovo join, and as what?",
        "Did Lenovo join, and in what category?",
        "As what did Lenovo join?",
        "In which category did Lenovo sign up?",
        "Lenovo a-t-il signé, et à quel titre ?",
    ],
)
def test_a_name_may_be_asked_for_together_with_its_category(question: str) -> None:
    found = parsed(question)
    assert (found.operation, found.name) == ("check", "Lenovo")


GERMAN = RegisterFilter((COMPANIES,), (place("DEU"),))


@pytest.mark.parametrize(
    ("history", "question", "operation", "wanted"),
    [
        (["How many companies signed?"], "Which of them are German?", "list", GERMAN),
        (["How many companies signed?", "Which of them are German?"], "List them", "list", GERMAN),
        (["How many German supporters are there?"], "And how many companies?", "count", GERMAN),
        (["How many German companies signed?"], "When did they join?", "joined", GERMAN),
        (["How many companies signed?"], "Are any of them German?", "exists", GERMAN),
        (["How many companies signed?"], "Which countries are they from?", "top", RegisterFilter((COMPANIES,))),
        (["Which companies joined in 2021?"], "And how many NGOs?", "count",
         RegisterFilter((NGOS,), joined_since="2021-01-01", joined_before="2022-01-01")),
        (["Combien d'entreprises ont signé ?"], "Lesquelles sont allemandes ?", "list", GERMAN),
        (["Combien d'entreprises allemandes ont signé ?"], "Qui sont-elles ?", "list", GERMAN),
        (["Combien d'entreprises allemandes ont signé ?"], "Quand ont-elles signé ?", "joined", GERMAN),
        (["How many German companies signed?"], "How many NGOs signed?", "count", RegisterFilter((NGOS,))),
    ],
)  # fmt: skip
def test_a_follow_up_keeps_the_filter_of_the_question_before(
    history: list[str], question: str, operation: str, wanted: RegisterFilter
) -> None:
    found = parse(question, history)
    assert found is not None
    assert (found.operation, found.filters) == (operation, (wanted,))


def test_a_share_of_those_before_has_them_as_its_whole() -> None:
    found = parse("How many of them are German?", ["How many companies signed?"])
    assert found is not None
    assert (found.operation, found.filters) == ("share", (GERMAN, RegisterFilter((COMPANIES,))))


@pytest.mark.parametrize(
    "question", ["What do they commit to?", "Why did they sign?", "Are they bound by it?", "Why?", "Tell me more"]
)
def test_other_follow_ups_are_left_to_the_documents(question: str) -> None:
    assert parse(question, ["How many companies signed?"]) is None
    assert parse("Which of them are German?", ["What is the Paris Call?"]) is None


def test_a_pronoun_stands_for_the_name_asked_for_before() -> None:
    found = parse("When did it join?", ["Did Red Hat sign the Paris Call?"])
    assert found is not None
    assert (found.operation, found.name) == ("joined", "Red Hat")
    assert parse("Is it legally binding?", ["Did Red Hat sign the Paris Call?"]) is None
