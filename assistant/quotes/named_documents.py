"""Documents as a question calls them: by words of the title, of the file's name or of the first heading, in either language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from assistant.question.wanted import numbered_in, without_asking_words
from assistant.quotes.numbered import OWN, Series
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import fold, stems, stems_of_all_words, words
from knowledge_base.search.queries import question_terms
from knowledge_base.store.catalog import Catalog, DocumentRow

_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=\d)(?=[a-zA-Z])|_")
_ARTICLES = frozenset({"the", "a", "an", "l", "le", "la", "les", "un", "une"})
_OFFICIAL = pattern(r"\b{wanted.official_titles}\b")
_AROUND = pattern(
    r"(?P<before>(?:[\w-]+ ){0,4})\b(?P<kind>{wanted.document_nouns})\b"
    r"(?P<after>(?: (?:of|by|from|on|du|des|de la|de|d'|de l')(?: the)? ?(?:[\w-]+ ?){1,4})?)"
)


def texts(catalog: Catalog) -> list[DocumentRow]:
    """Return the documents but the register's records, by title."""
    return sorted((row for row in catalog.documents() if row.kind != "record"), key=lambda row: row.title.casefold())


def documents_named(name: str, language: str, catalog: Catalog, of_others: bool = False) -> list[DocumentRow]:
    """Return the documents that `name` may mean, best first: all of its words name them; the fewer others do, the better.

    A document's own words name it: its title, its file's name, its first heading. Those in `language` come first, and those of
    others before the assistant's own briefs where they are equally well named or `of_others` is asked for.
    """
    things = numbered_in(name, language)
    counted = {word for thing in things for word in words(thing.noun)}
    named = without_asking_words(name, language)
    asked = [roots for word, roots in question_terms(" ".join(named), language).items() if word not in counted]
    if not asked and not things:
        return []
    series = [(Series(thing.noun, language, catalog), thing.number) for thing in things]
    found: list[tuple[tuple[object, ...], DocumentRow]] = []
    for row in texts(catalog):
        title = f"{row.title} {_file_name(row.source)} {_first_heading(row.source, catalog)}"
        if not all(each.named_at(title, number) is not None for each, number in series):
            continue
        held = stems_of_all_words(title, "en") | stems_of_all_words(title, "fr")
        if not all(held.intersection(roots) for roots in asked):
            continue
        others = len(set(stems(row.title, row.language))) - len(asked) - len(counted)
        is_own = row.source.startswith(OWN)
        named_words = [word for word in words(row.title) if word not in _ARTICLES]
        opening = stems_of_all_words(" ".join(named_words[: len(asked)]), row.language)
        is_opened = bool(asked) and all(opening.intersection(roots) for roots in asked)
        order = (
            is_own and of_others,
            row.language not in (language, None),
            row.kind == "yaml",
            not is_opened,
            not _OFFICIAL.search(row.title),
            others,
            is_own,
        )
        found.append((order, row))
    return [row for _, row in sorted(found, key=lambda pair: (pair[0], pair[1].title))]


def mentioned_documents(question: str, language: str, catalog: Catalog) -> list[DocumentRow]:
    """Return the documents that a question names as such ("the working group 4 report", "the IDSA article"), best first.

    The name is what stands around a word for a document; without such a word a question names none.
    """
    for name in _names_of_documents(question, language):
        if found := documents_named(name, language, catalog, of_others=True):
            return found
    return []


def official_documents(catalog: Catalog) -> list[str]:
    """Return the documents, but the assistant's own, whose title says that they are official, or the declaration."""
    return [row.source for row in texts(catalog) if not row.source.startswith(OWN) and _OFFICIAL.search(row.title)]


def _names_of_documents(question: str, language: str) -> Sequence[str]:
    """Return what a question may call a document, longest first: the words before and after a word for a document."""
    names: list[str] = []
    for match in _AROUND.finditer(fold(question.replace("’", "'"))):
        before, after = match["before"].split(), match["after"].split()
        names += [" ".join(after[:end]) for end in range(len(after), 0, -1)]
        names += [" ".join(before[start:]) for start in range(len(before))]
    return [name for name in names if without_asking_words(name, language) or numbered_in(name, language)]


def _file_name(source: str) -> str:
    """Return the words of a file's name, those written together parted: "WG4-FinalReport.pdf" is "WG4 Final Report"."""
    name = re.sub(r"[-_]+", " ", PurePosixPath(source).stem)
    return f"{name} {_JOINED.sub(' ', name)}"


def _first_heading(source: str, catalog: Catalog) -> str:
    first = next(iter(catalog.passages_on_page(source, 0)), None)
    if first is None:
        return ""
    heading = next((first.sentence_text(span) for span in first.sentences if span.kind == "heading"), "")
    return f"{first.heading} {heading}"
