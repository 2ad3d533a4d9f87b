from __future__ import annotations

import pycountry
import pytest

from knowledge_base.language.places import (
    country,
    country_name,
    current_code,
    data,
    find,
    group,
    lexicon,
    place_at,
    place_spans,
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("USA", ["USA"]),
        ("U.S.", ["USA"]),
        ("United States", ["USA"]),
        ("Etats-Unis", ["USA"]),
        ("les États-Unis", ["USA"]),
        ("Corée du Sud", ["KOR"]),
        ("South Korea", ["KOR"]),
        ("Ivory Coast", ["CIV"]),
        ("Côte d’Ivoire", ["CIV"]),
        ("UK", ["GBR"]),
        ("Britain", ["GBR"]),
        ("Czechia", ["CZE"]),
        ("Czech Republic", ["CZE"]),
        ("the Netherlands", ["NLD"]),
        ("Turkey", ["TUR"]),
        ("Türkiye", ["TUR"]),
        ("Kosovo", ["XKX"]),
        ("Viet Nam", ["VNM"]),
        ("Congo-Brazzaville", ["COG"]),
        ("RDC", ["COD"]),
        ("Guinea", ["GIN"]),
    ],
)
def test_names_and_aliases_find_their_country(text: str, codes: list[str]) -> None:
    assert [place.key for place in find(text)] == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("German", "DEU"),
        ("Germans", "DEU"),
        ("allemandes", "DEU"),
        ("Italiennes", "ITA"),
        ("lettonne", "LVA"),
        ("grecques", "GRC"),
        ("Dutch", "NLD"),
        ("South African", "ZAF"),
        ("nigérian", "NGA"),
        ("nigérien", "NER"),
        ("Emirati", "ARE"),
    ],
)
def test_demonyms_find_their_country_in_every_form(text: str, code: str) -> None:
    assert [place.key for place in find(text)] == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [("Grmany", "DEU"), ("Phillipines", "PHL"), ("Untied States", "USA"), ("Swizerland", "CHE"), ("Columbia", "COL")],
)
def test_small_typos_are_read(text: str, code: str) -> None:
    assert [place.key for place in find(text)] == [code]


@pytest.mark.parametrize(
    "text", ["Microsoft", "Orange", "Panasonic", "Visa", "Siemens", "Apple", "report", "réunion", "Irak War", "Chin"]
)
def test_other_words_are_no_country(text: str) -> None:
    assert find(text) == ()


@pytest.mark.parametrize(
    ("text", "codes"),
    [("Korea", ["KOR", "PRK"]), ("Corée", ["KOR", "PRK"]), ("Congo", ["COG", "COD"]), ("Nigera", ["NER", "NGA"])],
)
def test_a_word_for_several_countries_gives_them_all(text: str, codes: list[str]) -> None:
    assert sorted(place.key for place in find(text)) == sorted(codes)


@pytest.mark.parametrize(("code", "current"), [("ROM", "ROU"), ("SCG", "SRB"), ("MTG", "MNE"), ("KOS", "XKX"), ("rou", "ROU")])
def test_retired_codes_become_current_ones(code: str, current: str) -> None:
    assert current_code(code) == current


@pytest.mark.parametrize("code", [None, "", "  ", "EU", "ZZZ"])
def test_what_is_no_code_has_no_country(code: str | None) -> None:
    assert current_code(code) is None


def test_every_iso_country_is_named_in_both_languages() -> None:
    assert [entry.alpha_3 for entry in pycountry.countries if country(entry.alpha_3) is None] == []
    assert country_name("KOR", "en") == "South Korea"
    assert country_name("KOR", "fr") == "Corée du Sud"
    assert country_name("ROM", "fr") == "Roumanie"
    assert country_name("HKG", "en") == "Hong Kong"


def test_every_state_of_the_united_nations_has_an_adjective() -> None:
    adjectives = data("country_words.toml")["adjectives"]
    assert set(group("UN").codes) - set(adjectives) == {"COG", "COD"}


@pytest.mark.parametrize(
    ("key", "members"),
    [("EU", 27), ("G7", 7), ("G20", 19), ("NATO", 32), ("AU", 55), ("ASEAN", 11), ("FiveEyes", 5), ("OECD", 38), ("Nordic", 5),
     ("CoE", 46),     ("Commonwealth", 56), ("P5", 5), ("UN", 193)],
)  # fmt: skip
def test_groups_have_all_their_members_once(key: str, members: int) -> None:
    codes = group(key).codes
    assert len(codes) == len(set(codes)) == members
    assert [code for code in codes if country(code) is None] == []


def test_groups_are_found_by_name_in_both_languages() -> None:
    for text, key in [
        ("EU", "EU"),
        ("l'Union européenne", "EU"),
        ("OTAN", "NATO"),
        ("African Union", "AU"),
        ("Five Eyes", "FiveEyes"),
    ]:
        assert [place.key for place in find(text)] == [key]


def test_the_european_union_lies_in_europe_but_for_cyprus() -> None:
    assert set(group("EU").codes) - set(group("Europe").codes) == {"CYP"}


def test_codes_of_words_and_groups_are_all_known() -> None:
    words = data("country_words.toml")
    codes = [*words["adjectives"], *words["aliases"], *words["english_article"]["codes"].split()]
    codes += [code for found in words["ambiguous"].values() for code in found]
    codes += [code for entry in data("country_groups.toml")["groups"] for code in entry["members"].split()]
    assert [code for code in codes if country(code) is None] == []


def test_only_phrases_declared_so_are_ambiguous() -> None:
    declared = {tuple(phrase.split()) for phrase in data("country_words.toml")["ambiguous"]}
    assert {phrase for phrase, places in lexicon().items() if len(places) > 1} == declared


def test_the_longest_name_at_a_word_is_found() -> None:
    folded = [["the"], ["united"], ["states"], ["and"], ["bosnia", "herzegovina"]]
    found = [place_at(folded, position) for position in range(5)]
    assert [(length, [place.key for place in places]) for length, places in found] == [
        (0, []),
        (2, ["USA"]),
        (0, []),
        (0, []),
        (1, ["BIH"]),
    ]


@pytest.mark.parametrize(
    ("text", "language", "spans"),
    [
        ("Chad and the US met us.", "en", [(0, 1, {"TCD"}), (3, 4, {"USA"})]),
        ("the chad of a ballot in the Czech Republic", "en", [(7, 9, {"CZE"})]),
        ("les villes chinoises", "fr", [(2, 3, {"CHN"})]),
    ],
)
def test_places_are_told_from_common_words_by_their_letters(
    text: str, language: str, spans: list[tuple[int, int, set[str]]]
) -> None:
    assert [(first, last, set(keys)) for first, last, keys in place_spans(text, language)] == spans
