"""Go through the elements of HTML in the order in which they are read and write the blocks of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.loaders.characters import clean
from ingest.loaders.html_elements.inline import CHECKED, UNCHECKED, InlineText, names
from ingest.loaders.html_elements.notes import LABEL
from ingest.loaders.html_elements.seen import is_hidden, tag_of
from ingest.loaders.html_elements.tables import one_row, read_data, row_cells, stray_texts
from ingest.loaders.labels import label_of, letter, mark_label, roman
from ingest.loaders.marks import leading_note, settle
from ingest.loaders.structure import PageWriter
from ingest.loaders.tables import bare_row, is_marked, reads_as_row, write_table
from knowledge_base.passages import BlockKind

if TYPE_CHECKING:
    from lxml.html import HtmlElement

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
            "button",
            "caption",
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
        ]
    )
    | _LISTS
)
_MOST_NESTED_TABLES = 8
_LONGEST_TERM = 80
_NUMBER = re.compile(r"\(?\d{1,3}[.)]?|\([a-z]{1,2}\)")
_CENTRED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
_TITLE_NAMES = frozenset({"title", "heading", "subtitle", "subheading", "ti", "sti", "center", "centered", "centre"})
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:[^;]*?(none|(?:lower|upper)-(?:alpha|latin|roman)|decimal)", re.IGNORECASE)
_TYPES = {
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
}


def write_elements(writer: PageWriter, root: HtmlElement) -> None:
    """Write what a reader sees of `root` as blocks."""
    _Walk(writer).over(root)


@dataclass(slots=True)
class _Numbers:
    """The numbers of an ordered list; `step` is -1 where they count down."""

    next: int
    step: int
    style: str

    def label(self, item: HtmlElement) -> str:
        """Return the label of the next item, "" where the list shows none."""
        value = _whole(item.get("value"))
        number = self.next if value is None else value
        self.next = number + self.step
        style = item.get("type") or self.style
        written = {"a": letter, "i": roman}.get(style.lower(), str)(number)
        return "" if style == "none" else label_of(written.upper() if style in ("A", "I") else written)


@dataclass(slots=True)
class _Open:
    """What the next block is; `label` is that of its list item or note."""

    kind: BlockKind
    level: int
    label: str = ""


class _Walk:
    """Goes through the elements without recursion and writes a block wherever one ends."""

    def __init__(self, writer: PageWriter) -> None:
        self._writer = writer
        self._inline = InlineText(writer)
        self._open: list[_Open] = [_Open("paragraph", 0)]
        self._lists: list[_Numbers | None] = []
        self._marked: list[HtmlElement] = []  # cells of layout tables that hold what a list's mark stands before
        self._rows: list[tuple[HtmlElement, HtmlElement] | None] = []  # of each open row: a list's mark and what it marks
        self._tables: list[bool] = []  # of each open layout table: whether the page says that it is one
        self._note = ""
        self._number = ""  # that stands alone before a paragraph
        self._term = ""  # of a list of definitions, before what it means
        self._emphasised = False

    def over(self, root: HtmlElement) -> None:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = tag_of(element)
            if event == "end":
                if not is_hidden(element):
                    self._leave(element, tag)
                self._inline.take(element.tail)
            elif is_hidden(element) or self._enter(element, tag):
                walk.skip_subtree()
        self._flush()

    def _enter(self, element: HtmlElement, tag: str) -> bool:
        """Begin an element; return whether it is read whole."""
        if tag in ("table", "tr", "td", "th"):
            return self._enter_table(element, tag)
        if tag in _BLOCKS or tag in _HEADINGS:
            self._flush(is_before_text=tag in ("p", "div"))
            self._enter_block(element, tag)
        elif tag == "img":
            alt = element.get("alt") or ""
            if self._inline.is_blank:
                self._writer.add("caption", clean(alt))
        if element.get(LABEL):
            self._note = f"note {element.get(LABEL)}"
        return self._inline.enter(tag, element)

    def _enter_block(self, element: HtmlElement, tag: str) -> None:
        if tag in _HEADINGS:
            self._open.append(_Open("heading", _HEADINGS[tag]))
        elif tag in ("li", "dd"):
            numbers = self._lists[-1] if tag == "li" and self._lists else None
            self._open.append(_Open("list_item", max(1, len(self._lists)), numbers.label(element) if numbers else ""))
        elif tag in ("figcaption", "caption"):
            self._open.append(_Open("caption", 0))
        elif tag in _LISTS:
            self._lists.append(_numbers(element) if tag == "ol" else None)
        elif tag in ("p", "div", "center"):
            self._emphasised = _is_emphasised(element, tag)
        self._inline.preformatted += tag == "pre"

    def _leave(self, element: HtmlElement, tag: str) -> None:
        self._inline.leave(tag, element)
        if tag == "dt":
            self._leave_term()
        elif tag == "dl" and self._term:
            self._flush()
            self._writer.add("paragraph", self._term)
            self._term = ""
        if tag in _BLOCKS or tag in _HEADINGS or tag in ("td", "th", "tr"):
            self._flush()
            self._emphasised = False
            if tag in _HEADINGS or tag in ("li", "dd", "figcaption", "caption"):
                self._open.pop()
            elif self._marked and element is self._marked[-1]:
                self._marked.pop()
                self._open.pop()
            elif tag in _LISTS and self._lists:
                self._lists.pop()
            elif tag == "tr":
                self._rows.pop()
            elif tag == "table":
                self._tables.pop()
            self._inline.preformatted -= tag == "pre"

    def _enter_table(self, element: HtmlElement, tag: str) -> bool:
        self._flush()
        if tag == "table":
            self._tables.append((element.get("role") or "").lower() in ("presentation", "none"))
            read = read_data(element, self._writer) if len(self._tables) <= _MOST_NESTED_TABLES else None
            if read is None:
                return False
            for caption in element.iterchildren("caption"):
                self._writer.add("caption", clean(" ".join("".join(caption.itertext()).split())))
            write_table(self._writer, *read)
            for text in stray_texts(element):
                self._writer.add("paragraph", clean(text))
            return True
        if tag == "tr":
            return self._enter_row(element)
        marked = self._rows[-1] if self._rows else None
        if marked and element is marked[0]:
            return True
        if marked and element is marked[1]:
            self._marked.append(element)
            label = mark_label("".join(marked[0].itertext()))
            self._open.append(_Open("list_item", len(self._lists) + len(self._marked), label))
        self._inline.take(element.text)
        return False

    def _enter_row(self, row: HtmlElement) -> bool:
        """Write a row of short cells as one; the cells of another row of a layout table are blocks."""
        self._rows.append(None)
        if len(self._tables) > _MOST_NESTED_TABLES:
            return False
        pairs = zip(row_cells(row), one_row(row, PageWriter()), strict=True)
        filled = [(element, cell) for element, cell in pairs if cell.text or cell.holds_blocks]
        cells = [cell for _, cell in filled]
        if is_marked(cells):
            self._rows[-1] = (filled[0][0], filled[1][0])
            return False
        if not reads_as_row(cells) or (self._tables and self._tables[-1]):
            return False
        self._writer.add("table_row", bare_row(cells))
        return True

    def _flush(self, *, is_before_text: bool = False) -> None:
        text = self._inline.taken()
        if not text or text in (CHECKED, UNCHECKED):
            return
        here = self._open[-1]
        if is_before_text and here.kind == "paragraph" and _NUMBER.fullmatch(text):
            self._number = label_of(text)
            return
        mark, text = leading_note(text)
        label = (f"note {mark}" if mark else self._note) or here.label or self._number
        text = self._defined(clean(settle(text)), here)
        self._writer.add(
            here.kind, text, here.level, label or (None if self._inline.was_entry else ""), emphasised=self._emphasised
        )
        self._note = self._number = ""
        if here.kind == "list_item":
            self._open[-1] = _Open("paragraph", 0)  # what follows inside the item is no item of its own

    def _defined(self, text: str, here: _Open) -> str:
        """Return what a term means behind the term, as far as one is open; it stands alone before anything else."""
        term, self._term = self._term, ""
        if term and here.kind == "list_item":
            return f"{term} {text}" if term.endswith((":", "?", "–", "—")) else f"{term}: {text}"
        self._writer.add("paragraph", term)
        return text

    def _leave_term(self) -> None:
        """Keep a short term for what is said of it; several that mean the same are told in a row."""
        text = self._inline.taken()
        term = clean(settle(text))
        if self._term and term:
            term = f"{self._term}, {term}"
        self._term = term if len(term) <= _LONGEST_TERM and "\n" not in term else ""
        if not self._term:
            self._writer.add("paragraph", term)


def _numbers(element: HtmlElement) -> _Numbers:
    style = _LIST_STYLE.search((element.get("style") or "")[:500])
    named = style[1].lower() if style else ""
    is_reversed = "reversed" in element.attrib
    start = _whole(element.get("start"))
    if start is None:
        start = sum(1 for _ in element.iterchildren("li")) if is_reversed else 1
    return _Numbers(
        start, -1 if is_reversed else 1, _TYPES.get(named, named if named == "none" else element.get("type") or "1")
    )


def _whole(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None


def _is_emphasised(element: HtmlElement, tag: str) -> bool:
    """Tell whether a paragraph is set in the middle, in bold, or named a title by its class."""
    if tag == "center" or (element.get("align") or "").lower() == "center" or names(element) & _TITLE_NAMES:
        return True
    if _CENTRED.search((element.get("style") or "")[:500]):
        return True
    children = list(element[:2])
    is_alone = len(children) == 1 and not (element.text or "").strip() and not (children[0].tail or "").strip()
    return is_alone and tag_of(children[0]) in ("b", "strong")
