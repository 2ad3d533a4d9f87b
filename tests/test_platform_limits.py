from __future__ import annotations

import ast
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from knowledge_base import platform_limits
from knowledge_base.files import writer_at_work, writer_lock
from knowledge_base.platform_limits import FolderHold, lock, most_memory_held, most_open_files

ROOT = Path(__file__).resolve().parents[1]
HIDES = """
import builtins
imported = builtins.__import__

def hiding(name, names=None, *rest, **others):
    if name in ("fcntl", "resource") and (names or {}).get("__name__") == "knowledge_base.platform_limits":
        raise ImportError(name)
    return imported(name, names, *rest, **others)

builtins.__import__ = hiding
"""


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_no_other_module_imports_what_some_systems_lack() -> None:
    paths = [path for package in ("assistant", "ingest", "knowledge_base") for path in (ROOT / package).rglob("*.py")]
    users = {path.name for path in paths if imported(path) & {"fcntl", "resource", "msvcrt"}}
    assert users == {"platform_limits.py"}


def test_readers_share_a_folder_and_whoever_removes_it_waits_for_them(tmp_path: Path) -> None:
    with closing(FolderHold(tmp_path)) as remover, closing(FolderHold(tmp_path)) as other:
        reader = FolderHold(tmp_path)
        assert reader.take(shared=True) and other.take(shared=True)
        other.close()
        other = FolderHold(tmp_path)
        assert not remover.take()
        waiting = Thread(target=reader.close)
        waiting.start()
        assert remover.take(patience=5) and not other.take(shared=True)
        waiting.join()


def test_without_locks_nothing_is_seen_as_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_limits, "fcntl", None)
    with closing(FolderHold(tmp_path)) as one, closing(FolderHold(tmp_path)) as other:
        assert one.take() and other.take() and lock(-1)
    with pytest.raises(FileNotFoundError):
        FolderHold(tmp_path / "gone")
    with writer_lock(tmp_path):
        assert writer_at_work(tmp_path) is None


def test_without_limits_usual_numbers_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_limits, "resource", None)
    platform_limits.limit("FSIZE", 1)
    assert most_open_files() == 512 and most_memory_held() > 1 << 20
    monkeypatch.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(FileNotFoundError))
    assert most_memory_held() == 0


def test_an_index_is_built_and_listed_where_the_modules_are_missing(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(HIDES)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "market.md").write_text("# The market\n\nThe fish market was founded in 1911 by Ada Stone.\n")
    search = os.pathsep.join([str(tmp_path / "hidden"), *filter(None, sys.path)])
    environment = os.environ | {"PYTHONPATH": search, "PYTHONWARNINGS": "ignore"}

    def ingest(*arguments: str) -> str:
        command = [sys.executable, "-m", "ingest", *arguments, "--data-dir", str(tmp_path / "data"), "--json"]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert '"market.md"' in ingest("sync", str(tmp_path / "reports"))
    assert '"000001"' in ingest("generations")
