"""Check the facts of a sentence against its evidence: each must stand there, and be said of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from assistant.claims.evidence import EvidencePassage, EvidenceSentence
from knowledge_base.language.dates import Date, date_spans
from knowledge_base.language.names import Name
from knowledge_base.language.numbers import Number
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import mapping
from knowledge_base.language.words import stem, words

Grade = Literal["doubt", "break"]
_SMALL = 12  # a claim may count so many things itself
_CLAUSE_END = re.compile(r"[,;:]\s|\s[–—-]\s")
_CLAUSE_WORDS, _CLAUSE_MARGIN = 3, 2  # of a clause: how many are compared, how many more another sentence must share
_SHORT = 2  # letters of a name that stands for common words ("GP")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that does not stand: a `break` where the passage has none such, a `doubt` where it stands somewhere else in it."""

    kind: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Ground:
    """What a claim is checked against: the sentences that are to be quoted, and the passages they are of."""

    sentences: Sequence[EvidenceSentence]
    passages: Sequence[EvidencePassage]

    @property
    def said(self) -> list[Text]:
        """Return the quoted sentences as they were read."""
        return [sentence.said for sentence in self.sentences]

    @property
    def near_text(self) -> str:
        """Return the quoted sentences, each with the one before it, and titles and headings."""
        before = [p.sentences[s.position - 1].text for s in self.sentences for p in self._of(s) if s.position]
        return "\n".join([p.context for p in self.passages] + before + [s.text for s in self.sentences])

    def _of(self, sentence: EvidenceSentence) -> list[EvidencePassage]:
        return [passage for passage in self.passages if passage.number == sentence.passage]


def adds_facts(claim: Text, sentence: Text, chosen: Sequence[Text]) -> bool:
    """Say whether a sentence holds a number of the claim with its noun, a date, or a place, that none of the chosen holds."""
    numbers = [n for n in claim.numbers if not any(n.equals(o) for held in chosen for o in held.numbers)]
    dates = [d for d in claim.dates if not d.is_met_by([o for held in chosen for o in held.dates])]
    places = claim.places - frozenset[str]().union(*(held.places for held in chosen))
    return bool(
        any(n.equals(o) and n.noun == o.noun for n in numbers for o in sentence.numbers)
        or any(d.is_met_by(sentence.dates) for d in dates)
        or places & sentence.places
    )


def check_facts(claim: Text, ground: Ground, near: Text, same_language: bool) -> list[Finding]:
    """Return what of the claim's facts does not stand on the ground; `near` is its near text."""
    findings = [
        *_check_quotes(claim, ground),
        *_check_dates(claim, ground, near),
        *_check_clauses(claim.text, ground),
        *_check_numbers(claim, ground, near),
        *_check_labels(claim, ground),
        *_check_places(claim, ground, near),
        *_check_names(claim, ground),
    ]
    if same_language:
        return findings
    return [Finding(f.kind, "doubt") if f.kind in ("name", "quote") else f for f in findings]


def _check_quotes(claim: Text, ground: Ground) -> Iterator[Finding]:
    for quote in claim.quoted:
        if not any(f" {quote} " in f" {passage.said.normalised} " for passage in ground.passages):
            yield Finding("quote", "break")


def _check_dates(claim: Text, ground: Ground, near: Text) -> Iterator[Finding]:
    quoted = [date for quote in ground.said for date in quote.dates]
    everywhere = [date for passage in ground.passages for date in passage.whole.dates]
    for date in claim.dates:
        if date.is_met_by(quoted):
            continue
        if not date.is_met_by(everywhere):
            yield Finding("date", "break")
        elif not date.is_met_by(near.dates) or _has_rival(date, quoted):
            yield Finding("date", "doubt")


def _check_clauses(text: str, ground: Ground) -> Iterator[Finding]:
    """Doubt a date whose clause is said, in a sentence of the passages, of another date than the claim has anywhere."""
    sentences = [sentence for passage in ground.passages for sentence in passage.sentences]
    claimed = _dates_in(text)[0]
    for clause in _CLAUSE_END.split(text):
        dates, rest = _dates_in(clause)
        said = Text(rest, ground.sentences[0].said.language).stems
        for date in (d for d in dates if d.month and len(said) >= _CLAUSE_WORDS):
            holding = [len(said & s.said.stems) for s in sentences if date.is_met_by(s.said.dates)]
            rivals = [len(said & s.said.stems) for s in sentences if _is_said_of_another_date(s.said, claimed)]
            if max(rivals, default=0) - max(holding, default=0) >= max(_CLAUSE_MARGIN, len(said) / 4):
                yield Finding("date", "doubt")


def _dates_in(text: str) -> tuple[list[Date], str]:
    spans, rest = date_spans(text)
    return [date for _, _, dates in spans for date in dates], rest


def _is_said_of_another_date(sentence: Text, claimed: Sequence[Date]) -> bool:
    exact = [date for date in sentence.dates if date.month]
    return bool(exact) and not any(date.is_met_by([other]) for other in exact for date in claimed if date.month)


