"""Addresses within the page: its parts, and with `SourceLink` a place in a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.answers import CONVERSATION, SourceLink, digest

__all__ = ["CONVERSATION", "PAGES", "SourceLink", "digest"]

CHAT_PAGE = "views/chat.py"
SOURCE_PAGE = "views/source.py"
SAVED_PAGE = "views/saved.py"
EVALUATE_PAGE = "views/evaluate.py"
DOCUMENTS_PAGE = "views/documents.py"
CHANGES_PAGE = "views/changes.py"
MODEL_PAGE = "views/model.py"
SEARCH_PAGE = "views/search.py"
COVERAGE_PAGE = "views/coverage.py"
CHECK_PAGE = "views/check.py"
COMPARE_PAGE = "views/compare.py"
TIMELINE_PAGE = "views/timeline.py"
SUPPORTERS_PAGE = "views/supporters.py"
PAGES = {
    CHAT_PAGE: "chat",
    SOURCE_PAGE: "source",
    SAVED_PAGE: "saved",
    EVALUATE_PAGE: "evaluate",
    DOCUMENTS_PAGE: "documents",
    CHANGES_PAGE: "changes",
    MODEL_PAGE: "model",
    SEARCH_PAGE: "search",
    COVERAGE_PAGE: "coverage",
    CHECK_PAGE: "check",
    COMPARE_PAGE: "compare",
    TIMELINE_PAGE: "timeline",
    SUPPORTERS_PAGE: "supporters",
}
"""Each page's file with its address, by which its title is named (`say(f"titles.{address}")`); the first one opens."""
QUERY, TERM = "q", "term"
LEFT, RIGHT = "left", "right"
ASKED = "asked"
"""Where a session keeps the question that the chat is to answer next."""


def take_from_address(state: Any, parameters: Any, name: str, choices: Sequence[str] | None = None) -> None:
    """Put what the address says of a control into its state: a text; a list of choices where some are given."""
    given = parameters.get_all(name)
    state[name] = "".join(given[:1]) if choices is None else [value for value in given if value in choices]


def keep_in_address(state: Any, parameters: Any, name: str) -> None:
    """Put the state of a control into the address, so that going back, and a link, lead to it."""
    if state[name]:
        parameters[name] = state[name]
    else:
        parameters.pop(name, None)
