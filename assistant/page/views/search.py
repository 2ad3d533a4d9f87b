"""Search the documents by words: phrases, AND, OR, NOT, filters; each result opens on its page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from assistant.page.language import language_name, page_language, say
from assistant.page.links import ASKED, CHAT_PAGE, QUERY, SourceLink, keep_in_address, take_from_address
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice
from assistant.workbench.search import FACETS, NO_VALUE, Filters, Result, Search, search
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.generations import current_id, open_generation

_A_PAGE, _MOST_PAGES = 20, 50
_SHOWN_FACETS, _SHOWN_VALUES = ("language", "year", "type"), 5
_MARKED = 20  # places at most that a result's page marks


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.search"), anchor=False)
    take_from_address(st.session_state, st.query_params, QUERY)
    query = st.text_input(
        say("search.box"),
        key=QUERY,
        on_change=_keep,
        args=(QUERY,),
        type="search",
        placeholder=say("search.placeholder"),
        label_visibility="collapsed",
    )
    if not query.strip():
        draw_line(say("search.purpose"), "pc-purpose")
        draw_line(say("search.how"))
        with st.container(horizontal=True, key="search-examples"):
            for name in ("first", "second", "third", "fourth"):
                example = say(f"search.example.{name}")
                st.button(example, on_click=_search_for, args=(example,), key=f"search-example-{name}")
        return
    try:
        generation = current_id(page_settings().data_dir) or ""
        with st.spinner(say("search.searching")):
            everything = _searched(generation, query, Filters(), 1)
        filters = _draw_filters(everything, query)
        shown = _A_PAGE * st.session_state.get(_pages_key(query), 1)
        with st.spinner(say("search.searching")):
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


@st.cache_data(show_spinner=False, max_entries=64)
def _searched(generation: str, query: str, filters: Filters, limit: int) -> Search:
    with open_generation(page_settings().data_dir, generation or None, text_only=True) as held:
        return search(query, held.catalog, filters, limit)


def _draw_filters(everything: Search, query: str) -> Filters:
    """Draw the filters with the number of passages that each value has, next to the link to the chat; return those chosen."""
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, vertical_alignment="center", key="search-controls"):
        with st.popover(say("search.filter"), icon=":material/filter_list:", disabled=not everything.total):
            for facet in FACETS:
                values = everything.facets[facet]
                take_from_address(st.session_state, st.query_params, facet, list(values))
                names = everything.titles if facet == "document" else {value: _shown(facet, value) for value in values}
                chosen[facet] = tuple(
                    st.multiselect(
                        say(f"search.facet.{facet}"),
                        list(values),
                        format_func=partial(_with_count, names, values),
                        key=facet,
                        on_change=_keep,
                        args=(facet,),
                        placeholder=say("search.all"),
                        select_all=False,
                    )
                )
        if st.button(say("search.ask"), icon=":material/forum:", type="tertiary", key="ask-this"):
            st.session_state[ASKED] = query
            st.switch_page(CHAT_PAGE)
    return Filters(**chosen)


def _with_count(names: Mapping[str, str], values: Mapping[str, int], value: str) -> str:
    return say("search.value", name=names.get(value, value), count=values.get(value, 0))


def _shown(facet: str, value: str) -> str:
    """Return how a value of a facet is shown."""
    return say("search.none") if value == NO_VALUE else language_name(value) if facet == "language" else value


def _draw_found(found: Search, generation: str, shown: int) -> None:
    """Draw how much was found, in which documents, and the results; why nothing was found, where nothing was."""
    if found.ignored:
        draw_line(say("search.ignored", words=", ".join(found.ignored)))
    if not found.total:
        draw_notice(found.explained(page_language()))
        return
    passages, documents = say("counts.passages", count=found.total), say("counts.documents", count=found.documents)
    told = say("search.found", passages=passages, documents=documents)
    facets = []
    for name in _SHOWN_FACETS:
        values = list(found.facets[name].items())[:_SHOWN_VALUES]
        if len(values) > 1:
            facets.append((say(f"search.facet.{name}"), [(_shown(name, value), count) for value, count in values]))
    draw("facets", told=told, facets=facets)
    for result in found.results:
        _draw_result(result, generation)
    if found.total > len(found.results) and shown < _A_PAGE * _MOST_PAGES:
        st.button(say("form.show_more"), on_click=_show_more, args=(found.query, shown // _A_PAGE + 1), key="search-more")


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
