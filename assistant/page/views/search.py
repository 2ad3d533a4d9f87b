"""Search the documents by words: phrases, AND, OR, NOT, filters; each result opens on its page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from assistant.page.links import ASKED, CHAT_PAGE, QUERY, SourceLink, keep_in_address, take_from_address
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice
from assistant.workbench.search import FACETS, NO_VALUE, Filters, Result, Search, search
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import question_language
from knowledge_base.store.generations import current_id, open_generation

PURPOSE = "Find every passage that holds your words. A search finds what is written; a question finds what answers it."
EXAMPLES = ('"due diligence"', "norms AND (attribution OR verification)", "cyber* NOT attack", "sécurité numérique")
_HOW = (
    'Words side by side must all be there, in any form. "A phrase" stands as it is written. OR, NOT and parentheses combine'
    " them; cyber* finds all words that begin so. Capitals and accents make no difference, except in AND, OR, NOT."
)
_A_PAGE, _MOST_PAGES = 20, 50
_LABELS = {"document": "Documents", "language": "Languages", "year": "Years", "type": "Types"}
_SHOWN = {NO_VALUE: "not known", "en": "English", "fr": "French"}
_SHOWN_FACETS, _SHOWN_VALUES = ("language", "year", "type"), 5
_MARKED = 20  # places at most that a result's page marks


def draw_page() -> None:
    """Draw the page."""
    st.title("Search", anchor=False)
    take_from_address(st.session_state, st.query_params, QUERY)
    query = st.text_input(
        "Words to search for",
        key=QUERY,
        on_change=_keep,
        args=(QUERY,),
        type="search",
        placeholder='norms AND "due diligence"',
        label_visibility="collapsed",
    )
    if not query.strip():
        draw_line(PURPOSE, "pc-purpose")
        draw_line(_HOW)
        with st.container(horizontal=True, key="search-examples"):
            for position, example in enumerate(EXAMPLES):
                st.button(example, on_click=_search_for, args=(example,), key=f"search-example-{position}")
        return
    try:
        generation = current_id(page_settings().data_dir) or ""
        everything = _searched(generation, query, Filters(), 1)
        filters = _draw_filters(everything, query)
        shown = _A_PAGE * st.session_state.get(_pages_key(query), 1)
        found = _searched(generation, query, filters, shown)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    _draw_found(found, generation, shown)


def _keep(name: str) -> None:
    keep_in_address(st.session_state, st.query_params, name)


def _search_for(query: str) -> None:
    st.query_params[QUERY] = query


def _pages_key(query: str) -> str:
    return f"search-pages-{query}"


@st.cache_data(show_spinner="Searching…", max_entries=64)
def _searched(generation: str, query: str, filters: Filters, limit: int) -> Search:
    with open_generation(page_settings().data_dir, generation or None, text_only=True) as held:
        return search(query, held.catalog, filters, limit)


def _draw_filters(everything: Search, query: str) -> Filters:
    """Draw the filters with the number of passages that each value has, next to the link to the chat; return those chosen."""
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, vertical_alignment="center", key="search-controls"):
        with st.popover("Filter", icon=":material/filter_list:", disabled=not everything.total):
            for facet in FACETS:
                values = everything.facets[facet]
                take_from_address(st.session_state, st.query_params, facet, list(values))
                names = everything.titles if facet == "document" else _SHOWN
                chosen[facet] = tuple(
                    st.multiselect(
                        _LABELS[facet],
                        list(values),
                        format_func=partial(_with_count, names, values),
                        key=facet,
                        on_change=_keep,
                        args=(facet,),
                        placeholder="All",
                        select_all=False,
                    )
                )
        if st.button("Ask this as a question", icon=":material/forum:", type="tertiary", key="ask-this"):
            st.session_state[ASKED] = query
            st.switch_page(CHAT_PAGE)
    return Filters(**chosen)


def _with_count(names: Mapping[str, str], values: Mapping[str, int], value: str) -> str:
    return f"{names.get(value, value)} ({values.get(value, 0):,})"


def _draw_found(found: Search, generation: str, shown: int) -> None:
    """Draw how much was found, in which documents, and the results; why nothing was found, where nothing was."""
    if found.ignored:
        draw_line(f"Left out, for nearly every text holds them: {', '.join(found.ignored)}.")
    if not found.total:
        draw_notice(found.explained(question_language(found.query)))
        return
    passages = f"{found.total:,} passage{'' if found.total == 1 else 's'}"
    told = f"{passages} in {found.documents:,} document{'' if found.documents == 1 else 's'}"
    facets = []
    for name in _SHOWN_FACETS:
        values = list(found.facets[name].items())[:_SHOWN_VALUES]
        if len(values) > 1:
            facets.append((_LABELS[name], [(_SHOWN.get(value, value), count) for value, count in values]))
    draw("facets", told=told, facets=facets)
    for result in found.results:
        _draw_result(result, generation)
    if found.total > len(found.results) and shown < _A_PAGE * _MOST_PAGES:
        st.button("Show more", on_click=_show_more, args=(found.query, shown // _A_PAGE + 1), key="search-more")


def _show_more(query: str, pages: int) -> None:
    st.session_state[_pages_key(query)] = pages


def _draw_result(result: Result, generation: str) -> None:
    passage = result.passage
    spans = result.hits[:_MARKED] or ((passage.start, passage.end),)
    pieces, position = [], 0
    for start, end in result.snippet_hits:
        pieces += [(False, result.snippet[position:start]), (True, result.snippet[start:end])]
        position = end
    address = SourceLink(passage.source, passage.page, spans, generation).address()
    draw(
        "found",
        address=address,
        title=passage.title,
        page=passage.page,
        heading=passage.heading,
        pieces=[*pieces, (False, result.snippet[position:])],
        is_cut=(not passage.text.startswith(result.snippet), not passage.text.endswith(result.snippet)),
        source=passage.source,
    )


if __name__ == "__main__":
    draw_page()
