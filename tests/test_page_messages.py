"""The sentences of the page: those that code and templates name are those of every language's file, with the same values."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from jinja2 import nodes
from test_messages import flat

import assistant.messages
from assistant.page import language
from assistant.page.templates import FOLDER
from knowledge_base.escaping import templates

FILES = {path.stem: path for path in (Path(assistant.messages.__file__).parent / "page").glob("*.toml")}
MESSAGES = {code: flat(tomllib.loads(path.read_text(encoding="utf-8"))) for code, path in FILES.items()}
NARROW_SPACE = "\u202f"


class Said(NamedTuple):
    """A place that says a sentence: its name, as a pattern where a part of it is computed, and the values given."""

    place: str
    name: re.Pattern[str] | None
    values: frozenset[str]

    @property
    def names(self) -> set[str]:
        return {name for name in MESSAGES["en"] if self.name and self.name.fullmatch(name)}


def _pattern(parts: list[str | None]) -> re.Pattern[str]:
    return re.compile("".join(r"\w+" if part is None else re.escape(part) for part in parts))


def said_in_code() -> Iterator[Said]:
    for path in sorted(FOLDER.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"):
                continue
            key, name = node.args[0], None
            if isinstance(key, ast.Constant):
                name = _pattern([str(key.value)])
            elif isinstance(key, ast.JoinedStr):
                name = _pattern([str(part.value) if isinstance(part, ast.Constant) else None for part in key.values])
            yield Said(f"{path.name}:{node.lineno}", name, frozenset(word.arg or "**" for word in node.keywords))


def said_in_templates() -> Iterator[Said]:
    environment = templates(FOLDER)
    for path in sorted(FOLDER.glob("*.html")):
        for call in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if not (isinstance(call.node, nodes.Name) and call.node.name == "say"):
                continue
            key, name = call.args[0], None
            if isinstance(key, nodes.Const):
                name = _pattern([key.value])
            elif isinstance(key, nodes.Concat):
                name = _pattern([part.value if isinstance(part, nodes.Const) else None for part in key.nodes])
            yield Said(f"{path.name}:{call.lineno}", name, frozenset(word.key for word in call.kwargs))


SAID = [*said_in_code(), *said_in_templates()]


def test_every_language_has_the_same_sentences() -> None:
    assert set(FILES) >= {"en", "fr"}
    for code, messages in MESSAGES.items():
        assert set(messages) == set(MESSAGES["en"]), code


def test_each_sentence_is_said_somewhere_and_each_that_is_said_is_there() -> None:
    assert [said.place for said in SAID if not said.names] == []
    assert sorted(set(MESSAGES["en"]) - {name for said in SAID for name in said.names}) == []


def test_each_sentence_is_given_its_values() -> None:
    for said in SAID:
        for messages in MESSAGES.values():
            needed = set().union(*(messages[name] for name in said.names)) - {"count"}
            assert needed == said.values - {"count"}, said.place


def test_french_sentences_have_narrow_spaces_where_french_has_them() -> None:
    french = FILES["fr"].read_text(encoding="utf-8").splitlines()
    told = [line.partition(" = ")[2] for line in french if " = " in line and not line.startswith("#")]
    assert [line for line in told if re.search(r" [:;!?»]|« |\w[;!?»]", line) and "What is" not in line] == []
    assert any(f"«{NARROW_SPACE}" in line for line in told)


@pytest.mark.parametrize(
    ("accepted", "code"),
    [("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("en;q=0.4, fr;q=0.7", "fr"), ("de,fr;q=0.1", "fr"), ("de", "en"), ("", "en"),
     ("fr;q=x, en", "en"), ("fr;q=0,de", "en")],
)  # fmt: skip
def test_the_language_is_the_first_of_the_browser_s_that_there_is(accepted: str, code: str) -> None:
    assert language.preferred(accepted) == code


def test_without_a_page_the_language_is_english() -> None:
    assert language.say("counts.documents", count=1_222) == "1,222 documents"
    assert language.local_time("2026-01-02T03:04:05+00:00", "Europe/Paris") == "2 January 2026, 04:04"
    assert language.language_name("fr") == "French" and language.language_name("x?") == "x?"
