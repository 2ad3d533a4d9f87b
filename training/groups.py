"""Make groups to train on: a question, a text that answers it, and texts that seem to."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from knowledge_base.models.evidence import with_neighbours
from training.questions import REPORT, AskedQuestion, Document, QuestionData

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

Form = Literal["marked", "plain", "alone", "bare"]  # between its neighbours, marked off or not; without them, marked or not
WINDOWS = frozenset({"marked", "plain"})

HARDEST = 12
BY_WORDS = frozenset({"squad", "trec"})  # kinds whose nearest texts are those that share words, which takes no time
WIDTH = 2048
OTHER_DOCUMENTS = 6  # of the same kind, among which near misses are looked for
ALONE = frozenset({"policy", REPORT})  # kinds that take no texts of other documents
SAME = 0.8  # cosine similarity with an answer from which on a text may say the same, and is no negative


@dataclass(frozen=True, slots=True)
class Recipe:
    """How groups are made: at most so many questions of each kind, `negatives` a group.

    Then the shares of groups in which the sentence is marked, one negative comes from another document, one is the answer's
    neighbour, neighbours and marks are left out (of squad's, which are not always neighbours), neighbours alone are (as where
    the product ranks sentences), and no text answers.
    """

    kinds: Mapping[str, int]
    negatives: int
    marked: float = 0.0
    foreign: float = 0.0
    adjacent: float = 0.0
    bare: float = 0.0
    alone: float = 0.0
    unanswered: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """A question with its texts; where `answered`, the first one answers, else none does.

    `sure` tells for each text whether its label holds for the question of whether it answers (a neighbour of the answer's
    sentence holds the answer too, but is no good quote).
    """

    question: str
    texts: tuple[str, ...]
    answered: bool
    sure: tuple[bool, ...]


class GroupMaker:
    """Makes groups of the questions; the nearest texts by the vectors of single sentences are the hard negatives."""

    def __init__(self, data: QuestionData, recipe: Recipe, encode: Encode, chance: random.Random) -> None:
        self._data = data
        self._recipe = recipe
        self._chance = chance
        self._questions: list[AskedQuestion] = []
        self._asked: list[Vectors] = []
        self._vectors: dict[int, Vectors] = {}
        for kind, most in recipe.kinds.items():
            self._take(kind, most, word_vectors if kind in BY_WORDS else encode)

    def _take(self, kind: str, most: int, encode: Encode) -> None:
        """Choose questions of a kind, and encode them and the sentences of its documents."""
        documents = [n for n, document in enumerate(self._data.documents) if document.kind == kind]
        asked = [question for question in self._data.questions if self._data.documents[question.document].kind == kind]
        chosen = self._chance.sample(asked, most) if len(asked) > most else asked
        together = encode([sentence for n in documents for sentence in self._data.documents[n].sentences])
        bounds = np.cumsum([len(self._data.documents[n].sentences) for n in documents])[:-1]
        self._vectors |= dict(zip(documents, np.split(together, bounds), strict=True))
        self._asked += list(encode([question.text for question in chosen]))
        self._questions += chosen

    def groups(self) -> list[Group]:
        """Return one group a question, in random order."""
        made = [self._group(question, vector) for question, vector in zip(self._questions, self._asked, strict=True)]
        self._chance.shuffle(made)
        return made

    def _group(self, question: AskedQuestion, vector: Vectors) -> Group:
        recipe, chance = self._recipe, self._chance
        document = self._data.documents[question.document]
        form = self._form(document.kind)
        if not question.answers:
            return self._unanswered(question, vector, form)
        near = {i + step for i in question.answers for step in (-1, 1)} - question.answers
        texts = [_text(document, chance.choice(sorted(question.answers)), form)]
        sure = [True]
        if form == "marked" and chance.random() < recipe.adjacent and (beside := self._beside(document, near)):
            texts.append(_text(document, chance.choice(beside), form))
            sure.append(False)
        if document.kind not in ALONE and chance.random() < recipe.foreign:
            texts += [self._foreign(question, vector, form)]
        open_places = recipe.negatives + 1 - len(texts)
        own = self._hardest(question.document, vector, question.answers, near if form in WINDOWS else frozenset())
        texts += [_text(document, i, form) for i in chance.sample(own, min(open_places, len(own)))]
        sure += [True] * (len(texts) - len(sure))
        answered = len(texts) < 2 or chance.random() >= recipe.unanswered
        first = 0 if answered else 1
        return Group(question.text, tuple(texts[first:]), answered, tuple(sure[first:]))

    def _unanswered(self, question: AskedQuestion, vector: Vectors, form: Form) -> Group:
        """Return the nearest texts of a document to a question that it does not answer."""
        document, count = self._data.documents[question.document], self._recipe.negatives + 1
        texts = [_text(document, i, form) for i in self._hardest(question.document, vector, frozenset())[:count]]
        return Group(question.text, tuple(texts), False, (True,) * len(texts))

    def _form(self, kind: str) -> Form:
        recipe, chance = self._recipe, self._chance
        marked: Form = "marked" if chance.random() < recipe.marked else "plain"
        if kind == "squad" and chance.random() < recipe.bare:
            return "bare"
        return "alone" if chance.random() < recipe.alone else marked

    def _beside(self, document: Document, near: Iterable[int]) -> list[int]:
        return sorted(i for i in near if 0 <= i < len(document.sentences))

    def _hardest(self, number: int, vector: Vectors, answers: frozenset[int], near: Set[int] = frozenset()) -> list[int]:
        """Return the nearest sentences of a document but those that answer, and those near them."""
        left_out = answers | near
        vectors = self._vectors[number]
        nearness = vectors @ vector
        if self._data.documents[number].kind == REPORT and answers:  # a library says many things twice
            nearness = np.where((vectors @ vectors[sorted(answers)].T).max(axis=1) < SAME, nearness, -1)
        order = np.argsort(-nearness)
        return [int(i) for i in order[: HARDEST + len(left_out)] if int(i) not in left_out][:HARDEST]

    def _foreign(self, question: AskedQuestion, vector: Vectors, form: Form) -> str:
        """Return one of the nearest texts of other documents of the same kind."""
        kind = self._data.documents[question.document].kind
        others = [n for n in self._vectors if n != question.document and self._data.documents[n].kind == kind]
        chosen = self._chance.sample(others, min(OTHER_DOCUMENTS, len(others)))
        answers = self._vectors[question.document][sorted(question.answers)]
        scores = {n: np.where((self._vectors[n] @ answers.T).max(axis=1) < SAME, self._vectors[n] @ vector, -1) for n in chosen}
        number = max(scores, key=lambda n: float(scores[n].max()))
        position = int(scores[number].argmax())
        return _text(self._data.documents[number], position, form)


def _text(document: Document, position: int, form: Form) -> str:
    if form in WINDOWS:
        return document.window(position, marked=form == "marked")
    sentence = document.sentences[position]
    return with_neighbours("", sentence, "", marked=form == "alone")


def word_vectors(texts: Sequence[str]) -> Vectors:
    """Return a vector of unit length a text, shape (len(texts), WIDTH), of its words, the rarer among the texts the more."""
    places = [{crc32(word.encode()) % WIDTH for word in re.findall(r"\w+", text.lower())} for text in texts]
    held = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, found in enumerate(places):
        held[row, list(found)] = 1
    held *= np.log(1 + len(texts) / (1 + held.sum(axis=0))).astype(np.float32)
    vectors: Vectors = held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), np.float32(1e-9))
    return vectors
