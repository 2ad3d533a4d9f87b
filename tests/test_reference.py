"""docs/reference.md is what the code says, and everything in it is described."""

from __future__ import annotations

import pytest
from reference import REFERENCE, commands, json_fields, reference, tool_fields

from assistant.workbench.tools import TOOLS
from knowledge_base.settings import Settings


def test_the_reference_is_current() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run `make reference`"


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_and_each_of_its_options_is_described(name: str, command) -> None:
    assert command.help
    assert [parameter.name for parameter in command.params if not parameter.help] == []


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description


@pytest.mark.parametrize(("paths", "descriptions"), list(json_fields().values()), ids=list(json_fields()))
def test_every_json_field_is_described_and_no_other(paths: list[str], descriptions: dict[str, str]) -> None:
    assert sorted(paths) == sorted(descriptions)


@pytest.mark.parametrize("name", TOOLS)
def test_every_argument_and_field_of_a_tool_is_described(name: str) -> None:
    assert all(told for _, _, told in tool_fields(name))
