"""Numbers in the margin: those of lines are left out, those of paragraphs become labels. Large initials join their word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.loaders.pdf_pages.lines import Box, Line
from ingest.loaders.pdf_pages.style import words_of_lines

_NUMBER = re.compile(r"\[?(\d{1,4})\]?")
_FIRST_NUMBER = re.compile(r"\[?(\d{1,4})\]?(?= )")
_LAST_NUMBER = re.compile(r"(?<= )\[?(\d{1,4})\]?$")
_PROSE = 20
_FEWEST = 3
_NEAR = 2.5
_SAME_EDGE = 2.0
_IN_STEP = 0.75
_DENSE = 0.85
_FEWEST_LINE_NUMBERS = 5
_INITIAL = re.compile(r"[“\"«‘']?[^\W\d_a-zà-ÿ][’']?")
_INITIAL_RATIO = 1.8
_ONE_LETTER_WORDS = frozenset("aioyuàéó")
_COMMON_WITH_A = (
    "about above across after again against ago all along already also although always among an and another any apart are "
    "around as asked at au aux auch auf am ante antes así"
)
_BEGIN_WITH_A = frozenset(_COMMON_WITH_A.split())
_TALLEST_INITIAL = 8


@dataclass(slots=True)
class _MarginNumber:
    """A number beside a line: in a line of its own (`own`), or at the start or the end of the line.

    `line` is the nearest line of prose where no text stands beside the number, as with one that counts an empty line.
    """

    number: int
    text: str
    line: Line
    own: Line | None = None
    span: tuple[int, int] = (0, 0)

    @property
    def is_beside_text(self) -> bool:
        """Tell whether text stands in the row of the number."""
        return self.own is None or _in_row(self.line.box, self.own.box)

    @property
    def edges(self) -> tuple[float, ...]:
        """Return the left and the right end of a number in a line of its own."""
        return (self.own.box.left, self.own.box.right) if self.own else ()


def take_margin_numbers(pages: Sequence[list[Line]]) -> None:
    """Take the numbers in the margin out of the lines of a document, in place.

    They count on: by one beside paragraphs, whose first lines get them as label; or beside every line, or each fifth.
    """
    found = [_margin_numbers(lines) for lines in pages]
    for is_right in (False, True):
        numbers = [[n for n in page if _is_right(n) == is_right] for page in found]
        beside = [[n for n in page if n.is_beside_text] for page in numbers]
        flat = [number.number for page in beside for number in page]
        if len(flat) < _FEWEST and flat not in ([5, 10], [10, 20]):
            continue
        last = 0
        for lines, every, page in zip(pages, numbers, beside, strict=True):
            here = [number.number for number in page]
            if page and _number_lines(lines, every, flat):
                _take(lines, every, as_labels=False)
            elif page and _count_paragraphs(here, last, flat) and (not is_right or _beside_prose(page)):
                _take(lines, page, as_labels=True)
                last = here[-1]


def _margin_numbers(lines: Sequence[Line]) -> list[_MarginNumber]:
    prose = [line for line in lines if len(line.text) > _PROSE and not _NUMBER.fullmatch(line.text)]
    if not prose:
        return []
    found = [number for line in lines if (number := _in_line(line, prose))]
    taken = {id(number.line) for number in found}
    clear = [line for line in prose if id(line) not in taken]
    found += [number for line in lines if (number := _own_line(line, lines, clear))]
    edges = {round(edge) for number in found if number.is_beside_text for edge in number.edges}
    found = [number for number in found if number.is_beside_text or edges & {round(edge) for edge in number.edges}]
    return sorted(found, key=lambda number: -(number.own or number.line).box.top)


def _own_line(number: Line, lines: Sequence[Line], prose: Sequence[Line]) -> _MarginNumber | None:
    """Return a line that is but a number, clear of the prose around it, with one piece of prose in its row, or nothing."""
    found = _NUMBER.fullmatch(number.text)
    if found is None:
        return None
    near = number.box._replace(bottom=number.box.bottom - _NEAR * number.size, top=number.box.top + _NEAR * number.size)
    if any(line.box.overlap_across(number.box) > 1 and line.box.overlap_down(near) > 0 for line in prose):
        return None
    row = [line for line in lines if line is not number and _in_row(line.box, number.box)]
    beside = row or prose and [min(prose, key=lambda line: abs(line.box.top - number.box.top))]
    return _MarginNumber(int(found[1]), found[0], beside[0], number) if len(beside) == 1 and len(beside[0].text) > 3 else None


def _in_row(one: Box, other: Box) -> bool:
    return one.overlap_down(other) > 0.5 * min(one.top - one.bottom, other.top - other.bottom)


def _in_line(line: Line, prose: Sequence[Line]) -> _MarginNumber | None:
    """Return the number at an end of a line that stands outside the edge of the other lines."""
    if not line.gaps:
        return None
    first, last = _FIRST_NUMBER.match(line.text), _LAST_NUMBER.search(line.text)
    if first and line.gaps[0].position == first.end():
        edge = line.gaps[0].right
        if sum(_begins_at(other, edge) for other in prose if other is not line) >= _FEWEST - 1:
            return _MarginNumber(int(first[1]), first[0], line, span=(0, first.end() + 1))
    if last and line.gaps[-1].position == last.start() - 1:
        edge = line.gaps[-1].right
        if all(other.box.right < edge for other in prose if other is not line and not _LAST_NUMBER.search(other.text)):
            return _MarginNumber(int(last[1]), last[0], line, span=(last.start() - 1, len(line.text)))
    return None


def _begins_at(line: Line, edge: float) -> bool:
    """Tell whether the text of a line begins at an edge, without the number before it."""
    if abs(line.box.left - edge) <= _SAME_EDGE:
        return True
    number = _FIRST_NUMBER.match(line.text) if line.gaps else None
    if number is None or line.gaps[0].position != number.end():
        return False
    return abs(line.gaps[0].right - edge) <= _SAME_EDGE


def _is_right(number: _MarginNumber) -> bool:
    return number.own.box.left > number.line.box.left if number.own else number.span[0] > 0


def _counts_on(numbers: Sequence[int], step: int) -> bool:
    pairs = list(pairwise(numbers))
    return len(pairs) > 1 and sum(after - before == step for before, after in pairs) >= _IN_STEP * len(pairs)


def _count_paragraphs(numbers: Sequence[int], last: int, all_numbers: Sequence[int]) -> bool:
    """Tell whether the numbers of a page count on, by themselves or from the `last` of an earlier page."""
    if len(numbers) > 1 and sum(after - before == 1 for before, after in pairwise(numbers)) < _IN_STEP * (len(numbers) - 1):
        return False
    return len(numbers) >= _FEWEST or numbers[0] == last + 1 > 1 or _counts_on(all_numbers, 1)


def _beside_prose(numbers: Sequence[_MarginNumber]) -> bool:
    return 2 * sum(number.line.text[-1:] in ".;:," or len(number.line.text) > 40 for number in numbers) >= len(numbers)


def _number_lines(lines: Sequence[Line], numbers: Sequence[_MarginNumber], all_numbers: Sequence[int]) -> bool:
    """Tell whether the numbers of a page count its lines."""
    if any(_counts_on(all_numbers, step) for step in (5, 10)) or all_numbers in ([5, 10], [10, 20]):
        return True
    if len(numbers) < _FEWEST_LINE_NUMBERS or not _counts_on([number.number for number in numbers], 1):
        return False
    own = {id(number.own) for number in numbers}
    top, bottom = (numbers[0].own or numbers[0].line).box.top, (numbers[-1].own or numbers[-1].line).box.bottom
    beside = [line for line in lines if id(line) not in own and bottom <= line.box.bottom and line.box.top <= top]
    return len(numbers) >= _DENSE * len({round(line.box.bottom) for line in beside})


def _take(lines: list[Line], numbers: Iterable[_MarginNumber], as_labels: bool) -> None:
    own = {id(number.own) for number in numbers if number.own}
    for number in numbers:
        if as_labels:
            number.line.label = str(number.number)
        if not number.own:
            start, end = number.span
            line = number.line
            line.text, line.indices = line.text[:start] + line.text[end:], line.indices[:start] + line.indices[end:]
            edge = line.gaps[0].right if start == 0 else line.gaps[-1].left
            line.box = line.box._replace(left=edge) if start == 0 else line.box._replace(right=edge)
            line.gaps = line.gaps[1:] if start == 0 else line.gaps[:-1]
    _remove(lines, own)


def _remove(lines: list[Line], removed: set[int]) -> None:
    """Take lines out and let the others follow each other as if they had not been there."""
    kept, gone = [], 0
    for line in lines:
        if id(line) in removed:
            gone += 1
            continue
        line.order -= gone
        kept.append(line)
    lines[:] = kept


def is_initial(line: Line) -> bool:
    """Tell whether a line is but a capital letter, with a quotation mark at most."""
    return len(line.text) <= 2 and _INITIAL.fullmatch(line.text) is not None


def join_initials(pages: Sequence[list[Line]]) -> None:
    """Put each large initial of a document before the rest of its word, in place."""
    found: list[tuple[list[Line], Line, list[Line]]] = []
    for lines in pages:
        for initial in filter(is_initial, lines):
            beside = sorted((line for line in lines if _goes_around(line, initial)), key=lambda line: -line.box.top)
            if beside and beside[0].text[:1].isalpha():
                found.append((lines, initial, beside))
    if not found:
        return
    first_lines = {id(beside[0]) for _, _, beside in found}
    words = words_of_lines([line for lines in pages for line in lines if id(line) not in first_lines])
    for lines, initial, beside in found:
        first = beside[0]
        space = " " if _stands_alone(initial.text[-1], re.match(r"[^\W\d_]+", first.text), words) else ""
        first.text = initial.text + space + first.text
        first.indices = [*initial.indices, *[-1] * len(space), *first.indices]
        for line in beside:
            line.box = line.box._replace(left=initial.box.left)
        _remove(lines, {id(initial)})


def _stands_alone(letter: str, rest: re.Match[str] | None, words: frozenset[str]) -> bool:
    """Tell whether an initial is a word of its own, such as A, and not the beginning of the `rest`."""
    if rest is None or letter.casefold() not in _ONE_LETTER_WORDS:
        return False
    whole, part = (letter + rest[0]).casefold(), rest[0].casefold()
    if whole in words or part in words:
        return whole not in words
    return (
        letter.casefold() == "a" and whole not in _BEGIN_WITH_A and re.match(r"([bcdfglmnprst])\1|[^aeiouy]{3}", part) is None
    )


def _goes_around(line: Line, initial: Line) -> bool:
    """Tell whether a line stands to the right of a large initial and not below its foot."""
    if not _INITIAL_RATIO * line.size <= initial.size <= _TALLEST_INITIAL * line.size or len(line.text) < 4:
        return False
    baseline = initial.box.bottom + 0.15 * initial.size
    is_right = line.box.left > initial.box.left + 1 and line.box.left - initial.box.right < 1.5 * line.size
    return is_right and baseline <= line.box.top <= initial.box.top + 0.5 * line.size
