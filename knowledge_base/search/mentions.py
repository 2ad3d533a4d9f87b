"""Mentions of a term: the words and phrases that documents write it in, and how often each document does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.sentences import SENTENCE_END, is_quotable
from knowledge_base.language.vocabulary import LANGUAGES, known_language
from knowledge_base.language.words import fold, in_english, in_french, phrases_in, stem, stop_words, without_accents
from knowledge_base.passages import Passage, SentenceSpan
from knowledge_base.store.catalog import Catalog

LONGEST_TERM = 200  # characters
MOST_WORDS = 12
_PART = re.compile(r"[^\W_]+")
_GAP = 2  # stop words at most between the words of a phrase that was translated word by word
_BEST_LENGTH = range(8, 46)  # words of a sentence that makes a good quote
_PAGES_READ = 12  # pages of a document, those with most mentions, that its best sentence is looked for on

_PAGES_FOR_ACCENTS = 200  # with mentions, that are read for how words are written
_CHANGED = 2  # letters at the end of a stem that its words need not have: "polici" is of "policy"


class PageText(NamedTuple):
    """The text of a page: of which document, in which of the languages that are stemmed, its place there, as it is, folded."""

    source: str
    language: str
    ordinal: int
    text: str
    folded: str


Slot = Mapping[str, str]  # a word of a phrase: its stem by language; one word "" where only that word itself fits
Phrase = tuple[tuple[Slot, ...], bool]  # its words, and whether stop words may stand between them


@dataclass(frozen=True)
class Term:
    """A term, and the forms that count as mentions of it: folded words, single blanks between them.

    A word that is a stop word unless it is written in capitals ("US", "UN") is kept so, and counted where it is written so.
    """

    text: str
    forms: tuple[str, ...]

    @cached_property
    def _is_cased(self) -> bool:
        return any(form != form.lower() for form in self.forms)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.forms, key=lambda form: (-len(form), form))
        return re.compile(rf"(?:{'|'.join(map(self._whole_words, longest_first))})(?![^\W_])")

    def _whole_words(self, form: str) -> str:
        """Return the pattern of a form. What must not stand before it follows its first letter, by which it is found fast."""
        first, *others = (w if w.isupper() or not self._is_cased else f"(?i:{w})" for w in form.split())
        if first.startswith("(?i:"):
            return "[\\W_]+".join([rf"(?<![^\W_]){first}", *others])
        return "[\\W_]+".join([rf"{first[0]}(?<![^\W_]{first[0]}){first[1:]}", *others])

    @cached_property
    def _form_of(self) -> dict[str, str]:
        return {form.lower(): form for form in self.forms}

    def counted(self, text: str, folded: str | None = None) -> Counter[str]:
        """Return how often each form stands in a text, whole words only; `folded` is the text folded, where that is known."""
        found = self._pattern.findall(without_accents(text) if self._is_cased else fold(text) if folded is None else folded)
        return Counter(self._form_of[" ".join(_PART.findall(match.lower()))] for match in found)


@dataclass(frozen=True, slots=True)
class DocumentMentions:
    """The mentions of a term in one document: by form, and by page (its place in the document, from 0)."""

    source: str
    forms: Mapping[str, int]
    pages: Mapping[int, int]

    @property
    def count(self) -> int:
        """Return their number."""
        return sum(self.forms.values())


def read_pages(catalog: Catalog) -> list[PageText]:
    """Read the text of all pages of all documents, also of those that no passage was made of."""
    return [PageText(s, known_language(code), place, text, fold(text)) for s, code, place, text in catalog.page_texts()]


def read_term(text: str, pages: Sequence[PageText]) -> Term:
    """Read a term in all forms that the documents hold it in, in the other language too where the glossary has it.

    Raise KnowledgeBaseError where it is empty, too long, or made of stop words only.
    """
    pieces = [piece for piece in _PART.findall(text) if fold(piece)]
    if not pieces:
        raise KnowledgeBaseError("There is no word in this term.", "Give a word or a phrase, such as: ransomware")
    if len(text) > LONGEST_TERM or len(pieces) > MOST_WORDS:
        told = f"This term has {len(pieces):,} words and {len(text):,} characters"
        raise KnowledgeBaseError(f"{told}; up to {MOST_WORDS} words and {LONGEST_TERM} characters are read.", "Shorten it.")
    stop = stop_words("en") | stop_words("fr")
    kept = [_is_kept(piece, stop, text.isupper() and len(pieces) > 1) for piece in pieces]
    if not any(kept):
        raise KnowledgeBaseError(
            f"“{' '.join(pieces)}” is made only of stop words, which are not looked for.", "Add a word that says more."
        )
    first, last = kept.index(True), len(kept) - kept[::-1].index(True)
    written = [p if fold(p) in stop and is_kept else fold(p) for p, is_kept in zip(pieces, kept, strict=True)][first:last]
    forms = {" ".join(written)}
    if not any(word.isupper() for word in written):
        for phrase in _phrases(written, stop):
            forms |= _written_forms(phrase, pages, stop)
    return Term(text, tuple(sorted(forms, key=lambda form: (form != " ".join(written), form))))


def _is_kept(piece: str, stop: frozenset[str], is_shouted: bool) -> bool:
    return fold(piece) not in stop or (len(piece) > 1 and piece.isupper() and not is_shouted)


def _phrases(written: Sequence[str], stop: frozenset[str]) -> Iterator[Phrase]:
    """Yield a term's words, and what it is called in the other language where the glossary has it."""
    yield tuple({"": w} if w in stop else {code: stem(w, code) for code in LANGUAGES} for w in written), False
    content = [word for word in written if word not in stop]
    if 1 < len(written) == len(content) <= 3:  # "cyber attack" is written "cyberattack" too
        yield ({code: stem("".join(written), code) for code in LANGUAGES},), False
    for code in LANGUAGES:
        if whole := phrases_in(code, written):
            yield from ((tuple({"": w} if w in stop else {code: stem(w, code)} for w in phrase), False) for phrase in whole)
            continue
        by_word = [in_french(w) if code == "fr" else tuple(filter(None, [in_english(w)])) for w in content]
        if all(by_word) and len(content) == 1:
            yield from ((({code: stem(fold(word), code)},), False) for word in by_word[0])
        elif all(by_word) and len(content) <= 3 and len(content) == len(written):
            slots = tuple({code: stem(fold(words_[0]), code)} for words_ in by_word)
            yield slots, True
            yield slots[::-1], True


