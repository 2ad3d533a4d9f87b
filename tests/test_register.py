from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from register_sample import INDEXED_AT, ROWS, put_record, record_text, sample_catalog

from assistant.register.wording import group_name
from knowledge_base.language.places import country, data, group
from knowledge_base.passages import RegisterRecord
from knowledge_base.register.names import match
from knowledge_base.register.table import Kind, Register, RegisterFilter, nature_key
from knowledge_base.store.catalog import Catalog

STATES, COMPANIES = Kind("state"), Kind("private-sector")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with sample_catalog(tmp_path / "catalog.sqlite3") as made:
        yield made


@pytest.fixture
def register(catalog: Catalog) -> Iterator[Register]:
    with Register.open(catalog) as opened:
        yield opened


def test_rows_carry_current_codes_and_one_nature_for_all_spellings(register: Register) -> None:
    rows = {row.name: row for row in register.select(RegisterFilter())}
    assert (rows["Roumanie"].country, rows["Serbie"].country) == ("ROU", "SRB")
    assert rows["Université d’Essai"].nature == rows["University of Sampling"].nature == "university"
    assert rows["Think Twice"].nature_text == "Think tank"
    assert (rows["Blank Works"].nature, rows["Number Body"].country) == (None, None)


def test_filters_add_up(register: Register) -> None:
    eu, france = group("EU"), country("FRA")
    assert france is not None
    assert register.count(RegisterFilter()) == len(ROWS)
    assert register.count(RegisterFilter((STATES,))) == 10
    assert register.count(RegisterFilter((STATES,), (eu,))) == 3
    assert register.count(RegisterFilter((COMPANIES,), (france,))) == 1
    assert register.count(RegisterFilter((STATES, COMPANIES))) == 21
    assert register.count(RegisterFilter(places=(eu,), excluded=(france,))) == 7
    assert register.count(RegisterFilter(excluded_kinds=(STATES,))) == 23
    assert register.count(RegisterFilter((Kind(None, ("university",)),))) == 2


def test_leaving_countries_out_leaves_out_records_without_one(register: Register) -> None:
    inside, outside = RegisterFilter(places=(group("EU"),)), RegisterFilter(excluded=(group("EU"),))
    assert register.count(inside) + register.count(outside) == len(ROWS) - 2


def test_a_state_without_a_date_counts_from_its_first_appearance(register: Register) -> None:
    since = register.select(RegisterFilter((STATES,), joined_since="2020-01-01"))
    assert [(row.name, row.joined, row.first_seen) for row in since] == [
        ("Cambodge", "2020-02-27", None),
        ("États-Unis", None, "2021-11-11"),
    ]
    assert register.count(RegisterFilter((STATES,), joined_before="2020-01-01")) == 8
    assert register.count(RegisterFilter((STATES,), joined_since="2019-01-01", joined_before="2020-01-01")) == 0
    assert register.dates(RegisterFilter()) == (4, "2019-09")


def test_groups_are_counted_most_first(register: Register) -> None:
    assert register.count_by("category", RegisterFilter()) == [
        ("private-sector", 11),
        ("state", 10),
        ("civil-society", 8),
        ("public-authority", 4),
    ]
    assert register.count_by("country", RegisterFilter())[:3] == [("USA", 6), ("DEU", 5), ("FRA", 4)]
    assert dict(register.count_by("nature", RegisterFilter((COMPANIES,))))[None] == 1


def test_an_unknown_set_of_records_holds_as_of_the_day_it_was_read(register: Register) -> None:
    assert register.as_of == INDEXED_AT[:10]
    assert not register.built_in


def test_the_known_snapshot_has_its_own_date(tmp_path: Path) -> None:
    known = data("register.toml")
    with Catalog.create(tmp_path / "whole.sqlite3") as catalog:
        for number in range(known["records"]):
            row = (f"Name {number}", "private-sector", "", "FRA", None)
            put_record(catalog, f"official/{number}.md", RegisterRecord(*row), record_text(*row))
        with Register.open(catalog) as register:
            assert register.as_of == "2025-12-25"


def test_the_known_snapshot_is_the_one_that_is_fetched() -> None:
    known, fetched = data("register.toml"), data("sources.toml")["source"][0]
    assert known["commit"] in fetched["url"]
    assert known["records"] == fetched["groups"][0]["count"]


def test_the_built_in_states_stand_in_only_where_there_is_no_record(tmp_path: Path) -> None:
    with Catalog.create(tmp_path / "empty.sqlite3") as empty, Register.open(empty) as register:
        assert register.built_in
        assert register.count(RegisterFilter()) == register.count(RegisterFilter((STATES,))) == 81
        assert register.as_of == "2025-12-25"
        row = ("Testland", "state", "", "FRA", None)
        put_record(empty, "official/one.md", RegisterRecord(*row), record_text(*row))
        with Register.open(empty) as official:
            assert (official.built_in, official.count(RegisterFilter())) == (False, 1)


def test_the_built_in_states_are_81_countries_with_what_is_known_of_them() -> None:
    states = data("register_states.toml")["states"]
    assert len({state["country"] for state in states}) == 81
    assert [state["name"] for state in states if country(state["country"]) is None] == []
    assert sum(state["first_seen"] == "2019-09" for state in states) == 68
    assert sum("joined" in state for state in states) == 8
    assert {state["country"] for state in states} >= set(group("EU").codes) | set(group("G7").codes)


@pytest.mark.parametrize(
    ("written", "key"),
    [("Université", "university"), (" université ", "university"), ("Association professionnelle ", "professional-association"),
     ("International Organization", "international-organisation"), ("", None), ("Club de lecture", "club de lecture")],
)  # fmt: skip
def test_natures_are_one_whatever_their_spelling(written: str, key: str | None) -> None:
    assert nature_key(written) == key


def test_natures_are_named_in_both_languages() -> None:
    assert (group_name("university", "nature", "en", 2), group_name("university", "nature", "fr")) == (
        "universities",
        "université",
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Microsoft", ["Microsoft"]),
        ("microsoft corporation", ["Microsoft"]),
        ("The Munich Security Conference", ["Munich Security Conference"]),
        ("APNIC", ["Asia Pacific Network Information Centre (APNIC)"]),
        ("Asia Pacific Network Information Centre", ["Asia Pacific Network Information Centre (APNIC)"]),
        ("Kaspersky", ["Kaspersky Lab"]),
        ("Acme", ["Acme Ltd."]),
        ("societe lumiere", ["Société Lumière"]),
        ("Munich Security", ["Munich Security Conference"]),
        ("Munich Securty Conferense", ["Munich Security Conference"]),
        ("Microsft", ["Microsoft"]),
        ("the company Siemens", ["Siemens"]),
    ],
)
def test_names_are_found_by_what_people_write(name: str, found: list[str], register: Register) -> None:
    assert [row.name for row in register.by_numbers(match(name, register.names()).found)] == found


@pytest.mark.parametrize("name", ["Amazon", "Goggles", "Lab", "Munich", "Sample", "Network", "Gooogleplex", "Ltd"])
def test_a_name_that_is_not_there_is_not_found(name: str, register: Register) -> None:
    assert match(name, register.names()).found == ()


def test_part_of_a_name_gives_candidates(register: Register) -> None:
    found = match("Network", register.names())
    assert found.part
    assert [row.name for row in register.by_numbers(found.candidates)] == [
        "Asia Pacific Network Information Centre (APNIC)",
        "Lagos Network",
    ]
