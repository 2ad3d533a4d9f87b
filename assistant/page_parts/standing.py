"""Whether what an answer quoted still stands in the documents as they are now."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.answers import Answer
from assistant.page_parts.escaping import as_html
from assistant.page_parts.links import SourceLink
from assistant.server import page_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.generations import current_id
from knowledge_base.quotes import KeptQuote, QuoteStanding, Standing, standings

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
    return "".join(_mark(number, standing, conversation) for number, standing in quotes if standing.standing != "there")


def label_suffix(found: Sequence[QuoteStanding]) -> str:
    """Return what a card's label says of its quotes: the worst."""
    states = {standing.standing for standing in found}
    return next((f" · {_WORDS[state]}" for state in ("gone", "moved") if state in states), "")


def _mark(number: int, standing: QuoteStanding, conversation: str | None) -> str:
    if standing.standing == "gone" or standing.source is None:
        return _line("gone", f"{number} is no longer in the documents.")
    link = SourceLink(standing.source, standing.page, ((standing.start, standing.end),), None, conversation)
    where = f"page {standing.page} of {standing.source}" if standing.page is not None else standing.source
    to = f'<a href="{as_html(link.address())}" target="_self">{as_html(where)}</a>'
    return f'<p class="pc-standing pc-moved">{number} has moved: it now stands in {to}.</p>'


def _line(state: str, text: str) -> str:
    return f'<p class="pc-standing pc-{state}">{as_html(text)}</p>'
