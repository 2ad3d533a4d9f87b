"""Markdown: what a reader sees, block by block; front matter as fields; a supporter's file as a record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.loaders.characters import decode
from ingest.loaders.markdown_dialects.blocks import BlockWriter
from ingest.loaders.markdown_dialects.front_matter import FrontMatter, split_front_matter
from ingest.loaders.markdown_dialects.rewriting import rewrite
from ingest.loaders.opening import says_little
from ingest.loaders.structure import PageWriter, language_code, make_document, struck_notice
from knowledge_base.language.places import current_code
from knowledge_base.passages import Document, RegisterRecord

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

VERSION = 4
_NESTING_LIMIT = 100
_METADATA = frozenset(
    {"title", "date", "language", "lang", "topics", "tags", "sources", "licence", "layout", "permalink", "slug"}
)
_TEMPLATE_TAG = re.compile(r"\{%[^\n]{0,500}?%\}|\{:[^{}\n]{1,200}\}")


def load(data: bytes, source: str) -> Document:
    """Return the document of a Markdown file. Raise DocumentError where it has no text."""
    decoded = decode(data)
    split = split_front_matter(decoded.text)
    front_matter = split.front_matter
    record = _record(front_matter)
    writer = PageWriter()
    for key, lines in front_matter.lines.items():
        if record or key not in _METADATA:
            writer.add("field", lines)
    notices = _write_body(writer, split.body)
    title = _title(writer, source)
    left_out = writer.add_links()
    return make_document(
        data,
        source,
        writer.page(),
        kind="record" if record else "markdown",
        title=record.name if record else front_matter.text("title", "name") or title,
        language=None if record else language_code(front_matter.text("language", "lang")),
        date=record.joined if record else front_matter.date("date"),
        links=(link for link in front_matter.texts("sources") if link.startswith(("https://", "http://"))),
        record=record,
        notices=(decoded.notice, split.problem, *notices, struck_notice(writer.struck), left_out),
    )


def _record(front_matter: FrontMatter) -> RegisterRecord | None:
    keys = front_matter.values.keys()
    name = front_matter.text("name")
    if name is None or "category" not in keys or not keys & {"nationality", "nature"}:
        return None
    website = front_matter.text("website") or ""
    return RegisterRecord(
        name=name,
        category=front_matter.text("category") or "",
        nature=front_matter.text("nature") or "",
        country=current_code(front_matter.text("nationality")),
        joined=front_matter.date("date_signed"),
        website=website if website.startswith(("https://", "http://")) else None,
    )


def _title(writer: PageWriter, source: str) -> str | None:
    headings = [block for block in writer.blocks if block.kind == "heading"]
    first = next((heading for heading in headings if heading.level == 1), None)
    if first is None and len(headings) == 1 and headings[0] == writer.blocks[0] and not says_little(source):
        first = headings[0]
    return writer.page().text[first.start : first.end] if first else None


def _write_body(writer: PageWriter, body: str) -> tuple[str | None, ...]:
    """Write the blocks of the body; return notices, such as that it cannot be read as Markdown."""
    rewritten = rewrite(_TEMPLATE_TAG.sub("", body))
    writer.struck += rewritten.struck
    if not rewritten.body.strip() and not rewritten.notes:
        return ()
    before = len(writer.blocks)
    tokens = _parser().parse(rewritten.body)
    if any(token.level >= _NESTING_LIMIT - 2 for token in tokens):
        return (_write_as_text(writer, body, f"lists or quotes nest deeper than {_NESTING_LIMIT // 2} levels"),)
    blocks = BlockWriter(writer)
    blocks.write(tokens)
    for number, text in blocks.notes(rewritten.notes):
        blocks.write_note(number, _parser().parse(text))
    if len(writer.blocks) == before and not writer.struck:
        return (_write_as_text(writer, body, "as Markdown it shows nothing"),)
    return ()


def _write_as_text(writer: PageWriter, body: str, reason: str) -> str:
    from ingest.loaders.text import write_text

    write_text(writer, body)
    return f"The body is read as plain text: {reason}."


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"maxNesting": _NESTING_LIMIT}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
