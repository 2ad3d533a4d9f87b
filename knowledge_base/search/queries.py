"""Read a question as a query: its words and how rare they are, typos corrected, the names in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log

from knowledge_base.language.places import country_name, lexicon
from knowledge_base.language.vocabulary import mapping, pattern
from knowledge_base.language.words import (
    content_words,
    fold,
    in_english,
    other_language,
    question_language,
    split_words,
    stem,
    stop_words,
    words,
)
from knowledge_base.store.catalog import Catalog, quoted_term

Terms = dict[str, tuple[str, ...]]

CONTEXT_WEIGHT = 0.4  # of a word that only the conversation holds
_SHORTEST_CORRECTED = 5  # letters
_MANY, _MANY_OF = 2, 3  # misspelt words, and of how many in all one is, in a question that is read anew
_SMALL = 0.25  # letters that a small word is taken to be nearer
_TRIED = 6  # words of the documents that a misspelt one is compared with
_LONG_WORD = 8  # letters, from which on two may differ
_ABBREVIATION = re.compile(r"\b(?=\w*[A-Z]\w*[A-Z])[A-Z][A-Za-z]{1,9}\d?\b")
_GROUP = pattern(r"\b{numbered.short_group}[ -]?(\d{1,2})\b|\b{numbered.group} (?:n[o°] ?)?(\d{1,2})\b")
_PRINCIPLE = pattern(r"\b{numbered.principle} (?:n[o°] ?)?(\d{1,2})\b")
_NAME = re.compile(r"\b(?:[A-ZÀ-Þ]|\d*[A-Z])[\w-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is searched.

    `text` is the question, misspelt words corrected, in `language` ("en" or "fr"); `context` is what a follow-up needs;
    both are embedded. `terms` maps each content word to its stems in
    English and French, `weights` to its rarity among the passages, less for words of the context. `unknown` are the words that
    occur in no passage; `mended` maps a misspelt word to the one that was read for it; `names` maps the words written as names
    to the FTS5 expressions that find them. `other` is the language that it is asked in, if neither English nor French.
    """

    text: str
    context: str = ""
    language: str = "en"
    terms: Terms = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    mended: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    other: str | None = None

    @property
    def in_english(self) -> str:
        """Return the words of a French question that carry meaning, in English where the glossary has them; others as asked."""
        if self.language != "fr":
            return self.text
        return " ".join(in_english(word) or word for word in content_words(self.text, "fr"))


