"""Two short requests to a language model: a follow-up question made self-contained, and a test of the connection."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from time import monotonic

from assistant.writing.faults import ModelFault
from assistant.writing.limits import paced
from assistant.writing.model import ChatModel, open_chat_model
from assistant.writing.model_text import clean_sentence
from assistant.writing.prompt import Turn, rewrite_prompt
from knowledge_base.language.words import question_language
from knowledge_base.search.queries import question_terms
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)

_SECONDS, _TOKENS, _LETTERS = 15.0, 80, 400  # of a rewritten question
_EARLIER = 3
_TEST_SECONDS, _TEST_TOKENS, _TEST_LETTERS = 30.0, 50, 2000
_TEST = [Turn("system", "This is a connection test."), Turn("user", "Reply with the word ready.")]


def rewritten(question: str, history: Sequence[Mapping[str, str]], model: ChatModel) -> str | None:
    """Return the question made self-contained; None where the model fails, or uses words that nobody said."""
    earlier = [turn["content"] for turn in history if turn.get("role") == "user" and turn.get("content")][-_EARLIER:]
    if not earlier:
        return None
    try:
        text = _written(model, rewrite_prompt(question, earlier), _TOKENS, monotonic() + _SECONDS, _LETTERS)
    except ModelFault as fault:
        log.warning("The follow-up question is searched as it is: %s", fault.message)
        return None
    new = clean_sentence(text, 0).text
    said = " ".join([question, *(str(turn.get("content", "")) for turn in history)])
    own, known, kept = question_terms(question), set(question_terms(said)), set(question_terms(new))
    is_question = bool(kept) and new.endswith("?") and question_language(new) == question_language(question)
    return new if is_question and kept <= known and len(set(own) & kept) >= len(own) / 2 else None


def try_model(settings: Settings) -> float:
    """Return the seconds until the model had answered one short request; raise ModelFault where it does not answer."""
    model = open_chat_model(settings)
    started = monotonic()
    deadline = started + min(_TEST_SECONDS, settings.chat_seconds)
    if not _written(model, _TEST, _TEST_TOKENS, deadline, _TEST_LETTERS).strip():
        raise ModelFault("empty")
    return monotonic() - started


def _written(model: ChatModel, turns: Sequence[Turn], tokens: int, deadline: float, letters: int) -> str:
    """Return what the model writes; raise ModelFault where it writes more than so many letters."""
    found = ""
    for piece in paced(lambda: model.stream(turns, tokens), deadline):
        found += piece.text if piece else ""
        if len(found) > letters:
            raise ModelFault("endless")
    return found
