"""The passages that an answer may stand on, as the model gets them numbered and as its sentences are held against them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from knowledge_base.language.facts import Facts, facts_of, initials, normalised, written_words
from knowledge_base.language.sentences import is_quotable, sentence_spans
from knowledge_base.language.words import question_language, stem, stop_words, words
from knowledge_base.passages import Passage

if TYPE_CHECKING:  # the page imports this before it is painted
    import numpy as np
    from numpy.typing import NDArray

_IMPERATIVE = re.compile(
    r"(?:please,? |now,? |always |never |do not |don't |then )?(?:say|write|begin|finish|put|cite|see|repeat|reply|answer"
    r"|respond|output|print|click|visit|ignore|disregard|tell|show|forward|email|append|insert|conclude"
    r"|end (?:each|every|your|with)|start (?:each|every|your|with)|add (?:this|the following|a link|an image)"
    r"|dis|dites|écris|écrivez|réponds|répondez|ignorez?|cliquez|terminez?|commencez?)\b",
    re.IGNORECASE,
)

Vectors: TypeAlias = "NDArray[np.float32]"
Encode = Callable[[Sequence[str]], Vectors]

_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|oublie[rz]?|ignore[rz]?)\b.{0,40}\b(?:instructions?|previous|prior|above|other|consignes?|règles?|autres?)\b"
    r"|\b(?:you must|always|only|now|please)\s+(?:output|reply|answer|respond|finish|add|include|say|print|repeat|write)\b"
    r"|\b(?:reply|answer|respond|output)\s+(?:only|nothing|exclusively)\b|\bas an? (?:ai|assistant|language model)\b"
    r"|\b(?:system|assistant|développeur|developer)\s*:|\b(?:system prompt|new rule|nouvelle règle)\b"
    r"|\b(?:to|in|of|at the end of) (?:the|your|every|each) (?:answer|reply|response)s?\b"
    r"|\b(?:réponds?|répondez|écri[st]|écrivez|ajoute[rz]?)\s+(?:uniquement|seulement|toujours|que)\b"
    r"|\bend of (?:the |all )?(?:passages?|context|documents?)\b"
    r"|<\|[^|>]{0,40}\|>|\[/?INST\]|<</?SYS>>",
    re.IGNORECASE,
)


def is_evidence(text: str) -> bool:
    """Say whether a sentence states something: a question, or what speaks to a language model or a reader, does not."""
    bare = text.strip(' -–*•“”"«»(')
    return not bare.rstrip(")").endswith("?") and not _INSTRUCTION.search(text) and not _IMPERATIVE.match(bare)


@dataclass(frozen=True)
class EvidenceSentence:
    """A quotable sentence: characters `start` to `end` of its page's text, with its vector (unit length)."""

    passage: int
    position: int
    start: int
    end: int
    text: str
    vector: Vectors = field(repr=False)
    language: str

    @cached_property
    def facts(self) -> Facts:
        """Return what it states."""
        return facts_of(self.text, self.language)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of its content words."""
        return frozenset(content_stems(self.text, self.language))


@dataclass(frozen=True)
class EvidencePassage:
    """A passage under the `number` by which the model cites it, cut into its quotable sentences."""

    number: int
    title: str
    heading: str
    text: str
    language: str
    sentences: tuple[EvidenceSentence, ...]
    passage: Passage | None = None

    @property
    def context(self) -> str:
        """Return title and headings."""
        return f"{self.title}. {self.heading}"

    @cached_property
    def facts(self) -> Facts:
        """Return what the whole passage states, its title and headings among it."""
        return facts_of(f"{self.context}\n{self.text}", self.language)

    @cached_property
    def words(self) -> frozenset[str]:
        """Return all folded words, those of title and headings among them."""
        return written_words(f"{self.context} {self.text}") | frozenset(words(f"{self.context} {self.text}"))

    @cached_property
    def initials(self) -> frozenset[str]:
        """Return the initials of its names of several words."""
        return initials(f"{self.context}. {self.text}")

    @cached_property
    def normalised(self) -> str:
        """Return the form in which quoted words are looked up."""
        return normalised(self.text)


def content_stems(text: str, language: str) -> list[str]:
    """Return the stems of a text's words but its stop words, in order."""
    code = "fr" if language == "fr" else "en"
    return [stem(word, code) for word in words(text) if word not in stop_words(code)]


def from_passage(number: int, passage: Passage, vectors: dict[str, Vectors], encode: Encode) -> EvidencePassage:
    """Return a retrieved passage as evidence; `vectors` are its sentences' by id, those missing are computed."""
    quotable = passage.quotable_sentences
    spans = [passage.sentences[int(identifier.rpartition("#")[2])] for identifier in quotable]
    kept = [(span, text, identifier) for span, (identifier, text) in zip(spans, quotable.items(), strict=True)]
    kept = [entry for entry in kept if is_evidence(entry[1])]
    missing = [text for _, text, identifier in kept if identifier not in vectors]
    computed = dict(zip(missing, encode(missing), strict=True)) if missing else {}
    language = _language(passage.language, passage.text)
    sentences = tuple(
        EvidenceSentence(
            number, position, span.start, span.end, text, vectors[name] if name in vectors else computed[text], language
        )
        for position, (span, text, name) in enumerate(kept)
    )
    return EvidencePassage(number, passage.title, passage.heading, passage.text, language, sentences, passage)


def from_text(number: int, title: str, text: str, encode: Encode, language: str | None = None) -> EvidencePassage:
    """Return a text with its title as evidence; offsets count from its beginning."""
    code = _language(language, text)
    spans = [span for line in _lines(text) for span in _sentences(text, *line, code)]
    kept = [(a, b) for a, b in spans if is_quotable(text[a:b]) and is_evidence(text[a:b])]
    vectors = list(encode([text[a:b] for a, b in kept])) if kept else []
    sentences = tuple(
        EvidenceSentence(number, position, a, b, text[a:b], vector, code)
        for position, ((a, b), vector) in enumerate(zip(kept, vectors, strict=True))
    )
    return EvidencePassage(number, title, "", text, code, sentences)


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text)]


def _sentences(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    return [(start + a, start + b) for a, b in sentence_spans(text[start:end], language)]


def _language(language: str | None, text: str) -> str:
    return language if language in ("en", "fr") else question_language(text)
