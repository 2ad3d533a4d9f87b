"""A document as it was indexed: the picture of a page, or its text, with the quote marked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

import streamlit as st
from markupsafe import Markup

from assistant.answers import Answer, Citation
from assistant.page import resources
from assistant.page.answer_view import addresses, citation_label, draw_words, quoted_pages
from assistant.page.conversations import Message
from assistant.page.language import say
from assistant.page.links import CHAT_PAGE, COMPARE_PAGE, CONVERSATION, LEFT, SOURCE_PAGE, SourceLink, digest
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice, draw_style, render, show
from knowledge_base.errors import DamagedIndexError, DocumentError, KnowledgeBaseError, NoIndexError
from knowledge_base.escaping import safe_address
from knowledge_base.passages import OriginRun, Page, Passage
from knowledge_base.sandbox.page_images import WIDTH, page_picture, read_original
from knowledge_base.sandbox.sandbox import Sandbox
from knowledge_base.store.catalog import DocumentRow
from knowledge_base.store.generations import current_id, open_generation

BEFORE = 700
AFTER = 6000
_NUMBER, _ZOOM = "page-number", "zoom"
_ZOOMS = (100, 125, 150, 200, 300)  # percent of the width that there is
_SHARPER = 200  # from here on a page is drawn with twice as many pixels a side
_LINKS = 60

log = logging.getLogger(__name__)

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page of a document, as one generation of the index holds it.

    `position` counts from 1 among `page_numbers`, the physical numbers of all pages (None: a format without pages).
    `notice` says what a reader must know, such as that the index of the citation is gone.
    """

    document: DocumentRow
    page: Page
    page_numbers: tuple[int | None, ...]
    generation: str
    notice: str | None = None

    @property
    def position(self) -> int:
        """Return the page's place among all pages, from 1."""
        return self.page_numbers.index(self.page.number) + 1


def draw_page() -> None:
    """Draw the document that the address names; on a wide screen beside the answer that quotes it."""
    link = SourceLink.read(st.query_params)
    conversation = link.conversation if link else None
    label = say("source.back") if conversation else say("source.ask")
    to = {CONVERSATION: conversation} if conversation else None
    st.page_link(CHAT_PAGE, label=label, icon=":material/arrow_back:", query_params=to)
    if link is None:
        draw_notice(say("source.no_address"))
        return
    answer = quoting_answer(resources.conversations().messages(conversation), link) if conversation else None
    try:
        found = read_source(page_settings().data_dir, link.source, link.page, link.generation)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    if found is None:
        draw_notice(say("source.not_held"))
    elif answer is None:
        _draw_source(found, link)
    else:
        with st.container(key="beside"):
            left, right = st.columns([2, 3], gap="large")
            with left:
                _draw_answer(answer, link)
            with right:
                _draw_source(found, link, is_beside=True)


def quoting_answer(messages: Sequence[Message], link: SourceLink) -> Answer | None:
    """Return the latest answer of a conversation that quotes the place of a link, or that names it as near."""
    answers = [message.answer for message in reversed(messages) if message.answer]
    quoting = (answer for answer in answers if any(_is_at(c, link) for c in answer.citations))
    near = (answer for answer in answers if any(_is_at(r.passage, link) for r in answer.retrieved))
    return next(quoting, None) or next(near, None)


def _is_at(quote: Citation | Passage, link: SourceLink) -> bool:
    return (quote.source, quote.page) == (link.source, link.page_of_spans) and (quote.start, quote.end) in link.spans


def _draw_answer(answer: Answer, link: SourceLink) -> None:
    """Draw an answer with its marks, those of the open place highlighted, and the ways to its other sources."""
    draw_line(answer.question, "pc-question")
    draw_words(answer, link.conversation, {c.number for c in answer.citations if _is_at(c, link)})
    pages = quoted_pages(answer)
    if pages:
        draw_line(say("answer.sources"), "pc-over")
    for position, quoted in enumerate(pages):
        to = SourceLink.to_citations(quoted, answer.generation, link.conversation)
        with st.container(key=f"beside-source-{position}"):
            st.page_link(SOURCE_PAGE, label=citation_label(quoted), query_params=to.parameters())


