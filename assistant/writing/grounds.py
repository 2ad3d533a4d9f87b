"""Gather what an answer may stand on, before a model is asked: the index may be replaced while it writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.answers import Answer
from assistant.claims.evidence import Encode, EvidencePassage, from_passage
from knowledge_base.passages import Passage
from knowledge_base.store.generations import Generation

_READ = 8  # passages that were found
_QUOTED_TOO = 4  # passages that only the quoted answer has


@dataclass(frozen=True, slots=True)
class Grounds:
    """Numbered passages with their sentences, and the dates of their documents by source."""

    passages: tuple[EvidencePassage, ...]
    dates: dict[str, str]


def grounds_of(answer: Answer, generation: Generation, encode: Encode) -> Grounds:
    """Return the passages that were found for an answer, and those that it quotes beside them (the rest of a list)."""
    found = [retrieved.passage for retrieved in answer.retrieved[:_READ]]
    passages = found + [p for p in _quoted(answer, generation) if p.id not in {other.id for other in found}][:_QUOTED_TOO]
    standing = [passage for passage in passages if _stands(passage, generation)]
    ids = [identifier for passage in standing for identifier in passage.quotable_sentences]
    vectors = generation.vectors.sentences.get(ids)
    evidence = tuple(from_passage(number, passage, vectors, encode) for number, passage in enumerate(standing, start=1))
    return Grounds(evidence, generation.catalog.dates(passage.source for passage in standing))


def _quoted(answer: Answer, generation: Generation) -> Iterator[Passage]:
    seen: set[str] = set()
    for citation in answer.citations:
        ordinal = 0 if citation.page is None else citation.page - 1
        for passage in generation.catalog.passages_on_page(citation.source, ordinal):
            within = passage.page == citation.page and passage.start < citation.end and citation.start < passage.end
            if within and passage.id not in seen:
                seen.add(passage.id)
                yield passage


def _stands(passage: Passage, generation: Generation) -> bool:
    page = generation.catalog.page(passage.source, passage.page)
    return page is not None and page.text[passage.start : passage.end] == passage.text
