"""Mentions of a term: its forms, and counts that equal a plain count over the pages' text."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from small_catalogs import catalog_of, pages_of

from ingest.loaders import markdown
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import fold, stem, stop_words, without_accents, words
from knowledge_base.search.mentions import as_written, best_sentence, count_mentions, read_pages, read_term
from knowledge_base.store.catalog import Catalog

TEXTS = {
    "harbour.md": "# Harbour rules\n\nEach ship carries a light. The lights are white.\n\n- Ships keep right."
    "\n- A ship's horn is loud.",
    "talks.md": "# Talks\n\nThe US asked the working group about the UN Charter. It told us nothing about cyber-attacks, but"
    " cyberattacks were discussed by working groups.\n\nThe rule of law, and the law of rules.",
    "empty.md": "# Nothing here\n\nA page without any of it.",
}
PORT = """# Règles du port

Le navire porte un feu à la nuit. Les navires et la sécurité des quais nous importent : c'est la règle du groupe de travail, et
les groupes de travail de Brest la disent aussi."""
DECOMPOSED = "Le cafe\u0301 du phare est ferme\u0301. Un café ouvert."


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    survey = pages_of(
        "survey.pdf",
        [("paragraph", "The lighthouse keepers met."), ("paragraph", DECOMPOSED)],
        [("heading", "Table of contents"), ("paragraph", "Lights … 4\nShips … 9")],
    )
    port = replace(markdown.load(PORT.encode(), "port.md"), language="fr")
    with catalog_of(tmp_path_factory.mktemp("mentions") / "catalog.sqlite3", TEXTS, survey, port) as opened:
        yield opened


def counts(term: str, catalog: Catalog) -> dict[str, dict[str, int]]:
    pages = read_pages(catalog)
    found = read_term(term, pages)
    mentions = count_mentions(found, pages)
    names = as_written(found, mentions, pages)
    return {source: {names[form]: count for form, count in m.forms.items()} for source, m in mentions.items()}


def test_a_word_is_counted_in_all_its_forms(catalog: Catalog) -> None:
    found = counts("light", catalog)
    assert found == {"harbour.md": {"light": 1, "lights": 1}, "survey.pdf": {"lights": 1}}


def test_a_phrase_is_counted_where_its_words_follow_each_other(catalog: Catalog) -> None:
    assert counts("rule of law", catalog) == {"talks.md": {"rule of law": 1}}


def test_the_other_language_is_searched_where_the_glossary_has_the_term(catalog: Catalog) -> None:
    assert counts("working groups", catalog) == {
        "port.md": {"groupe de travail": 1, "groupes de travail": 1},
        "talks.md": {"working group": 1, "working groups": 1},
    }
    assert counts("groupe de travail", catalog) == counts("working groups", catalog)
    assert counts("security", catalog) == {"port.md": {"sécurité": 1}}


def test_a_phrase_is_counted_with_hyphen_and_as_one_word(catalog: Catalog) -> None:
    assert counts("cyber attack", catalog) == {"talks.md": {"cyber attacks": 1, "cyberattacks": 1}}


def test_accents_and_capitals_make_no_difference(catalog: Catalog) -> None:
    assert counts("SÉCURITÉ", catalog) == counts("securite", catalog) == {"port.md": {"sécurité": 1}}
    assert sum(counts("café", catalog)["survey.pdf"].values()) == 2


def test_a_name_in_capitals_that_is_a_stop_word_is_counted_as_it_is_written(catalog: Catalog) -> None:
    assert counts("US", catalog) == {"talks.md": {"US": 1}}
    assert counts("UN", catalog)["talks.md"] == {"UN": 1}
    assert "port.md" not in counts("UN", catalog)


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("", "no word"), (" ?! ", "no word"), ("of the", "only of stop words"), ("de la", "only of stop words"),
        ("x " * 5000, "5,000 words"), ("y" * 10_000, "10,000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_term_is_refused_with_a_sentence(catalog: Catalog, term: str, says: str) -> None:
    with pytest.raises(KnowledgeBaseError, match=says) as raised:
        read_term(term, read_pages(catalog))
    assert raised.value.remedy


@pytest.mark.parametrize("seed", range(60))
def test_counts_equal_a_plain_count_over_the_stored_pages(catalog: Catalog, seed: int) -> None:
    """A term of one to three words that follow each other somewhere in the library, sometimes with one from elsewhere."""
    chance = random.Random(seed)
    pages = read_pages(catalog)
    drawn = words(chance.choice(pages).text)
    start = chance.randrange(len(drawn))
    term = drawn[start : start + chance.randint(1, 3)]
    if chance.random() < 0.2:
        term[-1] = chance.choice(words(chance.choice(pages).text))
    if set(term) <= stop_words("en") | stop_words("fr"):
        return
    found = read_term(" ".join(term), pages)
    plain: Counter[str] = Counter()
    for page in pages:
        read = words(page.text)
        for form in found.forms:
            form_words = form.split()
            plain[page.source] += sum(
                read[i : i + len(form_words)] == form_words for i in range(len(read) - len(form_words) + 1)
            )
    counted = {source: m.count for source, m in count_mentions(found, pages).items()}
    assert counted == {source: count for source, count in plain.items() if count}


def test_the_best_sentence_is_a_whole_one_that_holds_the_term(catalog: Catalog) -> None:
    pages = read_pages(catalog)
    term = read_term("lights", pages)
    for mentions in count_mentions(term, pages).values():
        found = best_sentence(term, mentions, catalog)
        assert found is not None
        passage, span = found
        text = passage.sentence_text(span)
        page = catalog.page(passage.source, passage.page)
        assert term.counted(text) and page is not None and page.text[span.start : span.end] == text
    assert best_sentence(term, count_mentions(term, pages)["harbour.md"], catalog) is not None


def test_the_letters_before_a_stem_s_last_two_are_those_of_its_words(catalog: Catalog) -> None:
    """On which the search for the pages that may hold a form rests."""
    some = {word for page in read_pages(catalog) for word in words(page.text)}
    some |= {
        "policies",
        "skies",
        "organisations",
        "criticised",
        "chevaux",
        "travaux",
        "heureuse",
        "différences",
        "dying",
        "news",
    }
    for word in map(fold, some):
        for language in ("en", "fr"):
            found = stem(word, language)
            assert word.startswith(found[: max(1, len(found) - 2)])


def test_accents_are_taken_off_and_capitals_kept() -> None:
    assert without_accents("École À ﬁn") == "Ecole A fin"
