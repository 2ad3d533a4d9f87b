"""Follow-up questions: what they lean on is taken from the conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from knowledge_base.retrieval import question_terms

_LEANS = re.compile(
    r"^(?:and|so|but|what about|how about|why|how so|et|alors|mais|pourquoi)\b"
    r"|\b(?:it|its|they|them|their|this|these|those|he|him|his|she|her|there|that one|the same|instead|else"
    r"|ils?|elles?|leurs?|lui|cela|ça|celui-ci|celle-ci|ceux-ci|en)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 2


def leans_on_history(question: str) -> bool:
    """Say whether a question cannot be understood without what came before it."""
    return bool(_LEANS.search(question.replace("’", "'"))) or len(question_terms(question)) <= _FEW_WORDS


def standalone(question: str, history: Sequence[Mapping[str, str]]) -> str:
    """Return the question as it is to be searched: with the latest question and answer before it, where it leans on them."""
    if not history or not leans_on_history(question):
        return question
    latest = {turn["role"]: turn["content"] for turn in history if turn.get("content")}
    return " ".join(filter(None, (latest.get("user"), question)))
