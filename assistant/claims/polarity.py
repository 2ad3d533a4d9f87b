"""Whether two sentences say yes or no to the same thing: negations with what they deny, and pairs of opposites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from knowledge_base.language.dates import date_spans
from knowledge_base.language.facts import facts_of, place_spans, split_words
from knowledge_base.language.numbers import in_digits
from knowledge_base.language.vocabulary import rows, word_set
from knowledge_base.language.words import fold, stem, stop_words

Agreement = Literal["agree", "unsure", "conflict"]

_WORD = re.compile(r"[^\W_]+(?:['’](?:t|s)\b)?|[;:,.()]")
_REACH = 2  # of these, that it denies most likely
_SCOPE = 4  # content words after a negation that it may deny
_AND = frozenset(["and", "et"])
_SPANS = frozenset(";:.()")
_REPLY = re.compile(r"^\s*(?:yes|no|oui|non|si)\s*[,:;.–—-]+\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Denied:
    """A negation and the stems of the content words after it, the nearest first (before it, where none follow).

    The first `reach` of them are what it denies most likely.
    """

    stems: tuple[str, ...]
    reach: int = _REACH

    @property
    def near(self) -> tuple[str, ...]:
        """Return what it denies most likely."""
        return self.stems[: self.reach]


def compare(claim: str, evidence: str, language: str) -> Agreement:
    """Say whether a claim says the same yes or no as the evidence, in a language they share."""
    found = {_negations_agree(claim, evidence, language), _opposites_agree(claim, evidence, language)}
    if "conflict" in found:
        return "conflict"
    return "unsure" if "unsure" in found else "agree"


def overstates(claim: str, evidence: str, language: str) -> bool:
    """Say whether the claim holds a strong word ("all", "only", "must") that the evidence has in no like form."""
    code = "fr" if language == "fr" else "en"
    said = {fold(word) for word in _WORD.findall(claim)} & word_set("strong", code)
    held = {_stem(fold(word), code) for word in _WORD.findall(evidence)}
    return any(not held & _kin(word, code) for word in said)


@cache
def _stem(word: str, language: str) -> str:
    """Return the stem of a word, of an irregular English verb that of its first form."""
    forms = next((row.split() for row in rows("irregular") if word in row.split()), [word]) if language == "en" else [word]
    return stem(forms[0], language)


@cache
def _kin(word: str, language: str) -> frozenset[str]:
    kin = [row.split() for row in rows("kin") if word in row.split()]
    return frozenset(_stem(other, language) for row in [*kin, [word]] for other in row)


def _negations_agree(claim: str, evidence: str, language: str) -> Agreement:
    code = "fr" if language == "fr" else "en"
    mine, theirs = list(_denials(claim, code)), list(_denials(evidence, code))
    my_words, their_words = _stems(claim, code), _stems(evidence, code)
    verdicts = [_one_side(denied, my_words, theirs, their_words, code) for denied in mine]
    verdicts += [_one_side(denied, their_words, mine, my_words, code, omitted=True) for denied in theirs]
    if "conflict" in verdicts or _affirms_an_item(claim, evidence, code):
        return "conflict"
    if theirs and not mine and _is_close(my_words, their_words):
        return "unsure"
    return "unsure" if "unsure" in verdicts else "agree"


def _one_side(
    denied: _Denied, own: Sequence[str], others: Sequence[_Denied], words: Sequence[str], language: str, omitted: bool = False
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


def _affirms_an_item(claim: str, evidence: str, language: str) -> bool:
    """Say whether a clause of the claim without a negation names one thing of those that the evidence denies ("nor B")."""
    words = _folded(evidence)
    starts = [position for position, word in enumerate(words) if word in word_set("negations", "coordinating")]
    ends = [*starts[1:], len(words)]
    items = [_after(words[:end], start, language)[:2] for start, end in zip(starts, ends, strict=False)]
    said = _folded(_plain(claim, language))
    clauses = {tuple(_clause(said, position)) for position in range(len(said))}
    affirmed = [set(_stems(" ".join(clause), language)) for clause in clauses if not any(_denials(" ".join(clause), language))]
    return len(clauses) > 1 and any(item and stems.issuperset(item) for item in items for stems in affirmed)


def _is_close(claim: Sequence[str], evidence: Sequence[str]) -> bool:
    """Say whether the claim takes over most of the words of the evidence."""
    return len(set(claim) & set(evidence)) >= 0.75 * len(set(evidence))


def _denials(text: str, language: str) -> Iterator[_Denied]:
    words = _folded(_plain(text, language))
    negations = word_set("negations", language)
    for position, word in enumerate(words):
        if word in word_set("negations", "halves") and language == "fr":
            continue
        if word in word_set("negations", "coordinating"):
            clause = _clause(words, position)
            around = tuple(_stem(w, language) for w in clause if w.isalnum() and w not in _unsaid(language))
            yield _Denied(around, len(around))
        elif word in negations:
            after = _after(words, position, language)
            first = _after(words[: _conjunction(words, position)], position, language)
            yield _Denied(after or _before(words, position, language), min(len(first) or _REACH, _REACH))
        elif (whole := _without_prefix(word)) and words[position - 1 : position] != ["not"]:
            yield _Denied((_stem(whole, language),))


def _folded(text: str) -> list[str]:
    return [fold(word).replace("’", "'") for word in _WORD.findall(text)]


def _clause(words: Sequence[str], position: int) -> Sequence[str]:
    """Return the words around a position up to those that begin a contrast ("but")."""
    breaks = [p for p, word in enumerate(words) if word in word_set("negations", "contrast") or word == ";"]
    start = max((p for p in breaks if p < position), default=-1)
    return words[start + 1 : min((p for p in breaks if p > position), default=len(words))]


def _plain(text: str, language: str) -> str:
    """Write "not" for phrases that say so; leave out negations that deny nothing, and the "no" that answers a question."""
    text = _REPLY.sub("", text)
    for phrase in rows("negations", "phrases"):
        text = re.sub(rf"\b{phrase}\b", " not " if language == "en" else " pas ", text, flags=re.IGNORECASE)
    for phrase in rows("negations", "doubles"):
        text = re.sub(rf"\b{phrase}\b", " ", text, flags=re.IGNORECASE)
    return text


def _without_prefix(word: str) -> str | None:
    """Return the word that a prefix denies ("nonbinding", "unlimited"), where that is one of the opposites' words."""
    for prefix in word_set("negations", "prefixes"):
        if word.startswith(prefix) and word[len(prefix) :] in word_set("negations", "prefixed"):
            return word[len(prefix) :]
    return None


