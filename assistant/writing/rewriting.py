"""Have a language model write a follow-up question so that it stands alone; a question with words of its own is not taken."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from time import monotonic

from assistant.writing.faults import ModelFault
from assistant.writing.model import ChatModel, open_chat_model
from assistant.writing.model_text import clean_sentence
from assistant.writing.pace import paced
from assistant.writing.prompt import Turn, rewrite_prompt
from knowledge_base.language.words import question_language
from knowledge_base.search.queries import question_terms
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)

_SECONDS = 15.0
_TOKENS = 80
_LETTERS = 400
_EARLIER = 3


def rewritten(question: str, history: Sequence[Mapping[str, str]], model: ChatModel) -> str | None:
    """Return the question as it stands alone, or None where the model fails, or brings in words that nobody said."""
    earlier = [turn["content"] for turn in history if turn.get("role") == "user" and turn.get("content")][-_EARLIER:]
    if not earlier:
        return None
    try:
        text = _said(question, earlier, model)
    except ModelFault as fault:
        log.warning("The follow-up question is searched as it is: %s", fault.message)
        return None
    new = clean_sentence(text, 0).text
    said = " ".join([question, *(str(turn.get("content", "")) for turn in history)])
    return new if _is_faithful(new, question, said) else None


def _said(question: str, earlier: Sequence[str], model: ChatModel) -> str:
    found = ""
    for piece in paced(lambda: model.stream(rewrite_prompt(question, earlier), _TOKENS), monotonic() + _SECONDS):
        found += piece.text if piece else ""
        if len(found) > _LETTERS:
            raise ModelFault("endless")
    return found


def _is_faithful(new: str, question: str, said: str) -> bool:
    """Say whether a rewritten question has the question's own words, and beside them only words of the conversation."""
    own, known, kept = question_terms(question), set(question_terms(said)), set(question_terms(new))
    is_question = bool(kept) and new.endswith("?") and question_language(new) == question_language(question)
    return is_question and kept <= known and len(set(own) & kept) >= len(own) / 2


_PROBE_SECONDS = 30.0
_PROBE_TOKENS = 50
_PROBE_LETTERS = 2000
_TURNS = [Turn("system", "You are tried out."), Turn("user", "Write the word ready.")]


def try_model(settings: Settings) -> float:
    """Return the seconds until the model had answered one short request; raise ModelFault where it does not answer."""
    model = open_chat_model(settings)
    started = monotonic()
    letters = 0
    for piece in paced(lambda: model.stream(_TURNS, _PROBE_TOKENS), started + min(_PROBE_SECONDS, settings.chat_seconds)):
        letters += len(piece.text.strip()) if piece else 0
        if letters > _PROBE_LETTERS:
            raise ModelFault("endless")
    if not letters:
        raise ModelFault("empty")
    return monotonic() - started
