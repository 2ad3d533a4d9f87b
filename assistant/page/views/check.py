"""Check a draft: paste it or drop a file; each sentence is marked, with the passage that shows why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from assistant.answers import Citation
from assistant.page import uploads
from assistant.page.language import on_page, say
from assistant.page.links import SourceLink
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_unexpected_error
from assistant.workbench.checking import STATUSES, Checked, Checker, Status, as_rows, commented, counts
from assistant.workbench.drafts import SUFFIXES, Draft, of_text, read_draft
from assistant.workbench.tables import as_csv
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.changes import marked_words

SYMBOLS: dict[Status, str] = {"verbatim": "=", "supported": "✓", "contradicted": "≠", "not_found": "?"}
_RESULT = "checked-draft"
_TAGS = {"same": "span", "out": "del", "in": "ins"}


@dataclass(frozen=True, slots=True)
class Result:
    """A draft that was checked against a generation, and what goes out of it."""

    draft: Draft
    checked: tuple[Checked, ...]
    generation: str
    docx: bytes


def draw_page() -> None:
    """Draw the page."""
    st.title(say("titles.check"), anchor=False)
    draw_line(say("check.purpose"), "pc-purpose")
    settings = page_settings()
    if context := get_script_run_ctx():
        uploads.EXPECTED.add(context.session_id)
    text = st.text_area(say("check.text"), height=180, key="draft-text", placeholder=say("check.placeholder"))
    file = st.file_uploader(say("check.file"), type=list(SUFFIXES), max_upload_size=settings.max_file_mb)
    if st.button(say("check.check"), type="primary", key="check", disabled=not (text.strip() or file)):
        st.session_state.pop(_RESULT, None)
        try:
            draft = read_draft(file.getvalue(), uploads.clean_name(file.name), settings) if file else of_text(text)
            st.session_state[_RESULT] = _checked(draft)
        except KnowledgeBaseError as error:
            draw_error(error)
        except Exception as error:  # a border: whatever else fails is told, too
            draw_unexpected_error(error)
    if result := st.session_state.get(_RESULT):
        _draw_result(result)


def _checked(draft: Draft) -> Result:
    """Check a draft, with its progress on the page."""
    settings = page_settings()
    total = max(1, len(draft.sentences))
    bar = st.progress(0.0, say("check.opening"))
    checked: list[Checked] = []
    try:
        with Checker.open(settings) as checker:
            for each in checker.check(draft):
                checked.append(each)
                bar.progress(len(checked) / total, say("check.progress", done=len(checked), total=total))
            generation = checker.generation.id
        return Result(draft, tuple(checked), generation, commented(draft, checked, settings))
    finally:
        bar.empty()


def _draw_result(result: Result) -> None:
    found = counts(result.checked)
    left = len(result.checked) - sum(found.values())
    draw_line(say("check.result"), "pc-title", tag="h2")
    chosen = st.pills(
        say("check.show"), STATUSES, selection_mode="multi", key="check-filter", label_visibility="collapsed",
        format_func=lambda status: f"{SYMBOLS[status]} {say(f'check.counted.{status}', count=found[status])}",
    )  # fmt: skip
    if left:
        draw_line(say("check.left", count=left))
    with st.container(horizontal=True, key="check-downloads"):
        st.download_button(say("check.docx"), result.docx, "checked-draft.docx", icon=":material/comment:", key="check-docx")
        table = as_csv(as_rows(result.checked))
        st.download_button(say("check.csv"), table, "checked-draft.csv", "text/csv", icon=":material/table:", key="check-csv")
    draw("checked", sentences=[_shown(each, result) for each in result.checked if _is_shown(each, chosen)])


def _is_shown(each: Checked, chosen: Sequence[Status]) -> bool:
    return not chosen or (each.sentence.is_claim and each.status in chosen)


def _shown(each: Checked, result: Result) -> dict[str, object]:
    """Return what the template draws of a sentence: its mark, and its quotes with what differs marked word by word."""
    status = each.status if each.sentence.is_claim else "left"
    relation = each.relation.replace(" ", "_")
    return {
        "status": status.replace("_", "-"),
        "symbol": SYMBOLS[each.status] if each.sentence.is_claim else "",
        "word": say(f"check.status.{status}"),
        "text": each.sentence.text,
        "heading": result.draft.paragraphs[each.sentence.paragraph].is_heading,
        "relation": say(f"check.relation.{relation}"),
        "differences": [
            (say(f"check.difference.{d.kind}"), d.claim or "–", d.evidence or "–")
            for d in each.differences
            if d.claim or d.evidence
        ],
        "quotes": [_quote(citation, each, result.generation) for citation in each.citations],
    }


def _quote(citation: Citation, each: Checked, generation: str) -> tuple[list[tuple[str, str]], str, str]:
    """Return the runs of a quote, where it differs from the draft marked, its place, and the address that opens it."""
    runs = [("span", citation.quote)]
    if each.status == "contradicted":
        runs = [(_TAGS[run.kind], run.text) for run in marked_words(each.sentence.text, citation.quote)]
    place = [citation.title, on_page(citation.page) if citation.page else "", citation.label]
    return runs, " · ".join(filter(None, place)), SourceLink.to_citations([citation], generation, None).address()


if __name__ == "__main__":
    draw_page()
