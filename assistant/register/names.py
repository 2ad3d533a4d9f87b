"""Questions on one name: did X sign, when, is X on the list, why did X withdraw; by patterns over the register's vocabulary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from assistant.register.rules import meets
from assistant.register.slots import Token, tokens
from knowledge_base.language.dates import interval
from knowledge_base.language.places import data

NameQuestion = Literal["check", "absence", "joined", "withdrawal"]
_LONGEST_NAME = 14  # words
# What a sentence may hold after its name: anything else is another matter.
_SAID = (
    "act", "call", "register", "supporter", "member_of", "among", "filler", "state", "adverb", "end", "a_member", "leaves",
    "absent", "manque", "one", "added", "etre", "fait", "fait_partie", "elle", "t",
)  # fmt: skip
_NO_NAME = ("never", "count", "how", "what", "where", "share", "act", "leaves")


class NamedQuestion(NamedTuple):
    """What is asked of a name as it was written."""

    operation: NameQuestion
    name: str


def named_question(text: str) -> NamedQuestion | None:
    """Read a question on one name, or None; `text` has straight apostrophes and no final punctuation.

    "Did X join before 2020?" asks when X joined.
    """
    found = _by_patterns(text)
    dates = None if found else interval(text)
    if dates is None or not (dates.since or dates.before):
        return found
    dated = _by_patterns(re.sub(r"\s+", " ", dates.rest).strip())
    return NamedQuestion("joined", dated.name) if dated and dated.operation == "check" else None


def _by_patterns(text: str) -> NamedQuestion | None:
    read = tokens(text, typos=False)
    leads = next((i for i, token in enumerate(read) if not token.is_a("lead")), len(read))
    for pattern in data("register_words.toml")["names"]:
        for opening in pattern["opens"]:
            for first in range(leads + 1):
                start = _after(read, first, opening.split())
                name = _name(text, read, start, pattern) if start is not None else None
                if name and is_name(name):
                    return NamedQuestion(pattern["operation"], name)
    return None


def _after(read: Sequence[Token], position: int, elements: Sequence[str]) -> int | None:
    """Return the position after tokens that fit the elements, or None."""
    for element in elements:
        fits = position < len(read) and read[position].is_a(*element.rstrip("?").split("|"))
        if not fits and not element.endswith("?"):
            return None
        position += fits
    return position


def _name(text: str, read: Sequence[Token], start: int, pattern: dict[str, str]) -> str | None:
    """Return the words from `start` to the first that turn to what is said of them, if all after those says that."""
    if "turns" not in pattern:
        end = len(read)
        while end > start and read[end - 1].is_a("end"):
            end -= 1
        return text[read[start].start :].strip(" ,\"'") if end > start else None
    for turn in range(start + 1, len(read)):
        said = read[turn:]
        if not any(_after(read, turn, turns.split()) for turns in pattern["turns"]) or not all(t.is_a(*_SAID) for t in said):
            continue
        if meets(frozenset().union(*(token.traits for token in said)), pattern.get("holds", "")):
            while turn > start + 1 and read[turn - 1].is_a("adverb"):
                turn -= 1
            return text[read[start].start : read[turn].start].strip(" ,\"'")
    return None


def is_name(text: str) -> bool:
    """Return whether `text` may be a supporter's name."""
    read = tokens(text, typos=False)
    ranks = any(token.is_a("compare", "top") and text[token.start].islower() for token in read)
    if not read or ranks or len(text.split()) > _LONGEST_NAME or any(token.is_a(*_NO_NAME) for token in read):
        return False
    is_pronoun = len(read) == 1 and read[0].is_a("no_name")
    return not is_pronoun and not read[0].is_a("no_first", "call") and not read[-1].is_a("no_last")
