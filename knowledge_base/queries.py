"""Read a question as a query: its words and how rare they are, misspelt words mended, abbreviations spelt out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import log

from knowledge_base.catalog import Catalog, quoted_term
from knowledge_base.text_terms import content_words, fold, question_language, stem, stems, stop_words, words

Terms = dict[str, tuple[str, ...]]

CONTEXT_WEIGHT = 0.4  # of a word that only the conversation, or an abbreviation spelt out, holds
_SHORTEST_MENDED = 6
_LONG_WORD = 8  # from here on two letters may differ
_ABBREVIATION = re.compile(r"\b(?=\w*[A-Z]\w*[A-Z])[A-Z][A-Za-z]{1,9}\d?\b")
_NAME = re.compile(r"\b(?:[A-ZÀ-Þ]|\d*[A-Z])[\w-]+")
_PASSAGES_READ = 60


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is searched.

    `text` is the question, misspelt words mended; `context` is what a follow-up leans on. Both are embedded. `terms` maps each
    content word to its stems in English and French, `weights` to its rarity among the passages, less for words of the context.
    `unknown` are the words that occur in no passage; `mended` maps a misspelt word to the one that was read for it; `names`
    maps the words written as names to the FTS5 expressions that find them.
    """

    text: str
    context: str = ""
    terms: Terms = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    mended: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


