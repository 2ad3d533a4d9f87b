"""What the built-in register leaves open: it lists states alone, and a question on other supporters is told so."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.answers import Answer, AnswerPart
from assistant.register_asked import RegisterQuestion
from assistant.register_filters import STATE
from assistant.register_sentences import Sentences
from assistant.register_words import tokens
from knowledge_base.catalog import Catalog
from knowledge_base.countries import Place, find
from knowledge_base.register import Register


def asks_beyond_states(asked: RegisterQuestion) -> bool:
    """Say whether a register of states alone cannot answer: companies, cities or associations are asked for."""
    if asked.places:
        return False
    if asked.operation in {"check", "absence", "joined", "withdrawal"}:
        return not find(asked.name or "")
    return any(wanted.kinds != (STATE,) for wanted in asked.filters)


def states_alone(asked: RegisterQuestion, catalog: Catalog) -> AnswerPart | None:
    """Return what to say of a question that the built-in register cannot answer, or None where that is not why."""
    if not asks_beyond_states(asked):
        return None
    with Register.open(catalog) as register:
        return Sentences(asked.language, register.as_of).states_alone() if register.built_in else None


def is_on_the_countries(answer: Answer) -> bool:
    """Say whether an answer names a country (or one of the group) that its question asks for; true where it asks for none."""
    asked = {code for place in _places(answer.question) for code in place.codes}
    return not asked or any(asked.issuperset(place.codes) for part in answer.parts for place in _places(part.text))


def _places(text: str) -> Iterator[Place]:
    return (place for token in tokens(text, typos=False) for place in token.places)
