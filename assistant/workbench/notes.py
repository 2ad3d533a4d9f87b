"""Answers laid out with footnotes: read from the JSON of `ask` or given by the page, written as Markdown or HTML."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.answers import Answer, AnswerPart, Citation, Mode, PartKind, Support, WritingRecord, language_notice
from assistant.messages import languages, message
from assistant.register.wording import day
from assistant.workbench.bibliography import Library, Reference
from knowledge_base import escaping
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, NoIndexError
from knowledge_base.language.words import question_language
from knowledge_base.settings import Settings
from knowledge_base.store.generations import Generation, open_generation
from knowledge_base.store.manifest import Manifest

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_BYTES, MOST_ANSWERS = 256 << 20, 10_000
_LONGEST_LINE = 32 << 20
_TOLD_LINES = 5
_MARKS = re.compile(r"((?:\[\d{1,9}\])+)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#|~$^&!@])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_XML = re.compile("[\ufffe\uffff]")


# Read


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer in JSON, as far as it is taken away; `parts`, `table` and the like are missing in older files."""

    question: str
    answer: str
    mode: Mode
    abstained: bool
    citations: tuple[Citation, ...]
    weak: bool = False
    confidence: float = 0.0
    standalone: str | None = None
    generation: str | None = None
    parts: tuple[AnswerPart, ...] = ()
    table: tuple[dict[str, str], ...] = ()
    writing: WritingRecord | None = None

    def as_answer(self) -> Answer:
        """Return it as the assistant gives it, without what was retrieved; raise ValueError where it is not sound."""
        numbers = {citation.number for citation in self.citations}
        for citation in self.citations:
            if not 0 <= citation.start < citation.end or citation.end - citation.start != len(citation.quote):
                raise ValueError(f"citation {citation.number}: its quote is not as long as from start to end")
            if citation.page is not None and citation.page < 1:
                raise ValueError(f"citation {citation.number}: page {citation.page} is none")
        if any(not numbers.issuperset(part.citations) for part in self.parts):
            raise ValueError("parts: one refers to a citation that is not there")
        return Answer(
            self.question, self.answer, self.mode, self.abstained, self.citations, (), 0.0, self.parts or _parts(self),
            self.confidence, self.weak, None, self.standalone, self.generation or None, self.table, self.writing,
        )  # fmt: skip


def _parts(line: AnswerLine) -> tuple[AnswerPart, ...]:
    """Return the parts of an answer whose JSON tells only its text: each line, or what stands before a [number]."""
    numbers = {citation.number for citation in line.citations}
    parts = []
    for text in line.answer.splitlines():
        kind: PartKind = "list_item" if text.startswith("- ") else "sentence"
        pieces = _MARKS.split(text.removeprefix("- "))
        for said, marks in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            cited = tuple(n for n in map(int, re.findall(r"\d+", marks)) if n in numbers)
            if said.strip() or cited:
                parts.append(AnswerPart(said.strip(), cited, kind))
    return tuple(parts)


def read_answers(path: Path) -> list[Answer]:
    """Return the answers of a file: one JSON answer a line, or a single one; raise, naming the lines that hold none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise KnowledgeBaseError(f"{path} has more than {MOST_BYTES >> 20} MB.", "Split it.")
        data = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise KnowledgeBaseError(f"{path} cannot be read: {error.strerror}.", "Name what `ask --batch` wrote.") from error
    answers, problems = [], []
    for number, line in _json_lines(data):
        try:
            answers.append(answer_of(line))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        more = f" And {len(problems) - _TOLD_LINES} more lines." if len(problems) > _TOLD_LINES else ""
        told = "; ".join(problems[:_TOLD_LINES])
        raise KnowledgeBaseError(f"{path}, {told}.{more}", "Give one answer a line, as `ask --batch` writes them.")
    if not 0 < len(answers) <= MOST_ANSWERS:
        raise KnowledgeBaseError(f"{path} holds {len(answers):,} answers.", f"Give between one and {MOST_ANSWERS:,}.")
    return answers


def _json_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number; an answer that is spread over several lines is one."""
    if data.lstrip().partition(b"\n")[0].strip() == b"{":
        yield 1, data
        return
    yield from ((number, line) for number, line in enumerate(data.splitlines(), start=1) if line.strip())


def answer_of(line: bytes) -> Answer:
    """Return the answer of a piece of JSON; raise ValueError that says what is wrong with it."""
    from pydantic import ValidationError

    if len(line) > _LONGEST_LINE:
        raise ValueError(f"it has {len(line) / 1e6:.0f} MB; at most {_LONGEST_LINE / 1e6:.0f} MB are read")
    try:
        found: AnswerLine = _adapter().validate_json(line)
    except ValidationError as error:
        told = ((".".join(map(str, e["loc"])), e["msg"]) for e in error.errors(include_url=False, include_input=False)[:3])
        raise ValueError("; ".join(f"{place}: {words}" if place else words for place, words in told)) from error
    return found.as_answer()


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(AnswerLine)


