"""The view of one page of a document: its picture, or its text, with the quote marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from assistant.escaping import as_html, as_label, safe_address
from assistant.page import resources
from assistant.page.links import SourceLink, digest
from assistant.page.notices import draw_notice
from assistant.page.source_reading import SourcePage, standing_spans
from knowledge_base.errors import DocumentError

BEFORE = 700
AFTER = 6000


def marked_text_html(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return text as HTML with `spans` (in order, within the text) marked, and the distant rest folded away."""
    first = spans[0][0] if spans else 0
    last = spans[-1][1] if spans else 0
    begin = _line_before(text, first - BEFORE) if spans else 0
    end = _line_after(text, last + AFTER)
    return (
        f'<div class="pc-text">{_folded("Show what comes before", text[:begin])}'
        f'<div class="pc-running">{_marked(text, begin, end, spans)}</div>'
        f"{_folded('Show the rest', text[end:])}</div>"
    )


def _marked(text: str, begin: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    pieces, position = [], begin
    for start, stop in spans:
        start = max(start, position)
        if stop > start:
            pieces += [as_html(text[position:start]), f"<mark>{as_html(text[start:stop])}</mark>"]
            position = stop
    return "".join([*pieces, as_html(text[position:end])])


def _folded(label: str, text: str) -> str:
    if not text.strip():
        return ""
    return f'<details><summary>{label}</summary><div class="pc-running">{as_html(text)}</div></details>'


def _line_before(text: str, position: int) -> int:
    """Return where the line at a position begins; 0 where that is before the text."""
    return text.rfind("\n", 0, position) + 1 if position > 0 else 0


def _line_after(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found


WIDE = "wide"
_LINKS = 60


def draw_source(source: SourcePage, link: SourceLink) -> None:
    """Draw the document's particulars, the controls, and the page."""
    st.html(particulars_html(source))
    if source.notice:
        draw_notice(source.notice)
    spans = _spans(source, link)
    if source.document.kind == "pdf" and source.page.number is not None:
        _draw_controls(source, link)
        _draw_picture(source, source.page.number, spans)
    else:
        st.html(marked_text_html(source.page.text, spans))
    _draw_links(source.document.links)


def particulars_html(source: SourcePage) -> str:
    """Return title, date, kind and path of a document as HTML."""
    document = source.document
    details = [detail for detail in (document.date, document.kind.upper(), document.language) if detail]
    return (
        f'<h1 class="pc-title">{as_html(document.title)}</h1>'
        f'<p class="pc-quiet">{as_html(" · ".join(details))}</p><p class="pc-source">{as_html(document.source)}</p>'
    )


def page_label(source: SourcePage) -> str:
    """Return which page this is, with the label printed on it where that differs."""
    count, label = len(source.page_numbers), source.page.label
    printed = f" (printed as {as_label(label, 12)})" if label and label != str(source.page.number) else ""
    return f"page {source.page.number} of {count}{printed}"


def _spans(source: SourcePage, link: SourceLink) -> list[tuple[int, int]]:
    """Return the spans to mark on this page; say so where the quote does not stand there any more."""
    if not link.spans or source.page.number != link.page_of_spans:
        return []
    check = link.check
    spans = standing_spans(source.page.text, link.spans, lambda quotes: check is None or digest(quotes) == check)
    if not spans:
        draw_notice("The document has changed since it was quoted: the quote does not stand at its place any more.")
    return spans


def _draw_controls(source: SourcePage, link: SourceLink) -> None:
    number = source.page.number or 1
    known = {n for n in source.page_numbers if n is not None}
    with st.container(horizontal=True, vertical_alignment="center", key="page-controls"):
        _draw_turn("Previous", ":material/chevron_left:", link, number - 1 if number - 1 in known else None)
        st.html(f'<p class="pc-quiet pc-page">{as_html(page_label(source))}</p>', width="content")
        _draw_turn("Next", ":material/chevron_right:", link, number + 1 if number + 1 in known else None)
        if link.quoted_page is not None and link.quoted_page in known:
            _draw_turn("To the quote", ":material/format_quote:", link, link.quoted_page)
        st.toggle("Wide", key=WIDE, help="Show the page as wide as the window")


def _draw_turn(label: str, icon: str, link: SourceLink, to: int | None) -> None:
    st.button(label, icon=icon, disabled=to is None, on_click=_turn, args=(link, to), key=f"turn-{label}")


def _turn(link: SourceLink, to: int) -> None:
    st.query_params.from_dict(link.turned_to(to).parameters())


def _draw_picture(source: SourcePage, number: int, spans: list[tuple[int, int]]) -> None:
    document = source.document
    try:
        drawn = resources.picture(document.content_hash, number, tuple(spans), source.generation, source.page.origin)
    except DocumentError as error:
        draw_notice(f"The page cannot be shown as a picture: {error} This is its text.")
        st.html(marked_text_html(source.page.text, spans))
        return
    name = "page-wide" if st.session_state.get(WIDE) else "page-picture"
    quoted = ", the quote highlighted" if spans else ""
    with st.container(key=name):
        st.image(drawn, width="stretch", alt=f"Page {number} of {document.title}{quoted}")
    with st.expander("The text of this page"):
        st.html(marked_text_html(source.page.text, spans))


def _draw_links(links: tuple[str, ...]) -> None:
    if links:
        with st.expander(f"Addresses in this document ({len(links)})"):
            st.html(f'<ul class="pc-links">{"".join(map(_link_html, links[:_LINKS]))}</ul>')


def _link_html(address: str) -> str:
    safe = safe_address(address)
    if safe is None:
        return f"<li>{as_html(address)}</li>"
    return f'<li><a href="{as_html(safe)}" target="_blank" rel="noopener noreferrer">{as_html(address)}</a></li>'
