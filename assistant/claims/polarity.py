"""Whether two sentences say yes or no to the same thing: negations with what they deny, and pairs of opposites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from knowledge_base.language.dates import date_spans
from knowledge_base.language.negations import (
    WORD,
    Negation,
    clause_around,
    first_denied,
    folded_marks,
    form_stem,
    plainly_denied,
)
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import listed, word_set
from knowledge_base.language.words import fold, split_words, stem, stop_words

Agreement = Literal["agree", "unsure", "conflict"]

_CLOSE = 0.75  # share of the words of the evidence that a claim takes over
_TOKEN = re.compile(r"\d[\d/.,-]*\d|\d|[^\W\d_][\w]*|[,;:()]|\.\s")
_COMMA = 3  # how far apart a comma sets two words
_WINDOW = 8
_FAR = 30
_REACH_OF_RELATION = {"name": 6}  # how far from a word what belongs to it stands at most
_LONGEST_REACH = 16


def compare(claim: Text, evidence: Text) -> Agreement:
    """Say whether a claim says the same yes or no as the evidence, in a language they share."""
    if (agreement := _negations_agree(claim, evidence)) == "conflict":
        return "conflict"
    mine, theirs = _sides(claim), _sides(evidence)
    opposed = any(mine[pair].isdisjoint(theirs[pair]) for pair in mine.keys() & theirs.keys())
    return "conflict" if opposed else agreement


def overstates(claim: Text, evidence: Text) -> bool:
    """Say whether the claim holds a strong word ("all", "only", "must") that the evidence has in no like form."""
    said = {fold(word) for word in WORD.findall(claim.text)} & word_set("meaning.strong", claim.language)
    held = {form_stem(fold(word), claim.language) for word in WORD.findall(evidence.text)}
    return any(not held & _kin(word, claim.language) for word in said)


@cache
def _kin(word: str, language: str) -> frozenset[str]:
    kin = [row.split() for row in listed("meaning.kin", language) if word in row.split()]
    return frozenset(form_stem(other, language) for row in [*kin, [word]] for other in row)


def _negations_agree(claim: Text, evidence: Text) -> Agreement:
    mine, theirs = _content(claim), _content(evidence)
    verdicts = [_one_side(denied, mine, evidence.negations, theirs, claim.language) for denied in claim.negations]
    verdicts += [
        _one_side(denied, theirs, claim.negations, mine, claim.language, omitted=True) for denied in evidence.negations
    ]
    if "conflict" in verdicts or _affirms_an_item(claim, evidence):
        return "conflict"
    is_close = len(set(mine) & set(theirs)) >= _CLOSE * len(set(theirs))
    return "unsure" if "unsure" in verdicts or (evidence.negations and not claim.negations and is_close) else "agree"


def _content(text: Text) -> list[str]:
    """Return the stems of a text's words but its stop words, in order."""
    folded = (fold(word) for word in WORD.findall(text.text))
    return [form_stem(word, text.language) for word in folded if word.isalnum() and word not in stop_words(text.language)]


def _one_side(
    denied: Negation, own: Sequence[str], others: Sequence[Negation], words: Sequence[str], language: str, omitted: bool = False
) -> Agreement:
    """Look what one text denies up in the other: denied there too, affirmed there (a conflict), or not spoken of.

    `own` and `words` are the stems of this text and of the other. `omitted`: the claim may leave out what the evidence denies.
    """
    also = {word for other in others for word in other.stems}
    near = denied.near
    if any(word in also for word in (*denied.stems[:3], *near)) or any(set(other.near) & set(near) for other in others):
        return "agree"
    if any(_opposites_of(word, language) & set(words) for word in near):
        return "agree"
    shared = [word for word in denied.stems if word in words]
    if shared and shared[0] in near and not others and own.count(shared[0]) == 1:
        return "conflict"
    if shared:
        return "unsure"
    return "agree" if omitted or others else "unsure"


