"""Group the characters of a PDF page into lines and cells, and find the running heads and feet."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

from ingest.loaders.characters import clean
from knowledge_base.passages import BlockKind

LINE_END_HYPHEN = "\x02"
LEADER = "…"
MARKER = re.compile(r"[•◦▪▫■□●○‣⁃∙·➢➤✓✔*–—-]|o|\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)]")
_BOLD_WEIGHT = 600
_CELL_GAP = 2.0
_BROKEN_LINE_GAP = 0.8
_SMALLEST_SIZE = 2.0
_UNEVEN = 0.1
_SMALL_SHARE = 0.85
_RISE = 0.18
_INITIAL_RATIO = 1.8
_WIDE_SPACE = 0.55
_MARGIN = 0.1
_RUNNING_SHARE = 0.3
_RUNNING_PAGES = 3
_TURNS_SHARE = 0.6
_WORD = re.compile(r"[^\W\d_]{3}")
_RUNNING_LENGTH = 120
_LEADERS = re.compile(r"\s*(?:[.·_…]\s?){4,}")
_SYMBOL_BULLETS = frozenset({0xF0B7, 0xF0A7, 0xF0D8, 0xF0FC, 0xF076, 0xF0A8})
_TICK_BOXES = {0x274F: "☐", 0x2750: "☐", 0x2751: "☐", 0x2752: "☐", 0xF06F: "☐", 0xF071: "☐", 0xF0FD: "☒", 0xF0FE: "☑"}
_LIGATURES = range(0xFB00, 0xFB07)
_PRIVATE_USE = range(0xE000, 0xF900)
_LAST_ALONE = "\u02ff"  # letters beyond may compose with the one before
_MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328"
_ACCENTS = dict(zip("`´ˆ˜¯˘˙¨˚˝ˇ¸˛", _MARKS, strict=True))  # that stand alone, and over a letter


class Box(NamedTuple):
    """A rectangle in points; the origin is the lower left corner of the page as it is read."""

    left: float
    bottom: float
    right: float
    top: float

    def joined(self, other: Box) -> Box:
        """Return the smallest box around both."""
        left, bottom, right, top = self
        other_left, other_bottom, other_right, other_top = other
        return Box(
            left if left < other_left else other_left,
            bottom if bottom < other_bottom else other_bottom,
            right if right > other_right else other_right,
            top if top > other_top else other_top,
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

    def is_dark(self, index: int) -> bool:
        """Tell whether a character is nearly black."""


class Word(NamedTuple):
    """A run of characters `start` to `end`.

    `is_uneven`: some of them may be smaller than the others. `after_struck`: what stands before it was taken out.
    """

    start: int
    end: int
    box: Box
    size: float
    after_break: bool
    is_uneven: bool
    after_struck: bool = False


class Gap(NamedTuple):
    """A space of a line that is wider than most: its position in the text, and its left and right end."""

    position: int
    left: float
    right: float


@dataclass(slots=True)
class Line:
    """A line, or the part of one that a wide gap sets apart (a cell).

    `indices[i]` is the extractor's index of `text[i]`, -1 for what it does not have. Lines whose `order` differs by one follow
    each other. `raised` are the spans of small characters above the line; `label` is a number in the margin beside it.
    `kind` is what the line is known to be, where its looks do not tell.
    """

    order: int
    text: str
    indices: list[int]
    box: Box
    size: float
    bold: bool
    raised: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    label: str = ""
    kind: BlockKind | None = None
    is_turned: bool = False
    after_struck: bool = False


def read_lines(page: PageCharacters, words: Iterable[Word] | None = None) -> list[Line]:
    """Return the lines that the `words` of a page make, in the extractor's order; None: all words of the page.

    Lines off the page or too small to be seen are left out.
    """
    grouped: list[list[Word]] = []
    for word in words_of(page) if words is None else words:
        if grouped and _continues(grouped[-1], word, page):
            grouped[-1].append(word)
        else:
            grouped.append([word])
    lines = [_line(order, words, page) for order, words in enumerate(grouped)]
    seen = [line for line in lines if _is_seen(line, page)]
    return seen or lines


def running_lines(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[set[int]]:
    """Return for each page the `order` of its running heads, feet and page numbers.

    A line is one if its text, digits apart, stands in the same margin of many pages, or of some where others like it stand
    on the rest; so is a short line at that height. What holds a number that never changes is kept where it first stands.
    """
    margins = [[line for line in lines if _in_margin(line, height)] for lines, height in zip(pages, heights, strict=True)]
    wanted = max(_RUNNING_PAGES, _RUNNING_SHARE * len(pages))
    keyed = _keyed_pages(margins)
    recurring = {key for key, numbers in keyed.items() if len(numbers) >= wanted} | _taking_turns(keyed, len(pages))
    heights_taken = Counter(_middle(line) for lines in margins for line in lines if _running_key(line) in recurring)
    taken = {height + shift for height, count in heights_taken.items() if count >= wanted for shift in range(-3, 4)}
    running = [
        {line.order for line in lines if _running_key(line) in recurring or (_middle(line) in taken and _short(line))}
        for lines in margins
    ]
    for page, order in _first_of_constant(margins, recurring):
        running[page].discard(order)
    return [orders if _leaves_text(lines, orders) else set() for lines, orders in zip(pages, running, strict=True)]


def _taking_turns(keyed: Mapping[tuple[int, str], Collection[int]], pages: int) -> set[tuple[int, str]]:
    """Return the texts that stand on two pages or more, where such stand at their height on nearly all pages."""
    by_height: dict[int, set[int]] = defaultdict(set)
    repeated = {key: numbers for key, numbers in keyed.items() if len(numbers) > 1}
    for (height, _), numbers in repeated.items():
        by_height[height] |= set(numbers)
    return {key for key in repeated if len(by_height[key[0]]) >= max(2, _TURNS_SHARE * (pages - 1))}


def _first_of_constant(margins: Sequence[Sequence[Line]], recurring: Collection[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Yield page and `order` of the first of the running lines that hold words and one number on all pages, such as a date."""
    texts: dict[tuple[int, str], dict[str, tuple[int, Line]]] = defaultdict(dict)
    for page, lines in enumerate(margins):
        for line in lines:
            key = _running_key(line)
            if key in recurring and "#" in key[1] and _WORD.search(line.text):
                texts[key].setdefault(line.text, (page, line))
    for found in texts.values():
        if len(found) == 1:
            page, line = next(iter(found.values()))
            line.kind = "paragraph"
            yield page, line.order


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
    if code in _TICK_BOXES:
        return _TICK_BOXES[code]
    if not 0 < code < 0x110000 or code in _PRIVATE_USE or code & 0xFFFE == 0xFFFE:
        return ""
    character = chr(code)
    if code in _LIGATURES:
        return unicodedata.normalize("NFKC", character)
    return unicodedata.normalize("NFC", character) if character.isprintable() else clean(character).strip("\n")


