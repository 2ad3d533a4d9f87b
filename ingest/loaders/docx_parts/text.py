"""The text of Word paragraphs as a reader sees it: signs, fields and equations read, what is hidden or struck left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.loaders.docx_parts.styles import Styles
from ingest.loaders.docx_parts.symbols import in_unicode, is_symbol_font, symbol
from ingest.loaders.equations import word_equation
from ingest.loaders.marks import END, LOWERED, NOTE, RAISED, with_marks

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
W = f"{{{MAIN}}}"
VALUE = f"{W}val"
OFF = ("0", "false", "off")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
TEXT_BOX = f"{W}txbxContent"
LEFT_OUT = frozenset({f"{W}del", f"{W}moveFrom", f"{W}pPr", f"{W}rPr", f"{W}sdtPr", FALLBACK})
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_CHARACTERS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_DELETIONS = frozenset({f"{W}del", f"{W}moveFrom"})
_NOTE_KINDS = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|FILENAME|PAGEREF)\b", re.IGNORECASE)
_LINK_FIELD = re.compile(r'\s*HYPERLINK\s+(?:\\[lo]\s+"[^"]*"\s+)*"([^"]+)"', re.IGNORECASE)
_CHECKED, _UNCHECKED = "☒", "☐"


@dataclass(slots=True)
class _Field:
    """An open field: what it says, whether its result has begun, where that stands in the text."""

    said: str = ""
    shows: bool = False
    start: int = 0
    shown: str = ""  # a box or a choice that stands for the result


@dataclass(slots=True)
class Paragraph:
    """A paragraph as read; `links` are (text, address), `is_bold` where all of its letters are."""

    text: str
    links: list[tuple[str, str]]
    is_bold: bool
    boxes: list[Any]


@dataclass(slots=True)
class TextReader:
    """Reads paragraphs in order; counts what it leaves out and collects the notes that the text refers to."""

    styles: Styles
    addresses: Mapping[str, str]
    struck: int = 0
    deleted: int = 0
    unknown_symbols: int = 0
    references: list[tuple[str, str, str]] = field(default_factory=list)  # kind, id, mark of its own
    _fields: list[_Field] = field(default_factory=list)

    def read(self, paragraph: Any) -> Paragraph:  # noqa: ANN401
        """Return the visible text of a paragraph, raised marks not settled; its text boxes are listed beside it."""
        return _ParagraphReader(self, self.styles.style_of(paragraph)).read(paragraph)


class _ParagraphReader:
    def __init__(self, reader: TextReader, style: str | None) -> None:
        self._reader = reader
        self._style = style
        self._parts: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._read_links: list[tuple[str, str]] = []
        self._letters = self._bold_letters = 0
        self._is_struck = self._is_deleted = False
        self._boxes: list[Any] = []

    def read(self, paragraph: Any) -> Paragraph:  # noqa: ANN401
        from lxml import etree

        walk = etree.iterwalk(paragraph, events=("start", "end"))
        for event, element in walk:
            tag = element.tag
            if event == "end":
                if tag == f"{W}hyperlink":
                    self._close_link(*self._links.pop())
            elif tag in LEFT_OUT:
                self._leave_out(element)
                walk.skip_subtree()
            elif tag == _MATH:
                self._parts.append(word_equation(element))
                walk.skip_subtree()
            elif tag == f"{W}hyperlink":
                self._links.append((self._reader.addresses.get(element.get(_ID), ""), len(self._parts)))
            elif tag == f"{W}fldSimple" and _PAGE_FIELD.match(element.get(f"{W}instr", "")):
                walk.skip_subtree()
            elif tag == f"{W}r":
                self._run(element)
                walk.skip_subtree()
        is_bold = self._letters > 0 and self._bold_letters == self._letters
        return Paragraph("".join(self._parts), self._read_links, is_bold, self._boxes)

    def _leave_out(self, element: Any) -> None:  # noqa: ANN401
        if element.tag in _DELETIONS:
            self._reader.deleted += not self._is_deleted and next(element.iter(f"{W}delText", f"{W}t"), None) is not None
            self._is_deleted = True

    def _run(self, run: Any) -> None:  # noqa: ANN401
        from lxml import etree

        look = self._reader.styles.look(run, self._style)
        if look.struck and not look.hidden and self._says_something(run):
            self._reader.struck += not self._is_struck
            self._is_struck = True
        is_shown = not (look.hidden or look.struck)
        before = len(self._parts)
        walk = etree.iterwalk(run, events=("start",))
        for _, element in walk:
            if element.tag in LEFT_OUT:
                walk.skip_subtree()
            elif element.tag == TEXT_BOX:
                walk.skip_subtree()
                if not look.hidden:
                    self._boxes.append(element)
            elif element.tag in (f"{W}fldChar", f"{W}instrText"):
                self._field(element, is_shown=is_shown)
            elif is_shown and not self._is_in_page_field():
                self._take(element, look.font)
        text = "".join(self._parts[before:])
        if text.strip():
            self._is_struck = self._is_deleted = False
            self._letters += len(text.split())
            self._bold_letters += look.bold * len(text.split())
            if look.line and NOTE not in text:
                self._parts[before:] = [RAISED if look.line == "superscript" else LOWERED, text, END]

    def _says_something(self, run: Any) -> bool:  # noqa: ANN401
        return any((text.text or "").strip() for text in run.iter(f"{W}t"))

    def _take(self, element: Any, font: str) -> None:  # noqa: ANN401
        tag = element.tag
        if tag == f"{W}t":
            text = element.text or ""
            self._parts.append(in_unicode(font, text) if is_symbol_font(font) else with_marks(_private_signs(text)))
        elif tag == f"{W}sym":
            self._parts.append(self._symbol(element))
        elif tag in _NOTE_KINDS:
            self._note(element)
        elif tag == _MATH:
            self._parts.append(word_equation(element))
        elif isinstance(tag, str) and tag.startswith(W):
            self._parts.append(_CHARACTERS.get(tag.removeprefix(W), ""))

    def _symbol(self, element: Any) -> str:  # noqa: ANN401
        code = element.get(f"{W}char", "")
        found = symbol(element.get(f"{W}font", ""), int(code, 16)) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else None
        self._reader.unknown_symbols += found is None
        return found or ""

    def _note(self, element: Any) -> None:  # noqa: ANN401
        own = ""
        if element.get(f"{W}customMarkFollows") not in (None, *OFF):
            following = element.getnext()
            own = (following.text or "") if following is not None and following.tag == f"{W}t" else ""
            if own:
                following.text = ""
        self._reader.references.append((_NOTE_KINDS[element.tag], element.get(f"{W}id", ""), own.strip()))
        self._parts.append(NOTE)

    def _field(self, element: Any, *, is_shown: bool) -> None:  # noqa: ANN401
        fields = self._reader._fields  # noqa: SLF001
        kind = element.get(f"{W}fldCharType")
        if element.tag == f"{W}instrText":
            if fields:
                fields[-1].said += element.text or ""
        elif kind == "begin":
            fields.append(_Field(shown=_form_value(element)))
        elif kind == "separate" and fields:
            fields[-1].shows, fields[-1].start = True, len(self._parts)
        elif kind == "end" and fields:
            self._end_field(fields.pop(), is_shown=is_shown)

    def _end_field(self, ended: _Field, *, is_shown: bool) -> None:
        if ended.shown and is_shown:
            self._parts.append(ended.shown)
        link = _LINK_FIELD.match(ended.said)
        if link and ended.start <= len(self._parts):
            self._read_links.append(("".join(self._parts[ended.start :]), link[1]))

    def _is_in_page_field(self) -> bool:
        return any(not one.shows or _PAGE_FIELD.match(one.said) for one in self._reader._fields)  # noqa: SLF001

    def _close_link(self, address: str, start: int) -> None:
        if address:
            self._read_links.append(("".join(self._parts[start:]), address))


def _private_signs(text: str) -> str:
    """Read the signs of Wingdings that stand in a text as private characters."""
    if not any("\uf000" <= letter <= "\uf0ff" for letter in text):
        return text
    return "".join((symbol("wingdings", ord(letter)) or "") if "\uf000" <= letter <= "\uf0ff" else letter for letter in text)


def _form_value(element: Any) -> str:  # noqa: ANN401
    """Return what an old form field shows that has no text of its own: a box, or the choice of a list."""
    box = element.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        checked = box.find(f"{W}checked")
        checked = box.find(f"{W}default") if checked is None else checked
        return _CHECKED if checked is not None and checked.get(VALUE) not in OFF else _UNCHECKED
    choices = element.find(f"{W}ffData/{W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(VALUE, "") for entry in choices.iterchildren(f"{W}listEntry")]
    result = choices.find(f"{W}result")
    chosen = int(result.get(VALUE, "0")) if result is not None and result.get(VALUE, "0").isdigit() else 0
    return entries[chosen] if chosen < len(entries) else ""
