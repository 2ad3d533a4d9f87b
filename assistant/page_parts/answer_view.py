"""An answer as it is read: quoted sentences with their marks, the sources below, what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from assistant.answers import Answer, AnswerPart, Refusal, WritingRecord
from assistant.citations import Citation
from assistant.page_parts.cards import citations_html, draw_citations, draw_nearest
from assistant.page_parts.escaping import as_html
from assistant.page_parts.links import SourceLink
from assistant.page_parts.notices import draw_notice
from assistant.page_parts.plain_text import csv_table, guarded, with_references
from assistant.page_parts.standing import standings_of

NEAREST = 3
WEAK = "<b>Weak evidence.</b> The documents may not answer this; read the quotes before you rely on them."

_SUPPORT_MARKS = {
    "weak": '<span class="pc-weak" title="The quote is near, but it is not certain that it says all of this.">weak</span>',
    "unsupported": '<span class="pc-weak" title="No passage supports this sentence.">not supported</span>',
}


def draw_answer(answer: Answer, conversation: str | None, key: str) -> None:
    """Draw an answer or a refusal; `key` keeps its controls apart from those of other answers."""
    if answer.writing and answer.writing.notice:
        draw_notice(answer.writing.notice)
    if answer.abstained:
        st.html(refusal_html(answer))
        draw_nearest(answer.retrieved[:NEAREST], answer.generation, conversation, key)
        return
    if answer.is_weak:
        st.html(f'<p class="pc-quiet pc-evidence" role="note">{WEAK}</p>')
    st.html(answer_html(answer, conversation))
    if answer.table:
        _draw_table(answer, key)
    draw_citations(answer.citations, answer.generation, conversation, key, standings_of(answer))
    if answer.quoted and not answer.quoted.abstained:
        _draw_quoted(answer.quoted, conversation, key)


def _draw_quoted(quoted: Answer, conversation: str | None, key: str) -> None:
    """Draw the answer made of quotes that stands beside one that a language model wrote: one click away."""
    with st.expander("The answer in quotes alone", icon=":material/format_quote:", key=f"quoted-{key}"):
        st.html(answer_html(quoted, conversation))
        st.html("".join(citations_html([citation]) for citation in quoted.citations))


def draw_copy(answer: Answer) -> None:
    """Draw the button that opens the answer as text, with a control that copies it."""
    with st.popover("Copy with citations", icon=":material/content_copy:"):
        st.caption("The icon at the upper right of the text copies it.")
        st.code(with_references(answer), language=None, wrap_lines=True)


def answer_html(answer: Answer, conversation: str | None) -> str:
    """Return the parts of an answer as HTML, each with marks that open what it quotes."""
    citations = {citation.number: citation for citation in answer.citations}
    parts = answer.parts or (AnswerPart(answer.text),)
    blocks = []
    for kind, run in groupby(parts, key=lambda part: part.kind):
        written = [_part_html(part, citations, answer.generation, conversation) for part in run]
        blocks.append(_block(kind, written))
    return f'<div class="pc-answer">{"".join(blocks)}</div>'


def _block(kind: str, written: Sequence[str]) -> str:
    if kind == "list_item":
        return "<ul>" + "".join(f"<li>{text}</li>" for text in written) + "</ul>"
    name = ' class="pc-note"' if kind == "note" else ""
    return "".join(f"<p{name}>{text}</p>" for text in written)


def _part_html(part: AnswerPart, citations: dict[int, Citation], generation: str | None, conversation: str | None) -> str:
    marks = (_mark(citations[number], generation, conversation) for number in part.citations if number in citations)
    text = as_html(part.text)
    if part.support == "unsupported":
        text = f"<s>{text}</s>"
    return f"{text}<span class='pc-marks'>{''.join(marks)}{_SUPPORT_MARKS.get(part.support or '', '')}</span>"


def _mark(citation: Citation, generation: str | None, conversation: str | None) -> str:
    link = SourceLink.to_citations([citation], generation, conversation)
    where = f", page {citation.page}" if citation.page is not None else ""
    says = as_html(f"Source {citation.number}: {citation.title}{where}")
    return (
        f'<a class="pc-mark" href="{as_html(link.address())}" target="_self" title="{says}" aria-label="{says}">'
        f"{citation.number}</a>"
    )


def refusal_html(answer: Answer) -> str:
    """Return a refusal as HTML: that the documents do not answer, what was searched for, which words occur nowhere."""
    lines = [f"<p><b>{as_html(answer.text)}</b></p>"]
    if answer.refusal:
        lines.append(f"<p>{as_html(answer.refusal.reason)}</p>")
        lines.append(_words_html(answer.refusal))
    return f'<div class="pc-box pc-refusal" role="status">{"".join(lines)}</div>'


def _words_html(refusal: Refusal) -> str:
    """Return the words that were searched for, those that occur nowhere marked so."""
    known = [f"<li>{as_html(word)}</li>" for word in refusal.searched if word not in refusal.unknown]
    unknown = [f'<li class="pc-unknown">{as_html(word)} <span>in no document</span></li>' for word in refusal.unknown]
    listed = "".join(known + unknown)
    return f'<div class="pc-words"><span>Searched for</span><ul>{listed}</ul></div>' if listed else ""


def summary(answer: Answer) -> str:
    """Return the quiet line below an answer."""
    documents = len({citation.source for citation in answer.citations})
    seconds = f"{max(answer.seconds, 0.01):.2f} s"
    if answer.abstained:
        return f"not answered, {seconds}"
    if answer.mode == "generative" and answer.writing:
        return f"{written_by(answer.writing)}, {seconds}"
    if answer.mode == "register" and not documents:
        return f"counted in the register, {seconds}"
    return f"quoted from {documents} document{'' if documents == 1 else 's'}, {seconds}"


def written_by(record: WritingRecord) -> str:
    """Return who wrote an answer, and how many of its sentences stood up to the documents."""
    where = "on this machine" if record.is_local else "elsewhere"
    counts = [f"{record.supported} supported", f"{record.weak} weak" if record.weak else ""]
    counts.append(f"{record.unsupported} not supported" if record.unsupported else "")
    cost = f", cost {record.cost:.4f}" if record.cost is not None else ""
    return as_html(f"written by {record.model} {where}; sentences: {', '.join(filter(None, counts))}{cost}")


def _draw_table(answer: Answer, key: str) -> None:
    rows = [{name: guarded(value) for name, value in row.items()} for row in answer.table]
    st.dataframe(rows, hide_index=True, width="stretch", key=f"table-{key}")
    st.download_button(
        "Download as CSV",
        csv_table(answer.table).encode("utf-8-sig"),
        file_name="register.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download-{key}",
    )
