"""Who may import what, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("assistant", "ingest", "knowledge_base")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
FORBIDDEN = {"assistant": {"ingest"}, "ingest": {"assistant"}, "knowledge_base": {"assistant", "ingest"}}
VENDORS = {
    "chromadb": {"knowledge_base/vectors.py"},
    "openvino": {"knowledge_base/compiled_model.py"},
    "sentence_transformers": {"knowledge_base/embeddings.py"},
    "pypdf": {"ingest/loaders/pdf.py"},
    "pypdfium2": {"ingest/loaders/pdf.py", "knowledge_base/page_images.py"},
    "langchain_core": {"knowledge_base/langchain_retriever.py"},
}
HEAVY = {
    "chromadb",
    "openvino",
    "sentence_transformers",
    "torch",
    "pypdf",
    "pypdfium2",
    "lxml",
    "docx",
    "trafilatura",
    "lingua",
}


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_imports_only_what_it_may(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    everywhere = imported(ast.walk(tree))
    assert not everywhere & FORBIDDEN[name_of(path).split("/")[0]]
    for vendor, allowed in VENDORS.items():
        assert vendor not in everywhere or name_of(path) in allowed, vendor
    if not name_of(path).startswith("assistant/"):
        assert "streamlit" not in everywhere
    assert not imported(iter(tree.body)) & HEAVY


def test_the_rules_are_read_from_real_files() -> None:
    assert len(FILES) > 50
