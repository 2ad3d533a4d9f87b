"""Things that documents number without a label of their own: what is said of "principle 5", of all principles, who led each.

"Principle 5" stands in a heading, at the head of a list item or sentence, or, unnumbered, as the fifth item of a list that says
the same. A thing's statement is the one that stands nearest to a text's own structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.quotes.quoting import Quote, list_around, page_quotes
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import (
    content_words,
    fold,
    in_english,
    question_language,
    stem,
    stems,
    stop_words,
    words,
)
from knowledge_base.passages import Passage
from knowledge_base.search.queries import match_expression
from knowledge_base.store.catalog import Catalog

_HOLDS = pattern(r"\b{wanted.holding}\b")
_CLAUSE = re.compile(r"(?<!\d), |; ")
_ASKED = pattern(r"\b{wanted.leading}\b")
OWN = "briefs/"  # the documents that the assistant comes with
_SEARCHED = 60  # passages that name a thing
_SIMILAR = 12  # passages that may hold a list which says the same
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+|[,;:()]")
_NUMBER_SIGN = re.compile(r"(?:\bn[o°º]\.?|#)\s*(?=\d)")
_HEAD = 2  # words before a thing's name at the head of a sentence
_FEWEST_WORDS = 5
_SAME = 0.6  # share of the words of two sentences that say the same
_MOST_THINGS = 40
_GAP = 3  # numbers in a row that may be looked for in vain, and one more
_COLUMNS = (1.0, 1.0, 1.0)
_LIST, _HEADING, _HEAD_OF_ITEM, _HEAD_OF_SENTENCE = range(4)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a document says a thing is; `standing` is lower for what stands nearer to its structure.

    `number` is the thing's; `before` counts the words that stand before its name.
    """

    quote: Quote
    standing: int
    number: int
    before: int = 0

    @property
    def is_own(self) -> bool:
        """Say whether it stands in one of the assistant's own briefs."""
        return is_own(self.quote.passage)

    @property
    def is_text(self) -> bool:
        """Say whether it is the thing's text, not a sentence on it."""
        return self.standing <= _HEADING and not self.is_own


def is_own(passage: Passage) -> bool:
    """Say whether a passage stands in one of the assistant's own briefs, which put other documents in other words."""
    return passage.source.startswith(OWN)


@dataclass(frozen=True)
class Series:
    """The things of one noun ("principle", "working group") in a catalog, read for a question in `language`."""

    noun: str
    language: str
    catalog: Catalog

    @cached_property
    def _phrases(self) -> tuple[tuple[str, ...], ...]:
        """Return the stems of the noun as documents in English and French hold them."""
        own = content_words(self.noun, self.language)
        roots = [tuple(stem(word, self.language) for word in own)]
        if self.language == "fr" and all(english := [in_english(word) for word in own]):
            translated = tuple(stem(str(word), "en") for word in english)
            roots += [translated, translated[::-1]]
        return tuple(dict.fromkeys(roots))

    @property
    def is_noun(self) -> bool:
        """Say whether the things are mostly called by a noun of two words: "working group", but not "call principle"."""
        first, _, last = self.noun.partition(" ")
        if not last or not self.numbers:
            return True
        head = Series(first if self.language == "fr" else last, self.language, self.catalog)
        return 2 * len(self.passages(self.numbers[0])) >= len(head.passages(self.numbers[0]))

    @cached_property
    def numbers(self) -> list[int]:
        """Return the numbers of the things that documents name, up to a gap; none where fewer than two are named."""
        found: list[int] = []
        while len(found) < _MOST_THINGS:
            following = found[-1] + 1 if found else 1
            number = next((n for n in range(following, following + _GAP) if self.is_named(n)), None)
            if number is None:
                break
            found.append(number)
        return found if len(found) > 1 else []

    def is_named(self, number: int) -> bool:
        """Say whether a passage names a thing."""
        return any(self.named_at(f"{p.heading}\n{p.text}", number) is not None for p in self.passages(number))

    def _names(self, number: int) -> list[tuple[str, ...]]:
        """Return how documents name a thing, in stems: "work group 5", and "wg5" where the noun has several words."""
        short = {("".join(root[0] for root in phrase) + str(number),) for phrase in self._phrases if len(phrase) > 1}
        return [*((*phrase, str(number)) for phrase in self._phrases), *short]

    def _expression(self, number: int) -> str:
        return match_expression(" ".join(name) for name in self._names(number))

    def is_in_language(self, statement: Statement) -> bool:
        """Say whether a statement is in the language of the question."""
        return _language(statement.quote) == self.language

    def passages(self, number: int) -> list[Passage]:
        """Return the passages that name a thing, best first."""
        return list(self.catalog.passages(self.catalog.search(self._expression(number), _SEARCHED, _COLUMNS)).values())

    def named_at(self, text: str, number: int) -> int | None:
        """Return how many words stand before the first place where a text names a thing, or None.

        The number follows the noun: "Call of 12 November" and "Call, 1,222 of" name none.
        """
        written = enumerate(_TOKEN.findall(_NUMBER_SIGN.sub("", fold(text))))
        tokens = [(at, token) for at, token in written if token.isdigit() or (token[0].isalnum() and token not in _SMALL)]
        for language in dict.fromkeys((self.language, "en")):
            found = [stem(token, language) for _, token in tokens]
            for name in self._names(number):
                for here in range(len(found) - len(name) + 1):
                    last = here + len(name) - 1
                    follows = len(name) == 1 or tokens[last][0] - tokens[last - 1][0] == 1
                    if tuple(found[here : last + 1]) == name and follows:
                        return here
        return None

    def statements(self, number: int) -> list[Statement]:
        """Return what says what a thing is, the best first: in the question's language, a text's own words before others'."""
        found = [statement for passage in self.passages(number) for statement in self._in_passage(passage, number)]
        found += [self_same for statement in found[:] for self_same in self._in_lists(statement)]
        return sorted(_once(found), key=lambda s: (_language(s.quote) != self.language, s.is_own, s.standing, s.before))

    def _in_passage(self, passage: Passage, number: int) -> Iterator[Statement]:
        """Yield the sentences of a passage that say what a thing is."""
        is_heading = self._is_heading(passage.heading.rpartition(" > ")[2], number)
        for span, text in zip(passage.sentences, passage.sentence_texts, strict=True):
            if span.kind == "heading":
                is_heading = self._is_heading(text, number)
            if span.kind == "heading" or span.role not in ("sentence", "item") or len(words(text)) < _FEWEST_WORDS:
                continue
            quote = Quote(passage, span.start, span.end, text, span.kind, role=span.role)
            here = self.named_at(text, number)
            if span.kind == "field" and is_heading:
                yield Statement(quote, _HEADING, number)
            elif here is not None and here <= _HEAD:
                yield Statement(quote, _HEAD_OF_ITEM if span.kind == "list_item" else _HEAD_OF_SENTENCE, number, here)

    def _is_heading(self, heading: str, number: int) -> bool:
        """Say whether a heading is little more than the name of a thing."""
        at = self.named_at(heading, number)
        return at is not None and len(words(heading)) <= at + len(self._phrases[0]) + _HEAD

    def _in_lists(self, statement: Statement) -> Iterator[Statement]:
        """Yield the items of other documents' lists that stand at the thing's place in them and say the same."""
        text, language = statement.quote.text, _language(statement.quote)
        if statement.standing != _HEADING:
            return
        similar = match_expression(dict.fromkeys(stems(text, language)))
        for passage in self.catalog.passages(self.catalog.search(similar, _SIMILAR, _COLUMNS)).values():
            page = page_quotes(passage, self.catalog)
            for here, quote in enumerate(page):
                if quote.kind != "list_item" or not _say_the_same(text, quote.text, language):
                    continue
                items = [item for item in list_around(page, here, wanted=True) if item.kind == "list_item"]
                if items.index(quote) == statement.number - 1 or quote is items[-1]:
                    yield Statement(quote, _LIST, statement.number)

    def all_statements(self) -> list[Statement]:
        """Return one statement for each of the things, all from one document where one has them all."""
        each = [self.statements(number) for number in self.numbers]
        if not each or not all(each):
            return [statements[0] for statements in each if statements]
        for first in each[0]:
            same = [
                next((s for s in statements if (s.quote.passage.source, s.standing) == _place(first)), None)
                for statements in each
            ]
            if all(same):
                return [statement for statement in same if statement]
        return [statements[0] for statements in each]


