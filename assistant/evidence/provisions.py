"""Numbered parts that a question names ("Article 3(2)", "norm 6", "point (c) of Article 4"), found by their labels."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import knowledge_base.language
from assistant.question.questions import Question, QuestionKind
from knowledge_base.language.words import content_words, fold, stems, stems_of_all_words, words
from knowledge_base.passages import Passage
from knowledge_base.provisions import Provision, label_parts
from knowledge_base.store.catalog import Catalog

_REFERENCE = re.compile(
    r"(?P<noun>[^\W\d_]{2,})?\s*(?:\bno\.?\s*|\bn[°º]\s*|(?P<sign>§)+\s*|#\s*)?"
    r"(?P<number>\b\d{1,3}(?:\.\d{1,3})*\b|\([a-z0-9]{1,5}\)|\b[IVXLC]{1,6}\b|(?P<letter>(?<=\w\s)(?:[b-hj-z]\b|a(?=\W*$|\s(?:of|in|de)\b))))"
    r"(?P<inner>(?:\s?\([a-z0-9]{1,5}\))*)",
)
_BELONGS = re.compile(
    r"\s*(?:,|\bof\b(?: the)?|\bin\b(?: the)?|\bunder\b|\bde\b|\bdu\b|\bde l['’]|\bà l['’]|\bvon\b|\bdel?\b)\s*"
)
_WITHIN = re.compile(r"\s*,?\s*")
_ITSELF_NUMBERED = re.compile(r"\b[^\W\d_]+\s+\d+\b(?!\s*(?:[-–,]|to\b|and\b|à\b|et\b))")


@dataclass(frozen=True, slots=True)
class Reference:
    """A numbered part that a question names: `noun` is what it calls it, folded; `parts` its label's parts, outermost first.

    `within` are the parts of what it belongs to ("Article 3" of "point (c) of Article 3"); `words` the words that name it.
    """

    noun: str
    parts: tuple[str, ...]
    within: tuple[str, ...]
    words: frozenset[str]


class Found(NamedTuple):
    """A provision of a document, with how well it fits a reference: higher is better."""

    source: str
    provision: Provision
    fit: tuple[float, ...]

    def holds(self, passage: Passage, start: int) -> bool:
        """Say whether a character of a passage's page stands in the provision."""
        here, p = (passage.ordinal, start), self.provision
        return passage.source == self.source and (p.first, p.start) <= here < (p.last, p.end)


@lru_cache(maxsize=1)
def _vocabulary() -> Mapping[str, frozenset[str]]:
    file = Path(knowledge_base.language.__file__).with_name("references.toml")
    languages = tomllib.loads(file.read_text(encoding="utf-8")).values()
    return {key: frozenset(fold(word) for language in languages for word in language[key]) for key in ("generic", "asking")}


def references_in(text: str, language: str) -> list[Reference]:
    """Return the numbered parts that a question names, each with what it says that the part belongs to."""
    found = list(_REFERENCE.finditer(text))
    generic = _vocabulary()["generic"]
    read: list[Reference] = []
    end = -1  # of a reference to which the next one may belong: "Article 4, paragraph 2"
    for here, match in enumerate(found):
        noun = match["sign"] or fold(match["noun"] or "")
        if noun in generic and read and end >= 0 and _WITHIN.fullmatch(text, end, match.start()):
            outer = read.pop()
            inner = _parts("", match)
            read.append(replace(outer, parts=(*outer.parts, *inner), words=outer.words | set(words(match[0]))))
            end = match.end()
            continue
        end = match.end() if noun and noun not in generic else -1
        is_named = match["sign"] or content_words(noun, language)
        if (not is_named and not match["number"].startswith("(")) or (match["letter"] and noun not in generic):
            continue
        within: tuple[str, ...] = ()
        following = found[here + 1] if here + 1 < len(found) else None
        if following and following["noun"] and _BELONGS.fullmatch(text, match.end(), following.start()):
            within = _parts(fold(following["noun"]), following)
        read.append(Reference(noun, _parts(noun, match), within, frozenset(words(match[0]))))
    return read


def names_another(asked: Sequence[Reference], text: str, language: str) -> bool:
    """Say whether a text names things of the kind that a question asks for by number, but none of the numbers asked for."""
    wanted = {reference.parts[0] for reference in asked if reference.noun}
    nouns = {reference.noun for reference in asked if reference.noun}
    named = {found.parts[0] for found in references_in(text, language) if found.noun in nouns} if nouns else set()
    return bool(named) and named.isdisjoint(wanted)


def _parts(noun: str, match: re.Match[str]) -> tuple[str, ...]:
    inner = label_parts(match["inner"]) if match["inner"].strip() else ()
    return (*label_parts(f"{noun} {match['number']}" if not match["number"].startswith("(") else match["number"]), *inner)


