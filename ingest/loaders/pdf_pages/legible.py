"""What a reader can see and make out: hidden and garbled text, watermarks and text that is blacked out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.loaders.pdf_pages.extractor import Drawings, PdfiumPage
from ingest.loaders.pdf_pages.lines import Box, Line

GARBLED = "The page's letters cannot be told: its font does not say which they are. Print it to a new PDF, or run OCR on it."
_ENOUGH_CODES = 20
_MOST_UNKNOWN = 0.3
_SPACES = frozenset({2, 9, 10, 11, 12, 13})
_PRIVATE_USE = range(0xE000, 0xF900)
_LATIN_WORD = re.compile(r"[a-zà-ÿœ]{2,}")
_VOWEL = re.compile(r"[aeiouyà-æè-ïò-öù-ýœ]")
_ENOUGH_WORDS = 40
_MOST_LISTED = 20
_SLANTED = 0.1
_MOST_WITHOUT_VOWEL = 0.15
_COMMON_WORDS = (
    "the of and to in is for that with on by de la le les et des en du un une pour que der die das und ist von den zu mit el "
    "los las del por con il di che per non da do dos para com het van een och att som er og"
)
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(slots=True)
class SeenLines:
    """The lines that are seen on a page, how many are hidden, and the texts set across it, such as a watermark."""

    lines: list[Line] = field(default_factory=list)
    hidden: int = 0
    across: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LeftOut:
    """What a page shows as not in force, or does not show: passages struck out and blacked out, hidden lines, watermarks."""

    struck: int = 0
    covered: int = 0
    hidden: int = 0
    across: list[str] = field(default_factory=list)

    def any(self) -> bool:
        """Tell whether anything was left out that the file holds as text."""
        return bool(self.struck or self.covered or self.hidden)


def left_out_notices(pages: Sequence[LeftOut]) -> Iterator[str]:
    """Yield what is left out of the pages, for the reader of the document."""
    for name, noun, words in (
        ("struck", "passage", "struck out and left out"),
        ("covered", "passage", "blacked out and left out"),
        ("hidden", "line", "not to be seen on the page and left out"),
    ):
        counts = {number: getattr(page, name) for number, page in enumerate(pages, 1) if getattr(page, name)}
        total = sum(counts.values())
        if total:
            pages_in_words = f"page{'s' if len(counts) > 1 else ''} {listed(counts)}"
            yield f"{total} {noun}{'s are' if total > 1 else ' is'} {words}, on {pages_in_words}."
    across = list(dict.fromkeys(text for page in pages for text in page.across))
    if across:
        yield f"Text set across the page is left out: {', '.join(across[:3])[:100]}."


def listed(numbers: Iterable[int | None]) -> str:
    """Return the first of some page numbers, as people write them."""
    shown = list(numbers)
    return ", ".join(map(str, shown[:_MOST_LISTED])) + (", ..." if len(shown) > _MOST_LISTED else "")


def seen_lines(lines: Sequence[Line], page: PdfiumPage, drawn: Drawings) -> SeenLines:
    """Return the lines that are seen; those in another direction than most are marked as turned.

    Where none is seen, the hidden ones are all there is, as on a scan whose picture is missing: they are kept.
    """
    seen, hidden = SeenLines(), list[Line]()
    for line in lines:
        first = next((index for index in line.indices if index >= 0), -1)
        turn = page.turn(first) if first >= 0 else 0.0
        if turn and abs(turn - round(turn)) > _SLANTED:
            seen.across.append(line.text)
            continue
        if first >= 0 and drawn.is_complete and page.is_pale(first) and not _is_backed(line.box, drawn):
            hidden.append(line)
            continue
        line.is_turned = bool(turn)
        last = seen.lines[-1] if seen.lines else None
        if line.is_turned and last is not None and _goes_on_turned(last, line):
            last.text, last.indices = f"{last.text} {line.text}", [*last.indices, -1, *line.indices]
            last.box, last.order = last.box.joined(line.box), line.order
        else:
            seen.lines.append(line)
    if not seen.lines:
        return SeenLines(hidden, 0, seen.across)
    seen.hidden = len(hidden)
    return seen


def _goes_on_turned(last: Line, line: Line) -> bool:
    """Tell whether a turned line goes on with the one before: the extractor ends such lines at each wider space."""
    is_next = last.is_turned and line.order == last.order + 1 and abs(last.size - line.size) < 1
    return is_next and last.box.overlap_across(line.box) > 0.8 * line.size and -line.size < last.box.overlap_down(line.box) < 1


def _is_backed(box: Box, drawn: Drawings) -> bool:
    """Tell whether a picture or a coloured box lies where the text stands."""
    return any(box.overlap_across(other) > 0 and box.overlap_down(other) > 0 for other in (*drawn.boxes, *drawn.pictures))


def are_garbled(codes: Sequence[int]) -> bool:
    """Tell whether many characters of a page have no letter that the extractor knows."""
    counts = Counter(codes)
    shown = sum(count for code, count in counts.items() if 32 < code < 0xE000)
    unknown = sum(count for code, count in counts.items() if _is_unknown(code))
    return unknown >= _ENOUGH_CODES and unknown > _MOST_UNKNOWN * (shown + unknown)


def _is_unknown(code: int) -> bool:
    return code in _PRIVATE_USE or code == 0xFFFD or (code < 32 and code not in _SPACES)


def is_garbled(text: str) -> bool:
    """Tell whether Latin letters make no words: none of the commonest ones of a dozen languages, and many without a vowel."""
    words = _LATIN_WORD.findall(text.lower())
    if len(words) < _ENOUGH_WORDS or any(word in _COMMON for word in words):
        return False
    return sum(_VOWEL.search(word) is None for word in words) > _MOST_WITHOUT_VOWEL * len(words)
