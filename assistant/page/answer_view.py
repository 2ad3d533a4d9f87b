"""An answer as it is read: quoted sentences with their marks, the sources below, what to do with it."""

from __future__ import annotations

import csv
import io
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

import streamlit as st

from assistant.answers import Answer, AnswerPart, Citation, Refusal, WritingRecord
from assistant.escaping import as_html, as_label
from assistant.page.links import SOURCE_PAGE, SourceLink
from assistant.page.notices import draw_notice
from assistant.page.settings import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.passages import Passage, RetrievedPassage
from knowledge_base.store.generations import current_id
from knowledge_base.store.saved_citations import KeptQuote, QuoteStanding, Standing, standings

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def with_references(answer: Answer) -> str:
    """Return question, answer and numbered references."""
    lines = [answer.question, "", answer.text]
    if answer.citations:
        lines += ["", *(reference(citation) for citation in answer.citations)]
    return "\n".join(lines)


def reference(citation: Citation) -> str:
    """Return one reference: number, title, date, page, source and quote."""
    quote = " ".join(citation.quote.split())
    return f"[{citation.number}] {citation.title}, {place(citation)} ({citation.source}): “{quote}”"


def place(citation: Citation) -> str:
    """Return where a quote stands, in words."""
    page = "no pages" if citation.page is None else f"page {citation.page}"
    return f"{citation.date}, {page}" if citation.date else page


def csv_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as CSV with a header; cells that a spreadsheet would compute begin with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet reads as a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


log = logging.getLogger(__name__)

Standings = Mapping[int, QuoteStanding]
"""The standing of each citation of an answer, by its position."""

_WORDS: dict[Standing, str] = {"moved": "moved", "gone": "no longer there"}


def standings_of(answer: Answer) -> Standings | None:
    """Return where the quotes of an answer stand now: empty where it was made from the documents as they are, None: unknown."""
    try:
        current = current_id(page_settings().data_dir)
        if not answer.citations or answer.generation == current:
            return {}
        if current is None:
            return None
        quotes = [KeptQuote(c.source, c.title, c.page, c.start, c.end, c.quote, answer.generation) for c in answer.citations]
        return dict(enumerate(_looked_up(current, tuple(quotes))))
    except KnowledgeBaseError as error:
        log.info("Where quotes stand is not known: %s", error)
        return None


@st.cache_data(show_spinner=False, max_entries=256)
def _looked_up(generation: str, quotes: tuple[KeptQuote, ...]) -> list[QuoteStanding]:
    return standings(page_settings().data_dir, quotes)


def summary_html(answer: Answer, found: Standings | None) -> str:
    """Return a line on all quotes of an answer; nothing where it has none, or where it is not known how they stand."""
    if not answer.citations or found is None:
        return ""
    counts = Counter(standing.standing for standing in found.values())
    count = len(answer.citations)
    if not found or counts["there"] == count:
        return _line("there", "What it quotes is still there, word for word.")
    told = [f"{counts[state]} of {count} quotes {word}" for state, word in _WORDS.items() if counts[state]]
    if count == 1:
        told = [f"what it quotes {'has moved' if counts['moved'] else 'is no longer there'}"]
    return _line("gone" if counts["gone"] else "moved", f"The documents have changed since: {', '.join(told)}.")


def marks_html(quotes: Sequence[tuple[int, QuoteStanding]], conversation: str | None) -> str:
    """Return a line for each quote, (number, standing), that moved or is gone; it leads to its new place."""
    return "".join(_place_mark(number, standing, conversation) for number, standing in quotes if standing.standing != "there")


def label_suffix(found: Sequence[QuoteStanding]) -> str:
    """Return what a card's label says of its quotes: the worst."""
    states = {standing.standing for standing in found}
    return next((f" · {_WORDS[state]}" for state in ("gone", "moved") if state in states), "")


def _place_mark(number: int, standing: QuoteStanding, conversation: str | None) -> str:
    if standing.standing == "gone" or standing.source is None:
        return _line("gone", f"{number} is no longer in the documents.")
    link = SourceLink(standing.source, standing.page, ((standing.start, standing.end),), None, conversation)
    where = f"page {standing.page} of {standing.source}" if standing.page is not None else standing.source
    to = f'<a href="{as_html(link.address())}" target="_self">{as_html(where)}</a>'
    return f'<p class="pc-standing pc-moved">{number} has moved: it now stands in {to}.</p>'