def words_of(page: PageCharacters, struck: Collection[int] = frozenset()) -> Iterator[Word]:
    """Yield the runs of characters between spaces, line ends and `struck` characters."""
    start, after_break, after_struck = -1, True, False
    codes = page.codes
    for index, code in enumerate(codes):
        is_break = code in (10, 13)
        is_struck = index in struck
        if not (is_break or code == 0x20 or code == 0xA0 or chr(code).isspace() or is_struck):
            start = index if start < 0 else start
            if code != ord(LINE_END_HYPHEN):
                continue
            yield _word(page, start, index + 1, after_break, after_struck)
            start, after_break, after_struck = -1, True, False
            continue
        if start >= 0:
            yield _word(page, start, index, after_break, after_struck)
            start, after_break, after_struck = -1, False, False
        after_break, after_struck = after_break or is_break, after_struck or is_struck
    if start >= 0:
        yield _word(page, start, len(codes), after_break, after_struck)


def _word(page: PageCharacters, start: int, end: int, after_break: bool, after_struck: bool) -> Word:
    codes = page.codes
    last = end - 2 if end - start > 1 and codes[end - 1] == ord(LINE_END_HYPHEN) else end - 1
    if last <= start:
        return Word(start, end, page.box(start), page.size(start), after_break, False, after_struck)
    first, final = page.box(start), page.box(last)
    height = first.top - first.bottom
    is_uneven = abs(height - (final.top - final.bottom)) > _UNEVEN * height
    if not is_uneven and not chr(codes[last]).isalnum():
        is_uneven = any(48 <= code <= 57 for code in codes[start + 1 : last])
    return Word(start, end, first.joined(final), page.size(start), after_break, is_uneven, after_struck)


def _continues(words: Sequence[Word], word: Word, page: PageCharacters) -> bool:
    last = words[-1]
    gap = word.box.left - last.box.right
    if len(words) == 1 and last.end - last.start <= 2 and last.size > _INITIAL_RATIO * word.size:
        return False
    if word.after_struck and word.box.overlap_down(last.box) >= 0.5 * min(word.size, last.size) and gap > 0:
        return True
    if gap < -last.size and _is_upright(last) and word.box.overlap_down(last.box) < 0.3 * min(word.size, last.size):
        return False  # the extractor ran on to the row below
    if not word.after_break:
        is_marked = len(words) == 1 and MARKER.fullmatch(_shown(page, last)) is not None
        return gap <= _CELL_GAP * max(word.size, last.size) or is_marked
    if _shown(page, last).endswith(LINE_END_HYPHEN):
        return False
    same_row = word.box.overlap_down(last.box) >= 0.5 * min(word.size, last.size)
    return same_row and -0.3 * last.size <= gap <= _BROKEN_LINE_GAP * max(word.size, last.size)


