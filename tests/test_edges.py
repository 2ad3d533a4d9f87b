"""Questions as people ask them: numbered things, overviews, lists, yes and no, many typos, headings, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from libraries import Library, ingest

from assistant.answering import Assistant
from assistant.question.wanted import Form, numbered_in, read_wanted
from assistant.quotes.numbered import Series
from assistant.quotes.verdicts import is_yes_no, without_literals
from knowledge_base.settings import Settings

QUESTIONS = Path(__file__).with_name("data") / "edges.jsonl"
MOST_WRONG = 5  # of the sixty, on the built-in library, which lacks some of what they ask for
CHARTER = """# Charter of the Harbour League

The Harbour League was founded in Ostwick in 1962 by Ada Brandt. The members agree to these duties:

- Keep the fairway free of wrecks and nets;
- Light the piers from dusk to dawn;
- Share the weather reports with every port;
"""
SITE = """duty-1:
  full: Keep the fairway free of wrecks and nets.
duty-2:
  full: Light the piers from dusk to dawn.
duty-3:
  full: Share the weather reports with every port.
"""
PANELS = """# The panels of the Harbour League

Panel 1 was chaired by the pilots of Norhaven. Panel 1 met four times.

Panel 2 was led by the lamp makers of Ostwick, and it wrote a handbook.

## Advice to small ports

Small ports should buy one lamp more than they need. They should test it each spring.

## Deadlines for reports of small ports

They send their report by the tenth of May. The clerk of the League binds all reports in one volume.

## Money

The panels had no money of their own.
"""


NEWS = """# News of the Harbour League

The Harbour League 1,222 boats strong met in Ostwick. The Harbour League on 2 June 1980 has no seat.

