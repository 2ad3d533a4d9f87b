"""Group the characters of a PDF page into lines and cells, and find the running heads and feet."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from ingest.loaders.characters import clean

LINE_END_HYPHEN = "\x02"
LEADER = "…"
MARKER = re.compile(r"[•◦▪▫■□●○‣⁃∙·➢➤✓✔*–—-]|o|\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)]")
_BOLD_WEIGHT = 600
_CELL_GAP = 2.0
_BROKEN_LINE_GAP = 0.8
_SMALLEST_SIZE = 2.0
_MARGIN = 0.1
_RUNNING_SHARE = 0.3
_RUNNING_PAGES = 3
_RUNNING_LENGTH = 120
_LEADERS = re.compile(r"\s*(?:[.·_…]\s?){4,}")
_SYMBOL_BULLETS = frozenset({0xF0B7, 0xF0A7, 0xF0D8, 0xF0FC, 0xF076, 0xF0A8})
_LIGATURES = range(0xFB00, 0xFB07)
_PRIVATE_USE = range(0xE000, 0xF900)


class Box(NamedTuple):
    """A rectangle in points; the origin is the lower left corner of the page as it is read."""

    left: float
    bottom: float
    right: float
    top: float

    def joined(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left), min(self.bottom, other.bottom), max(self.right, other.right), max(self.top, other.top)
        )

    def overlap_across(self, other: Box) -> float:
        """Return how many points both share from left to right; negative is the gap."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_down(self, other: Box) -> float:
        """Return how many points both share from top to bottom; negative is the gap."""
        return min(self.top, other.top) - max(self.bottom, other.bottom)


class PageCharacters(Protocol):
    """What an extractor knows of a page: the code of each character, its box (the font's height) and its weight."""

    @property
    def width(self) -> float:
        """Return the width of the page in points."""

    @property
    def height(self) -> float:
        """Return the height of the page in points."""

    @property
    def codes(self) -> Sequence[int]:
        """Return the code points, line ends among them."""

    def box(self, index: int) -> Box:
        """Return the box of a character."""

    def size(self, index: int) -> float:
        """Return the size of a character's font in points, as set on the page."""

    def weight(self, index: int) -> int:
        """Return the weight of a character's font, 100 to 900."""


class _Word(NamedTuple):
    start: int
    end: int
    box: Box
    size: float
    after_break: bool


@dataclass(slots=True)
class Line:
    """A line, or the part of one that a wide gap sets apart (a cell).

    `indices[i]` is the extractor's index of `text[i]`, -1 for a space that it does not have. Lines whose `order` differs by
    one follow each other in the extractor's text.
    """

    order: int
    text: str
    indices: list[int]
    box: Box
    size: float
    bold: bool


def read_lines(page: PageCharacters) -> list[Line]:
    """Return the lines of a page in the extractor's order; those off the page or too small to be seen are left out."""
    grouped: list[list[_Word]] = []
    for word in _words(page):
        if grouped and _continues(grouped[-1], word, page):
            grouped[-1].append(word)
        else:
            grouped.append([word])
    lines = [_line(order, words, page) for order, words in enumerate(grouped)]
    seen = [line for line in lines if _is_seen(line, page)]
    return seen or lines