def _is_upright(word: Word) -> bool:
    return word.box.top - word.box.bottom < 2 * word.size


def _shown(page: PageCharacters, word: Word) -> str:
    return "".join(shown_character(page.codes[index]) for index in range(word.start, word.end))


def _line(order: int, words: Sequence[Word], page: PageCharacters) -> Line:
    characters: list[str] = []
    indices: list[int] = []
    gaps: list[Gap] = []
    codes = page.codes
    for position, word in enumerate(words):
        if position and _is_spaced(before := words[position - 1], word, page):
            if word.box.left - before.box.right > _WIDE_SPACE * word.size and not word.after_struck:
                gaps.append(Gap(len(characters), before.box.right, word.box.left))
            characters.append(" ")
            indices.append(-1 if word.after_break or before.end >= word.start else before.end)
        for index in range(word.start, word.end):
            shown = shown_character(codes[index])
            last = characters[-1] if characters else ""
            may_join = last in _ACCENTS or (shown > _LAST_ALONE and last != "")
            if may_join and (composed := _composed(last, shown, indices[-1], index, page)):
                characters[-1], indices[-1] = composed, index if last in _ACCENTS else indices[-1]
                continue
            characters.extend(shown)
            indices.extend([index] * len(shown))
    size = _typical_size(words)
    raised_at = _raised_indices(words, size, page)
    text, indices = _without_leaders("".join(characters), indices)
    box = words[0].box
    for word in words[1:]:
        box = box.joined(word.box)
    line = Line(order, text, indices, box, size, _is_bold(words, page), gaps=gaps if len(text) == len(characters) else [])
    line.after_struck = words[0].after_struck
    if raised_at:
        line.raised = spans_of(raised_at, indices)
    return line


def _composed(last: str, shown: str, before: int, index: int, page: PageCharacters) -> str:
    """Return the letter that two characters make: one and an accent behind it, or one drawn over the accent before it."""
    if last in _ACCENTS and before >= 0:
        accent, letter = page.box(before), page.box(index)
        is_over = accent.overlap_across(letter) > 0.5 * (accent.right - accent.left)
        last, shown = ("i" if shown == "ı" else shown, _ACCENTS[last]) if is_over else (last, shown)
    composed = unicodedata.normalize("NFC", last + shown)
    return composed if len(composed) == 1 else ""


def _raised_indices(words: Sequence[Word], size: float, page: PageCharacters) -> set[int]:
    """Return the extractor's indices of the characters that are smaller than their line and stand above its foot."""
    small = [word for word in words if word.is_uneven or word.size <= _SMALL_SHARE * size]
    if not small:
        return set()
    foot = next((word.box.bottom for word in words if word.size > _SMALL_SHARE * size and not word.is_uneven), None)
    if foot is None:
        foot = min(word.box.bottom for word in words)
    found = set()
    for word in small:
        for index in range(word.start, word.end):
            is_raised = page.box(index).bottom - foot > _RISE * size
            if is_raised and page.size(index) <= _SMALL_SHARE * size and page.codes[index] != ord(LINE_END_HYPHEN):
                found.add(index)
    return found


def spans_of(wanted: Collection[int], indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return the spans of positions in `indices` whose index is `wanted`."""
    spans: list[tuple[int, int]] = []
    for position, index in enumerate(indices):
        if index in wanted:
            if spans and spans[-1][1] == position:
                spans[-1] = (spans[-1][0], position + 1)
            else:
                spans.append((position, position + 1))
    return spans


def _is_spaced(before: Word, after: Word, page: PageCharacters) -> bool:
    if not after.after_break:
        return True
    if after.box.left - before.box.right > 0.15 * min(before.size, after.size):
        return True
    if min(before.size, after.size) <= _SMALL_SHARE * max(before.size, after.size):
        return False  # a mark above or below the line stands at its word
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


def _typical_size(words: Sequence[Word]) -> float:
    lengths = Counter[float]()
    for word in words:
        lengths[round(word.size, 2)] += word.end - word.start
    return lengths.most_common(1)[0][0]


def _is_bold(words: Sequence[Word], page: PageCharacters) -> bool:
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


def _keyed_pages(margins: Sequence[Sequence[Line]]) -> dict[tuple[int, str], set[int]]:
    """Return the pages on which each short text stands at each height."""
    pages: dict[tuple[int, str], set[int]] = defaultdict(set)
    for number, lines in enumerate(margins):
        for line in lines:
            if _short(line):
                pages[_running_key(line)].add(number)
    return pages
