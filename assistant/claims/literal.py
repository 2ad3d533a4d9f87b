"""Check the facts of a sentence against its evidence: each must be found there, and be said of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from assistant.claims.evidence import EvidencePassage
from knowledge_base.language.dates import date_spans
from knowledge_base.language.numbers import Number
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import mapping
from knowledge_base.language.words import stem, words

_SMALL = 12  # a claim may count so many things itself
_CLAUSE_END = re.compile(r"[,;:]\s|\s[–—-]\s")
_CLAUSE_WORDS, _CLAUSE_MARGIN = 3, 2  # of a clause: how many are compared, how many more another sentence must share
_SHORT = 2  # letters of a name that stands for common words ("GP")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact not confirmed: a `break` where the passages do not have it, a `doubt` where they say it of another thing."""

    kind: str
    grade: Literal["doubt", "break"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a claim is checked against: the quoted sentences, these with what is `near` to them, and the whole passages.

    `near` has the sentence before each quoted one, and the titles and headings, too.
    """

    quoted: Sequence[Text]
    near: Text
    passages: Sequence[EvidencePassage]


def adds_facts(claim: Text, sentence: Text, chosen: Sequence[Text]) -> bool:
    """Return whether a sentence holds a number of the claim with its noun, a date or a place that none of the chosen holds."""
    numbers = [n for n in claim.numbers if not any(n.equals(o) for held in chosen for o in held.numbers)]
    dates = [d for d in claim.dates if not d.is_met_by([o for held in chosen for o in held.dates])]
    places = claim.places - frozenset[str]().union(*(held.places for held in chosen))
    return bool(
        any(n.equals(o) and n.noun == o.noun for n in numbers for o in sentence.numbers)
        or any(d.is_met_by(sentence.dates) for d in dates)
        or places & sentence.places
    )


def check_facts(claim: Text, ground: Ground) -> Iterator[Finding]:
    """Give what of the claim's quotes, dates, numbers, labels, places and names is not confirmed."""
    whole = [passage.whole for passage in ground.passages]
    for quote in claim.quoted:
        if not any(f" {quote} " in f" {passage.said.normalised} " for passage in ground.passages):
            yield Finding("quote", "break")
    yield from _check_dates(claim, ground)
    yield from _check_numbers(claim, ground)
    groups = {int(n.value) for text in whole for n in text.numbers}
    labels = {f"{short}{number}" for short in ("wg", "gt") for number in groups}
    if claim.labels - labels.union(*(text.labels | text.words for text in whole)):
        yield Finding("number", "break")
    everywhere = {place for text in whole for place in text.places}
    quoted = {place for text in ground.quoted for place in text.places}
    for place in claim.places - quoted:
        if place not in everywhere:
            yield Finding("place", "doubt" if any(place in text.capitals for text in whole) else "break")
        elif place not in ground.near.places or quoted - claim.places:
            yield Finding("place", "doubt")
    yield from _check_names(claim, ground)


def _check_dates(claim: Text, ground: Ground) -> Iterator[Finding]:
    """Give a date that is not quoted, and one whose clause a sentence says of another date than the claim has anywhere."""
    quoted = [date for text in ground.quoted for date in text.dates]
    everywhere = [date for passage in ground.passages for date in passage.whole.dates]
    for date in claim.dates:
        if date.is_met_by(quoted):
            continue
        if not date.is_met_by(everywhere):
            yield Finding("date", "break")
        elif not date.is_met_by(ground.near.dates) or any(date.shares_a_kind_with(other) for other in quoted):
            yield Finding("date", "doubt")
    sentences = [sentence.said for passage in ground.passages for sentence in passage.sentences]
    exact = [date for _, _, dates in date_spans(claim.text)[0] for date in dates if date.month]
    dated = [[date for date in said.dates if date.month] for said in sentences]
    others = [
        said
        for said, dates in zip(sentences, dated, strict=True)
        if dates and not any(date.is_met_by([other]) for other in dates for date in exact)
    ]
    for clause in _CLAUSE_END.split(claim.text):
        spans, rest = date_spans(clause)
        stems = Text(rest, ground.quoted[0].language).stems
        for date in (date for _, _, dates in spans for date in dates if date.month and len(stems) >= _CLAUSE_WORDS):
            holding = max((len(stems & said.stems) for said in sentences if date.is_met_by(said.dates)), default=0)
            rival = max((len(stems & said.stems) for said in others), default=0)
            if rival - holding >= max(_CLAUSE_MARGIN, len(stems) / 4):
                yield Finding("date", "doubt")


def _check_numbers(claim: Text, ground: Ground) -> Iterator[Finding]:
    """Give a number that is not quoted, or quoted of another noun; a sum or difference of two that are is doubted only."""
    quoted = [number for text in ground.quoted for number in text.numbers]
    everywhere = [number for passage in ground.passages for number in passage.whole.numbers]
    counts = [[number.value for number in text.numbers if number.kind == "count"] for text in ground.quoted]
    pairs = [pair for values in counts for pair in combinations(values, 2)]
    years = {date.year for text in ground.quoted for date in text.dates if date.year}
    reckoned = {a + b for a, b in pairs} | {abs(a - b) for a, b in [*pairs, *combinations(years, 2)]}
    for number in claim.numbers:
        if held := [other for other in quoted if number.equals(other)]:
            is_of_it = number.kind == "ordinal" or any(other.noun == number.noun for other in held)
            if not is_of_it and _has_rival(number, quoted):
                yield Finding("number", "doubt")
        elif any(number.equals(other) for other in everywhere) or any(
            number.value in (date.day, date.year) for date in ground.near.dates
        ):
            yield Finding("number", "break" if _has_rival(number, quoted) else "doubt")
        else:
            is_small = number.value <= _SMALL or number.kind == "ordinal"
            is_rough = number.kind == "share" and number.bounds is not None
            may_be = is_rough or (number.kind == "count" and number.value in reckoned)
            is_counted = is_small and not _has_rival(number, everywhere)
            yield Finding("number", "doubt" if is_counted or may_be else "break")


def _has_rival(number: Number, others: Sequence[Number]) -> bool:
    """Return whether one of the others counts the same noun and is another number."""
    return any(other.noun == number.noun != "" and other.value != number.value for other in others)


def _check_names(claim: Text, ground: Ground) -> Iterator[Finding]:
    """Give a name that is not near, unless the passages write it out, or write short what it writes out."""
    whole = [passage.whole for passage in ground.passages]
    everywhere = frozenset[str]().union(*(text.words for text in whole))
    near = frozenset(words(ground.near.text))
    written_out = frozenset[str]().union(*(text.initials for text in whole))
    places = {place for text in whole for place in text.places}
    for name in claim.names:
        letters = "".join(word[0] for word in name.run if word[:1].isalpha())
        is_short_there = len(letters) > 1 and letters in everywhere and letters in claim.initials
        if _is_held(name.word, near) or name.word in written_out or is_short_there:
            continue
        may_be_meant = (
            mapping("capitals").get(name.word) in places
            or name.is_doubtful
            or (name.word != name.run[-1] and _is_held(name.run[-1], near))  # a first name
            or (len(name.word) == _SHORT and len(name.run) == 1)
            or _is_held(name.word, everywhere)
        )
        yield Finding("name", "doubt" if may_be_meant else "break")


def _is_held(word: str, held: frozenset[str]) -> bool:
    """Return whether a word, or each of its parts in some form ("Europeans" for "European"), is among those held."""
    return word in held or all(
        part in held
        or not held.isdisjoint({part + "s", part + "e", part.removesuffix("s"), part.removesuffix("e")} - {""})
        or any(stem(part, code) == stem(other, code) for code in ("en", "fr") for other in held if other[:4] == part[:4])
        for part in words(word)
    )