def _draw_source(source: SourcePage, link: SourceLink, *, is_beside: bool = False) -> None:
    """Draw the document's particulars, the controls, and the page."""
    document = source.document
    details = [detail for detail in (document.date, document.kind.upper(), document.language) if detail]
    address = addresses(source.generation, (document.source,)).get(document.source)
    draw("particulars", document=document, details=details, address=address, host=urlsplit(address or "").hostname)
    if source.notice:
        draw_notice(source.notice)
    spans = _spans(source, link)
    is_picture = document.kind == "pdf" and source.page.number is not None
    if is_picture:
        _draw_controls(source, link)
    if not (is_picture and _draw_picture(source, spans, is_beside=is_beside)):
        show(marked_text_html(source.page.text, spans))
    _draw_ways_out(source, link)
    if document.links:
        with st.expander(say("source.addresses", count=len(document.links))):
            draw("links", links=[(address, safe_address(address)) for address in document.links[:_LINKS]])


def _spans(source: SourcePage, link: SourceLink) -> list[tuple[int, int]]:
    """Return the spans to mark on this page; say so where the quote does not stand there any more."""
    if not link.spans or source.page.number != link.page_of_spans:
        return []
    check = link.check
    spans = standing_spans(source.page.text, link.spans, lambda quotes: check is None or digest(quotes) == check)
    if not spans:
        draw_notice(say("source.changed"))
    return spans


def _draw_controls(source: SourcePage, link: SourceLink) -> None:
    """Draw what turns the pages, goes to one by its number, and makes them larger."""
    number, label = source.page.number or 1, source.page.label
    known = [n for n in source.page_numbers if n is not None]
    told = say("source.of", count=len(source.page_numbers))
    if label and label != str(number):
        told = say("source.of_printed", count=len(source.page_numbers), label=label[:12])
    st.session_state[_NUMBER] = number
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="page-controls"):
        _draw_turn(
            "previous", say("source.previous"), ":material/chevron_left:", link, number - 1 if number - 1 in known else None
        )
        draw_line(say("source.page"), "pc-quiet pc-page", width="content")
        st.number_input(
            say("source.go_to"),
            min_value=min(known),
            max_value=max(known),
            key=_NUMBER,
            on_change=_go_to,
            args=(link, known),
            label_visibility="collapsed",
            width=84,
        )
        draw_line(told, "pc-quiet pc-page", width="content")
        _draw_turn("next", say("source.next"), ":material/chevron_right:", link, number + 1 if number + 1 in known else None)
        if link.quoted_page is not None and link.quoted_page in known:
            _draw_turn("quote", say("source.to_quote"), ":material/format_quote:", link, link.quoted_page)
        st.selectbox(say("source.zoom"), _ZOOMS, format_func="{} %".format, key=_ZOOM, label_visibility="collapsed", width=96)


def _draw_turn(name: str, label: str, icon: str, link: SourceLink, to: int | None) -> None:
    st.button(label, icon=icon, disabled=to is None, on_click=_turn, args=(link, to), key=f"turn-{name}")


def _turn(link: SourceLink, to: int) -> None:
    st.query_params.from_dict(link.turned_to(to).parameters())


def _go_to(link: SourceLink, known: Sequence[int]) -> None:
    """Turn to the page whose number was put in, or to the nearest that there is."""
    wanted = int(st.session_state[_NUMBER])
    _turn(link, min(known, key=lambda number: abs(number - wanted)))


def _draw_picture(source: SourcePage, spans: list[tuple[int, int]], *, is_beside: bool) -> bool:
    """Draw the page's picture, its text below; return False, and say why, if it cannot be drawn."""
    document, number = source.document, source.page.number or 1
    zoom = int(st.session_state.get(_ZOOM) or _ZOOMS[0])
    width = WIDTH if zoom < _SHARPER else 2 * WIDTH
    try:
        with st.spinner(say("source.drawing")):
            drawn = picture(document.content_hash, number, tuple(spans), width, source.generation, source.page.origin)
    except DocumentError as error:
        draw_notice(say("source.no_picture", reason=error))
        return False
    described = say("source.picture", number=str(number), title=document.title)
    if spans:
        described = say("source.picture_marked", number=str(number), title=document.title)
    draw_style(f":root {{ --pc-zoom: {zoom / 100} }}")
    with st.container(key="page-picture" if is_beside or zoom == _ZOOMS[0] else "page-wide"):
        st.image(drawn, width=width, alt=described)
    with st.expander(say("source.text")):
        show(marked_text_html(source.page.text, spans))
    return True


