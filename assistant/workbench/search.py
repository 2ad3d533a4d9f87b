"""Find passages by their words, as the search of a library does: phrases, AND, OR, NOT, beginnings of words, filters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.messages import message
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.vocabulary import LANGUAGES, known_language
from knowledge_base.language.words import fold, question_language, stem, stop_words, words
from knowledge_base.passages import Passage
from knowledge_base.store.catalog import Catalog, DocumentRow, quoted_term

LONGEST_QUERY = 1_000  # characters
MOST_WORDS = 60
MOST_RESULTS = 1_000
FACETS = ("document", "language", "year", "type")
NO_VALUE = "none"  # of a facet: documents without a date, or whose language is not known
_SHORTEST_START = 2  # letters before a *
_SNIPPET = 320  # characters
_DEPTH = 40  # parentheses within each other
_OPERATORS = {"AND": "and", "ET": "and", "OR": "or", "OU": "or", "NOT": "not", "SAUF": "not", "NON": "not"}
_TOKEN = re.compile(r'[()]|-?(?:"[^"]*"|“[^“”]*”|«[^«»]*»)|[^\s()"“”«»]+|["“”«»]')
_QUOTED = re.compile(r'["“«](.*)["”»]', re.DOTALL)
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Words that follow each other: in any of their forms, or (`is_exact`) as they are written; `written` is what was typed."""

    parts: tuple[str, ...]
    is_exact: bool
    written: str
    is_name: bool = False  # a stop word in capitals, such as "US"


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a word."""

    letters: str
    written: str


@dataclass(frozen=True, slots=True)
class Both:
    """What must all be there."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Of what any must be there."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """What must not be there."""

    part: Node


Leaf = Words | Start
Node = Leaf | Both | Either | Without


@dataclass(frozen=True, slots=True)
class Filters:
    """What a document must be, each empty for any: part of its source or title, language codes, years, kinds."""

    document: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    type: tuple[str, ...] = ()

    def but(self, facet: str) -> Filters:
        """Return them without one."""
        return Filters(**{name: () if name == facet else getattr(self, name) for name in FACETS})

    def admit(self, document: DocumentRow) -> bool:
        """Return whether a document passes."""
        named = fold(f"{document.source}\n{document.title}")
        if self.document and not any(fold(part) in named for part in self.document):
            return False
        return all(
            not getattr(self, name) or facet_value(document, name) in getattr(self, name)
            for name in ("language", "year", "type")
        )


@dataclass(frozen=True, slots=True)
class Result:
    """A passage that was found; `hits` are the places in its page's text that match, `snippet` a piece with its own hits."""

    passage: Passage
    score: float
    hits: tuple[tuple[int, int], ...]
    snippet: str
    snippet_hits: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a query finds: `total` passages in `documents` documents, of which `results` are the best.

    `facets` count passages by value; those of a facet leave out its own filter. `parts` says, where nothing is found, how many
    passages hold each part of the query by itself; `ignored` are stop words that were not looked for.
    """

    query: str
    total: int
    documents: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]]
    parts: Mapping[str, int]
    ignored: tuple[str, ...]
    titles: Mapping[str, str]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the parts of a query without results that no document holds."""
        return tuple(part for part, count in self.parts.items() if not count)

    def explained(self, language: str) -> str:
        """Say why nothing was found, "" where something was."""
        if self.total:
            return ""
        known = [f"“{part}” ({count:,})" for part, count in self.parts.items() if count]
        told = [message(language, "search.nothing")]
        if self.unknown:
            told.append(message(language, "search.unknown", words=", ".join(f"“{part}”" for part in self.unknown)))
        if known:
            told.append(message(language, "search.by_itself", words=", ".join(known)))
        return " ".join(told)

    def as_json(self, generation: str) -> dict[str, Any]:
        """Return it as the command line prints it."""
        results = [
            {
                "source": r.passage.source,
                "title": r.passage.title,
                "page": r.passage.page,
                "start": r.passage.start,
                "end": r.passage.end,
                "text": r.passage.text,
                "score": round(r.score, 6),
                "heading": r.passage.heading,
                "hits": [list(hit) for hit in r.hits],
                "snippet": {"text": r.snippet, "hits": [list(hit) for hit in r.snippet_hits]},
            }
            for r in self.results
        ]
        facets = {name: dict(values) for name, values in self.facets.items()}
        return {
            "query": self.query, "total": self.total, "documents": self.documents, "results": results, "facets": facets,
            "parts": dict(self.parts), "unknown": list(self.unknown), "ignored": list(self.ignored), "generation": generation,
        }  # fmt: skip


