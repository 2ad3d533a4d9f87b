"""Ask a question, read the answer, and go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from assistant.answers import Answer, AskedMode
from assistant.page import resources
from assistant.page.answer_view import draw_answer, draw_copy, summary
from assistant.page.conversations import TITLE_LENGTH, Conversation, Message
from assistant.page.feedback import draw_feedback
from assistant.page.links import CHAT_PAGE, CONVERSATION
from assistant.page.metrics import metrics
from assistant.page.settings import page_settings
from assistant.page.templates import draw_error, draw_line, draw_notice, run_script
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
PURPOSE = "Ask what the documents of the Paris Call say. Every sentence of an answer is quoted, and opens on its page."

_ASKED, _BY_ITSELF, _ANSWERED = "asked", "asked-by-itself", "just-answered"
_QUOTE_ICON = ":material/format_quote:"


def draw_page() -> None:
    """Draw the conversation, answer what was asked, then open what the next question will need."""
    keep_interrupted()
    settings = page_settings()
    with st.bottom:
        mode = draw_mode_switch()
        asked = st.chat_input(
            "Ask about the documents",
            max_chars=settings.max_question_length,
            key="question",
            submit_mode="disable" if settings.chat_model else "submit",
        )
    question = asked or st.session_state.pop(_ASKED, None)
    conversation = _open_conversation()
    messages = resources.conversations().messages(conversation.id) if conversation else []
    _draw_head(conversation, is_empty=not messages and not question)
    _draw_messages(messages, conversation)
    if st.session_state.pop(_ANSWERED, False):
        run_script("scroll")
    if question:
        _take(question, conversation, [] if st.session_state.pop(_BY_ITSELF, False) else messages, mode)
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
        _draw_conversation_menu(conversation)
    if is_empty:
        st.title("What does the Paris Call say?", anchor=False)
        draw_line(PURPOSE, "pc-purpose")
        with st.container(horizontal=True, key="examples"):
            for position, example in enumerate(EXAMPLES):
                st.button(example, on_click=_ask_later, args=(example,), key=f"example-{position}")


def _draw_conversation_menu(conversation: Conversation) -> None:
    """Draw the conversation's title with the menu that renames or deletes it."""
    store = resources.conversations()
    with st.container(horizontal=True, vertical_alignment="center", key="conversation-head"):
        draw_line(conversation.title, "pc-title pc-crumb", tag="h1")
        with st.popover("", icon=":material/more_horiz:", help="Rename or delete this conversation"):
            with st.form(f"rename-{conversation.id}", border=False):
                title = st.text_input("Title of the conversation", conversation.title, max_chars=TITLE_LENGTH)
                if st.form_submit_button("Rename"):
                    store.rename(conversation.id, title)
                    st.rerun()
            is_sure = st.checkbox("Delete it for good; answers saved from it stay", key=f"sure-{conversation.id}")
            if st.button("Delete the conversation", disabled=not is_sure, key=f"delete-{conversation.id}"):
                store.delete(conversation.id)
                st.switch_page(CHAT_PAGE)


def _ask_later(question: str, by_itself: bool = False) -> None:
    st.session_state[_ASKED] = question
    st.session_state[_BY_ITSELF] = by_itself


def _draw_messages(messages: Sequence[Message], conversation: Conversation | None) -> None:
    saved = resources.conversations().saved_messages() if messages else set()
    ratings = resources.conversations().ratings() if messages else {}
    for position, message in enumerate(messages):
        if message.role == "user":
            _draw_question(message.content)
            if position + 1 == len(messages) or messages[position + 1].role == "user":
                draw_line("This question has not been answered: its run was interrupted.")
            continue
        with st.chat_message("assistant", avatar=_QUOTE_ICON):
            if message.answer is None:
                draw_line(message.content, "pc-answer", tag="div")
                continue
            _draw_reading(message.answer, message.id)
            draw_answer(message.answer, conversation.id if conversation else None, str(message.id))
            with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{message.id}"):
                draw_copy(message.answer)
                _draw_save(message.id, is_saved=message.id in saved)
                draw_line(summary(message.answer), "pc-quiet pc-summary", width="content")
            draw_feedback(message.id, message.answer, _history(messages[: position - 1]), ratings.get(message.id))


def _draw_question(question: str) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        draw_line(question, "pc-question")


def _draw_reading(answer: Answer, message: int) -> None:
    """Say how a question was read, where that is not as it was asked, and offer to ask a follow-up by itself."""
    if not answer.standalone:
        return
    follows = answer.standalone != answer.question and answer.standalone.endswith(answer.question)
    says = "Read with the question and the answer before it." if follows else f"Read as: {answer.standalone}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"reading-{message}"):
        draw_line(says, width="content")
        if follows:
            st.button(
                "Ask it by itself",
                icon=":material/close:",
                type="tertiary",
                help="Ask the same question without what came before it.",
                on_click=_ask_later,
                args=(answer.question, True),
                key=f"by-itself-{message}",
            )


def _draw_save(message: int, *, is_saved: bool) -> None:
    store = resources.conversations()
    label, icon = ("Saved", ":material/bookmark_added:") if is_saved else ("Save", ":material/bookmark_add:")
    act = store.remove_saved if is_saved else store.save_answer
    st.button(label, icon=icon, key=f"save-{message}", on_click=act, args=(message,))


def _take(question: str, conversation: Conversation | None, messages: Sequence[Message], mode: AskedMode) -> None:
    """Keep a question, answer it, keep the answer, and draw the page again from what is kept."""
    store = resources.conversations()
    _draw_question(question)
    run_script("scroll")
    try:
        begun = conversation or store.begin(question)
        st.query_params[CONVERSATION] = begun.id
        if not (messages and messages[-1].role == "user" and messages[-1].content == question):
            store.add_question(begun.id, question)
        with st.spinner("Reading the documents…"):
            shared, history = resources.assistant(), _history(messages)
            answered = shared.begin(question, history) if mode == "generative" else shared.ask(question, history)
        if isinstance(answered, Answer):
            store.add_answer(begun.id, answered)
        else:
            _write(answered, begun.id)
    except KnowledgeBaseError as error:
        draw_error(error)
        st.stop()
    st.session_state[_ANSWERED] = True
    st.rerun()


def _write(writing: Writing, conversation: str) -> None:
    """Draw an answer while a language model writes it; it is kept however that ends."""
    store = resources.conversations()

    def keep(answer: Answer) -> None:
        store.add_answer(conversation, answer)
        metrics().answered(answer)

    with st.chat_message("assistant", avatar=_QUOTE_ICON):
        draw_writing(writing, conversation, keep)


def _history(messages: Sequence[Message]) -> list[dict[str, str]]:
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
    draw_page()
