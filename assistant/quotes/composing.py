"""Answers made of quoted sentences: which are quoted, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import AnswerPart, Citation
from assistant.evidence.gathering import Evidence
from assistant.evidence.scoring import Sentence, is_foreign, names_title
from assistant.question.questions import Question, QuestionKind
from assistant.quotes.entries import addresses
from assistant.quotes.quoting import (
    Quote,
    Twins,
    cited,
    count_items,
    enumerated,
    leans,
    list_around,
    page_quotes,
    understandable,
)
from knowledge_base.language.words import stems
from knowledge_base.passages import Passage
from knowledge_base.store.catalog import Catalog

_TOLD_IN_ONE = (QuestionKind.WHEN, QuestionKind.WHERE, QuestionKind.QUANTITY)
_NEAREST = 5  # sentences beside whose links the address that is asked for is looked for
_NEXT = 6  # characters at most between a sentence and the next, with a foot note's mark


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """How much an answer may hold: `words` in all, at most `sentences`; a list may have `list_words`, one that has as many
    items as the question names `counted_words`.

    A list counts as its best sentence, `counted` more where it has as many items as the question names, and `named` more where
    the question names its document, too.
    A sentence is taken while its score is within `margin` of the best one's; one beside a quote counts `beside` more, and
    `leaning` more again where it leans on that quote ("It also ..."). Two that share `overlap` of their words are one. The best
    `considered` sentences are looked at; of those in another language than the question's none is taken beside one in it.
    """

    words: int = 130
    sentences: int = 5
    list_words: int = 220
    counted_words: int = 330
    list_candidates: int = 40
    counted: float = 0.5
    named: float = 1.0
    margin: float = 0.15
    beside: float = 0.2
    leaning: float = 0.3
    considered: int = 60
    overlap: float = 0.7


def compose(
    question: Question, evidence: Evidence, catalog: Catalog, settings: ExtractiveSettings, twins: Twins
) -> tuple[list[AnswerPart], list[Citation]]:
    """Return the parts of an answer and their citations, made of the best sentences of the evidence."""
    chosen = _choose(question, evidence, catalog, settings)
    held = {(quote.place, quote.start) for quote in chosen}
    chosen += [q for q in addresses(question, evidence.sentences[:_NEAREST], catalog) if (q.place, q.start) not in held]
    return cited(_in_reading_order(chosen), catalog, twins)


def _choose(question: Question, evidence: Evidence, catalog: Catalog, settings: ExtractiveSettings) -> list[Quote]:
    sentences = evidence.sentences
    quotes = _best_list(question, sentences, catalog, settings)
    if quotes and count_items(quotes) == question.count and _is_named(question, quotes[0].passage):
        return quotes  # the whole answer
    groups = int(bool(quotes))
    least = sentences[0].score - settings.margin if sentences else 0.0
    leading, open_ = list(evidence.leading), list(sentences[: settings.considered])
    while open_ and len(quotes) < settings.sentences:
        sentence = leading.pop(0) if leading else max(open_, key=lambda s: _standing(question, s, quotes, settings))
        open_ = [other for other in open_ if other.id != sentence.id]
        if _standing(question, sentence, quotes, settings) < least and sentence not in evidence.leading:
            break
        if any(quote.covers(sentence) or _alike(quote, sentence, settings.overlap) for quote in quotes):
            continue
        if _says_less(question, sentence, quotes):
            continue
        if is_foreign(sentence.passage, question) and any(not is_foreign(quote.passage, question) for quote in quotes):
            continue
        new = _expanded(question, sentence, catalog, settings)
        if not new:
            continue
        if quotes and _length(quotes) + _length(new) > (settings.list_words if len(new) > 2 else settings.words):
            continue
        for quote in new:
            quote.group = groups
        quotes += [quote for quote in new if (quote.place, quote.start) not in {(other.place, other.start) for other in quotes}]
        groups += 1
    return _in_english(question, quotes) or quotes


def _says_less(question: Question, sentence: Sentence, quotes: Sequence[Quote]) -> bool:
    """Say whether a row of a table holds fewer of the question's words than one that is quoted, and none beside."""
    rows = [
        quote
        for quote in quotes
        if quote.kind == sentence.kind == "table_row" and quote.place == (sentence.passage.source, sentence.passage.ordinal)
    ]
    mine = question.words_in(sentence.text, sentence.passage.language)
    return any(mine < question.words_in(quote.text, quote.passage.language) for quote in rows)


