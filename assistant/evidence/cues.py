"""Marks of an answer in a sentence's form: a date for "when", a name for "who", a definition for "what is"."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.question.questions import Question, QuestionKind
from knowledge_base.language.dates import FULL_MONTHS, date_spans
from knowledge_base.language.numbers import NUMBER
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import fold, fold_in_place, stem, words

_MONTH = rf"(?:{'|'.join(FULL_MONTHS)})"
_YEAR = r"(?:1[89]|20)\d\d\b"
_DAY = pattern(rf"\b\d{{1,2}}{{dates.day_endings}}?(?: {{dates.of}})? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\b\d{{4}}-\d\d-\d\d\b")
_DATE = pattern(rf"\b{_MONTH}\b|\b{_YEAR}|\b\d{{4}}-\d\d-\d\d\b")
_COUNTS = pattern(rf"(?<!\d)(?!{_YEAR})(?:{NUMBER.pattern})[\d,. ]*(?P<things>(?:[\s-]+[^\W\d][\w’'-]*){{1,3}})")
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-ZÀ-Þ][\w-]+")
_KEYS = {
    QuestionKind.WHEN: pattern(r"\w*_?{answers.date_keys}s?\s*:"),
    QuestionKind.WHERE: pattern(r"\w*_?{answers.place_keys}\s*:"),
}
_REASON = pattern(r"\b{answers.reasons}\b")
_CODE_ASKED = pattern(r"\b{answers.code_asked}\b")
_CODE = re.compile(r"\b(?=[^\s]*\d)[A-Z\d][\w]*(?:[/.-][A-Z\d]\w*)+\b")
_LONGEST_KEY = 40
_IN_BRACKETS = r"(?:\s*\([^)]{1,60}\))?"
_SAYS = rf"{_IN_BRACKETS},? {{answers.copulas}}\b(?! {{answers.denied}}\b)"  # something, if not what it is
_DEFINES = (
    rf"(?:{_IN_BRACKETS}\s*(?::|,? {{answers.means}}\b"
    r"|,? {answers.copulas} (?:{answers.articles}|l'|{answers.defined})\b)"
    r"|(?: {answers.links} [^.,;:()]{3,60}?)? {answers.copulas} {answers.articles}\b)"
)
_BEGINS = r"^[\"“«(]?\s*(?:{answers.articles} |l')?[\"“«]?\s*"
_RENAMED = r"(?:\b{answers.renames}|, (?:{answers.definite}|l')) [\"“«]?\s*"
_MOST_REMEMBERED = 5_000


def field_cue(question: Question, text: str) -> bool:
    """Return whether the key of a `key: value` line names what a question asks for (a date, a place, words of its own).

    A number of reference counts where one is asked for, whatever stands before it.
    """
    if any(kind in question.kinds and bool(key.match(text)) for kind, key in _KEYS.items()):
        return True
    if _CODE_ASKED.search(question.asked) and _CODE.search(text):
        return True
    key, _, value = text.partition(":")
    named = set(words(key)) if value and len(key) <= _LONGEST_KEY else set()
    return bool(named) and len(question.words_in(key, None)) * 2 > len(named)


def cue(question: Question, text: str) -> float:
    """Return how far a sentence has the form of an answer, between 0 and 1."""
    kind = question.kind
    if kind == QuestionKind.DEFINITION and question.subject:
        is_defined, is_spoken_of = _definition_of(question.subject)
        folded = fold(text.replace("’", "'"))
        return 1.0 if is_defined.search(folded) else 0.5 if is_spoken_of.search(folded) else 0.0
    if kind in (QuestionKind.WHO, QuestionKind.WHERE):
        return float(not _names(text) <= question.terms.keys())  # the question's own name answers nothing
    if kind == QuestionKind.WHEN:
        return 1.0 if _DAY.search(text) else 0.6 if _DATE.search(text) else 0.0
    if kind == QuestionKind.QUANTITY and question.counted:
        return float(not question.counted.isdisjoint(_things_counted(text)))
    form = {QuestionKind.QUANTITY: NUMBER, QuestionKind.WHY: _REASON}.get(kind)
    return float(bool(form and form.search(text)))


def short_answer(question: Question, text: str) -> tuple[int, int] | None:
    """Return where the date or the number that is asked for stands in a sentence; None where it holds none, or several.

    A date that the question itself gives is not asked for. In sentences that answer (SQuAD 2.0, PIAF, Natural Questions) .96 to
    .99 of such dates and .90 to .97 of such numbers are what people gave as the answer; of half of the questions one is given.
    """
    if question.kind == QuestionKind.WHEN:
        given = [date for _, _, dates in date_spans(question.asked)[0] for date in dates]
        found = [(i, j) for i, j, dates in date_spans(text)[0] if not all(date.is_met_by(given) for date in dates)]
    elif question.kind == QuestionKind.QUANTITY and question.counted:
        numbers = _COUNTS.finditer(fold_in_place(text))
        found = [(n.start(), n.start("things")) for n in numbers if question.counted & _stems(n["things"])]
    else:
        return None
    if len(found) != 1:
        return None
    start, end = found[0]
    return start, start + len(text[start:end].rstrip(" -,."))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _things_counted(text: str) -> frozenset[str]:
    """Return the stems, in English and in French, of the words that stand soon after a number, but a year."""
    return frozenset().union(*(_stems(found["things"]) for found in _COUNTS.finditer(text)))


def _stems(things: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in words(things) for language in ("en", "fr"))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _names(text: str) -> frozenset[str]:
    """Return the words of a text that are written as names, folded, but months."""
    return frozenset(fold(name) for name in _NAME.findall(text) if name.lower() not in FULL_MONTHS)


@lru_cache(maxsize=256)
def _definition_of(subject: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match a sentence that begins with the subject, or gives it as another name or in apposition: what it is; that it is."""
    named = rf"(?:{_BEGINS}|{_RENAMED}){re.escape(subject)}s?\s*[\"”»]?"
    return pattern(named + _DEFINES, re.NOFLAG), pattern(named + _SAYS, re.NOFLAG)
