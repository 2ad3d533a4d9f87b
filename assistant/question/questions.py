"""What a question asks for: its language, its kind, its words and how rare they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.language.words import fold, question_language, stems, words
from knowledge_base.search.queries import Query, Terms


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


CARDINALS = {
    name: number
    for names in (
        "two three four five six seven eight nine ten eleven twelve",
        "deux trois quatre cinq six sept huit neuf dix onze douze",
    )
    for number, name in enumerate(names.split(), start=2)
}
_PLURAL = r"(?:(?!(?:is|was|has|does|this|us|its|as)\b)\w+s|criteria|people)"
_ASKS = r"(?:^|[,;:–-] ?|\b(?:and|or|since|until|from|to|exactly|by) )"  # before a question word that opens no clause
_DOES = (
    r"(?:can|could|should|must|may|do|does|did) .{2,80}?"
    r"\b(?:do|recommend|advis|propos|suggest|ask|includ|call for|demand|requir|expect|offer)"
)

_PATTERNS: tuple[tuple[QuestionKind, str], ...] = (
    (
        QuestionKind.QUANTITY,
        r"\bhow (?:many|much|large|often|long)\b|\bcombien\b|\bwhat (?:share|number|percentage|proportion)\b",
    ),
    (
        QuestionKind.WHEN,
        _ASKS + r"when\b|\b(?:what|which) (?:year|date|day|month)\b|\byear of\b|\bdate of\b|\bquand\b"
        r"|\bquel(?:le)? (?:jour|date|année|mois)\b|\bdepuis quand\b",
    ),
    (QuestionKind.WHERE, _ASKS + r"where\b|\b(?:what|which) (?:city|place|venue|country)\b|\boù\b"),
    (
        QuestionKind.WHY,
        r"\bwhy\b|\bfor what (?:reasons?|purposes?)\b|\bwhat reasons?\b|\bpourquoi\b|\bpour quelles? raisons?\b",
    ),
    (
        QuestionKind.LIST,
        rf"\b(?:list|name|enumerate|lister|énumérer?|topics)\b|\bwhich (?:\w+[ -]){{0,3}}{_PLURAL}\b|\bwhat are\b"
        rf"|\bwhat {_PLURAL}\b|\bwhat \w+ {_PLURAL}\b|\b(?:{'|'.join(CARDINALS)}) (?:[\w-]+ ){{0,2}}{_PLURAL}\b"
        rf"|\bquel(?:le)?s (?:sont|\w+s)\b|\bwhat {_DOES}|\bque (?:doi|peu|recommand|propos|demand)\w+",
    ),
    (
        QuestionKind.DEFINITION,
        r"\bmean(?:s|ing)?\b|\bdefin(?:e|ed|ition)\b|\bstands? for\b|^what (?:is|was)\b[^,]{2,60}\?$"
        r"|\bqu'?est-ce que?\b|\bqu'entend|\bdéfini|\bsignifie",
    ),
    (QuestionKind.WHO, r"\bwho(?:se|m)?\b|\bqui\b|\bby whom\b"),
)
_PLACE = r"(?:call|declaration|document|glossa(?:ry|ire)|groupe?|page|paper|rapport|report|site|study|text[es]?|website|wg ?\d)"
_SCOPE = (  # where a term is defined, which is no part of it
    rf"(?:,? (?:according to|as (?:defined|understood|used) (?:by|in|on)|selon|d'après)\b.*"
    rf"|,? (?:by|for|in|on|dans|sur) (?:[\w'-]+ ){{0,4}}{_PLACE}\b.*)?\??$"
)
_SUBJECTS = (
    r"[\"“«] ?(?P<subject>[^\"“”«»]{2,60}?) ?[\"”»]",
    r"\b(?:mean by|definition of|meaning of|define|défini(?:r|tion d[eu]))\s+(?P<subject>.+?)" + _SCOPE,
    r"^(?:so )?what (?:is|was|are|were) (?:meant by )?(?P<subject>.+?)" + _SCOPE,
    r"\bwhat (?:does|do|did) (?!we\b|you\b)(?P<subject>.+?) (?:mean|stand for)\b",
    r"\bqu'?est-ce qu(?:e|') ?(?P<subject>.+?)" + _SCOPE,
    r"\bqu'entend(?:-on|ons-nous)? par (?P<subject>.+?)" + _SCOPE,
    r"\bque (?:signifie|veut dire) (?P<subject>.+?)" + _SCOPE,
)
_LEADING = re.compile(
    r"^(?:and |so |but |et |mais )?(?P<word>who|whom|whose|when|where|why|qui|quand|où|pourquoi)\b", re.IGNORECASE
)
_LEADING_KINDS = {
    "who": QuestionKind.WHO, "whom": QuestionKind.WHO, "whose": QuestionKind.WHO, "qui": QuestionKind.WHO,
    "when": QuestionKind.WHEN, "quand": QuestionKind.WHEN, "where": QuestionKind.WHERE, "où": QuestionKind.WHERE,
    "why": QuestionKind.WHY, "pourquoi": QuestionKind.WHY,
}  # fmt: skip
_ARTICLE = re.compile(r"^(?:(?:the|an?|le|la|les|un|une|des)\s+|l'\s*)", re.IGNORECASE)

_COUNTED = re.compile(  # up to a verb, where one of these follows; else one word
    r"\b(?:how many|what number of|combien d(?:e |'))\s*(?P<things>[\w-]+(?: [\w-]+){0,2}?(?=\?|,|$"
    r"| (?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must|sont|ont|a|y|[\w-]+ed)\b)|[\w-]+)",
    re.IGNORECASE,
)

_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_COMPILED_SUBJECTS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _SUBJECTS)


@dataclass(frozen=True, slots=True)
class Question:
    """An analysed question: `asked` as it was asked, `query` as it is searched; `kind` is the first of the `kinds` it asks for.

    `subject` is what a definition is asked of, folded; `count` how many things are asked for, where the question says so;
    `counted` are the stems of the things whose number is asked for.
    """

    asked: str
    query: Query
    language: str
    kind: QuestionKind
    subject: str | None = None
    count: int | None = None
    counted: frozenset[str] = frozenset()
    kinds: frozenset[QuestionKind] = frozenset()

    @property
    def terms(self) -> Terms:
        """Map each content word to its stems."""
        return self.query.terms

    @property
    def weights(self) -> dict[str, float]:
        """Map each content word to its rarity among the passages."""
        return self.query.weights

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the content words that occur in no passage."""
        return self.query.unknown


