"""What a Word style means: heading, list item, caption; hidden, struck, raised, bold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge_base.passages import BlockKind

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_OFF = frozenset({"0", "false", "off"})
_HEADING = re.compile(r"heading (\d)")
_CONTENTS = re.compile(r"toc \d|table of figures")
_INHERITANCE_LIMIT = 12
_SWITCHES = ("vanish", "strike", "dstrike", "b")
_FONT_OF = (f"{_W}ascii", f"{_W}hAnsi", f"{_W}cs")


class Look(NamedTuple):
    """How a run looks; `line` is "superscript", "subscript" or "" for text on the line."""

    hidden: bool = False
    struck: bool = False
    bold: bool = False
    line: str = ""
    font: str = ""


class Numbered(NamedTuple):
    """The list of a paragraph by its number in the document, and its level from 0."""

    number: str
    level: int


class Styles:
    """The styles of one document, by id."""

    def __init__(self, word: WordDocument) -> None:
        self._by_id: dict[str, Any] = {}
        self._default: str | None = None
        for style in word.styles.element.iter(f"{_W}style"):
            self._by_id[style.get(f"{_W}styleId")] = style
            if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") not in (None, *_OFF):
                self._default = style.get(f"{_W}styleId")
        self._looks: dict[str | None, dict[str, str]] = {}

    def kind(self, paragraph: Any) -> tuple[BlockKind, int]:  # noqa: ANN401
        """Return the block kind and level of a paragraph, from its own properties and its chain of styles."""
        properties = [element for element in self._properties(paragraph) if element is not None]
        names = [_name(style) for style in self._chain(_reference(paragraph, "pPr", "pStyle"))]
        if any(_CONTENTS.fullmatch(name) for name in names[:1]):
            return "table_row", 0
        level = _heading_level(names, properties)
        if level:
            return "heading", level
        for element in properties:
            numbering = element.find(f"{_W}numPr")
            if numbering is not None:
                return _item(numbering)
        if any(name.startswith("list ") or name == "list" for name in names):
            return "list_item", 1
        return ("caption", 0) if "caption" in names else ("paragraph", 0)

    def numbered(self, paragraph: Any) -> tuple[Numbered, str] | None:  # noqa: ANN401
        """Return the list that numbers a paragraph, and the id of the style that says so, "" for its own properties."""
        own = _number_of(paragraph.find(f"{_W}pPr"))
        if own:
            inherited = next(filter(None, (_number_of(style.find(f"{_W}pPr")) for style in self._styles(paragraph))), None)
            number = own.number or (inherited.number if inherited else "")
            return None if number in ("", "0") else (Numbered(number, max(0, own.level)), "")
        for style in self._styles(paragraph):
            found = _number_of(style.find(f"{_W}pPr"))
            if found:
                if found.number == "0":
                    return None
                if found.number:
                    return found, style.get(f"{_W}styleId")
        return None

    def look(self, run: Any, paragraph_style: str | None) -> Look:  # noqa: ANN401
        """Return how a run looks: by its own properties, its style, or its paragraph's."""
        own = run.find(f"{_W}rPr")
        found = self._look_of_style(paragraph_style if paragraph_style in self._by_id else self._default)
        if own is not None:
            pointer = own.find(f"{_W}rStyle")
            if pointer is not None:
                found = found | self._look_of_style(pointer.get(_VALUE))
            found = found | _said(own)
        on = {name for name in _SWITCHES if found.get(name) == "on"}
        struck = "strike" in on or "dstrike" in on
        return Look("vanish" in on, struck, "b" in on, found.get("vertAlign", ""), found.get("font", ""))

    def style_of(self, paragraph: Any) -> str | None:  # noqa: ANN401
        """Return the id of a paragraph's style."""
        pointer = _reference(paragraph, "pPr", "pStyle")
        return pointer.get(_VALUE) if pointer is not None else None

    def is_centred(self, paragraph: Any) -> bool:  # noqa: ANN401
        """Tell whether a paragraph is set in the middle."""
        for properties in self._properties(paragraph):
            place = properties.find(f"{_W}jc") if properties is not None else None
            if place is not None:
                return bool(place.get(_VALUE) == "center")
        return False

    def first_row_is_bold(self, table: Any) -> bool:  # noqa: ANN401
        """Tell whether the style of a table sets its first row in bold."""
        properties = table.find(f"{_W}tblPr")
        look = properties.find(f"{_W}tblLook") if properties is not None else None
        pointer = properties.find(f"{_W}tblStyle") if properties is not None else None
        if look is None or pointer is None:
            return False
        is_on = look.get(f"{_W}firstRow") not in (None, *_OFF) or _has_bit(look.get(_VALUE), 0x20)
        parts = (part for style in self._chain(pointer) for part in style.iterchildren(f"{_W}tblStylePr"))
        return is_on and any(part.get(f"{_W}type") == "firstRow" and _is_on(part.find(f"{_W}rPr/{_W}b")) for part in parts)

    def _look_of_style(self, identifier: str | None) -> dict[str, str]:
        if identifier not in self._looks:
            said: dict[str, str] = {}
            style = self._by_id.get(identifier or "")
            for one in reversed(list(self._chain_from(style))):
                properties = one.find(f"{_W}rPr")
                said |= _said(properties) if properties is not None else {}
            self._looks[identifier] = said
        return self._looks[identifier]

    def _properties(self, paragraph: Any) -> Iterator[Any]:  # noqa: ANN401
        yield paragraph.find(f"{_W}pPr")
        for style in self._styles(paragraph):
            yield style.find(f"{_W}pPr")

    def _styles(self, paragraph: Any) -> Iterator[Any]:  # noqa: ANN401
        return self._chain(_reference(paragraph, "pPr", "pStyle"))

    def _chain(self, pointer: Any) -> Iterator[Any]:  # noqa: ANN401
        """Yield the style that `pointer` names and those that it is based on."""
        return self._chain_from(self._by_id.get(pointer.get(_VALUE)) if pointer is not None else None)

    def _chain_from(self, style: Any) -> Iterator[Any]:  # noqa: ANN401
        for _ in range(_INHERITANCE_LIMIT):
            if style is None:
                return
            yield style
            pointer = style.find(f"{_W}basedOn")
            style = self._by_id.get(pointer.get(_VALUE)) if pointer is not None else None