def _draw_ways_out(source: SourcePage, link: SourceLink) -> None:
    """Draw the download of the file that was indexed, if it is kept, and the link to this place."""
    original = page_settings().data_dir / "originals" / source.document.content_hash
    with st.container(horizontal=True, vertical_alignment="center", key="ways-out"):
        if original.is_file():
            st.download_button(
                say("source.original"),
                partial(read_original, original, source.document.content_hash),
                PurePosixPath(source.document.source).name,
                "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
            )
        label = say("source.compare")
        st.page_link(COMPARE_PAGE, label=label, icon=":material/splitscreen_vertical_add:", query_params={LEFT: link.source})
        with st.popover(say("source.link"), icon=":material/link:"):
            st.caption(say("source.link_how"))
            st.code(urljoin(st.context.url or "", link.without_conversation().address()), language=None, wrap_lines=True)


def marked_text_html(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """Return text as HTML with `spans` (in order, within the text) marked, and the distant rest folded away."""
    begin, last = 0, spans[-1][1] if spans else 0
    if spans and spans[0][0] > BEFORE:
        begin = text.rfind("\n", 0, spans[0][0] - BEFORE) + 1
    end = text.find("\n", last + AFTER)
    end = len(text) if end < 0 else end
    pieces, position = [], begin
    for start, stop in spans:
        start = max(start, position)
        if stop > start:
            pieces += [(False, text[position:start]), (True, text[start:stop])]
            position = stop
    return render("text", before=text[:begin], pieces=[*pieces, (False, text[position:end])], after=text[end:])


def read_source(data_dir: Path, source: str, page: int | None, generation: str | None = None) -> SourcePage | None:
    """Return a page of a document from the generation named, else from the published one; None where it has none.

    Without a page, that is the first one. Raise NoIndexError or DamagedIndexError where nothing can be read.
    """
    opened, notice = None, None
    if generation is not None and generation != current_id(data_dir):
        notice = say("source.present")
        try:
            if generation.isalnum():
                opened = open_generation(data_dir, generation)
                notice = say("source.earlier")
        except (DamagedIndexError, NoIndexError) as error:
            log.info("%s The published generation is shown.", error)
    with opened or open_generation(data_dir) as held:
        document = held.catalog.document(source)
        pages = held.catalog.pages(source) if document else []
    shown = next((p for p in pages if page is None or p.number == page), None)
    if document is None or shown is None:
        return None
    return SourcePage(document, shown, tuple(p.number for p in pages), held.id, notice)


def standing_spans(text: str, spans: Spans, is_quoted: Callable[[list[str]], bool]) -> list[tuple[int, int]]:
    """Return the spans, in order, where they lie within the text and hold what was quoted; else none."""
    ordered = sorted(spans)
    inside = all(0 <= start < end <= len(text) for start, end in ordered)
    return ordered if inside and is_quoted([text[start:end] for start, end in ordered]) else []


@st.cache_resource(show_spinner=False, on_release=Sandbox.close)
def sandbox() -> Sandbox:
    """Open the sandbox that draws pages."""
    settings = page_settings()
    return Sandbox(workers=1, seconds=settings.parse_seconds, memory_bytes=settings.parse_memory_mb << 20)


@st.cache_data(show_spinner=False, max_entries=48)
def picture(
    content_hash: str, page: int, spans: tuple[tuple[int, int], ...], width: int, generation: str, _origin: Sequence[OriginRun]
) -> bytes:
    """Return a page's picture as PNG, about `width` pixels wide; raise DocumentError if it cannot be drawn.

    It is cached by content, page, spans and generation: the origin of the text's characters follows from these.
    """
    original = page_settings().data_dir / "originals" / content_hash
    return page_picture(sandbox(), original, content_hash, page, spans, _origin, width)


if __name__ == "__main__":
    draw_page()