def _affirms_an_item(claim: Text, evidence: Text) -> bool:
    """Say whether a clause of the claim without a negation names one thing of those that the evidence denies ("nor B")."""
    words = folded_marks(evidence.text)
    starts = [position for position, word in enumerate(words) if word in word_set("negation.coordinating")]
    said = folded_marks(plainly_denied(claim.text, claim.language))
    clauses = {tuple(clause_around(said, position)) for position in range(len(said))} if starts else set()
    if len(clauses) < 2:
        return False
    ends = [*starts[1:], len(words)]
    items = [first_denied(words[start + 1 : end], claim.language)[:2] for start, end in zip(starts, ends, strict=True)]
    parts = [Text(" ".join(clause), claim.language) for clause in clauses]
    affirmed = [set(_content(part)) for part in parts if not part.negations]
    return any(item and stems.issuperset(item) for item in items for stems in affirmed)


def _sides(text: Text) -> dict[int, set[int]]:
    """Map each pair of opposites that a text speaks of to the sides it takes; what it denies counts for the other side."""
    held = [form_stem(fold(word), text.language) for word in WORD.findall(text.text) if word.isalnum()]
    denied = {word for negation in text.negations for word in negation.near}
    maybe = {word for negation in text.negations for word in negation.stems} - denied
    taken: dict[int, set[int]] = {}
    for number, pair in enumerate(_pairs(text.language)):
        for side, words in enumerate(pair):
            for word in words.intersection(held):
                is_open = word in maybe or (word in denied and held.count(word) > 1)
                sides = {0, 1} if is_open else {1 - side} if word in denied else {side}
                taken.setdefault(number, set()).update(sides)
    return taken


@cache
def _opposites_of(word: str, language: str) -> frozenset[str]:
    return frozenset(
        other for pair in _pairs(language) for side, words in enumerate(pair) if word in words for other in pair[1 - side]
    )


