"""A small French-English glossary of the field, so that questions in French find English text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from knowledge_base.text_terms import fold, stem


def in_english(word: str) -> str | None:
    """Return the English word for a folded French one in any of its forms, or None where the glossary lacks it."""
    return _glossary().get(stem(word, "fr"))


@cache
def _glossary() -> dict[str, str]:
    """Map stems of French words to English words."""
    rows = (Path(__file__).parent / "glossary" / "fr_en.tsv").read_text(encoding="utf-8").splitlines()
    return {stem(fold(french), "fr"): english for french, english in (row.split("\t") for row in rows)}
