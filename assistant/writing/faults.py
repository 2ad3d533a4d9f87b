"""What can go wrong with a language model, and the message that says so. No message holds what a provider wrote or a key."""

from __future__ import annotations

from typing import Literal

from assistant.messages import message
from knowledge_base.errors import KnowledgeBaseError

FaultKind = Literal[
    "down", "slow", "key", "unknown model", "busy", "server", "request", "cut", "garbage", "empty", "endless", "language",
    "declined", "unsupported", "cost", "time", "length", "stopped", "package", "provider", "other",
]  # fmt: skip

_REMEDIES: dict[FaultKind, str] = {
    "down": "Start its server, or correct PARISCALL_CHAT_BASE_URL.",
    "key": "Set the provider's own variable, such as OPENAI_API_KEY.",
    "unknown model": "Correct PARISCALL_CHAT_MODEL, or fetch the model (for Ollama: `ollama pull NAME`).",
    "slow": "Give it more time with PARISCALL_CHAT_SECONDS, or take a smaller model.",
    "busy": "Ask again later.",
    "cost": "Raise PARISCALL_CHAT_MAX_COST, or lower PARISCALL_CHAT_MAX_INPUT_TOKENS.",
    "provider": "Set PARISCALL_CHAT_BASE_URL; `openai:NAME` speaks to any server of that kind.",
    "package": "Install it: pip install 'paris-call-assistant[models]'.",
}
RETRIED: frozenset[FaultKind] = frozenset({"down", "busy", "server"})
PARTIAL: frozenset[FaultKind] = frozenset({"time", "length", "stopped"})


class ModelFault(KnowledgeBaseError):
    """A failure of a language model; `retry_after` is how many seconds its provider asks to wait."""

    def __init__(self, kind: FaultKind, retry_after: float | None = None) -> None:
        super().__init__(message("en", f"writing.faults.{kind}"), _REMEDIES.get(kind, ""))
        self.kind = kind
        self.retry_after = retry_after


def notice(fault: ModelFault, language: str, is_quoted: bool) -> str:
    """Return what the reader is told; `is_quoted`: the answer made of quotes is shown instead."""
    told = [message(language, f"writing.faults.{fault.kind}")]
    if fault.retry_after:
        told.append(message(language, "writing.retry_after", seconds=f"{fault.retry_after:.0f}"))
    return " ".join([*told, message(language, "writing.quoted_below")] if is_quoted else told)
