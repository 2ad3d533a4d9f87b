"""Forget a document: what is erased, which answers lose their page, and whether that is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from assistant.activity import ask_ingest
from assistant.page_parts.activity_panel import start
from assistant.page_parts.escaping import as_html
from assistant.page_parts.notices import draw_error
from assistant.server import page_settings
from knowledge_base.errors import KnowledgeBaseError

_LISTED = 30
_SECONDS_KEPT = 30


@st.dialog("Forget this document", width="medium")
def draw_forget_dialog(source: str) -> None:
    """Draw what forgetting a document erases, and ask whether it is meant."""
    try:
        planned = _planned(source)
    except KnowledgeBaseError as error:
        draw_error(error)
        return
    st.html(plan_html(planned))
    with_answers = bool(planned["answers"]) and st.checkbox("Erase these answers too", key="with-answers")
    is_sure = st.checkbox("I am sure: this cannot be undone", key="forget-sure")
    if st.button("Forget it for good", type="primary", disabled=not is_sure, key="forget-now"):
        start("forget", [source, "--yes", *(["--with-answers"] if with_answers else [])])
        st.rerun()


@st.cache_data(show_spinner="Looking where it is held…", ttl=_SECONDS_KEPT, max_entries=8)
def _planned(source: str) -> dict[str, Any]:
    return dict(ask_ingest(page_settings().data_dir, "forget", [source]))


def plan_html(planned: Mapping[str, Any]) -> str:
    """Return what is erased, and the kept answers that hold text of the document."""
    erased = "".join(f"<li>{line}</li>" for line in _erased(planned))
    notices = "".join(f"<p>{as_html(str(notice))}</p>" for notice in planned["notices"])
    source = f'<p class="pc-source">{as_html(planned["source"])}</p>'
    return f'<div class="pc-card">{source}<ul class="pc-files">{erased}</ul>{_answers(planned)}{notices}</div>'


def _erased(planned: Mapping[str, Any]) -> Iterator[str]:
    earlier = [name for name in planned["names"] if name != planned["source"]]
    if earlier:
        yield f"It was also known as {as_html(', '.join(earlier))}."
    yield from (f"Its file is deleted: {as_html(file)}" for file in planned["files"])
    if planned["generations"]:
        listed = as_html(", ".join(planned["generations"]))
        yield f"The generations that hold it are removed ({listed}): there is no way back to them."
    yield "Its kept original and its part of the cache are erased."
    if planned["evaluations"]:
        yield f"{len(planned['evaluations'])} evaluations that hold passages of it are removed."


def _answers(planned: Mapping[str, Any]) -> str:
    answers = planned["answers"]
    if not answers:
        return "<p>No kept answer holds text of it.</p>"
    saved = [answer for answer in answers if answer["place"] == "saved"]
    told = [f"{as_html(answer['question'])}<span>saved {as_html(answer['kept'][:10])}</span>" for answer in saved[:_LISTED]]
    items = "".join(f"<li>{line}</li>" for line in told)
    others = len(answers) - min(len(saved), _LISTED)
    more = f"<li>{others} answer{'' if others == 1 else 's'} in conversations</li>" if others else ""
    return f'<p><b>These answers hold text of it and lose their page:</b></p><ul class="pc-files">{items}{more}</ul>'
