"""HTML: a walk over all text that a reader sees; navigation is left out only where two judges agree."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ingest.loaders.characters import clean, decode
from ingest.loaders.structure import PageWriter, language_code, make_document, one_line
from knowledge_base.errors import DocumentError
from knowledge_base.passages import BlockKind, Document

if TYPE_CHECKING:
    from lxml.html import HtmlElement, HTMLParser

VERSION = 1
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_DECLARED_WITHIN = 4096
_UNSEEN = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "title",
        "meta",
        "link",
        "iframe",
        "frame",
        "object",
        "embed",
        "applet",
        "svg",
        "canvas",
        "audio",
        "video",
        "select",
        "button",
        "textarea",
        "input",
        "datalist",
        "map",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_BLOCKS = (
    frozenset(
        [
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "center",
            "dd",
            "details",
            "dialog",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "frameset",
            "header",
            "hr",
            "html",
            "legend",
            "li",
            "main",
            "nav",
            "noframes",
            "p",
            "pre",
            "section",
            "summary",
            "table",
            "tbody",
            "tfoot",
            "thead",
            "caption",
        ]
    )
    | _LISTS
)
_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
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
    title, language, date = _first_text(root, "title"), language_code(root.get("lang")), _date(root)
    if _is_whole_page(decoded.text):
        from ingest.loaders.boilerplate import drop_boilerplate

        drop_boilerplate(root)
    writer = PageWriter()
    _Walk(writer).over(root)
    return make_document(
        data,
        source,
        writer.page(),
        kind="html",
        title=title or _first_text(root, "h1"),
        language=language,
        date=date,
        notices=(decoded.notice, notice),
    )


def write_fragment(writer: PageWriter, markup: str) -> None:
    """Write the blocks of a piece of HTML, such as one inside Markdown; a piece without elements writes nothing."""
    from lxml import etree

    try:
        parsed = _parse(markup)
    except etree.ParserError:
        return
    _Walk(writer).over(parsed.root)


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
    return one_line(clean("".join(found.itertext()))) or None if found is not None else None


def _date(root: HtmlElement) -> str | None:
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        found = re.match(r"\d{4}-\d{2}-\d{2}", element.get("content") or "")
        if name in _DATE_NAMES and found:
            return found[0]
    return None


class _Walk:
    """Goes through the elements without recursion and writes a block wherever one ends."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self._text: list[str] = []
        self._kinds: list[tuple[BlockKind, int]] = [("paragraph", 0)]
        self._list_depth = 0
        self._cells: list[str] = []
        self._rows = 0
        self._preformatted = 0

    def over(self, root: HtmlElement) -> None:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                self._leave(element)
            elif _is_hidden(element):
                walk.skip_subtree()
            else:
                self._enter(element)
        self._flush()

    def _enter(self, element: HtmlElement) -> None:
        tag = _tag(element)
        if tag in ("tr", "td", "th"):
            self._enter_table(element, tag)
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._break()
            self._enter_block(tag)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img" and not self._rows and not "".join(self._text).strip():
            self._writer.add("caption", element.get("alt") or "")
        self._take(element.text)

    def _enter_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._kinds.append(("heading", _HEADINGS[tag]))
        elif tag in ("li", "dd"):
            self._kinds.append(("list_item", max(1, self._list_depth)))
        elif tag in ("figcaption", "caption"):
            self._kinds.append(("caption", 0))
        self._list_depth += tag in _LISTS
        self._preformatted += tag == "pre"

    def _leave(self, element: HtmlElement) -> None:
        if not _is_hidden(element):
            self._close(_tag(element))
        self._take(element.tail)

    def _close(self, tag: str) -> None:
        if tag in ("td", "th") and self._rows:
            self._cells.append(self._taken())
        elif tag == "tr" and self._rows:
            self._cells.append(self._taken())
            self._writer.add("table_row", " | ".join(filter(None, self._cells)))
            self._cells, self._rows = [], 0
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._break()
            if tag in _HEADINGS or tag in ("li", "dd", "figcaption", "caption"):
                self._kinds.pop()
            self._list_depth -= tag in _LISTS
            self._preformatted -= tag == "pre"

    def _enter_table(self, element: HtmlElement, tag: str) -> None:
        """Start a row, unless its cells hold headings, lists or tables: such a table is a layout, its cells are blocks."""
        if tag == "tr" and not self._rows:
            self._flush()
            self._rows = int(not _is_layout(element))
        elif not self._rows:
            self._flush()

    def _break(self) -> None:
        if self._rows:
            self._text.append(" ")
        else:
            self._flush()

    def _flush(self) -> None:
        kind, level = self._kinds[-1]
        text = self._taken()
        if text and kind == "list_item":
            self._kinds[-1] = ("paragraph", 0)  # what follows inside the item is no item of its own
        self._writer.add(kind, text, level)

    def _take(self, text: str | None) -> None:
        if text:
            self._text.append(text if self._preformatted else re.sub(r"\s+", " ", text))

    def _taken(self) -> str:
        text = "".join(self._text)
        self._text = []
        if self._preformatted:
            return clean(text).strip("\n")
        return clean(re.sub(r" ?\n ?", "\n", re.sub(r"[^\S\n]+", " ", text))).strip()


def _tag(element: HtmlElement) -> str:
    return element.tag if isinstance(element.tag, str) else ""


def _is_hidden(element: HtmlElement) -> bool:
    attributes: Any = element.attrib
    return (
        _tag(element) in _UNSEEN
        or "hidden" in attributes
        or _HIDDEN_STYLE.search(attributes.get("style", "")[:1000]) is not None
    )


def _is_layout(row: HtmlElement) -> bool:
    return any(True for _ in row.iter("table", "ul", "ol", *_HEADINGS))
