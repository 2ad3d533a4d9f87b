"""The register of supporters to look at: by country and category, and by the year in which they joined."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from assistant.page.language import page_language, say
from assistant.page.links import ASKED, CHAT_PAGE
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_line, draw_notice
from assistant.register.wording import day, group_name
from assistant.workbench.supporters import Supporters, supporters
from assistant.workbench.tables import as_csv, as_xlsx
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.language.places import country_name
from knowledge_base.language.words import fold
from knowledge_base.register.table import CATEGORIES
from knowledge_base.store.generations import current_id, open_generation

_DRAWN = 20  # countries of the picture
_COLOURS = ("#3f74c4", "#d08b2f", "#4a9a76", "#8a63b0", "#9aa0a6")
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.supporters"), anchor=False)
    try:
        generation = current_id(page_settings().data_dir)
        if generation is None:
            raise NoIndexError(say("error.no_index"), say("error.no_index_remedy"))
        everything = _found(generation, (), ())
        categories, countries = _draw_filters(everything)
        found = _found(generation, categories, countries)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    if found.built_in:
        draw_notice(say("supporters.built_in"))
    draw_line(say("supporters.told", told=found.told(page_language()), date=day(found.as_of, page_language())), "pc-purpose")
    if found.rows:
        _draw_countries(found)
        _draw_years(found)
        _draw_table(found)


@st.cache_data(show_spinner=False, max_entries=16)
def _found(generation: str, categories: tuple[str, ...], places: tuple[str, ...]) -> Supporters:
    with open_generation(page_settings().data_dir, generation, text_only=True) as held:
        return supporters(held.catalog, categories, places)


def _draw_filters(everything: Supporters) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw what chooses categories and countries; return those chosen."""
    language = page_language()
    codes = sorted(filter(None, everything.by_country), key=lambda code: fold(country_name(code, language)))
    with st.container(horizontal=True, vertical_alignment="bottom", key="compared"):
        categories: Sequence[str] = st.multiselect(
            say("supporters.categories"),
            CATEGORIES,
            format_func=_category,
            key="supporters-categories",
            placeholder=say("search.all"),
        )
        countries: Sequence[str] = st.multiselect(
            say("supporters.countries"),
            codes,
            format_func=lambda code: country_name(code, language),
            key="supporters-countries",
            placeholder=say("search.all"),
        )
    return tuple(categories), tuple(countries)


def _category(key: str | None) -> str:
    return group_name(key, "category", page_language(), 2)


def _draw_countries(found: Supporters) -> None:
    """Draw the countries with most supporters, parted by category."""
    from altair import Chart, InlineData

    language, drawn = page_language(), list(found.by_country.items())[:_DRAWN]
    names = [country_name(code, language) if code else group_name(None, "country", language) for code, _ in drawn]
    cells = [
        {"country": name, "category": _category(category), "count": count}
        for name, (_, counts) in zip(names, drawn, strict=True)
        for category, count in counts.items()
    ]
    draw_line(say("supporters.by_country"), "pc-over")
    base: Any = Chart(InlineData(cells), height={"step": 22}, description=say("supporters.by_country"))
    axis = {"labelLimit": 170, "title": None, "ticks": False, "domain": False}
    kinds = [_category(category) for category in (*CATEGORIES, None)]
    colour = {
        "field": "category",
        "type": "nominal",
        "sort": kinds,
        "scale": {"domain": kinds, "range": list(_COLOURS)},
        "legend": {"orient": "bottom", "title": None, "columns": 3},
    }
    tooltip = ["country:N", "category:N", "count:Q"]
    across = {"field": "count", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1}}
    upwards = {"field": "country", "type": "nominal", "sort": names, "axis": axis}
    bars = base.mark_bar(height=14).encode(x=across, y=upwards, color=colour, tooltip=tooltip)
    st.altair_chart(bars, width="stretch", key="supporters-by-country")
    if len(found.by_country) > _DRAWN:
        draw_line(say("supporters.drawn", shown=_DRAWN, total=len(found.by_country)))
    _ask(say("supporters.question_country"), "country")


def _draw_years(found: Supporters) -> None:
    """Draw how many joined in each year; say how many give no date."""
    from altair import Chart, InlineData

    years = found.by_year
    dated = sum(years.values())
    draw_line(say("supporters.by_year"), "pc-over")
    draw_line(say("supporters.undated", dated=dated, total=len(found.rows)))
    if len(years) > 1:
        rows = [{"year": str(year), "count": count} for year, count in years.items()]
        base: Any = Chart(InlineData(rows), height=130, description=say("supporters.by_year"))
        upwards = {"field": "count", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1, "tickCount": 4}}
        across = {"field": "year", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}}
        bars = base.mark_bar(color=_COLOURS[0], width=40).encode(x=across, y=upwards, tooltip=["year:O", "count:Q"])
        st.altair_chart(bars, width="stretch", key="supporters-by-year")


def _draw_table(found: Supporters) -> None:
    """Draw the rows behind the pictures, and what downloads them."""
    table = found.table(page_language())
    named = {column: say(f"supporters.column.{column}") for column in table[0]}
    st.dataframe(
        [{named[column]: value for column, value in line.items() if column != "source"} for line in table],
        hide_index=True,
        width="stretch",
        key="supporters-table",
    )
    with st.container(horizontal=True, key="downloads-supporters"):
        for label, write, kind, suffix in (
            ("Excel", partial(as_xlsx, {"supporters": table}), _WORKBOOK, "xlsx"),
            ("CSV", partial(as_csv, table), "text/csv", "csv"),
        ):
            name, told = f"supporters.{suffix}", say("coverage.download", form=label)
            st.download_button(told, write, name, kind, icon=":material/download:", on_click="ignore")


def _ask(question: str, name: str) -> None:
    """Draw what asks the question that a picture answers in the chat, which quotes the records."""
    if st.button(question, icon=":material/forum:", type="tertiary", key=f"supporters-ask-{name}"):
        st.session_state[ASKED] = question
        st.switch_page(CHAT_PAGE)


if __name__ == "__main__":
    draw_page()
