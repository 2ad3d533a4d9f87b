"""Sentences of a model, true and not, and the passages that they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from assistant.claims.evidence import Encode, EvidencePassage, Vectors, from_text
from knowledge_base.models.embeddings import Embedder
from knowledge_base.settings import LIBRARY

PAIRS = Path(__file__).parent / "data" / "support_pairs.tsv"


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence about section `section` (from 0) of a brief that cites section `cited`; kind "true" or how it lies."""

    kind: str
    language: str
    brief: str
    section: int
    cited: int
    sentence: str


def pairs() -> list[Pair]:
    found = []
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        kind, language, place, sentence, *other = line.split("\t")
        brief, section = place.split("#")
        cited = other[0].split("#")[1] if other else section
        found.append(Pair(kind, language, brief, int(section), int(cited), sentence))
    return found


@cache
def sections(brief: str) -> tuple[str, tuple[str, ...]]:
    """Return the title and the sections of a brief, the one before the first heading first."""
    _, head, body = (LIBRARY / "briefs" / f"{brief}.md").read_text(encoding="utf-8").split("---\n", 2)
    title = next(line for line in head.splitlines() if line.startswith("title:")).removeprefix("title:").strip(' "')
    return title, tuple(part.strip() for part in f"\n{body.strip()}".split("\n## "))


def passages_of_brief(brief: str, language: str, encode: Encode) -> list[EvidencePassage]:
    title, parts = sections(brief)
    return [from_text(number, title, part, encode, language) for number, part in enumerate(parts, start=1)]


class Remembering:
    """An encoder that computes each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.encode(new), strict=True))
        return np.array([self._known[text] for text in texts])