def subject_of(text: str) -> str | None:
    """Return what a definition is asked of, folded and without its article, or None."""
    straight = text.replace("’", "'").strip()
    for pattern in _COMPILED_SUBJECTS:
        found = pattern.search(straight)
        if found:
            return fold(_ARTICLE.sub("", found["subject"].strip(" \"'“”«»"))).strip(" \"'“”«»")
    return None


def count_of(text: str) -> int | None:
    """Return the number of things that a question names ("the nine principles"), or None."""
    return next((CARDINALS[word] for word in words(text) if word in CARDINALS), None)


def counted_in(text: str, language: str) -> frozenset[str]:
    """Return the stems of the things whose number a question asks for ("how many working groups are there"), or none."""
    found = _COUNTED.search(text.replace("’", "'"))
    return frozenset(stems(found["things"], language)) if found else frozenset()


def kind_of(text: str) -> QuestionKind:
    """Return what a question's first word asks for, else the first kind whose words it holds; OTHER where there is none."""
    straight = text.replace("’", "'").strip()
    leading = _LEADING.match(straight)
    if leading:
        return _LEADING_KINDS[leading["word"].lower()]
    return next((kind for kind, pattern in _COMPILED if pattern.search(straight)), QuestionKind.OTHER)


def kinds_of(text: str) -> frozenset[QuestionKind]:
    """Return all kinds whose words a question holds ("where and when")."""
    straight = text.replace("’", "'")
    return frozenset(kind for kind, pattern in _COMPILED if pattern.search(straight))


def analyse(asked: str, query: Query) -> Question:
    """Analyse a question that was read as `query`."""
    language = question_language(asked)
    return Question(
        asked, query, language, kind_of(asked), subject_of(asked), count_of(asked), counted_in(asked, language), kinds_of(asked)
    )
