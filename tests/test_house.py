"""What keeps the house easy to see: no import circles, few small modules, functions that read from top to bottom."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("assistant", "ingest", "knowledge_base")
PATHS = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in PATHS}
LINES = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in PATHS}
MODULES = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in TREES}
# What may only fall. The aim is 140 modules, 22,000 lines, 45 % of private functions used once, 50 functions a thousand lines.
MOST_MODULES, MOST_LINES = 204, 34_488
MOST_USED_ONCE = 0.66
MOST_FUNCTIONS = 68  # a thousand lines
# The workbench is counted apart: the aim above is for what stood before it.
WORKBENCH = (
    "assistant/workbench/",
    *(f"assistant/page/views/{view}.py" for view in ("search", "coverage", "check", "compare", "timeline", "supporters")),
)
MOST_LINES_OF_WORKBENCH = 5_814
SMALL_MODULE = 60
MOST_ROOMS = 12
LONG_WORD = re.compile(r"(?<!\\)\b[a-zà-ÿ]{4,}\b")
# Of a pattern, what is no word of a language: escapes, names of entries, groups, sets of characters, tags, keys, addresses.
SYNTAX = re.compile(
    r"\\[a-zA-Z]|\{[a-z_.]+\}|\((?:\?:)?[a-z|]+\):|\(\?(?:P<\w+>|P=\w+|<?[=!]|[aimsux]*:)|\[[^\]]*\]|<\(?[\w|]+\)?>|https?|www"
)
READS_LANGUAGE = ("knowledge_base/language/", "ingest/loaders/")


def imports(name: str, top_level_only: bool) -> set[str]:
    """Return the files that the file `name` imports; with `top_level_only` those that importing it imports."""
    nodes: Iterator[ast.AST] = iter(TREES[name].body) if top_level_only else ast.walk(TREES[name])
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {MODULES[alias.name] for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {MODULES[part] if part in MODULES else MODULES[node.module] for part in parts if node.module in MODULES}
    return found - {name}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        pending = [start]
        while pending:
            for following in graph.get(pending.pop(), set()) - seen:
                seen.add(following)
                pending.append(following)
        return seen

    reach = {node: reached(node) for node in graph}
    groups = {tuple(sorted({node} | {o for o in reach[node] if node in reach.get(o, set())})) for node in graph}
    return [list(group) for group in sorted(groups) if len(group) > 1]


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno
    return function.end_lineno - function.lineno + 1


def room_of(name: str) -> str:
    """Return the folder of a file; a file at the top of its package is a room of its own."""
    parts = name.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else name


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles({name: imports(name, top_level_only=False) for name in TREES}) == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    rooms: dict[str, set[str]] = defaultdict(set)
    for name in TREES:
        if not name.endswith("__init__.py"):
            rooms[room_of(name)] |= {room_of(other) for other in imports(name, top_level_only=False)} - {room_of(name)}
    assert circles(rooms) == []


def test_a_small_module_has_more_than_one_importer() -> None:
    importers = Counter(other for name in TREES for other in imports(name, top_level_only=False))
    entries = ("__init__.py", "__main__.py", "page/app.py")
    small = [
        name
        for name, lines in LINES.items()
        if lines < SMALL_MODULE and importers[name] == 1 and not name.endswith(entries) and "/views/" not in name
    ]
    assert small == []


def test_the_house_is_small_enough_to_be_seen() -> None:
    modules = [name for name in TREES if not name.endswith("__init__.py") and not name.startswith(WORKBENCH)]
    assert len(modules) <= MOST_MODULES
    assert sum(lines for name, lines in LINES.items() if not name.startswith(WORKBENCH)) <= MOST_LINES
    assert sum(lines for name, lines in LINES.items() if name.startswith(WORKBENCH)) <= MOST_LINES_OF_WORKBENCH
    rooms = {path.name for path in (ROOT / "assistant").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert len(rooms - {"__init__.py", "__main__.py"}) <= MOST_ROOMS


def test_private_functions_name_ideas_that_are_used_again() -> None:
    once = total = 0
    for name, tree in TREES.items():
        defined = {
            n.name
            for n in ast.walk(tree)
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name.startswith("_") and not n.name.startswith("__")
        }
        text = (ROOT / name).read_text(encoding="utf-8")
        for function in defined:
            total += 1
            once += len(re.findall(rf"\b{function}\b", text)) <= 2
    assert once / total <= MOST_USED_ONCE, f"{once} of {total} private functions are used once"


def test_functions_are_few_and_read_from_top_to_bottom() -> None:
    lengths = sorted(length(function) for _, function in functions())
    assert len(lengths) / sum(LINES.values()) * 1000 <= MOST_FUNCTIONS
    assert lengths[int(0.9 * len(lengths))] <= 30
    assert [f"{name}:{f.lineno} {f.name} {length(f)}" for name, f in functions() if length(f) > 60] == []


def test_words_are_read_where_language_is_read() -> None:
    found = []
    for name, tree in TREES.items():
        if name.startswith(READS_LANGUAGE):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("re.", "pattern")):
                patterns = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
                found += [f"{name}:{node.lineno} {p}" for p in patterns if len(LONG_WORD.findall(SYNTAX.sub(" ", p))) > 2]
    assert found == []


def test_only_the_page_imports_streamlit() -> None:
    def uses(tree: ast.Module) -> bool:
        names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        return any(name.split(".")[0] == "streamlit" for name in names)

    assert [name for name, tree in TREES.items() if uses(tree) and not name.startswith("assistant/page/")] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_in_a_line_what_it_holds(package: str) -> None:
    for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
        assert ast.get_docstring(TREES[(folder / "__init__.py").relative_to(ROOT).as_posix()]), folder
