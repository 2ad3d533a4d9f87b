"""What was read of each document, page by page, and what could not be."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from ingest.loaders.language import detect_language
from knowledge_base.passages import Page, Passage
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import DocumentRow
from knowledge_base.store.recovery import open_readable

FEW_CHARACTERS = 25
_ODD_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs"})
_EXPECTED_CONTROLS = frozenset("\n\t")
_REPLACEMENT = "\ufffd"
_MOST_ODD = 0.02
_LEAST_RUN = 8
_LEAST_LINES = 15
# Measured on 140 pages of reports: lines of 25 to 55 characters found 29 of 30 pages in columns, and 5 of 110 others.
_CELL_LENGTH, _COLUMN_LENGTH = 25, 55
_LEAST_ROWS = 2
_NO_TEXT = "it has hardly any text; if it is a picture, it needs text recognition (OCR)"
_SAME_SHARE = 0.8
_MOST_SHARING = 30


@dataclass(frozen=True, slots=True)
class PageHealth:
    """What was read of a page (None: the whole of a document without pages).

    `odd` is the share, 0 to 1, of characters that no text has: replacements, controls, private and unassigned ones. `columns`
    and `tables` are suspected from the lengths of its lines and the rows that were read.
    """

    page: int | None
    characters: int
    language: str | None
    odd: float
    columns: bool = False
    tables: bool = False
    needs_ocr: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PageProblem:
    """A page that holds no searchable text, or hardly any."""

    page: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class DocumentHealth:
    """A document's state: `indexed`, or `failed` with the reason.

    `characters` counts its text; `odd` is the share of those that no text has. `columns`, `tables` and `needs_ocr` count the
    pages of which that is suspected; a file that failed because it is a scan counts as one. `duplicates` names documents with
    the same bytes, or with most of the same passages. `page_health` has all of it for each page.
    """

    source: str
    state: str
    kind: str | None = None
    language: str | None = None
    pages: int = 0
    characters: int = 0
    passages: int = 0
    problem: str | None = None
    page_problems: tuple[PageProblem, ...] = ()
    odd: float = 0.0
    columns: int = 0
    tables: int = 0
    needs_ocr: int = 0
    duplicates: tuple[str, ...] = ()
    page_health: tuple[PageHealth, ...] = ()


def document_health(settings: Settings, progress: Callable[[str, int, int], None] = lambda *_: None) -> list[DocumentHealth]:
    """Report on each document of the current index, then on the files that failed; register records are left out."""
    with open_readable(settings.data_dir) as generation:
        catalog = generation.catalog
        documents = [row for row in catalog.documents() if row.kind != "record"]
        passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in catalog.all_passages():
            passages[passage.source].append(passage)
        duplicates = find_duplicates(documents, passages)
        found = []
        for done, row in enumerate(documents, start=1):
            found.append(_indexed(row, catalog.pages(row.source), passages[row.source], duplicates.get(row.source, ())))
            progress("Examine", done, len(documents))
        for failure in catalog.failures():
            needs_ocr = int("OCR" in failure.reason)
            found.append(DocumentHealth(failure.source, "failed", problem=failure.reason, needs_ocr=needs_ocr))
        return found


def _indexed(row: DocumentRow, pages: Sequence[Page], passages: Sequence[Passage], duplicates: Sequence[str]) -> DocumentHealth:
    by_ordinal: dict[int, list[Passage]] = defaultdict(list)
    for passage in passages:
        by_ordinal[passage.ordinal].append(passage)
    read = []
    for ordinal, page in enumerate(pages):
        language = row.language if len(pages) == 1 or row.language is None else detect_language(page.text)
        read.append(page_health(page, by_ordinal[ordinal], language))
    odd = sum(page.odd * page.characters for page in read) / max(1, row.characters)
    counts = {name: sum(getattr(page, name) for page in read) for name in ("columns", "tables", "needs_ocr")}
    return DocumentHealth(
        row.source,
        "indexed",
        row.kind,
        row.language,
        row.pages,
        row.characters,
        row.passages,
        "; ".join(_problems(row, read, odd, counts, duplicates)) or None,
        tuple(PageProblem(page.page, page.problem) for page in read if page.problem),
        round(odd, 4),
        **counts,
        duplicates=tuple(duplicates),
        page_health=tuple(read),
    )


def _problems(
    row: DocumentRow, pages: Sequence[PageHealth], odd: float, counts: Mapping[str, int], duplicates: Sequence[str]
) -> Iterable[str]:
    def on_pages(count: int) -> str:
        return f"on {count} of {row.pages} pages" if row.pages > 1 else "on its page"

    yield from (notice.rstrip(".") for notice in row.notices)
    sparse = sum(page.needs_ocr and page.characters > 0 for page in pages)
    if sparse:
        yield f"hardly any text {on_pages(sparse)}"
    if odd > _MOST_ODD:
        yield f"{odd:.0%} odd characters"
    for name in ("columns", "tables"):
        if counts[name]:
            yield f"{name} suspected {on_pages(counts[name])}"
    if duplicates:
        more = f" and {len(duplicates) - 1} more" if len(duplicates) > 1 else ""
        yield f"the same text as {duplicates[0]}{more}"


def page_health(page: Page, passages: Sequence[Passage], language: str | None) -> PageHealth:
    """Tell of a page from its stored text and the passages that were cut of it."""
    lengths = [run.length for run in page.origin if run.length > _LEAST_RUN]  # a run of the origin is a line
    line = median(lengths) if len(lengths) >= _LEAST_LINES else None
    rows = sum(span.kind == "table_row" for passage in passages for span in passage.sentences)
    is_empty = page.number is not None and len(page.text) < FEW_CHARACTERS
    return PageHealth(
        page.number,
        len(page.text),
        language,
        odd_share(page.text),
        columns=line is not None and _CELL_LENGTH <= line < _COLUMN_LENGTH,
        tables=rows >= _LEAST_ROWS or (line is not None and line < _CELL_LENGTH),
        needs_ocr=is_empty,
        problem=page.problem or (_NO_TEXT if is_empty else None),
    )


def odd_share(text: str) -> float:
    """Return the share of characters that no text has."""
    odd = 0
    for character, count in Counter(text).items():
        if character == _REPLACEMENT or unicodedata.category(character) in _ODD_CATEGORIES:
            odd += count if character not in _EXPECTED_CONTROLS else 0
    return round(odd / len(text), 4) if text else 0.0


def find_duplicates(documents: Sequence[DocumentRow], passages: Mapping[str, Sequence[Passage]]) -> dict[str, list[str]]:
    """Map each document that another one doubles to those: the same bytes, or most passages of the shorter one the same."""
    same: dict[str, set[str]] = defaultdict(set)
    by_bytes: dict[str, list[str]] = defaultdict(list)
    for row in documents:
        by_bytes[row.content_hash].append(row.source)
    for sources in by_bytes.values():
        for source in sources:
            same[source] |= set(sources) - {source}
    for one, other in _alike({row.source: {p.text for p in passages.get(row.source, ())} for row in documents}):
        same[one].add(other)
        same[other].add(one)
    return {source: sorted(others) for source, others in same.items() if others}


def _alike(texts: Mapping[str, set[str]]) -> Iterable[tuple[str, str]]:
    """Yield pairs of documents that share most of the shorter one's texts; texts that very many hold are left out."""
    holders: dict[str, list[str]] = defaultdict(list)
    for source, held in texts.items():
        for text in held:
            holders[text].append(source)
    shared: Counter[tuple[str, str]] = Counter()
    for sources in holders.values():
        if len(sources) <= _MOST_SHARING:
            shared.update(combinations(sorted(sources), 2))
    for (one, other), count in shared.items():
        if count >= _SAME_SHARE * min(len(texts[one]), len(texts[other])):
            yield one, other