def named_provisions(question: Question, catalog: Catalog) -> tuple[list[Found], bool]:
    """Return the provisions that a question names, best first, and whether it asks for nothing but their text."""
    references = references_in(question.asked, question.language)
    everything = catalog.provisions() if references else []
    if not everything:
        return [], False
    asked = {word: roots for word, roots in question.terms.items() if word not in _vocabulary()["asking"]}
    for reference in references:
        named = reference.words | set(words(" ".join(reference.within)))
        others = {word: roots for word, roots in asked.items() if word not in named}
        found = list(_matching(reference, everything, others, catalog))
        if found:
            best = max(found, key=lambda f: f.fit)
            return sorted(found, key=lambda f: f.fit, reverse=True), best.fit[0] >= len(others)
    return [], False


def _matching(
    reference: Reference, everything: Sequence[tuple[str, Provision]], others: Mapping[str, Sequence[str]], catalog: Catalog
) -> Iterator[Found]:
    """Yield the provisions that a reference may mean.

    A label that bears the noun fits by itself; a bare number fits where the noun is generic, or where the title or the heading
    right above names such things: "Report of Working Group 3" names no series of groups. `others` are the question's further
    words with their stems: how many of them title and headings hold decides first.
    """
    number = reference.parts[0].rpartition(" ")[2]
    bare = (number, *reference.parts[1:])
    for source, provision in everything:
        parts = tuple(map(fold, provision.parts))
        is_worded = parts[-len(reference.parts) :] == reference.parts
        if not is_worded and parts[-len(bare) :] != bare:
            continue
        if reference.within and not set(reference.within) <= set(parts):
            continue
        passage = passage_at(catalog, source, provision)
        if passage is None:
            continue
        heading = passage.heading_at(provision.start)
        above = stems_of_all_words(f"{passage.title} {heading}", passage.language)
        is_generic = not reference.noun or reference.noun in _vocabulary()["generic"]
        noun = set(stems(reference.noun, passage.language))
        named_by = _ITSELF_NUMBERED.sub(" ", f"{passage.title} {heading.rpartition(' > ')[2]}")
        if not is_worded and not is_generic and noun.isdisjoint(stems_of_all_words(named_by, passage.language)):
            continue
        held = sum(not set(roots).isdisjoint(above) for roots in others.values())
        yield Found(source, provision, (held, is_worded, -len(provision.parts), -provision.first))


def passage_at(catalog: Catalog, source: str, provision: Provision) -> Passage | None:
    """Return the passage in which a provision begins."""
    on_page = catalog.passages_on_page(source, provision.first)
    return next((p for p in on_page if p.start <= provision.start < p.end), on_page[0] if on_page else None)


def counted_provisions(question: Question, catalog: Catalog) -> tuple[str, list[Provision]] | None:
    """Return the document and those of its parts whose number a question asks for ("how many articles ..."), or None.

    A document counts where its title or headings hold the question's further words; parts count that bear the noun, or whose
    headings name it. Fewer than two are no series.
    """
    if question.kind != QuestionKind.QUANTITY or not question.counted:
        return None
    series: dict[tuple[str, bool], dict[str, Provision]] = {}
    for source, provision in catalog.provisions():
        head, _, number = provision.parts[-1].rpartition(" ")
        if head and question.counted & set(stems(head, question.language)):
            series.setdefault((source, True), {}).setdefault(number, provision)
        elif not head and len(provision.parts) == 1:
            series.setdefault((source, False), {}).setdefault(number, provision)
    worded = {source for source, is_worded in series if is_worded}
    best: tuple[float, str, list[Provision]] | None = None
    for (source, is_worded), by_number in series.items():
        provisions = list(by_number.values())
        passage = passage_at(catalog, source, provisions[0])
        if passage is None or len(provisions) < 2:
            continue
        above = stems_of_all_words(f"{passage.title} {passage.heading}", passage.language)
        asked = {w: r for w, r in question.terms.items() if w not in _vocabulary()["asking"] and not question.counted & set(r)}
        named = above | _opening_stems(catalog, source)
        held = sum(not set(roots).isdisjoint(named) for roots in asked.values())
        is_it = is_worded or not question.counted.isdisjoint(above)
        is_named = held and 2 * held >= len(asked) or worded == {source}
        if is_it and is_named and (best is None or held > best[0]):
            best = held, source, provisions
    return (best[1], best[2]) if best else None


def _opening_stems(catalog: Catalog, source: str) -> frozenset[str]:
    """Return the stems of a document's first lines, which name it."""
    first = catalog.passages_on_page(source, 0)[:1]
    return (
        stems_of_all_words(" ".join(" ".join(p.text.split()[:60]) for p in first), first[0].language) if first else frozenset()
    )
