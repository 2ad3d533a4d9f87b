"""What other programs may import from the top packages."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = {"assistant": ["Answer", "Assistant"], "knowledge_base": ["Settings"]}


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_can_be_imported(package: str) -> None:
    module = import_module(package)
    assert module.__all__ == PUBLIC[package]
    assert [getattr(module, name).__name__ for name in module.__all__] == PUBLIC[package]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        import_module("assistant").Nothing  # noqa: B018


def test_importing_a_package_imports_none_of_its_modules() -> None:
    told = "import sys, assistant, ingest, knowledge_base; print([m for m in sys.modules if 'pydantic' in m or 'base.' in m])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["assistant", "ingest", "knowledge_base"])
def test_each_package_says_that_it_is_typed(package: str) -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    assert (ROOT / package / "py.typed").exists() and "py.typed" in data[package]


def test_all_data_files_of_the_packages_are_in_the_wheel() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    for package, patterns in data.items():
        packed = {path for pattern in patterns for path in (ROOT / package).glob(pattern)}
        files = {path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        assert sorted(str(path.relative_to(ROOT)) for path in files - packed) == []