def _in_english(question: Question, quotes: Sequence[Quote]) -> list[Quote]:
    """Return those quotes of an answer to an English question that are in English, too.

    To a French one the best quote may be in English beside one in French: more is written in English.
    """
    return [quote for quote in quotes if question.spoken == "en" and not is_foreign(quote.passage, question)]


def _standing(question: Question, sentence: Sentence, quotes: Sequence[Quote], settings: ExtractiveSettings) -> float:
    """Return a sentence's score, more where it goes on from, or leads up to, what is quoted already.

    One that leans on a quote counts no more where a date, a place or a number is asked for: that is told in one sentence.
    """
    near = [quote for quote in quotes if quote.passage.id == sentence.passage.id]
    follows = any(0 <= sentence.start - quote.end <= _NEXT for quote in near)
    leads = any(abs(quote.start - sentence.end) <= _NEXT for quote in near)
    is_told_on = follows and question.kind not in _TOLD_IN_ONE
    return sentence.score + settings.beside * (follows or leads) + settings.leaning * (is_told_on and leans(sentence))


def _length(quotes: Sequence[Quote]) -> int:
    return sum(quote.length() for quote in quotes)


def _best_list(
    question: Question, sentences: Sequence[Sentence], catalog: Catalog, settings: ExtractiveSettings
) -> list[Quote]:
    """Return the list near the best evidence, where the question asks for one."""
    if question.kind != QuestionKind.LIST or not sentences:
        return []
    best: tuple[float, list[Quote]] = (0.0, [])
    for rank, sentence in enumerate(sentences):
        is_named = sentence.kind == "list_item" and _is_named(question, sentence.passage)
        if rank >= settings.list_candidates and not is_named:
            continue
        run = _list_of(sentence, catalog, wanted=True)
        items = count_items(run)
        is_counted = items == question.count
        score = sentence.score + is_counted * (settings.counted + settings.named * is_named)
        most = settings.counted_words if is_counted else settings.list_words
        if items > 1 and score > best[0] and _length(run) <= most:
            best = (score, run)
    return best[1] if best[0] >= sentences[0].score else []


def _is_named(question: Question, passage: Passage) -> bool:
    return names_title(question, passage.title, passage.language)


def _list_of(sentence: Sentence, catalog: Catalog, wanted: bool) -> list[Quote]:
    page = page_quotes(sentence.passage, catalog)
    return list_around(page, _position(page, sentence), wanted)


def _position(page: Sequence[Quote], sentence: Sentence) -> int:
    return next(i for i, quote in enumerate(page) if quote.start == sentence.start)


def _alike(quote: Quote, sentence: Sentence, overlap: float) -> bool:
    mine, other = set(stems(sentence.text, sentence.passage.language)), set(stems(quote.text, quote.passage.language))
    return bool(mine and other) and len(mine & other) / min(len(mine), len(other)) >= overlap


def _expanded(question: Question, sentence: Sentence, catalog: Catalog, settings: ExtractiveSettings) -> list[Quote]:
    """Return the sentence's list where it leads into one or one is asked for; else the sentence with what it needs."""
    page = page_quotes(sentence.passage, catalog)
    here = _position(page, sentence)
    wanted = question.kind == QuestionKind.LIST
    run = list_around(page, here, wanted) or (enumerated(page, here, whole=True) if wanted else [])
    if len(run) > 1 and _length(run) <= settings.list_words:
        return run
    return understandable(page, here, catalog)


def _in_reading_order(quotes: Sequence[Quote]) -> list[Quote]:
    """Put what came with the best sentence at the head; keep pages in the order of their best, each in reading order."""
    order: dict[tuple[str, int], int] = {}
    for quote in quotes:
        order.setdefault(quote.place, len(order))
    return sorted(quotes, key=lambda quote: (quote.group > 0, order[quote.place], quote.start))