def running_lines(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[set[int]]:
    """Return for each page the `order` of its running heads, feet and page numbers.

    A line is one if its text, digits apart, stands in the same margin of many pages; so is a short line at that height.
    """
    margins = [[line for line in lines if _in_margin(line, height)] for lines, height in zip(pages, heights, strict=True)]
    wanted = max(_RUNNING_PAGES, _RUNNING_SHARE * len(pages))
    recurring = {key for key, count in _counted(margins).items() if count >= wanted}
    heights_taken = Counter(_middle(line) for lines in margins for line in lines if _running_key(line) in recurring)
    taken = {height + shift for height, count in heights_taken.items() if count >= wanted for shift in range(-3, 4)}
    running = [
        {line.order for line in lines if _running_key(line) in recurring or (_middle(line) in taken and _short(line))}
        for lines in margins
    ]
    return [orders if _leaves_text(lines, orders) else set() for lines, orders in zip(pages, running, strict=True)]


def _leaves_text(lines: Sequence[Line], dropped: set[int]) -> bool:
    """Tell whether a page keeps text without the `dropped` lines, or these are only numbers."""
    return any(line.order not in dropped for line in lines) or not any(map(str.isalpha, "".join(line.text for line in lines)))


@lru_cache(maxsize=4096)
def shown_character(code: int) -> str:
    """Return what a reader sees of a code point: ligatures as letters, symbol bullets as bullets, nothing for controls."""
    if code == ord(LINE_END_HYPHEN):
        return LINE_END_HYPHEN
    if code in _SYMBOL_BULLETS:
        return "•"
    if not 0 < code < 0x110000 or code in _PRIVATE_USE or code & 0xFFFE == 0xFFFE:
        return ""
    character = chr(code)
    if code in _LIGATURES:
        return unicodedata.normalize("NFKC", character)
    return character if character.isprintable() else clean(character).strip("\n")


def _words(page: PageCharacters) -> Iterator[_Word]:
    """Yield the runs of characters between spaces and line ends."""
    start, after_break = -1, True
    codes = page.codes
    for index, code in enumerate(codes):
        is_break = code in (10, 13)
        if not (is_break or code == 0x20 or code == 0xA0 or chr(code).isspace()):
            start = index if start < 0 else start
            if code != ord(LINE_END_HYPHEN):
                continue
            yield _word(page, start, index + 1, after_break)
            start, after_break = -1, True
            continue
        if start >= 0:
            yield _word(page, start, index, after_break)
            start, after_break = -1, False
        after_break = after_break or is_break
    if start >= 0:
        yield _word(page, start, len(codes), after_break)


def _word(page: PageCharacters, start: int, end: int, after_break: bool) -> _Word:
    last = end - 2 if end - start > 1 and page.codes[end - 1] == ord(LINE_END_HYPHEN) else end - 1
    return _Word(start, end, page.box(start).joined(page.box(last)), page.size(start), after_break)


def _continues(words: Sequence[_Word], word: _Word, page: PageCharacters) -> bool:
    last = words[-1]
    gap = word.box.left - last.box.right
    if not word.after_break:
        is_marked = len(words) == 1 and MARKER.fullmatch(_shown(page, last)) is not None
        return gap <= _CELL_GAP * max(word.size, last.size) or is_marked
    if _shown(page, last).endswith(LINE_END_HYPHEN):
        return False
    same_row = word.box.overlap_down(last.box) >= 0.5 * min(word.size, last.size)
    return same_row and -0.3 * last.size <= gap <= _BROKEN_LINE_GAP * max(word.size, last.size)


def _shown(page: PageCharacters, word: _Word) -> str:
    return "".join(shown_character(page.codes[index]) for index in range(word.start, word.end))


def _line(order: int, words: Sequence[_Word], page: PageCharacters) -> Line:
    characters: list[str] = []
    indices: list[int] = []
    for position, word in enumerate(words):
        if position and _is_spaced(words[position - 1], word, page):
            characters.append(" ")
            indices.append(-1 if word.after_break else words[position - 1].end)
        for index in range(word.start, word.end):
            shown = shown_character(page.codes[index])
            characters.extend(shown)
            indices.extend([index] * len(shown))
    text, indices = _without_leaders("".join(characters), indices)
    box = words[0].box
    for word in words[1:]:
        box = box.joined(word.box)
    return Line(order, text, indices, box, _typical_size(words), _is_bold(words, page))


def _is_spaced(before: _Word, after: _Word, page: PageCharacters) -> bool:
    if not after.after_break:
        return True
    if after.box.left - before.box.right > 0.15 * after.size:
        return True
    return _shown(page, before)[-1:].isalnum() and _shown(page, after)[:1].isalnum()


def _without_leaders(text: str, indices: list[int]) -> tuple[str, list[int]]:
    """Shorten the dots that lead to a page number to one sign, so that they do not crowd the text."""
    pieces, kept, position = [], [], 0
    for leaders in _LEADERS.finditer(text):
        pieces += [text[position : leaders.start()], f" {LEADER} "]
        kept += [*indices[position : leaders.start()], -1, indices[leaders.end() - 1], -1]
        position = leaders.end()
    joined, kept = "".join([*pieces, text[position:]]), kept + indices[position:]
    start, end = len(joined) - len(joined.lstrip()), len(joined.rstrip())
    return joined[start:end], kept[start:end]


def _typical_size(words: Sequence[_Word]) -> float:
    lengths = Counter[float]()
    for word in words:
        lengths[round(word.size, 2)] += word.end - word.start
    return lengths.most_common(1)[0][0]


def _is_bold(words: Sequence[_Word], page: PageCharacters) -> bool:
    sample = {words[0].start, words[len(words) // 2].start, words[-1].start}
    return all(page.weight(index) >= _BOLD_WEIGHT for index in sample)


def _is_seen(line: Line, page: PageCharacters) -> bool:
    middle_across = (line.box.left + line.box.right) / 2
    middle_down = (line.box.bottom + line.box.top) / 2
    on_page = -5 <= middle_across <= page.width + 5 and -5 <= middle_down <= page.height + 5
    return bool(line.text) and on_page and line.size >= _SMALLEST_SIZE


def _in_margin(line: Line, height: float) -> bool:
    return line.box.bottom > (1 - _MARGIN) * height or line.box.top < _MARGIN * height


def _middle(line: Line) -> int:
    return round((line.box.bottom + line.box.top) / 2)


def _short(line: Line) -> bool:
    return len(line.text) <= _RUNNING_LENGTH


def _running_key(line: Line) -> tuple[int, str]:
    """Return where a line stands, in steps of 20 points, and its text with digits masked."""
    return round(line.box.bottom / 20), re.sub(r"\d+", "#", line.text.casefold())


def _counted(margins: Sequence[Sequence[Line]]) -> Counter[tuple[int, str]]:
    pages: dict[tuple[int, str], set[int]] = defaultdict(set)
    for number, lines in enumerate(margins):
        for line in lines:
            if _short(line):
                pages[_running_key(line)].add(number)
    return Counter({key: len(numbers) for key, numbers in pages.items()})
