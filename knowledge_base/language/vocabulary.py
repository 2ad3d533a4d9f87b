"""The words of vocabulary.toml, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def word_set(table: str, entry: str) -> frozenset[str]:
    """Return the words of an entry."""
    return frozenset(_vocabulary()[table][entry].split())


@cache
def rows(table: str, entry: str = "rows") -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(_vocabulary()[table][entry])


@cache
def mapping(table: str) -> dict[str, str]:
    """Return a table of words."""
    return dict(_vocabulary()[table])


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
