"""A question as it is searched: its words, typos, abbreviations and names."""

from collections.abc import Iterator

import pytest
from libraries import Library

from knowledge_base.search.queries import QueryReader, match_expression, question_terms
from knowledge_base.store.generations import open_generation


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


@pytest.mark.parametrize("question", ["What is a zeppelin?", "Who is CHRTR?", "Is a lap a town?", "Do they juggle?"])
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


def test_a_word_of_the_language_is_no_slip_though_the_documents_lack_it(shared_library: Library) -> None:
    with open_generation(shared_library.data_dir) as generation:
        assert QueryReader(generation.catalog, {"chatter"}.__contains__).read("Is there chatter?").mended == {}
        assert QueryReader(generation.catalog).read("Is there chartter?").mended == {"chartter": "charter"}


def test_a_match_expression_quotes_each_stem_once() -> None:
    assert match_expression(["x", 'y"', "x", ""]) == '"x" OR "y"""'
    assert match_expression([]) == ""


@pytest.mark.parametrize(
    ("question", "read", "name"),
    [
        ("What did WG5 find?", "What did Working Group 5 find?", "working group 5"),
        ("Qu'a dit le GT 4 ?", "Qu'a dit le Groupe de travail 4 ?", "working group 4"),
        ("What did working group 2 find?", "What did working group 2 find?", "working group 2"),
        ("What does principle 7 ask?", "What does principle 7 ask?", "principle 7"),
    ],
)
def test_a_group_or_principle_with_its_number_is_a_name(question: str, read: str, name: str, reader: QueryReader) -> None:
    query = reader.read(question)
    assert query.text == read
    assert name[-1] in query.names[name]


def test_the_t_of_a_french_inversion_is_no_word(reader: QueryReader) -> None:
    assert "t" not in reader.read("Quand le phare a-t-il été construit ?").terms