def facet_value(document: DocumentRow, facet: str) -> str:
    """Return what a document counts as in a facet."""
    values = {
        "document": document.source,
        "language": document.language,
        "year": (document.date or "")[:4],
        "type": document.kind,
    }
    return values[facet] or NO_VALUE


# Reading a query


def read_query(text: str) -> tuple[Node, tuple[str, ...]]:
    """Read a query as a tree, with the stop words left out of it; raise KnowledgeBaseError where it is not well formed."""
    if not words(text):
        raise KnowledgeBaseError(
            "There is no word in this search.", 'Give words, or a phrase in quotation marks: "due diligence"'
        )
    if len(text) > LONGEST_QUERY or len(words(text)) > MOST_WORDS:
        told = f"This search has {len(words(text)):,} words and {len(text):,} characters"
        raise KnowledgeBaseError(f"{told}; up to {MOST_WORDS} words and {LONGEST_QUERY:,} characters are read.", "Shorten it.")
    reader = _Reader(_TOKEN.findall(text), question_language(text))
    node = reader.either(0)
    if reader.tokens:
        raise KnowledgeBaseError("There is a “)” without a “(” before it.", "Take it out, or open the parenthesis.")
    if node is None:
        raise KnowledgeBaseError("This search holds only stop words, which are not indexed.", "Add a word that says more.")
    _require_positive(node)
    return node, tuple(dict.fromkeys(reader.ignored))


class _Reader:
    """Takes the tokens of a query one by one; the three methods are its grammar. None: there was nothing to look for."""

    def __init__(self, tokens: Sequence[str], language: str) -> None:
        self.tokens = list(tokens)
        self.ignored: list[str] = []
        self._stop = stop_words(language)

    def either(self, depth: int) -> Node | None:
        """Read parts with OR between them."""
        if depth > _DEPTH:
            raise KnowledgeBaseError(f"There are more than {_DEPTH} parentheses within each other.", "Write it more simply.")
        parts = [self._both(depth)]
        while self._next() == "or":
            self.tokens.pop(0)
            parts.append(self._both(depth))
        found = tuple(part for part in parts if part is not None)
        return found[0] if len(found) == 1 else Either(found) if found else None

    def _both(self, depth: int) -> Node | None:
        """Read parts that stand side by side, or with AND or NOT between them."""
        parts, is_open = [], True
        while is_open or self._next() not in ("or", ")", None):
            if self._next() == "and":
                if is_open:
                    raise _lacks_operand(self.tokens[0])
                self.tokens.pop(0)
            parts.append(self._one(depth))
            is_open = False
        found = tuple(part for part in parts if part is not None)
        return found[0] if len(found) == 1 else Both(found) if found else None

    def _one(self, depth: int) -> Node | None:
        """Read a word, a phrase, what stands in parentheses, or NOT with one of these."""
        kind = self._next()
        if kind in ("and", "or", None, ")"):
            raise _lacks_operand(self.tokens[0] if self.tokens else "")
        token = self.tokens.pop(0)
        if kind == "not":
            part = self._one(depth)
            return Without(part) if part else None
        if token == "(":
            node = self.either(depth + 1)
            if not self.tokens:
                raise KnowledgeBaseError("A “(” has no “)”.", "Close the parenthesis.")
            self.tokens.pop(0)
            return node
        if token in '"“”«»':
            raise KnowledgeBaseError("A quotation mark has no partner.", "Close the phrase, or take the mark out.")
        if len(token) > 1 and token[0] == "-" and words(token):
            part = self._leaf(token[1:])
            return Without(part) if part else None
        return self._leaf(token)

    def _leaf(self, token: str) -> Leaf | None:
        if quoted := _QUOTED.fullmatch(token):
            parts = tuple(words(quoted[1]))
            if len(parts) == 1 and parts[0] in self._stop and quoted[1].strip().isupper():
                return Words(parts, False, token, is_name=True)
            if parts and all(part in self._stop for part in parts):
                self.ignored.append(token)
                return None
            return Words(parts, True, token) if parts else None
        parts = tuple(words(token))
        if token.endswith("*"):
            if len(parts) != 1 or len(parts[0]) < _SHORTEST_START:
                told = f"“{token}” is not the beginning of a word"
                raise KnowledgeBaseError(
                    f"{told}: at least {_SHORTEST_START} letters stand before a *.", "Write it like cyber*"
                )
            return Start(parts[0], token)
        kept = tuple(part for part in parts if part not in self._stop)
        if not kept and parts and token.isupper() and len(token) > 1:
            return Words(parts, False, token, is_name=True)
        if not kept:
            self.ignored += [token] if parts else []
            return None
        elision = len(parts) == 2 and len(kept) == 1  # "l'attribution"
        return Words(kept if elision else parts, False, token)

    def _next(self) -> str | None:
        """Say what comes next: "and", "or", "not", "(", ")", "word", or None at the end."""
        if not self.tokens:
            return None
        token = self.tokens[0]
        return token if token in ("(", ")") else _OPERATORS.get(token, "word")


