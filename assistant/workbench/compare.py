"""Two texts side by side: their paragraphs aligned in order, the words that differ marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.answers import SourceLink
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import stems
from knowledge_base.models.multilingual import MultilingualEncoder
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import Catalog, DocumentRow
from knowledge_base.store.changes import WordRun, marked_words
from knowledge_base.store.generations import list_generations, open_generation

Matrix = NDArray[np.float32]
Read = Callable[[Sequence[str]], Matrix]

_LINE = re.compile(r"(?:- )?([^\n]*\w[^\n]*)")
_MOST = 4_000_000  # pairs of paragraphs that are compared
_ALIKE, _ALIKE_ACROSS = 0.35, 0.4  # likeness from which on two paragraphs stand side by side
_EDITED = 0.55  # and from which on what differs in them is marked word by word


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Characters `start` to `end` of page `page` (None: no pages) of a document."""

    text: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two paragraphs that correspond, or one without a counterpart; `words` marks what differs where both are near."""

    left: Paragraph | None
    right: Paragraph | None
    likeness: float = 0.0
    words: tuple[WordRun, ...] = ()

    @property
    def is_same(self) -> bool:
        """Say whether both sides read the same."""
        return bool(self.left and self.right) and not any(run.kind != "same" for run in self.words) and bool(self.words)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents with their paragraphs, paired in order; `is_translated` where they are in two languages."""

    left: DocumentRow
    right: DocumentRow
    pairs: tuple[Pair, ...]
    is_translated: bool

    @property
    def counts(self) -> dict[str, int]:
        """Count the pairs: the same, paired, only on the left, only on the right."""
        both = [pair for pair in self.pairs if pair.left and pair.right]
        same = sum(pair.is_same for pair in both)
        lone = [pair for pair in self.pairs if not (pair.left and pair.right)]
        only = sum(pair.left is not None for pair in lone)
        return {"same": same, "paired": len(both) - same, "left": only, "right": len(lone) - only}

    def as_json(self, generations: tuple[str, str]) -> dict[str, Any]:
        """Return it as the command line prints it; each side with the address of its place in its generation."""
        rows = [
            {
                "left": _as_json(pair.left, self.left.source, generations[0]),
                "right": _as_json(pair.right, self.right.source, generations[1]),
                "likeness": round(pair.likeness, 3),
                "words": [{"kind": run.kind, "text": run.text} for run in pair.words],
            }
            for pair in self.pairs
        ]
        documents = [{"source": d.source, "title": d.title, "language": d.language} for d in (self.left, self.right)]
        return {"left": documents[0], "right": documents[1], "counts": self.counts, "pairs": rows}


def _as_json(paragraph: Paragraph | None, source: str, generation: str) -> dict[str, Any] | None:
    if paragraph is None:
        return None
    link = SourceLink(source, paragraph.page, ((paragraph.start, paragraph.end),), generation).address()
    return {"page": paragraph.page, "start": paragraph.start, "end": paragraph.end, "text": paragraph.text, "link": link}


def compare_named(settings: Settings, left: str, right: str) -> tuple[Comparison, tuple[str, str]]:
    """Compare two documents by their names, `NAME@GENERATION` for one of an earlier generation; return the generations too.

    Raises KnowledgeBaseError where a name fits no document or several, or the generation is not kept.
    """
    kept = {manifest.id for manifest in list_generations(settings.data_dir)}
    named = [name.rpartition("@") if name.rpartition("@")[2] in kept else (name, "", None) for name in (left, right)]
    encoder = MultilingualEncoder(settings.embedding_threads) if settings.multilingual else None
    with (
        open_generation(settings.data_dir, named[0][2], text_only=True) as one,
        open_generation(settings.data_dir, named[1][2], text_only=True) as other,
    ):
        rows = find_document(named[0][0], one.catalog), find_document(named[1][0], other.catalog)
        found = compare_documents((one.catalog, rows[0]), (other.catalog, rows[1]), encoder.read if encoder else None)
        return found, (one.id, other.id)


