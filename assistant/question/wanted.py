"""The form of answer that a question asks for, its subject without the words that ask, and what it names by a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from knowledge_base.language.numbers import CARDINALS, in_digits
from knowledge_base.language.vocabulary import listed, pattern, word_set
from knowledge_base.language.words import content_words, fold, words


class Form(StrEnum):
    """What an answer is made of: the words of a part, what a document says as a whole, all things of a kind, or sentences."""

    WORDING = "wording"
    OVERVIEW = "overview"
    ALL = "all"
    SENTENCES = "sentences"


class Numbered(NamedTuple):
    """A thing that a question names by its number: "working group" 5; `noun` is folded."""

    noun: str
    number: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for: the form, of which subject; `is_bare` where the words that ask were taken off the subject."""

    form: Form
    subject: str
    numbered: tuple[Numbered, ...] = ()
    is_bare: bool = False

    def of_context(self, context: str, language: str) -> Wanted:
        """Return it of the numbered thing that a conversation is on, where its own subject is a pronoun ("it")."""
        things = numbered_in(context, language) or numbered_in(context, "en" if language == "fr" else "fr")
        if self.form != Form.OVERVIEW or not things or not word_set("wanted.self").issuperset(words(self.subject)):
            return self
        return Wanted(self.form, f"{things[0].noun} {things[0].number}", (things[0],), is_bare=True)


_POLITE = pattern(r"^{wanted.polite}(?:\s+|$)")
_TAIL = pattern(r"[\s,]+{wanted.tails}$")
_ARTICLE = pattern(r"^(?:{wanted.articles})(?:\s+|(?<='))")
_AFTER = r"(?:(?<=')|(?<=\s)|\s+|\s*:\s*)(?P<subject>\S.*)$"
_FORMS = (
    *((Form.WORDING, pattern(rf"^(?:{phrase}){_AFTER}"), True) for phrase in listed("wanted.wording")),
    *((Form.OVERVIEW, pattern(rf"^(?:{phrase}){_AFTER}"), True) for phrase in listed("wanted.overview")),
    *((Form.ALL, pattern(rf"^(?:{phrase}){_AFTER}"), True) for phrase in listed("wanted.all")),
    *((Form.ALL, pattern(rf"^(?:{phrase}){_AFTER}"), False) for phrase in listed("wanted.all_asked")),
    *((Form.OVERVIEW, pattern(f"^{phrase}$"), True) for phrase in listed("wanted.overview_around")),
    *((Form.WORDING, pattern(f"^{phrase}$"), False) for phrase in listed("wanted.wording_around")),
)
_MARK = r"(?:n[o°º]\.?\s*|#\s*)?"
_NUMBERS = r"\d{1,2}(?:\s*(?:,|-|&|\band\b|\bet\b|\bto\b|\bà\b)\s*(?:and |et )?\d{1,2})*"
_AFTER_NOUN = re.compile(
    rf"(?P<noun>[^\W\d_]{{3,}}(?: (?:de )?[^\W\d_]{{3,}})?)\s+{_MARK}(?P<numbers>{_NUMBERS})\b(?![\d.,/%-]*\d)"
)
_BEFORE_NOUN = re.compile(
    r"\b(?P<numbers>\d{1,2})(?:st|nd|rd|th|er|e|ère|re|ème|eme|nde?)\s+(?P<noun>[^\W\d_]{3,}(?: (?:de )?[^\W\d_]{3,})?)"
)
_RANGE = re.compile(r"(\d{1,2})\s*(?:-|\bto\b|\bà\b)\s*(\d{1,2})")


def read_wanted(question: str, language: str) -> Wanted:
    """Read the form of answer that a question asks for; SENTENCES, of the whole question, where it asks for none."""
    text = " ".join(question.replace("’", "'").split()).rstrip(" ?!.…")
    while (bare := _TAIL.sub("", _POLITE.sub("", text))) != text:
        text = bare
    for form, phrase, is_bare in _FORMS:
        if found := phrase.match(text):
            subject = _ARTICLE.sub("", found["subject"].strip(' "“”«»:,'))
            is_pronoun = form == Form.OVERVIEW and word_set("wanted.self").issuperset(words(subject))
            if is_pronoun or content_words(subject, language) or numbered_in(subject, language):
                return Wanted(form, subject, tuple(numbered_in(subject, language)), is_bare)
    numbered = tuple(numbered_in(text, language))
    named = {word for thing in numbered for word in words(thing.noun)}
    is_name = bool(numbered) and set(without_asking_words(in_digits(text, language), language)) <= named
    return Wanted(Form.OVERVIEW if is_name else Form.SENTENCES, text, numbered)


def numbered_in(text: str, language: str) -> list[Numbered]:
    """Return the things that a text names by number ("principles 3 and 4", "the eighth principle", "groupe de travail 6")."""
    digits = in_digits(text, language)
    found = []
    for match in (*_AFTER_NOUN.finditer(digits), *_BEFORE_NOUN.finditer(digits)):
        last = match["noun"].rpartition(" ")[2]
        noun = " ".join(content_words(match["noun"], language)) if content_words(last, language) else ""
        spread = _RANGE.sub(lambda m: " ".join(map(str, range(int(m[1]), int(m[2]) + 1))), match["numbers"])
        found += [Numbered(noun, int(number)) for number in re.findall(r"\d+", spread)] if noun else []
    return list(dict.fromkeys(found))


def without_asking_words(text: str, language: str) -> list[str]:
    """Return the content words of a text that name something: no number words, no words for documents as such."""
    empty = word_set("wanted.kinds") | word_set("wanted.every") | CARDINALS.keys()
    return [word for word in content_words(text, language) if word not in empty and not word.isdigit()]


def asks_for_official(text: str) -> bool:
    """Say whether a question asks for what the official text says."""
    officials = {fold(word) for word in word_set("wanted.officials")}
    return not officials.isdisjoint(words(text))
