"""What a draft takes from the documents by the letter or by name: its quotations, and the documents that it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import NOTE_MARK, content_words, question_language, stem, words
from knowledge_base.passages import Page
from knowledge_base.search.queries import match_expression, question_terms
from knowledge_base.store.catalog import Catalog

FEWEST_WORDS = 3  # between quotation marks: fewer are a term, not a quotation
_QUOTED = re.compile(r"[“\"„«]\s*([^“”\"„«»]{3,2000}?)\s*[”\"“»]|(?<!\w)‘([^‘]{12,2000}?)’(?!\w)")
_ELLIPSIS = r"\s*(?:\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.|…)\s*"
_GAP = re.compile(
    rf"(?P<ellipsis>{_ELLIPSIS})|(?P<case>\[(?P<letter>[^\W\d_])\](?=\w))|(?P<insertion>\s*\[[^\[\]]{{1,120}}\]\s*)"
)
_LEFT_OUT, _INSERTED = 1_500, 80  # characters of the page that "[...]" and "[that is]" may stand for
_MARKS = {**dict.fromkeys("“”„«»‟＂", '"'), **dict.fromkeys("’‘ʼ‛`´", "'")}
_OUTER = " \"'.,;:"
_ATTRIBUTED = pattern(r"\b{claims.attribution}\s+(?P<name>[^,;:“\"«]{3,120})")
_MOST_NAMED = 4  # documents that a name may mean; a name of more says little
_KEPT = 0.75  # share of the words of a reference that a title must have
_CANDIDATES = 60
_SEARCHED = 12  # words of a quotation that passages must hold


@dataclass(frozen=True, slots=True)
class Found:
    """Where quoted words stand: characters `start` to `end` of a page of a document."""

    source: str
    ordinal: int
    page: Page
    start: int
    end: int


def quotations_in(text: str) -> list[str]:
    """Return what a sentence quotes: what stands between quotation marks, where that is three words or more."""
    quoted = (match[1] or match[2] for match in _QUOTED.finditer(text))
    return [quote for quote in quoted if len(words(quote)) >= FEWEST_WORDS]


@lru_cache(maxsize=512)
def levelled(text: str) -> tuple[str, tuple[int, ...]]:
    """Return a text with one kind of quotation mark, apostrophe and white space, and where each character of it came from."""
    kept: list[str] = []
    origin: list[int] = []
    position = 0
    while position < len(text):
        if mark := NOTE_MARK.match(text, position):
            position = mark.end()
            continue
        pair, character = text[position : position + 2], text[position]
        size = 2 if pair in ("``", "''") else 1
        level = '"' if size == 2 else " " if character.isspace() else _MARKS.get(character, character)
        if character != "\u00ad" and not (level == " " and kept and kept[-1] == " "):
            kept.append(level)
            origin.append(position)
        position += size
    return "".join(kept), (*origin, len(text))


def find(
    quote: str, catalog: Catalog, near: Sequence[tuple[str, int]] = (), sources: frozenset[str] | None = None
) -> Found | None:
    """Return where a quotation stands letter for letter, or None.

    "..." and [...] may stand for words left out, [words] for words put in, [S] for a letter in the other case. `near` are pages
    (source, ordinal) that are looked at whatever words they hold; `sources` are the documents that count.
    """
    wanted = _pattern(quote)
    if wanted is None:
        return None
    for source, ordinal in dict.fromkeys([*near, *_holding(quote, catalog)]):
        pages = catalog.pages(source) if sources is None or source in sources else []
        if ordinal < len(pages):
            text, origin = levelled(pages[ordinal].text)
            if match := wanted.search(text):
                start = origin[match.start()]
                return Found(source, ordinal, pages[ordinal], start, origin[match.end() - 1] + 1)
    return None


def _pattern(quote: str) -> re.Pattern[str] | None:
    """Return the pattern of a quotation in a levelled text; None where nothing of it is literal."""
    text = levelled(quote)[0].strip(_OUTER)
    pieces: list[str] = []
    last, literal = 0, ""
    for match in _GAP.finditer(text):
        piece = text[last : match.start()]
        literal += piece
        pieces.append(re.escape(piece.rstrip() if match["ellipsis"] else piece))
        letter = match["letter"]
        if letter:
            pieces.append(f"[{letter.lower()}{letter.upper()}]")
        else:
            most = _LEFT_OUT if match["ellipsis"] else _INSERTED
            pieces.append(rf"\b.{{0,{most}}}?\b" if match.start() > 0 and match.end() < len(text) else "")
        last = match.end()
    literal += text[last:]
    pieces.append(re.escape(text[last:]))
    if pieces[0] and text[0].isalpha():  # a quotation within a sentence may begin in the other case
        pieces[0] = f"[{text[0].lower()}{text[0].upper()}]{pieces[0][1:]}"
    if len(words(literal)) < FEWEST_WORDS:
        return None
    whole = "".join(pieces)
    first, final = text[:1], text[-1:]
    opens = r"(?<!\w)" if first.isalnum() or first == "[" else ""
    closes = r"(?![^\W_])" if final.isalnum() else ""
    return re.compile(f"{opens}{whole}{closes}", re.DOTALL)


def _holding(quote: str, catalog: Catalog) -> Iterator[tuple[str, int]]:
    """Yield the pages of passages that hold the words of the quotation's longest piece, or of one of its halves."""
    pieces = [piece for piece in _GAP.sub("\0", quote).split("\0") if piece]
    longest = list(question_terms(max(pieces, key=len, default="")).values())[:_SEARCHED]
    half = len(longest) // 2
    for terms in (longest, longest[:half], longest[half:]):
        if terms:
            expression = " AND ".join(f"({match_expression(stems)})" for stems in terms)
            found = catalog.passages(catalog.search(expression, _CANDIDATES, (1.0, 1.0, 1.0)))
            yield from ((passage.source, passage.ordinal) for passage in found.values())


def named_documents(text: str, catalog: Catalog) -> frozenset[str] | None:
    """Return the sources of the documents that a sentence refers to, or None where it names none."""
    titles = catalog.titles()
    match = _ATTRIBUTED.search(text)
    if match is None:
        return None
    code = question_language(text)
    wanted = {stem(word, code) for word in content_words(match["name"], code)}
    if not wanted:
        return None
    numbers = set(filter(str.isdigit, words(match["name"])))
    shares = {
        source: len(wanted & {stem(word, code) for word in content_words(title, code)}) / len(wanted)
        for source, (title, _) in titles.items()
        if numbers <= set(words(title))
    }
    best = max(shares.values(), default=0.0)
    named = frozenset(source for source, share in shares.items() if share == best)
    return named if best >= _KEPT and len(named) <= _MOST_NAMED else None
