"""Answers questions with citations, in the browser and at the command line.

For other programs: `Assistant.open(settings)` gives an `Assistant`, whose `ask(question)` returns an `Answer`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.answers import Answer

__all__ = ["Answer", "Assistant"]
_MODULES = {"Answer": "assistant.answers", "Assistant": "assistant.answering"}


def __getattr__(name: str) -> Any:
    """Import what is public when it is first asked for: commands that need none of it start faster."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
