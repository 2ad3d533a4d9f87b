"""Groups for training the reader: a question with a passage that answers, or none, and hard ones that do not."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from training.reader_pairs import PAD, Pair, ReaderPairs
from training.reader_sources import ReaderData, TrainingPassage, TrainingQuestion

QUOTAS: Mapping[tuple[str, bool], int] = {  # questions of a source at most, answered or not
    ("squad2", True): 3_200,
    ("squad2", False): 2_600,
    ("piaf", True): 3_600,
    ("piaf", False): 900,
    ("nq", True): 2_600,
    ("sqs", True): 1_200,
    ("selqa", True): 600,
    ("covid", True): 400,
    ("policy", True): 300,
    ("tatqa", True): 260,
    ("tatqa", False): 260,
    ("qmsum", True): 120,
    ("own", True): 900,
    ("own", False): 200,
}
KEPT = 15  # one document in so many is kept apart
LONGEST = 208  # word pieces read in training
VAGUE = frozenset({"policy", "qmsum"})  # near passages of the same document may well answer
UNSWAPPED = frozenset({"policy", "qmsum", "admin", "sharc"})
_NAME = re.compile(r"(?<!^)\b(?:[A-ZÀ-Þ][\w’'-]{2,}|1[0-9]{3}|20[0-9]{2}|\d{2,})\b")
_YEARS = (-7, -3, 4, 11, 26)

Negatives = tuple[Sequence[int], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a question is altered: a name `swapped` (then nothing answers), no word marked as held by both (`blind`), its
    capitals or its mark left out; how often a passage has its heading, and a wrong passage is of the same document.
    """

    swapped: float = 0.12
    blind: float = 0.15
    lower: float = 0.12
    unmarked: float = 0.2
    headed: float = 0.6
    inside: float = 0.6


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with what is known of it: labels by sentence, and the pieces of the short answer (0, 0: none; None: not known)."""

    pair: Pair
    answers: bool
    labels: Mapping[int, int]
    span: tuple[int, int] | None


Group = list[Example]


class GroupMaker:
    """Makes groups of `texts` passages, at random but alike for the same seed."""

    def __init__(
        self,
        data: ReaderData,
        negatives: Sequence[Negatives],
        pairs: ReaderPairs,
        texts: int = 2,
        chances: Chances | None = None,
    ) -> None:
        self._data = data
        self._negatives = negatives
        self._pairs = pairs
        self._texts = texts
        self._chances = chances or Chances()

    def plan(self, seed: int, kept: bool = False) -> list[int]:
        """Return the questions to take, in random order; those kept apart, or all others."""
        chance = random.Random(seed)
        by_kind: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for number, question in enumerate(self._data.questions):
            if (crc32(question.document.encode()) % KEPT == 0) == kept:
                by_kind[question.source, question.answered].append(number)
        taken: list[int] = []
        for kind, numbers in by_kind.items():
            chance.shuffle(numbers)
            taken += numbers[: QUOTAS.get(kind, len(numbers))]
        chance.shuffle(taken)
        return taken

    def group(self, number: int, seed: int) -> Group:
        """Return the group of a question: the passage that answers first, where there is one."""
        question, chance = self._data.questions[number], random.Random(seed)
        matching = chance.random() >= self._chances.blind
        text = self._noisy(question.text, chance)
        wrong = Picker(*self._negatives[number], chance, vague=question.source in VAGUE)
        passage = self._data.passages[question.passage]
        swapped = self._swapped(question, passage, number, chance)
        if swapped:
            text = self._noisy(swapped, chance)
        if swapped or not question.answered:
            if swapped or question.close:
                wrong.picked.append(question.passage)
            wrong.fill(2, self._chances.inside, 6)
            return [self._wrong(text, other, matching, chance) for other in wrong.picked]
        wrong.fill(1 if question.source == "policy" else self._texts - 1, self._chances.inside, 8)
        labels = {i: int(i in question.right) for i in range(len(passage.sentences))}
        known = labels if question.complete else dict.fromkeys(question.right, 1)
        first = self._example(text, passage, matching, chance, True, known, question.span)
        return [first, *(self._wrong(text, other, matching, chance) for other in wrong.picked)]

    def _wrong(self, text: str, number: int, matching: bool, chance: random.Random) -> Example:
        passage = self._data.passages[number]
        labels = dict.fromkeys(range(len(passage.sentences)), 0)
        return self._example(text, passage, matching, chance, False, labels, (0, 0))

    def _example(
        self,
        text: str,
        passage: TrainingPassage,
        matching: bool,
        chance: random.Random,
        answers: bool,
        labels: Mapping[int, int],
        span: tuple[int, int] | None,
    ) -> Example:
        heading = passage.heading if chance.random() < self._chances.headed else ""
        pair = shortened(self._pairs.pair(text, heading, passage.text, passage.sentences, matching), LONGEST)
        return Example(pair, answers, labels, pieces_of(pair, span) if answers and span else span)

    def _noisy(self, text: str, chance: random.Random) -> str:
        if chance.random() < self._chances.lower:
            text = text.lower()
        return text.rstrip(" ?") if chance.random() < self._chances.unmarked else text

    def _swapped(self, question: TrainingQuestion, passage: TrainingPassage, number: int, chance: random.Random) -> str | None:
        """Return the question with a name or number of its passage put in place of one that the passage lacks, or None."""
        if not question.answered or question.source in UNSWAPPED or chance.random() >= self._chances.swapped:
            return None
        found = [m for m in _NAME.finditer(question.text) if m.group() in passage.text]
        if not found:
            return None
        place = chance.choice(found)
        inside, outside = self._negatives[number]
        texts = [self._data.passages[other].text for other in (inside[:6] or outside[:6])]
        instead = _others(place.group(), texts, f"{passage.text} {question.text}", chance)
        return f"{question.text[: place.start()]}{instead}{question.text[place.end() :]}" if instead else None


class Picker:
    """Picks hard wrong passages: `inside` the same document and `outside` it, hardest first."""

    def __init__(self, inside: Sequence[int], outside: Sequence[int], chance: random.Random, vague: bool) -> None:
        self._inside = [chance.choice(inside)] if vague and inside else list(inside)
        self._outside = list(outside)
        self._chance = chance
        self.picked: list[int] = []

    def fill(self, count: int, inside: float, most: int) -> None:
        """Pick until there are `count`, among the `most` hardest of a side."""
        while len(self.picked) < count:
            first, second = (self._inside, self._outside) if self._chance.random() < inside else (self._outside, self._inside)
            if not (self._pick(first, most) or self._pick(second, most)):
                return

    def _pick(self, pool: Sequence[int], most: int) -> bool:
        left = [number for number in pool if number not in self.picked][:most]
        if left:
            self.picked.append(left[min(int(self._chance.expovariate(0.5)), len(left) - 1)])
        return bool(left)


def _others(word: str, texts: Iterable[str], held: str, chance: random.Random) -> str:
    """Return a name or number of the same kind that is not held, or an empty string."""
    digits = word.isdigit()
    found = [m.group() for text in texts for m in _NAME.finditer(text)]
    like = [w for w in found if w.isdigit() == digits and w not in held and (not digits or len(w) == len(word))]
    if not like and digits and len(word) == 4:
        like = [str(int(word) + chance.choice(_YEARS))]
    return chance.choice(like) if like else ""


def shortened(pair: Pair, most: int) -> Pair:
    """Return a pair without the end of its passage past `most` word pieces."""
    over = len(pair.ids) - most
    if over <= 0:
        return pair
    ids, kinds, sentences = (np.concatenate([a[: most - 1], a[-1:]]) for a in (pair.ids, pair.kinds, pair.sentences))
    return Pair(ids, kinds, sentences, pair.first, pair.offsets[: len(pair.offsets) - over])


def pieces_of(pair: Pair, span: tuple[int, int]) -> tuple[int, int] | None:
    """Return the first and last piece of some characters; None where they are not all read."""
    touched = [n for n, (start, end) in enumerate(pair.offsets) if end > span[0] and start < span[1]]
    if not touched or pair.offsets[touched[-1]][1] < span[1]:
        return None
    return pair.first + touched[0], pair.first + touched[-1]


# Batches


@dataclass(frozen=True, slots=True)
class Batch:
    """Groups as arrays of shape (pairs, pieces): `ids`, `kinds`, `mask` and `sentences` (numbers, -1: of none).

    `labels` (pairs, sentences) are 1, 0 or -1 (not known); `spans` (pairs, 2) count where `spanned`. `sizes` are the
    groups', and `answered` says whether the first pair of each answers.
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    mask: NDArray[np.int64]
    sentences: NDArray[np.int64]
    labels: NDArray[np.float32]
    answers: NDArray[np.float32]
    spans: NDArray[np.int64]
    spanned: NDArray[np.bool_]
    sizes: Sequence[int]
    answered: Sequence[bool]