# What is known of the cited documents


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """A document that answers cite: its reference, the SHA-256 of its bytes, and the text of each cited page by number.

    Without an index nothing is known of it but what the citations say: `content_hash` is None then, and there are no pages.
    """

    reference: Reference
    content_hash: str | None
    pages: Mapping[int | None, str]


@dataclass(frozen=True, slots=True)
class Cited:
    """The cited documents, by the generation that answered and the source; `notices` say what could not be looked up."""

    documents: Mapping[tuple[str | None, str], CitedDocument]
    generations: Mapping[str | None, Manifest]
    notices: tuple[str, ...]

    def references(self) -> list[Reference]:
        """Return the references, one a document."""
        return list({document.reference.source: document.reference for document in self.documents.values()}.values())


def look_up(answers: Sequence[Answer], settings: Settings) -> Cited:
    """Read the cited documents in the generations that answered, or in the published one where these are kept no longer."""
    library, notices = Library(settings), []
    documents: dict[tuple[str | None, str], CitedDocument] = {}
    manifests: dict[str | None, Manifest] = {}
    for name, group in groupby(sorted(answers, key=lambda a: a.generation or ""), key=lambda a: a.generation):
        citations = [citation for answer in group for citation in answer.citations]
        if not citations:
            continue
        generation = _opened(settings.data_dir, name)
        if generation is None:
            notices.append("No index is at hand: dates, links and page texts are only what the answers say.")
        elif name not in (None, generation.id):
            notices.append(f"Generation {name}, which answered, is no longer kept; generation {generation.id} was looked up.")
        try:
            documents |= {(name, c.source): _document(c, citations, generation, library) for c in citations}
            if generation:
                manifests[name] = generation.manifest
        finally:
            if generation:
                generation.close()
    return Cited(documents, manifests, tuple(dict.fromkeys(notices)))


def _opened(data_dir: Path, name: str | None) -> Generation | None:
    for wanted in dict.fromkeys((name, None)):
        try:
            if wanted is None or wanted.isascii() and wanted.isalnum():
                return open_generation(data_dir, wanted, text_only=True)
        except (DamagedIndexError, NoIndexError):
            continue
    return None


def _document(
    citation: Citation, citations: Sequence[Citation], generation: Generation | None, library: Library
) -> CitedDocument:
    row = generation.catalog.document(citation.source) if generation else None
    if generation is None or row is None:
        return CitedDocument(library.reference(citation.source, citation.title, citation.date, None, None), None, {})
    numbers = {c.page for c in citations if c.source == citation.source}
    pages = {number: generation.catalog.page(citation.source, number) for number in numbers}
    reference = library.reference(row.source, row.title, row.date, row.language, row.content_hash)
    return CitedDocument(reference, row.content_hash, {number: page.text for number, page in pages.items() if page})


# Lay out


