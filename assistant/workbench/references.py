"""Which text cites which: documents named by title, number, name or address; what of it is indexed, and what is not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.answers import Citation, citation_as_json
from assistant.workbench.coverage import citation_of
from assistant.workbench.tables import Rows
from knowledge_base.language.vocabulary import pattern, word_set
from knowledge_base.language.words import fold, phrases_in, stop_words, words
from knowledge_base.store.catalog import Catalog, DocumentRow

Kind = Literal["title", "number", "name", "link"]
_SHORTEST_TITLE = 3  # words: shorter ones stand in texts that do not mean the document
_BEGINNING = 300  # characters of a document in which its own number stands, on a line of its own
_LONGEST_LINK = 300
_LINK = re.compile(r"https?://[^\s<>\"'«»”)\]}]+")
_UN = r"\b[A-Z]{1,5}(?:/[A-Z0-9][A-Z0-9.-]*){2,5}\b"
_EU = r"\b(?:EU|EC|UE|CE|EEC|CEE)\)? ?(?:[Nn]o\.? |n° ?)?\d{2,4}/\d{1,4}\b|\b\d{2,4}/\d{1,4}/(?:EU|EC|UE|CE|EEC|CEE)\b"
_STANDARD = r"\b(?:RFC|C?ETS|ISO/IEC|ISO|IEC|NIST SP)[ -]?(?:[Nn]o\.? ?|n° ?)?\d{2,6}(?:-\d{1,4})*\b"
_NUMBER = re.compile(f"{_UN}|{_EU}|{_STANDARD}")
_CAPITALISED = r"[A-ZÀ-Þ][\w’'-]*"
_OF = r"{instruments.before_object}(?:[ \n]|[’'])(?:{instruments.articles}(?:[ \n]|[’']))?"
_NAME = pattern(
    rf"\b{{instruments.nouns}}[ \n]{_OF}{_CAPITALISED}(?:[ \n]{_CAPITALISED})*"
    rf"|(?:\b(?!(?i:{{instruments.articles}})[ \n]){_CAPITALISED}[ \n]){{1,5}}{{instruments.nouns}}\b",
    re.NOFLAG,
)
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a document names another: character `start` of its page `ordinal` (from 0), as `name`."""

    source: str
    ordinal: int
    start: int
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Citing:
    """A document that cites another text: how often, and the sentence in which it does so first."""

    source: str
    title: str
    count: int
    citation: Citation | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A text that is cited, by whom, and the indexed documents that it is; none where it is not held."""

    name: str
    kind: Kind
    sources: tuple[str, ...]
    citing: tuple[Citing, ...]

    @property
    def count(self) -> int:
        """Return how often it is cited."""
        return sum(citing.count for citing in self.citing)

    def as_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        citing = [
            {
                "source": c.source,
                "title": c.title,
                "count": c.count,
                "citation": citation_as_json(c.citation) if c.citation else None,
            }
            for c in self.citing
        ]
        return {"name": self.name, "kind": self.kind, "count": self.count, "sources": list(self.sources), "citing": citing}


@dataclass(frozen=True, slots=True)
class References:
    """What the documents cite, cited by most documents first: texts that are indexed, and those that are not."""

    held: tuple[Reference, ...]
    missing: tuple[Reference, ...]

    def as_json(self) -> dict[str, Any]:
        """Return them as the command line prints them."""
        return {"held": [r.as_json() for r in self.held], "missing": [r.as_json() for r in self.missing]}

    def table(self) -> dict[str, Rows]:
        """Return the sheets of their table: a row for each document that cites a text."""
        rows: list[Mapping[str, str | int | None]] = [
            {
                "Cited": r.name,
                "Kind": r.kind,
                "Held as": ", ".join(r.sources),
                "Citing document": c.title,
                "Source": c.source,
                "Times": c.count,
                "Sentence": c.citation.quote if c.citation else None,
            }
            for r in (*self.held, *self.missing)
            for c in r.citing
        ]
        return {"References": rows}


@dataclass(slots=True)
class _Cited:
    """A text that is cited as one: its mentions, by the document that makes them."""

    kind: Kind
    mentions: dict[str, list[Mention]] = field(default_factory=lambda: defaultdict(list))
    sources: tuple[str, ...] = ()


def find_references(catalog: Catalog) -> References:
    """Find what the documents, records apart, cite; a document's mentions of itself are left out."""
    documents = {row.source: row for row in catalog.documents() if row.kind != "record"}
    titles = _titles(documents.values())
    found: dict[str, _Cited] = {}
    beginnings: dict[str, str] = {}
    for source, _, ordinal, text in catalog.page_texts():
        if source not in documents:
            continue
        beginnings.setdefault(source, text[:_BEGINNING])
        for mention in _mentions(source, ordinal, text, titles):
            key = _key(mention)
            found.setdefault(key, _Cited(mention.kind)).mentions[source].append(mention)
    _join_longer_names(found)
    for key, entry in found.items():
        names = {tuple(_bare(words(m.name))) for mentions in entry.mentions.values() for m in mentions}
        entry.sources = tuple(sorted({source for name in names for source in titles.get(name, ())}))
        entry.sources = entry.sources or _holders(key, entry.kind, documents.values(), beginnings)
        for source in entry.sources:
            entry.mentions.pop(source, None)
    made = [_reference(entry, documents, catalog) for entry in found.values() if entry.mentions]
    made.sort(key=lambda r: (-len(r.citing), -r.count, r.name))
    return References(tuple(r for r in made if r.sources), tuple(r for r in made if not r.sources))


