"""Ask a question, read the answer, and go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from assistant.answers import Answer, AskedMode
from assistant.escaping import as_html
from assistant.page import resources
from assistant.page.answer_view import draw_answer, draw_copy, summary
from assistant.page.conversations import Conversation, Message
from assistant.page.feedback import draw_feedback
from assistant.page.links import CONVERSATION
from assistant.page.metrics import metrics
from assistant.page.notices import draw_error, draw_notice
from assistant.page.settings import page_settings
from assistant.page.sidebar import draw_conversation_menu
from assistant.page.style import scroll_to_latest_question
from assistant.page.writing_view import draw_mode_switch, draw_writing, keep_interrupted
from knowledge_base.errors import KnowledgeBaseError

if TYPE_CHECKING:
    from assistant.writing.writing import Writing


EXAMPLES = (
    "Who launched the Paris Call, and when?",
    "What are the nine principles?",
    "Which states have not joined?",
    "What does principle 8 say about hacking back?",
    "What did Working Group 5 propose?",
    "Qu'est-ce que l'Appel de Paris ?",
)


ASKED = "asked"
ALONE = "asked-alone"
ANSWERED = "just-answered"
PURPOSE = "Ask what the documents of the Paris Call say. Every sentence of an answer is quoted, and opens on its page."


def draw() -> None:
    """Draw the conversation, answer what was asked, then open what the next question will need."""
    keep_interrupted()
    mode, question = _draw_input()
    question = question or st.session_state.pop(ASKED, None)
    conversation = _open_conversation()
    messages = resources.conversations().messages(conversation.id) if conversation else []
    _draw_head(conversation, is_empty=not messages and not question)
    _draw_messages(messages, conversation)
    if st.session_state.pop(ANSWERED, False):
        scroll_to_latest_question()
    if question:
        _take(question, conversation, [] if st.session_state.pop(ALONE, False) else messages, mode)
    elif messages and messages[-1].role == "user":
        st.button("Ask it again", icon=":material/refresh:", on_click=_ask_later, args=(messages[-1].content,))
    _open_library()


def _draw_input() -> tuple[AskedMode, str | None]:
    """Draw what stays at the foot of the page: how a question is answered, and where it is asked."""
    settings = page_settings()
    with st.bottom:
        mode = draw_mode_switch()
        asked = st.chat_input(
            "Ask about the documents",
            max_chars=settings.max_question_length,
            key="question",
            submit_mode="disable" if settings.chat_model else "submit",
        )
    return mode, asked


def _open_conversation() -> Conversation | None:
    identifier = st.query_params.get(CONVERSATION)
    if not identifier:
        return None
    found = resources.conversations().conversation(identifier)
    if found is None:
        draw_notice("That conversation is not kept here any more. You can begin a new one.")
        del st.query_params[CONVERSATION]
    return found


def _draw_head(conversation: Conversation | None, *, is_empty: bool) -> None:
    if notice := resources.conversations().notice:
        draw_notice(notice)
    if conversation:
        draw_conversation_menu(conversation)
    if is_empty:
        st.title("What does the Paris Call say?", anchor=False)
        st.html(f'<p class="pc-purpose">{PURPOSE}</p>')
        _draw_examples()


def _draw_examples() -> None:
    with st.container(horizontal=True, key="examples"):
        for position, example in enumerate(EXAMPLES):
            st.button(example, on_click=_ask_later, args=(example,), key=f"example-{position}")


def _ask_later(question: str, alone: bool = False) -> None:
    st.session_state[ASKED] = question
    st.session_state[ALONE] = alone


def _draw_messages(messages: list[Message], conversation: Conversation | None) -> None:
    saved = resources.conversations().saved_messages() if messages else set()
    ratings = resources.conversations().ratings() if messages else {}
    for position, message in enumerate(messages):
        if message.role == "user":
            _draw_question(message.content)
            if position + 1 == len(messages) or messages[position + 1].role == "user":
                st.html('<p class="pc-quiet">This question has not been answered: its run was interrupted.</p>')
        else:
            with st.chat_message("assistant", avatar=":material/format_quote:"):
                _draw_answer(message, conversation, is_saved=message.id in saved)
                draw_feedback(message, _history(messages[: position - 1]), ratings.get(message.id))


def _draw_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.html(f'<p class="pc-question">{as_html(question)}</p>')


def _draw_answer(message: Message, conversation: Conversation | None, *, is_saved: bool) -> None:
    if message.answer is None:
        st.html(f'<div class="pc-answer"><p>{as_html(message.content)}</p></div>')
        return
    _draw_reading(message.answer, message.id)
    draw_answer(message.answer, conversation.id if conversation else None, str(message.id))
    with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{message.id}"):
        draw_copy(message.answer)
        _draw_save(message.id, is_saved=is_saved)
        st.html(f'<p class="pc-quiet pc-summary">{summary(message.answer)}</p>', width="content")


def _draw_reading(answer: Answer, message: int) -> None:
    """Say how a question was read, where that is not as it was asked, and offer to ask a follow-up by itself."""
    if not answer.standalone:
        return
    follows = answer.standalone != answer.question and answer.standalone.endswith(answer.question)
    says = "Read with the question and the answer before it." if follows else f"Read as: {as_html(answer.standalone)}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"reading-{message}"):
        st.html(f'<p class="pc-quiet">{says}</p>', width="content")
        if follows:
            st.button(
                "Ask it alone",
                icon=":material/close:",
                type="tertiary",
                help="Ask the same question without what came before it.",
                on_click=_ask_later,
                args=(answer.question, True),
                key=f"alone-{message}",
            )


def _draw_save(message: int, *, is_saved: bool) -> None:
    store = resources.conversations()
    label, icon = ("Saved", ":material/bookmark_added:") if is_saved else ("Save", ":material/bookmark_add:")
    act = store.remove_saved if is_saved else store.save_answer
    st.button(label, icon=icon, key=f"save-{message}", on_click=act, args=(message,))


def _take(question: str, conversation: Conversation | None, messages: list[Message], mode: AskedMode) -> None:
    """Keep a question, answer it, keep the answer, and draw the page again from what is kept."""
    store = resources.conversations()
    _draw_question(question)
    scroll_to_latest_question()
    try:
        begun = conversation or store.begin(question)
        st.query_params[CONVERSATION] = begun.id
        if not (messages and messages[-1].role == "user" and messages[-1].content == question):
            store.add_question(begun.id, question)
        with st.spinner("Reading the documents…"):
            answered = _answered(question, _history(messages), mode)
        if isinstance(answered, Answer):
            store.add_answer(begun.id, answered)
        else:
            _write(answered, begun.id)
    except KnowledgeBaseError as error:
        draw_error(error)
        st.stop()
    st.session_state[ANSWERED] = True
    st.rerun()


def _answered(question: str, history: list[dict[str, str]], mode: AskedMode) -> Answer | Writing:
    shared = resources.assistant()
    return shared.begin(question, history) if mode == "generative" else shared.ask(question, history)


def _write(writing: Writing, conversation: str) -> None:
    """Draw an answer while a language model writes it; it is kept however that ends."""
    store = resources.conversations()

    def keep(answer: Answer) -> None:
        store.add_answer(conversation, answer)
        metrics().answered(answer)

    with st.chat_message("assistant", avatar=":material/format_quote:"):
        draw_writing(writing, conversation, keep)


def _history(messages: list[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _open_library() -> None:
    """Open the model and the index once the page is painted, so that the first question need not wait for them."""
    try:
        with st.spinner("Opening the library…"):
            opened = resources.assistant()
        for notice in opened.notices:
            draw_notice(notice)
    except KnowledgeBaseError as error:
        draw_error(error)


if __name__ == "__main__":
    draw()