@dataclass(frozen=True, slots=True)
class Footnote:
    """Where a quote stands, in words, the quote in quotation marks, and where its document can be read."""

    number: int
    place: str
    quote: str
    source: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Block:
    """A sentence, list item or note of an answer; `mark` says that it is not well supported."""

    kind: PartKind
    text: str
    mark: str
    support: Support | None
    footnotes: tuple[Footnote, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A question and its answer; `remarks` are what a reader must know of the answer before reading it."""

    question: str
    language: str
    remarks: tuple[str, ...]
    blocks: tuple[Block, ...]
    table: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Answers laid out to be written in any form, their footnotes numbered through."""

    title: str
    about: str
    language: str
    entries: tuple[Entry, ...]

    @property
    def footnotes(self) -> list[Footnote]:
        """Return all footnotes in order."""
        return [footnote for entry in self.entries for block in entry.blocks for footnote in block.footnotes]


def lay_out(answers: Sequence[Answer], cited: Cited) -> Note:
    """Lay answers out; each use of a citation has a footnote of its own, as a printed text has."""
    entries, number = [], 0
    for answer in answers:
        language = _language(answer)
        blocks = []
        for part in answer.parts or (AnswerPart(answer.text),):
            quoted = [citation for citation in answer.citations if citation.number in part.citations]
            notes = tuple(_footnote(number + i, c, answer, cited, language) for i, c in enumerate(quoted, start=1))
            number += len(notes)
            mark = message(language, f"writing.{part.support}") if part.support in ("weak", "unsupported") else ""
            blocks.append(Block(part.kind, _line(part.text), mark, part.support, notes))
        rows = tuple({_line(name): _line(value) for name, value in row.items()} for row in answer.table)
        entries.append(Entry(_line(answer.question), language, tuple(remarks_on(answer)), tuple(blocks), rows))
    language = entries[0].language
    names = sorted({answer.generation for answer in answers if answer.generation})
    about = message(language, "export.about", count=len(answers), generations=", ".join(names) or "–")
    return Note(message(language, "export.title"), _line(about), language, tuple(entries))


def remarks_on(answer: Answer) -> Iterator[str]:
    """Yield what a reader must know of an answer: refused, on weak evidence, how it was read, who wrote it."""
    language = _language(answer)
    if answer.abstained:
        yield message(language, "export.refused")
    elif answer.is_weak:
        yield message(language, "export.weak")
    if less_tested := language_notice(answer):
        yield less_tested
    if answer.standalone and answer.standalone != answer.question:
        yield _line(message(language, "export.read_as", question=answer.standalone))
    if record := answer.writing:
        counts = {"supported": record.supported, "weak": record.weak, "unsupported": record.unsupported}
        yield _line(message(language, "export.written", model=record.model, **counts))
        if record.notice:
            yield _line(record.notice)


def _language(answer: Answer) -> str:
    asked = question_language(answer.question)
    return asked if asked in languages() else "en"


def _footnote(number: int, citation: Citation, answer: Answer, cited: Cited, language: str) -> Footnote:
    known = cited.documents[answer.generation, citation.source].reference
    page = message(language, "export.page", page=str(citation.page)) if citation.page is not None else ""
    parts = known.date_parts()
    date = (day("-".join(parts), language) if len(parts) > 1 else parts[0]) if parts else ""
    place = ", ".join(_line(told) for told in (known.title, page, citation.label, date) if told)
    quoted = message(language, "form.quoted", text=_line(citation.quote))
    return Footnote(number, place, quoted, _line(citation.source), known.address)


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _XML.sub("", escaping.without_controls(text))


# Write


def as_html(note: Note) -> str:
    """Return a page that needs nothing but itself and prints well."""
    return templates().get_template("answers.html").render(note=note, runs=block_runs)


@cache
def templates() -> Environment:
    """Return the templates of what is written to files."""
    return escaping.templates(Path(__file__).with_name("templates"))


def block_runs(entry: Entry) -> list[tuple[PartKind, list[Block]]]:
    """Return an answer's blocks, those of one kind that follow each other together."""
    return [(kind, list(run)) for kind, run in groupby(entry.blocks, key=lambda block: block.kind)]


def as_markdown(note: Note) -> str:
    """Return Markdown with footnotes ([^1]); nothing in a quote is read as Markdown."""
    lines = [f"# {markdown(note.title)}", "", f"*{markdown(note.about)}*"]
    for entry in note.entries:
        lines += ["", f"## {markdown(entry.question)}"]
        lines += [line for remark in entry.remarks for line in ("", f"> **{markdown(remark)}**")]
        for kind, blocks in block_runs(entry):
            lines += [""] if kind == "list_item" else []
            for block in blocks:
                said = f"~~{markdown(block.text)}~~" if block.support == "unsupported" else markdown(block.text)
                marks = "".join(f"[^{footnote.number}]" for footnote in block.footnotes)
                told = f"{said}{f' *{markdown(block.mark)}*' if block.mark else ''}{marks}"
                lines += [f"- {told}"] if kind == "list_item" else ["", f"*{told}*" if kind == "note" else told]
        if entry.table:
            rows = [list(entry.table[0]), ["---"] * len(entry.table[0]), *(list(row.values()) for row in entry.table)]
            cells = [[cell if i == 1 else markdown(cell) for cell in row] for i, row in enumerate(rows)]
            lines += ["", *(f"| {' | '.join(row)} |" for row in cells)]
    lines += [""] if note.footnotes else []
    for footnote in note.footnotes:
        address = f" <{footnote.address}>" if footnote.address else ""
        where = f"`{footnote.source.replace('`', '´')}`"
        lines.append(f"[^{footnote.number}]: {markdown(footnote.place)}: {markdown(footnote.quote)} ({where}){address}")
    return "\n".join(lines) + "\n"


def markdown(text: str) -> str:
    """Return text with all that Markdown reads as more than text escaped."""
    escaped = _MARKDOWN.sub(r"\\\1", text).replace("://", ":\\//")
    return _LINE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if not m[2].isdigit() else f"{m[1]}{m[2]}\\", escaped)