def _lacks_operand(token: str) -> KnowledgeBaseError:
    near = f"before or after “{token}”" if token else "at the end"
    return KnowledgeBaseError(
        f"Something to look for is missing {near}.", "Write it like: norms AND (attribution OR “due diligence”)"
    )


def _require_positive(node: Node) -> None:
    """Raise where a query, or one side of an OR, only says what must not be there."""
    if isinstance(node, Without) or (isinstance(node, Both) and all(isinstance(part, Without) for part in node.parts)):
        raise KnowledgeBaseError(
            "NOT alone finds nothing: it only takes passages out.", "Say what is looked for, too: norms NOT attribution"
        )
    for part in node.parts if isinstance(node, Both | Either) else ():
        if isinstance(node, Either) or not isinstance(part, Without):
            _require_positive(part)


# Finding


def search(text: str, catalog: Catalog, filters: Filters | None = None, limit: int = 20) -> Search:
    """Find the passages that a query names, the best `limit` first; raise KnowledgeBaseError where it cannot be read."""
    query, ignored = read_query(text)
    filters = filters or Filters()
    documents = {row.source: row for row in catalog.documents()}
    found = _found(query, catalog)
    sources = Counter(source for source, _ in found.values())
    kept = {source for source in sources if filters.admit(documents[source])}
    facets = {}
    for name in FACETS:
        counted: Counter[str] = Counter()
        for source, count in sources.items():
            if filters.but(name).admit(documents[source]):
                counted[facet_value(documents[source], name)] += count
        facets[name] = dict(counted.most_common())
    scored = sorted((-score, i) for i, (source, score) in found.items() if source in kept)
    best = {i: -score for score, i in scored[: min(limit, MOST_RESULTS)]}
    passages = catalog.passages(list(best))
    results = tuple(_result(passages[i], score, query) for i, score in best.items())
    parts = {} if scored else {leaf.written.strip('"“”« »'): len(_found(leaf, catalog)) for leaf in _leaves(query)}
    titles = {source: documents[source].title for source in sources}
    return Search(text.strip(), len(scored), len(kept), results, facets, parts, ignored, titles)


def _found(query: Node, catalog: Catalog) -> dict[str, tuple[str, float]]:
    """Map the id of each passage that a query finds to its source and score.

    The index finds the passages; where it holds less than the query says (phrases, beginnings), their text decides.
    """
    found: dict[str, tuple[str, float]] = {}
    for language in LANGUAGES:
        expression = _expression(query, language, catalog)
        if expression is None:
            continue
        matches = {i: (source, score) for i, source, score in catalog.matches(expression, language)}
        if not _is_exact_in_index(query):
            texts = {i: _Text(passage.text, language) for i, passage in catalog.passages(list(matches)).items()}
            matches = {i: match for i, match in matches.items() if _holds(query, texts[i])}
        found |= matches
    return found


def _expression(node: Node, language: str, catalog: Catalog) -> str | None:
    """Return the FTS5 expression that finds all that a query finds, and perhaps more; None: nothing in `language`."""
    if isinstance(node, Words):
        kept = [p for p in node.parts if node.is_name or p not in stop_words(language)]
        return " AND ".join(quoted_term(stem(part, language)) for part in kept) or None
    if isinstance(node, Start):
        return " OR ".join([f"{quoted_term(node.letters)} *", *map(quoted_term, _stems_of(node.letters, catalog))])
    if isinstance(node, Both):
        made = [_expression(part, language, catalog) for part in node.parts if not isinstance(part, Without)]
        if None in made:
            return None
        without = [part.part for part in node.parts if isinstance(part, Without) and _is_exact_in_index(part.part)]
        left_out = filter(None, (_expression(part, language, catalog) for part in without))
        return " NOT ".join([" AND ".join(f"({part})" for part in made), *(f"({part})" for part in left_out)])
    if isinstance(node, Either):
        found = filter(None, (_expression(part, language, catalog) for part in node.parts))
        return " OR ".join(f"({part})" for part in found) or None
    raise TypeError(node)


