"""The store: passages, catalog, vectors, generations and retrieval.

For other programs: `Settings`, and `knowledge_base.search.langchain_retriever.PassageRetriever`, a LangChain retriever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from knowledge_base.settings import Settings

__all__ = ["Settings"]


def __getattr__(name: str) -> Any:
    """Import what is public when it is first asked for: commands that need none of it start faster."""
    if name == "Settings":
        from knowledge_base.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
