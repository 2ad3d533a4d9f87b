"""Rows, fields and addresses that a question asks for, and questions in further languages, on small documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_catalogs import catalog_of, found

from assistant.answers import Answer, language_notice
from assistant.evidence.gathering import Evidence
from assistant.evidence.provisions import named_provisions, references_in
from assistant.evidence.scoring import Sentence
from assistant.question.questions import Question, analyse
from assistant.quotes.entries import addresses, asked_entries
from assistant.quotes.quoting import label_at
from knowledge_base.language.words import content_words, other_language, question_language
from knowledge_base.search.queries import QueryReader
from knowledge_base.store.catalog import Catalog

MOORING = """# Mooring fees

Reports on fees are sent through the [harbour portal](https://harbour.example.org/fees) or by [letter](mailto:desk@example.org).

| Boat | Season | Fee |
|---|---|---|
| Barge | summer | 58 |
| Barge | winter | 39 |
| Ferry | summer | 90 |
"""
START = "## Start of the pumps\n\n1. Check the oil.\n2. Open the inlet valve.\n\n"
PUMPS = f"# Pump hall\n\n{START}## Stop of the pumps\n\n1. Warn the watch.\n2. Close the outlet valve.\n"
RULES = "# Rules\n\na. Clocks are set.\n\nb. Talk is kept low.\n\nc. Coats stay outside.\n"
PERMIT = "---\nauthor: Tove Lindqvist\ntitle: Beach permit\n---\n\nThe club asks for a beach.\n\nNumber of boats: fourteen\n"
SATZUNG = "# Satzung\n\n## § 3 Gebühren\n\n(1) Angler zahlen 45 Euro im Jahr.\n\n(2) Jugendliche sind von der Gebühr befreit.\n"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path = tmp_path_factory.mktemp("entries") / "catalog.sqlite3"
    documents = {"fees.md": MOORING, "pumps.md": PUMPS, "rules.md": RULES, "permit.md": PERMIT, "satzung.md": SATZUNG}
    with catalog_of(path, documents) as opened:
        yield opened


def read(asked: str, catalog: Catalog) -> Question:
    return analyse(asked, QueryReader(catalog).read(asked))


def entries(asked: str, catalog: Catalog) -> list[str]:
    evidence = Evidence(found(list(catalog.all_passages())), [])
    return [" ".join(quote.text.split()) for quote in asked_entries(read(asked, catalog), evidence, catalog)]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("What is the fee for a ferry in summer?", ["Ferry | Season: summer | Fee: 90"]),
        ("What is the winter fee of a barge?", ["Barge | Season: winter | Fee: 39"]),
        ("What is the fee of a barge?", ["Barge | Season: summer | Fee: 58", "Barge | Season: winter | Fee: 39"]),
        ("What is the fee for a canoe in summer?", []),
        ("What are the fees?", []),
        ("Through which portal are reports on fees sent?", []),
    ],
)
def test_a_question_on_a_cell_gets_its_row_and_no_neighbour(asked: str, rows: list[str], catalog: Catalog) -> None:
    assert entries(asked, catalog) == rows


def test_a_value_is_found_by_its_key(catalog: Catalog) -> None:
    assert entries("Who is the author of the beach permit?", catalog) == ["author: Tove Lindqvist"]
    assert entries("What is the number of boats of the permit?", catalog) == ["Number of boats: fourteen"]


def test_the_address_behind_a_link_is_given_where_it_is_asked_for(catalog: Catalog) -> None:
    passage = next(p for p in catalog.all_passages("fees.md") if "Reports" in p.text)
    near = [Sentence(passage, 0, 1.0, 0, passage.start, passage.end, "paragraph", passage.text)]

    def given(asked: str) -> list[str]:
        return [quote.text for quote in addresses(read(asked, catalog), near, catalog)]

    assert given("What is the address of the harbour portal?") == ["harbour portal: https://harbour.example.org/fees"]
    assert given("To which e-mail address is a letter sent?") == ["letter: desk@example.org"]
    assert given("How are reports sent?") == []


def test_a_step_is_told_by_the_heading_right_above_it(catalog: Catalog) -> None:
    (first, *_), _ = named_provisions(read("What is step 2 of the stop of the pumps?", catalog), catalog)
    passage = next(iter(catalog.all_passages("pumps.md")))
    assert passage.text[first.provision.start - passage.start :].startswith("Close the outlet valve.")
    assert passage.heading_at(first.provision.start) == "Stop of the pumps"
    assert label_at(passage, first.provision.start, catalog) == "2"


def test_a_lone_letter_and_numbers_in_a_row_name_a_part(catalog: Catalog) -> None:
    (letter, *_), asks_for_text = named_provisions(read("What does point c of the rules say?", catalog), catalog)
    assert (letter.source, letter.provision.parts, asks_for_text) == ("rules.md", ("c",), True)
    (german, *_), asks_for_text = named_provisions(read("Was steht in § 3 Absatz 2?", catalog), catalog)
    assert (german.source, german.provision.parts, asks_for_text) == ("satzung.md", ("§ 3", "2"), True)
    assert references_in("What does Article 4, paragraph 2, point (b) say?", "en")[0].parts == ("article 4", "2", "b")
    assert references_in("At what point a company reports is open.", "en") == []


@pytest.mark.parametrize(
    ("asked", "language", "words"),
    [
        ("Wo bleiben die Taschen?", "de", ["taschen"]),
        ("¿Cuándo abre la piscina?", "es", ["abre", "piscina"]),
        ("كم تبلغ غرامة التأخير؟", "ar", ["تبلغ", "غرامة", "التاخير"]),
        ("菜地的租金是多少？", "zh", ["菜地", "租金"]),
        ("Who chairs the El Salvador group?", None, ["chairs", "el", "salvador", "group"]),
        ("Quelles sont les normes de la convention ?", None, ["normes", "convention"]),
    ],
)
def test_questions_in_further_languages_are_told_and_freed_of_small_words(
    asked: str, language: str | None, words: list[str]
) -> None:
    assert other_language(asked) == language
    assert content_words(asked, language or question_language(asked)) == words


def test_other_forms_of_a_word_are_found_in_its_language(catalog: Catalog) -> None:
    assert {"gebuhr", "gebuhren"} <= set(read("Wie hoch sind die Gebühren?", catalog).terms["gebuhren"])


def test_an_answer_in_a_further_language_says_that_such_answers_are_less_tested() -> None:
    def answer(asked: str) -> Answer:
        return Answer(asked, "", "extractive", False, (), (), 0.0)

    said = language_notice(answer("Wo bleiben die Taschen?"))
    assert said is not None and "in German" in said and "less tested" in said
    assert language_notice(answer("Where are the bags?")) is None
