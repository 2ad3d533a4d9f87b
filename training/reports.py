"""Our own questions on the official reports: their answers are places in an index of those documents, not text.

A place's `source` is that of a document, its end cut short with `*` where the file's name is long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from knowledge_base.passages import Passage
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import open_generation
from training.questions import REPORT, Document, QuestionData

REPORT_QUESTIONS = Path(__file__).parent / "questions_on_reports.jsonl"
_KEPT = 5  # one page in so many is kept apart
_HALF = 0.5  # share of a sentence within an answer, or of an answer within a sentence, from which on it answers

Span = tuple[int, int]


def add_reports(training: QuestionData, dev: QuestionData, data_dir: Path, questions: Path = REPORT_QUESTIONS) -> int:
    """Add the questions whose pages the index at `data_dir` holds unaltered; return how many were left out.

    Those on one page in five are kept apart, and of those that nothing answers one in five. Raises NoIndexError.
    """
    items = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    with open_generation(data_dir, text_only=True) as generation:
        document, spans = _as_one(generation.catalog)
        found = [_answers(item, spans, generation.catalog) for item in items]
    asked: tuple[list[tuple[str, frozenset[int]]], ...] = ([], [])
    for item, answers in zip(items, found, strict=True):
        if answers is not None:
            asked[_is_kept(item)].append((item["question"], answers))
    training.add(document, asked[0], least=0)
    dev.add(document, asked[1])
    return sum(answers is None for answers in found)


def _as_one(catalog: Catalog) -> tuple[Document, Mapping[tuple[str, int | None], list[tuple[Span, int]]]]:
    """Return all sentences as one document whose blocks are passages, and where each stands: its span and position by page."""
    sentences: list[str] = []
    blocks: list[int] = []
    spans: dict[tuple[str, int | None], list[tuple[Span, int]]] = {}
    for block, passage in enumerate(catalog.all_passages()):
        for span, text in _quotable(passage):
            spans.setdefault((passage.source, passage.page), []).append((span, len(sentences)))
            sentences.append(" ".join(text.split()))
            blocks.append(block)
    return Document(REPORT, tuple(sentences), tuple(blocks)), spans


def _quotable(passage: Passage) -> Iterator[tuple[Span, str]]:
    quotable = passage.quotable_sentences.values()
    texts = ((span, passage.sentence_text(span)) for span in passage.sentences)
    return (((span.start, span.end), text) for span, text in texts if text in quotable)


def _answers(
    item: dict[str, Any], spans: Mapping[tuple[str, int | None], Sequence[tuple[Span, int]]], catalog: Catalog
) -> frozenset[int] | None:
    """Return the positions of the sentences that answer; None where a page is not there, or is not as it was."""
    positions: set[int] = set()
    for place in item["gold"]:
        source = next((source for source, _ in spans if fnmatchcase(source, place["source"])), place["source"])
        page = catalog.page(source, place["page"])
        span = (place["start"], place["end"])
        if page is None or sha256(page.text[span[0] : span[1]].encode()).hexdigest() != place["sha256"]:
            return None
        positions |= {i for other, i in spans.get((source, place["page"]), ()) if _overlap(span, other) >= _HALF}
    return frozenset(positions) if positions or not item["answerable"] else None


def _overlap(one: Span, other: Span) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared / max(1, min(one[1] - one[0], other[1] - other[0]))


def _is_kept(item: dict[str, Any]) -> bool:
    first = item["gold"][0] if item["gold"] else {"source": item["question"], "page": None}
    return crc32(f"{first['source']} {first['page']}".encode()) % _KEPT == 0
