"""Overviews made of quotes: what a document's subject is, then the best sentence of each of its parts, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.quotes.quoting import Quote, leans, page_quotes, understandable
from knowledge_base.language.vocabulary import word_set
from knowledge_base.language.words import fold, words
from knowledge_base.passages import Passage, sentence_id
from knowledge_base.store.catalog import Catalog

MOST_PARTS = 5
_FEWEST_PARTS = 3  # of a document, so that its headings part it
_WORDS = range(8, 46)
_MOST_WORDS = 230
_TELLING = 0.1  # more for what stands under "Summary", "Conclusions"
_EARLY = 0.05  # more for the first sentence of a part


def overview(
    source: str, similarities: Mapping[str, float], catalog: Catalog, known: Sequence[Quote] = (), most: int = MOST_PARTS
) -> list[Quote]:
    """Return quotes of a document that say what it is on: its opening, and the best of the parts nearest to the subject.

    `similarities` of its sentences with the subject are by sentence id; what is `known` is not quoted again, and at most `most`
    parts are.
    """
    parts = _parts(list(catalog.all_passages(source)))
    best = [found for part in parts if (found := _best_of(part, similarities))]
    if not best:
        return []
    opening, others = best[0], sorted(best[1:], key=lambda found: -found[0])
    kept = [opening, *others[: most - 1]]
    quotes: list[Quote] = []
    for _, passage, start in (found for found in best if found in kept):
        page = page_quotes(passage, catalog)
        here = next((i for i, quote in enumerate(page) if quote.start == start), None)
        new = understandable(page, here, catalog) if here is not None else []
        held = {(quote.place, quote.start) for quote in (*quotes, *known)}
        new = [quote for quote in new if (quote.place, quote.start) not in held]
        if sum(quote.length() for quote in (*quotes, *new)) <= _MOST_WORDS:
            quotes += new
    return quotes


def _parts(passages: Sequence[Passage]) -> list[list[Passage]]:
    """Return the passages of a document by the highest level of headings that parts it; what only lists or refers is left out.

    Without such headings each page, or each passage of a document without pages, is a part.
    """
    deepest = max((passage.heading.count(" > ") for passage in passages), default=0)
    for level in range(deepest + 1):
        named = ["\n".join(passage.heading.split(" > ")[: level + 1]) for passage in passages]
        if len(set(named)) >= _FEWEST_PARTS:
            break
    else:
        named = [str(passage.ordinal if passage.page is not None else i) for i, passage in enumerate(passages)]
    parts: dict[str, list[Passage]] = {}
    for name, passage in zip(named, passages, strict=True):
        if not word_set("wanted.endless").intersection(words(name.rpartition("\n")[2])):
            parts.setdefault(name, []).append(passage)
    return list(parts.values())


def _best_of(part: Sequence[Passage], similarities: Mapping[str, float]) -> tuple[float, Passage, int] | None:
    """Return the sentence of a part that is nearest to the subject and stands by itself, with its passage and place."""
    telling = {fold(word) for word in word_set("wanted.telling")}
    is_telling = _TELLING * bool(telling.intersection(words(part[0].heading)))
    found: list[tuple[float, Passage, int]] = []
    for passage in part:
        for position, (span, text) in enumerate(zip(passage.sentences, passage.sentence_texts, strict=True)):
            quote = Quote(passage, span.start, span.end, text, span.kind, role=span.role)
            near = similarities.get(sentence_id(passage.id, position))
            stands = (
                span.role in ("sentence", "item")
                and span.kind in ("paragraph", "list_item")
                and text[:1].isupper()
                and not text.endswith(":")
            )
            if near is not None and stands and not leans(quote) and len(text.split()) in _WORDS:
                found.append((near + is_telling + _EARLY * (not found), passage, span.start))
    return max(found, key=lambda candidate: candidate[0]) if found else None
