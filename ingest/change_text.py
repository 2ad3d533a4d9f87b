"""What changed between two generations, as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from knowledge_base.store.changes import DocumentChange, GenerationChanges, PassageChange
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
        is_compared = document.state in ("changed", "renamed")
        if is_compared or told[document.state] <= _WHOLE_LISTED:
            yield _headline(document)
        for change in document.passages[:_LISTED] if is_compared else ():
            yield _passage_line(change)
        if is_compared and len(document.passages) > _LISTED:
            yield Text(f"  ... and {len(document.passages) - _LISTED} more (--json lists all)")
    for state in ("added", "removed"):
        if told[state] > _WHOLE_LISTED:
            yield Text(f"... and {told[state] - _WHOLE_LISTED:,} more {state} (--json lists all)")


def _headline(document: DocumentChange) -> Text:
    name = f"{document.previous} -> {document.source}" if document.previous else document.source
    counts = " (its text is the same)"
    if document.passages:
        told = [f"{count} {kind}" for kind, count in document.counts.items()]
        kept = [f"{document.unchanged} as before"] if document.unchanged else []
        counts = f" (passages: {', '.join(told + kept)})"
    return Text(on_a_line(f"{document.state}: {name}{counts}"), style="bold")


def _passage_line(change: PassageChange) -> Text:
    old, new = (text.page if text else None for text in (change.before, change.after))
    place = f" from page {old} to {new}" if change.kind == "moved" and old != new else f" on page {new or old}"
    line = Text(f"  {change.kind}{place if new or old else ''}: ")
    if not change.words:
        shown = change.after or change.before
        text = " ".join(shown.text.split()) if shown else ""
        return line.append(text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + " ...")
    for position, run in enumerate(change.words):
        opening, closing = _MARKS[run.kind]
        text = run.text.replace("\n", " ") if run.kind == "same" else " ".join(run.text.split())
        if run.kind == "same" and len(run.text) > 2 * _AROUND:  # only the words next to the change
            first = text[:_AROUND].rsplit(" ", 1)[0] + " " if position else ""
            last = " " + text[-_AROUND:].split(" ", 1)[-1] if position + 1 < len(change.words) else ""
            text = f"{first}...{last}"
        line.append(f"{opening}{text}{closing}", style=_STYLES[run.kind])
    return line
