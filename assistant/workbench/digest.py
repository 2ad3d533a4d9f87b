"""Saved questions asked again of the published index: what changed in each answer; as JSON, as text, as an Atom feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree

from assistant.answers import Answer, Citation
from assistant.messages import message
from assistant.workbench.notes import plain, templates
from knowledge_base.store.changes import PassageText, WordRun, compare_passages

ATOM = "http://www.w3.org/2005/Atom"
FEED_ENTRIES = 100
State = Literal["same", "changed", "answered", "refused"]
ChangeKind = Literal["new", "gone", "changed", "moved"]
_KINDS: Mapping[str, ChangeKind] = {"added": "new", "removed": "gone", "edited": "changed", "moved": "moved"}


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """An answer that was saved; it stays when its conversation is deleted."""

    id: int
    answer: Answer
    saved: str
    message: int | None
    conversation: str | None


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """What a saved question was answered with later, first at `made`; `checked` is the latest generation that it holds for."""

    saved: int
    answer: Answer
    made: str
    checked: str


@dataclass(frozen=True, slots=True)
class QuoteChange:
    """A quote that is new in an answer, gone from it, reworded in its document, or now on another page."""

    kind: ChangeKind
    before: Citation | None
    after: Citation | None
    words: tuple[WordRun, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """What changed in the answer to a saved question from `since` to `made` (ISO times).

    `answered`: it was refused before; `refused`: it is now. A quote that only moved to another page leaves an answer the same.
    """

    saved: int
    question: str
    state: State
    since: str
    made: str
    before: Answer
    after: Answer
    quotes: tuple[QuoteChange, ...]


class SavedAnswers(Protocol):
    """Where saved answers are kept, with what they were answered with later."""

    def saved_answers(self) -> list[SavedAnswer]:
        """List the saved answers."""
        ...

    def asked_again(self) -> list[AskedAgain]:
        """List all later answers, oldest first."""
        ...

    def keep_asked_again(self, again: AskedAgain, is_same: bool) -> None:
        """Keep a later answer; where it is the same as the one before, only that it still holds."""
        ...

    def history_of(self, saved: SavedAnswer) -> list[dict[str, str]]:
        """Return the turns before a saved answer's question, oldest first; none where its conversation is gone."""
        ...


Ask = Callable[[str, Sequence[Mapping[str, str]]], Answer]


def ask_again(store: SavedAnswers, ask: Ask, generation: str) -> Iterator[AnswerChange]:
    """Ask each saved question that this generation was not asked yet, keep the answer, and yield what changed since before."""
    latest = {again.saved: again for again in store.asked_again()}
    for saved in store.saved_answers():
        last = latest.get(saved.id)
        before = last.answer if last else quoted(saved.answer)
        since = last.made if last else saved.saved
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if generation in (before.generation, last and last.checked):
            yield AnswerChange(saved.id, saved.answer.question, "same", since, now, before, before, ())
            continue
        history = store.history_of(saved)
        alone = saved.answer.standalone if saved.answer.standalone and not history else saved.answer.question
        answer = replace(ask(alone, history), question=saved.answer.question, retrieved=())
        change = compare(saved.id, before, answer, since, now)
        store.keep_asked_again(AskedAgain(saved.id, answer, now, generation), change.state == "same" and last is not None)
        yield change


def changes_since_saved(store: SavedAnswers) -> list[AnswerChange]:
    """Return for each saved answer that was asked again what differs from what was saved; nothing is asked."""
    latest = {again.saved: again for again in store.asked_again()}
    found = [(saved, latest[saved.id]) for saved in store.saved_answers() if saved.id in latest]
    return [compare(saved.id, quoted(saved.answer), last.answer, saved.saved, last.made) for saved, last in found]


def changes_one_by_one(store: SavedAnswers) -> list[AnswerChange]:
    """Return every change that was found so far, the latest first."""
    before = {saved.id: (quoted(saved.answer), saved.saved) for saved in store.saved_answers()}
    changes = []
    for again in store.asked_again():
        if again.saved in before:
            changes.append(compare(again.saved, before[again.saved][0], again.answer, before[again.saved][1], again.made))
            before[again.saved] = again.answer, again.made
    told = [change for change in reversed(changes) if change.state != "same"]
    return sorted(told, key=lambda change: change.made, reverse=True)


