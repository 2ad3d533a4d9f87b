"""What differs between two generations: documents, and in them passages, the words marked. Nothing is written."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.catalog import Catalog, DocumentRow
from knowledge_base.store.generations import current_id, list_generations, open_generation

ChangeKind = Literal["added", "removed", "edited", "moved"]
DocumentState = Literal["added", "removed", "changed", "renamed"]
RunKind = Literal["same", "out", "in"]

_ALIKE = 0.5  # share of words in common from which two passages are one that was edited, two documents one that was renamed
_NEIGHBOURS = 100
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


class WordRun(NamedTuple):
    """Words that stayed, went `out` or came `in`; runs joined give both texts back."""

    kind: RunKind
    text: str


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage as it is compared: characters `start` to `end` of page `page` (None: no pages) of its document."""

    text: str
    page: int | None
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class PassageChange:
    """One passage that differs; `before` is None where it was added, `after` where it was removed.

    `words` marks what an edit changed. A passage that moved reads as before at another place: another page, another order.
    """

    kind: ChangeKind
    before: PassageText | None
    after: PassageText | None
    words: tuple[WordRun, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One document that differs; `previous` is the source that it had, `unchanged` counts its passages that stayed."""

    state: DocumentState
    source: str
    title: str
    previous: str | None
    unchanged: int
    passages: tuple[PassageChange, ...]

    @property
    def counts(self) -> dict[ChangeKind, int]:
        """Count its passages by kind of change."""
        return dict(Counter(change.kind for change in self.passages))


@dataclass(frozen=True, slots=True)
class GenerationChanges:
    """What changed from one generation to another, document by document."""

    before: str
    after: str
    documents: tuple[DocumentChange, ...]


def changes_between(data_dir: Path, before: str | None = None, after: str | None = None) -> GenerationChanges:
    """Compare two kept generations, by default the published one with the one before it."""
    kept = [manifest.id for manifest in list_generations(data_dir)]
    after = after or current_id(data_dir)
    before = before or max((name for name in kept if after and name < after), default=None)
    for name in (after, before):
        if name is None:
            have = f"There is one generation, {kept[0]}," if kept else "There is no generation"
            remedy = "A sync that changes something publishes one."
            raise KnowledgeBaseError(f"{have} in {data_dir}: nothing to compare.", remedy)
        if name not in kept:
            raise KnowledgeBaseError(
                f"The generation {name!r} is not kept in {data_dir}; these are: {', '.join(kept) or 'none'}.",
                "`python -m ingest generations` lists them.",
            )
    with open_generation(data_dir, before) as old, open_generation(data_dir, after) as new:
        return GenerationChanges(old.id, new.id, tuple(compare(old.catalog, new.catalog)))


def compare(old: Catalog, new: Catalog) -> list[DocumentChange]:
    """Return the documents that differ, by source."""
    before, after = {row.source: row for row in old.documents()}, {row.source: row for row in new.documents()}
    gone, come = [r for s, r in before.items() if s not in after], [r for s, r in after.items() if s not in before]
    renamed = _renames(old, new, gone, come)

    def version(row: DocumentRow) -> tuple[str, str, str]:
        return row.content_hash, row.loader_version, row.title

    found = [
        *(_changed(old, new, before[s], row) for s, row in after.items() if s in before and version(before[s]) != version(row)),
        *(_changed(old, new, before[previous], after[source]) for source, previous in renamed.items()),
        *(_whole("added", row, _texts(new, row)) for row in come if row.source not in renamed),
        *(_whole("removed", row, _texts(old, row)) for row in gone if row.source not in set(renamed.values())),
    ]
    return sorted((change for change in found if change), key=lambda change: change.source)


def _texts(catalog: Catalog, row: DocumentRow) -> list[PassageText]:
    """Return a document's passages; a record of the register has none, its text is one."""
    if row.passages:
        return [PassageText(p.text, p.page, p.start, p.end, p.heading) for p in catalog.all_passages(row.source)]
    return [PassageText(p.text, p.number, 0, len(p.text), "") for p in catalog.pages(row.source) if p.text]


def _whole(state: Literal["added", "removed"], row: DocumentRow, texts: Iterable[PassageText]) -> DocumentChange:
    passages = (PassageChange(state, *((None, text) if state == "added" else (text, None))) for text in texts)
    return DocumentChange(state, row.source, row.title, None, 0, tuple(passages))


def _changed(old: Catalog, new: Catalog, before: DocumentRow, after: DocumentRow) -> DocumentChange | None:
    """Compare a document with what it was; None where it is merely read by another version of its loader, to no effect."""
    texts = _texts(new, after)
    changes = compare_passages(_texts(old, before), texts)
    unchanged = len(texts) - sum(change.after is not None for change in changes)
    if before.source != after.source:
        return DocumentChange("renamed", after.source, after.title, before.source, unchanged, tuple(changes))
    if changes or (before.content_hash, before.title) != (after.content_hash, after.title):
        return DocumentChange("changed", after.source, after.title, None, unchanged, tuple(changes))
    return None


def _renames(old: Catalog, new: Catalog, gone: Sequence[DocumentRow], come: Sequence[DocumentRow]) -> dict[str, str]:
    """Map each new source to the one that it had: the same bytes, else mostly the same passages."""
    renamed: dict[str, str] = {}
    by_hash: dict[str, deque[str]] = defaultdict(deque)
    for row in gone:
        by_hash[row.content_hash].append(row.source)
    for row in come:
        if by_hash.get(row.content_hash):
            renamed[row.source] = by_hash[row.content_hash].popleft()
    left = {row.source: {t.text for t in _texts(old, row)} for row in gone if row.source not in set(renamed.values())}
    for row in come:
        if left and row.source not in renamed:
            texts = {t.text for t in _texts(new, row)}
            shares = {source: len(texts & other) / max(len(texts), len(other), 1) for source, other in left.items()}
            previous = max(shares, key=lambda source: shares[source])
            if shares[previous] >= _ALIKE:
                renamed[row.source] = previous
                del left[previous]
    return renamed


def compare_passages(before: Sequence[PassageText], after: Sequence[PassageText]) -> list[PassageChange]:
    """Return the passages that differ, in the order of the new document, each removed one where it stood."""
    places: dict[str, deque[int]] = defaultdict(deque)
    for j, text in enumerate(after):
        places[text.text].append(j)
    same = {i: places[text.text].popleft() for i, text in enumerate(before) if places[text.text]}  # the first to the first
    steady = _steady(list(same.values()))
    moved = {i: j for i, j in same.items() if j not in steady or before[i].page != after[j].page}
    edited = _edited_pairs(before, after, set(same), set(same.values()))
    pairs = {**same, **edited}
    changes = [(j, 1, PassageChange("moved", before[i], after[j])) for i, j in moved.items()]
    for i, j in edited.items():
        words = tuple(marked_words(before[i].text, after[j].text))
        changes.append((j, 1, PassageChange("edited", before[i], after[j], words)))
    arrived = set(pairs.values())
    changes += [(j, 1, PassageChange("added", None, text)) for j, text in enumerate(after) if j not in arrived]
    place = 0
    for i, text in enumerate(before):
        place = pairs.get(i, place - 1) + 1
        if i not in pairs:
            changes.append((place, 0, PassageChange("removed", text, None)))
    return [change for _, _, change in sorted(changes, key=lambda entry: entry[:2])]


def _steady(positions: Sequence[int]) -> set[int]:
    """Return the longest rising part of `positions`: what stayed in order. The rest moved."""
    ends: list[int] = []
    chains: dict[int, int | None] = {}
    for position in positions:
        place = bisect_left(ends, position)
        chains[position] = ends[place - 1] if place else None
        ends[place : place + 1] = [position]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = chains[last]
    return found


def _edited_pairs(
    before: Sequence[PassageText], after: Sequence[PassageText], paired: set[int], taken: set[int]
) -> dict[int, int]:
    """Map old passages to the new ones that have most of their words, the likest first; neighbours are compared."""
    from rapidfuzz.distance import Indel

    old = [(i, text.text.split()) for i, text in enumerate(before) if i not in paired]
    new = [(j, text.text.split()) for j, text in enumerate(after) if j not in taken]
    likenesses = []
    for rank, (i, words) in enumerate(old):
        middle = round(rank * len(new) / len(old))
        for j, other in new[max(0, middle - _NEIGHBOURS) : middle + _NEIGHBOURS]:
            likeness = Indel.normalized_similarity(words, other, score_cutoff=_ALIKE)
            if likeness >= _ALIKE:
                likenesses.append((-likeness, i, j))
    found: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in sorted(likenesses):
        if i not in found and j not in used:
            found[i] = j
            used.add(j)
    return found


def marked_words(before: str, after: str) -> list[WordRun]:
    """Return the runs of words that stayed, went and came.

    Each stretch of changes, a single space between two of them included, is one `out` and one `in`.
    """
    from rapidfuzz.distance import Indel

    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    steps = list(Indel.opcodes(old, new))
    runs: list[WordRun] = []
    out = come = ""
    for position, step in enumerate(steps, start=1):
        was, now = "".join(old[step.src_start : step.src_end]), "".join(new[step.dest_start : step.dest_end])
        between = not was.strip() and (out or come) and position < len(steps)
        if step.tag == "equal" and not between:
            runs += [WordRun("out", out), WordRun("in", come), WordRun("same", was)]
            out = come = ""
        else:
            out, come = out + was, come + now
    return [run for run in [*runs, WordRun("out", out), WordRun("in", come)] if run.text]
