"""The data that flows: pages, documents, passages, and what retrieval returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from knowledge_base.language.roles import Role
from knowledge_base.language.sentences import is_quotable

PREFIX_TOKENS = 48  # word pieces of a passage's embedded text that title and headings may take
PARTING_HYPHEN = "\u2010"  # at the end of a page's sentence: its word goes on overleaf without it
CountTokens = Callable[[Sequence[str]], list[int]]
BlockKind = Literal["heading", "paragraph", "list_item", "table_row", "caption", "field"]


class OriginRun(NamedTuple):
    """A run of cleaned text that maps one to one onto the extractor's characters.

    Character `start + i` of the page's text is character `origin_index + i` of the extractor's text page, 0 <= i < `length`.
    """

    start: int
    origin_index: int
    length: int


class Block(NamedTuple):
    """A structural unit of a page: characters `start` to `end` (exclusive) of the page's text.

    `level` is 1 to 6 for headings, the nesting depth (from 1) for list items, else 0. A `field` is one `key: value` line of
    structured data. Blocks are in reading order, do not overlap, and hold neither leading nor trailing white space.
    `label` is the number or mark that the reader sees before it ("Article 4", "17", "(c)"), "" where there is none; a label
    that is typed in the text stands there too.
    """

    kind: BlockKind
    level: int
    start: int
    end: int
    label: str = ""


_READ_BY_OCR = "The text was read from the picture of the page (OCR), with a confidence of "


def read_by_ocr(confidence: float) -> str:
    """Return the problem of a page whose text was read from its picture, `confidence` from 0 to 1."""
    return f"{_READ_BY_OCR}{min(1.0, confidence):.2f}."


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document: the whole text for formats without pages.

    `number` is the 1-based physical page of a PDF, else None; `label` is what the document prints on it (may repeat, may be
    roman). `text` is the cleaned text that citations quote. `origin` leads back to the extractor's characters (PDF only).
    `problem` says why a page has no text, where it has none, or that the text was read from its picture.
    """

    number: int | None
    label: str | None
    text: str
    blocks: tuple[Block, ...] = ()
    origin: tuple[OriginRun, ...] = ()
    problem: str | None = None

    @property
    def ocr(self) -> float | None:
        """Return how sure the reading of the page's picture is, 0 to 1; None where the text is the file's own."""
        before, read, confidence = (self.problem or "").partition(_READ_BY_OCR)
        return float(confidence.rstrip(".")) if read and not before else None


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """One supporter as its own file gives it; `country` is an ISO 3166-1 alpha-3 code or None, `joined` an ISO date or None."""

    name: str
    category: str
    nature: str
    country: str | None
    joined: str | None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: `source` is its path relative to its root, with '/' separators.

    `content_hash` is the SHA-256 of the file's bytes in hex. `language` is an ISO 639-1 code or None. `kind` names the format:
    pdf, markdown, html, docx, text, yaml, record. `date` is an ISO date where the document states one.
    """

    source: str
    title: str
    content_hash: str
    language: str | None
    pages: tuple[Page, ...]
    kind: str = "text"
    date: str | None = None
    links: tuple[str, ...] = ()
    record: RegisterRecord | None = None
    notices: tuple[str, ...] = ()


class SentenceSpan(NamedTuple):
    """A quotable unit: characters `start` to `end` of the page's text; `kind` is the kind of the block that holds it.

    `role` says what it is for a reader: a whole sentence or list item, or what makes a poor quote: a mere label or title, a
    note, a question, a line of contents, a scrap of a sentence, a sentence that has lost a word.
    """

    start: int
    end: int
    kind: BlockKind
    role: Role = "sentence"


@dataclass(frozen=True)
class Passage:
    """The unit of retrieval: characters `start` to `end` of page number `page` (None without pages) of `source`.

    `text == page.text[start:end]`, always. `heading` is the path of headings above it, outermost first, joined by ' > '.
    `sentences` are offsets into the page's text, in order. `ordinal` is the position of its page in the document, from 0.
    """

    id: str
    source: str
    title: str
    page: int | None
    start: int
    end: int
    heading: str
    text: str
    ordinal: int = 0
    language: str | None = None
    sentences: tuple[SentenceSpan, ...] = field(default=())

    def sentence_text(self, span: SentenceSpan) -> str:
        """Return the characters of one of its sentences."""
        return self.text[span.start - self.start : span.end - self.start]

    def heading_at(self, position: int) -> str:
        """Return the heading that a character of its page stands under: the passage's, or a later one that it holds, alone."""
        spans = [span for span in self.sentences if span.kind == "heading" and span.start <= position]
        latest = " ".join(self.sentence_text(spans[-1]).split()) if spans else ""
        path = self.heading.split(" > ")
        return " > ".join(path[: path.index(latest) + 1]) if latest in path else latest or self.heading

    @cached_property
    def sentence_texts(self) -> tuple[str, ...]:
        """Return the characters of each sentence, in order."""
        return tuple(map(self.sentence_text, self.sentences))

    @cached_property
    def quotable_sentences(self) -> Mapping[str, str]:
        """Map the id of each sentence that can be quoted, `<passage id>#<position>`, to its text; headings are left out."""
        pairs = enumerate(zip(self.sentences, self.sentence_texts, strict=True))
        return {sentence_id(self.id, i): text for i, (s, text) in pairs if s.kind != "heading" and is_quotable(text)}


def sentence_id(passage_id: str, position: int) -> str:
    """Return the id of a passage's sentence; `position` counts all of its sentences from 0."""
    return f"{passage_id}#{position}"


def passage_of(identifier: str) -> str:
    """Return the id of the passage that a sentence id belongs to."""
    return identifier.partition("#")[0]


def position_of(identifier: str) -> int:
    """Return the position, in its passage, of the sentence with this id."""
    return int(identifier.rpartition("#")[2])


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage with its fused `score` (higher is better) and the normalised `dense` and `lexical` scores that made it.

    `twins` are passages of other documents with nearly the same words, which it stands for.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    twins: tuple[Passage, ...] = ()


def prefix_tokens(max_tokens: int) -> int:
    """Return how many of a model's word pieces are kept for title and headings: fewer where it takes few."""
    return min(PREFIX_TOKENS, max_tokens // 4)


def embedded_text(passage: Passage, count_tokens: CountTokens, max_tokens: int) -> str:
    """Return what is embedded for a passage: its title and headings, shortened to their share of the limit, then its text."""
    share = prefix_tokens(max_tokens) // 2
    title = _fitted(passage.title, count_tokens, share, keep="start")
    heading = _fitted(passage.heading, count_tokens, share, keep="end")
    return f"{' – '.join(filter(None, (title, heading)))}\n{passage.text}"


def _fitted(text: str, count: CountTokens, limit: int, keep: Literal["start", "end"]) -> str:
    """Return `text`, whole words left out at one end as far as needed to fit `limit` tokens."""
    words = text.split()
    while words and count([" ".join(words)])[0] >= limit:
        dropped = max(1, len(words) // 4)
        words = words[dropped:] if keep == "end" else words[:-dropped]
    return " ".join(words)
