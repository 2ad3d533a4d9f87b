"""Addresses within the page: its parts, and with `SourceLink` a place in a document."""

from __future__ import annotations

from assistant.answers import CONVERSATION, SourceLink, digest

__all__ = ["CONVERSATION", "PAGES", "SourceLink", "digest"]

CHAT_PAGE = "views/chat.py"
SOURCE_PAGE = "views/source.py"
SAVED_PAGE = "views/saved.py"
EVALUATE_PAGE = "views/evaluate.py"
DOCUMENTS_PAGE = "views/documents.py"
CHANGES_PAGE = "views/changes.py"
MODEL_PAGE = "views/model.py"
PAGES = {
    CHAT_PAGE: ("chat", "Paris Call"),
    SOURCE_PAGE: ("source", "Source"),
    SAVED_PAGE: ("saved", "Saved answers"),
    EVALUATE_PAGE: ("evaluate", "Evaluation"),
    DOCUMENTS_PAGE: ("documents", "Documents"),
    CHANGES_PAGE: ("changes", "What changed"),
    MODEL_PAGE: ("model", "Language model"),
}
"""Each page's file with its address and its title; the first is the one that opens."""
