"""Reading a question on the supporters' register: a typed filter and what is to be done with it, or None.

Precision comes from coverage: what is said around a question is taken off, and the rest is one on the register only if the
vocabulary knows every word of it, or an unknown one stands where it changes nothing, and one of them speaks of supporting, of
supporters or of the register; or if it asks of one name whether or when it signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.register_asked import RegisterQuestion
from assistant.register_checks import is_name, named_question
from assistant.register_filters import STATE, filter_of, has
from assistant.register_measures import doubtful, measured
from assistant.register_phrasing import plain, unframed
from assistant.register_words import Token, tokens
from knowledge_base.text_terms import question_language

_CLAUSES = re.compile(
    r"[.?!;]+\s+|[,\s]+(?:and|et)\s+|\s+(?:compare[ds]?\s+(?:with|to)|comparer?\s+(?:à|avec|au)|differ\s+from)\s+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.?!;]+\s+")
_CALL = re.compile(r"\bparis call\b", re.IGNORECASE)


def parse(question: str, history: Sequence[str] = ()) -> RegisterQuestion | None:
    """Read `question`; `history` are the questions that the same person asked before, the last one last."""
    text = unframed(plain(question))
    if history and _CALL.search(history[-1]):
        text = re.sub(r"\bit\b", "the Paris Call", text)
    language = question_language(question)
    return _whole(text, language) or _followup(text, history, language) or _mixed(question, language)


def _whole(text: str, language: str) -> RegisterQuestion | None:
    return _named(text, language) or measured(text, language)


# Questions on one name


def _named(text: str, language: str) -> RegisterQuestion | None:
    found = named_question(text)
    if not found:
        return None
    asked = RegisterQuestion(found.operation, language, name=found.name)
    read = tokens(found.name, typos=False)
    if not all(token.is_known and token.number is None for token in read):
        return None if _is_many(read, found.name) else asked
    asked = replace(asked, ambiguous=doubtful(read))
    if _is_a_kind(read):
        wanted = filter_of(read)
        if not wanted.kinds and not has(read, "supporter", "neutral"):
            wanted = replace(wanted, kinds=(STATE,))  # "any of the G7"
        return replace(asked, operation="exists", filters=(wanted,)) if found.operation == "check" else None
    places = tuple(token.places[0] for token in read if len(token.places) == 1)
    if places or asked.ambiguous:
        announced = asked.operation == "joined" and any(place.is_group for place in places)
        return replace(asked, places=places, also_text=announced)  # the documents tell when the EU did
    return None if has(read, "supporter", "neutral") or any(token.kind for token in read) else asked


def _is_many(read: list[Token], name: str) -> bool:
    """Say whether some of a kind that the register does not know are named: "tech companies", "any banks from Kenya"."""
    if has(read[:1], "any") or name.lower().startswith(("anyone", "someone", "everyone")):
        return True
    return name.islower() and any(token.kind and token.is_plural for token in read)


def _is_a_kind(read: list[Token]) -> bool:
    """Say whether a kind of supporter is named, not one supporter: "any Cuban organisation", "a Ghanaian university"."""
    kinds = [token for token in read if token.kind]
    groups = any(place.is_group for token in read for place in token.places)
    is_any = has(read, "any") and bool(kinds or groups or has(read, "supporter", "neutral"))
    others = any(token.kind != STATE for token in kinds)
    is_one = (others or has(read, "supporter")) and any(token.places for token in read)
    return is_any or is_one or any(token.is_plural for token in kinds if token.kind != STATE)


# Follow-ups and mixed questions


def _followup(text: str, history: Sequence[str], language: str) -> RegisterQuestion | None:
    """Read "and in France?" with the question before it."""
    before = parse(history[-1], history[:-1]) if history else None
    read = tokens(text)
    if not before or not read or "followup" not in read[0].roles:
        return None
    if before.operation in {"check", "absence", "withdrawal", "joined"}:
        name = text[_length_of(read[0], text) :].strip(" ,")
        asked_again = f"when did {name} sign" if before.operation == "joined" else f"did {name} sign"
        return _named(asked_again, language) if is_name(name) else None
    wanted = filter_of(read[1:])
    if not all(token.is_known for token in read) or wanted.is_open or before.operation not in {"count", "list", "exists"}:
        return None
    earlier = before.filters[0]
    changed = replace(earlier, kinds=wanted.kinds or earlier.kinds, places=wanted.places or earlier.places)
    return replace(before, language=language, filters=(changed,), ambiguous=doubtful(read))


def _length_of(token: Token, text: str) -> int:
    found = re.match(r"\W*" + r"\W+".join(r"\w+" for _ in token.text.split()), text)
    return found.end() if found else 0


def _mixed(question: str, language: str) -> RegisterQuestion | None:
    """Read the part of a question that the register answers, where the rest is for the documents."""
    for pattern in (_SENTENCES, _CLAUSES):
        parts = [unframed(plain(part)) for part in pattern.split(question)]
        for part in parts if len(parts) > 1 else ():
            asked = _whole(part, language)
            if asked and (asked.counted or asked.operation in {"check", "exists", "joined"}) and _speaks_of_it(part):
                return replace(asked, also_text=True)
    return None


def _speaks_of_it(part: str) -> bool:
    return has(tokens(part), "register", "supporter", "act")
