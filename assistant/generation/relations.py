"""Who did what, and when: whether a sentence joins its names, places, dates and numbers to the same words as its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from assistant.generation.dates import date_spans
from assistant.generation.facts import facts_of, place_spans, split_words
from assistant.generation.numerals import in_digits
from knowledge_base.text_terms import fold, stem, stop_words

_TOKEN = re.compile(r"\d[\d/.,-]*\d|\d|[^\W\d_][\w]*|[,;:()]|\.\s")
_COMMA = 3  # how far apart a comma sets two words
_WINDOW = 8
_FAR = 30
_REACH = {"name": 6}  # how far from a word what belongs to it stands at most
_LONGEST_REACH = 16
_BY = frozenset(["by", "par"])


class _Token(NamedTuple):
    """A word of a text with its place; `kind` is place, name, number, or word."""

    kind: str
    key: str
    position: int


def misattached(claim: str, evidence: Sequence[str], language: str) -> set[str]:
    """Return the kinds of facts that the evidence joins to other words than the claim does.

    A fact of the claim is misattached where most words next to it stand, in the evidence, next to another fact of its kind
    that the claim does not name there: it was put in the place of that one, or two have changed places.
    """
    mine = _tokens(in_digits(claim, language), language)
    theirs = _apart([_tokens(in_digits(text, language), language) for text in evidence])
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
    if not runs or min(distances) > _REACH.get(kind, _LONGEST_REACH):
        return frozenset()
    return frozenset(other.key for other in runs[distances.index(min(distances))])


def _tokens(text: str, language: str) -> list[_Token]:
    """Return the words and facts of a text in order; a comma between two sets them further apart."""
    code = "fr" if language == "fr" else "en"
    facts = _fact_spans(text, code)
    names = {name.word for name in facts_of(text, code).names if not name.is_doubtful}
    found: list[_Token] = []
    position, done = 0, 0
    for match in _TOKEN.finditer(text):
        position += _COMMA if match[0][0] in ",;:()." else 1
        if match.start() < done:
            continue
        span = next((span for span in facts if span[0] <= match.start() < span[1]), None)
        if span:
            done = span[1]
            found += [_Token(span[2], key, position) for key in span[3]]
        elif token := _kind(match[0], names, code):
            found.append(_Token(*token, position))
    return found


def _fact_spans(text: str, language: str) -> list[tuple[int, int, str, list[str]]]:
    """Return from where to where dates and places stand, with their kind and keys."""
    dates, _ = date_spans(text)
    found = [(start, end, "date", [f"{d.day}.{d.month}.{d.year}" for d in written]) for start, end, written in dates]
    written = split_words(text)
    for first, last, codes in place_spans(text, language):
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


def is_turned_round(claim: str, evidence: str, language: str) -> bool:
    """Say whether two actors change places around the same word: "A accused B" of "B accused A"."""
    mine, theirs = _tokens(claim, language), _tokens(evidence, language)
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


def _is_passive(text: str) -> bool:
    return any(fold(word) in _BY for word in _TOKEN.findall(text))
