from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import assistant.messages
from assistant.messages import languages, message

FILES = {path.stem: path for path in Path(assistant.messages.__file__).parent.glob("*.toml")}


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, set[str]]:
    """Return each message with the values that its forms put in."""
    found: dict[str, set[str]] = {}
    for name, value in table.items():
        if isinstance(value, dict) and "other" not in value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            forms = value.values() if isinstance(value, dict) else [value]
            found[prefix + name] = {placed for form in forms for placed in re.findall(r"\{(\w+)\}", form)}
    return found


def test_every_language_has_every_message() -> None:
    told = {language: flat(tomllib.loads(path.read_text(encoding="utf-8"))) for language, path in FILES.items()}
    assert set(languages()) == set(FILES) >= {"en", "fr"}
    for language, messages in told.items():
        assert set(messages) - {"form.first_day"} == set(told["en"]) - {"form.first_day"}, language


def test_a_number_chooses_the_form_and_is_written_as_the_language_does() -> None:
    assert message("en", "register.filter.counted", count=0, what="state") == "no state"
    assert message("en", "register.others", count=1, name="Japan") == "1 other supporter in Japan is in the register."
    assert message("en", "register.others", count=1222, name="Japan") == "1,222 other supporters in Japan are in the register."
    assert message("fr", "register.others", count=1222) == "Le registre y compte 1\u00a0222 autres soutiens."
    assert message("fr", "register.kind.any", count=0) == "soutien"


def test_values_are_text_and_nothing_else() -> None:
    assert message("en", "register.group_item", name="{count} <b>", count=3) == "{count} <b>: 3"


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"de\.toml"):
        message("de", "register.in_the_table")
    with pytest.raises(KeyError):
        message("en", "register.nothing")
    with pytest.raises(KeyError):
        message("en", "register.group_item", count=3)
