"""Bring a page into the form that its reader sees: shadow roots in place, folded panels opened, struck text taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ingest.loaders.html_elements.seen import READ, is_hidden, is_read_button, tag_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_STRUCK_TAGS = ("del", "s", "strike")
_LINE_THROUGH = re.compile(r"text-decoration(?:-line)?\s*:[^;}]*line-through", re.IGNORECASE)
_STRUCK_RULE = re.compile(r"([^{}]{1,300})\{[^{}]{0,2000}?text-decoration(?:-line)?\s*:[^;}]{0,100}line-through", re.IGNORECASE)
_CLASS = re.compile(r"(?:^|,)\s*[a-z]*\.([\w-]+)\s*(?=,|$)", re.IGNORECASE)
_SHEET_LIMIT = 500_000
_NEAR = 40
_NO_PANEL_TAGS = frozenset({"nav", "menu", "ul", "dialog", "header", "footer", "form", "script", "style", "template", "button"})
_NO_PANEL_ROLES = frozenset({"menu", "dialog", "listbox", "navigation", "alertdialog", "tooltip", "search"})


def prepare(root: HtmlElement) -> int:
    """Change `root` in place; return how many struck passages were taken out."""
    _open_shadow_roots(root)
    _open_panels(root)
    return _drop_struck(root)


def _open_shadow_roots(root: HtmlElement) -> None:
    """Read declared shadow roots in place of their host's children, which go where the slots stand."""
    for template in list(root.iter("template")):
        if not (template.get("shadowrootmode") or template.get("shadowroot")) or template.getparent() is None:
            continue
        host = template.getparent()
        light = [child for child in host if child is not template]
        template.tag = "div"
        slots = {slot.get("name") or "": slot for slot in template.iter("slot")}
        default = slots.get("")
        if default is not None and (any(not child.get("slot") for child in light) or (template.tail or "").strip()):
            _empty(default)
            default.text, template.tail = template.tail, None
        for child in light:
            slot = slots.get(child.get("slot") or "")
            if slot is None:
                continue
            if slot.get(READ) is None and slot is not default:
                _empty(slot)
                slot.set(READ, "")
            slot.append(child)


def _empty(element: HtmlElement) -> None:
    for child in list(element):
        element.remove(child)
    element.text = None


def _open_panels(root: HtmlElement) -> None:
    """Mark the panels that a button, a tab or a heading unfolds, and the buttons that stand before them."""
    controlled = set(_controlled(root))
    for element in list(root.iter("div", "section", "p", "dd", "article", "td", "tr", "span", "aside", "ol")):
        if not is_hidden(element) or _is_no_panel(element):
            continue
        opener = _opener(element)
        if element.get("id") in controlled or element.get("role") == "tabpanel" or element.get("hidden") == "until-found":
            element.set(READ, "")
        elif opener is not None:
            element.set(READ, "")
            opener.set(READ, "")


def _controlled(root: HtmlElement) -> Iterator[str]:
    for element in root.iter("button", "a", "div", "span", "li", "h2", "h3", "h4", "dt", "label"):
        if element.get("aria-haspopup"):
            continue
        for name in ("aria-controls", "data-bs-target", "data-target"):
            yield from (element.get(name) or "").replace("#", "").split()
        if element.get("data-toggle") == "collapse" or element.get("data-bs-toggle") == "collapse":
            yield (element.get("href") or "").removeprefix("#")


def _is_no_panel(element: HtmlElement) -> bool:
    if tag_of(element) in _NO_PANEL_TAGS or (element.get("role") or "").lower() in _NO_PANEL_ROLES:
        return True
    return any(tag_of(ancestor) in ("nav", "dialog") for ancestor in islice(element.iterancestors(), _NEAR))


def _opener(panel: HtmlElement) -> HtmlElement | None:
    """Return the button right before a panel, itself or in a heading."""
    before = panel.getprevious()
    if before is None or not isinstance(before.tag, str) or before.tag in ("nav", "form"):
        return None
    if before.tag == "button":
        return None if before.get("aria-haspopup") or before.get("type") == "submit" else before
    button = next(before.iter("button"), None) if before.tag in ("h2", "h3", "h4", "h5", "h6", "dt", "div", "p") else None
    if button is None or not is_read_button(button) or _holds_a_panel(before):
        return None  # what its button unfolds
    return button


def _holds_a_panel(element: HtmlElement) -> bool:
    inner = (child for child in element.iterdescendants("div", "section", "p"))
    return any(READ in child.attrib or is_hidden(child) for child in inner)


def _drop_struck(root: HtmlElement) -> int:
    from lxml import etree

    classes = _struck_classes(root)
    struck = []
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        if _is_struck(element, classes):
            walk.skip_subtree()
            struck.append(element)
    shown = sum(bool("".join(element.itertext()).strip()) for element in struck)
    for element in struck:
        element.drop_tree()
    return shown


def _is_struck(element: HtmlElement, classes: frozenset[str]) -> bool:
    if element.tag in _STRUCK_TAGS:
        return element.getparent() is not None
    attributes = element.attrib
    if not attributes or element.tag in ("body", "html"):
        return False
    style = attributes.get("style")
    if style and _LINE_THROUGH.search(style[:1000]):
        return True
    return bool(classes) and not classes.isdisjoint((attributes.get("class") or "").split())


def _struck_classes(root: HtmlElement) -> frozenset[str]:
    """Return the classes that the page's own style sheets strike through."""
    names: set[str] = set()
    for sheet in root.iter("style"):
        for rule in _STRUCK_RULE.finditer((sheet.text or "")[:_SHEET_LIMIT]):
            names.update(_CLASS.findall(rule[1]))
    return frozenset(names)
