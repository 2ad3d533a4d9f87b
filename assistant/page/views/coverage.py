"""Which documents mention a term, counted and quoted; and which text cites which."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from assistant.answers import Citation
from assistant.page.language import say
from assistant.page.links import TERM, SourceLink, keep_in_address, take_from_address
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_notice
from assistant.workbench.coverage import GROUPS, By, Coverage, Row, cover
from assistant.workbench.references import Reference, References, find_references
from assistant.workbench.tables import Rows, as_csv, as_xlsx
from knowledge_base.errors import KnowledgeBaseError, NoIndexError
from knowledge_base.store.generations import current_id, open_generation

_MENTIONS, _CITATIONS = "mentions", "citations"
_HELD, _MISSING = "held", "missing"
_BY = "by"
_LISTED, _A_PAGE = 25, 40
_MAPPED, _MAPPED_WORDS = 22, 8
_BLUE, _TITLE = "#3f74c4", 46
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.coverage"), anchor=False)
    shown = st.segmented_control(
        say("coverage.show"),
        (_MENTIONS, _CITATIONS),
        default=_MENTIONS,
        format_func={_MENTIONS: say("coverage.mentions"), _CITATIONS: say("coverage.citations")}.__getitem__,
        required=True,
        key="show",
        label_visibility="collapsed",
    )
    try:
        generation = current_id(page_settings().data_dir)
        if generation is None:
            raise NoIndexError(say("error.no_index"), say("error.no_index_remedy"))
        if shown == _CITATIONS:
            with st.spinner(say("coverage.reading")):
                references = _references(generation)
            _draw_references(references, generation)
        else:
            _draw_mentions(generation)
    except KnowledgeBaseError as error:
        draw_error(error)


def _draw_mentions(generation: str) -> None:
    """Draw the box, and what mentions the term in it."""
    take_from_address(st.session_state, st.query_params, TERM)
    term = st.text_input(
        say("coverage.box"),
        key=TERM,
        on_change=keep_in_address,
        args=(st.session_state, st.query_params, TERM),
        type="search",
        placeholder=say("coverage.placeholder"),
        label_visibility="collapsed",
    )
    if not term.strip():
        draw_line(say("coverage.purpose"), "pc-purpose")
        with st.container(horizontal=True, key="coverage-examples"):
            for name in ("first", "second", "third", "fourth"):
                example = say(f"coverage.example.{name}")
                st.button(example, on_click=_count, args=(example,), key=f"coverage-example-{name}")
        return
    given = st.query_params.get(_BY)
    st.session_state[_BY] = given if given in GROUPS else GROUPS[0]
    by: By | None = st.segmented_control(
        say("coverage.count_by"),
        GROUPS,
        format_func=_named,
        required=True,
        key=_BY,
        on_change=keep_in_address,
        args=(st.session_state, st.query_params, _BY),
        label_visibility="collapsed",
    )
    with st.spinner(say("coverage.counting")):
        found = _covered(generation, term, by or GROUPS[0])
    _draw_head(found)
    if found.rows:
        _draw_picture(found)
        _draw_rows(found, generation)
    _draw_none(found)
    _draw_downloads(found.table(), "coverage")


def _named(by: By) -> str:
    return say(f"coverage.by.{by}")


def _count(term: str) -> None:
    st.query_params[TERM] = term


@st.cache_data(show_spinner=False, max_entries=32)
def _covered(generation: str, term: str, by: By) -> Coverage:
    with open_generation(page_settings().data_dir, generation, text_only=True) as held:
        return cover(term, held.catalog, by)


@st.cache_data(show_spinner=False, max_entries=2)
def _references(generation: str) -> References:
    with open_generation(page_settings().data_dir, generation, text_only=True) as held:
        return find_references(held.catalog)


def _draw_head(found: Coverage) -> None:
    """Say how many documents and records mention the term, and which words were searched."""
    holding, total = found.number_holding(records=False)
    with_records, records = found.number_holding(records=True)
    if not found.rows:
        draw_notice(say("coverage.nowhere", term=found.term))
    else:
        told = say("coverage.mentioned", term=found.term, holding=holding, total=total)
        if records:
            told = say(
                "coverage.mentioned_with_records",
                term=found.term,
                holding=holding,
                total=total,
                with_records=with_records,
                records=records,
            )
        draw_line(told, "pc-told")
    draw("searched", label=say("coverage.searched"), words=found.searched)
    if found.by == "country":
        draw_line(say("coverage.by_country"))


def _shown(found: Coverage) -> list[Row]:
    """Return the rows that are drawn: of documents, the records come last."""
    if found.by != "document":
        return list(found.rows)
    return sorted(found.rows, key=lambda row: row.source is not None and found.library[row.source].kind == "record")


def _draw_picture(found: Coverage) -> None:
    """Draw a heat map, rows by the words that were searched; bars where there is but one word."""
    from altair import Chart, InlineData, Scale, layer

    rows = _shown(found)[:_MAPPED]
    words = [word for word in found.searched if any(row.forms.get(word) for row in rows)][:_MAPPED_WORDS]
    labels = _labels(found, rows)
    cells = [
        {"title": label, "word": word, "count": row.forms[word], "full": row.title}
        for row, label in zip(rows, labels, strict=True)
        for word in words
        if row.forms.get(word)
    ]
    description = say("coverage.picture", term=found.term, by=_named(found.by).lower())
    base: Any = Chart(InlineData(cells), height={"step": 24}, description=description)
    tooltip = [
        {"field": name, "type": kind, "title": title}
        for name, kind, title in (
            ("full", "nominal", _named(found.by)),
            ("word", "nominal", say("coverage.word")),
            ("count", "quantitative", say("coverage.mentions")),
        )
    ]
    axis = {"labelLimit": 190, "title": None, "ticks": False, "domain": False}
    vertical = {"field": "title", "type": "nominal", "sort": labels, "axis": axis}
    ink = "#e7e4dd" if st.context.theme.type == "dark" else "#1d2430"
    if len(words) == 1:
        horizontal = {
            "field": "count",
            "type": "quantitative",
            "title": say("coverage.mentions_of", word=words[0]),
            "axis": {"tickMinStep": 1},
        }
        chart = base.mark_bar(color=_BLUE, height=15).encode(x=horizontal, y=vertical, tooltip=tooltip)
    else:
        across = {
            "labelAngle": -50,
            "title": None,
            "orient": "top",
            "labelLimit": 120,
            "labelOverlap": False,
            "ticks": False,
            "domain": False,
        }
        placed = base.encode(x={"field": "word", "type": "nominal", "sort": words, "axis": across}, y=vertical, tooltip=tooltip)
        shade = {"field": "count", "type": "quantitative", "legend": None, "scale": Scale(type="sqrt", range=[0.2, 0.75])}
        squares = placed.mark_rect(color=_BLUE, cornerRadius=2).encode(opacity=shade)
        chart = layer(squares, placed.mark_text(color=ink, fontSize=12).encode(text={"field": "count", "type": "quantitative"}))
    st.altair_chart(chart, width="stretch", key="coverage-picture")
    if len(found.rows) > _MAPPED:
        draw_line(say("coverage.picture_shows", shown=_MAPPED, total=len(found.rows)))


def _labels(found: Coverage, rows: Sequence[Row]) -> list[str]:
    """Return short names of rows, each of which stands once: of two documents with one title, the language is said."""
    titles = [row.title for row in rows]
    labels: list[str] = []
    for row in rows:
        name = row.title if len(row.title) <= _TITLE else f"{row.title[: _TITLE - 1]}…"
        if titles.count(row.title) > 1 and row.source:
            name += f" ({found.library[row.source].language or '?'})"
        same = sum(label.rstrip("\u200b") == name for label in labels)
        labels.append(name + "\u200b" * same)
    return labels


def _draw_rows(found: Coverage, generation: str) -> None:
    """Draw the table, the best quote of each row as a link to its page."""
    rows = _shown(found)
    is_whole = len(rows) <= _LISTED or st.session_state.get("coverage-whole") == (found.term, found.by)
    listed = rows if is_whole else rows[:_LISTED]
    linked = [(row, _address(row.citation, generation)) for row in listed]
    draw("coverage", head=_named(found.by), rows=linked, is_grouped=found.by != "document")
    if not is_whole:
        st.button(
            say("coverage.show_all", count=len(rows)), on_click=_show_whole, args=(found.term, found.by), key="coverage-all"
        )


def _show_whole(term: str, by: str) -> None:
    st.session_state["coverage-whole"] = (term, by)


def _address(citation: Citation | None, generation: str) -> str | None:
    return SourceLink.to_citations([citation], generation, None).address() if citation else None


def _draw_none(found: Coverage) -> None:
    """Name the documents without a mention; of the records, their number."""
    documents = [found.library[source] for source in found.none if found.library[source].kind != "record"]
    records = len(found.none) - len(documents)
    if not found.none:
        draw_line(say("coverage.everywhere"))
        return
    told = say("counts.documents", count=len(documents))
    label = say("coverage.no_mention", told=told)
    if records:
        label = say("coverage.no_mention_both", documents=told, records=say("coverage.records", count=records))
    with st.expander(label, icon=":material/block:"):
        draw_line(say("coverage.none_holds", words=", ".join(found.searched)))
        draw("files", listed=[{"source": row.title, "reason": row.source} for row in documents])


def _draw_downloads(sheets: dict[str, Rows], name: str) -> None:
    """Draw the buttons that download a table; it is written when one is pressed."""
    first = next(iter(sheets.values()))
    with st.container(horizontal=True, key=f"downloads-{name}"):
        for label, write, kind, suffix in (
            ("Excel", partial(as_xlsx, sheets), _WORKBOOK, "xlsx"),
            ("CSV", partial(as_csv, first), "text/csv", "csv"),
        ):
            st.download_button(
                say("coverage.download", form=label),
                write,
                f"{name}.{suffix}",
                kind,
                icon=":material/download:",
                on_click="ignore",
            )


def _draw_references(found: References, generation: str) -> None:
    """Draw what the documents cite: what is not indexed first."""
    if not (found.held or found.missing):
        draw_notice(say("coverage.cites_nothing"))
        return
    draw_line(say("coverage.cites"), "pc-purpose")
    kinds = {_MISSING: found.missing, _HELD: found.held}
    labels = {_MISSING: say("coverage.missing", count=len(found.missing)), _HELD: say("coverage.held", count=len(found.held))}
    kind = st.segmented_control(
        say("coverage.cited"),
        list(kinds),
        default=_MISSING,
        required=True,
        format_func=labels.__getitem__,
        key="cited",
        label_visibility="collapsed",
    )
    cited: Sequence[Reference] = kinds[kind]
    pages = st.session_state.get("cited-pages", 1)
    linked = [(r, [(entry, _address(entry.citation, generation)) for entry in r.citing]) for r in cited[: pages * _A_PAGE]]
    draw("references", references=linked)
    if len(cited) > pages * _A_PAGE:
        st.button(say("form.show_more"), on_click=_show_more_cited, args=(pages + 1,), key="cited-more")
    _draw_downloads(found.table(), "references")


def _show_more_cited(pages: int) -> None:
    st.session_state["cited-pages"] = pages


if __name__ == "__main__":
    draw_page()
