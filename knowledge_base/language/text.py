"""A text read once: what it states that can be compared with another text, part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from knowledge_base.language.dates import Date, date_spans
from knowledge_base.language.names import Name, initials, names_in
from knowledge_base.language.negations import Negation, negations_in
from knowledge_base.language.numbers import Number, in_digits, numbers_in
from knowledge_base.language.places import NamedPlace, place_spans
from knowledge_base.language.vocabulary import LANGUAGES, mapping
from knowledge_base.language.words import fold, normalised, question_language, split_words, stem, stop_words, words

_LABEL = re.compile(r"\d+[/-][\d/-]+|\b[a-z]+[/-]?\d[\w/-]*|\b\d+[a-z]{1,3}\b(?<!st)(?<!nd)(?<!rd)(?<!th)(?<!er)(?<!e)")
_QUOTED = re.compile(r"[“\"«]\s*([^“”\"«»]{3,300}?)\s*[”\"»]")


@dataclass(frozen=True)
class Text:
    """A text in "en" or "fr"; each part is read when it is first asked for, and kept."""

    text: str
    language: str

    @classmethod
    def read(cls, text: str, language: str | None = None) -> Self:
        """Return a text to be read in its language; where that is none of the two, the one whose small words it holds."""
        return cls(text, language if language in LANGUAGES else question_language(text))

    @cached_property
    def words(self) -> frozenset[str]:
        """Return its words, folded, with and without elisions and possessives."""
        return frozenset(fold(word) for word, _ in split_words(self.text)) | frozenset(words(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of its words but its stop words."""
        kept = (word for word in words(self.text) if word not in stop_words(self.language))
        return frozenset(stem(word, self.language) for word in kept)

    @cached_property
    def normalised(self) -> str:
        """Return its folded words with single blanks: the form in which quoted words are looked up."""
        return normalised(self.text)

    @cached_property
    def digits(self) -> str:
        """Return it with its numbers in digits only."""
        return in_digits(self.text, self.language)

    @cached_property
    def _dated(self) -> tuple[tuple[Date, ...], str]:
        """Return the dates, and the text in digits and folded, without them."""
        spans, rest = date_spans(self.digits)
        return tuple(date for _, _, dates in spans for date in dates), rest

    @property
    def dates(self) -> tuple[Date, ...]:
        """Return its dates, as far as each is written out."""
        return self._dated[0]

    @cached_property
    def labels(self) -> frozenset[str]:
        """Return what is named by digits and letters, such as "73/27" or "wg5"."""
        return frozenset(match[0] for match in _LABEL.finditer(self._dated[1]) if any(c.isdigit() for c in match[0]))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Return its numbers that are no dates and no labels."""
        unlabelled = _LABEL.sub(lambda match: " " * len(match[0]), self._dated[1])
        return tuple(numbers_in(unlabelled, self.text, self.language))

    @cached_property
    def place_spans(self) -> tuple[NamedPlace, ...]:
        """Return where it names places."""
        return tuple(place_spans(self.text, self.language))

    @cached_property
    def places(self) -> frozenset[str]:
        """Return the ISO codes of the countries, and the keys of the groups, that it names."""
        return frozenset(key for span in self.place_spans for key in span.keys)

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """Return the words written as names that are no places."""
        taken = frozenset(position for span in self.place_spans for position in range(span.first, span.last))
        return tuple(names_in(self.text, self.language, taken))

    @cached_property
    def capitals(self) -> frozenset[str]:
        """Return the codes of the countries whose capital it names by itself ("in Paris", not "the Paris Call")."""
        cities = mapping("capitals")
        return frozenset(cities[name.word] for name in self.names if name.word in cities and len(name.run) == 1)

    @cached_property
    def initials(self) -> frozenset[str]:
        """Return the folded initials of its names of several words."""
        return initials(self.text)

    @cached_property
    def quoted(self) -> tuple[str, ...]:
        """Return what stands between quotation marks, normalised, where it is two words or more."""
        return tuple(quote for match in _QUOTED.finditer(self.text) if " " in (quote := normalised(match[1])))

    @cached_property
    def negations(self) -> tuple[Negation, ...]:
        """Return what it denies."""
        return tuple(negations_in(self.text, self.language))
