from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from register_sample import put_record, sample_catalog

from assistant.answers import Answer
from assistant.citations import stands_on_its_page
from assistant.register_answers import answer, respond
from assistant.register_questions import parse
from knowledge_base.catalog import Catalog
from knowledge_base.passages import Document, Page, RegisterRecord

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


def answered(question: str, catalog: Catalog) -> Answer:
    found = answer(question, catalog)
    assert found is not None, question
    return found


def items(found: Answer) -> list[str]:
    return [part.text for part in found.parts if part.kind == "list_item"]


@pytest.mark.parametrize(
    ("question", "rows", "sentence"),
    [
        (
            "How many supporters does the Paris Call have?",
            33,
            "33 supporters are in the register (as of 3 February 2026).",
        ),
        (
            "How many states support the Paris Call?",
            10,
            "10 states are in the register (as of 3 February 2026).",
        ),
        (
            "How many countries have signed the Paris Call?",
            10,
            "10 states are in the register (as of 3 February 2026).",
        ),
        (
            "How many private-sector entities are on the list?",
            11,
            "11 private-sector supporters are in the register (as of 3 February 2026).",
        ),
        (
            "How many German companies signed the Paris Call?",
            2,
            "2 private-sector supporters in Germany are in the register (as of 3 February 2026).",
        ),
        (
            "How many Japanese private-sector supporters are in the register?",
            2,
            "2 private-sector supporters in Japan are in the register (as of 3 February 2026).",
        ),
        (
            "How many firms from the U.S. have joined the Paris Call?",
            2,
            "2 private-sector supporters in the United States are in the register (as of 3 February 2026).",
        ),
        (
            "How many supporters come from the United States?",
            6,
            "6 supporters in the United States are in the register (as of 3 February 2026).",
        ),
        (
            "How many NGOs support the Paris Call?",
            8,
            "8 civil-society supporters are in the register (as of 3 February 2026).",
        ),
        (
            "How many universities are in the register?",
            2,
            "2 universities are in the register (as of 3 February 2026).",
        ),
        (
            "How many civil-society think tanks are in the register?",
            1,
            "1 think tank (civil society) is in the register (as of 3 February 2026).",
        ),
        (
            "Which US states or municipalities signed up?",
            2,
            "2 federated states or local authorities in the United States are in the register (as of 3 February 2026).",
        ),
        (
            "Which US states signed?",
            1,
            "1 federated state in the United States is in the register (as of 3 February 2026).",
        ),
        (
            "Which cities signed the Paris Call?",
            2,
            "2 local authorities or federated states are in the register (as of 3 February 2026).",
        ),
        (
            "List the French supporters",
            4,
            "4 supporters in France are in the register (as of 3 February 2026).",
        ),
        (
            "Name the Swiss signatories",
            1,
            "1 supporter in Switzerland is in the register (as of 3 February 2026).",
        ),
        (
            "Which companies are from Japan or Germany and signed the Paris Call?",
            4,
            "4 private-sector supporters in Japan or Germany are in the register (as of 3 February 2026).",
        ),
        (
            "How many supporters are not in the EU?",
            20,
            "20 supporters outside the European Union are in the register (as of 3 February 2026).",
        ),
        (
            "How many non-EU companies signed the Paris Call?",
            7,
            "7 private-sector supporters outside the European Union are in the register (as of 3 February 2026).",
        ),
        (
            "Which supporters are outside Europe?",
            16,
            "16 supporters outside Europe are in the register (as of 3 February 2026).",
        ),
        (
            "Which companies that support the Paris Call are not American?",
            9,
            "9 private-sector supporters outside the United States are in the register (as of 3 February 2026).",
        ),
        (
            "How many non-state supporters are in the register?",
            23,
            "23 supporters that are not states are in the register (as of 3 February 2026).",
        ),
        (
            "Which EU states support the Paris Call?",
            3,
            "3 states in the European Union are in the register (as of 3 February 2026).",
        ),
        (
            "How many G7 countries have signed?",
            4,
            "4 states in the G7 are in the register (as of 3 February 2026).",
        ),
        (
            "Which G7 states have not signed the Paris Call?",
            3,
            "3 of 7 countries (the G7) are not in the register as states (as of 3 February 2026).",
        ),
        (
            "Which Nordic countries are not on the list?",
            4,
            "4 of 5 countries (the Nordic countries) are not in the register as states (as of 3 February 2026).",
        ),
        (
            "How many NATO members have not joined the Paris Call?",
            27,
            "27 of 32 countries (NATO) are not in the register as states (as of 3 February 2026).",
        ),
        (
            "How many African Union states are in the register?",
            1,
            "1 state in the African Union is in the register (as of 3 February 2026).",
        ),
        (
            "Which Five Eyes members support the Call?",
            1,
            "1 state in the Five Eyes is in the register (as of 3 February 2026).",
        ),
        (
            "What share of supporters are companies?",
            11,
            "33.3% of the 33 supporters in the register (as of 3 February 2026) are private-sector supporters: 11 of 33.",
        ),
        (
            "What percentage of German supporters are companies?",
            2,
            "40.0% of the 5 supporters in Germany in the register (as of 3 February 2026) are private-sector supporters in Germany: 2 of 5.",
        ),
        (
            "What is the share of NGOs among supporters?",
            8,
            "24.2% of the 33 supporters in the register (as of 3 February 2026) are civil-society supporters: 8 of 33.",
        ),
        (
            "Which countries have the most supporters?",
            18,
            "The 4 countries with the most supporters in the register (as of 3 February 2026):",
        ),
        (
            "Top 2 countries by number of companies in the register",
            8,
            "The 3 countries with the most private-sector supporters in the register (as of 3 February 2026):",
        ),
        (
            "Which country has the most companies in the register?",
            8,
            "The 3 countries with the most private-sector supporters in the register (as of 3 February 2026):",
        ),
        (
            "Supporters by category",
            4,
            "The 4 categories with the most supporters in the register (as of 3 February 2026):",
        ),
        (
            "Are there more German or French companies on the list?",
            3,
            "More private-sector supporters in Germany: 2 private-sector supporters in Germany against 1 private-sector supporter in France in the register (as of 3 February 2026).",
        ),
        (
            "Compare the number of supporters in France and Japan",
            7,
            "More supporters in France: 4 supporters in France against 3 supporters in Japan in the register (as of 3 February 2026).",
        ),
        (
            "Are there more companies than NGOs in the register?",
            19,
            "More private-sector supporters: 11 private-sector supporters against 8 civil-society supporters in the register (as of 3 February 2026).",
        ),
        (
            "How many countries do the supporters come from?",
            17,
            "Supporters from 17 countries are in the register (as of 3 February 2026).",
        ),
        (
            "Are there any Chinese companies on the list?",
            1,
            "Yes, 1 private-sector supporter in China is in the register (as of 3 February 2026).",
        ),
        (
            "Have any Israeli firms signed?",
            0,
            "No, no private-sector supporter in Israel is in the register (as of 3 February 2026).",
        ),
        (
            "How many supporters joined since 2020?",
            4,
            "4 supporters with a joining date since 1 January 2020 are in the register (as of 3 February 2026).",
        ),
        (
            "Which supporters joined before March 2020?",
            10,
            "10 supporters with a joining date before 1 March 2020 are in the register (as of 3 February 2026).",
        ),
        (
            "Which companies joined in 2021?",
            1,
            "1 private-sector supporter with a joining date since 1 January 2021 and before 1 January 2022 is in the register (as of 3 February 2026).",
        ),
        (
            "How many supporters are there in Grmany?",
            5,
            "5 supporters in Germany are in the register (as of 3 February 2026).",
        ),
        (
            "How many Korean companies signed?",
            0,
            "Which do you mean: South Korea or North Korea?",
        ),
        (
            "Combien d'entreprises allemandes soutiennent l'Appel de Paris ?",
            2,
            "2 soutiens du secteur privé (pays : Allemagne) figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Combien d'États soutiennent l'Appel de Paris ?",
            10,
            "10 États figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Combien de soutiens compte l'Appel de Paris ?",
            33,
            "33 soutiens figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Quelles ONG suisses ont signé l'Appel de Paris ?",
            1,
            "1 soutien de la société civile (pays : Suisse) figure dans le registre (au 3 février 2026).",
        ),
        (
            "Quels pays du G7 n'ont pas signé l'Appel ?",
            3,
            "3 pays sur 7 (le G7) ne figurent pas dans le registre en tant qu'État (au 3 février 2026).",
        ),
        (
            "Combien de signataires ne sont pas dans l'UE ?",
            20,
            "20 soutiens (hors l'Union européenne) figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Combien de soutiens hors de l'UE ?",
            20,
            "20 soutiens (hors l'Union européenne) figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Quelle part des soutiens vient de France ?",
            4,
            "12,1\u00a0% des 33 soutiens du registre (au 3 février 2026) sont des soutiens (pays : France) : 4 sur 33.",
        ),
        (
            "Quel est le pourcentage d'entreprises parmi les soutiens allemands ?",
            2,
            "40,0\u00a0% des 5 soutiens (pays : Allemagne) du registre (au 3 février 2026) sont des soutiens du secteur privé (pays : Allemagne) : 2 sur 5.",
        ),
        (
            "Quels pays ont le plus de soutiens ?",
            18,
            "Les 4 pays qui comptent le plus de soutiens dans le registre (au 3 février 2026) :",
        ),
        (
            "Quel pays compte le plus d'entreprises dans le registre ?",
            8,
            "Les 3 pays qui comptent le plus de soutiens du secteur privé dans le registre (au 3 février 2026) :",
        ),
        (
            "Y a-t-il plus d'entreprises que d'ONG dans le registre ?",
            19,
            "Davantage de soutiens du secteur privé : 11 soutiens du secteur privé contre 8 soutiens de la société civile dans le registre (au 3 février 2026).",
        ),
        (
            "De combien de pays viennent les soutiens ?",
            17,
            "Les soutiens du registre viennent de 17 pays (au 3 février 2026).",
        ),
        (
            "Y a-t-il des entreprises russes parmi les signataires ?",
            1,
            "Oui, 1 soutien du secteur privé (pays : Russie) figure dans le registre (au 3 février 2026).",
        ),
        (
            "Quelles universités figurent dans le registre ?",
            2,
            "2 universités figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Liste les soutiens japonais",
            3,
            "3 soutiens (pays : Japon) figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Combien d'entreprises israéliennes figurent dans le registre ?",
            0,
            "Aucune fiche du registre ne correspond (au 3 février 2026) : 0 soutien du secteur privé (pays : Israël).",
        ),
        (
            "Combien de soutiens depuis 2020 ont rejoint l'Appel ?",
            4,
            "4 soutiens (date de ralliement depuis le 1er janvier 2020) figurent dans le registre (au 3 février 2026).",
        ),
        (
            "Did Microsoft sign the Paris Call?",
            1,
            "Yes, Microsoft is in the register (as of 3 February 2026): private sector, company, United States.",
        ),
        (
            "Is Google a signatory?",
            1,
            "Yes, Google is in the register (as of 3 February 2026): private sector, company, United States.",
        ),
        (
            "Has Siemens AG joined?",
            1,
            "Yes, Siemens is in the register (as of 3 February 2026): private sector, company, Germany.",
        ),
        (
            "Did Kaspersky sign the Call?",
            1,
            "Yes, Kaspersky Lab is in the register (as of 3 February 2026): private sector, company, Russia.",
        ),
        (
            "Is Acme in the register?",
            1,
            "Yes, Acme Ltd. is in the register (as of 3 February 2026): private sector, company, Germany.",
        ),
        (
            "Is APNIC a supporter of the Paris Call?",
            1,
            "Yes, Asia Pacific Network Information Centre (APNIC) is in the register (as of 3 February 2026): civil society, non-profit organisation, Australia.",
        ),
        (
            "Did the munich security conference sign the paris call?",
            1,
            "Yes, Munich Security Conference is in the register (as of 3 February 2026): civil society, forum, Germany.",
        ),
        (
            "Has Microsft signed the Paris Call?",
            1,
            "Yes, Microsoft is in the register (as of 3 February 2026): private sector, company, United States.",
        ),
        (
            "Did Societe Lumiere sign?",
            1,
            "Yes, Société Lumière is in the register (as of 3 February 2026): private sector, company, France.",
        ),
        (
            "Did Amazon sign the Paris Call?",
            0,
            "No, “Amazon” is not in the register (as of 3 February 2026).",
        ),
        (
            "Did Peace sign the Paris Call?",
            1,
            "No supporter is named just “Peace” in the register (as of 3 February 2026). Do you mean “Lake Peace Institute”?",
        ),
        (
            "Does Germany support the Call?",
            1,
            "Yes, Germany is in the register as a state (as of 3 February 2026).",
        ),
        (
            "Does North Korea support the Call?",
            0,
            "No, North Korea is not in the register as a state (as of 3 February 2026).",
        ),
        (
            "Is South Korea on the list?",
            1,
            "Yes, South Korea is in the register as a state (as of 3 February 2026).",
        ),
        (
            "Has the Romanian government signed the Paris Call?",
            1,
            "Yes, Romania is in the register as a state (as of 3 February 2026).",
        ),
        (
            "Does Korea support the Paris Call?",
            0,
            "Which do you mean: South Korea or North Korea?",
        ),
        (
            "Did Serbia and China sign?",
            1,
            "Yes, Serbia is in the register as a state (as of 3 February 2026).",
        ),
        (
            "Did the EU sign the Paris Call?",
            1,
            "Yes, European Union is in the register (as of 3 February 2026): public authority.",
        ),
        (
            "Does NATO support the Call?",
            5,
            "No, NATO has no record of its own; 5 of 32 countries (NATO) are in the register as states (as of 3 February 2026).",
        ),
        (
            "Did all EU members sign the Paris Call?",
            3,
            "No, not all: 3 of 27 countries (the European Union) are in the register as states (as of 3 February 2026).",
        ),
        (
            "Do all Five Eyes countries support the Call?",
            1,
            "No, not all: 1 of 5 countries (the Five Eyes) is in the register as states (as of 3 February 2026); missing: Australia, Canada, United Kingdom, New Zealand.",
        ),
        (
            "Did Microsoft and Amazon sign?",
            1,
            "Yes, Microsoft is in the register (as of 3 February 2026): private sector, company, United States.",
        ),
        (
            "Why did Microsoft withdraw from the Paris Call?",
            1,
            "No withdrawal shows in the register: Microsoft is listed there as a supporter (as of 3 February 2026): private sector, company, United States. The register lists supporters and records no departures.",
        ),
        (
            "Has Japan left the Paris Call?",
            1,
            "No withdrawal shows in the register: Japan is listed there as a supporter (as of 3 February 2026): state. The register lists supporters and records no departures.",
        ),
        (
            "Did Amazon leave the Paris Call?",
            0,
            "No, “Amazon” is not in the register (as of 3 February 2026).",
        ),
        (
            "Microsoft a-t-il signé l'Appel de Paris ?",
            1,
            "Oui, Microsoft figure dans le registre (au 3 février 2026) : secteur privé, entreprise, États-Unis.",
        ),
        (
            "La Chine soutient-elle l'Appel de Paris ?",
            0,
            "Non, l'État « Chine » ne figure pas dans le registre (au 3 février 2026).",
        ),
        (
            "Le Japon est-il signataire ?",
            1,
            "Oui, l'État « Japon » figure dans le registre (au 3 février 2026).",
        ),
        (
            "Est-ce que la Corée du Sud a signé l'Appel ?",
            1,
            "Oui, l'État « Corée du Sud » figure dans le registre (au 3 février 2026).",
        ),
        (
            "Les États-Unis ont-ils signé l'Appel de Paris ?",
            1,
            "Oui, l'État « États-Unis » figure dans le registre (au 3 février 2026).",
        ),
        (
            "L'Union européenne est-elle signataire ?",
            1,
            "Oui, European Union figure dans le registre (au 3 février 2026) : autorité publique.",
        ),
        (
            "Amazon figure-t-il dans le registre ?",
            0,
            "Non, « Amazon » ne figure pas dans le registre (au 3 février 2026).",
        ),
        (
            "Pourquoi Google s'est-il retiré de l'Appel de Paris ?",
            1,
            "Le registre ne montre aucun retrait : Google y figure comme soutien (au 3 février 2026) : secteur privé, entreprise, États-Unis. Le registre donne la liste des soutiens et ne consigne pas de départs.",
        ),
        (
            "Tell me whether Hitachi signed the Paris Call",
            1,
            "Yes, Hitachi is in the register (as of 3 February 2026): private sector, company, Japan.",
        ),
    ],
)
def test_questions_on_the_sample_have_exact_answers(question: str, rows: int, sentence: str, catalog: Catalog) -> None:
    found = answered(question, catalog)
    assert found.parts[0].text == sentence
    assert len(found.table) == rows
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


def test_a_long_list_is_in_the_table_with_at_most_twenty_citations(catalog: Catalog) -> None:
    found = answered("How many supporters does the Paris Call have?", catalog)
    assert items(found) == []
    assert (len(found.table), len(found.citations)) == (33, 20)
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
        (["What is the Paris Call?"], "Did Microsoft sign it?", "Yes, Microsoft"),
    ],
)
def test_follow_ups_take_the_question_before(history: list[str], question: str, start: str, catalog: Catalog) -> None:
    found = answer(question, catalog, history)
    assert found is not None
    assert found.text.startswith(start)


def test_a_date_before_the_records_begin_is_left_to_the_documents(catalog: Catalog) -> None:
    assert answer("How many states signed in 2018?", catalog) is None


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
