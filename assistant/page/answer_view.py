"""An answer as it is read: quoted sentences with their marks, the sources below, what to do with it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import groupby
from urllib.parse import urljoin

import streamlit as st
from markupsafe import Markup

from assistant.answers import Answer, AnswerPart, Citation, ExportFormat, WritingRecord, language_notice
from assistant.messages import message
from assistant.page.language import decimal, on_page, say
from assistant.page.links import SOURCE_PAGE, SourceLink
from assistant.page.settings import page_settings
from assistant.page.templates import draw, draw_line, draw_notice, render, show
from assistant.workbench.bibliography import Library
from assistant.workbench.exporting import ENDINGS, written
from assistant.workbench.notes import look_up, remarks_on
from assistant.workbench.tables import as_csv
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import as_label, guarded
from knowledge_base.language.words import question_language, words
from knowledge_base.passages import RetrievedPassage
from knowledge_base.store.generations import current_id, open_generation
from knowledge_base.store.saved_citations import KeptQuote, QuoteStanding, standings

NEAREST = 3
Standings = Mapping[int, QuoteStanding]
"""The standing of each citation of an answer, by its position; empty where the documents are those that it was made from."""

_TITLE_LENGTH = 90
_EXCERPT = 420

_FORMS: dict[ExportFormat, tuple[str, str]] = {
    "docx": (":material/description:", "application/octet-stream"),
    "md": (":material/markdown:", "text/markdown"),
    "html": (":material/print:", "application/octet-stream"),
    "bundle": (":material/verified:", "application/zip"),
    "bibtex": (":material/menu_book:", "application/octet-stream"),
    "csl": (":material/library_books:", "application/json"),
}
_NAME_WORDS = 6

log = logging.getLogger(__name__)


def draw_answer(answer: Answer, conversation: str | None, key: str) -> None:
    """Draw an answer or a refusal; `key` keeps its controls apart from those of other answers."""
    draw_words(answer, conversation)
    if answer.abstained:
        _draw_nearest(answer.retrieved[:NEAREST], answer.generation, conversation, key)
        return
    if answer.table:
        rows = [{name: guarded(value) for name, value in row.items()} for row in answer.table]
        st.dataframe(rows, hide_index=True, width="stretch", key=f"table-{key}")
        st.download_button(
            say("answer.csv"),
            as_csv(answer.table),
            file_name="register.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{key}",
        )
    _draw_citations(answer, conversation, key)
    if answer.quoted and not answer.quoted.abstained:
        with st.expander(say("answer.quoted"), icon=":material/format_quote:", key=f"quoted-{key}"):
            show(answer_html(answer.quoted, conversation))
            show(Markup().join(card_html([citation]) for citation in answer.quoted.citations))


def draw_words(answer: Answer, conversation: str | None, opened: Collection[int] = ()) -> None:
    """Draw what an answer says, or that there is none; the marks of the quotes that are `opened` beside it stand out."""
    if answer.writing and answer.writing.notice:
        draw_notice(answer.writing.notice)
    if answer.abstained:
        draw("refusal", text=answer.text, refusal=answer.refusal)
        return
    if answer.is_weak:
        told = Markup("<b>{}</b> {}").format(say("answer.weak_evidence"), say("answer.weak_evidence_told"))
        draw_line(told, "pc-quiet pc-evidence", role="note")
    if less_tested := language_notice(answer):
        draw_line(less_tested, "pc-quiet pc-evidence", role="note")
    show(answer_html(answer, conversation, opened))


def draw_copy(answer: Answer) -> None:
    """Draw the button that opens the answer as text, with a control that copies it."""
    with st.popover(say("answer.copy"), icon=":material/content_copy:"):
        st.caption(say("answer.copy_how"))
        known = addresses(answer.generation, tuple(dict.fromkeys(c.source for c in answer.citations)))
        st.code(with_references(answer, known), language=None, wrap_lines=True)


def draw_export(answers: Sequence[Answer], name: str, label: str, key: str) -> None:
    """Draw the button that opens the forms in which answers can be taken away; a file is made when it is asked for."""
    can_be_verified = all(map(_can_be_verified, answers))
    with st.popover(label, icon=":material/ios_share:", key=f"export-{key}"), st.container(gap=None):
        for form, (icon, mime) in _FORMS.items():
            is_out = form == "bundle" and not can_be_verified
            st.download_button(
                say(f"export.{form}"),
                partial(_file, answers, form),
                f"{'-'.join(words(name)[:_NAME_WORDS]) or 'answers'}.{ENDINGS[form]}",
                mime,
                icon=icon,
                type="tertiary",
                on_click="ignore",
                disabled=is_out,
                help=say("answer.unverifiable") if is_out else None,
                key=f"export-{key}-{form}",
            )


def _can_be_verified(answer: Answer) -> bool:
    """Say whether the pages that an answer quotes are still there, in its own index or in the present one."""
    if not answer.citations or (page_settings().data_dir / "generations" / (answer.generation or "none")).is_dir():
        return True
    found = standings_of(answer)
    return found is not None and all(standing.standing == "there" for standing in found.values())


def _file(answers: Sequence[Answer], form: ExportFormat) -> bytes:
    return written(answers, form, look_up(answers, page_settings()))


def _draw_citations(answer: Answer, conversation: str | None, key: str) -> None:
    """Draw a card per page that is quoted, in the order of the numbers; what moved or is gone since is said."""
    found = standings_of(answer)
    places = {id(citation): index for index, citation in enumerate(answer.citations)}
    known = addresses(answer.generation, tuple(dict.fromkeys(c.source for c in answer.citations)))
    if answer.citations:
        draw_line(say("answer.sources"), "pc-over")
    for position, quoted in enumerate(quoted_pages(answer)):
        stand = [(citation.number, found[places[id(citation)]]) for citation in quoted] if found else []
        with st.expander(citation_label(quoted, stand), key=f"source-{key}-{position}"):
            show(card_html(quoted, stand, conversation))
            link = SourceLink.to_citations(quoted, answer.generation, conversation)
            with st.container(horizontal=True, vertical_alignment="center", key=f"ways-{key}-{position}"):
                _draw_link(link, quoted[0].page)
                with st.popover(say("answer.copy_quote"), icon=":material/content_copy:", key=f"copy-{key}-{position}"):
                    st.caption(say("answer.copy_quote_how"))
                    weak = [message(question_language(answer.question), "export.weak")] if answer.is_weak else []
                    for citation in quoted:
                        line = reference_line(citation, known.get(citation.source))
                        st.code("\n".join([*weak, line]), language=None, wrap_lines=True)
                    address = urljoin(st.context.url or "", link.without_conversation().address())
                    st.code(address, language=None, wrap_lines=True)


def quoted_pages(answer: Answer) -> list[list[Citation]]:
    """Return the citations of an answer by the page that they quote, in the order of the numbers."""
    pages: dict[tuple[str, int | None], list[Citation]] = {}
    for citation in answer.citations:
        pages.setdefault((citation.source, citation.page), []).append(citation)
    return list(pages.values())


@st.cache_data(show_spinner=False, max_entries=256)
def addresses(generation: str | None, sources: tuple[str, ...]) -> dict[str, str]:
    """Return where documents of a generation were published, as far as the lists of official documents say it."""
    settings = page_settings()
    try:
        library = Library(settings)
        with open_generation(settings.data_dir, generation, text_only=True) as opened:
            rows = [row for source in sources if (row := opened.catalog.document(source))]
    except KnowledgeBaseError as error:
        log.info("Where documents were published is not known: %s", error)
        return {}
    found = {r.source: library.reference(r.source, r.title, r.date, r.language, r.content_hash).address for r in rows}
    return {source: address for source, address in found.items() if address}


def _draw_nearest(passages: Sequence[RetrievedPassage], generation: str | None, conversation: str | None, key: str) -> None:
    """Draw the passages that came nearest to a question that was refused."""
    if passages:
        draw_line(say("answer.nearest"), "pc-over")
    for position, retrieved in enumerate(passages):
        passage = retrieved.passage
        text = " ".join(passage.text.split())
        excerpt = text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"
        place = as_label(passage.heading) if passage.page is None else on_page(passage.page)
        told = " — ".join(filter(None, [as_label(passage.title, _TITLE_LENGTH), place]))
        with st.expander(told, key=f"nearest-{key}-{position}"):
            quotes = [(None, excerpt)]
            draw("card", heading=passage.heading, quotes=quotes, source=passage.source, moves=())
            spans = ((passage.start, passage.end),)
            _draw_link(SourceLink(passage.source, passage.page, spans, generation, conversation), passage.page)


def _draw_link(link: SourceLink, page: int | None) -> None:
    label = say("answer.open_text") if page is None else say("answer.open_page")
    st.page_link(SOURCE_PAGE, label=label, icon=":material/menu_book:", query_params=link.parameters())


def answer_html(answer: Answer, conversation: str | None, opened: Collection[int] = ()) -> Markup:
    """Return the parts of an answer as HTML, each with marks that open what it quotes; those of `opened` stand out."""
    marks = {c.number: (c, SourceLink.to_citations([c], answer.generation, conversation).address()) for c in answer.citations}
    parts = answer.parts or (AnswerPart(answer.text),)
    blocks = [(kind, list(run)) for kind, run in groupby(parts, key=lambda part: part.kind)]
    return render("answer", blocks=blocks, marks=marks, short=answer.short_answer, opened=opened)


def card_html(
    quoted: Sequence[Citation], stand: Sequence[tuple[int, QuoteStanding]] = (), conversation: str | None = None
) -> Markup:
    """Return quotes of one page with their numbers; where one moved or is gone (`stand`: number, standing), that is said."""
    quotes = [(citation.number, " ".join(citation.quote.split())) for citation in quoted]
    moves: list[tuple[int, QuoteStanding, str | None]] = []
    for number, s in stand:
        if s.standing == "gone" or s.source is None:
            moves.append((number, s, None))
        elif s.standing == "moved":
            address = SourceLink(s.source, s.page, ((s.start, s.end),), None, conversation).address()
            moves.append((number, s, address))
    return render("card", heading=quoted[0].heading, quotes=quotes, source=quoted[0].source, moves=moves)


def citation_label(quoted: Sequence[Citation], stand: Sequence[tuple[int, QuoteStanding]] = ()) -> str:
    """Return a card's label: numbers (1–3 where they follow each other, else 1, 4), title, page, date, the worst standing."""
    first, numbers = quoted[0], [citation.number for citation in quoted]
    follow = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    named = f"{numbers[0]}–{numbers[-1]}" if follow else ", ".join(map(str, numbers))
    page = [] if first.page is None else [on_page(first.page)]
    page += [] if first.ocr is None else [say("answer.ocr")]
    details = " · ".join([*map(as_label, filter(None, [first.label])), *page, *([as_label(first.date)] if first.date else [])])
    states = {standing.standing for _, standing in stand}
    worst = [f" · {told}" for state, told in (("gone", say("answer.gone")), ("moved", say("answer.moved"))) if state in states]
    title = f"**{named}**  {as_label(first.title, _TITLE_LENGTH)}"
    return "".join([title, f" — {details}" if details else "", *worst[:1]])


