"""Read YAML that strangers wrote: safe types alone, bounded depth, aliases only where nothing is copied."""

from __future__ import annotations

from typing import Any

import yaml

_DEPTH_LIMIT = 50
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlProblem(ValueError):
    """The text is not YAML that can be read safely; the message says why."""


def parse_yaml(text: str) -> Any:  # noqa: ANN401
    """Return the value of one YAML document. Raise YamlProblem where it is broken, too deep or has aliases."""
    check_yaml(text)
    try:
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError) as error:
        raise YamlProblem(_reason(error)) from error


def compose_yaml(text: str) -> list[yaml.Node]:
    """Return the node trees of the documents in `text`, with positions; an alias is the node that it repeats, itself.

    Raise YamlProblem where the text is broken or too deep.
    """
    check_yaml(text, with_aliases=True)
    try:
        return [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]
    except (yaml.YAMLError, ValueError) as error:
        raise YamlProblem(_reason(error)) from error


def check_yaml(text: str, *, with_aliases: bool = False) -> None:
    """Raise YamlProblem where `text` is broken, nests deeper than 50 levels or, but `with_aliases`, repeats itself by them."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH_LIMIT:
                raise YamlProblem(f"it nests deeper than {_DEPTH_LIMIT} levels")
            if isinstance(event, yaml.AliasEvent) and not with_aliases:
                raise YamlProblem("it refers to itself by aliases")
    except yaml.YAMLError as error:
        raise YamlProblem(_reason(error)) from error


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return f"{problem} in line {mark.line + 1}" if mark else str(problem)
