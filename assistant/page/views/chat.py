"""Ask a question, read the answer, and go on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from assistant.answers import Answer, AskedMode
from assistant.evaluation.testset import GoldQuote, Turn, add_item, item_from, sentences_of
from assistant.messages import languages
from assistant.messages import message as message_of
from assistant.page import resources
from assistant.page.activity_panel import has_official_documents, start
from assistant.page.answer_view import draw_answer, draw_copy, draw_export, summary
from assistant.page.conversations import TITLE_LENGTH, Conversation, Message
from assistant.page.language import on_page, say
from assistant.page.links import (
    ASKED,
    CHAT_PAGE,
    CONVERSATION,
    COVERAGE_PAGE,
    DOCUMENTS_PAGE,
    EVALUATE_PAGE,
    QUERY,
    SEARCH_PAGE,
    TERM,
)
from assistant.page.settings import page_settings
from assistant.page.sidebar import counts_of, published_manifest
from assistant.page.templates import draw_error, draw_line, draw_notice, run_script
from assistant.page.writing_view import UnderWay, draw_mode_switch, draw_under_way, under_way
from assistant.question.requests import read_request
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import content_words, question_language

if TYPE_CHECKING:
    from assistant.writing.writing import Writing

_BOX, _TOO_LONG, _FOCUSED = "question", "too-long", "focused"
_BY_ITSELF, _ANSWERED = "asked-by-itself", "just-answered"
_QUOTE_ICON = ":material/format_quote:"
_LABEL_LENGTH = 160
_MOST_QUOTES = 10
_SEARCHED = 12  # words of a question that the link to the search takes along
_GOOD, _BAD = 1, 0


def draw_page() -> None:
    """Draw the conversation, answer what was asked, then open what the next question will need."""
    settings, store = page_settings(), resources.conversations()
    with st.bottom:
        mode = draw_mode_switch()
        asked = st.chat_input(
            say("chat.box"),
            key=_BOX,
            submit_mode="disable" if settings.chat_model else "submit",
            on_submit=_keep_long_question,
        )
        if length := st.session_state.pop(_TOO_LONG, None):
            draw_notice(say("chat.too_long", length=length, most=settings.max_question_length))
            asked = None
    question = asked or st.session_state.pop(ASKED, None)
    conversation = None
    if identifier := st.query_params.get(CONVERSATION):
        conversation = store.conversation(identifier)
        if conversation is None:
            draw_notice(say("chat.gone"))
            del st.query_params[CONVERSATION]
    pending = under_way(conversation.id) if conversation else None
    messages = store.messages(conversation.id) if conversation else []
    if store.notice:
        draw_notice(store.notice)
    if conversation:
        _draw_conversation_menu(conversation, messages)
    if not messages and not question:
        with st.container(key="first-screen"):
            _draw_first_screen()
    _draw_messages(messages, conversation, is_pending=pending is not None)
    if st.session_state.pop(_ANSWERED, False):
        run_script("scroll")
    if not st.session_state.get(_FOCUSED):
        st.session_state[_FOCUSED] = True
        run_script("focus")
    if conversation and pending:
        if question:  # is asked once this one is answered
            st.session_state[ASKED] = question
        _see_through(pending, conversation.id)
    elif question:
        _take(question, conversation, [] if st.session_state.pop(_BY_ITSELF, False) else messages, mode)
    elif messages and messages[-1].role == "user":
        st.button(say("chat.again"), icon=":material/refresh:", on_click=_ask_later, args=(messages[-1].content,))
    try:  # once the page is painted, so that the first question need not wait for the model and the index
        with st.spinner(say("chat.opening")):
            opened = resources.assistant()
        for notice in opened.notices:
            draw_notice(notice)
    except KnowledgeBaseError as error:
        draw_error(error)


def _keep_long_question() -> None:
    """Put a question that is too long back into the box, to be shortened."""
    text = st.session_state.get(_BOX) or ""
    if len(text) > page_settings().max_question_length:
        st.session_state[_TOO_LONG] = len(text)
        st.session_state[_BOX] = text


def examples() -> list[str]:
    """Return questions to begin with, in the language of the page; the last of them in another."""
    first, second, third = say("chat.example.first"), say("chat.example.second"), say("chat.example.third")
    return [first, second, third, say("chat.example.fourth"), say("chat.example.fifth"), say("chat.example.other_language")]


def _draw_first_screen() -> None:
    """Say what can be asked, with examples; then what is indexed, and offer the official documents where there are none."""
    st.title(say("chat.title"), anchor=False)
    draw_line(say("chat.purpose"), "pc-purpose")
    with st.container(horizontal=True, key="examples"):
        for position, example in enumerate(examples()):
            st.button(example, on_click=_ask_later, args=(example,), key=f"example-{position}")
    try:
        manifest = published_manifest()
    except KnowledgeBaseError:
        return  # said where the library is opened
    if manifest is None or manifest.folder:
        return
    counts = ", ".join(counts_of(manifest))
    if has_official_documents():
        draw_line(say("chat.sources", counts=counts))
        return
    draw_line(say("chat.sources_without_official", counts=counts))
    if st.button(say("chat.fetch"), icon=":material/download:", key="fetch-first"):
        start("fetch", ["--sync"])
        st.switch_page(DOCUMENTS_PAGE)


def _draw_conversation_menu(conversation: Conversation, messages: Sequence[Message]) -> None:
    """Draw the conversation's title with what exports it, and the menu that renames or deletes it."""
    store = resources.conversations()
    answers = [message.answer for message in messages if message.answer]
    with st.container(horizontal=True, vertical_alignment="center", key="conversation-head"):
        draw_line(conversation.title, "pc-title pc-crumb", tag="h1")
        if answers:
            draw_export(answers, conversation.title, say("chat.export"), "conversation")
        with st.popover(say("chat.menu"), icon=":material/more_horiz:"):
            with st.form(f"rename-{conversation.id}", border=False):
                title = st.text_input(say("chat.new_title"), conversation.title, max_chars=TITLE_LENGTH)
                if st.form_submit_button(say("chat.rename")):
                    store.rename(conversation.id, title)
                    st.rerun()
            is_sure = st.checkbox(say("chat.sure"), key=f"sure-{conversation.id}")
            if st.button(say("chat.delete"), disabled=not is_sure, key=f"delete-{conversation.id}"):
                store.delete(conversation.id)
                st.switch_page(CHAT_PAGE)