def quoted(answer: Answer) -> Answer:
    """Return the answer made of quotes: the one beside what a language model wrote, where there is one."""
    return replace(answer.quoted or answer, question=answer.question, generation=answer.generation, retrieved=())


def compare(saved: int, before: Answer, after: Answer, since: str, made: str) -> AnswerChange:
    """Say what changed from one answer to a later one to the same question."""
    quotes = tuple(_quote_changes(before.citations, after.citations))
    differs = any(quote.kind != "moved" for quote in quotes)
    if "register" in (before.mode, after.mode):
        differs = differs or (before.text, before.table) != (after.text, after.table)
    state: State = "changed" if differs else "same"
    if before.abstained != after.abstained:
        state = "refused" if after.abstained else "answered"
    return AnswerChange(saved, after.question, state, since, made, before, after, quotes)


def _quote_changes(before: Sequence[Citation], after: Sequence[Citation]) -> Iterator[QuoteChange]:
    """Yield what happened to each quote; one that another document holds word for word stays as it is."""
    old, new = _in_order(before), _in_order(after)
    for change in compare_passages([text for text, _ in old], [text for text, _ in new]):
        earlier = next((citation for text, citation in old if text is change.before), None)
        later = next((citation for text, citation in new if text is change.after), None)
        if not (earlier and later and change.kind == "moved" and earlier.page == later.page):
            yield QuoteChange(_KINDS[change.kind], earlier, later, change.words)


def _in_order(citations: Sequence[Citation]) -> list[tuple[PassageText, Citation]]:
    ordered = sorted(citations, key=lambda citation: (citation.source, citation.page or 0, citation.start))
    return [(PassageText(" ".join(c.quote.split()), c.page, c.start, c.end, c.heading), c) for c in ordered]


def change_html(change: AnswerChange, language: str = "en") -> str:
    """Return what changed in an answer as HTML, without the question."""
    say = partial(message, language)

    def place(citation: Citation) -> str:
        return citation.title if citation.page is None else say("digest.place", title=citation.title, page=str(citation.page))

    return templates().get_template("digest.html").render(change=change, say=say, place=place)


def as_json(change: AnswerChange) -> dict[str, Any]:
    """Return a change as the command prints it."""
    of_kind: dict[str, Any] = {kind: [q for q in change.quotes if q.kind == kind] for kind in _KINDS.values()}
    return {
        "id": change.saved,
        "question": change.question,
        "state": change.state,
        "since": change.since,
        "made": change.made,
        "before": change.before.generation,
        "after": change.after.generation,
        "answer": change.after.text,
        "new": [asdict(q.after) for q in of_kind["new"]],
        "gone": [asdict(q.before) for q in of_kind["gone"]],
        "changed": [{"before": asdict(q.before), "after": asdict(q.after)} for q in of_kind["changed"]],
        "moved": [{"before": asdict(q.before), "after": asdict(q.after)} for q in of_kind["moved"]],
    }


def as_atom(changes: Sequence[AnswerChange], identity: str) -> bytes:
    """Return changes, the latest first, as an Atom feed; `identity` tells this feed from those of other data directories."""
    feed_id = uuid5(NAMESPACE_URL, identity)
    feed = ElementTree.Element("feed", {"xmlns": ATOM})
    _put(feed, "id", feed_id.urn)
    _put(feed, "title", "Paris Call: what changed in saved answers")
    _put(feed, "updated", changes[0].made if changes else "1970-01-01T00:00:00+00:00")
    _put(ElementTree.SubElement(feed, "author"), "name", "Paris Call Assistant")
    for change in changes[:FEED_ENTRIES]:
        feed.append(_entry(change, feed_id))
    ElementTree.indent(feed)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode").encode()


def _entry(change: AnswerChange, feed_id: UUID) -> ElementTree.Element:
    entry = ElementTree.Element("entry")
    _put(entry, "id", uuid5(feed_id, f"{change.saved} {change.made}").urn)
    _put(entry, "title", plain(f"{change.question} ({message('en', f'digest.{change.state}')})"))
    _put(entry, "updated", change.made)
    content = _put(entry, "content", plain(change_html(change)))
    content.set("type", "html")
    return entry


def _put(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = text
    return element