class QueryReader:
    """Reads questions against the words of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def read(self, question: str, context: str = "") -> Query:
        """Read a question; `context` is what it leans on in a conversation."""
        terms = question_terms(question)
        shouted = set() if question.isupper() else {fold(word) for word in _ABBREVIATION.findall(question)}
        mended = {word: other for word in self._unknown(terms) if word not in shouted and (other := self._mend(word))}
        text = _replaced(question, mended)
        spelt_out = dict(self._spelt_out(text))
        own = question_terms(text)
        others = {**question_terms(context), **question_terms(" ".join(spelt_out.values()))}
        all_terms = {**others, **own}
        rarity = rarities(all_terms, self._catalog)
        return Query(
            text=text,
            context=context,
            terms=all_terms,
            weights={word: value * (1.0 if word in own else CONTEXT_WEIGHT) for word, value in rarity.items()},
            unknown=tuple(word for word in self._unknown(all_terms) if word not in map(fold, spelt_out)),
            mended=mended,
            names=_names(text, own, spelt_out),
        )

    def _unknown(self, terms: Terms) -> tuple[str, ...]:
        frequency = self._catalog.document_frequency([s for stems in terms.values() for s in stems])
        return tuple(word for word, stems in terms.items() if not any(frequency[s] for s in stems))

    # Misspelt words

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        """Map each stem of three letters or more to the number of passages that hold it."""
        return {term: count for term, count in self._catalog.vocabulary() if len(term) > 2 and term.isalpha()}

    def _mend(self, word: str) -> str | None:
        """Return the word of the documents that `word`, which they do not hold, may be a slip of the pen for, or None."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        if len(word) < _SHORTEST_MENDED or not word.isalpha():
            return None
        limit = 2 if len(word) >= _LONG_WORD else 1
        found = [
            (distance, -self._vocabulary[candidate], candidate)
            for root in {stem(word, "en"), stem(word, "fr")}
            for candidate, distance, _ in extract(root, self._vocabulary.keys(), scorer=OSA.distance, score_cutoff=limit)
            if candidate[0] == word[0] and (len(word) >= _LONG_WORD or _is_slip(root, candidate))
        ]
        return self._as_written(min(found)[2]) if found else None

    def _as_written(self, root: str) -> str | None:
        """Return a word of the documents with this stem."""
        for passage in self._holding(root, 1):
            for word in words(passage):
                if root in (stem(word, "en"), stem(word, "fr")):
                    return word
        return None

    # Abbreviations

    def _spelt_out(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the abbreviations of a question with the long form that the documents give: "Long Form (LF)"."""
        if text.isupper():
            return
        for short in dict.fromkeys(_ABBREVIATION.findall(text)):
            texts = self._holding(stem(fold(short), "en"), _PASSAGES_READ)
            number = re.search(r"\d+$", short)
            if number and not texts:
                texts = self._holding(number[0], _PASSAGES_READ)
            long = next(filter(None, (long_form(short, text) for text in texts)), None)
            if long:
                yield short, long

    def _holding(self, root: str, limit: int) -> list[str]:
        """Return the texts, after their titles and headings, of the passages that hold a stem best."""
        ids = self._catalog.search(quoted_term(root), limit, (1.0, 1.0, 1.0))
        found = self._catalog.passages(ids)
        return ["\n".join((p.title, p.heading, p.text)) for p in (found[identifier] for identifier in ids)]


def question_terms(question: str) -> Terms:
    """Map each content word of a question, folded, to its stems as documents in English and in French hold them."""
    content = content_words(question, question_language(question))
    return {word: tuple(dict.fromkeys((stem(word, "en"), stem(word, "fr")))) for word in content}


def rarities(terms: Mapping[str, Sequence[str]], catalog: Catalog) -> dict[str, float]:
    """Return the inverse document frequency of each word among the passages, as Lucene defines it: never below 0."""
    total = catalog.counts()["passages"]
    frequency = catalog.document_frequency([s for stems in terms.values() for s in stems])
    held = {word: max(frequency[s] for s in stems) for word, stems in terms.items()}
    return {word: log(1 + (total - count + 0.5) / (count + 0.5)) for word, count in held.items()}


def _is_slip(word: str, other: str) -> bool:
    """Say whether two short words that differ in one place differ as slips do: letters changed places, or one is left out."""
    return len(word) != len(other) or sorted(word) == sorted(other)


def long_form(short: str, text: str) -> str | None:
    """Return the words that an abbreviation stands for in a text, or None: those before "(GGE)", or "Working Group 5" for WG5.

    Their first letters spell it, small words left out. Source: Schwartz and Hearst, A Simple Algorithm for Identifying
    Abbreviation Definitions in Biomedical Text (2003), held to whole first letters.
    """
    letters, number = re.sub(r"[^a-z]", "", fold(short)), re.sub(r"\D", "", short)
    numbered = rf"(?<= ){number}\b" if number else "(?!)"
    for mark in re.finditer(rf"\((?:the )?[“\"]?{re.escape(short)}[”\"]?\)|{numbered}", text):
        before = text[: mark.start()].split()
        for count in range(1, min(len(before), 2 * len(letters) + 2) + 1):
            if _initials(before[-count:]) == letters:
                return " ".join([*before[-count:], number] if mark[0] == number else before[-count:])
    return None


def _initials(spelt: Sequence[str]) -> str:
    parts = [part for word in spelt for part in words(word) if part not in _small_words() and not part.isdigit()]
    first = words(spelt[0])[:1]
    return "".join(part[0] for part in parts) if first and first[0] not in _small_words() else ""


@cache
def _small_words() -> frozenset[str]:
    return stop_words("en") | stop_words("fr")


def _replaced(question: str, mended: Mapping[str, str]) -> str:
    def other(match: re.Match[str]) -> str:
        return mended.get(fold(match[0]), match[0])

    return re.sub(r"[^\W_]+", other, question) if mended else question


def _names(text: str, own: Terms, spelt_out: Mapping[str, str]) -> dict[str, str]:
    """Map each word of a question that is written as a name to the FTS5 expression that finds it, spelt out or not."""
    if text.isupper():
        return {}
    long_forms = {fold(short): stems(long, "en") for short, long in spelt_out.items()}
    found = dict.fromkeys(word for name in _NAME.findall(text) for word in words(name) if word in own)
    return {word: match_expression([*own[word], " ".join(long_forms.get(word, ()))]) for word in found}


def match_expression(terms: Iterable[str]) -> str:
    """Return the FTS5 expression that matches passages with any of the stems, or phrases of stems."""
    return " OR ".join(dict.fromkeys(quoted_term(term) for term in terms if term))
