"""Check a draft: paste it or drop a file; each sentence is marked, with the passage that shows why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from assistant.answers import Citation
from assistant.page import uploads
from assistant.page.links import SourceLink
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_error, draw_line, draw_unexpected_error
from assistant.workbench.checking import STATUSES, Checked, Checker, Status, as_rows, commented, counts
from assistant.workbench.drafts import SUFFIXES, Draft, of_text, read_draft
from assistant.workbench.tables import as_csv
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.changes import marked_words

SYMBOLS: dict[Status, str] = {"verbatim": "=", "supported": "✓", "contradicted": "≠", "not_found": "?"}
_WORDS: dict[Status, str] = {
    "verbatim": "verbatim", "supported": "supported", "contradicted": "contradicted", "not_found": "not found",
}  # fmt: skip
_RELATIONS = {
    "stands there": "It stands here, letter for letter",
    "says it": "Said here",
    "differs": "Said otherwise here",
    "nearest": "The nearest passage; it does not say this",
}
_PURPOSE = (
    "Paste a text or drop a file. Each sentence is looked up in the documents: does it stand there, is it said there, or is"
    " something else said? Nothing is kept unless you download it."
)
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
    st.title("Check a draft", anchor=False)
    draw_line(_PURPOSE, "pc-purpose")
    settings = page_settings()
    if context := get_script_run_ctx():
        uploads.EXPECTED.add(context.session_id)
    text = st.text_area("The text", height=180, key="draft-text", placeholder="A note, a chapter, a speech")
    file = st.file_uploader("Or a file: DOCX, Markdown or text", type=list(SUFFIXES), max_upload_size=settings.max_file_mb)
    if st.button("Check", type="primary", key="check", disabled=not (text.strip() or file)):
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
    bar = st.progress(0.0, "The index is opened")
    checked: list[Checked] = []
    try:
        with Checker.open(settings) as checker:
            for each in checker.check(draft):
                checked.append(each)
                bar.progress(len(checked) / total, f"{len(checked)} of {total} sentences")
            generation = checker.generation.id
        return Result(draft, tuple(checked), generation, commented(draft, checked, settings))
    finally:
        bar.empty()


def _draw_result(result: Result) -> None:
    found = counts(result.checked)
    left = len(result.checked) - sum(found.values())
    draw_line("Result", "pc-title", tag="h2")
    chosen = st.pills(
        "Show", STATUSES, selection_mode="multi", key="check-filter", label_visibility="collapsed",
        format_func=lambda status: f"{SYMBOLS[status]} {found[status]} {_WORDS[status]}",
    )  # fmt: skip
    if left:
        draw_line(f"{left} not judged: headings, questions, and what makes no claim.")
    with st.container(horizontal=True, key="check-downloads"):
        st.download_button(
            "Word file with comments", result.docx, "checked-draft.docx", icon=":material/comment:", key="check-docx"
        )
        table = as_csv(as_rows(result.checked))
        st.download_button("Table (CSV)", table, "checked-draft.csv", "text/csv", icon=":material/table:", key="check-csv")
    draw("checked", sentences=[_shown(each, result) for each in result.checked if _is_shown(each, chosen)])


def _is_shown(each: Checked, chosen: Sequence[Status]) -> bool:
    return not chosen or (each.sentence.is_claim and each.status in chosen)


def _shown(each: Checked, result: Result) -> dict[str, object]:
    """Return what the template draws of a sentence: its mark, and its quotes with what differs marked word by word."""
    status = each.status if each.sentence.is_claim else "left"
    return {
        "status": status.replace("_", "-"),
        "symbol": SYMBOLS[each.status] if each.sentence.is_claim else "",
        "word": _WORDS[each.status] if each.sentence.is_claim else "not judged",
        "text": each.sentence.text,
        "heading": result.draft.paragraphs[each.sentence.paragraph].is_heading,
        "relation": _RELATIONS[each.relation],
        "differences": [(d.kind, d.claim or "–", d.evidence or "–") for d in each.differences if d.claim or d.evidence],
        "quotes": [_quote(citation, each, result.generation) for citation in each.citations],
    }


def _quote(citation: Citation, each: Checked, generation: str) -> tuple[list[tuple[str, str]], str, str]:
    """Return the runs of a quote, where it differs from the draft marked, its place, and the address that opens it."""
    runs = [("span", citation.quote)]
    if each.status == "contradicted":
        runs = [(_TAGS[run.kind], run.text) for run in marked_words(each.sentence.text, citation.quote)]
    place = [citation.title, f"page {citation.page}" if citation.page else "", citation.label]
    return runs, " · ".join(filter(None, place)), SourceLink.to_citations([citation], generation, None).address()


if __name__ == "__main__":
    draw_page()