def standings_of(answer: Answer) -> Standings | None:
    """Return how the quotes of an answer from an earlier index stand; None where it is not known."""
    try:
        current = current_id(page_settings().data_dir)
        if answer.generation == current or not answer.citations:
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


def standing_line(answer: Answer, found: Standings | None) -> tuple[str, str] | None:
    """Return the state of all quotes of an answer and what is said of it; None where it has none or nothing is known."""
    if not answer.citations or found is None:
        return None
    counts = Counter(standing.standing for standing in found.values())
    count = len(answer.citations)
    if not found or counts["there"] == count:
        return "there", say("answer.all_there")
    told = [say("answer.quotes_moved", count=counts["moved"], total=count)] if counts["moved"] else []
    told += [say("answer.quotes_gone", count=counts["gone"], total=count)] if counts["gone"] else []
    if count == 1:
        told = [say("answer.quote_moved") if counts["moved"] else say("answer.quote_gone")]
    return "gone" if counts["gone"] else "moved", say("answer.changed_since", told=", ".join(told))


def summary(answer: Answer) -> str:
    """Return the quiet line below an answer."""
    documents = len({citation.source for citation in answer.citations})
    told = say("answer.quoted_from", count=documents)
    if answer.abstained:
        told = say("answer.refused")
    elif answer.mode == "generative" and answer.writing:
        told = written_by(answer.writing)
    elif answer.mode == "register" and not documents:
        told = say("answer.counted")
    return f"{told}, {say('form.seconds', seconds=decimal(max(answer.seconds, 0.01), 2))}"