class QueryReader:
    """Reads questions against the words of one catalog; `is_word` says which others are words, not typos."""

    def __init__(self, catalog: Catalog, is_word: Callable[[str], bool] = lambda _: False) -> None:
        self._catalog = catalog
        self._is_word = is_word
        self._kin_of: dict[str, dict[str, list[str]]] = {}

    def read(self, question: str, context: str = "", language: str | None = None) -> Query:
        """Read a question; `context` is what it depends on in a conversation, `language` that of the whole it is a part of."""
        language = language or question_language(question)
        french = language == "fr"
        question = self._with_groups_in_words(question, french)
        terms = question_terms(question, language)
        shouted = set() if question.isupper() else {fold(word) for word in _ABBREVIATION.findall(question)}
        mended = {
            word: other for word in self._unknown(terms) if word not in shouted and (other := self._corrected(word, french))
        }
        text = re.sub(r"[^\W_]+", lambda found: mended.get(fold(found[0]), found[0]), question) if mended else question
        own = question_terms(text, language)
        written = [] if text.isupper() else [word for name in _NAME.findall(text) for word in words(name) if word in own]
        names = {word: match_expression(own[word]) for word in dict.fromkeys(written)}
        all_terms = {**question_terms(context), **own}
        other = other_language(text)
        if other:
            own = {word: tuple(dict.fromkeys((*roots, *self._kin(word, other)))) for word, roots in own.items()}
            all_terms |= own
        rarity = rarities(all_terms, self._catalog)
        return Query(
            text=text,
            context=context,
            language=language,
            terms=all_terms,
            weights={word: value * (1.0 if word in own else CONTEXT_WEIGHT) for word, value in rarity.items()},
            unknown=self._unknown(all_terms),
            mended=mended,
            names=names | _numbered(text),
            other=other,
        )

    def _kin(self, word: str, language: str) -> Sequence[str]:
        """Return the terms of the index that have the same stem in a language as `word`: other forms of it."""
        if language not in self._kin_of:
            found = self._kin_of[language] = {}
            for term in self._vocabulary:
                found.setdefault(stem(term, language), []).append(term)
        return self._kin_of[language].get(stem(word, language), ())

    def _unknown(self, terms: Terms) -> tuple[str, ...]:
        frequency = self._catalog.document_frequency([s for stems in terms.values() for s in stems])
        return tuple(word for word, stems in terms.items() if not any(frequency[s] for s in stems))

    def _with_groups_in_words(self, question: str, french: bool) -> str:
        """Write "WG5" as "Working Group 5" where no document holds the short form."""

        def in_words(match: re.Match[str]) -> str:
            number = match[1]
            if number is None or self._catalog.document_frequency([f"wg{number}"])[f"wg{number}"]:
                return match[0]
            return f"Groupe de travail {number}" if french else f"Working Group {number}"

        return _GROUP.sub(in_words, question)

    # Misspelt words

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        """Map each stem of three letters or more to the number of passages that hold it."""
        return {term: count for term, count in self._catalog.vocabulary() if len(term) > 2 and term.isalpha()}

    def _corrected(self, word: str, only_typos: bool) -> str | None:
        """Return the word of the documents that `word`, which they do not hold, may be a typo of, or None.

        `only_typos`: for a language whose words `is_word` does not know.
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        if len(word) < _SHORTEST_CORRECTED or not word.isalpha() or self._is_word(word):
            return None
        limit = 2 if len(word) >= _LONG_WORD else 1
        near = {
            candidate: distance
            for root in {stem(word, "en"), stem(word, "fr")}
            for candidate, distance, _ in extract(root, self._vocabulary.keys(), scorer=OSA.distance, score_cutoff=limit)
            if candidate[0] == word[0]
        }
        for candidate in sorted(near, key=lambda c: (near[c], -self._vocabulary[c])):
            other = self._as_written(candidate)
            # Short words that differ in one place must differ as typos do: letters changed places, or one is left out.
            is_typo = other and (len(word) != len(other) or sorted(word) == sorted(other))
            if other and OSA.distance(word, other) <= limit and (is_typo or not (only_typos or len(word) < _LONG_WORD)):
                return other
        return None

    def respelt(self, question: str) -> str | None:
        """Return a question of which many words are misspelt as it is probably meant, or None for any other.

        Many are two or more, and a third of all. Each word that is neither a small word nor one of the documents is then read
        as the nearest such word, if one is near.
        """
        found = [word for word in words(question) if word.isalpha()]
        small = stop_words(question_language(question))
        frequency = self._catalog.document_frequency([stem(word, code) for word in found for code in ("en", "fr")])
        strange = [
            word
            for word in dict.fromkeys(found)
            if word not in small and len(word) > 2 and not any(frequency[stem(word, code)] for code in ("en", "fr"))
        ]
        unknown = [word for word in strange if not self._is_word(word)]
        capitals = {fold(word) for word in _NAME.findall(question)} if not question.isupper() else set()
        if len(unknown) < _MANY or _MANY_OF * len(strange) < len(found) or not capitals.isdisjoint(unknown):
            return None
        read = {word: other for word in strange if (other := self._nearest(word, small))}
        if len(read) < max(_MANY, len(unknown) - 1):
            return None
        return re.sub(r"[^\W_]+", lambda match: read.get(fold(match[0]), match[0]), question)

    def _nearest(self, word: str, small: frozenset[str]) -> str | None:
        """Return the small word or word of the documents that a misspelt one is nearest to, the commonest of equals."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        limit = 2 if len(word) >= _SHORTEST_CORRECTED else 1
        roots = {stem(word, "en"), stem(word, "fr"), word}
        found = [
            e
            for root in roots
            for e in extract(root, self._vocabulary.keys(), scorer=OSA.distance, score_cutoff=limit, limit=20)
        ]
        of_documents = sorted({(distance, -self._vocabulary[root], root) for root, distance, _ in found})[:_TRIED]
        candidates = [(other, count) for _, count, root in of_documents for other in self._forms(root)]
        near, is_word = [], self._is_word(word)
        for other, count in [*candidates, *((other, 0) for other in small if len(other) > 2)]:
            folded = fold(other)
            distance = OSA.distance(word, folded)
            is_slip = len(word) != len(folded) or sorted(word) == sorted(folded)  # letters changed places, or one is left out
            if distance > (limit if count and not is_word else 1) or (is_word and not (is_slip and folded[0] == word[0])):
                continue
            rank = distance + 0.5 * (folded[0] != word[0]) + 0.4 * (not is_slip) - _SMALL * (not count)
            near.append((rank, count, other.swapcase()))  # of two forms that differ in case alone, the lower comes first
        return min(near)[2].swapcase() if near else None

    def _forms(self, root: str) -> set[str]:
        """Return the words with this stem in the best passages that hold it, as they are written there."""
        ids = self._catalog.search(quoted_term(root), _TRIED, (1.0, 1.0, 1.0))
        written = (word for passage in self._catalog.passages(ids).values() for word, _ in split_words(passage.text))
        return {word for word in written if root in (stem(fold(word), "en"), stem(fold(word), "fr"))}

    def _as_written(self, root: str) -> str | None:
        """Return a word of the documents with this stem."""
        ids = self._catalog.search(quoted_term(root), 1, (1.0, 1.0, 1.0))
        for passage in self._catalog.passages(ids).values():
            for word in words(f"{passage.title} {passage.heading} {passage.text}"):
                if root in (stem(word, "en"), stem(word, "fr")):
                    return word
        return None


