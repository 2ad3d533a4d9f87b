"""What happened when: dated statements of all documents in their order, each of which opens on its page."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import streamlit as st

from assistant.page.language import page_language, say
from assistant.page.links import TERM, keep_in_address, take_from_address
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line
from assistant.workbench.timeline import DatedStatement, Timeline, timeline
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.store.generations import current_id, open_generation

_A_PAGE = 60
_SHOWN, _YEARS = "timeline-shown", "timeline-years"
_BLUE = "#3f74c4"


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.timeline"), anchor=False)
    take_from_address(st.session_state, st.query_params, TERM)
    sought = st.text_input(
        say("timeline.box"),
        key=TERM,
        on_change=keep_in_address,
        args=(st.session_state, st.query_params, TERM),
        type="search",
        placeholder=say("timeline.placeholder"),
        label_visibility="collapsed",
    )
    try:
        generation = current_id(page_settings().data_dir)
        if generation is None:
            raise NoIndexError(say("error.no_index"), say("error.no_index_remedy"))
        with st.spinner(say("timeline.reading")):
            found = _found(generation, sought)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    if not found.statements:
        draw_line(say("timeline.none"))
        return
    _draw_found(found, generation)


@st.cache_data(show_spinner=False, max_entries=16)
def _found(generation: str, sought: str) -> Timeline:
    with open_generation(page_settings().data_dir, generation, text_only=True) as held:
        return timeline(held.catalog, sought)


def _draw_found(found: Timeline, generation: str) -> None:
    """Draw how many statements each year has, and those of the years chosen."""
    years = list(found.years)
    _draw_years(found)
    first, last = years[0], years[-1]
    if first < last:
        options = list(range(first, last + 1))
        first, last = st.select_slider(say("timeline.years"), options, (first, last), key=f"{_YEARS}-{first}-{last}")
    chosen = found.within(first, last).statements
    draw_line(say("timeline.count", count=len(chosen)))
    most = _A_PAGE * st.session_state.get(_SHOWN, 1)
    grouped = [
        (year, [(_shown(s.when), _pieces(s), s.address(generation), s.title, s.page) for s in statements])
        for year, statements in groupby(chosen[:most], key=lambda s: s.when[:4])
    ]
    draw("timeline", grouped=grouped)
    if len(chosen) > most:
        st.button(say("form.show_more"), on_click=_show_more, key="timeline-more")


def _draw_years(found: Timeline) -> None:
    from altair import Chart, InlineData

    rows = [{"year": str(year), "count": count} for year, count in found.years.items()]
    base: Any = Chart(InlineData(rows), height=120, description=say("timeline.picture"))
    upwards = {"field": "count", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1, "tickCount": 3}}
    across = {"field": "year", "type": "ordinal", "title": None, "axis": {"labelOverlap": True, "labelAngle": 0}}
    named = (("year", "nominal", say("timeline.year")), ("count", "quantitative", say("timeline.statements")))
    tooltip = [{"field": name, "type": kind, "title": title} for name, kind, title in named]
    bars = base.mark_bar(color=_BLUE).encode(x=across, y=upwards, tooltip=tooltip)
    st.altair_chart(bars, width="stretch", key="timeline-picture")


def _shown(when: str) -> str:
    """Return a date as the page's language writes it, to the part that is known."""
    from datetime import date

    from babel.dates import format_date, format_skeleton

    parts = [int(part) for part in when.split("-")]
    if len(parts) == 1:
        return when
    day = date(parts[0], parts[1], parts[2] if len(parts) > 2 else 1)
    if len(parts) > 2:
        return str(format_date(day, "long", locale=page_language()))
    return str(format_skeleton("yMMMM", day, locale=page_language()))


def _pieces(statement: DatedStatement) -> tuple[str, str, str]:
    """Return a statement's text before its date, the date as written, and what follows."""
    begin, end = statement.dated
    return statement.text[:begin], statement.text[begin:end], statement.text[end:]


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, 1) + 1


if __name__ == "__main__":
    draw_page()