def _ask_later(question: str, by_itself: bool = False) -> None:
    st.session_state[ASKED] = question
    st.session_state[_BY_ITSELF] = by_itself


def _draw_messages(messages: Sequence[Message], conversation: Conversation | None, *, is_pending: bool) -> None:
    store = resources.conversations()
    saved, ratings = (store.saved_messages(), store.ratings()) if messages else (set(), {})
    for position, message in enumerate(messages):
        if message.role == "user":
            _draw_question(message.content)
            is_last = position + 1 == len(messages)
            if is_last and not is_pending or not is_last and messages[position + 1].role == "user":
                draw_line(say("chat.interrupted"))
            continue
        with st.chat_message("assistant", avatar=_QUOTE_ICON):
            if message.answer is None:
                draw_line(message.content, "pc-answer", tag="div")
                continue
            _draw_reading(message.answer, message.id)
            draw_answer(message.answer, conversation.id if conversation else None, str(message.id))
            with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{message.id}"):
                draw_copy(message.answer)
                draw_export([message.answer], message.answer.question, say("export.label"), str(message.id))
                label, icon, act = (say("chat.save"), ":material/bookmark_add:", store.save_answer)
                if message.id in saved:
                    label, icon, act = (say("chat.saved"), ":material/bookmark_added:", store.remove_saved)
                st.button(label, icon=icon, key=f"save-{message.id}", on_click=act, args=(message.id,))
                _draw_way_to_words(message.answer.question)
                notes = (message_of(code, "register.official_register") for code in languages())
                if any(note in message.answer.text for note in notes) and not has_official_documents():
                    st.page_link(DOCUMENTS_PAGE, label=say("chat.bring_in_register"), icon=":material/download:")
                draw_line(summary(message.answer), "pc-quiet pc-summary", width="content")
            _draw_feedback(message.id, message.answer, _history(messages[: position - 1]), ratings.get(message.id))


def _draw_way_to_words(question: str) -> None:
    """Draw the link to the page that counts what was asked for, or searches for the words of the question."""
    request = read_request(question)
    if request and request.kind == "mentions":
        st.page_link(
            COVERAGE_PAGE, label=say("chat.count_mentions"), icon=":material/grid_on:", query_params={TERM: request.subject}
        )
    elif found := content_words(question, question_language(question)):
        query = " OR ".join(dict.fromkeys(found[:_SEARCHED]))
        st.page_link(SEARCH_PAGE, label=say("chat.search_words"), icon=":material/search:", query_params={QUERY: query})


