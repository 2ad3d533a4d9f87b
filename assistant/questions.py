"""What a question asks for: its language, its kind, its words and how rare they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from math import log

from knowledge_base.catalog import Catalog
from knowledge_base.retrieval import question_terms
from knowledge_base.text_terms import question_language


class QuestionKind(StrEnum):
    """What sort of answer is asked for."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    QUANTITY = "quantity"
    WHY = "why"
    LIST = "list"
    DEFINITION = "definition"
    OTHER = "other"


_PATTERNS: tuple[tuple[QuestionKind, str], ...] = (
    (
        QuestionKind.QUANTITY,
        r"\bhow (?:many|much|large|often|long)\b|\bcombien\b|\bwhat (?:share|number|percentage|proportion)\b",
    ),
    (
        QuestionKind.WHEN,
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month)\b|\byear of\b|\bdate of\b|\bquand\b"
        r"|\bquel(?:le)? (?:jour|date|année|mois)\b|\bdepuis quand\b",
    ),
    (QuestionKind.WHERE, r"\bwhere\b|\b(?:what|which) (?:city|place|venue|country)\b|\boù\b"),
    (
        QuestionKind.WHY,
        r"\bwhy\b|\bfor what (?:reasons?|purposes?)\b|\bwhat reasons?\b|\bpourquoi\b|\bpour quelles? raisons?\b",
    ),
    (
        QuestionKind.LIST,
        r"\b(?:list|name|enumerate|lister|énumérer?)\b|\bwhich (?:\w+[ -]){0,3}\w+s\b|\bwhat (?:are|were|\w+ \w+s|\w+s)\b"
        r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven) (?:\w+[ -]){0,2}\w+s\b|\bquel(?:le)?s\b"
        r"|\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze) \w+s\b|\btopics\b|\bmeasures\b",
    ),
    (
        QuestionKind.DEFINITION,
        r"\bwhat (?:is|does)\b.*\bmean|\bwhat do (?:we|you) mean\b|\bdefin(?:e|ed|ition)\b|\bstands? for\b|\bmeaning of\b"
        r"|\bwhat (?:is|are) (?:a |an |the )?[\w -]{2,40}\?|\bqu'?est-ce que?\b|\bqu'entend|\bdéfini",
    ),
    (QuestionKind.WHO, r"\bwho(?:se|m)?\b|\bqui\b|\bby whom\b"),
)
CONTEXT_WEIGHT = 0.4  # of a word that only the conversation holds

_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)


@dataclass(frozen=True, slots=True)
class Question:
    """An analysed question; `terms` maps each content word to its stems, `weights` to its rarity among the passages.

    `asked` is the question itself, `text` what is searched: the same, with the conversation's words before it in a follow-up.
    `unknown` are the content words that occur in no passage.
    """

    asked: str
    text: str
    language: str
    kind: QuestionKind
    terms: dict[str, tuple[str, ...]]
    weights: dict[str, float]
    unknown: tuple[str, ...]


def kind_of(text: str) -> QuestionKind:
    """Return the first kind whose words the question holds, OTHER where there is none."""
    straight = text.replace("’", "'")
    return next((kind for kind, pattern in _COMPILED if pattern.search(straight)), QuestionKind.OTHER)


def analyse(asked: str, catalog: Catalog, searched: str | None = None) -> Question:
    """Analyse a question against the words of the documents; `searched` adds what a follow-up leans on, at less weight."""
    text = searched or asked
    terms = question_terms(text)
    own = question_terms(asked)
    total = max(1, catalog.counts()["passages"])
    frequency = catalog.document_frequency([s for stems in terms.values() for s in stems])
    best = {word: max(frequency[s] for s in stems) for word, stems in terms.items()}
    weights = {
        word: log(1 + total / max(0.5, count)) * (1.0 if word in own else CONTEXT_WEIGHT) for word, count in best.items()
    }
    unknown = tuple(word for word, count in best.items() if not count)
    return Question(asked, text, question_language(asked), kind_of(asked), terms, weights, unknown)
