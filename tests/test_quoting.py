"""What a sentence brings along, and the citations that quotes stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_catalogs import catalog_of, pages_of

from assistant.answers import stands_on_its_page
from assistant.quotes.quoting import Quote, cited, count_items, enumerated, list_around, page_quotes, understandable
from knowledge_base.passages import Block, Document, OriginRun, Page
from knowledge_base.store.catalog import Catalog

CHARTER = """# Charter

Nine towns signed it. It binds them for ten years. The duties are these:

- Each town keeps a lamp burning.
- Each town mends a broken buoy.

## Costs

The upkeep is shared by all towns.

- Lamps cost forty crowns a year.
- Buoys cost sixty crowns a year.
"""
ADVICE = """# Advice

Which lamps do you trust?

- Oil lamps
- Gas lamps

Below are the habits of good keepers.

## Habits

- Trim the wick
- Clean the glass

The board keeps a list of the dangers at sea. It includes fog, ice and wrecks. Nobody reads it.
"""
COPY = "# Copy of the charter\n\nNine towns signed it. It binds them for ten years.\n"
OVERLEAF = pages_of(
    "survey.pdf",
    [("heading", "Findings"), ("paragraph", "Most piers are sound. The oldest pier was rebuilt in")],
    [("paragraph", "the spring of 1990 by the harbour board. It cost a fortune.")],
)
NOTES = pages_of(
    "notes.pdf",
    [
        ("paragraph", "Pilots wait. A pilot who sees a flare must steer har-"),
        ("paragraph", "12 See www.harbour.example/flares"),
    ],
    [("paragraph", "bourwards at once. Others follow."), ("paragraph", "They come by boat.")],
    [("paragraph", "mole: the wall of a harbour. It is of stone.")],
    [("paragraph", "without a light. It is lost.")],
)
ITEMS = "# Piers\n\nA sound pier needs: oak piles,\n\n- a deck that drains. It is laid in May. It lasts;\n- rails of iron.\n"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path = tmp_path_factory.mktemp("quoting") / "catalog.sqlite3"
    with catalog_of(
        path, {"charter.md": CHARTER, "copy.md": COPY, "advice.md": ADVICE, "piers.md": ITEMS}, OVERLEAF, NOTES
    ) as opened:
        yield opened


def page(catalog: Catalog, source: str, ordinal: int = 0) -> list[Quote]:
    return page_quotes(catalog.passages_on_page(source, ordinal)[0], catalog)


def position(quotes: list[Quote], beginning: str) -> int:
    return next(i for i, quote in enumerate(quotes) if quote.text.startswith(beginning))


def texts(quotes: list[Quote]) -> list[str]:
    return [quote.text for quote in quotes]


def test_a_page_is_quoted_without_its_headings(catalog: Catalog) -> None:
    assert "Charter" not in texts(page(catalog, "charter.md"))
    assert texts(page(catalog, "copy.md")) == ["Nine towns signed it.", "It binds them for ten years."]


def test_a_sentence_that_leans_brings_the_one_before_it(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    assert texts(understandable(quotes, position(quotes, "It binds"), catalog)) == texts(quotes[:2])
    assert texts(understandable(quotes, 0, catalog)) == ["Nine towns signed it."]


def test_a_sentence_that_runs_overleaf_brings_its_rest(catalog: Catalog) -> None:
    quotes = page(catalog, "survey.pdf")
    (quote,) = understandable(quotes, position(quotes, "The oldest"), catalog)
    parts, citations = cited([quote], catalog, {})
    assert [part.text for part in parts] == ["The oldest pier was rebuilt in the spring of 1990 by the harbour board."]
    assert [(c.number, c.page) for c in citations] == [(1, 1), (2, 2)]
    assert parts[0].citations == (1, 2)


def test_the_rest_of_a_sentence_brings_its_beginning_from_the_page_before_foot_notes_or_not(catalog: Catalog) -> None:
    (quote,) = understandable(page(catalog, "notes.pdf", 1), 0, catalog)
    parts, citations = cited([quote], catalog, {})
    assert [part.text for part in parts] == ["A pilot who sees a flare must steer har-bourwards at once."]
    assert [c.page for c in citations] == [1, 2]
    quotes = page(catalog, "notes.pdf")
    (same,) = understandable(quotes, position(quotes, "A pilot"), catalog)
    assert (same.text, same.rest) == (quote.text, quote.rest)


def test_what_is_leant_on_comes_with_its_beginning_too(catalog: Catalog) -> None:
    survey = page(catalog, "survey.pdf", 1)
    first, second = understandable(survey, position(survey, "It cost"), catalog)
    assert (first.text, first.rest[0][-1]) == ("The oldest pier was rebuilt in", "the spring of 1990 by the harbour board.")
    assert second.text == "It cost a fortune."
    lost = page(catalog, "notes.pdf", 3)
    assert texts(understandable(lost, position(lost, "It is lost"), catalog)) == ["It is lost."]


def test_an_entry_of_a_glossary_is_no_rest_and_a_rest_without_a_beginning_is_not_quoted(catalog: Catalog) -> None:
    assert texts(understandable(page(catalog, "notes.pdf", 2), 0, catalog)) == ["mole: the wall of a harbour."]
    assert understandable(page(catalog, "notes.pdf", 3), 0, catalog) == []


def test_an_item_that_goes_on_from_a_sentence_brings_where_that_begins(catalog: Catalog) -> None:
    quotes = page(catalog, "piers.md")
    assert texts(understandable(quotes, position(quotes, "rails"), catalog)) == [
        "A sound pier needs: oak piles,",
        "rails of iron.",
    ]
    said = ["A port needs, first, boats;", "second, oil;", "third, pilots.", "It sleeps."]
    enumeration = [Quote(quotes[0].passage, 0, 0, text, "paragraph") for text in said]
    assert texts(understandable(enumeration, 2, catalog)) == [said[0], said[2]]


def test_the_sentences_of_an_item_are_one_part_and_one_item(catalog: Catalog) -> None:
    quotes = page(catalog, "piers.md")
    assert [quote.kind for quote in quotes] == ["paragraph", *["list_item"] * 4]
    assert count_items(quotes) == 2
    parts, _ = cited(quotes, catalog, {})
    assert [(part.kind, part.text) for part in parts[1:]] == [
        ("list_item", "a deck that drains. It is laid in May. It lasts;"),
        ("list_item", "rails of iron."),
    ]


def test_a_list_is_found_from_its_lead_and_from_an_item(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    lead = position(quotes, "The duties")
    assert texts(list_around(quotes, lead, wanted=False)) == texts(quotes[lead : lead + 3])
    assert list_around(quotes, lead + 1, wanted=True) == list_around(quotes, lead, wanted=True)
    assert list_around(quotes, lead + 1, wanted=False) == []
    assert list_around(quotes, 0, wanted=True) == []


@pytest.mark.parametrize(("lead", "last"), [("Which lamps", "Gas lamps"), ("Below are", "Clean the glass")])
def test_a_list_is_led_in_by_a_question_or_an_announcement_too(catalog: Catalog, lead: str, last: str) -> None:
    quotes = page(catalog, "advice.md")
    here = position(quotes, lead)
    found = list_around(quotes, here, wanted=False)
    assert [found[0].text, found[-1].text] == [quotes[here].text, last]
    assert list_around(quotes, here + 1, wanted=True) == found


def test_an_announcement_brings_the_sentence_that_enumerates(catalog: Catalog) -> None:
    quotes = page(catalog, "advice.md")
    here = position(quotes, "The board keeps")
    assert texts(understandable(quotes, here, catalog)) == texts(quotes[here : here + 2])
    assert texts(understandable(quotes, position(quotes, "Nobody"), catalog)) == ["Nobody reads it."]


def test_a_sentence_that_announces_nothing_leads_into_no_list(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    assert texts(list_around(quotes, position(quotes, "Lamps"), wanted=True)) == [
        "Lamps cost forty crowns a year.",
        "Buoys cost sixty crowns a year.",
    ]


def test_an_enumeration_is_quoted_to_its_end_and_whole_where_it_is_wanted() -> None:
    said = ["Three things:", "first, oil;", "second, wicks; and", "third, glass.", "The rest is bought."]
    quotes = [Quote(None, 0, 0, text, "paragraph") for text in said]  # type: ignore[arg-type]
    assert texts(enumerated(quotes, 2)) == said[2:4]
    assert texts(enumerated(quotes, 2, whole=True)) == said[:4]
    assert texts(enumerated(quotes, 4)) == said[4:]
    lines = ["Papers to publish:", "Agendas,", "Letters to towns, and", "Minutes.", "The rest is secret."]
    papers = [Quote(None, 0, 0, text, "paragraph") for text in lines]  # type: ignore[arg-type]
    assert texts(enumerated(papers, 0)) == lines[:4]
    endless = [Quote(None, 0, 0, "oil and wicks and glass;" * 8, "paragraph")] * 9  # type: ignore[arg-type]
    assert 1 < len(enumerated(endless, 0)) < 9


def test_what_follows_on_a_page_shares_a_citation_that_stands_there(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    lead = position(quotes, "The duties")
    parts, citations = cited([quotes[0], *quotes[lead : lead + 3]], catalog, {})
    assert [part.citations for part in parts] == [(1,), (2,), (2,), (2,)]
    assert [part.kind for part in parts] == ["sentence", "sentence", "list_item", "list_item"]
    assert citations[1].quote.splitlines()[-1].endswith("Each town mends a broken buoy.")
    assert all(stands_on_its_page(citation, catalog) for citation in citations)


def test_a_heading_between_two_sentences_parts_their_citations(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    here = position(quotes, "The upkeep")
    _, citations = cited(quotes[here - 1 : here + 1], catalog, {})
    assert [c.quote for c in citations] == ["Each town mends a broken buoy.", "The upkeep is shared by all towns."]


def test_what_another_document_says_too_is_cited_from_both(catalog: Catalog) -> None:
    quotes = page(catalog, "charter.md")
    twins = {quotes[0].passage.id: catalog.passages_on_page("copy.md", 0)}
    parts, citations = cited(quotes[:2], catalog, twins)
    assert [(c.number, c.source) for c in citations] == [(1, "charter.md"), (2, "copy.md")]
    assert [part.citations for part in parts] == [(1, 2), (1, 2)]
    assert cited(quotes[:3], catalog, twins)[1] == [cited(quotes[:3], catalog, {})[1][0]]


@pytest.mark.parametrize(("after", "numbers"), [(21, [1, 1]), (24, [1, 1]), (60, [1, 2]), (0, [1, 2])])
def test_what_a_foot_note_parts_on_the_page_is_not_one_quote(after: int, numbers: list[int], tmp_path: Path) -> None:
    one, other = "Nine towns signed it.", "Two of them left."
    blocks = (Block("paragraph", 0, 0, 21), Block("paragraph", 0, 23, 40))
    origin = (OriginRun(0, 100, 21), OriginRun(23, 100 + after, 17))
    page = Page(1, None, f"{one}\n\n{other}", blocks, origin)
    document = Document("notes.pdf", "Notes", "hash", "en", (page,), "pdf")
    with catalog_of(tmp_path / "catalog.sqlite3", {}, document) as catalog:
        parts, _ = cited(page_quotes(catalog.passages_on_page("notes.pdf", 0)[0], catalog), catalog, {})
    assert [number for part in parts for number in part.citations] == numbers


def test_a_quote_that_does_not_stand_on_its_page_is_left_out(catalog: Catalog) -> None:
    quote = page(catalog, "charter.md")[0]
    quote.end = quote.start
    assert cited([quote], catalog, {}) == ([], [])
