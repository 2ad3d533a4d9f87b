"""A question as it is searched: its words, slips of the pen, abbreviations and names."""

from collections.abc import Iterator

import pytest
from libraries import Library

from knowledge_base.generations import open_generation
from knowledge_base.queries import QueryReader, long_form, match_expression, question_terms


@pytest.fixture(scope="module")
def reader(shared_library: Library) -> Iterator[QueryReader]:
    with open_generation(shared_library.data_dir) as generation:
        yield QueryReader(generation.catalog)


def test_question_terms_hold_the_stems_of_both_languages() -> None:
    assert question_terms("Which signatories?") == {"signatories": ("signatori", "signator")}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Who signed the Harbour Chartr?", "Who signed the Harbour charter?"),
        ("What must a lighthuose do?", "What must a lighthouse do?"),
        ("Who keeps the amendmants?", "Who keeps the amendments?"),
    ],
)
def test_a_slip_of_the_pen_is_read_as_the_word_of_the_documents(typed: str, read: str, reader: QueryReader) -> None:
    query = reader.read(typed)
    assert query.text == read
    assert query.unknown == ()
    assert list(query.mended.values())[0] in read


@pytest.mark.parametrize("question", ["What is a zeppelin?", "Who is CHRTR?", "Is a lapp a town?", "How do I reset it?"])
def test_a_word_that_is_no_slip_stays_and_is_unknown(question: str, reader: QueryReader) -> None:
    query = reader.read(question)
    assert (query.text, query.mended) == (question, {})
    assert len(query.unknown) == 1


def test_words_of_the_context_count_less_than_the_question_s_own(reader: QueryReader) -> None:
    alone, leaning = reader.read("Who signed it?"), reader.read("Who signed it?", "What is the Harbour Charter?")
    assert set(leaning.terms) == {"harbour", "charter", "signed"}
    assert leaning.weights["signed"] == alone.weights["signed"]
    assert leaning.weights["charter"] < reader.read("charter").weights["charter"]


def test_rare_words_weigh_more(reader: QueryReader) -> None:
    weights = reader.read("the beeswax of a lighthouse").weights
    assert weights["beeswax"] > weights["lighthouse"] > 0


def test_names_are_the_words_in_capitals_unless_all_are(reader: QueryReader) -> None:
    assert set(reader.read("Did Brightwater keep a lamp?").names) == {"brightwater"}
    assert reader.read("DID BRIGHTWATER KEEP A LAMP?").names == {}


@pytest.mark.parametrize(
    ("short", "text", "long"),
    [
        ("GGE", "the UN Group of Governmental Experts (GGE) met", "Group of Governmental Experts"),
        ("OEWG", "An Open-Ended Working Group (“OEWG”) was set up", "Open-Ended Working Group"),
        ("WG5", "Paris Call Working Group 5 wrote", "Working Group 5"),
        ("GGE", "a gathering (GGE) of other letters", None),
        ("WG5", "Working Group 55 wrote", None),
        ("GGE", "GGE", None),
    ],
)
def test_an_abbreviation_is_spelt_out_by_the_words_before_it(short: str, text: str, long: str | None) -> None:
    assert long_form(short, text) == long


def test_a_match_expression_quotes_each_stem_once() -> None:
    assert match_expression(["x", 'y"', "x", ""]) == '"x" OR "y"""'
    assert match_expression([]) == ""
