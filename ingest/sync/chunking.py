"""Cut documents into passages along headings, paragraphs and list items.

A passage is a run of whole blocks of one page; it never passes the model's limit of word pieces, title and headings included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from knowledge_base.language.roles import role_of
from knowledge_base.language.sentences import sentence_spans
from knowledge_base.language.words import without_note_marks
from knowledge_base.passages import Block, CountTokens, Document, Page, Passage, SentenceSpan, prefix_tokens

VERSION = 9
SPECIAL_TOKENS = 2
MOST_REPEATS = 3
TARGET_TOKENS = 190
SMALL_TOKENS = 60
HEADING_SEPARATOR = " > "
_MARKS = " .:()"  # around the number of a label
_TICKS = frozenset("☐☑☒")
_LONGEST_TICKED = 300


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is not cut further: a block, or sentences of one that was too long."""

    block: Block
    start: int
    end: int
    tokens: int
    heading: str
    ends_with_colon: bool = False


def chunk(document: Document, count_tokens: CountTokens, max_tokens: int) -> list[Passage]:
    """Return the passages of `document`, in reading order; `max_tokens` is the model's limit, special tokens included.

    The id of a passage is made of its source, title, headings and text, so that moved text keeps its id. Text that a document
    repeats is kept a few times only: thousands of equal vectors cut an HNSW graph into pieces.
    """
    passages: list[Passage] = []
    seen: Counter[str] = Counter()
    headings: list[tuple[int, str]] = []  # those in force, outermost first, as (level, text)
    limit = max_tokens - prefix_tokens(max_tokens) - SPECIAL_TOKENS
    for ordinal, page in enumerate(document.pages):
        units = _units(page, headings, document.language, count_tokens, limit)
        for group in _groups(units, min(TARGET_TOKENS, limit), limit):
            passage = _passage(document, page, ordinal, group)
            content = "\0".join((passage.source, passage.title, passage.heading, passage.text))
            if seen[content] < MOST_REPEATS:
                identifier = sha256(f"{content}\0{seen[content]}".encode()).hexdigest()[:32]
                passages.append(replace(passage, id=identifier))
            seen[content] += 1
    return passages


def _units(page: Page, headings: list[tuple[int, str]], language: str | None, count: CountTokens, limit: int) -> list[_Unit]:
    """Return the blocks of a page, those that are too long cut; `headings` are changed to those in force at its end."""
    texts = [page.text[block.start : block.end] for block in page.blocks]
    units: list[_Unit] = []
    for block, text, tokens in zip(page.blocks, texts, count(texts) if texts else [], strict=True):
        if block.kind == "heading":
            shown = " ".join(without_note_marks(text).split())
            headings[:] = [h for h in headings if h[0] < block.level] + [(block.level, shown)]
        heading = HEADING_SEPARATOR.join(text for _, text in headings)
        if tokens <= limit:
            units.append(_Unit(block, block.start, block.end, tokens, heading, text.endswith(":")))
            continue
        for start, end in sentence_spans(text, language):
            for left, right, size in _fitting_pieces(text, start, end, count, limit):
                units.append(_Unit(block, block.start + left, block.start + right, size, heading))
    return units


def _fitting_pieces(text: str, start: int, end: int, count: CountTokens, limit: int) -> Iterator[tuple[int, int, int]]:
    """Halve a span at white space (or anywhere, where there is none) until each piece is within `limit`."""
    pending = [(start, end)]
    while pending:
        left, right = pending.pop()
        tokens = count([text[left:right]])[0]
        if tokens <= limit or right - left < 2:
            yield left, right, tokens
            continue
        middle = (left + right) // 2
        space = text.rfind(" ", left + 1, middle)
        cut = space if space > 0 else middle
        after = cut + 1 if space > 0 else cut
        pending += [(after, right), (left, cut)]


def _groups(units: Sequence[_Unit], target: int, limit: int) -> Iterator[list[_Unit]]:
    """Yield the units of each passage: as many pieces as fit into `target`; a heading ends one that is long enough."""
    group: list[_Unit] = []
    for piece in _lists_whole(units, limit):
        tokens = sum(unit.tokens for unit in group)
        is_full = tokens + sum(unit.tokens for unit in piece) > target
        only_headings = all(unit.block.kind == "heading" for unit in group)
        if group and (is_full or (piece[0].block.kind == "heading" and tokens >= SMALL_TOKENS and not only_headings)):
            yield group
            group = []
        group += piece
    if group:
        yield group


def _lists_whole(units: Sequence[_Unit], limit: int) -> Iterator[list[_Unit]]:
    """Yield single units, but a list together with the paragraph that leads into it, where both are within `limit`."""
    here = 0
    while here < len(units):
        first, end = units[here], here + 1
        if first.block.kind == "list_item" or (first.block.kind == "paragraph" and first.ends_with_colon):
            while end < len(units) and units[end].block.kind == "list_item":
                end += 1
        if sum(unit.tokens for unit in units[here:end]) > limit:
            end = here + 1
        yield list(units[here:end])
        here = end


def _is_ticked(text: str) -> bool:
    """Tell whether a text is a question of a form with the boxes that answer it."""
    return len(text) <= _LONGEST_TICKED and not _TICKS.isdisjoint(text)


def _heads(row: str, below: Sequence[str]) -> bool:
    """Tell whether a row holds what the rows below it say before their cells: it answers nothing by itself."""
    names = [cell for cell in row.split(" | ")[1:] if len(cell) > 1]
    return any(f"| {name}{mark}" in other for name in names for mark in (": ", ", ") for other in below)


def _passage(document: Document, page: Page, ordinal: int, group: Sequence[_Unit]) -> Passage:
    start, end = group[0].start, group[-1].end
    body = [unit for unit in group if unit.block.kind != "heading"]
    sentences = []
    for place, unit in enumerate(group):
        piece = page.text[unit.start : unit.end]
        is_whole = unit.block.kind in ("heading", "field", "table_row", "caption") or _is_ticked(piece)
        spans = [(0, len(piece))] if is_whole else sentence_spans(piece, document.language)
        label = unit.block.label.strip(_MARKS)
        if len(spans) > 1 and label and piece[: spans[0][1]].strip(_MARKS) == label:
            spans = [(spans[0][0], spans[1][1]), *spans[2:]]  # a number that is typed before a sentence is none by itself
        for first, last in spans:
            role = role_of(unit.block.kind, piece[first:last], unit.block.label)
            if unit.block.kind == "table_row" and _heads(
                piece, [page.text[u.start : u.end] for u in group[place + 1 : place + 3]]
            ):
                role = "label"
            sentences.append(SentenceSpan(unit.start + first, unit.start + last, unit.block.kind, role))
    return Passage(
        id="",
        source=document.source,
        title=document.title,
        page=page.number,
        start=start,
        end=end,
        heading=(body or group)[0].heading,
        text=page.text[start:end],
        ordinal=ordinal,
        language=document.language,
        sentences=tuple(sentences),
    )
