"""An answer as plain text with numbered references, to paste elsewhere; a register answer's table as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from assistant.answers import Answer
from assistant.citations import Citation

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def with_references(answer: Answer) -> str:
    """Return question, answer and numbered references."""
    lines = [answer.question, "", answer.text]
    if answer.citations:
        lines += ["", *(reference(citation) for citation in answer.citations)]
    return "\n".join(lines)


def reference(citation: Citation) -> str:
    """Return one reference: number, title, date, page, source and quote."""
    quote = " ".join(citation.quote.split())
    return f"[{citation.number}] {citation.title}, {place(citation)} ({citation.source}): “{quote}”"


def place(citation: Citation) -> str:
    """Return where a quote stands, in words."""
    page = "no pages" if citation.page is None else f"page {citation.page}"
    return f"{citation.date}, {page}" if citation.date else page


def csv_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as CSV with a header; cells that a spreadsheet would compute begin with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet reads as a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
