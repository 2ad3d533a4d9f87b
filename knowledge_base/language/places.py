"""Countries and groups of countries: their names in English and French, the words by which people name them, where they do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from knowledge_base.language.vocabulary import word_set
from knowledge_base.language.words import split_words, words

LIBRARY = Path(__file__).parents[1] / "library"
SAFE_SIMILARITY = 84.0  # of 100: "Columbia" is Colombia; at least one letter in six may be wrong
SHORTEST_TYPO = 5  # letters of the shortest word that is compared by similarity
_LONGEST = 5  # words of a name as it stands in a sentence
_LONG_NAME = 4  # letters past which a French word in small letters may be a place

Phrase = tuple[str, ...]
Lexicon = Mapping[Phrase, tuple["Place", ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """A country or a group of countries; `codes` are ISO 3166-1 alpha-3; a country has one, its `key`."""

    key: str
    english: str
    french: str
    codes: tuple[str, ...]

    @property
    def is_group(self) -> bool:
        """Return whether this is a group of countries."""
        return self.codes != (self.key,)

    def name(self, language: str) -> str:
        """Return the name in "en" or "fr"."""
        return self.french if language == "fr" else self.english


@cache
def data(name: str) -> dict[str, Any]:
    """Return the data file `name` of the library, read once."""
    return tomllib.loads((LIBRARY / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1000)
def current_code(code: str | None) -> str | None:
    """Return the current alpha-3 code for `code`, which may be a retired one ("ROM"); None where it is no country."""
    if not code or not code.strip():
        return None
    written = code.strip().upper()
    found = data("retired_codes.toml")["codes"].get(written, written)
    return str(found) if found in _two_letter_codes() else None


def country(code: str) -> Place | None:
    """Return the country of an alpha-3 code, current or retired, or None."""
    found = current_code(code)
    return _countries().get(found) if found else None


def country_name(code: str | None, language: str) -> str:
    """Return the name in "en" or "fr" of the country with this alpha-3 code; the code itself, or "", where there is none."""
    place = country(code) if code else None
    return place.name(language) if place else code or ""


def group(key: str) -> Place:
    """Return the group with this key, such as "EU"."""
    return next(place for place in _groups() if place.key == key)


def takes_article(place: Place) -> bool:
    """Return whether English puts "the" before the name of this country."""
    return place.key in data("country_words.toml")["english_article"]["codes"].split()


@cache
def lexicon() -> Lexicon:
    """Map each phrase of folded words that names a place to the places it may mean; more than one is ambiguous.

    Places are named by their names, official names, adjectives and inhabitants in all their forms, and aliases.
    """
    import pycountry

    groups = (entry["words"] for entry in data("country_groups.toml")["groups"])
    named: list[tuple[Place, list[str]]] = []
    told = data("country_words.toml")
    for code, place in _countries().items():
        entry = pycountry.countries.get(alpha_3=code)
        official = [getattr(entry, field, "") for field in ("name", "common_name", "official_name")]
        names = [place.english, place.french, place.english.replace(" & ", " and "), *told["aliases"].get(code, [])]
        names += [name for name in official if name and "," not in name]
        english, french = told["adjectives"].get(code, ("", ""))
        for word in filter(None, english.split("/")):
            names += [word] if word.endswith(("ese", "sh", "ch", "ss", "s")) else [word, f"{word}s"]
        for word in filter(None, french.split("/")):  # masculine and feminine; nouns in -en and -on double their n
            feminine = word if word.endswith("e") else f"{word}ne" if word.endswith(("en", "on")) else f"{word}e"
            names += [word, word if word.endswith("s") else f"{word}s", feminine, f"{feminine}s"]
        named.append((place, names))
    found: dict[Phrase, tuple[Place, ...]] = {}
    for place, phrases in [*named, *zip(_groups(), groups, strict=True)]:
        for phrase in map(tuple, map(words, phrases)):
            if phrase and place not in found.get(phrase, ()):
                found[phrase] = (*found.get(phrase, ()), place)
    for phrase, codes in told["ambiguous"].items():
        found[tuple(words(phrase))] = tuple(_countries()[code] for code in codes)
    for word in told["not_names"]["words"]:
        found.pop((word,), None)
    return found


def find(text: str) -> tuple[Place, ...]:
    """Return the places that the whole of `text` names, small typos allowed; several where it is ambiguous."""
    phrase = tuple(words(text))
    if phrase[:1] in {("the",), ("la",), ("le",), ("les",), ("l",)}:
        phrase = phrase[1:]
    return lexicon().get(phrase) or nearly(" ".join(phrase))


def nearly(text: str) -> tuple[Place, ...]:
    """Return the countries whose name is a small typo away from the folded `text`; none where the first letter differs."""
    if len(text) < SHORTEST_TYPO:
        return ()
    from rapidfuzz import fuzz, process

    same_start = _long_names().get(text[0], ())
    matches = process.extract(text, same_start, scorer=fuzz.ratio, score_cutoff=SAFE_SIMILARITY, limit=4)
    best = [key for key, score, _ in matches if score >= matches[0][1] - 2]
    return tuple(dict.fromkeys(place for key in best for place in lexicon()[tuple(key.split())]))


class NamedPlace(NamedTuple):
    """Where a text names a place: words `first` to `last` (exclusive) of its split words, and what they may mean."""

    first: int
    last: int
    keys: frozenset[str]


def place_spans(text: str, language: str) -> list[NamedPlace]:
    """Return where a text names places: the longest known name first, as a sentence in "en" or "fr" writes it."""
    written = [word for word, _ in split_words(text)]
    folded = [words(word) for word in written]
    found: list[NamedPlace] = []
    position = 0
    while position < len(written):
        length, places = place_at(folded, position)
        while length and not _is_written_as_a_place(written[position], folded[position : position + length], language):
            length, places = place_at(folded, position, length - 1)
        if length:
            found.append(NamedPlace(position, position + length, frozenset(place.key for place in places)))
        position += length or 1
    return found


def place_at(folded: Sequence[Sequence[str]], position: int, most: int = _LONGEST) -> tuple[int, tuple[Place, ...]]:
    """Return how many words from a position on are the longest known name of a place, at `most` so many, and what it may mean.

    `folded` are the folded parts of each word ("Bosnia-Herzegovina" has two). 0 and nothing where no name stands there.
    """
    for length in range(min(most, len(folded) - position), 0, -1):
        phrase = tuple(part for parts in folded[position : position + length] for part in parts)
        if phrase and (places := lexicon().get(phrase)):
            return length, places
    return 0, ()


def _is_written_as_a_place(word: str, folded: Sequence[Sequence[str]], language: str) -> bool:
    """Return whether a name of a place is meant as one by its letters: "US" and "China"; in French "chinois" too."""
    phrase = [part for parts in folded for part in parts]
    cased = word_set("names.cased_places")
    if len(phrase) == 1 and phrase[0] in cased and len(phrase[0]) == 2:
        return word.isupper()
    return word[:1].isupper() or (language == "fr" and len(phrase[0]) > _LONG_NAME and phrase[0] not in cased)


@cache
def _two_letter_codes() -> dict[str, str]:
    import pycountry

    codes: dict[str, str] = {entry.alpha_3: entry.alpha_2 for entry in pycountry.countries}
    codes.update(data("retired_codes.toml")["user_assigned"])
    return codes


@cache
def _countries() -> dict[str, Place]:
    from babel import Locale

    found = {}
    for code, short in _two_letter_codes().items():
        names = [Locale(language).territories.get(short, "") for language in ("en", "fr")]
        if all(names):  # without the marks of administration of CLDR: "Hong Kong SAR China"
            english, french = (
                n.replace(" - ", "-").removesuffix(" SAR China").removeprefix("R.A.S. chinoise de ") for n in names
            )
            found[code] = Place(code, english, french, (code,))
    return found


@cache
def _groups() -> tuple[Place, ...]:
    entries = data("country_groups.toml")["groups"]
    return tuple(Place(e["key"], e["english"], e["french"], tuple(e["members"].split())) for e in entries)


@cache
def _long_names() -> dict[str, list[str]]:
    """Return the names that may hold a typo, by their first letter."""
    found: dict[str, list[str]] = {}
    for text in map(" ".join, lexicon()):
        if len(text) >= SHORTEST_TYPO:
            found.setdefault(text[0], []).append(text)
    return found
