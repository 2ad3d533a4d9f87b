"""Catalogs of a few Markdown documents, or pages of text, without vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.loaders import markdown
from ingest.sync.chunking import chunk
from knowledge_base.passages import Block, BlockKind, Document, Page, Passage, RetrievedPassage
from knowledge_base.store.catalog import Catalog


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def pages_of(source: str, *pages: Sequence[tuple[BlockKind, str]]) -> Document:
    """Make a document of pages numbered from 1, each a list of blocks."""
    made = []
    for number, blocks in enumerate(pages, start=1):
        text, spans = "", []
        for kind, part in blocks:
            spans.append(Block(kind, 1 if kind == "heading" else 0, len(text), len(text) + len(part)))
            text += f"{part}\n\n"
        made.append(Page(number, None, text, tuple(spans)))
    return Document(source, source, source, "en", tuple(made), kind="pdf")


@contextmanager
def catalog_of(path: Path, texts: Mapping[str, str], *documents: Document) -> Iterator[Catalog]:
    """Write Markdown texts, by source, and documents into a catalog; open it for reading."""
    loaded = [markdown.load(text.encode(), source) for source, text in texts.items()]
    with Catalog.create(path) as catalog:
        for document in (*loaded, *documents):
            catalog.put_document(document, chunk(document, count_words, 256), "test-1", "2026-01-02T03:04:05+00:00")
    with Catalog.read(path) as catalog:
        yield catalog


def found(passages: Sequence[Passage], scores: Sequence[float] = ()) -> list[RetrievedPassage]:
    """Return passages as retrieval gives them, with falling scores unless others are given."""
    given = scores or [1 - 0.1 * rank for rank in range(len(passages))]
    return [RetrievedPassage(p, score, score, score) for p, score in zip(passages, given, strict=True)]
