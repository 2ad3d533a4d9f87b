"""The sentences of the assistant: one TOML file for each language, named by its code; a new file adds a language.

Those of answers stand in `CODE.toml`, those of the page in `page/CODE.toml`: their names begin with "page.".

A message is a string, or a table of plural forms (`zero`, then the categories of CLDR: `one`, `few`, `many`, `other`), chosen
by the value `count`. `{name}` stands for a value, which is put in as text: it is neither markup nor read for further names.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_VALUE = re.compile(r"\{(\w+)\}")


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of the languages that there are messages in."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


def message(language: str, key: str, **values: object) -> str:
    """Return the message `key` ("register.there_are"); raise KeyError where the language, the key or a value is missing.

    Whole numbers are written as the language writes them ("1,222").
    """
    found: Any = _messages(language)
    for step in key.split("."):
        found = found[step]
    if isinstance(found, dict):
        found = found[_form(language, frozenset(found), values["count"])]
    return _VALUE.sub(lambda name: _written(language, values[name[1]]), found)


def language_name(code: str, language: str) -> str:
    """Return what a language, given by its ISO 639-1 code, is called in another: "German"."""
    from babel import Locale

    return str(Locale(code).get_language_name(language) or code)


@lru_cache(maxsize=5000)
def _form(language: str, forms: frozenset[str], count: object) -> str:
    """Return which plural form a number takes; `other` where the message does not have that form."""
    from babel import Locale

    assert isinstance(count, int), f"count is {count!r}, no whole number"
    category = "zero" if count == 0 and "zero" in forms else Locale(language).plural_form(count)
    return category if category in forms else "other"


def _written(language: str, value: object) -> str:
    from babel.numbers import format_decimal

    if not isinstance(value, int) or 0 <= value < 1000:
        return str(value)
    return format_decimal(value, locale=language).replace("\u202f", "\u00a0")


@cache
def _messages(language: str) -> dict[str, Any]:
    if language not in languages():
        raise KeyError(f"no messages in {language!r}: add assistant/messages/{language}.toml")
    answers, page = (Path(__file__).parent / folder / f"{language}.toml" for folder in ("", "page"))
    return {**tomllib.loads(answers.read_text(encoding="utf-8")), "page": tomllib.loads(page.read_text(encoding="utf-8"))}
