"""Yes/no questions: their answers begin with yes, no, or that it is what the documents say, by comparison with quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from assistant.answers import Answer, AnswerPart, written
from assistant.claims.polarity import compare
from assistant.messages import message
from assistant.question.wanted import numbered_in
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import mapping, pattern, word_set
from knowledge_base.language.words import content_words, fold, question_language, split_words, stem, words
from knowledge_base.search.queries import question_terms

Literals = Literal["date", "number", "place"]
_YES_NO = pattern("^{yes_no.openings}")
_AMONG = pattern("{yes_no.among}")
_ON_IT = 0.6  # share of what a question asks of that a quote holds, so that its other date, number or place is an answer
_SAYS_IT = 0.8  # so that it says yes
_READ = 3  # quotes that are compared


def is_yes_no(question: str) -> bool:
    """Say whether a question asks for yes or no, and not for one of several things."""
    text = question.replace("’", "'").strip()
    return bool(_YES_NO.match(text)) and not _AMONG.search(text)


def without_literals(question: str, language: str, unknown: Sequence[str]) -> str:
    """Return a question without its dates, numbers and places, and without the names that no document holds."""
    asked = Text.read(question.rstrip(" ?"), language)
    years = {str(date.year) for date in asked.dates if date.year}
    labels = {thing.number for thing in numbered_in(question, language)}
    numbers = {f"{number.value:.0f}" for number in asked.numbers if number.value not in labels}
    places = {position for span in asked.place_spans for position in range(span.first, span.last)}
    cities = {name.word for name in asked.names if len(name.run) == 1} if asked.capitals else set()
    kept = question
    for position, (word, _) in enumerate(split_words(question)):
        if position in places or fold(word) in cities or fold(word) in unknown:
            kept = kept.replace(word, "", 1)
    for number in years | numbers:
        kept = kept.replace(number, "", 1)
    return " ".join(kept.split())


def with_verdict(answer: Answer, asked: str, language: str, unknown: Sequence[str] = ()) -> Answer | None:
    """Begin an answer made of quotes with what it says to a yes/no question; `unknown` are words that no document holds.

    Return None where the quotes are weak and not on what is asked.
    """
    quotes = [part for part in answer.parts if part.kind != "note" and part.citations][:_READ]
    if not quotes or answer.parts[0].kind == "note":
        return answer
    names = [word for word, _ in split_words(asked) if fold(word) in unknown and word[:1].isupper()]
    if names:
        note = message(language, "structure.not_named", names=message(language, "form.quoted", text=" ".join(names)))
    else:
        said = Text.read(asked.rstrip(" ?"), language)
        if answer.is_weak and max(_share_held(said, quote.text) for quote in quotes) < _ON_IT:
            return None
        note = _verdict(said, quotes, language)
    parts = (AnswerPart(note, kind="note"), *answer.parts)
    return replace(answer, parts=parts, text=written(parts))


def _verdict(asked: Text, quotes: Sequence[AnswerPart], language: str) -> str:
    best, held = max(((quote, _share_held(asked, quote.text)) for quote in quotes), key=lambda pair: pair[1])
    said = Text.read(best.text, question_language(best.text))
    other = _other_literal(asked, said) if held >= _ON_IT else None
    if other:
        return message(language, "structure.no", kind=message(language, f"structure.kind.{other}"))
    if said.language != asked.language or held < _ON_IT or not _literals_are_met(asked, said):
        return message(language, "structure.says")
    agreement = compare(asked, said)
    if agreement == "conflict":
        return message(language, "structure.no_denied")
    is_said = agreement == "agree" and held >= _SAYS_IT and not said.negations
    return message(language, "structure.yes" if is_said else "structure.says")


def _other_literal(asked: Text, said: Text) -> Literals | None:
    """Return the kind of what a quote gives otherwise than the question, or None."""
    dates = [date for date in asked.dates if not date.is_met_by(said.dates)]
    if dates and len(dates) == len(asked.dates) and any(d.shares_a_kind_with(o) for d in dates for o in said.dates):
        return "date"
    for number in asked.numbers:
        rivals = [other for other in said.numbers if other.noun == number.noun != "" and other.kind == number.kind]
        if rivals and not any(number.equals(other) for other in rivals):
            return "number"
    cities = mapping("capitals")
    theirs = said.places | said.capitals | {cities[word] for word in said.words & cities.keys()}
    mine = asked.places | asked.capitals
    return "place" if mine - theirs and theirs - mine else None


def _literals_are_met(asked: Text, said: Text) -> bool:
    return (
        all(date.is_met_by(said.dates) for date in asked.dates)
        and all(any(number.equals(other) for other in said.numbers) for number in asked.numbers)
        and asked.places | asked.capitals <= said.places | said.capitals
    )


def _share_held(asked: Text, quote: str) -> float:
    """Return the share of a question's words, but its helpers, dates and numbers, that a quote holds in either language."""
    terms = question_terms(asked.text, asked.language)
    literal = {word for word in terms if word.isdigit()} | word_set("yes_no.helpers")
    literal |= {fold(word) for number in asked.numbers for word in [f"{number.value:.0f}"]}
    wanted = [
        roots for word, roots in terms.items() if word not in literal and word in content_words(asked.text, asked.language)
    ]
    held = {stem(word, code) for word in words(quote) for code in ("en", "fr")}
    return sum(bool(held.intersection(roots)) for roots in wanted) / len(wanted) if wanted else 0.0
