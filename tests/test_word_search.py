"""The search by words: how a query is read, what it finds, and what it says where it finds nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_catalogs import catalog_of, pages_of

from assistant.workbench.search import Filters, Search, read_query, search
from ingest.loaders import markdown
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import stem, stop_words, words
from knowledge_base.store.catalog import Catalog

TEXTS = {
    "rules.md": "---\ndate: 2019-05-01\n---\n# Harbour rules\n\nEach ship carries a light at night, by the rule of law."
    "\n\n## Fines\n\nFines are paid in silver. The law of the rule is not written. Ships' lights are white.",
    "talks.md": "---\ndate: 2021-02-03\n---\n# Talks\n\nThe US attributed the cyber-attack to nobody; it told us so."
    "\n\n## Attribution\n\nAttribution of attacks is hard. State-of-the-art tools help with attributing.",
}
PORT = "# Règles du port\n\nLe navire porte un feu blanc. La sécurité des navires est la règle."


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    port = replace(markdown.load(PORT.encode(), "port.md"), language="fr", date="2021-09-09")
    survey = pages_of(
        "survey.pdf", [("paragraph", "Lights of ships were counted.")], [("paragraph", "The silver light shone.")]
    )
    path = tmp_path_factory.mktemp("search") / "catalog.sqlite3"
    with catalog_of(path, TEXTS, port, survey) as opened:
        yield opened


def found(query: str, catalog: Catalog, **filters: tuple[str, ...]) -> set[str]:
    """Return the beginnings of the passages that a query finds."""
    result = search(query, catalog, Filters(**filters), 1000)
    assert result.total == len(result.results)
    return {r.passage.source for r in result.results}


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ("light", {"rules.md", "survey.pdf"}),
        ("LIGHTS", {"rules.md", "survey.pdf"}),
        ("securite", {"port.md"}),
        ("light silver", {"rules.md", "survey.pdf"}),
        ("light AND fines", {"rules.md"}),
        ("feu OR fines", {"port.md", "rules.md"}),
        ("light NOT silver", {"survey.pdf"}),
        ("light -silver", {"survey.pdf"}),
        ("(feu OR light) NOT (silver OR règle)", {"survey.pdf"}),
        ('"rule of law"', {"rules.md"}),
        ('"law of the rule"', {"rules.md"}),
        ('"rule law"', set()),
        ("“silver light”", {"survey.pdf"}),
        ("« silver light »", {"survey.pdf"}),
        ('"light" NOT "silver light"', {"rules.md"}),
        ("attribut*", {"talks.md"}),
        ("attributi*", {"talks.md"}),
        ("attributin*", {"talks.md"}),
        ("cyber-attacks", {"talks.md"}),
        ("state-of-the-art", {"talks.md"}),
        ("US", {"talks.md"}),
        ("the light of the ship", {"rules.md", "survey.pdf"}),
        ("l'attribution", {"talks.md"}),
        ("feu ET navire", {"port.md"}),
        ("light; DROP TABLE passages", set()),
        ("light {title}: near(ship)", set()),
        ('light" OR "', set()),
    ],
)
def test_a_query_finds_the_passages_that_hold_it(catalog: Catalog, query: str, sources: set[str]) -> None:
    try:
        assert found(query, catalog) == sources
    except KnowledgeBaseError as error:
        assert not sources and error.remedy


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "no word"), ("  ", "no word"), ("*", "no word"), ("the of", "only stop words"),
        ('"to be or not to be"', "only stop"),
        ("(light", "has no “)”"), ("light)", "without a “("), ("()", "no word"), ("light AND ()", "missing"),
        ("light AND", "missing at the end"), ("OR light", "missing before or after “OR”"), ("light OR AND ship", "missing"),
        ('"light', "no partner"), ("NOT light", "NOT alone"), ("-light", "NOT alone"), ("light OR NOT ship", "NOT alone"),
        ("a*", "2 letters"), ("cyber-sec*", "beginning of a word"), ("x" * 10_000, "10,000 characters"),
        ("light " * 100, "100 words"), ("(" * 60 + "light" + ")" * 60, "40 parentheses"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(query: str, says: str) -> None:
    with pytest.raises(KnowledgeBaseError, match=re.escape(says)) as raised:
        read_query(query)
    assert raised.value.remedy


def holds(text: str, language: str, term: str) -> bool:
    """Say plainly whether a text holds a word in any form, a "phrase" as it is, or the beginning* of a word."""
    read = words(text)
    if term.startswith('"'):
        phrase = words(term)
        return any(read[i : i + len(phrase)] == phrase for i in range(len(read)))
    if term.endswith("*"):
        return any(word.startswith(term[:-1]) for word in read)
    return any(stem(word, language) == stem(term, language) and word not in stop_words(language) for word in read)


@pytest.mark.parametrize("seed", range(80))
def test_totals_are_exact(catalog: Catalog, seed: int) -> None:
    """Queries of three parts, drawn from the passages, against the plain reading of every passage."""
    chance = random.Random(seed)
    passages = list(catalog.all_passages())
    stop = stop_words("en") | stop_words("fr")
    terms = []
    for _ in range(3):
        drawn = words(chance.choice(passages).text)
        start = chance.randrange(len(drawn))
        kept = [word for word in drawn if word not in stop and len(word) > 4]
        word = chance.choice(kept)
        phrase = drawn[start : start + 2]
        terms.append(chance.choice([word, f"{word[: chance.randint(3, len(word))]}*", f'"{" ".join(phrase)}"']))
    terms = [f'"{chance.choice(kept)}"' if set(words(term)) <= stop else term for term in terms]
    first, second, third = terms
    query = f"({first} OR {second}) NOT {third}"
    expected = 0
    for p in passages:
        code = "fr" if p.language == "fr" else "en"
        if any(set(words(t)) <= stop_words(code) for t in terms):
            return  # such a phrase is not looked for in that language
        has = [holds(p.text, code, term) for term in terms]
        expected += (has[0] or has[1]) and not has[2]
    assert search(query, catalog).total == expected, query


def test_each_filter_keeps_its_documents_and_the_facets_count(catalog: Catalog) -> None:
    assert found("light OR feu", catalog, year=("2021",)) == {"port.md"}
    assert found("light OR feu", catalog, language=("fr",)) == {"port.md"}
    assert found("light OR feu", catalog, type=("pdf",)) == {"survey.pdf"}
    assert found("light OR feu", catalog, document=("RULES",)) == {"rules.md"}
    assert found("light OR feu", catalog, year=("none",)) == {"survey.pdf"}
    result = search("light OR feu", catalog, Filters(type=("pdf",)))
    assert result.facets["type"]["markdown"] >= 2 and set(result.facets["document"]) == {"survey.pdf"}
    assert sum(result.facets["year"].values()) == result.total


def test_hits_are_the_characters_that_match_and_the_snippet_marks_them(catalog: Catalog) -> None:
    (result,) = search('"rule of law"', catalog).results
    page = catalog.page(result.passage.source, result.passage.page)
    assert page is not None
    assert [page.text[start:end] for start, end in result.hits] == ["rule of law"]
    assert [result.snippet[start:end] for start, end in result.snippet_hits] == ["rule of law"]
    (named,) = search("US", catalog).results
    assert [named.passage.text[start - named.passage.start : end - named.passage.start] for start, end in named.hits] == ["US"]


def test_a_long_passage_is_shown_around_its_hits(tmp_path: Path) -> None:
    text = f"# Notes\n\n{'Nothing is said here. ' * 30}The beacon is lit. {'Nothing is said there. ' * 20}"
    with catalog_of(tmp_path / "catalog.sqlite3", {"notes.md": text}) as catalog:
        results = search("beacon", catalog).results
    assert all("beacon" in r.snippet and len(r.snippet) <= 320 for r in results)


def said(result: Search, language: str = "en") -> str:
    return result.explained(language)


def test_where_nothing_is_found_the_words_that_no_document_holds_are_said(catalog: Catalog) -> None:
    result = search('zebra AND light AND "silver law"', catalog)
    assert result.total == 0 and result.unknown == ("zebra", "silver law")
    assert said(result) == (
        "No passage holds all of this. In no document: “zebra”, “silver law”."
        " By itself, with the number of passages: “light” (3)."
    )
    assert "Dans aucun document" in said(result, "fr")
    assert said(search("light", catalog)) == ""


def test_stop_words_are_said_to_be_left_out(catalog: Catalog) -> None:
    assert search("the light", catalog).ignored == ("the",)
