"""A run of an evaluation as the page shows it: figures, pictures, what changed, and each question with its sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from markupsafe import Markup

from assistant.evaluation.comparison import Change, Comparison
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.report import EvaluationReport, Group
from assistant.evaluation.report_html import part, read_style, recall_and_hit, risks, summary
from assistant.page.language import on_page, say
from assistant.page.links import SOURCE_PAGE, SourceLink
from assistant.page.templates import draw, draw_line, draw_style, render
from knowledge_base.escaping import as_label

Chart = Any
"""A chart of altair, whose methods are not typed."""

_COLOURS = (
    "--ink: currentColor; --quiet: color-mix(in srgb, currentColor 68%, transparent); --line: var(--pc-line);"
    " --soft: var(--pc-soft); --blue: #3f74c4; --second: #c07a1a; "
    " --good: color-mix(in srgb, #2c8a55 78%, currentColor); --bad: color-mix(in srgb, #c0562f 82%, currentColor);"
)
_BLUE, _SECOND = "#3f74c4", "#c07a1a"
_HEIGHT = 230
_FIRST, _CHANGED, _STALE, _ALL = "first", "changed", "stale", "all"
_LINKS = 12


def draw_evaluation_style() -> None:
    """Draw the style sheet of what evaluations show."""
    draw_style(f".pc-evaluation {{ {_COLOURS} }}\n.pc-evaluation {{ {read_style('parts.css')} }}")


def draw_run(report: EvaluationReport, records: Sequence[EvaluationRecord], comparison: Comparison | None) -> None:
    """Draw a run, against another where there is one."""
    shown = replace(report, comparison=comparison)
    head = render("line", text=summary(shown), kind="quiet")
    _block(head, part("verdict", report.gate) if report.gate else Markup(), part("cards", shown))
    if comparison:
        st.header(say("evaluation.against"), anchor=False)
        _block(part("changes", comparison))
    st.header(say("evaluation.questions"), anchor=False)
    draw_questions(report, records, comparison)
    st.header(say("evaluation.pictures"), anchor=False)
    columns = st.columns(2)
    for position, (title, chart) in enumerate(charts(report.categories, records).items()):
        with columns[position % 2].container(border=True):
            draw_line(title, "pc-over")
            st.altair_chart(chart, width="stretch")
    with st.expander(say("evaluation.figures")):
        _block(part("figures", shown))
    with st.expander(say("evaluation.groups")):
        _block(part("groups", report.categories + report.languages))


def _block(*parts: Markup) -> None:
    """Draw parts of the report, which its own templates have escaped."""
    draw("evaluation", content=Markup().join(parts))


def charts(groups: Sequence[Group], records: Sequence[EvaluationRecord]) -> dict[str, Chart]:
    """Return each picture of a run by its title."""
    return {
        say("evaluation.chart.category"): by_category(groups),
        say("evaluation.chart.risk"): risk_and_coverage(records),
        say("evaluation.chart.recall"): recall_by_k(records),
        say("evaluation.chart.latency"): latency(records),
    }


def by_category(groups: Sequence[Group]) -> Chart:
    """Draw for each category the share of questions that came out right, with its interval."""
    rows = []
    for group in groups:
        right = group.figures["strict" if group.figures["strict"].value is not None else "refused"]
        if right.value is not None:
            told = say("evaluation.chart.share", percent=round(100 * right.value), count=group.items)
            rows.append({"category": group.name, "right": right.value, "low": right.low, "high": right.high, "told": told})
    base = _chart(rows, say("evaluation.chart.category_told")).encode(
        y={"field": "category", "type": "nominal", "sort": None, "title": None}, tooltip=["category:N", "told:N"]
    )
    bars = base.mark_bar(color=_BLUE).encode(x=_share("right", say("evaluation.chart.right")))
    return bars + base.mark_rule(strokeWidth=2, color=_SECOND).encode(x="low:Q", x2="high:Q")


def risk_and_coverage(records: Sequence[EvaluationRecord]) -> Chart:
    """Draw the share of wrong answers against the share of questions answered, the most confident first."""
    rows = [{"coverage": coverage, "risk": risk} for coverage, risk in risks(records)]
    chart = _chart(rows, say("evaluation.chart.risk_told"))
    return chart.mark_line(color=_BLUE, point={"color": _BLUE, "size": 18}).encode(
        x=_share("coverage", say("evaluation.chart.answered")),
        y=_share("risk", say("evaluation.chart.wrong")),
        tooltip=["coverage:Q", "risk:Q"],
    )


def recall_by_k(records: Sequence[EvaluationRecord]) -> Chart:
    """Draw recall and hit rate among the first k retrieved passages."""
    rows = [
        {"figure": name, "k": k, "share": share}
        for name, shares in recall_and_hit(records).items()
        for k, share in enumerate(shares, start=1)
    ]
    colours = {"domain": ["recall", "hit"], "range": [_BLUE, _SECOND]}
    return (
        _chart(rows, say("evaluation.chart.recall_told"))
        .mark_line(point=True)
        .encode(
            x={"field": "k", "type": "ordinal", "title": say("evaluation.chart.passages"), "axis": {"labelAngle": 0}},
            y=_share("share", None),
            color={"field": "figure", "type": "nominal", "scale": colours, "title": None, "legend": {"orient": "top"}},
            tooltip=["figure:N", "k:O", "share:Q"],
        )
    )


def latency(records: Sequence[EvaluationRecord]) -> Chart:
    """Draw how many answers took how long."""
    rows = [{"milliseconds": 1000 * record.answer["seconds"]} for record in records if record.answer is not None]
    return (
        _chart(rows, say("evaluation.chart.latency_told"))
        .mark_bar(color=_BLUE)
        .encode(
            x={
                "field": "milliseconds",
                "type": "quantitative",
                "bin": {"maxbins": 14},
                "title": say("evaluation.chart.milliseconds"),
            },
            y={"aggregate": "count", "type": "quantitative", "title": say("evaluation.chart.answers")},
            tooltip=["count():Q"],
        )
    )


def _chart(rows: Sequence[dict[str, Any]], description: str) -> Chart:
    """Return a chart of rows; the description is what a screen reader says of it."""
    from altair import Chart, InlineData

    return Chart(InlineData(list(rows)), height=_HEIGHT, description=description)


def _share(field: str, title: str | None) -> dict[str, Any]:
    """Return an axis from 0 to 100 %."""
    axis = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}
    return {"field": field, "type": "quantitative", "axis": axis, "scale": {"domain": [0, 1]}, "title": title}


def draw_questions(report: EvaluationReport, records: Sequence[EvaluationRecord], comparison: Comparison | None) -> None:
    """Draw the choice of a question, and the one that was chosen with its sources."""
    changes = {change.id: change for change in comparison.changes} if comparison else {}
    kinds = {_FIRST: [record for record in records if record.has_failed]}
    if changes:
        kinds[_CHANGED] = [record for record in records if record.item.id in changes]
    if any(record.stale for record in records):
        kinds[_STALE] = [record for record in records if record.stale]
    kinds[_ALL] = list(records)
    kind = st.segmented_control(
        say("check.show"),
        list(kinds),
        default=_FIRST,
        format_func=lambda name: say("search.value", name=say(f"evaluation.kind.{name}"), count=len(kinds[name])),
        label_visibility="collapsed",
    )
    listed = kinds[kind or _FIRST]
    if not listed:
        draw_line(say("evaluation.none"))
        return
    chosen = st.selectbox(
        say("evaluation.question"),
        listed,
        format_func=lambda record: f"{record.item.id}: {record.item.question}",
        key="evaluation-question",
    )
    if chosen is not None:
        _draw_question(chosen, changes.get(chosen.item.id), report.generation)


def _draw_question(record: EvaluationRecord, change: Change | None, generation: str) -> None:
    """Draw a question, and links to the pages that should have been cited and to those that were."""
    before = change.before if change else None
    draw("question", item=record.item, outcome=record.outcome, before=before, details=part("details", record))
    links: dict[str, SourceLink] = {}
    for gold in record.item.gold:
        link = SourceLink(gold.source, gold.page, (), generation)
        links.setdefault(say("evaluation.open_gold", place=_place(gold.source, gold.page)), link)
    for cited in (record.answer or {}).get("citations", ()):
        link = SourceLink(cited["source"], cited["page"], ((cited["start"], cited["end"]),), generation)
        links.setdefault(say("evaluation.open_cited", place=_place(cited["source"], cited["page"])), link)
    for label, link in list(links.items())[:_LINKS]:
        st.page_link(SOURCE_PAGE, label=label, icon=":material/menu_book:", query_params=link.parameters())


def _place(source: str, page: int | None) -> str:
    return as_label(source.rpartition("/")[2]) + ("" if page is None else f", {on_page(page)}")
