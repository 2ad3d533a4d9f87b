"""Marks of an answer in a sentence's form: a date for "when", a name for "who", a definition for "what is"."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.question.questions import Question, QuestionKind
from knowledge_base.language.words import fold, stem, words

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)"
)
_DAY = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|er)?(?: of)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\b\d{{4}}-\d\d-\d\d\b", re.IGNORECASE
)
_IS_MONTH = re.compile(rf"{_MONTH}$", re.IGNORECASE)
_DATE = re.compile(rf"\b{_MONTH}\b|\b(?:1[89]|20)\d\d\b|\b\d{{4}}-\d\d-\d\d\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand|million|billion"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|vingt|cent|mille|millions?|milliards?)\b",
    re.IGNORECASE,
)
_YEAR = r"(?:1[89]|20)\d\d\b"
_COUNTS = re.compile(
    rf"(?<!\d)(?!{_YEAR})(?:{_NUMBER.pattern})[\d,. ]*(?P<things>(?:[\s-]+[^\W\d][\w’'-]*){{1,3}})", re.IGNORECASE
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-ZÀ-Þ][\w-]+")
_FIELDS = {
    QuestionKind.WHEN: re.compile(r"\w*_?(?:date|day|time|year|jour|heure|année)s?\s*:", re.IGNORECASE),
    QuestionKind.WHERE: re.compile(
        r"\w*_?(?:address|city|place|venue|location|country|adresse|ville|lieu|pays)\s*:", re.IGNORECASE
    ),
}
_REASON = re.compile(
    r"\b(?:because|due to|since|therefore|thus|so that|in order to|aims?|as a result|reason|given|thereby|risk"
    r"|parce|car|afin|en raison|donc)\b",
    re.IGNORECASE,
)
_DEFINES = (
    r"(?:\s*\([^)]{1,60}\))?\s*(?::|,? (?:means?|refers? to|stands? for|designe|signifie)\b"
    r"|,? (?:is|are|was|were|est|sont|etait) (?:an?|the|une?|le|la|les|l'|when|where|defined|understood|defini\w*|quand)\b)"
)
_SAYS = r"(?:\s*\([^)]{1,60}\))?,? (?:is|are|was|were|est|sont|etait)\b(?! (?:not|pas)\b)"  # something, if not what it is
_DEFINES_LONGER = (
    r"(?: (?:for|of|on|pour|sur|de|du) [^.,;:()]{3,60}?)? (?:is|are|was|were|est|sont) (?:an?|the|une?|le|la|les)\b"
)


def field_cue(question: Question, text: str) -> bool:
    """Say whether the key of a `key: value` line names what a question asks for (a date, a place)."""
    return any(kind in question.kinds and bool(form.match(text)) for kind, form in _FIELDS.items())


def cue(question: Question, text: str) -> float:
    """Return how far a sentence has the form of an answer, between 0 and 1."""
    if question.kind == QuestionKind.DEFINITION:
        return _definition_cue(question.subject, text) if question.subject else 0.0
    if question.kind in (QuestionKind.WHO, QuestionKind.WHERE):
        return float(not _names(text) <= question.terms.keys())  # the question's own name answers nothing
    if question.kind == QuestionKind.QUANTITY and question.counted:
        return float(not question.counted.isdisjoint(_things_counted(text)))
    return _general_cue(question.kind, text)


@lru_cache(maxsize=5_000)
def _things_counted(text: str) -> frozenset[str]:
    """Return the stems, in English and in French, of the words that stand soon after a number, but a year."""
    after = [word for found in _COUNTS.finditer(text) for word in words(found["things"])]
    return frozenset(stem(word, language) for word in after for language in ("en", "fr"))


@lru_cache(maxsize=5_000)
def _names(text: str) -> frozenset[str]:
    """Return the words of a text that are written as names, folded, but months."""
    return frozenset(fold(name) for name in _NAME.findall(text) if not _IS_MONTH.match(name))


@lru_cache(maxsize=5_000)
def _general_cue(kind: QuestionKind, text: str) -> float:
    """Return how far a sentence has the form of an answer to any question of a kind."""
    if kind == QuestionKind.WHEN:
        return 1.0 if _DAY.search(text) else 0.6 if _DATE.search(text) else 0.0
    form = {QuestionKind.QUANTITY: _NUMBER, QuestionKind.WHY: _REASON}.get(kind)
    return float(bool(form and form.search(text)))


def _definition_cue(subject: str, text: str) -> float:
    """Return 1 for a sentence that says what the subject is, half for one that says something of it."""
    defines, says = _definition_of(subject)
    folded = fold(text.replace("’", "'"))
    return 1.0 if defines.search(folded) else 0.5 if says.search(folded) else 0.0


@lru_cache(maxsize=256)
def _definition_of(subject: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match a sentence that begins with the subject, or gives it as another name or in apposition: what it is; that it is."""
    begins = r"^[\"“«(]?\s*(?:the |an? |le |la |les |l'|un |une )?[\"“«]?\s*"
    renamed = r"(?:\b(?:or|ou|called|known as|appelee?s?|nommee?s?|dit|dite)|, (?:the|le|la|l'|les)) [\"“«]?\s*"
    named = rf"(?:{begins}|{renamed}){re.escape(subject)}s?\s*[\"”»]?"
    return re.compile(rf"{named}(?:{_DEFINES}|{_DEFINES_LONGER})"), re.compile(rf"{named}{_SAYS}")
