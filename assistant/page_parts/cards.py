"""Sources as cards that unfold: what is quoted, from where, and the way to its page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from assistant.citations import Citation
from assistant.page_parts.escaping import as_html, as_label
from assistant.page_parts.links import SOURCE_PAGE, SourceLink
from assistant.page_parts.standing import Standings, label_suffix, marks_html
from knowledge_base.passages import Passage, RetrievedPassage

_TITLE_LENGTH = 90
_EXCERPT = 420


def draw_citations(
    citations: Sequence[Citation],
    generation: str | None,
    conversation: str | None,
    key: str,
    standings: Standings | None = None,
) -> None:
    """Draw one card for each page that is quoted, in the order of the numbers; what moved or is gone since is said."""
    pages: dict[tuple[str, int | None], list[int]] = {}
    for index, citation in enumerate(citations):
        pages.setdefault((citation.source, citation.page), []).append(index)
    if pages:
        st.html('<p class="pc-over">Sources</p>')
    for position, indexes in enumerate(pages.values()):
        quoted = [citations[index] for index in indexes]
        found = [(citations[index].number, standings[index]) for index in indexes] if standings else []
        label = citation_label(quoted) + label_suffix([standing for _, standing in found])
        with st.expander(label, key=f"source-{key}-{position}"):
            st.html(citations_html(quoted) + marks_html(found, conversation))
            draw_link(SourceLink.to_citations(quoted, generation, conversation), quoted[0].page)


def draw_nearest(passages: Sequence[RetrievedPassage], generation: str | None, conversation: str | None, key: str) -> None:
    """Draw the passages that came nearest to a question that was refused."""
    if passages:
        st.html('<p class="pc-over">Nearest passages (not an answer)</p>')
    for position, retrieved in enumerate(passages):
        passage = retrieved.passage
        with st.expander(_label("", passage.title, passage.page, None), key=f"nearest-{key}-{position}"):
            st.html(passage_html(passage))
            link = SourceLink(passage.source, passage.page, ((passage.start, passage.end),), generation, conversation)
            draw_link(link, passage.page)


def draw_link(link: SourceLink, page: int | None) -> None:
    """Draw the link that opens the source view within this session."""
    label = "Open the text" if page is None else "Open the page"
    st.page_link(SOURCE_PAGE, label=label, icon=":material/menu_book:", query_params=link.parameters())


def citation_label(quoted: Sequence[Citation]) -> str:
    """Return a card's label: numbers, title, page and date."""
    first = quoted[0]
    return _label(_numbers([citation.number for citation in quoted]), first.title, first.page, first.date)


def _label(numbers: str, title: str, page: int | None, date: str | None) -> str:
    where = [] if page is None else [f"page {page}"]
    details = " · ".join([*where, *([as_label(date)] if date else [])])
    start = f"**{numbers}**  " if numbers else ""
    return f"{start}{as_label(title, _TITLE_LENGTH)}" + (f" — {details}" if details else "")


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers in words: 1–3 where they follow each other, else 1, 4."""
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(map(str, numbers))


def citations_html(quoted: Sequence[Citation]) -> str:
    """Return quotes of one page with their numbers, and where they stand."""
    quotes = "".join(
        f'<blockquote><span class="pc-number">{citation.number}</span>{as_html(_one_line(citation.quote))}</blockquote>'
        for citation in quoted
    )
    return f'<div class="pc-card">{_heading(quoted[0].heading)}{quotes}{_source(quoted[0].source)}</div>'


def passage_html(passage: Passage) -> str:
    """Return the beginning of a passage, and where it stands."""
    text = _one_line(passage.text)
    shown = text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"
    quote = f"<blockquote>{as_html(shown)}</blockquote>"
    return f'<div class="pc-card">{_heading(passage.heading)}{quote}{_source(passage.source)}</div>'


def _heading(heading: str) -> str:
    return f'<p class="pc-heading">{as_html(heading)}</p>' if heading else ""


def _source(source: str) -> str:
    return f'<p class="pc-source">{as_html(source)}</p>'


def _one_line(text: str) -> str:
    return " ".join(text.split())
