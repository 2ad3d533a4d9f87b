"""YAML: the file as it is, a field block over each value; top-level keys are headings."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ingest.loaders.characters import decode
from ingest.loaders.safe_yaml import YamlProblem, compose_yaml
from ingest.loaders.structure import make_document
from knowledge_base.passages import Block, BlockKind, Document, Page

VERSION = 1
_SIZE_LIMIT = 2_000_000
_QUOTES = "\"'"


def load(data: bytes, source: str) -> Document:
    """Return the document of a YAML file; a broken one is read line by line. Raise DocumentError where it has no text."""
    decoded = decode(data)
    text, notice, title = decoded.text, None, None
    try:
        nodes = _nodes(text)
        blocks = tuple(block for node in nodes for block in _blocks(text, node))
        title = next(filter(None, map(_title, nodes)), None)
    except YamlProblem as problem:
        blocks = tuple(_line_blocks(text))
        notice = f"Not read as YAML: {problem}."
    page = Page(number=None, label=None, text=text, blocks=blocks)
    return make_document(data, source, page, kind="yaml", title=title, notices=(decoded.notice, notice))


def _nodes(text: str) -> list[yaml.Node]:
    if len(text) > _SIZE_LIMIT:
        raise YamlProblem(f"it has {len(text)} characters, more than {_SIZE_LIMIT}")
    return compose_yaml(text)


def _blocks(text: str, root: yaml.Node) -> Iterator[Block]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if not isinstance(value, yaml.ScalarNode):
                yield from _block(text, key, "heading", 1)
            yield from _value_blocks(text, value)
    else:
        yield from _value_blocks(text, root)


def _value_blocks(text: str, node: yaml.Node) -> Iterator[Block]:
    """Yield a field for each scalar value under `node`; the depth is bounded by the parser."""
    if isinstance(node, yaml.ScalarNode):
        yield from _block(text, node, "field", 0)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _value_blocks(text, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _value_blocks(text, item)


def _block(text: str, node: yaml.Node, kind: BlockKind, level: int) -> Iterator[Block]:
    if not isinstance(node, yaml.ScalarNode):
        return
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        start = text.find("\n", start, end) + 1 or end
    elif node.style in tuple(_QUOTES):
        start, end = start + 1, end - 1
    value = text[start:end]
    start += len(value) - len(value.lstrip())
    end = start + len(value.strip())
    if end > start:
        yield Block(kind, level, start, end)


def _line_blocks(text: str) -> Iterator[Block]:
    start = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            begin = start + line.index(stripped)
            yield Block("field", 0, begin, begin + len(stripped))
        start += len(line)


def _title(root: yaml.Node) -> str | None:
    """Return the value of the top-level key `title`, or the first one under it (a title in several languages)."""
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "title":
            while isinstance(value, yaml.MappingNode) and value.value:
                value = value.value[0][1]
            return value.value if isinstance(value, yaml.ScalarNode) else None
    return None
