"""Cut documents into passages along headings, paragraphs and list items.

A passage is a run of whole blocks of one page; it never passes the model's limit of word pieces, title and headings included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from knowledge_base.language.roles import role_of
from knowledge_base.language.sentences import sentence_spans
from knowledge_base.passages import Block, Document, Page, Passage, SentenceSpan
from knowledge_base.store.passage_vectors import CountTokens, prefix_tokens

VERSION = 7
SPECIAL_TOKENS = 2
MOST_REPEATS = 3
TARGET_TOKENS = 190
SMALL_TOKENS = 60
HEADING_SEPARATOR = " > "


@dataclass(slots=True)
class _Section:
    """The headings in force, outermost first, as (level, text)."""

    headings: list[tuple[int, str]] = field(default_factory=list)

    def enter(self, level: int, text: str) -> None:
        self.headings = [h for h in self.headings if h[0] < level] + [(level, " ".join(text.split()))]

    def path(self) -> str:
        return HEADING_SEPARATOR.join(text for _, text in self.headings)


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
    """Return the passages of `document`, in reading order; `max_tokens` is the model's limit, special tokens included."""
    passages: list[Passage] = []
    section = _Section()
    limit = max_tokens - prefix_tokens(max_tokens) - SPECIAL_TOKENS
    for ordinal, page in enumerate(document.pages):
        units = _units(page, section, document.language, count_tokens, limit)
        for group in _groups(units, min(TARGET_TOKENS, limit), limit):
            passages.append(_passage(document, page, ordinal, group))
    return _with_ids(passages)


def _units(page: Page, section: _Section, language: str | None, count: CountTokens, limit: int) -> list[_Unit]:
    texts = [page.text[block.start : block.end] for block in page.blocks]
    units: list[_Unit] = []
    for block, text, tokens in zip(page.blocks, texts, count(texts) if texts else [], strict=True):
        if block.kind == "heading":
            section.enter(block.level, text)
        if tokens <= limit:
            units.append(_Unit(block, block.start, block.end, tokens, section.path(), text.endswith(":")))
        else:
            units += _cut(block, text, section.path(), language, count, limit)
    return units


def _cut(block: Block, text: str, heading: str, language: str | None, count: CountTokens, limit: int) -> Iterator[_Unit]:
    """Yield the sentences of a block that is too long, and the words of a sentence that is."""
    for start, end in sentence_spans(text, language):
        for left, right, tokens in _fitting_pieces(text, start, end, count, limit):
            yield _Unit(block, block.start + left, block.start + right, tokens, heading)


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
    group: list[_Unit] = []
    for piece in _lists_whole(units, limit):
        if group and _breaks(group, piece, target):
            yield group
            group = []
        group += piece
    if group:
        yield group


def _lists_whole(units: Sequence[_Unit], limit: int) -> Iterator[list[_Unit]]:
    """Yield single units, but a list together with the paragraph that leads into it, where both are within `limit`."""
    here = 0
    while here < len(units):
        end = _end_of_list(units, here)
        if sum(unit.tokens for unit in units[here:end]) > limit:
            end = here + 1
        yield list(units[here:end])
        here = end


def _end_of_list(units: Sequence[_Unit], start: int) -> int:
    """Return where the list ends that begins at `start`, with its lead-in or without; the next position where none does."""
    leads = units[start].block.kind == "paragraph" and units[start].ends_with_colon
    end = start + 1 if leads or units[start].block.kind == "list_item" else start
    while end < len(units) and units[end].block.kind == "list_item":
        end += 1
    return max(end, start + 1)


def _breaks(group: Sequence[_Unit], piece: Sequence[_Unit], target: int) -> bool:
    """Say whether `piece` begins a new passage after `group`."""
    tokens = sum(u.tokens for u in group)
    if tokens + sum(u.tokens for u in piece) > target:
        return True
    if piece[0].block.kind == "heading":
        only_headings = all(u.block.kind == "heading" for u in group)
        return tokens >= SMALL_TOKENS and not only_headings
    return False


def _passage(document: Document, page: Page, ordinal: int, group: Sequence[_Unit]) -> Passage:
    start, end = group[0].start, group[-1].end
    body = [unit for unit in group if unit.block.kind != "heading"]
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
        sentences=tuple(_sentences(page.text, group, document.language)),
    )


def _sentences(text: str, group: Sequence[_Unit], language: str | None) -> Iterator[SentenceSpan]:
    for unit in group:
        whole = unit.block.kind in ("heading", "field", "table_row", "caption")
        piece = text[unit.start : unit.end]
        spans = [(0, len(piece))] if whole else sentence_spans(piece, language)
        if len(spans) > 1 and unit.block.label and piece[: spans[0][1]].strip(" .:()") == unit.block.label.strip(" .:()"):
            spans = [(spans[0][0], spans[1][1]), *spans[2:]]  # a number that is typed before a sentence is none by itself
        for start, end in spans:
            role = role_of(unit.block.kind, piece[start:end], unit.block.label)
            yield SentenceSpan(unit.start + start, unit.start + end, unit.block.kind, role)


def _with_ids(passages: Sequence[Passage]) -> list[Passage]:
    """Give each passage an id made of its source, title, headings and text, so that moved text keeps its id.

    Text that a document repeats is kept a few times only: thousands of equal vectors cut an HNSW graph into pieces.
    """
    seen: dict[str, int] = {}
    numbered = []
    for p in passages:
        content = "\0".join((p.source, p.title, p.heading, p.text))
        occurrence = seen[content] = seen.get(content, -1) + 1
        if occurrence >= MOST_REPEATS:
            continue
        numbered.append(replace(p, id=sha256(f"{content}\0{occurrence}".encode()).hexdigest()[:32]))
    return numbered