def _stems_of(letters: str, catalog: Catalog) -> list[str]:
    """Return the indexed stems, shorter than the letters or otherwise spelt, that words may have which begin with them."""
    found = []
    for term, _ in catalog.vocabulary():
        begins = term[: max(3, len(term) - 2)]  # of the last two letters a stem's words need have none: "polici", "policy"
        if not term.startswith(letters) and (letters.startswith(begins) or begins.startswith(letters)):
            found.append(term)
    return found


def _is_exact_in_index(node: Node) -> bool:
    """Return whether the index finds exactly what a query says."""
    if isinstance(node, Words):
        return len(node.parts) == 1 and not node.is_exact
    if isinstance(node, Without):
        return _is_exact_in_index(node.part)
    return isinstance(node, Both | Either) and all(_is_exact_in_index(part) for part in node.parts)


class _Text:
    """A passage's text as it is compared with a query: its folded words, and where each stands, as far as that is known."""

    def __init__(self, text: str, language: str) -> None:
        self.words = words(text)
        self.places = [(m.start(), m.end()) for m in _PART.finditer(text)]
        if len(self.places) != len(self.words):  # a letter and its accent are two characters, or one is read as several words
            self.places = []
        self._text, self._language = text, language

    def positions(self, leaf: Leaf) -> Iterator[int]:
        """Yield where a leaf of a query begins, counted in words."""
        if isinstance(leaf, Start):
            yield from (here for here, word in enumerate(self.words) if word.startswith(leaf.letters))
            return
        wanted = [part if leaf.is_exact else stem(part, self._language) for part in leaf.parts]
        is_indexed = len(wanted) == 1 and not leaf.is_exact
        for here in range(len(self.words) - len(wanted) + 1):
            found = self.words[here : here + len(wanted)]
            if is_indexed and found[0] in stop_words(self._language) and not (leaf.is_name and self._is_upper(here)):
                continue
            if all((w if leaf.is_exact else stem(w, self._language)) == part for w, part in zip(found, wanted, strict=True)):
                yield here

    def _is_upper(self, here: int) -> bool:
        start, end = self.places[here] if self.places else (0, 0)
        return self._text[start:end].isupper()


def _holds(node: Node, text: _Text) -> bool:
    """Return whether a passage is what a query says."""
    if isinstance(node, Words | Start):
        return next(text.positions(node), None) is not None
    if isinstance(node, Without):
        return not _holds(node.part, text)
    return (all if isinstance(node, Both) else any)(_holds(part, text) for part in node.parts)


def _leaves(node: Node) -> list[Leaf]:
    """Return the words, phrases and beginnings that a query looks for."""
    if isinstance(node, Words | Start):
        return [node]
    return [] if isinstance(node, Without) else [leaf for part in node.parts for leaf in _leaves(part)]


def _result(passage: Passage, score: float, query: Node) -> Result:
    """Return a passage with the places that match, and the piece of it that holds most of them."""
    text = _Text(passage.text, known_language(passage.language))
    hits: set[tuple[int, int]] = set()
    for leaf in _leaves(query) if text.places else ():
        length = len(leaf.parts) if isinstance(leaf, Words) else 1
        hits |= {(text.places[here][0], text.places[here + length - 1][1]) for here in text.positions(leaf)}
    ordered = _apart(sorted(hits))
    start, end = _window(passage.text, ordered)
    return Result(
        passage,
        score,
        tuple((passage.start + a, passage.start + b) for a, b in ordered),
        passage.text[start:end],
        tuple((a - start, b - start) for a, b in ordered if start <= a and b <= end),
    )


def _apart(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap joined."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _window(text: str, hits: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the characters of a piece of text with most hits, whole words at both ends."""
    if len(text) <= _SNIPPET:
        return 0, len(text)
    starts = [max(0, start - _SNIPPET // 4) for start, _ in hits] or [0]
    start = max(starts, key=lambda first: (sum(first <= a and b <= first + _SNIPPET for a, b in hits), -first))
    end = min(len(text), start + _SNIPPET)
    start = 0 if start == 0 else text.find(" ", start, end) + 1 or start
    return start, len(text) if end == len(text) else max(text.rfind(" ", start, end), start + 1)