def _line(state: str, text: str) -> str:
    return f'<p class="pc-standing pc-{state}">{as_html(text)}</p>'


_TITLE_LENGTH = 90
_EXCERPT = 420


def draw_citations(
    citations: Sequence[Citation],
    generation: str | None,
    conversation: str | None,
    key: str,
    standings: Standings | None = None,
) -> None:
    """Draw one card for each page that is quoted, in the order of the numbers; what moved or is gone since is said."""
    pages: dict[tuple[str, int | None], list[int]] = {}
    for index, citation in enumerate(citations):
        pages.setdefault((citation.source, citation.page), []).append(index)
    if pages:
        st.html('<p class="pc-over">Sources</p>')
    for position, indexes in enumerate(pages.values()):
        quoted = [citations[index] for index in indexes]
        found = [(citations[index].number, standings[index]) for index in indexes] if standings else []
        label = citation_label(quoted) + label_suffix([standing for _, standing in found])
        with st.expander(label, key=f"source-{key}-{position}"):
            st.html(citations_html(quoted) + marks_html(found, conversation))
            draw_link(SourceLink.to_citations(quoted, generation, conversation), quoted[0].page)


def draw_nearest(passages: Sequence[RetrievedPassage], generation: str | None, conversation: str | None, key: str) -> None:
    """Draw the passages that came nearest to a question that was refused."""
    if passages:
        st.html('<p class="pc-over">Nearest passages (not an answer)</p>')
    for position, retrieved in enumerate(passages):
        passage = retrieved.passage
        with st.expander(_label("", passage.title, passage.page, None), key=f"nearest-{key}-{position}"):
            st.html(passage_html(passage))
            link = SourceLink(passage.source, passage.page, ((passage.start, passage.end),), generation, conversation)
            draw_link(link, passage.page)


def draw_link(link: SourceLink, page: int | None) -> None:
    """Draw the link that opens the source view within this session."""
    label = "Open the text" if page is None else "Open the page"
    st.page_link(SOURCE_PAGE, label=label, icon=":material/menu_book:", query_params=link.parameters())


def citation_label(quoted: Sequence[Citation]) -> str:
    """Return a card's label: numbers, title, page and date."""
    first = quoted[0]
    return _label(_numbers([citation.number for citation in quoted]), first.title, first.page, first.date)


def _label(numbers: str, title: str, page: int | None, date: str | None) -> str:
    where = [] if page is None else [f"page {page}"]
    details = " · ".join([*where, *([as_label(date)] if date else [])])
    start = f"**{numbers}**  " if numbers else ""
    return f"{start}{as_label(title, _TITLE_LENGTH)}" + (f" — {details}" if details else "")


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers in words: 1–3 where they follow each other, else 1, 4."""
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(map(str, numbers))


def citations_html(quoted: Sequence[Citation]) -> str:
    """Return quotes of one page with their numbers, and where they stand."""
    quotes = "".join(
        f'<blockquote><span class="pc-number">{citation.number}</span>{as_html(_one_line(citation.quote))}</blockquote>'
        for citation in quoted
    )
    return f'<div class="pc-card">{_heading(quoted[0].heading)}{quotes}{_source(quoted[0].source)}</div>'


def passage_html(passage: Passage) -> str:
    """Return the beginning of a passage, and where it stands."""
    text = _one_line(passage.text)
    shown = text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"
    quote = f"<blockquote>{as_html(shown)}</blockquote>"
    return f'<div class="pc-card">{_heading(passage.heading)}{quote}{_source(passage.source)}</div>'


def _heading(heading: str) -> str:
    return f'<p class="pc-heading">{as_html(heading)}</p>' if heading else ""


def _source(source: str) -> str:
    return f'<p class="pc-source">{as_html(source)}</p>'


def _one_line(text: str) -> str:
    return " ".join(text.split())


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
    """Return who wrote an answer, and how many of its sentences are supported by the documents."""
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
