"""Read a draft that is to be checked: its paragraphs, cut into sentences, with what is no claim marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from assistant.claims.evidence import is_evidence
from assistant.workbench import word_file
from knowledge_base.errors import DocumentError, KnowledgeBaseError
from knowledge_base.file_types import detect
from knowledge_base.language.roles import role_of
from knowledge_base.language.sentences import is_quotable, sentence_spans
from knowledge_base.language.words import question_language
from knowledge_base.sandbox.sandbox import Sandbox
from knowledge_base.settings import Settings

MOST_CHARACTERS = 200_000
CHARACTERS_A_PAGE = 2_500
SUFFIXES = ("docx", "md", "markdown", "txt", "text")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+|^\s{0,3}(?:>\s?)+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|__)(?=\S)(.+?)(?<=\S)\1(?![\w*])|(?<!\w)_(?=\S)([^_]+?)(?<=\S)_(?!\w)|`([^`]+)`")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_JUDGED = ("sentence", "item")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a draft as a reader sees it, without the marks of Markdown."""

    text: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence: characters `start` to `end` of the draft's text. `is_claim`: it says something that can be looked up."""

    text: str
    start: int
    end: int
    paragraph: int
    is_claim: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft: its paragraphs, which its text joins by line ends, and for a Word file its bytes."""

    paragraphs: tuple[Paragraph, ...]
    sentences: tuple[DraftSentence, ...]
    docx: bytes | None = None

    @property
    def text(self) -> str:
        """Return the whole text, as the sentences count it."""
        return "\n".join(paragraph.text for paragraph in self.paragraphs)

    def within(self, sentence: DraftSentence) -> tuple[int, int]:
        """Return where a sentence stands in its own paragraph."""
        before = sum(len(paragraph.text) + 1 for paragraph in self.paragraphs[: sentence.paragraph])
        return sentence.start - before, sentence.end - before


def read_draft(data: bytes, name: str, settings: Settings) -> Draft:
    """Read a DOCX, Markdown or text file; raise KnowledgeBaseError where it is another, holds no text, or is too long."""
    if len(data) > settings.max_file_mb << 20:
        raise KnowledgeBaseError(
            f"{name} is larger than {settings.max_file_mb} MB.", "Split it, or raise PARISCALL_MAX_FILE_MB."
        )
    kind = detect(data, name) if data else None
    if not data:
        raise KnowledgeBaseError("The draft is empty.", "Write something, or name another file.")
    if kind not in ("docx", "markdown", "text"):
        raise KnowledgeBaseError(f"{name} is not a draft that can be checked.", "Save it as DOCX, Markdown or text.")
    if kind != "docx":
        return of_text(_decoded(data, name), kind == "markdown")
    with Sandbox(1, settings.parse_seconds, settings.parse_memory_mb << 20) as sandbox:
        read = sandbox.run(word_file.read_paragraphs, data, name)
    return _draft([Paragraph(text, is_heading) for text, is_heading in read], data)


def of_text(text: str, is_markdown: bool = True) -> Draft:
    """Read a draft that is written as text: a paragraph a line, as pasted text has it, or a block of Markdown."""
    return _draft(list(_markdown(text) if is_markdown else map(Paragraph, text.splitlines())))


def _decoded(data: bytes, name: str) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError(f"{name} is not text in a known encoding.", "Save it as UTF-8.")


def _markdown(text: str) -> Iterator[Paragraph]:
    """Yield the blocks of a Markdown text; lines of one paragraph are joined, code is left out."""
    gathered: list[str] = []
    in_code = False
    for line in [*text.splitlines(), ""]:
        is_fence, mark, heading = bool(_FENCE.match(line)), _LIST_MARK.match(line), _HEADING.match(line)
        if (is_fence or mark or heading or not line.strip() or in_code) and gathered:
            yield Paragraph(_plain(" ".join(gathered)))
            gathered = []
        in_code ^= is_fence
        if heading:
            yield Paragraph(_plain(line[heading.end() :].rstrip("# ")), is_heading=True)
        elif line.strip() and not is_fence and not in_code:
            gathered.append(line[mark.end() :] if mark else line.strip())


def _plain(text: str) -> str:
    return _EMPHASIS.sub(lambda match: match[2] or match[3] or match[4], _LINK.sub(r"\1", text)).strip()


def _draft(paragraphs: Sequence[Paragraph], docx: bytes | None = None) -> Draft:
    length = sum(len(paragraph.text) for paragraph in paragraphs)
    if not any(paragraph.text.strip() for paragraph in paragraphs):
        remedy = (
            "Text in pictures is not read: paste it, or write it out." if docx else "Write something, or name another file."
        )
        raise KnowledgeBaseError("The draft holds no text.", remedy)
    if length > MOST_CHARACTERS:
        pages, most = length // CHARACTERS_A_PAGE, MOST_CHARACTERS // CHARACTERS_A_PAGE
        raise KnowledgeBaseError(
            f"The draft has about {pages} pages; {most} at once are checked.", "Split it, and check its parts."
        )
    starts = accumulate((len(paragraph.text) + 1 for paragraph in paragraphs), initial=0)
    sentences = [
        DraftSentence(text, offset + start, offset + end, number, _is_claim(paragraph, text))
        for number, (paragraph, offset) in enumerate(zip(paragraphs, starts, strict=False))
        for start, end in sentence_spans(paragraph.text, question_language(paragraph.text))
        for text in [paragraph.text[start:end]]
    ]
    return Draft(tuple(paragraphs), tuple(sentences), docx)


def _is_claim(paragraph: Paragraph, text: str) -> bool:
    """Return whether a sentence says something: no heading, question, label or scrap does, nor what speaks to a reader."""
    return not paragraph.is_heading and is_quotable(text) and role_of("paragraph", text) in _JUDGED and is_evidence(text)