def _has_rival(date: Date, others: Sequence[Date]) -> bool:
    return any(date.shares_a_kind_with(other) for other in others)


def _check_numbers(claim: Text, ground: Ground, near: Text) -> Iterator[Finding]:
    quoted = [number for quote in ground.said for number in quote.numbers]
    everywhere = [number for passage in ground.passages for number in passage.whole.numbers]
    for number in claim.numbers:
        held = [other for other in quoted if number.equals(other)]
        if held:
            if number.kind != "ordinal" and not any(o.noun == number.noun for o in held) and _same_noun(number, quoted):
                yield Finding("number", "doubt")
        elif any(number.equals(other) for other in everywhere) or _is_part_of_a_date(number, near):
            yield Finding("number", "break" if _same_noun(number, quoted) else "doubt")
        else:
            counted = (number.value <= _SMALL or number.kind == "ordinal") and not _same_noun(number, everywhere)
            yield Finding("number", "doubt" if counted or _is_reckoned(number, ground) else "break")


def _is_reckoned(number: Number, ground: Ground) -> bool:
    """Say whether a count is the sum or difference of two of one quoted sentence or of two years, or is a rough share."""
    if number.kind == "share":
        return number.bounds is not None
    pairs = [pair for quote in ground.said for pair in combinations((n.value for n in quote.numbers if n.kind == "count"), 2)]
    years = {date.year for quote in ground.said for date in quote.dates if date.year}
    sums, differences = {a + b for a, b in pairs}, {abs(a - b) for a, b in [*pairs, *combinations(years, 2)]}
    return number.kind == "count" and number.value in sums | differences


def _same_noun(number: Number, others: Sequence[Number]) -> bool:
    return any(other.noun == number.noun != "" and other.value != number.value for other in others)


def _is_part_of_a_date(number: Number, near: Text) -> bool:
    return any(number.value in (date.day, date.year) for date in near.dates)


def _check_labels(claim: Text, ground: Ground) -> Iterator[Finding]:
    held = {label for passage in ground.passages for label in passage.whole.labels}
    groups = {int(n.value) for passage in ground.passages for n in passage.whole.numbers}
    names = {f"{short}{number}" for short in ("wg", "gt") for number in groups}
    for label in claim.labels - held - names:
        if not any(label in passage.whole.words for passage in ground.passages):
            yield Finding("number", "break")


def _check_places(claim: Text, ground: Ground, near: Text) -> Iterator[Finding]:
    everywhere = {place for passage in ground.passages for place in passage.whole.places}
    quoted = {place for quote in ground.said for place in quote.places}
    for place in claim.places - quoted:
        if place not in everywhere:
            yield Finding("place", "doubt" if any(place in p.whole.capitals for p in ground.passages) else "break")
        elif place not in near.places or quoted - claim.places:
            yield Finding("place", "doubt")


def _check_names(claim: Text, ground: Ground) -> Iterator[Finding]:
    everywhere = frozenset[str]().union(*(passage.whole.words for passage in ground.passages))
    near = frozenset(words(ground.near_text))
    known = frozenset[str]().union(*(passage.whole.initials for passage in ground.passages))
    for name in claim.names:
        if _held(name.word, near):
            continue
        if name.word in known or claim.initials & _acronyms(name, ground):
            continue
        stands_for = mapping("capitals").get(name.word) in {place for p in ground.passages for place in p.whole.places}
        yield Finding("name", "doubt" if stands_for else _grade(name, everywhere, near))


def _grade(name: Name, everywhere: frozenset[str], near: frozenset[str]) -> Grade:
    is_first_name = name.word != name.run[-1] and _held(name.run[-1], near)
    is_short = len(name.word) == _SHORT and len(name.run) == 1
    return "doubt" if name.is_doubtful or is_first_name or is_short or _held(name.word, everywhere) else "break"


def _acronyms(name: Name, ground: Ground) -> frozenset[str]:
    """Return the abbreviations in the passages that a name of several words may be written out of."""
    letters = "".join(word[0] for word in name.run if word[:1].isalpha())
    held = frozenset[str]().union(*(passage.whole.words for passage in ground.passages))
    return frozenset({letters} & held) if len(letters) > 1 else frozenset()


def _held(word: str, held: frozenset[str]) -> bool:
    parts = words(word)
    return word in held or all(p in held or _inflected(p, held) for p in parts)


def _inflected(word: str, held: frozenset[str]) -> bool:
    """Say whether another form of the word stands there ("Europeans" for "European")."""
    return any(f in held for f in (word + "s", word.removesuffix("s"), word + "e", word.removesuffix("e")) if f) or any(
        stem(word, code) == stem(other, code) for code in ("en", "fr") for other in held if other[:4] == word[:4]
    )


def is_quoted(claim: Text, sentences: Sequence[Text]) -> bool:
    """Say whether the whole claim stands in one of the sentences, word for word."""
    return any(f" {claim.normalised} " in f" {sentence.normalised} " for sentence in sentences)