@cache
def _pairs(language: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    sides = [row.split(" | ") for row in listed("meaning.opposites", language)]
    return tuple(
        (
            frozenset(form_stem(word, language) for word in left.split()),
            frozenset(form_stem(word, language) for word in right.split()),
        )
        for left, right in sides
    )


class _Token(NamedTuple):
    """A word of a text with its place; `kind` is place, name, number, or word."""

    kind: str
    key: str
    position: int


def misattached(claim: Text, evidence: Sequence[Text]) -> set[str]:
    """Return the kinds of facts that the evidence joins to other words than the claim does.

    A fact of the claim is misattached where most words next to it stand, in the evidence, next to another fact of its kind
    that the claim does not name there: it was put in the place of that one, or two have changed places.
    """
    mine = _tokens(Text(claim.digits, claim.language))
    theirs = _apart([_tokens(Text(text.digits, text.language)) for text in evidence])
    held = {token.key for token in theirs}
    facts = [token for token in mine if token.kind != "word" and token.key in held]
    instead = {fact: _taken_by(fact, mine, theirs) for fact in facts}
    keys = {fact.key for fact in facts}
    return {
        fact.kind
        for fact, others in instead.items()
        if others and (others.isdisjoint(keys) or any(fact.key in instead[f] for f in facts if f.key in others))
    }


def _apart(sentences: Sequence[Sequence[_Token]]) -> list[_Token]:
    """Return the tokens of sentences in one row, each sentence out of the reach of the others."""
    found: list[_Token] = []
    for tokens in sentences:
        offset = found[-1].position + _FAR if found else 0
        found += [token._replace(position=token.position + offset) for token in tokens]
    return found


def _taken_by(fact: _Token, mine: Sequence[_Token], theirs: Sequence[_Token]) -> frozenset[str]:
    """Return the facts of the same kind that stand, in the evidence, where the claim has this one; none where it does."""
    once = {t.key for t in theirs if sum(t.key == other.key for other in theirs) == 1}
    near = [a for a in mine if a.kind != fact.kind and a.key in once and abs(a.position - fact.position) <= _WINDOW]
    anchors = [a for a in near if fact.key in _nearest(a, mine, fact.kind)]
    found = [_nearest(t, theirs, fact.kind) for a in anchors for t in theirs if t.key == a.key]
    others = [group for group in found if group and fact.key not in group]
    return max(others, key=others.count) if len(others) > len(found) / 2 else frozenset()


def _nearest(token: _Token, tokens: Sequence[_Token], kind: str) -> frozenset[str]:
    """Return the keys of the nearest run of facts of a kind: "Norway, Sweden and Denmark" are one run."""
    runs: list[list[_Token]] = []
    for before, other in zip([None, *tokens], tokens, strict=False):
        if other.kind == kind and before and before.kind == kind and other.position - before.position < _FAR:
            runs[-1].append(other)
        elif other.kind == kind:
            runs.append([other])
    distances = [min(abs(other.position - token.position) for other in run) for run in runs]
    if not runs or min(distances) > _REACH_OF_RELATION.get(kind, _LONGEST_REACH):
        return frozenset()
    return frozenset(other.key for other in runs[distances.index(min(distances))])


def _tokens(text: Text) -> list[_Token]:
    """Return the words and facts of a text in order; a comma between two sets them further apart."""
    facts = _fact_spans(text)
    names = {name.word for name in text.names if not name.is_doubtful}
    found: list[_Token] = []
    position, done = 0, 0
    for match in _TOKEN.finditer(text.text):
        position += _COMMA if match[0][0] in ",;:()." else 1
        if match.start() < done:
            continue
        span = next((span for span in facts if span[0] <= match.start() < span[1]), None)
        if span:
            done = span[1]
            found += [_Token(span[2], key, position) for key in span[3]]
        elif token := _kind(match[0], names, text.language):
            found.append(_Token(*token, position))
    return found


def _fact_spans(text: Text) -> list[tuple[int, int, str, list[str]]]:
    """Return from where to where dates and places stand, with their kind and keys."""
    dates, _ = date_spans(text.text)
    found = [(start, end, "date", [f"{d.day}.{d.month}.{d.year}" for d in written]) for start, end, written in dates]
    written = split_words(text.text)
    for first, last, codes in text.place_spans:
        end = written[last - 1][1] + len(written[last - 1][0])
        found.append((written[first][1], end, "place", sorted(codes)[:1]))
    return found


def _kind(word: str, names: set[str], language: str) -> tuple[str, str] | None:
    """Return kind and key of a word; None for stop words and marks."""
    folded = fold(word)
    if word[0].isdigit():
        return ("number", folded)
    if folded in names:
        return ("name", folded)
    return None if not word[0].isalpha() or folded in stop_words(language) else ("word", stem(folded, language))


def is_turned_round(claim: Text, evidence: Text) -> bool:
    """Say whether two actors change places around the same word: "A accused B" of "B accused A"."""
    mine, theirs = _tokens(claim), _tokens(evidence)
    actors = [t for t in mine if t.kind in ("place", "name")]
    for left, right in zip(actors, actors[1:], strict=False):
        turned = [(a, b) for a in theirs if a.key == right.key for b in theirs if b.key == left.key and a.position < b.position]
        straight = any(a.key == left.key and b.key == right.key and a.position < b.position for a in theirs for b in theirs)
        if straight or not turned:
            continue
        verbs = _words_between(mine, left, right) & _words_between(theirs, *turned[0])
        if verbs and _is_passive(claim) == _is_passive(evidence):
            return True
    return False


def _words_between(tokens: Sequence[_Token], left: _Token, right: _Token) -> set[str]:
    return {t.key for t in tokens if t.kind == "word" and left.position < t.position < right.position}


def _is_passive(text: Text) -> bool:
    return any(fold(word) in word_set("forms.passive") for word in _TOKEN.findall(text.text))