def _after(words: Sequence[str], position: int, language: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in words[position + 1 :]:
        if word in _SPANS or len(found) == _SCOPE:
            break
        if word.isalnum() and word not in _unsaid(language):
            found.append(_stem(word, language))
    return tuple(found)


def _conjunction(words: Sequence[str], position: int) -> int:
    """Return where the next "and" after a position stands: what follows it is denied less likely."""
    return next((p for p in range(position, len(words)) if words[p] in _AND), len(words))


def _before(words: Sequence[str], position: int, language: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in reversed(words[:position]):
        if word in _SPANS or len(found) == _SCOPE:
            break
        if word.isalnum() and word not in _unsaid(language):
            found.append(_stem(word, language))
    return tuple(found)


@cache
def _unsaid(language: str) -> frozenset[str]:
    return stop_words(language) | word_set("negations", language) | word_set("negations", "between")


def _stems(text: str, language: str) -> list[str]:
    return [
        _stem(folded, language)
        for word in _WORD.findall(text)
        if (folded := fold(word)).isalnum() and folded not in stop_words(language)
    ]


def _opposites_agree(claim: str, evidence: str, language: str) -> Agreement:
    """Say "conflict" where the claim takes one side of a pair of opposites and the evidence the other side alone."""
    code = "fr" if language == "fr" else "en"
    mine, theirs = _sides(claim, code), _sides(evidence, code)
    opposed = [pair for pair in mine.keys() & theirs.keys() if mine[pair].isdisjoint(theirs[pair])]
    return "conflict" if opposed else "agree"


def _sides(text: str, language: str) -> dict[int, set[int]]:
    """Map each pair of opposites that a text speaks of to the sides it takes; what it denies counts for the other side."""
    held = [_stem(fold(word), language) for word in _WORD.findall(text) if word.isalnum()]
    denials = list(_denials(text, language))
    denied = {word for denial in denials for word in denial.near}
    maybe = {word for denial in denials for word in denial.stems} - denied
    taken: dict[int, set[int]] = {}
    for number, pair in enumerate(_pairs(language)):
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
    sides = [row.split(" | ") for row in rows("opposites")]
    return tuple(
        (frozenset(_stem(word, language) for word in left.split()), frozenset(_stem(word, language) for word in right.split()))
        for left, right in sides
    )


_TOKEN = re.compile(r"\d[\d/.,-]*\d|\d|[^\W\d_][\w]*|[,;:()]|\.\s")
_COMMA = 3  # how far apart a comma sets two words
_WINDOW = 8
_FAR = 30
_REACH_OF_RELATION = {"name": 6}  # how far from a word what belongs to it stands at most
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
    if not runs or min(distances) > _REACH_OF_RELATION.get(kind, _LONGEST_REACH):
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
