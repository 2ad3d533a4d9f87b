"""A document's text with its quotes marked; what lies far from them is folded away, so that the quote is in sight."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.page_parts.escaping import as_html

BEFORE = 700
AFTER = 6000


def marked_text_html(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return text as HTML with `spans` (in order, within the text) marked, and the distant rest folded away."""
    first = spans[0][0] if spans else 0
    last = spans[-1][1] if spans else 0
    begin = _line_before(text, first - BEFORE) if spans else 0
    end = _line_after(text, last + AFTER)
    return (
        f'<div class="pc-text">{_folded("Show what comes before", text[:begin])}'
        f'<div class="pc-running">{_marked(text, begin, end, spans)}</div>'
        f"{_folded('Show the rest', text[end:])}</div>"
    )


def _marked(text: str, begin: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    pieces, position = [], begin
    for start, stop in spans:
        start = max(start, position)
        if stop > start:
            pieces += [as_html(text[position:start]), f"<mark>{as_html(text[start:stop])}</mark>"]
            position = stop
    return "".join([*pieces, as_html(text[position:end])])


def _folded(label: str, text: str) -> str:
    if not text.strip():
        return ""
    return f'<details><summary>{label}</summary><div class="pc-running">{as_html(text)}</div></details>'


def _line_before(text: str, position: int) -> int:
    """Return where the line at a position begins; 0 where that is before the text."""
    return text.rfind("\n", 0, position) + 1 if position > 0 else 0


def _line_after(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found
