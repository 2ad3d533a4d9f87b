"""Take navigation, banners and footers out of a web page where trafilatura too leaves them out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_logger = logging.getLogger(__name__)
_TAGS = frozenset({"nav", "header", "footer", "aside"})
_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search"})
_MAIN = frozenset({"main", "article"})
_NEAR = 40
_WORDS_OF_A_TITLE = 4
_CONSENT = re.compile(r"\b(?:cookie|consent|gdpr)", re.IGNORECASE)
_DEPTH_LIMIT = 200
_SIZE_LIMIT = 5_000_000
_SHARE_KEPT = 0.5
_PIECE = 12


def drop_boilerplate(root: HtmlElement) -> None:
    """Remove from `root` what its tags call boilerplate and trafilatura leaves out; half of the text stays, or all."""
    candidates = list(_candidates(root))
    if not candidates or _depth_exceeds(root, _DEPTH_LIMIT):
        return
    main = _main_text(root)
    if not main:
        return
    dropped = [element for element in candidates if _is_left_out(element, main)]
    whole, lost = len(_letters(root)), sum(len(_letters(element)) for element in dropped)
    if whole - lost < _SHARE_KEPT * whole and whole - lost < len(main):
        _logger.info("Nothing is left out of the page: its boilerplate would be %d of %d characters.", lost, whole)
        return
    for element in dropped:
        element.drop_tree()


def _candidates(root: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the outermost elements that are boilerplate by tag, role, or a name such as `cookie-banner`."""
    seen: set[HtmlElement] = set()
    for element in root.iter("nav", "header", "footer", "aside", "div", "section", "form"):
        if not _is_boilerplate(element) or next(element.iter("h1"), None) is not None:
            continue
        if _is_content(element):
            continue
        if not any(ancestor in seen for ancestor in element.iterancestors()):
            seen.add(element)
            yield element


def _is_content(element: HtmlElement) -> bool:
    """Tell whether an element belongs to the main text that it stands in, as a box of facts or a list of documents does."""
    if element.tag not in _TAGS or element.get("role") in _ROLES or _CONSENT.search(_names(element)):
        return False
    if not any(ancestor.tag in _MAIN for ancestor in islice(element.iterancestors(), _NEAR)):
        return False
    if element.tag != "nav":
        return True
    links = [len("".join(link.itertext()).split()) for link in element.iter("a")]
    return sum(links) >= _WORDS_OF_A_TITLE * max(1, len(links))


def _is_boilerplate(element: HtmlElement) -> bool:
    return element.tag in _TAGS or element.get("role") in _ROLES or _CONSENT.search(_names(element)) is not None


def _names(element: HtmlElement) -> str:
    return f"{element.get('id', '')} {element.get('class', '')}"[:500]


def _depth_exceeds(root: HtmlElement, limit: int) -> bool:
    from lxml import etree

    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limit:
            return True
    return False


def _main_text(root: HtmlElement) -> str:
    import trafilatura
    from lxml import etree

    markup = etree.tostring(root, encoding="unicode", method="html")
    if len(markup) > _SIZE_LIMIT:
        return ""
    return _only_letters(trafilatura.extract(markup, favor_recall=True, include_tables=True) or "")


def _is_left_out(element: HtmlElement, main: str) -> bool:
    pieces = [_only_letters(text) for text in element.itertext()]
    return not any(len(piece) >= _PIECE and piece in main for piece in pieces)


def _letters(element: HtmlElement) -> str:
    return _only_letters("".join(element.itertext()))


def _only_letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
