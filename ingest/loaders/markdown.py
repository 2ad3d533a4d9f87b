"""Markdown: what a reader sees, block by block; front matter as fields; a supporter's file as a record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.loaders.characters import decode
from ingest.loaders.front_matter import FrontMatter, split_front_matter
from ingest.loaders.structure import PageWriter, language_code, make_document, says_little
from knowledge_base.language.places import current_code
from knowledge_base.passages import BlockKind, Document, RegisterRecord

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

VERSION = 1
_NESTING_LIMIT = 100
_METADATA = frozenset(
    {"title", "date", "language", "lang", "topics", "tags", "sources", "licence", "layout", "permalink", "slug"}
)
_TEMPLATE_TAG = re.compile(r"\{%[^\n]{0,500}?%\}|\{:[^{}\n]{1,200}\}")
_UNSHOWN = re.compile(r"<(/?)(?:script|style|template)\b", re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


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
    notice = _write_body(writer, split.body)
    page = writer.page()
    return make_document(
        data,
        source,
        page,
        kind="record" if record else "markdown",
        title=record.name if record else front_matter.text("title", "name") or _title(writer, page.text, source),
        language=None if record else language_code(front_matter.text("language", "lang")),
        date=record.joined if record else front_matter.date("date"),
        links=(link for link in front_matter.texts("sources") if link.startswith(("https://", "http://"))),
        record=record,
        notices=(decoded.notice, split.problem, notice),
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


def _title(writer: PageWriter, text: str, source: str) -> str | None:
    headings = [block for block in writer.blocks if block.kind == "heading"]
    first = next((heading for heading in headings if heading.level == 1), None)
    if first is None and len(headings) == 1 and headings[0] == writer.blocks[0] and not says_little(source):
        first = headings[0]
    return text[first.start : first.end] if first else None


def _write_body(writer: PageWriter, body: str) -> str | None:
    """Write the blocks of the body; return a notice where it cannot be read as Markdown."""
    body = _TEMPLATE_TAG.sub("", body)
    if not body.strip():
        return None
    before = len(writer.blocks)
    tokens = _parser().parse(body)
    if any(token.level >= _NESTING_LIMIT - 2 for token in tokens):
        return _write_as_text(writer, body, f"lists or quotes nest deeper than {_NESTING_LIMIT // 2} levels")
    _BodyWriter(writer).write(tokens)
    return None if len(writer.blocks) > before else _write_as_text(writer, body, "as Markdown it shows nothing")


def _write_as_text(writer: PageWriter, body: str, reason: str) -> str:
    from ingest.loaders.text import write_text

    write_text(writer, body)
    return f"The body is read as plain text: {reason}."


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"maxNesting": _NESTING_LIMIT}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


class _BodyWriter:
    """Walks the tokens once and writes a block for each that a reader sees."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self._heading = 0
        self._list_depth = 0
        self._item_starts = False
        self._cells: list[str] | None = None

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            handler = getattr(self, f"_on_{token.type}", None)
            if handler:
                handler(token)

    def _on_heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1])

    def _on_heading_close(self, token: Token) -> None:
        self._heading = 0

    def _on_bullet_list_open(self, token: Token) -> None:
        self._list_depth += 1

    def _on_bullet_list_close(self, token: Token) -> None:
        self._list_depth -= 1

    _on_ordered_list_open, _on_ordered_list_close = _on_bullet_list_open, _on_bullet_list_close

    def _on_list_item_open(self, token: Token) -> None:
        self._item_starts = True

    def _on_tr_open(self, token: Token) -> None:
        self._cells = []

    def _on_tr_close(self, token: Token) -> None:
        self._writer.add("table_row", " | ".join(filter(None, self._cells or [])))
        self._cells = None

    def _on_inline(self, token: Token) -> None:
        text = _shown(token.children or [])
        if self._cells is not None:
            self._cells.append(" ".join(text.split()))
        elif all(child.type == "image" for child in token.children or []):
            self._writer.add("caption", text)
        else:
            self._add(text)

    def _on_fence(self, token: Token) -> None:
        self._add(token.content)

    _on_code_block = _on_fence

    def _on_html_block(self, token: Token) -> None:
        from ingest.loaders.html import write_fragment

        write_fragment(self._writer, token.content)

    def _add(self, text: str) -> None:
        kind: BlockKind = "paragraph"
        level = 0
        if self._heading:
            kind, level = "heading", self._heading
        elif self._list_depth and self._item_starts:
            kind, level = "list_item", self._list_depth
        self._item_starts = False
        self._writer.add(kind, text, level)


def _shown(children: Sequence[Token]) -> str:
    text = re.sub(r"[ \t]+", " ", "".join(_shown_parts(children)))
    return re.sub(r" ?\n ?", "\n", text)


def _shown_parts(children: Sequence[Token]) -> Iterator[str]:
    unshown = 0
    for position, child in enumerate(children):
        if child.type == "html_inline":
            tag = _UNSHOWN.match(child.content)
            unshown = max(0, unshown + (0 if tag is None else -1 if tag[1] else 1))
            if _LINE_BREAK.match(child.content):
                yield "\n"
        elif not unshown:
            yield _shown_text(child, children[position + 1 : position + 2])


def _shown_text(child: Token, following: Sequence[Token]) -> str:
    if child.type == "softbreak":
        return " "
    if child.type == "hardbreak":
        return "\n"
    if child.type == "text" and following and following[0].type == "softbreak" and child.content.endswith("\\"):
        return f"{child.content[:-1]}\n"  # kramdown ends a line with two backslashes
    return child.content
