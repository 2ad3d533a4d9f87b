"""What docs/integrations.md and llms.txt show can be done."""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command

from assistant.__main__ import app
from assistant.workbench.tools import TOOLS

DOCS = Path(__file__).resolve().parents[1] / "docs"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (DOCS / "integrations.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", [code for language, code in BLOCKS if language == "python"])
def test_what_an_example_imports_is_there(code: str) -> None:
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        assert all(hasattr(import_module(node.module or ""), alias.name) for alias in node.names)


def test_the_agent_is_configured_with_a_command_that_exists() -> None:
    [configuration] = [json.loads(code) for language, code in BLOCKS if language == "json"]
    server = configuration["mcpServers"]["pariscall"]
    assert server["command"] == "pariscall" and set(server["args"]) <= set(get_command(app).commands)


def test_the_tools_and_links_are_named() -> None:
    told = (DOCS / "integrations.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in TOOLS)
    for link in re.findall(r"\]\(([^)#]+)", (DOCS / "llms.txt").read_text(encoding="utf-8")):
        assert (DOCS / link).is_file()