def written_by(record: WritingRecord) -> str:
    """Return who wrote an answer, and how many of its sentences the documents support."""
    counts = [say("answer.supported", count=record.supported)]
    counts += [say("answer.weakly_supported", count=record.weak)] if record.weak else []
    counts += [say("answer.unsupported", count=record.unsupported)] if record.unsupported else []
    counts += [say("answer.cost", cost=decimal(record.cost, 4))] if record.cost is not None else []
    told = ", ".join(counts)
    if record.is_local:
        return say("answer.written_here", model=record.model, counts=told)
    return say("answer.written_elsewhere", model=record.model, counts=told)


def with_references(answer: Answer, known: Mapping[str, str] | None = None) -> str:
    """Return question, answer and numbered references; that it stands on weak evidence, and who wrote it, comes first.

    `known` are the addresses where documents were published, by source.
    """
    remarks = [] if answer.abstained else list(remarks_on(answer))
    lines = [answer.question, "", *(part for remark in remarks for part in (remark, "")), answer.text]
    if answer.citations:
        lines.append("")
    lines += [reference_line(citation, (known or {}).get(citation.source)) for citation in answer.citations]
    return "\n".join(lines)


def reference_line(citation: Citation, address: str | None = None) -> str:
    """Return a citation as one line: number, title, date, page, numbered part, source, where it was published, and quote."""
    page = say("answer.no_pages") if citation.page is None else on_page(citation.page)
    place = ", ".join(filter(None, (citation.date, page, citation.label)))
    where = citation.source + (f", {address}" if address else "")
    quote = say("form.quoted", text=" ".join(citation.quote.split()))
    return f"[{citation.number}] {citation.title}, {place} ({where}): {quote}"
