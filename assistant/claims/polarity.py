"""Compare what two sentences affirm and deny: negations with what they deny, and pairs of opposites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from knowledge_base.language.meanings import opposites
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
from knowledge_base.language.vocabulary import word_set
from knowledge_base.language.words import fold, stop_words

Agreement = Literal["agree", "unsure", "conflict"]

_CLOSE = 0.75  # share of the words of the evidence that a claim takes over


def compare(claim: Text, evidence: Text) -> Agreement:
    """Return whether a claim says the same yes or no as the evidence, in a language they share."""
    mine, theirs = _content(claim), _content(evidence)
    verdicts = [_one_side(denied, mine, evidence.negations, theirs, claim.language) for denied in claim.negations]
    verdicts += [
        _one_side(denied, theirs, claim.negations, mine, claim.language, omitted=True) for denied in evidence.negations
    ]
    taken, given = _sides(claim), _sides(evidence)
    is_opposed = any(taken[pair].isdisjoint(given[pair]) for pair in taken.keys() & given.keys())
    if "conflict" in verdicts or is_opposed or _affirms_an_item(claim, evidence):
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
    sides = [(side, pair[1 - number]) for pair in opposites(language) for number, side in enumerate(pair)]
    if any(word in also for word in (*denied.stems[:3], *near)) or any(set(other.near) & set(near) for other in others):
        return "agree"
    if any(not side.isdisjoint(near) and not opposite.isdisjoint(words) for side, opposite in sides):
        return "agree"
    shared = [word for word in denied.stems if word in words]
    if shared and shared[0] in near and not others and own.count(shared[0]) == 1:
        return "conflict"
    if shared:
        return "unsure"
    return "agree" if omitted or others else "unsure"


def _affirms_an_item(claim: Text, evidence: Text) -> bool:
    """Return whether a clause of the claim without a negation names one thing of those that the evidence denies ("nor B")."""
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
    for number, pair in enumerate(opposites(text.language)):
        for side, words in enumerate(pair):
            for word in words.intersection(held):
                is_open = word in maybe or (word in denied and held.count(word) > 1)
                sides = {0, 1} if is_open else {1 - side} if word in denied else {side}
                taken.setdefault(number, set()).update(sides)
    return taken