def _titles(documents: Iterable[DocumentRow]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Map the folded words of each title to the documents that bear it."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in documents:
        key = tuple(_bare(words(row.title)))
        found[key] = (*found.get(key, ()), row.source)
    return found


def _mentions(source: str, ordinal: int, text: str, titles: Mapping[tuple[str, ...], tuple[str, ...]]) -> Iterator[Mention]:
    """Yield what a page cites: addresses, numbers and names, each once where one stands within another, and titles."""
    rest = text
    forms: tuple[tuple[Kind, re.Pattern[str]], ...] = (("link", _LINK), ("number", _NUMBER), ("name", _NAME))
    for kind, form in forms:
        for match in form.finditer(rest):
            name = " ".join(match[0].rstrip(".,;:").split())
            if _is_reference(kind, name):
                number = _NUMBER.search(name) if kind == "link" else None  # undocs.org/A/70/174
                yield Mention(source, ordinal, match.start(), "number" if number else kind, number[0] if number else name)
                rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    places = list(_PART.finditer(rest))
    read = [fold(place[0]) for place in places]
    starts = defaultdict(list)
    for title in titles:
        if len(title) >= _SHORTEST_TITLE:
            starts[title[:2]].append(title)
    for here in range(len(read) - 1):
        for title in starts.get((read[here], read[here + 1]), ()):
            if tuple(read[here : here + len(title)]) == title:
                name = text[places[here].start() : places[here + len(title) - 1].end()]
                yield Mention(source, ordinal, places[here].start(), "title", " ".join(name.split()))


def _is_reference(kind: Kind, name: str) -> bool:
    if kind == "link":
        host = name.split("/")[2] if name.count("/") >= 2 else ""
        return "." in host.removeprefix("www.") and len(name) <= _LONGEST_LINK
    if kind == "number":
        return any(character.isdigit() for character in name)
    general = word_set("instruments.general") | stop_words("en") | stop_words("fr")
    telling = [word for word in words(name) if word not in general]
    return len(telling) > 1 and len(name) < _LONGEST_LINK


def _key(mention: Mention) -> str:
    """Return what mentions of one text have in common."""
    if mention.kind == "link":
        return fold(mention.name).partition("://")[2].removeprefix("www.").partition("#")[0].rstrip("/")
    found = _bare(words(mention.name))
    return " ".join(next(iter(phrases_in("fr", found)), found))  # one key for both languages


def _bare(name: Sequence[str]) -> Sequence[str]:
    """Return the words of a name without articles and other words before it that do not belong to it."""
    while len(name) > 2 and name[0] in word_set("instruments.general"):
        name = name[1:]
    return name


def _join_longer_names(found: dict[str, _Cited]) -> None:
    """Count a name that only has words before a more usual one ("Says Budapest Convention") as that one."""
    usual = sorted((key for key, entry in found.items() if entry.kind == "name"), key=len)
    for key in sorted(usual, key=len, reverse=True):
        for other in usual:
            if key != other and key.endswith(f" {other}") and len(found[other].mentions) > 2 * len(found[key].mentions):
                for source, mentions in found.pop(key).mentions.items():
                    found[other].mentions[source] += mentions
                break


def _holders(key: str, kind: Kind, documents: Iterable[DocumentRow], beginnings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the documents that a link or a number leads to: by title, name of the file, or a line of their beginning."""
    if kind == "link":
        name = key.rpartition("/")[2].partition("?")[0]
        return tuple(row.source for row in documents if "." in name and fold(row.source).rpartition("/")[2] == name)
    if kind != "number":
        return ()
    titles = {row.source: [*words(row.title), *words(row.source.rpartition("/")[2])] for row in documents}
    named = {source: f" {' '.join(found)} " for source, found in titles.items()}
    lines = {source: {" ".join(words(line)) for line in text.splitlines()} for source, text in beginnings.items()}
    return tuple(source for source, text in named.items() if f" {key} " in text or key in lines.get(source, ()))


def _reference(entry: _Cited, documents: Mapping[str, DocumentRow], catalog: Catalog) -> Reference:
    """Return a text that is cited, under the name it bears most often, with the sentences that cite it first."""
    names = [mention.name for mentions in entry.mentions.values() for mention in mentions]
    citing: list[Citing] = []
    for source, mentions in sorted(entry.mentions.items(), key=lambda cited_: (-len(cited_[1]), cited_[0])):
        first = min(mentions, key=lambda mention: (mention.ordinal, mention.start))
        citing.append(Citing(source, documents[source].title, len(mentions), _citation(first, len(citing) + 1, catalog)))
    name = max(sorted(set(names)), key=names.count)
    while entry.kind == "name" and name.count(" ") > 1 and fold(name.split()[0]) in word_set("instruments.general"):
        name = name.partition(" ")[2]
    return Reference(name, entry.kind, entry.sources, tuple(citing))


def _citation(mention: Mention, number: int, catalog: Catalog) -> Citation | None:
    """Return the sentence of a mention as a citation; None where it stands in none, as in a table of contents."""
    for passage in catalog.passages_on_page(mention.source, mention.ordinal):
        for span in passage.sentences:
            if span.start <= mention.start < span.end:
                return citation_of((passage, span), number, catalog)
    return None
