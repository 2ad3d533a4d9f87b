"""What a Word style means for its paragraphs: heading, list item, hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from knowledge_base.passages import BlockKind

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_OFF = frozenset({"0", "false", "off"})
_HEADING = re.compile(r"heading (\d)")
_INHERITANCE_LIMIT = 12


class Styles:
    """The styles of one document, by id."""

    def __init__(self, word: WordDocument) -> None:
        self._by_id: dict[str, Any] = {style.get(f"{_W}styleId"): style for style in word.styles.element.iter(f"{_W}style")}

    def kind(self, paragraph: Any) -> tuple[BlockKind, int]:  # noqa: ANN401
        """Return the block kind and level of a paragraph, from its own properties and its chain of styles."""
        properties = [element for element in self._properties(paragraph, "pPr", "pStyle") if element is not None]
        names = [self._name(style) for style in self._chain(paragraph, "pPr", "pStyle")]
        level = self._heading_level(names, properties)
        if level:
            return "heading", level
        for element in properties:
            numbering = element.find(f"{_W}numPr")
            if numbering is not None:
                return self._item(numbering)
        if any(name.startswith("list ") or name == "list" for name in names):
            return "list_item", 1
        return ("caption", 0) if "caption" in names else ("paragraph", 0)

    def hides_paragraph(self, paragraph: Any) -> bool:  # noqa: ANN401
        """Tell whether the paragraph's style hides its text."""
        return any(_is_on(style.find(f"{_W}rPr/{_W}vanish")) for style in self._chain(paragraph, "pPr", "pStyle"))

    def hides_run(self, run: Any) -> bool:  # noqa: ANN401
        """Tell whether a run is hidden, by itself or by its style."""
        own = run.find(f"{_W}rPr/{_W}vanish")
        if own is not None:
            return _is_on(own)
        return any(_is_on(style.find(f"{_W}rPr/{_W}vanish")) for style in self._chain(run, "rPr", "rStyle"))

    def _properties(self, element: Any, properties: str, reference: str) -> Iterator[Any]:  # noqa: ANN401
        yield element.find(f"{_W}{properties}")
        for style in self._chain(element, properties, reference):
            yield style.find(f"{_W}{properties}")

    def _chain(self, element: Any, properties: str, reference: str) -> Iterator[Any]:  # noqa: ANN401
        """Yield the style of an element and those that it is based on."""
        pointer = element.find(f"{_W}{properties}/{_W}{reference}")
        for _ in range(_INHERITANCE_LIMIT):
            style = self._by_id.get(pointer.get(_VALUE)) if pointer is not None else None
            if style is None:
                return
            yield style
            pointer = style.find(f"{_W}basedOn")

    def _name(self, style: Any) -> str:  # noqa: ANN401
        name = style.find(f"{_W}name")
        return str(name.get(_VALUE) or "").lower() if name is not None else ""

    def _heading_level(self, names: list[str], properties: list[Any]) -> int:
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

    def _item(self, numbering: Any) -> tuple[BlockKind, int]:  # noqa: ANN401
        number, depth = numbering.find(f"{_W}numId"), numbering.find(f"{_W}ilvl")
        if number is not None and number.get(_VALUE) == "0":
            return "paragraph", 0
        value = depth.get(_VALUE) if depth is not None else None
        return "list_item", 1 + int(value) if value and value.isdigit() else 1


def _is_on(switch: Any) -> bool:  # noqa: ANN401
    return switch is not None and switch.get(_VALUE) not in _OFF
