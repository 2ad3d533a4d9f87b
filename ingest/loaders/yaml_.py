"""YAML: the file as it is, a field block over each value, a short one with its key; keys of mappings and lists are headings."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ingest.loaders.characters import decode
from ingest.loaders.safe_yaml import YamlProblem, compose_yaml
from ingest.loaders.structure import make_document
from knowledge_base.passages import Block, BlockKind, Document, Page

VERSION = 2
_SIZE_LIMIT = 2_000_000
_QUOTES = "\"'"
_SHORT = 60  # characters of a value that is told with its key
_MOST_VALUES = 12
_LONGEST_RECORD = 300
_DEEPEST = 6
_SENTENCE_ENDS = (".", "!", "?", ";")


def load(data: bytes, source: str) -> Document:
    """Return the document of a YAML file; a broken one is read line by line. Raise DocumentError where it has no text."""
    decoded = decode(data)
    text, notice, title = decoded.text, None, None
    try:
        nodes = _nodes(text)
        seen: set[int] = set()
        blocks = tuple(block for node in nodes for block in _blocks(text, node, 1, seen))
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


def _blocks(text: str, root: yaml.Node, level: int, seen: set[int]) -> Iterator[Block]:
    """Yield the blocks under `root`; what aliases repeat is read once, and the depth is bounded by the parser."""
    if id(root) in seen:
        return
    seen.add(id(root))
    if isinstance(root, yaml.ScalarNode):
        yield from _block(text, root, "field", 0)
    elif isinstance(root, yaml.SequenceNode):
        for item in root.value:
            record = _record(text, item)
            yield from [record] if record else _blocks(text, item, level + 1, seen)
    elif isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            entry = _entry(text, key, value)
            if entry:
                yield entry
                continue
            if not isinstance(value, yaml.ScalarNode) and id(value) not in seen:
                yield from _block(text, key, "heading", min(level, _DEEPEST))
            yield from _blocks(text, value, level + 1, seen)


def _entry(text: str, key: yaml.Node, value: yaml.Node) -> Block | None:
    """Return a short value with its key as one field; None for prose, which is a sentence by itself, and for other values."""
    if not (isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)) or value.style in ("|", ">"):
        return None
    start, end = key.start_mark.index, value.end_mark.index
    is_short = value.value.strip() and len(value.value) <= _SHORT and not value.value.rstrip().endswith(_SENTENCE_ENDS)
    is_here = start < value.start_mark.index and "\n" not in text[start:end]
    return Block("field", 0, start, end) if is_short and is_here else None


def _record(text: str, item: yaml.Node) -> Block | None:
    """Return an item of a list that is nothing but a few short values as one field."""
    if not isinstance(item, yaml.MappingNode) or not 1 < len(item.value) <= _MOST_VALUES:
        return None
    entries = [_entry(text, key, value) for key, value in item.value]
    first, last = entries[0], entries[-1]
    if first is None or last is None or None in entries or last.end - first.start > _LONGEST_RECORD:
        return None
    return Block("field", 0, first.start, last.end)


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