The Harbour League, 3 of whose boats sank, bought a lamp. Oswald Grint complained that the Harbour League was slow.
"""


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("league")
    library = Library(folder / "documents", folder / "data")
    library.documents.mkdir()
    for name, text in (("charter.md", CHARTER), ("duties.yml", SITE), ("panels-report.md", PANELS), ("news.md", NEWS)):
        (library.documents / name).write_text(text, encoding="utf-8")
    assert ingest("sync", str(library.documents), "--data-dir", str(library.data_dir)).code == 0
    with Assistant.open(Settings(data_dir=library.data_dir)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "language", "form", "subject"),
    [
        ("Summarise duty 2 for me please", "en", Form.OVERVIEW, "duty 2"),
        ("Could you tell me about the panels?", "en", Form.OVERVIEW, "panels"),
        ("Give me the exact wording of rule 3", "en", Form.WORDING, "rule 3"),
        ("What does rule 3 say?", "en", Form.WORDING, "rule 3"),
        ("list the duties", "en", Form.ALL, "duties"),
        ("In one paragraph, outline the charter for my minister", "en", Form.OVERVIEW, "charter"),
        ("Explain why the lamps went out", "en", Form.SENTENCES, "Explain why the lamps went out"),
        ("Parle-moi de la règle 4", "fr", Form.OVERVIEW, "règle 4"),
        ("Donne-moi le texte exact de la règle 2", "fr", Form.WORDING, "règle 2"),
        ("Résume la charte en trois phrases", "fr", Form.OVERVIEW, "charte"),
        ("Énumère les règles", "fr", Form.ALL, "règles"),
    ],
)
def test_words_that_ask_are_no_content(question: str, language: str, form: Form, subject: str) -> None:
    wanted = read_wanted(question, language)
    assert (wanted.form, wanted.subject) == (form, subject)


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("principles 3 and 4", "en", [3, 4]), ("rules 1 to 3", "en", [1, 2, 3]), ("the eighth rule", "en", [8]),
        ("rule nine", "en", [9]),
        ("le huitième principe", "fr", [8]), ("groupe de travail 6", "fr", [6]),
        ("in 2018", "en", []),
        ("Was she the one who left?", "en", []),
    ],
)  # fmt: skip
def test_things_named_by_number_are_read(text: str, language: str, numbers: list[int]) -> None:
    assert [thing.number for thing in numbered_in(text, language)] == numbers


def test_the_wording_of_a_numbered_thing_is_its_place_in_the_primary_list(league: Assistant) -> None:
    answer = league.ask("Give me the exact wording of duty 2")
    assert [(c.source, c.quote) for c in answer.citations] == [("charter.md", "Light the piers from dusk to dawn;")]


def test_a_number_that_does_not_follow_the_noun_names_nothing(league: Assistant) -> None:
    assert Series("harbour league", "en", league.generation.catalog).numbers == []
    assert Series("panel", "en", league.generation.catalog).numbers == [1, 2]
    assert Series("panel", "en", league.generation.catalog).named_at("Of panel no. 2 and panel #3", 2) == 0


def test_all_things_of_a_kind_are_listed_in_order(league: Assistant) -> None:
    answer = league.ask("List the duties")
    assert [part.text.split()[0] for part in answer.parts] == ["Keep", "Light", "Share"]
    assert {citation.source for citation in answer.citations} == {"charter.md"}


def test_who_led_each_is_told_of_each(league: Assistant) -> None:
    answer = league.ask("Who chaired each of the panels?")
    assert [part.text for part in answer.parts] == [
        "Panel 1 was chaired by the pilots of Norhaven.",
        "Panel 2 was led by the lamp makers of Ostwick, and it wrote a handbook.",
    ]


def test_an_overview_says_that_it_is_one_and_keeps_the_order(league: Assistant) -> None:
    answer = league.ask("Summarise the panels report")
    assert answer.parts[0].kind == "note" and "panels of the Harbour League" in answer.parts[0].text
    assert [c.start for c in answer.citations] == sorted(c.start for c in answer.citations)


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("Was the Harbour League founded in 1971?", "No. The documents give another date:"),
        ("Was the Harbour League founded by Ada Brandt?", "Yes"),
        ("Are there five duties?", "No. The documents number 3:"),
    ],
)
def test_yes_no_questions_begin_with_the_verdict(league: Assistant, question: str, begins: str) -> None:
    assert league.ask(question).text.startswith(begins)


def test_yes_no_questions_are_told_from_others() -> None:
    assert is_yes_no("Did the league move?") and is_yes_no("La ligue a-t-elle déménagé ?")
    others = (
        "Who moved?",
        "Pourquoi la ligue a-t-elle déménagé ?",
        "De quoi parle-t-il ?",
        "Is it red or blue?",
        "Can you help?",
    )
    assert not any(map(is_yes_no, others))


def test_a_fact_is_left_out_but_not_the_number_of_a_thing() -> None:
    assert without_literals("Was panel 2 founded in 1999?", "en", []) == "Was panel 2 founded in ?"


def test_many_typos_are_read_and_said(league: Assistant) -> None:
    answer = league.ask("wo fuonded the harbuor leage and wehn")
    assert not answer.abstained and "founded the harbour league" in answer.text.casefold()
    assert league.ask("What is the Quorix Zanzabin?").abstained


def test_a_heading_that_says_what_is_asked_carries_its_section(league: Assistant) -> None:
    answer = league.ask("What advice to small ports does the panels report give?")
    assert [c.quote for c in answer.citations] == [
        "Small ports should buy one lamp more than they need. They should test it each spring."
    ]


def test_the_first_sentence_of_a_section_may_lean_on_its_heading(league: Assistant) -> None:
    answer = league.ask("What are the deadlines for the reports of small ports?")
    assert "They send their report by the tenth of May." in answer.text


def test_a_refusal_names_only_words_that_tell_why(league: Assistant) -> None:
    text = league.ask("How many giraffes did Brunhilde Vanterpool count there?").text
    assert "Brunhilde" in text and "giraffes" not in text


def test_the_questions_of_a_newcomer_are_answered(briefs_index: Path) -> None:
    lines = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 60 and sum(line["lang"] == "fr" for line in lines) == 30
    wrong = []
    with Assistant.open(Settings(data_dir=briefs_index)) as assistant:
        for line in lines:
            text = assistant.ask(line["question"], line["history"]).text.casefold()
            is_told = all(any(word.casefold() in text for word in words) for words in line["must_include"])
            if not is_told or any(word.casefold() in text for word in line["must_not_include"]):
                wrong.append((line["id"], line["question"], text[:200]))
    assert len(wrong) <= MOST_WRONG, wrong
