"""Numbered provisions of a document: articles, paragraphs, points and items, told by the labels of its blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.passages import Block, Page

_PARTS = re.compile(r"\(\s*([^()\s]{1,8})\s*\)")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
NOTE = "note "  # begins the label of a footnote
_ROMAN = re.compile(r"[ivx]+|[ivxlc]{2,}")  # a lone "c" or "l" is a letter


@dataclass(frozen=True, slots=True)
class Provision:
    """A labelled part of a document: characters `start` of page `first` to `end` of page `last` (ordinals, from 0).

    `path` is its label as a reader writes it, containers first ("Article 3(2)(c)"); `parts` is the same, folded, a part a
    level ("article 3", "2", "c").
    """

    path: str
    parts: tuple[str, ...]
    first: int
    start: int
    last: int
    end: int


@dataclass(slots=True)
class _Open:
    """A provision that is being read; `level` is that of a heading, 0 for others, `style` tells labels of a series apart."""

    label: str
    style: str
    level: int
    depth: int  # of a list item, 0 for others
    first: int
    start: int
    last: int = 0
    end: int = 0


def label_parts(label: str) -> tuple[str, ...]:
    """Return the parts of a label, folded: ("article 3", "2", "c") for "Article 3(2)(c)", ("17",) for "17."."""
    head, _, tail = label.strip().partition("(")
    parts = [" ".join(head.casefold().strip(" .:–—-").split())] if head.strip(" .:–—-") else []
    return (*parts, *(part.casefold() for part in _PARTS.findall(f"({tail}" if tail else "")))


def provisions_of(pages: Sequence[Page]) -> list[Provision]:
    """Return the provisions of a document in reading order.

    A heading's provision goes on to the next heading of its level or above (a heading right below it is its title), a numbered
    paragraph's to the next label of its series, an item's to its end.
    """
    found: list[Provision] = []
    stack: list[_Open] = []

    def close(keep: int) -> None:
        while len(stack) > keep:
            labels = _path(stack)
            closed = stack.pop()
            parts = tuple(part for label in labels for part in label_parts(label))
            found.append(Provision(_written(labels), parts, closed.first, closed.start, closed.last, closed.end))

    previous: Block | None = None
    for ordinal, page in enumerate(pages):
        for block in page.blocks:
            is_below_label = previous is not None and previous.kind == "heading" and bool(previous.label)
            if not (is_below_label and block.kind == "heading" and not block.label):
                style = _style(block.label, stack) if block.label and not block.label.startswith(NOTE) else ""
                close(_kept(stack, block, style))
            if block.label.startswith(NOTE):
                close(0)
            elif block.label:
                level = block.level if block.kind == "heading" else 0
                depth = block.level if block.kind == "list_item" else 0
                stack.append(_Open(block.label, style, level, depth, ordinal, block.start))
            for opened in stack:
                opened.last, opened.end = ordinal, block.end
            previous = block
    close(0)
    return sorted(found, key=lambda provision: (provision.first, provision.start, -provision.end))


def _kept(stack: Sequence[_Open], block: Block, style: str) -> int:
    """Return how many of the open provisions a block goes on with."""
    if block.kind == "heading":
        return next((i for i, o in enumerate(stack) if o.level >= block.level or not o.level), len(stack))
    if block.kind != "list_item":
        return next((i for i, o in enumerate(stack) if (o.style == style if style else o.depth)), len(stack))
    is_over = (o.depth > block.level or (bool(style) and o.style == style and not 0 < o.depth < block.level) for o in stack)
    return next((i for i, over in enumerate(is_over) if over), len(stack))


def _style(label: str, stack: Sequence[_Open]) -> str:
    """Return the series that a label belongs to: its word, a number with its dots, letters or roman numerals in brackets."""
    bare = label.strip()
    brackets = "()" if bare.startswith("(") else ""
    core = bare.strip("().: ").casefold()
    word, _, number = core.rpartition(" ")
    if word:
        return word
    if _NUMBER.fullmatch(number):
        return f"{brackets}1{'.1' * number.count('.')}"
    before = next((o for o in reversed(stack) if o.style in (f"{brackets}a", f"{brackets}i")), None)
    follows_letter = before is not None and before.style.endswith("a") and ord(number[:1] or "a") == ord(_last(before)) + 1
    return f"{brackets}i" if _ROMAN.fullmatch(number) and not follows_letter else f"{brackets}a"


def _last(opened: _Open) -> str:
    return opened.label.strip("().: ").casefold()[-1:] or "a"


def _path(stack: Sequence[_Open]) -> list[str]:
    """Return the labels that lead to the innermost open provision; "3.2" holds its parents by itself."""
    labels = [opened.label.strip().rstrip(".:") for opened in stack]
    innermost = labels[-1]
    if "." in innermost and _NUMBER.fullmatch(innermost):
        return [label for label in labels[:-1] if not _NUMBER.fullmatch(label)] + [innermost]
    return labels


def _written(labels: Sequence[str]) -> str:
    """Return the labels as a reader writes them in a row: "Article 3(2)(c)"."""
    inner = (f", {label}" if " " in label else f"({label.strip('()')})" for label in labels[1:])
    return labels[0] + "".join(inner)
