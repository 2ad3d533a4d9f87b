from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from register_sample import put_record, sample_catalog

from assistant.answers import Answer, stands_on_its_page
from assistant.register.answers import respond
from assistant.register.reading import parse
from knowledge_base.passages import Document, Page, RegisterRecord
from knowledge_base.store.catalog import Catalog

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus" / "pariscall" / "_supporters"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with sample_catalog(tmp_path_factory.mktemp("sample") / "catalog.sqlite3") as made:
        yield made


@pytest.fixture
def no_records(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.create(tmp_path / "catalog.sqlite3") as made:
        yield made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    if not CORPUS.is_dir():
        pytest.skip("shared/corpus/pariscall is absent")
    with Catalog.create(tmp_path_factory.mktemp("corpus") / "catalog.sqlite3") as made:
        for path in sorted(CORPUS.glob("*.md")):
            text = path.read_text(encoding="utf-8")
            fields = yaml.safe_load(re.split(r"(?m)^---\s*$", text)[1])
            joined = str(fields["date_signed"]) if fields.get("date_signed") else None
            nature, country = fields.get("nature") or "", fields.get("nationality") or None
            record = RegisterRecord(fields["name"], fields.get("category") or "", nature, country, joined)
            put_record(made, f"pariscall/_supporters/{path.name}", record, text)
        yield made


def answer(question: str, catalog: Catalog, history: Sequence[str] = ()) -> Answer | None:
    asked = parse(question, history)
    return respond(question, asked, catalog) if asked else None


def answered(question: str, catalog: Catalog) -> Answer:
    found = answer(question, catalog)
    assert found is not None, question
    return found


def items(found: Answer) -> list[str]:
    return [part.text for part in found.parts if part.kind == "list_item"]


ANSWERS = [
    line.split("\t")
    for line in (Path(__file__).parent / "data" / "register_answers.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("question", "rows", "sentence"), ANSWERS, ids=[entry[0] for entry in ANSWERS])
def test_questions_on_the_sample_have_exact_answers(question: str, rows: str, sentence: str, catalog: Catalog) -> None:
    found = answered(question, catalog)
    assert re.sub("3 (February|février) 2026", "DATE", found.parts[0].text) == sentence
    assert len(found.table) == int(rows)
    assert (found.mode, found.abstained) == ("register", False)


def test_short_lists_name_everyone_in_order_and_cite_each_record(catalog: Catalog) -> None:
    found = answered("Which EU states support the Paris Call?", catalog)
    assert found.text == (
        "3 states in the European Union are in the register (as of 3 February 2026).\n- France[1]\n- Germany[2]\n- Romania[3]"
    )
    assert [citation.source for citation in found.citations] == [
        "official/_supporters/01.md",
        "official/_supporters/00.md",
        "official/_supporters/02.md",
    ]


def test_a_record_is_quoted_from_its_name_to_its_country(catalog: Catalog) -> None:
    (citation,) = answered("Did Munich Security Conference sign?", catalog).citations
    assert citation.quote == 'name: "Munich Security Conference"\ncategory: civil-society\nnature: "Forum"\nnationality: DEU'
    assert (citation.page, citation.start, citation.end) == (None, 4, 4 + len(citation.quote))
    assert stands_on_its_page(citation, catalog)


def test_a_dated_answer_quotes_the_date_too(catalog: Catalog) -> None:
    (citation,) = answered("Which companies joined in 2021?", catalog).citations
    assert citation.quote.startswith('name: "Lenovo"')
    assert citation.quote.endswith("date_signed: 2021-03-05")
    assert stands_on_its_page(citation, catalog)


def test_a_long_list_is_in_the_table_and_three_of_its_records_are_cited(catalog: Catalog) -> None:
    found = answered("How many supporters does the Paris Call have?", catalog)
    assert items(found) == []
    assert (len(found.table), len(found.citations)) == (33, 3)
    assert found.parts[0].citations == (1, 2, 3)
    assert "The table lists them all." in found.text
    assert "By category: 11 private sector, 10 states, 8 civil society, 4 public authorities." in found.text


def test_the_table_gives_the_nature_in_both_languages_and_the_source(catalog: Catalog) -> None:
    (row,) = answered("Name the Swiss signatories", catalog).table
    assert row == {
        "name": "Lake Peace Institute",
        "category": "civil society",
        "nature": "NGO (ONG)",
        "country": "Switzerland",
        "joined": "2021-09-01",
        "source": "official/_supporters/29.md",
    }


def test_what_the_register_leaves_open_is_said(catalog: Catalog) -> None:
    assert "Left out: 2 whose record gives no country." in answered("How many supporters are not in the EU?", catalog).text
    universities = answered("How many universities are in the register?", catalog).text
    assert "The number is a lower bound: 3 more records give no nature." in universities
    dated = answered("Which supporters joined since 2020?", catalog)
    assert "Records that give a joining date: 4 of 33." in dated.text
    assert items(dated) == ["Cambodia", "Lake Peace Institute", "Lenovo", "United States"]


def test_the_states_of_one_country_are_not_the_state(catalog: Catalog) -> None:
    assert items(answered("Which US states or municipalities signed up?", catalog)) == ["City of Testville", "State of Example"]
    assert items(answered("Which US states signed?", catalog)) == ["State of Example"]


def test_negation_and_groups_list_who_is_missing(catalog: Catalog) -> None:
    assert items(answered("Which G7 states have not signed the Paris Call?", catalog)) == ["Canada", "Italy", "United Kingdom"]
    french = answered("Quels pays nordiques ne figurent pas dans le registre ?", catalog)
    assert items(french) == ["Danemark", "Finlande", "Islande", "Suède"]


def test_the_most_numerous_come_first(catalog: Catalog) -> None:
    assert items(answered("Top 2 countries by number of companies in the register", catalog)) == [
        "Germany: 2",
        "Japan: 2",
        "United States: 2",
    ]
    by_category = answered("Supporters by category", catalog)
    assert by_category.table[0] == {"category": "private sector", "supporters": "11"}


def test_the_fewest_are_told_with_the_number_they_share(catalog: Catalog) -> None:
    found = answered("Which European country has the fewest supporters?", catalog)
    assert found.text.startswith("Of those with any, the 6 countries with the fewest supporters in Europe")
    assert items(found)[0] == "Switzerland: 1"
    category = answered("Which category has the fewest supporters?", catalog)
    assert category.text.startswith("Of those with any, the category with the fewest supporters in the register")
    assert category.text.endswith(": public authorities, 4.")


def test_the_latest_to_join_are_told_by_the_dates_that_records_give(catalog: Catalog) -> None:
    last = answered("Which company joined last?", catalog)
    assert "Lenovo, 5 March 2021.[1] Records that give a joining date: 1 of 11." in last.text
    assert last.citations[0].quote.endswith("date_signed: 2021-03-05")
    assert items(answered("Name the last two supporters to join", catalog)) == [
        "United States, first seen on the published list on 11 November 2021",
        "Lake Peace Institute, 1 September 2021",
    ]


def test_a_state_without_a_joining_date_is_given_its_first_appearance(catalog: Catalog) -> None:
    assert answered("When did France join?", catalog).text == (
        "France is in the register (as of 3 February 2026), but its record gives no joining date.[1]"
        " It first appears on the published list in September 2019, which need not be when it joined."
    )
    assert answered("When did Russia join?", catalog).text.startswith("No, Russia is not in the register as a state")


def test_who_is_said_to_be_missing_is_told_without_a_yes(catalog: Catalog) -> None:
    assert answered("Is Japan missing from the list?", catalog).text.startswith("Japan is in the register as a state")
    assert answered("Is China absent from the register?", catalog).text.startswith("China is not in the register as a state")


def test_an_empty_group_has_no_breakdown_and_no_share(catalog: Catalog) -> None:
    none = "No supporter in Finland is in the register (as of 3 February 2026)."
    assert answered("Split the Finnish supporters by category", catalog).text == none
    assert answered("What share of Finnish supporters are companies?", catalog).text == none


def test_several_names_are_each_answered(catalog: Catalog) -> None:
    text = answered("Did Microsoft and Amazon sign?", catalog).text
    assert "Yes, Microsoft is in the register" in text
    assert "No, “Amazon” is not in the register" in text


def test_a_misspelt_name_is_told(catalog: Catalog) -> None:
    assert "“Microsft” was taken as “Microsoft”." in answered("Has Microsft signed the Paris Call?", catalog).text


def test_an_absent_name_comes_with_the_nearest(catalog: Catalog) -> None:
    assert answered("Did Simens Inc sign the Paris Call?", catalog).text.startswith("Yes, Siemens")
    assert answered("Did Seimans sign the Paris Call?", catalog).text == (
        "No, “Seimans” is not in the register (as of 3 February 2026). The nearest names there: “Siemens”."
    )


def test_a_state_that_is_absent_still_has_its_other_supporters_counted(catalog: Catalog) -> None:
    assert answered("Does China support the Call?", catalog).text == (
        "No, China is not in the register as a state (as of 3 February 2026). 1 supporter in China is in the register."
    )
    north_korea = answered("Does North Korea support the Call?", catalog).text
    assert north_korea.endswith("The register has no supporter from there.")


@pytest.mark.parametrize(
    ("history", "question", "start"),
    [
        (["How many German companies signed?"], "And in France?", "1 private-sector supporter in France"),
        (["Combien d'entreprises allemandes ont signé ?"], "Et en France ?", "1 soutien du secteur privé (pays : France)"),
        (["Did Microsoft sign the Paris Call?"], "And Google?", "Yes, Google"),
        (["When did Lenovo join?"], "And Cambodia?", "Cambodia joined on 27 February 2020"),
        (["What is the Paris Call?"], "Did Microsoft sign it?", "Yes, Microsoft"),
    ],
)
def test_follow_ups_take_the_question_before(history: list[str], question: str, start: str, catalog: Catalog) -> None:
    found = answer(question, catalog, history)
    assert found is not None
    assert found.text.startswith(start)


def test_a_date_before_the_records_begin_is_left_to_the_documents(catalog: Catalog) -> None:
    assert answer("How many states signed in 2018?", catalog) is None


def test_a_comparison_gives_the_difference_where_it_is_asked_for(catalog: Catalog) -> None:
    text = answered("How many more companies than NGOs signed?", catalog).text
    assert "11 private-sector supporters against 8 civil-society supporters" in text
    assert text.endswith("The difference is 3.")
    assert "difference" not in answered("Are there more companies than NGOs in the register?", catalog).text


def test_what_was_read_for_a_misspelt_or_unknown_word_is_said_first(catalog: Catalog) -> None:
    typo = answered("how many german comapnies signed?", catalog)
    assert typo.text.startswith("I read “comapnies” as “companies”. 2 private-sector supporters in Germany")
    left_out = answered("How many small German companies signed?", catalog)
    assert left_out.text.startswith("I read this as “private-sector supporters in Germany”, leaving out “small”. 2 private")
    assert left_out.confidence == 0.5


def test_when_a_set_of_supporters_joined_is_told_by_the_records_that_give_a_date(catalog: Catalog) -> None:
    found = answer("When did they join?", catalog, ["How many civil-society supporters signed?"])
    assert found is not None
    assert found.text.startswith(
        "Joining dates of 8 civil-society supporters in the register (as of 3 February 2026): 2 of 8 records give one,"
        " from 12 November 2019 to 1 September 2021."
    )
    assert items(found) == ["Université d’Essai, 12 November 2019", "Lake Peace Institute, 1 September 2021"]


def test_other_questions_are_left_alone(catalog: Catalog) -> None:
    assert answer("What does Microsoft say about norms?", catalog) is None


def test_the_built_in_register_answers_on_states_alone(no_records: Catalog) -> None:
    assert answered("How many states support the Paris Call?", no_records).text.startswith(
        "81 states are in the register (as of 25 December 2025)."
    )
    assert answered("Does Germany support the Call?", no_records).text == (
        "Yes, Germany is in the register as a state (as of 25 December 2025)."
    )
    assert items(answered("Which G20 countries have not signed?", no_records))[:2] == ["Brazil", "China"]
    assert items(answered("Which states joined since 2020?", no_records)) == [
        "Benin",
        "Cambodia",
        "Ecuador",
        "Paraguay",
        "United States",
    ]
    assert answer("How many companies signed the Paris Call?", no_records) is None
    assert answer("Did Microsoft sign the Paris Call?", no_records) is None
    assert answer("How many supporters does the Paris Call have?", no_records) is None


def test_a_built_in_state_is_cited_from_the_brief_that_lists_it(no_records: Catalog) -> None:
    text = "Heading\nThe two states are Japan and Niger.\nGermany supports the Call."
    brief = Document("briefs/states-in-the-register.md", "States", "0" * 64, "en", (Page(None, None, text),), kind="markdown")
    no_records.put_document(brief, (), "1", "2026-02-03T10:00:00+00:00")
    (citation,) = answered("Is Germany on the list?", no_records).citations
    assert citation.quote == "Germany supports the Call."
    assert stands_on_its_page(citation, no_records)


def test_an_answer_that_says_no_cites_what_tells_of_the_register(no_records: Catalog) -> None:
    told = "The Paris Call had 81 states as of 25 December 2025.\nChina and Russia were not among them."
    brief = Document("briefs/states-in-the-register.md", "States", "0" * 64, "en", (Page(None, None, told),), kind="markdown")
    no_records.put_document(brief, (), "1", "2026-02-03T10:00:00+00:00")
    for question, quote in (
        ("Does Russia support the Call?", "China and Russia were not among them."),
        ("Does Kenya support the Call?", "The Paris Call had 81 states as of 25 December 2025."),
        ("Le Kenya soutient-il l'Appel ?", "The Paris Call had 81 states as of 25 December 2025."),
    ):
        found = answered(question, no_records)
        (citation,) = found.citations
        assert citation.quote == quote
        assert found.parts[0].citations == (1,)
        assert stands_on_its_page(citation, no_records)


def test_a_mixed_question_is_answered_and_flagged(catalog: Catalog) -> None:
    question = "The report gives a round figure for supporters. How does it compare with the number of records in the register?"
    asked = parse(question)
    assert asked is not None
    assert asked.also_text
    found = respond(question, asked, catalog)
    assert found is not None
    assert found.text.startswith("33 supporters are in the register")


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("How many supporters does the Paris Call have?", "1,222 supporters are in the register (as of 25 December 2025)."),
        (
            "Combien de soutiens compte l'Appel de Paris ?",
            "1\u00a0222 soutiens figurent dans le registre (au 25 décembre 2025).",
        ),
        ("How many states support the Paris Call?", "81 states"),
        ("How many Japanese private-sector entities are on the list?", "14 private-sector supporters in Japan"),
        ("Which US states or municipalities signed up?", "Commonwealth of Virginia"),
        ("Australian civil-society signatories, please list them", "Optus Macquarie University Cyber Security Hub"),
        ("did the munich security conference sign the paris call?", "Yes, Munich Security Conference"),
        ("How many supporters come from Mexico altogether?", "32 supporters in Mexico"),
        ("Does North Korea support the Call?", "No, North Korea is not in the register"),
        ("Why did Microsoft withdraw from the Paris Call?", "No withdrawal shows in the register: Microsoft"),
        ("How many German companies signed the Paris Call?", "28 private-sector supporters in Germany"),
        ("Combien d'ONG françaises figurent dans le registre ?", "18 soutiens de la société civile (pays : France)"),
        ("How many supporters are not in the EU?", "692 supporters outside the European Union"),
        ("How many EU states support the Paris Call?", "27 states in the European Union"),
        ("Which G20 countries have not signed the Paris Call?", "8 of 19 countries (the G20)"),
        ("Which NATO members are not on the list?", "Türkiye"),
        ("How many African Union states are in the register?", "11 states in the African Union"),
        ("How many OECD countries have not signed the Paris Call?", "3 of 38 countries (the OECD)"),
        ("What share of supporters are companies?", "57.9% of the 1,222 supporters"),
        ("Which country has the most supporters?", "the United States: 155."),
        ("Quels pays ont le plus de soutiens ?", "France : 113"),
        ("How many countries do the supporters come from?", "Supporters from 113 countries"),
        ("How many universities signed the Paris Call?", "55 universities"),
        ("How many Romanian supporters are in the register?", "33 supporters in Romania"),
        (
            "Are there more companies than NGOs in the register?",
            "708 private-sector supporters against 391 civil-society supporters",
        ),
        ("Are there any Israeli companies on the list?", "No, no private-sector supporter in Israel"),
        ("How many Chinese companies support the Call?", "4 private-sector supporters in China"),
        ("Did Amazon sign the Paris Call?", "No, “Amazon” is not in the register"),
        ("Did the EU sign the Paris Call?", "Yes, European Union"),
        ("Do all NATO members support the Paris Call?", "No, not all: 31 of 32"),
    ],
)
def test_the_real_register_gives_the_known_figures(question: str, fact: str, corpus: Catalog) -> None:
    found = answered(question, corpus)
    assert fact in found.text
    assert len(found.citations) <= 20
    assert all(stands_on_its_page(citation, corpus) for citation in found.citations)
