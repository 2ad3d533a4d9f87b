"""What the sessions of one server share: the assistant and the conversations. Each is opened at first use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from assistant.answers import Answer
from assistant.page.conversations import ConversationStore
from assistant.page.language import say
from assistant.page.metrics import metrics
from assistant.page.settings import page_settings
from knowledge_base.errors import DamagedVectorsError, KnowledgeBaseError, NoIndexError, StorageError
from knowledge_base.settings import Settings
from knowledge_base.store.recovery import check_at_start

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.writing.writing import Writing

Answered = TypeVar("Answered")

log = logging.getLogger(__name__)


def _close(resource: SharedAssistant | ConversationStore) -> None:
    resource.close()


class SharedAssistant:
    """An assistant for several sessions, which ask one after the other: an answer takes hundredths of a second."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._lock = threading.Lock()

    def ask(self, question: str, history: Sequence[Mapping[str, str]]) -> Answer:
        """Answer a question with quotes from the newest generation."""
        return self._counted(lambda: self._assistant.ask(question, history, "extractive"))

    def begin(self, question: str, history: Sequence[Mapping[str, str]]) -> Answer | Writing:
        """Have a language model write the answer, where it is asked; while it writes, others may ask."""
        standalone = self._assistant.standalone(question, history, "generative")
        return self._counted(lambda: self._assistant.begin(question, history, "generative", standalone))

    @contextmanager
    def held(self) -> Iterator[Assistant]:
        """Give the assistant to one caller; others wait."""
        with self._lock:
            yield self._assistant

    def _counted(self, answer: Callable[[], Answered]) -> Answered:
        """Return what `answer` gives, one at a time; an answer or an error is counted, what a model is to write not yet."""
        try:
            with self._lock:
                found = answer()
        except Exception as error:
            metrics().failed(error)
            raise
        if isinstance(found, Answer):
            metrics().answered(found)
        return found

    @property
    def generation_id(self) -> str:
        """Return the name of the generation that answers."""
        return self._assistant.generation.id

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what is to be said of the index."""
        return self._assistant.notices

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            self._assistant.close()


@st.cache_resource(show_spinner=False, on_release=_close)
def assistant() -> SharedAssistant:
    """Open the assistant, with all that a first question would wait for; an error is raised, and tried again the next time."""
    return SharedAssistant(open_checked(page_settings()))


@st.cache_resource(show_spinner=False, on_release=_close)
def conversations() -> ConversationStore:
    """Open the conversations; where they cannot be kept the page goes on without, and says so."""
    try:
        return ConversationStore.open(page_settings().data_dir)
    except StorageError as error:
        log.warning("%s Conversations are held in memory only.", error)
        return ConversationStore.unkept(f"{error.message} {say('error.unkept')} {error.remedy}")


def open_checked(settings: Settings) -> Assistant:
    """Open the assistant while its index is checked, with all that a first question would wait for.

    Raise DamagedVectorsError where the index is damaged and cannot be repaired: it would answer from half of it.
    """
    from assistant.answering import Assistant

    with ThreadPoolExecutor(1, "check-index") as pool:
        check = pool.submit(check_index, settings)
        opened = Assistant.open(settings)
        try:
            if check.result():
                opened.close()
                opened = Assistant.open(settings)
            opened.ask("Paris Call", mode="extractive")
        except BaseException:
            opened.close()
            raise
    return opened


def check_index(settings: Settings) -> bool:
    """Check the index, and repair it where it is damaged; return whether it was repaired.

    Raise DamagedVectorsError where it is damaged and cannot be repaired; what else is wrong is told by whoever opens it.
    """
    try:
        return check_at_start(settings)
    except DamagedVectorsError:
        raise
    except NoIndexError:
        return False
    except KnowledgeBaseError as error:
        log.warning("%s", error)
        return False