def collated(groups: Sequence[Group]) -> Batch:
    """Lay groups out as one batch, padded to a multiple of eight."""
    examples = [example for group in groups for example in group]
    width = -(-max(len(example.pair.ids) for example in examples) // 8) * 8

    def rows(of: Callable[[Pair], NDArray[np.int64]], padding: int) -> NDArray[np.int64]:
        found = np.full((len(examples), width), padding, dtype=np.int64)
        for row, example in enumerate(examples):
            found[row, : len(example.pair.ids)] = of(example.pair)
        return found

    sentences = rows(lambda pair: pair.sentences, -1)
    labels = np.full((len(examples), int(sentences.max()) + 1), -1, dtype=np.float32)
    for row, example in enumerate(examples):
        for number, label in example.labels.items():
            if number <= example.pair.sentences.max():
                labels[row, number] = label
    return Batch(
        rows(lambda pair: pair.ids, PAD),
        rows(lambda pair: pair.kinds, 0),
        rows(lambda pair: np.ones_like(pair.ids), 0),
        sentences,
        labels,
        np.array([example.answers for example in examples], dtype=np.float32),
        np.array([example.span or (0, 0) for example in examples], dtype=np.int64),
        np.array([example.span is not None for example in examples]),
        [len(group) for group in groups],
        [group[0].answers for group in groups],
    )