def find_document(named: str, catalog: Catalog) -> DocumentRow:
    """Return the document with this source, else the one whose source or title holds the name; raises KnowledgeBaseError."""
    rows = [row for row in catalog.documents() if row.passages]
    exact = [row for row in rows if row.source == named]
    found = exact or [row for row in rows if named.casefold() in f"{row.source}\n{row.title}".casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise KnowledgeBaseError(f"No document is called “{named}”.", "`python -m ingest health` lists the sources.")
    names = ", ".join(row.source for row in found[:5])
    raise KnowledgeBaseError(f"{len(found)} documents are called “{named}”: {names}.", "Name one by its whole source.")


def compare_documents(
    left: tuple[Catalog, DocumentRow], right: tuple[Catalog, DocumentRow], read: Read | None = None
) -> Comparison:
    """Align two documents paragraph by paragraph, in their order.

    Likeness is that of the words; where the languages differ, that of the vectors which `read` gives, shape (texts, width), of
    unit length. Raises KnowledgeBaseError where the texts are too long to be compared whole, or no vectors can be had.
    """
    sides = [list(_paragraphs(*side)) for side in (left, right)]
    if len(sides[0]) * len(sides[1]) > _MOST:
        told = " and ".join(f"{len(side):,}" for side in sides)
        raise KnowledgeBaseError(f"These documents are too long to be aligned: {told} paragraphs.", "Choose shorter ones.")
    languages = left[1].language, right[1].language
    is_translated = None not in languages and languages[0] != languages[1]
    if is_translated and read is None:
        raise KnowledgeBaseError(
            "Texts in two languages cannot be aligned without the multilingual encoder.",
            "Set PARISCALL_MULTILINGUAL=true.",
        )
    texts = [[paragraph.text for paragraph in side] for side in sides]
    likeness = read(texts[0]) @ read(texts[1]).T if is_translated and read else _shared_words(texts, languages)
    numbers = {text: number for number, text in enumerate({*texts[0], *texts[1]})}
    likeness[np.equal.outer(*([numbers[text] for text in side] for side in texts))] = 1
    pairs = _aligned(likeness, _ALIKE_ACROSS if is_translated else _ALIKE)
    found = [_pair(sides, i, j, likeness, may_mark=not is_translated) for i, j in pairs]
    return Comparison(left[1], right[1], tuple(found), is_translated)


def _paragraphs(catalog: Catalog, row: DocumentRow) -> Iterator[Paragraph]:
    for page in catalog.pages(row.source):
        for match in _LINE.finditer(page.text):
            yield Paragraph(match[1], page.number, match.start(1), match.end(1))


def _shared_words(texts: Sequence[Sequence[str]], languages: Sequence[str | None]) -> Matrix:
    """Return the cosine similarity of the counts of stems, shape (left, right); rarer ones weigh more."""
    counted = [[stems(text, language) for text in side] for side, language in zip(texts, languages, strict=True)]
    columns = {stem: column for column, stem in enumerate(sorted({s for side in counted for of in side for s in of}))}
    vectors = [np.zeros((len(side), len(columns)), dtype=np.float32) for side in counted]
    for side, rows in zip(counted, vectors, strict=True):
        for number, found in enumerate(side):
            for stem in found:
                rows[number, columns[stem]] += 1
    held = sum((rows > 0).sum(axis=0) for rows in vectors)
    rarity = np.log(1 + sum(map(len, counted)) / np.maximum(held, 1)).astype(np.float32)
    left, right = (_unit(rows * rarity) for rows in vectors)
    shared: Matrix = left @ right.T
    return shared


def _unit(rows: Matrix) -> Matrix:
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return unit


def _aligned(likeness: Matrix, least: float) -> list[tuple[int | None, int | None]]:
    """Return the pairs of positions, in order on both sides, whose likeness above `least` sums to the most; and what is left.

    Needleman and Wunsch (J. Mol. Biol. 48, 1970), without a price for what stays by itself.
    """
    gain = np.maximum(likeness - least, 0)
    best = np.zeros((gain.shape[0] + 1, gain.shape[1] + 1), dtype=np.float64)
    for i, row in enumerate(gain):
        best[i + 1, 1:] = np.maximum(best[i, 1:], best[i, :-1] + row)
        best[i + 1] = np.maximum.accumulate(best[i + 1])
    i, j = gain.shape
    pairs: list[tuple[int | None, int | None]] = []
    while i or j:
        if i and j and gain[i - 1, j - 1] > 0 and best[i, j] == best[i - 1, j - 1] + gain[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif j and best[i, j] == best[i, j - 1]:
            j -= 1
            pairs.append((None, j))
        else:
            i -= 1
            pairs.append((i, None))
    return pairs[::-1]


def _pair(sides: Sequence[Sequence[Paragraph]], i: int | None, j: int | None, likeness: Matrix, *, may_mark: bool) -> Pair:
    left = sides[0][i] if i is not None else None
    right = sides[1][j] if j is not None else None
    if left is None or right is None:
        return Pair(left, right)
    alike = float(likeness[i, j])
    words = tuple(marked_words(left.text, right.text)) if may_mark and alike >= _EDITED else ()
    return Pair(left, right, alike, words)
