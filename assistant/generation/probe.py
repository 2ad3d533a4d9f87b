"""Try whether the configured language model answers."""

from __future__ import annotations

from time import monotonic

from assistant.generation.faults import ModelFault
from assistant.generation.pace import paced
from assistant.generation.prompt import Turn
from assistant.generative import open_chat_model
from knowledge_base.settings import Settings

_SECONDS = 30.0
_TOKENS = 50
_LETTERS = 2000
_TURNS = [Turn("system", "You are tried out."), Turn("user", "Write the word ready.")]


def try_model(settings: Settings) -> float:
    """Return the seconds until the model had answered one short request; raise ModelFault where it does not answer."""
    model = open_chat_model(settings)
    started = monotonic()
    letters = 0
    for piece in paced(lambda: model.stream(_TURNS, _TOKENS), started + min(_SECONDS, settings.chat_seconds)):
        letters += len(piece.text.strip()) if piece else 0
        if letters > _LETTERS:
            raise ModelFault("endless")
    if not letters:
        raise ModelFault("empty")
    return monotonic() - started