def _written_forms(phrase: Phrase, pages: Sequence[PageText], stop: frozenset[str]) -> set[str]:
    """Return the forms in which documents write a phrase: each word with the same stem, in the document's language."""
    slots, is_gapped = phrase
    found: set[str] = set()
    for code in LANGUAGES:
        if not all("" in slot or code in slot for slot in slots):
            continue
        starts = [slot[code][: max(1, len(slot[code]) - _CHANGED)] if code in slot else slot[""] for slot in slots]
        for page in pages:
            if page.language != code or not all(start in page.folded for start in starts):
                continue
            read = _PART.findall(page.folded)
            if len(slots) == 1:
                found |= {w for w in {*read} - stop if w.startswith(starts[0]) and stem(w, code) == slots[0][code]}
                continue
            for here, word in enumerate(read):
                if word.startswith(starts[0]) and _fits(word, slots[0], code):
                    end = _end(read, here, slots, code, stop if is_gapped else frozenset())
                    found |= {" ".join(read[here:end])} if end else set()
    return found


def _fits(word: str, slot: Slot, code: str) -> bool:
    return word == slot[""] if "" in slot else stem(word, code) == slot[code]


def _end(read: Sequence[str], here: int, slots: Sequence[Slot], code: str, between: frozenset[str]) -> int | None:
    """Return where a phrase ends that begins with the word `here`; None where it does not go on as it must."""
    position = here + 1
    for slot in slots[1:]:
        skipped = 0
        while position < len(read) and skipped < _GAP and read[position] in between and not _fits(read[position], slot, code):
            position, skipped = position + 1, skipped + 1
        if position >= len(read) or not _fits(read[position], slot, code):
            return None
        position += 1
    return position