def question_terms(question: str, language: str | None = None) -> Terms:
    """Map each content word of a question, folded, to its stems as documents in English and French hold them, and short."""
    other = other_language(question)
    code = other or language or question_language(question)
    found: Terms = {}
    for word in content_words(question, code):
        english = (in_english(word) or _country_in_english(word)) if code == "fr" else None
        stems = (stem(word, "en"), stem(word, "fr"), *([stem(fold(english), "en")] if english else []))
        short = mapping("short_forms").get(word)
        found[word] = tuple(dict.fromkeys((*stems, *([short] if short else []))))
    return found


def _country_in_english(word: str) -> str | None:
    """Return the English name, in one word, of the country that a folded French word names, or None."""
    places = lexicon().get((word,), ())
    name = country_name(places[0].key, "en") if len(places) == 1 else ""
    return name if name and " " not in name else None


def rarities(terms: Mapping[str, Sequence[str]], catalog: Catalog) -> dict[str, float]:
    """Return the inverse document frequency of each word among the passages, as Lucene defines it: never below 0."""
    total = catalog.counts()["passages"]
    frequency = catalog.document_frequency([s for stems in terms.values() for s in stems])
    held = {word: max(frequency[s] for s in stems) for word, stems in terms.items()}
    return {word: log(1 + (total - count + 0.5) / (count + 0.5)) for word, count in held.items()}


def _numbered(text: str) -> dict[str, str]:
    """Map each working group or principle that a question names by its number to the FTS5 expression that finds it."""
    groups = {
        f"working group {n}": (f"wg{n}", f"work group {n}", f"group travail {n}")
        for pair in _GROUP.findall(text)
        for n in pair
        if n
    }
    principles = {f"principle {n}": (f"principl {n}", f"princip {n}") for n in _PRINCIPLE.findall(text)}
    return {name: match_expression(phrases) for name, phrases in (groups | principles).items()}


def match_expression(terms: Iterable[str]) -> str:
    """Return the FTS5 expression that matches passages with any of the stems, or phrases of stems."""
    return " OR ".join(dict.fromkeys(quoted_term(term) for term in terms if term))