def _reference(element: Any, properties: str, reference: str) -> Any:  # noqa: ANN401
    return element.find(f"{_W}{properties}/{_W}{reference}")


def _said(properties: Any) -> dict[str, str]:  # noqa: ANN401
    """Return what run properties say themselves."""
    said: dict[str, str] = {}
    for child in properties:
        name = child.tag.removeprefix(_W) if isinstance(child.tag, str) else ""
        if name in _SWITCHES:
            said[name] = "on" if _is_on(child) else "off"
        elif name == "vertAlign":
            said[name] = child.get(_VALUE, "").replace("baseline", "")
        elif name == "rFonts":
            said["font"] = next(filter(None, map(child.get, _FONT_OF)), "")
    return said


def _name(style: Any) -> str:  # noqa: ANN401
    name = style.find(f"{_W}name")
    return str(name.get(_VALUE) or "").lower() if name is not None else ""


def _heading_level(names: list[str], properties: list[Any]) -> int:
    for name in names:
        found = _HEADING.fullmatch(name)
        if name == "title" or found:
            return min(6, max(1, int(found[1]))) if found else 1
    for element in properties:
        outline = element.find(f"{_W}outlineLvl")
        level = outline.get(_VALUE) if outline is not None else None
        if level and level.isdigit() and int(level) < 6:
            return int(level) + 1
    return 0


def _item(numbering: Any) -> tuple[BlockKind, int]:  # noqa: ANN401
    number, depth = numbering.find(f"{_W}numId"), numbering.find(f"{_W}ilvl")
    if number is not None and number.get(_VALUE) == "0":
        return "paragraph", 0
    value = depth.get(_VALUE) if depth is not None else None
    return "list_item", 1 + int(value) if value and value.isdigit() else 1


def _number_of(properties: Any) -> Numbered | None:  # noqa: ANN401
    """Return the list that properties name, its level -1 where they do not say it; None where they name none."""
    numbering = properties.find(f"{_W}numPr") if properties is not None else None
    if numbering is None:
        return None
    number, depth = numbering.find(f"{_W}numId"), numbering.find(f"{_W}ilvl")
    value = depth.get(_VALUE) if depth is not None else None
    level = int(value) if value and value.isdigit() else -1
    return Numbered(number.get(_VALUE, "") if number is not None else "", level)


def _has_bit(value: str | None, bit: int) -> bool:
    return value is not None and re.fullmatch(r"[0-9A-Fa-f]{1,4}", value) is not None and bool(int(value, 16) & bit)


def _is_on(switch: Any) -> bool:  # noqa: ANN401
    return switch is not None and switch.get(_VALUE) not in _OFF
