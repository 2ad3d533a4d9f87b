"""The words of each language, and the patterns made of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from knowledge_base.language import vocabulary
from knowledge_base.language.dates import MONTHS
from knowledge_base.language.numbers import CARDINALS, NUMBER_WORDS
from knowledge_base.language.vocabulary import LANGUAGES, listed, mapping, pattern, word_set
from knowledge_base.language.words import fold

TABLES = {
    code: tomllib.loads(Path(vocabulary.__file__).with_name(f"{code}.toml").read_text(encoding="utf-8")) for code in LANGUAGES
}


def test_both_languages_have_the_same_sections() -> None:
    assert TABLES["en"].keys() == TABLES["fr"].keys()


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_has_twelve_months_and_no_word_twice_in_an_entry(code: str) -> None:
    assert len(listed("dates.months", code)) == 12
    for section, entries in TABLES[code].items():
        for name, value in entries.items():
            words = value.split() if isinstance(value, str) else list(value)
            assert len(words) == len(set(words)), f"{code}: {section}.{name}"


@pytest.mark.parametrize("entry", ["names.openings", "names.titles", "negation.words", "answers.defined"])
def test_words_that_are_compared_folded_are_folded(entry: str) -> None:
    assert {word for word in word_set(entry) if fold(word) != word} == set()


def test_one_table_of_months_and_one_of_number_words() -> None:
    assert (MONTHS["sept"], MONTHS["fevrier"], MONTHS["dec"]) == (9, 2, 12)
    assert (CARDINALS["nineteen"], CARDINALS["seize"], CARDINALS.get("un")) == (19, 16, None)
    assert {"one", "un", "hundred", "milliard", "third", "soixante"} <= NUMBER_WORDS


def test_a_pattern_is_filled_with_the_words_of_both_languages() -> None:
    form = pattern(r"^{answers.copulas} {answers.articles}\b")
    assert form.search("Est une lampe") and form.search("are the lamps") and not form.search("is lamp")


def test_an_entry_that_no_language_has_is_an_error() -> None:
    with pytest.raises(KeyError, match="answers.lamps"):
        pattern("{answers.lamps}")
    assert mapping("capitals")["moscou"] == "RUS"
