"""Follow-up questions: what they lean on is taken from the conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from knowledge_base.queries import question_terms

_LEANS = re.compile(
    r"^(?:and|so|but|what about|how about|why|how so|et|alors|mais|pourquoi)\b"
    r"|\b(?:it|its|they|them|their|this|these|those|he|him|his|she|her|there|that one|the same|instead|else"
    r"|ils?|elles?|leurs?|lui|cela|ça|celui-ci|celle-ci|ceux-ci|en)\b",
    re.IGNORECASE,
)
_CITATION = re.compile(r"\[\d+\]")
_FEW_WORDS = 2
_ANSWER_WORDS = 40


def leans_on_history(question: str) -> bool:
    """Say whether a question cannot be understood without what came before it."""
    return bool(_LEANS.search(question.replace("’", "'"))) or len(question_terms(question)) <= _FEW_WORDS


def context_of(question: str, history: Sequence[Mapping[str, str]]) -> str:
    """Return what a question leans on: the latest question and the beginning of its answer; empty where it stands alone."""
    if not history or not leans_on_history(question):
        return ""
    latest = {turn["role"]: turn["content"] for turn in history if turn.get("content")}
    answer = " ".join(_CITATION.sub("", latest.get("assistant", "")).split()[:_ANSWER_WORDS])
    return " ".join(filter(None, (latest.get("user"), answer)))
