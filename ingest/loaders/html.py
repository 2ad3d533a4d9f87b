"""HTML: a walk over all text that a reader sees; navigation is left out only where two judges agree."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from ingest.loaders.characters import clean, decode
from ingest.loaders.html_elements.notes import tie_notes
from ingest.loaders.html_elements.prepare import prepare
from ingest.loaders.html_elements.walk import write_elements
from ingest.loaders.opening import is_junk_title
from ingest.loaders.structure import PageWriter, language_code, make_document, one_line, struck_notice
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement, HTMLParser

VERSION = 4
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_DECLARED_WITHIN = 4096
_INTERNAL_SUBSET = re.compile(r"<!DOCTYPE[^<>\[]{0,500}\[[^\]]{0,100000}\]\s*>", re.IGNORECASE)
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_DATE_NAMES = frozenset({"article:published_time", "date", "dc.date", "dcterms.date", "dc.date.issued", "datepublished"})


def load(data: bytes, source: str) -> Document:
    """Return the document of an HTML file or fragment. Raise DocumentError where it has no text."""
    from lxml import etree

    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    decoded = decode(data, declared[1].decode("ascii", "ignore") if declared else None)
    try:
        root, notice = _parse(decoded.text)
    except etree.ParserError as error:
        raise DocumentError(f"{source} has no text.", "Check that the page was saved with its content.") from error
    struck = prepare(root)
    title, language, date = _first_text(root, "title"), language_code(root.get("lang")), _date(root)
    if _is_whole_page(decoded.text):
        from ingest.loaders.html_elements.boilerplate import drop_boilerplate

        drop_boilerplate(root)
    tie_notes(root)
    writer = PageWriter()
    write_elements(writer, root)
    title = writer.first_heading(1) if is_junk_title(title or "") else title
    left_out = writer.add_links()
    return make_document(
        data,
        source,
        writer.page(),
        kind="html",
        title=title,
        language=language,
        date=date,
        notices=(decoded.notice, notice, struck_notice(struck + writer.struck), left_out),
    )


def write_fragment(writer: PageWriter, markup: str) -> None:
    """Write the blocks of a piece of HTML, such as one inside Markdown; a piece without elements writes nothing."""
    from lxml import etree

    try:
        parsed = _parse(markup)
    except etree.ParserError:
        return
    writer.struck += prepare(parsed.root)
    tie_notes(parsed.root)
    write_elements(writer, parsed.root)


class _Parsed(NamedTuple):
    root: HtmlElement
    notice: str | None = None


def _parse(markup: str) -> _Parsed:
    """Return the tree of `markup`, or its text alone where it nests too deeply. Raise etree.ParserError where it is empty."""
    parser = _parser()
    root = _root(_INTERNAL_SUBSET.sub("", markup, count=1), parser)
    if not any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        return _Parsed(root)
    text = html.unescape(_TAG.sub("\n", _SCRIPT.sub("", markup)))
    notice = "Its elements nest too deeply: the text between the tags is read, without structure."
    return _Parsed(_root(f"<pre>{html.escape(text)}</pre>", _parser()), notice)


def _parser() -> HTMLParser:
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)


def _root(markup: str, parser: HTMLParser) -> HtmlElement:
    from lxml.html import document_fromstring

    return document_fromstring(markup.encode("utf-8"), parser=parser)


def _is_whole_page(text: str) -> bool:
    return re.search(r"<(?:html|body)\b", text, re.IGNORECASE) is not None


def _first_text(root: HtmlElement, tag: str) -> str | None:
    found = next(root.iter(tag), None)
    if found is None:
        return None
    text = one_line(clean("".join(found.itertext())))
    return html.unescape(text) or None


def _date(root: HtmlElement) -> str | None:
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        found = re.match(r"\d{4}-\d{2}-\d{2}", element.get("content") or "")
        if name in _DATE_NAMES and found:
            return found[0]
    return None
