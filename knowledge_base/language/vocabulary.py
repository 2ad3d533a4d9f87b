"""The words of English and French, which en.toml and fr.toml hold, and patterns of them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr")
_ENTRY = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")


def known_language(language: str | None) -> str:
    """Return "fr" for French, "en" for English and for what is read as English: any other language."""
    return "fr" if language == "fr" else "en"


@cache
def listed(entry: str, *languages: str) -> tuple[str, ...]:
    """Return the words or phrases of an entry ("section.name") in the languages, where none is given in all."""
    section, name = entry.split(".")
    found = [_table(code)[section][name] for code in languages or LANGUAGES if name in _table(code)[section]]
    if not found:
        raise KeyError(entry)
    return tuple(phrase for value in found for phrase in (value.split() if isinstance(value, str) else value))


@cache
def word_set(entry: str, *languages: str) -> frozenset[str]:
    """Return the words of an entry as a set."""
    return frozenset(listed(entry, *languages))


@cache
def mapping(entry: str) -> dict[str, Any]:
    """Return a section that maps words to values ("capitals"), or an entry of one that does, in all languages."""
    found: dict[str, Any] = {}
    for code in LANGUAGES:
        table: dict[str, Any] = _table(code)
        for key in entry.split("."):
            table = table[key]
        found |= table
    return found


def pattern(phrases: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """Compile a pattern in which {section.name} stands for any word or phrase of that entry, in any language."""
    return re.compile(_filled(phrases), flags)


def _filled(phrases: str) -> str:
    return _ENTRY.sub(lambda match: f"(?:{'|'.join(map(_filled, listed(match[1])))})", phrases)


@cache
def _table(language: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8"))