def count_mentions(term: Term, pages: Sequence[PageText]) -> dict[str, DocumentMentions]:
    """Count the forms of a term in all pages; return the documents that hold any, by source."""
    by_source: dict[str, tuple[Counter[str], dict[int, int]]] = {}
    words_held = [form.lower().split() for form in term.forms]
    for page in pages:
        if any(all(word in page.folded for word in form) for form in words_held) and (
            found := term.counted(page.text, page.folded)
        ):
            forms, by_page = by_source.setdefault(page.source, (Counter(), {}))
            forms.update(found)
            by_page[page.ordinal] = found.total()
    return {source: DocumentMentions(source, forms, by_page) for source, (forms, by_page) in by_source.items()}


def as_written(term: Term, mentions: Mapping[str, DocumentMentions], pages: Sequence[PageText]) -> dict[str, str]:
    """Map each form of a term to how documents write it, in small letters, with its accents."""
    written = {word: word for form in term.forms for word in form.split()}
    written |= {folded: piece.lower() for piece in _PART.findall(term.text) if (folded := fold(piece)) in written}
    with_mentions = (p for p in pages if p.source in mentions and p.ordinal in mentions[p.source].pages)
    for page in islice(with_mentions, _PAGES_FOR_ACCENTS):
        for piece in set(_PART.findall(page.text.lower())):
            if not piece.isascii() and (folded := fold(piece)) in written:
                written[folded] = piece
    return {form: " ".join(written[word] for word in form.split()) for form in term.forms}


def mentioning_sentences(
    term: Term, mentions: DocumentMentions, catalog: Catalog, most_pages: int | None = None
) -> Iterator[tuple[Passage, SentenceSpan, Counter[str]]]:
    """Yield the sentences of a document that mention a term, with their forms; of the `most_pages` that mention it most."""
    ordered = sorted(mentions.pages, key=lambda ordinal: (-mentions.pages[ordinal], ordinal))[:most_pages]
    for ordinal in sorted(ordered):
        for passage in catalog.passages_on_page(mentions.source, ordinal) or _lines(mentions.source, ordinal, catalog):
            if not term.counted(passage.text):
                continue
            for span, text in zip(passage.sentences, passage.sentence_texts, strict=True):
                if forms := term.counted(text):
                    yield passage, span, forms


def _lines(source: str, ordinal: int, catalog: Catalog) -> list[Passage]:
    """Return a page that has no passages, such as that of a record, as one whose sentences are its lines."""
    document, page = catalog.document(source), catalog.pages(source)[ordinal]
    spans, start = [], 0
    for line in page.text.splitlines(keepends=True):
        if text := line.strip():
            first = start + line.index(text[0])
            spans.append(SentenceSpan(first, first + len(text), "field"))
        start += len(line)
    title = document.title if document else source
    return [Passage("", source, title, page.number, 0, len(page.text), "", page.text, ordinal, sentences=tuple(spans))]


def best_sentence(term: Term, mentions: DocumentMentions, catalog: Catalog) -> tuple[Passage, SentenceSpan] | None:
    """Return the sentence that shows best what a document says of a term; None where no sentence holds all of it."""
    best: tuple[tuple[bool, ...], Passage, SentenceSpan] | None = None
    for passage, span, forms in mentioning_sentences(term, mentions, catalog, _PAGES_READ):
        worth = worth_as_quote(passage, span, forms)
        if best is None or worth > best[0]:
            best = worth, passage, span
        if all(worth):
            break
    return best[1:] if best else None


def worth_as_quote(passage: Passage, span: SentenceSpan, forms: Mapping[str, int]) -> tuple[bool, ...]:
    """Return what sentences are compared by: a whole one, neither short nor long, that says the term twice, is best."""
    text = passage.sentence_text(span)
    is_whole = span.role in ("sentence", "item") and is_quotable(text)
    is_ended = bool(SENTENCE_END.search(text))
    return span.kind != "heading", is_whole, is_ended, len(text.split()) in _BEST_LENGTH, sum(forms.values()) > 1
