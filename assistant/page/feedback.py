"""What a reader thinks of an answer, and the way from there to a question of the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.answers import Answer
from assistant.evaluation.testset import GoldQuote, Turn, add_item, item_from, sentences_of
from assistant.page.links import EVALUATE_PAGE
from assistant.page.resources import conversations
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_notice
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import question_language

_LABEL_LENGTH = 160
_MOST_QUOTES = 10
_GOOD, _BAD = 1, 0


def draw_feedback(message: int, answer: Answer, history: Sequence[Mapping[str, str]], good: bool | None) -> None:
    """Draw the thumbs under an answer, and what makes a test question of it: unfolded where it was found bad."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"feedback-{message}"):
        thumb = {None: None, True: _GOOD, False: _BAD}[good]
        key = f"thumbs-{message}"
        st.feedback("thumbs", key=key, default=thumb, on_change=_rate, args=(message, key))
        if good is not False:
            with st.popover("Test question", icon=":material/checklist:", key=f"make-{message}"):
                _draw_form(message, answer, history)
    if good is False:
        with st.container(border=True, key=f"bad-{message}"):
            _draw_form(message, answer, history)


def _rate(message: int, key: str) -> None:
    thumb = st.session_state.get(key)
    conversations().rate(message, None if thumb is None else thumb == _GOOD)


def _draw_form(message: int, answer: Answer, history: Sequence[Mapping[str, str]]) -> None:
    if kept := st.session_state.get(f"kept-{message}"):
        st.success(f"Kept as test question {kept}.", icon=":material/check:")
        st.page_link(EVALUATE_PAGE, label="Your own test questions", icon=":material/checklist:")
        return
    sentences = sentences_of(answer)
    with st.form(f"test-question-{message}", border=False):
        chosen = st.multiselect(
            "What should have been cited?",
            range(len(sentences)),
            format_func=lambda position: _label(sentences[position]),
            max_selections=_MOST_QUOTES,
            select_all=False,
            placeholder="Choose sentences; type to find one",
            key=f"gold-{message}",
        )
        nothing = st.checkbox("Nothing: the documents do not answer it", key=f"nothing-{message}")
        facts = st.text_area(
            "What does a right answer say? (if left empty: those sentences)",
            placeholder="One fact per line, other wordings after |, such as: nine | 9",
            height=80,
            max_chars=2000,
            key=f"facts-{message}",
        )
        wanted = st.form_submit_button("Keep as a test question", icon=":material/add_task:")
    if wanted and bool(chosen) == nothing:
        draw_notice("Choose the sentences that should have been cited, or say that the documents do not answer it.")
    elif wanted:
        turns = [Turn("user" if turn["role"] == "user" else "assistant", turn["content"]) for turn in history]
        gold = [sentences[position] for position in chosen]
        try:
            made = item_from(answer, turns, question_language(answer.question), gold, facts.splitlines())
            st.session_state[f"kept-{message}"] = add_item(page_settings().data_dir, made).id
        except KnowledgeBaseError as error:
            draw_error(error)
        else:
            st.rerun()


def _label(quote: GoldQuote) -> str:
    text = " ".join(quote.quote.split())
    where = quote.source.rpartition("/")[2] + (f", page {quote.page}" if quote.page is not None else "")
    return f"{text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + '…'} ({where})"
