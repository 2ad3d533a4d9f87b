"""What changed between two generations, as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from knowledge_base.store.changes import DocumentChange, GenerationChanges, PassageChange, PassageText, WordRun
from knowledge_base.terminal_text import on_a_line

_AROUND = 60
_SHOWN = 240
_LISTED = 20
_WHOLE_LISTED = 50
_STYLES = {"same": "", "out": "red", "in": "green"}
_MARKS = {"same": ("", ""), "out": ("[-", "-]"), "in": ("{+", "+}")}


def change_lines(changes: GenerationChanges) -> Iterator[Text]:
    """Yield the lines: a headline, then each document with its passages; words that went are [-so-], those that came {+so+}."""
    count = len(changes.documents)
    what = f"{count} document{'' if count == 1 else 's'} changed" if count else "nothing changed"
    yield Text(f"From generation {changes.before} to {changes.after}: {what}.")
    told: Counter[str] = Counter()
    for document in changes.documents:
        told[document.state] += 1
        if document.state in ("changed", "renamed"):
            yield _headline(document)
            yield from _passage_lines(document.passages)
        elif told[document.state] <= _WHOLE_LISTED:
            yield _headline(document)
    for state in ("added", "removed"):
        if told[state] > _WHOLE_LISTED:
            yield Text(f"... and {told[state] - _WHOLE_LISTED:,} more {state} (--json lists all)")


def _headline(document: DocumentChange) -> Text:
    return Text(on_a_line(f"{document.state}: {_name(document)}{_counts(document)}"), style="bold")


def _name(document: DocumentChange) -> str:
    return f"{document.previous} -> {document.source}" if document.previous else document.source


def _counts(document: DocumentChange) -> str:
    if not document.passages:
        return " (its text is the same)"
    told = [f"{count} {kind}" for kind, count in document.counts.items()]
    kept = [f"{document.unchanged} as before"] if document.unchanged else []
    return f" (passages: {', '.join(told + kept)})"


def _passage_lines(passages: Sequence[PassageChange]) -> Iterator[Text]:
    for change in passages[:_LISTED]:
        yield Text(f"  {change.kind}{_place(change)}: ").append(_text(change))
    if len(passages) > _LISTED:
        yield Text(f"  ... and {len(passages) - _LISTED} more (--json lists all)")


def _place(change: PassageChange) -> str:
    """Return on which page, where the document has pages."""
    old, new = _page(change.before), _page(change.after)
    if change.kind == "moved" and old != new:
        return f" from page {old} to {new}"
    page = new or old
    return f" on page {page}" if page else ""


def _page(text: PassageText | None) -> int | None:
    return text.page if text else None


def _text(change: PassageChange) -> Text:
    if change.words:
        written = Text()
        for position, run in enumerate(change.words):
            written.append(_run(run, position, len(change.words)), style=_STYLES[run.kind])
        return written
    shown = change.after or change.before
    line = " ".join(shown.text.split()) if shown else ""
    return Text(line if len(line) <= _SHOWN else line[:_SHOWN].rstrip() + " ...")


def _run(run: WordRun, position: int, count: int) -> str:
    """Return a run with its marks; of a long one that stayed, the words beside the change alone."""
    opening, closing = _MARKS[run.kind]
    text = run.text
    if run.kind == "same" and len(text) > 2 * _AROUND:
        first = text[:_AROUND].rsplit(" ", 1)[0] + " " if position else ""
        last = " " + text[-_AROUND:].split(" ", 1)[-1] if position + 1 < count else ""
        text = f"{first}...{last}"
    return f"{opening}{' '.join(text.split()) if run.kind != 'same' else text.replace(chr(10), ' ')}{closing}"
