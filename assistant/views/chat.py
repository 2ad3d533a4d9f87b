"""Ask a question, read the answer, and go on from there."""

from __future__ import annotations

import streamlit as st

from assistant.conversations import Conversation, Message
from assistant.page_parts import resources
from assistant.page_parts.answer_view import draw_answer, draw_copy, summary
from assistant.page_parts.conversation_menu import draw_conversation_menu
from assistant.page_parts.escaping import as_html
from assistant.page_parts.examples import EXAMPLES
from assistant.page_parts.links import CONVERSATION
from assistant.page_parts.notices import draw_error, draw_notice
from assistant.server import page_settings
from knowledge_base.errors import KnowledgeBaseError

ASKED = "asked"
PURPOSE = "Ask what the documents of the Paris Call say. Every sentence of an answer is quoted, and opens on its page."


def draw() -> None:
    """Draw the conversation, answer what was asked, then open what the next question will need."""
    question = st.chat_input("Ask about the documents", max_chars=page_settings().max_question_length, key="question")
    question = question or st.session_state.pop(ASKED, None)
    conversation = _open_conversation()
    messages = resources.conversations().messages(conversation.id) if conversation else []
    _draw_head(conversation, is_empty=not messages and not question)
    _draw_messages(messages, conversation)
    if question:
        _take(question, conversation, messages)
    elif messages and messages[-1].role == "user":
        st.button("Ask it again", icon=":material/refresh:", on_click=_ask_later, args=(messages[-1].content,))
    _open_library()


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


def _ask_later(question: str) -> None:
    st.session_state[ASKED] = question


def _draw_messages(messages: list[Message], conversation: Conversation | None) -> None:
    saved = resources.conversations().saved_messages() if messages else set()
    for position, message in enumerate(messages):
        if message.role == "user":
            _draw_question(message.content)
            if position + 1 == len(messages) or messages[position + 1].role == "user":
                st.html('<p class="pc-quiet">This question has not been answered: its run was interrupted.</p>')
        else:
            _draw_answer(message, conversation, is_saved=message.id in saved)


def _draw_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.html(f'<p class="pc-question">{as_html(question)}</p>')


def _draw_answer(message: Message, conversation: Conversation | None, *, is_saved: bool) -> None:
    with st.chat_message("assistant", avatar=":material/format_quote:"):
        if message.answer is None:
            st.html(f'<div class="pc-answer"><p>{as_html(message.content)}</p></div>')
            return
        draw_answer(message.answer, conversation.id if conversation else None, str(message.id))
        with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{message.id}"):
            draw_copy(message.answer)
            _draw_save(message.id, is_saved=is_saved)
            st.html(f'<p class="pc-quiet pc-summary">{summary(message.answer)}</p>', width="content")


def _draw_save(message: int, *, is_saved: bool) -> None:
    store = resources.conversations()
    label, icon = ("Saved", ":material/bookmark_added:") if is_saved else ("Save", ":material/bookmark_add:")
    act = store.remove_saved if is_saved else store.save_answer
    st.button(label, icon=icon, key=f"save-{message}", on_click=act, args=(message,))


def _take(question: str, conversation: Conversation | None, messages: list[Message]) -> None:
    """Keep a question, answer it, keep the answer, and draw the page again from what is kept."""
    store = resources.conversations()
    _draw_question(question)
    try:
        begun = conversation or store.begin(question)
        st.query_params[CONVERSATION] = begun.id
        if not (messages and messages[-1].role == "user" and messages[-1].content == question):
            store.add_question(begun.id, question)
        with st.spinner("Reading the documents…"):
            answer = resources.assistant().ask(question, _history(messages))
        store.add_answer(begun.id, answer)
    except KnowledgeBaseError as error:
        draw_error(error)
        st.stop()
    st.rerun()


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
