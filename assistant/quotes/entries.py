"""Entries that a question asks for: the cell of a table with its row, a value with its key, the address behind a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.evidence.gathering import Evidence
from assistant.evidence.scoring import Sentence
from assistant.question.questions import Question
from assistant.quotes.quoting import Quote, page_quotes
from knowledge_base.language.vocabulary import pattern, word_set
from knowledge_base.passages import Passage
from knowledge_base.store.catalog import Catalog

_LOOKED_AT = 5  # passages
_MOST_ROWS = 6  # that hold the same words of the question
_LONGEST_KEY = 40
_CELL = " | "
_ADDRESS = re.compile(r"https?://\S+$|\S+@\S+\.\w+$|\+?[\d ()/-]{5,}$")
_ADDRESS_ASKED = pattern(r"\b{answers.address_asked}\b")
_BY_MAIL = re.compile(r"\be-?mail|courriel", re.IGNORECASE)


def asked_entries(question: Question, evidence: Evidence, catalog: Catalog) -> list[Quote]:
    """Return the rows or fields that hold the very cell that a question asks for; nothing where it is not certain.

    All of the question's words stand in the passage, some of them in the cells of the rows or above the field (as its heading
    or title), and one names the column or the key.
    """
    needed = frozenset(question.terms) - word_set("answers.generic_asked")
    if len(needed) < 2:
        return []
    for retrieved in evidence.passages[:_LOOKED_AT]:
        passage = retrieved.passage
        if not needed <= _words(question, passage, passage.title, passage.heading, passage.text):
            continue
        held = [quote for quote in page_quotes(passage, catalog) if quote.passage.id == passage.id]
        found = _rows(question, [q for q in held if q.kind == "table_row"], needed)
        found = found or [q for q in held if q.kind == "field" and _is_asked_field(question, q, needed)]
        if not found:
            keyed = [q for q in held if q.kind == "field" and _asked_key(question, q) & needed]
            found = keyed if len(keyed) == 1 else []
        if 0 < len(found) <= _MOST_ROWS:
            return found
    return []


def _rows(question: Question, rows: Sequence[Quote], needed: frozenset[str]) -> list[Quote]:
    """Return the rows whose cells hold the most of the question's words, where others hold fewer and a header holds one."""
    if len(rows) < 2:
        return []
    cells: list[frozenset[str]] = []
    headers: list[frozenset[str]] = []
    for row in rows:
        pairs = [cell.rpartition(": ") for cell in row.text.split(_CELL)]
        is_head = row.role == "label"
        cells.append(frozenset() if is_head else needed & _words(question, row.passage, *(value for *_, value in pairs)))
        headers.append(needed & _words(question, row.passage, *(value if is_head else name for name, _, value in pairs)))
    most = max(map(len, cells))
    best = [place for place, held in enumerate(cells) if len(held) == most > 0]
    is_told_apart = 0 < len(best) < sum(row.role != "label" for row in rows)
    if not is_told_apart or len({cells[place] for place in best}) > 1 or not any(h - cells[best[0]] for h in headers):
        return []
    return [rows[place] for place in best]


def _is_asked_field(question: Question, field: Quote, needed: frozenset[str]) -> bool:
    """Say whether the key of a field is asked for, and all other words of the question stand in it or above it."""
    above = _words(question, field.passage, field.passage.title, field.passage.heading_at(field.start))
    return bool(_asked_key(question, field) & needed) and needed <= above | _words(question, field.passage, field.text)


def _asked_key(question: Question, field: Quote) -> frozenset[str]:
    key, _, value = field.text.partition(":")
    is_link = value.strip().startswith(("http://", "https://"))  # its key is the text that leads there, no name of a value
    return _words(question, field.passage, key) if value and not is_link and len(key) <= _LONGEST_KEY else frozenset()


def _words(question: Question, passage: Passage, *texts: str) -> frozenset[str]:
    return question.words_in("\n".join(texts), passage.language)


def addresses(question: Question, sentences: Iterable[Sentence], catalog: Catalog) -> list[Quote]:
    """Return the fields that give the address a question asks for: of links whose text it names, or that its sentence holds."""
    if not _ADDRESS_ASKED.search(question.asked):
        return []
    by_mail = _BY_MAIL.search(question.asked) is not None
    best: tuple[int, list[Quote]] = (0, [])
    for page in {(s.passage.source, s.passage.ordinal): s.passage for s in sentences}.values():
        quotes = page_quotes(page, catalog)
        for field in (quote for quote in quotes if quote.kind == "field" and _ADDRESS.search(quote.text)):
            shown = field.text.rpartition(": ")[0] or field.text
            around = [quote.text for quote in quotes if quote.kind != "field" and shown in quote.text]
            fit = len(_words(question, field.passage, shown, *around)) * 2 + (by_mail and "@" in field.text)
            if fit > best[0]:
                best = fit, [field]
    return best[1]
