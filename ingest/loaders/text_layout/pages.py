"""The pages of plain text: where they end, and the heads and feet that stand on each of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ingest.loaders.labels import names_a_unit

_AT_EDGE = 4
_LEAST_SHARE = 0.4
_LEAST_KEPT = 0.2
_LONGEST = 120
_NUMBERED = re.compile(
    r"(?:.*\S\s+)?[\[(]?(?:page|seite|p[áa]gina|pag\.?|p\.)\s*(\d{1,4})(?:\s*(?:of|/|sur|de|von|di)\s*\d{1,4})?[\])]?\s*", re.I
)
_ALONE = re.compile(r"\s*[-–—\[(|]?\s*(\d{1,4}|[ivxl]{1,6})\s*(?:(?:of|/|sur|de|von)\s*\d{1,4})?\s*[-–—\])|]?\s*", re.I)
_DIGITS = re.compile(r"\d+")
_SENTENCE_END = re.compile(r"[.!?:;…][”\"’»)\]]*$")
_MARKED = re.compile(r"\s*(?:[-*•–]\s|\(?(?:\d{1,3}|[a-z])[.)]\s)")


def flowing_lines(text: str) -> list[str]:
    """Return the lines of `text` without page breaks, heads and feet; a sentence goes on over the end of a page."""
    pages = [page.split("\n") for page in text.split("\f")] if "\f" in text else _by_numbers(text.split("\n"))
    if len(pages) > 1:
        pages = _without_furniture(pages)
    flowing: list[str] = []
    for page in pages:
        page = _trimmed(page)
        if flowing and page and not _goes_on(flowing[-1], page[0]):
            flowing.append("")
        flowing += page
    return flowing


def _by_numbers(lines: Sequence[str]) -> list[list[str]]:
    """Split lines after those that number pages, where the numbers count up."""
    numbered = [(place, int(found[1])) for place, line in enumerate(lines) if (found := _page_number(line))]
    counting = [
        place
        for index, (place, number) in enumerate(numbered)
        if (index and numbered[index - 1][1] == number - 1)
        or (index + 1 < len(numbered) and numbered[index + 1][1] == number + 1)
    ]
    pages: list[list[str]] = []
    start = 0
    for place in counting:
        pages.append(list(lines[start : place + 1]))
        start = place + 1
    return [*pages, list(lines[start:])]


def _page_number(line: str) -> re.Match[str] | None:
    return _NUMBERED.fullmatch(line.strip()) if len(line) <= _LONGEST and any(map(str.isdigit, line[-12:])) else None


def _without_furniture(pages: Sequence[list[str]]) -> list[list[str]]:
    """Drop, from the edges inwards, lines that recur at the edges of other pages and those that number the page."""
    heads = _recurring([_edge(page) for page in pages])
    feet = _recurring([_edge(page[::-1]) for page in pages])
    cut = [_cut(_cut(page, heads)[::-1], feet)[::-1] for page in pages]
    kept, whole = (sum(len(line.strip()) for page in some for line in page) for some in (cut, pages))
    return cut if kept > _LEAST_KEPT * whole else list(pages)


def _edge(page: Iterable[str]) -> list[str]:
    filled = (line for line in page if line.strip())
    return [line for line, _ in zip(filled, range(_AT_EDGE), strict=False)]


def _recurring(edges: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the lines, numbers aside where they count the pages, that stand at the edge of many pages."""
    exact = Counter(key for lines in edges for key in {_key(line) for line in lines})
    offsets: dict[str, Counter[int]] = {}
    for place, lines in enumerate(edges):
        for line in lines:
            for number in _DIGITS.findall(line)[-2:]:
                if len(number) <= 4 and not names_a_unit(line):
                    offsets.setdefault(_shape(line), Counter())[int(number) - place] += 1
    least = max(2, _LEAST_SHARE * len(edges))
    counted = {shape for shape, counts in offsets.items() if max(counts.values()) >= least}
    return frozenset({key for key, count in exact.items() if count >= least} | counted)


def _cut(page: Sequence[str], recurring: frozenset[str]) -> list[str]:
    """Return the lines from the first one on that is no furniture."""
    seen = 0
    for position, line in enumerate(page):
        if not line.strip():
            continue
        seen += 1
        is_furniture = _key(line) in recurring or _shape(line) in recurring or _ALONE.fullmatch(line) or _page_number(line)
        if seen > _AT_EDGE or not is_furniture:
            return list(page[position:])
    return []


def _key(line: str) -> str:
    return " ".join(line.split()).casefold()


def _shape(line: str) -> str:
    return _DIGITS.sub("#", _key(line))


def _trimmed(page: Sequence[str]) -> list[str]:
    filled = [place for place, line in enumerate(page) if line.strip()]
    return list(page[filled[0] : filled[-1] + 1]) if filled else []


def _goes_on(last: str, first: str) -> bool:
    """Tell whether a sentence that ends no page goes on with the next one's first line."""
    last, start = last.rstrip(), first.lstrip()[:1]
    if _SENTENCE_END.search(last) or _MARKED.match(first):
        return False
    return start.islower() or last.endswith(("-", ","))
