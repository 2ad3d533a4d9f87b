"""Which elements of HTML a reader sees."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

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
        "datalist",
        "map",
        "rp",
    ]
)
_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt"})
_CONTROLS = ("aria-controls", "aria-expanded", "data-bs-target", "data-target")
READ = "data-read"  # an attribute that this package sets on what is folded away, but there to be read


def tag_of(element: HtmlElement) -> str:
    """Return the tag of an element, "" for a comment."""
    return element.tag if isinstance(element.tag, str) else ""


def is_hidden(element: HtmlElement) -> bool:
    """Tell whether a reader sees nothing of an element."""
    tag = tag_of(element)
    attributes = element.attrib
    if tag in _UNSEEN:
        return True
    if tag == "button":
        return not is_read_button(element)
    if not attributes or READ in attributes:
        return False
    return "hidden" in attributes or _HIDDEN_STYLE.search((attributes.get("style") or "")[:1000]) is not None


def is_read_button(button: HtmlElement) -> bool:
    """Tell whether a button is the title of something that it unfolds, rather than an order to the page."""
    if READ in button.attrib or any(name in button.attrib for name in _CONTROLS):
        return not button.get("aria-haspopup")
    return any(tag_of(ancestor) in _HEADING_TAGS for ancestor in islice(button.iterancestors(), 4))
