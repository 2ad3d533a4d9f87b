"""What is embedded of a passage: its title and headings, then its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from knowledge_base.passages import Passage

PREFIX_TOKENS = 48

CountTokens = Callable[[Sequence[str]], list[int]]


def prefix_tokens(max_tokens: int) -> int:
    """Return how many of a model's word pieces are kept for title and headings: fewer where it takes few."""
    return min(PREFIX_TOKENS, max_tokens // 4)


def embedded_text(passage: Passage, count_tokens: CountTokens, max_tokens: int) -> str:
    """Return what is embedded for a passage: its title and headings, shortened to their share of the limit, then its text."""
    share = prefix_tokens(max_tokens) // 2
    title = _fitted(passage.title, count_tokens, share, keep="start")
    heading = _fitted(passage.heading, count_tokens, share, keep="end")
    return f"{' – '.join(filter(None, (title, heading)))}\n{passage.text}"


def _fitted(text: str, count: CountTokens, limit: int, keep: Literal["start", "end"]) -> str:
    """Return `text`, whole words left out at one end as far as needed to fit `limit` tokens."""
    words = text.split()
    while words and count([" ".join(words)])[0] >= limit:
        dropped = max(1, len(words) // 4)
        words = words[dropped:] if keep == "end" else words[:-dropped]
    return " ".join(words)