def _draw_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        draw_line(question, "pc-question")


def _draw_reading(answer: Answer, message: int) -> None:
    """Say how a question was read, where that is not as it was asked, and offer to ask a follow-up by itself."""
    if not answer.standalone:
        return
    follows = answer.standalone != answer.question and answer.standalone.endswith(answer.question)
    says = say("chat.read_with_history") if follows else say("chat.read_as", question=answer.standalone)
    with st.container(horizontal=True, vertical_alignment="center", key=f"reading-{message}"):
        draw_line(says, width="content")
        if follows:
            st.button(
                say("chat.by_itself"),
                icon=":material/close:",
                type="tertiary",
                help=say("chat.by_itself_help"),
                on_click=_ask_later,
                args=(answer.question, True),
                key=f"by-itself-{message}",
            )


def _draw_feedback(message: int, answer: Answer, history: Sequence[Mapping[str, str]], good: bool | None) -> None:
    """Draw the thumbs under an answer, and what makes a test question of it: unfolded where it was found bad."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"feedback-{message}"):
        thumb = {None: None, True: _GOOD, False: _BAD}[good]
        key = f"thumbs-{message}"
        st.feedback("thumbs", key=key, default=thumb, on_change=_rate, args=(message, key))
        if good is not False:
            with st.popover(say("test.make"), icon=":material/checklist:", key=f"make-{message}"):
                _draw_form(message, answer, history)
    if good is False:
        with st.container(border=True, key=f"bad-{message}"):
            _draw_form(message, answer, history)


def _rate(message: int, key: str) -> None:
    thumb = st.session_state.get(key)
    resources.conversations().rate(message, None if thumb is None else thumb == _GOOD)


def _draw_form(message: int, answer: Answer, history: Sequence[Mapping[str, str]]) -> None:
    if kept := st.session_state.get(f"kept-{message}"):
        st.success(say("test.kept", id=kept), icon=":material/check:")
        st.page_link(EVALUATE_PAGE, label=say("test.own"), icon=":material/checklist:")
        return
    sentences = sentences_of(answer)
    with st.form(f"test-question-{message}", border=False):
        chosen = st.multiselect(
            say("test.cited"),
            range(len(sentences)),
            format_func=lambda position: _label(sentences[position]),
            max_selections=_MOST_QUOTES,
            select_all=False,
            placeholder=say("test.choose"),
            key=f"gold-{message}",
        )
        nothing = st.checkbox(say("test.nothing"), key=f"nothing-{message}")
        facts = st.text_area(
            say("test.facts"),
            placeholder=say("test.facts_example"),
            height=80,
            max_chars=2000,
            key=f"facts-{message}",
        )
        wanted = st.form_submit_button(say("test.keep"), icon=":material/add_task:")
    if wanted and bool(chosen) == nothing:
        draw_notice(say("test.which"))
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
    where = quote.source.rpartition("/")[2] + (f", {on_page(quote.page)}" if quote.page is not None else "")
    return f"{text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + '…'} ({where})"


def _take(question: str, conversation: Conversation | None, messages: Sequence[Message], mode: AskedMode) -> None:
    """Keep a question, have it answered, and draw the page again from what is kept."""
    store = resources.conversations()
    _draw_question(question)
    run_script("scroll")
    try:
        begun = conversation or store.begin(question)
        st.query_params[CONVERSATION] = begun.id
        if not (messages and messages[-1].role == "user" and messages[-1].content == question):
            store.add_question(begun.id, question)
    except KnowledgeBaseError as error:
        draw_error(error)
        st.stop()
    history = _history(messages)

    def begin() -> Answer | Writing:
        shared = resources.assistant()
        return shared.begin(question, history) if mode == "generative" else shared.ask(question, history)

    _see_through(UnderWay(begun.id, begin, partial(store.add_answer, begun.id)), begun.id)


def _see_through(pending: UnderWay, conversation: str) -> None:
    """Draw an answer under way until it is kept, then the page again from what is kept."""
    try:
        with st.chat_message("assistant", avatar=_QUOTE_ICON):
            draw_under_way(pending, conversation)
    except KnowledgeBaseError as error:
        draw_error(error)
        st.stop()
    st.session_state[_ANSWERED] = True
    st.rerun()


def _history(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


if __name__ == "__main__":
    draw_page()
