"""The entry point `pariscall`: the commands of both programs, and what its first start does."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import platformdirs
import pytest

from assistant import __main__ as program
from knowledge_base import settings

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INGEST = [EntryPoint(name, value, program.COMMANDS) for name, value in PYPROJECT["entry-points"][program.COMMANDS].items()]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the ports that a page was served on; nothing is served."""
    ports: list[int] = []
    monkeypatch.setattr("assistant.page.server.serve", lambda settings, port: ports.append(port))
    return ports


def pariscall(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(program, "entry_points", lambda group: INGEST if group == program.COMMANDS else [])
    monkeypatch.setattr(sys, "argv", ["pariscall", *arguments])
    with pytest.raises(SystemExit) as end:
        program.main()
    return int(end.value.code or 0)


def indexing(monkeypatch: pytest.MonkeyPatch, code: int) -> list[list[str]]:
    """Let what indexes the documents end with `code`; return the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(program.subprocess, "run", run)
    return commands


def test_the_entry_points_name_what_is_there() -> None:
    for value in [*PYPROJECT["scripts"].values(), *(point.value for point in INGEST)]:
        module, _, name = value.partition(":")
        assert callable(getattr(import_module(module), name))


def test_the_commands_of_both_programs_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pariscall(monkeypatch, "--help") == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("serve", "ask", "evaluate", "ingest"))
    assert pariscall(monkeypatch, "ingest", "generations", "--data-dir", str(tmp_path)) == 0
    assert "There is no generation in" in capsys.readouterr().out
    assert pariscall(monkeypatch, "ask", "Why?", "--data-dir", str(tmp_path)) == 2
    assert "There is no index in" in capsys.readouterr().err


def test_the_first_start_indexes_the_documents_and_says_where_data_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    commands = indexing(monkeypatch, 1)  # some documents failed
    assert pariscall(monkeypatch, "serve", "--port", "8555", "--data-dir", str(tmp_path)) == 0
    assert [command[1:] for command in commands] == [["-m", "ingest", "sync", "--data-dir", str(tmp_path)]]
    assert served == [8555] and f"All data is kept in {tmp_path}." in capsys.readouterr().out
    (tmp_path / "generations").mkdir()
    assert pariscall(monkeypatch, "serve", "--data-dir", str(tmp_path)) == 0
    assert (len(commands), served) == (1, [8555, 8501])


def test_a_first_start_that_cannot_index_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    indexing(monkeypatch, 2)
    assert pariscall(monkeypatch, "serve", "--data-dir", str(tmp_path)) == 2
    assert served == [] and "Error: The documents could not be indexed" in capsys.readouterr().err


def test_data_is_kept_in_the_users_directory_outside_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARISCALL_DATA_DIR", raising=False)
    assert settings.Settings().data_dir == Path("data")
    monkeypatch.setattr(settings, "__file__", str(tmp_path / "site-packages" / "knowledge_base" / "settings.py"))
    assert settings.Settings().data_dir == Path(platformdirs.user_data_dir("paris-call-assistant"))
