"""The passages that an answer may use, numbered for the model, and cut into the sentences that its own are checked against."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from knowledge_base.language.sentences import is_quotable, sentence_spans
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import pattern
from knowledge_base.passages import Passage, position_of

if TYPE_CHECKING:  # the page imports this before it is painted
    import numpy as np
    from numpy.typing import NDArray

_IMPERATIVE = pattern(r"{instructions.imperatives}\b")
_INSTRUCTION = pattern("{instructions.phrases}")
_LINE = re.compile(r"[^\n]+")

Vectors: TypeAlias = "NDArray[np.float32]"
Encode = Callable[[Sequence[str]], Vectors]


def is_evidence(text: str) -> bool:
    """Return whether a sentence states something: a question, or what speaks to a language model or a reader, does not."""
    bare = text.strip(' -–*•“”"«»(')
    return not bare.rstrip(")").endswith("?") and not _INSTRUCTION.search(text) and not _IMPERATIVE.match(bare)


@dataclass(frozen=True)
class EvidenceSentence:
    """A quotable sentence: characters `start` to `end` of its page's text, with its vector (unit length)."""

    passage: int
    position: int
    start: int
    end: int
    said: Text
    vector: Vectors = field(repr=False)

    @property
    def text(self) -> str:
        """Return its characters."""
        return self.said.text


@dataclass(frozen=True)
class EvidencePassage:
    """A passage under the `number` by which the model cites it, cut into its quotable sentences.

    `said` is its text, `whole` its title and headings, too.
    """

    number: int
    title: str
    heading: str
    said: Text
    sentences: tuple[EvidenceSentence, ...]
    passage: Passage | None = None

    @property
    def text(self) -> str:
        """Return its text without title and headings."""
        return self.said.text

    @property
    def context(self) -> str:
        """Return title and headings."""
        return f"{self.title}. {self.heading}"

    @cached_property
    def whole(self) -> Text:
        """Return what the whole passage says, its title and headings first."""
        return Text(f"{self.context}\n{self.text}", self.said.language)


def from_passage(number: int, passage: Passage, vectors: dict[str, Vectors], encode: Encode) -> EvidencePassage:
    """Return a retrieved passage as evidence; `vectors` are its sentences' by id, those missing are computed."""
    said = Text.read(passage.text, passage.language)
    quotable = {name: text for name, text in passage.quotable_sentences.items() if is_evidence(text)}
    missing = [text for name, text in quotable.items() if name not in vectors]
    computed = dict(zip(missing, encode(missing), strict=True)) if missing else {}
    sentences = []
    for position, (name, text) in enumerate(quotable.items()):
        span = passage.sentences[position_of(name)]
        vector = vectors[name] if name in vectors else computed[text]
        sentences.append(EvidenceSentence(number, position, span.start, span.end, Text(text, said.language), vector))
    return EvidencePassage(number, passage.title, passage.heading, said, tuple(sentences), passage)


def from_text(number: int, title: str, text: str, encode: Encode, language: str | None = None) -> EvidencePassage:
    """Return a text with its title as evidence; offsets count from its beginning."""
    said = Text.read(text, language)
    lines = [match.span() for match in _LINE.finditer(text)]
    spans = [(start + a, start + b) for start, end in lines for a, b in sentence_spans(text[start:end], said.language)]
    kept = [(a, b) for a, b in spans if is_quotable(text[a:b]) and is_evidence(text[a:b])]
    vectors = list(encode([text[a:b] for a, b in kept])) if kept else []
    sentences = tuple(
        EvidenceSentence(number, position, a, b, Text(text[a:b], said.language), vector)
        for position, ((a, b), vector) in enumerate(zip(kept, vectors, strict=True))
    )
    return EvidencePassage(number, title, "", said, sentences)
