"""Two texts side by side, paragraph by paragraph: two documents, or a text and its translation; what differs is marked."""

from __future__ import annotations

import streamlit as st

from assistant.page.language import on_page, say
from assistant.page.links import LEFT, RIGHT, SourceLink, keep_in_address, take_from_address
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line
from assistant.workbench.compare import Comparison, Pair, Paragraph, compare_named
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.language.words import fold
from knowledge_base.store.generations import current_id, open_generation

_TAGS = {"same": "span", "out": "del", "in": "ins"}
_A_PAGE = 60
_SHOWN = "compare-shown"


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.compare"), anchor=False)
    try:
        generation = current_id(page_settings().data_dir)
        if generation is None:
            raise NoIndexError(say("error.no_index"), say("error.no_index_remedy"))
        left, right = _draw_choice(_documents(generation))
        if not left or not right:
            draw_line(say("compare.purpose"), "pc-purpose")
            return
        with st.spinner(say("compare.comparing")):
            found = _compared(generation, left, right)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    _draw_found(found, generation)


def _draw_choice(titles: dict[str, str]) -> tuple[str | None, str | None]:
    """Draw the two selectors, which the address keeps; return the sources chosen."""
    chosen: list[str | None] = []
    with st.container(horizontal=True, key="compared"):
        for name in (LEFT, RIGHT):
            take_from_address(st.session_state, st.query_params, name)
            if st.session_state[name] not in titles:
                st.session_state[name] = None
            chosen.append(
                st.selectbox(
                    say(f"compare.{name}"),
                    list(titles),
                    format_func=lambda source: f"{titles[source]} ({source.rpartition('/')[2]})",
                    key=name,
                    placeholder=say("compare.choose"),
                    on_change=keep_in_address,
                    args=(st.session_state, st.query_params, name),
                )
            )
    return chosen[0], chosen[1]


@st.cache_data(show_spinner=False, max_entries=4)
def _documents(generation: str) -> dict[str, str]:
    """Return the titles of the documents that have a text, by source."""
    with open_generation(page_settings().data_dir, generation, text_only=True) as held:
        rows = [row for row in held.catalog.documents() if row.passages]
    return {row.source: row.title for row in sorted(rows, key=lambda row: fold(row.title))}


@st.cache_data(show_spinner=False, max_entries=8)
def _compared(generation: str, left: str, right: str) -> Comparison:
    return compare_named(page_settings(), f"{left}@{generation}", f"{right}@{generation}")[0]


def _draw_found(found: Comparison, generation: str) -> None:
    """Draw the pairs, those that hold a word where one is looked for, or only those that differ."""
    draw_line(say("compare.translated") if found.is_translated else say("compare.counted"))
    draw_line(", ".join(say(f"compare.count.{name}", count=count) for name, count in found.counts.items() if count))
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare-controls"):
        sought = fold(
            st.text_input(say("compare.find"), key="compare-find", type="search", placeholder=say("compare.placeholder"))
        )
        differing = not found.is_translated and st.toggle(say("compare.only_differing"), key="compare-differing")
    pairs = [p for p in found.pairs if _holds(p, sought) and not (differing and p.is_same)]
    if not pairs:
        draw_line(say("compare.none"))
        return
    most = _A_PAGE * st.session_state.get(_SHOWN, 1)
    rows = [_cells(pair, found, generation) for pair in pairs[:most]]
    draw("compared", rows=rows, titles=(found.left.title, found.right.title), codes=(found.left.language, found.right.language))
    if len(pairs) > most:
        st.button(say("compare.more", count=len(pairs) - most), on_click=_show_more, key="compare-more")


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, 1) + 1


def _holds(pair: Pair, sought: str) -> bool:
    return any(sought in fold(side.text) for side in (pair.left, pair.right) if side)


def _cells(pair: Pair, found: Comparison, generation: str) -> list[tuple[str, str, list[tuple[str, str]]] | None]:
    """Return for each side its address, its place, and its text in runs with their tags; None where a side has nothing."""
    cells: list[tuple[str, str, list[tuple[str, str]]] | None] = []
    for side, source, gone in ((pair.left, found.left.source, "in"), (pair.right, found.right.source, "out")):
        cells.append(_cell(side, source, generation, pair, gone) if side else None)
    return cells


def _cell(side: Paragraph, source: str, generation: str, pair: Pair, gone: str) -> tuple[str, str, list[tuple[str, str]]]:
    runs = [(_TAGS[run.kind], run.text) for run in pair.words if run.kind != gone] or [("span", side.text)]
    place = on_page(side.page) if side.page is not None else say("compare.open")
    return SourceLink(source, side.page, ((side.start, side.end),), generation).address(), place, runs


if __name__ == "__main__":
    draw_page()