_SMALL = stop_words("fr") | stop_words("en")


def _place(statement: Statement) -> tuple[str, int]:
    return statement.quote.passage.source, statement.standing


def _language(quote: Quote) -> str:
    return quote.passage.language or question_language(quote.text)


def _say_the_same(one: str, other: str, language: str) -> bool:
    mine, theirs = set(stems(one, language)), set(stems(other, language))
    return bool(mine and theirs) and len(mine & theirs) >= _SAME * max(len(mine), len(theirs))


def _once(statements: Sequence[Statement]) -> list[Statement]:
    """Return the statements, each stretch of text once, at its best standing."""
    best: dict[tuple[str, int, int], Statement] = {}
    for statement in sorted(statements, key=lambda s: s.standing):
        best.setdefault((*statement.quote.place, statement.quote.start), statement)
    return list(best.values())


# Who led each


def asks_who_held(question: str) -> bool:
    """Say whether a question holds a word for leading something."""
    return bool(_ASKED.search(question))


def holders(series: Series, numbers: list[int]) -> dict[int, Quote]:
    """Return for each of a series' things the best sentence that says who led it; those without one are left out."""
    found: dict[int, Quote] = {}
    for number in numbers:
        candidates = [
            (score, quote) for passage in series.passages(number) for score, quote in _holding(passage, series, number)
        ]
        if candidates:
            found[number] = max(candidates, key=lambda pair: pair[0])[1]
    return found


def _holding(passage: Passage, series: Series, number: int) -> list[tuple[tuple[bool, ...], Quote]]:
    """Return the sentences of a passage that say who led a thing, with how well each does."""
    found: list[tuple[tuple[bool, ...], Quote]] = []
    above = series.named_at(f"{passage.title} {passage.heading}", number) is not None
    for span, text in zip(passage.sentences, passage.sentence_texts, strict=True):
        is_named = series.named_at(text, number) is not None
        clauses = [clause for clause in _CLAUSE.split(text) if series.named_at(clause, number) is not None]
        is_said = any(_HOLDS.search(clause) for clause in clauses)
        if span.role not in ("sentence", "item") or not _HOLDS.search(text) or not (is_named or above):
            continue
        others = any(series.named_at(text, other) is not None for other in series.numbers if other != number)
        in_language = (passage.language or question_language(text)) == series.language
        order = (
            is_said and not others,
            is_named and not others,
            in_language,
            not is_own(passage),
            is_named,
            span.kind == "list_item",
        )
        found.append((order, Quote(passage, span.start, span.end, text, span.kind, role=span.role)))
    return found
