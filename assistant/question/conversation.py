"""Follow-up questions: what they lean on is taken from the conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from knowledge_base.search.queries import question_terms

_LEANS = re.compile(
    r"^(?:and|so|but|what about|how about|why|how so|et|alors|mais|pourquoi)\b"
    r"|\b(?:it|they|them|their|this|these|those|he|him|she|that one|the same|instead|else"
    r"|ils?|elles?|leurs?|lui|cela|ça|celui-ci|celle-ci|ceux-ci)\b"
    r"|(?<!are )(?<!is )(?<!was )(?<!were )\bthere\b"
    r"|\ben (?:a|ont|est|sont|était|fait|font|dit|disent|parle)\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?:its|his|her)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=.)\b[A-ZÀ-Þ]\w+")  # not the first word
_NO_NAME = r"(?:the|its?|his|her|their|your|our|my|on|in|an?|about|next|new|left|\w+ed)\b"
_ITSELF = re.compile(  # what a question asks the meaning of is named in it: "cyber hygiene", "the GGE", but not "the deadline"
    rf"^(?i:what (?:is|are|was|were) (?:an? )?(?!{_NO_NAME}))\w|^(?i:what (?:is|are|was|were) the) [A-Z]"
    r"|^(?i:define|qu'est-ce que?)\b|^(?i:what does) .+ (?i:mean|stand for)\b"
)
_CITATION = re.compile(r"\[\d+\]")
_FEW_WORDS = 2
_ANSWER_WORDS = 40


def leans_on_history(question: str) -> bool:
    """Say whether a question cannot be understood without what came before it.

    "Its" after a name ("What does the UN do with its archives?") is that name's.
    """
    owner = _POSSESSIVE.search(question)
    is_ownerless = owner is not None and not _NAME.search(question, 0, owner.start())
    straight = question.replace("’", "'")
    is_short = len(question_terms(question)) <= _FEW_WORDS and not _ITSELF.search(straight)
    return is_ownerless or bool(_LEANS.search(straight)) or is_short


def context_of(question: str, history: Sequence[Mapping[str, str]], is_on: bool = False) -> str:
    """Return what a question depends on: the latest question and the beginning of its answer; empty where it stands alone.

    `is_on`: it goes on with the subject of the latest question, whatever its words.
    """
    if not history or not (is_on or leans_on_history(question)):
        return ""
    latest = {turn["role"]: turn["content"] for turn in history if turn.get("content")}
    answer = " ".join(_CITATION.sub("", latest.get("assistant", "")).split()[:_ANSWER_WORDS])
    return " ".join(filter(None, (latest.get("user"), answer)))
