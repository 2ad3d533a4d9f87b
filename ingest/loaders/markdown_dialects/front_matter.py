"""Read the front matter of a Markdown file, YAML or TOML: what each key says, and its lines as they stand in the file."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from ingest.loaders.safe_yaml import YamlProblem, parse_yaml

_SIZE_LIMIT = 64_000
_OPENING = re.compile(r"\s*---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_TOML = re.compile(r"\s*\+\+\+[ \t]*\n(?P<header>.{0,64000}?)^\+\+\+[ \t]*$", re.MULTILINE | re.DOTALL)
_TOML_KEY = re.compile(r"""(?P<key>[A-Za-z_][\w-]*)[ \t]*=.*""")
_KEY = re.compile(r"""(?P<key>[A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(?P<value>.*))?""")
_PLAIN = re.compile(r"""[^\W_][^:#'"\\{}\[\]]*""")
_QUOTED = re.compile(r"""(["'])(?P<inner>[^"'\\]*)\1""")
_RESOLVED = re.compile(r"(?:[-+.]?\d.*|y|n|yes|no|on|off|true|false|null|~)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`values` by key, and `lines`: the text of each entry as it stands in the file, key included."""

    values: dict[str, Any]
    lines: dict[str, str]

    def text(self, *keys: str) -> str | None:
        """Return the first scalar, non-empty value of `keys` as text; dates are in ISO form."""
        for key in keys:
            value = self.values.get(key)
            if isinstance(value, (str, int, float, datetime.date)) and str(value).strip():
                return str(value).strip()
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the values of a list, or of a single scalar, as text."""
        value = self.values.get(key)
        values = value if isinstance(value, list) else [value]
        return tuple(str(item).strip() for item in values if isinstance(item, (str, int, float)) and str(item).strip())

    def date(self, key: str) -> str | None:
        """Return the value as an ISO date, or None where it is none."""
        found = re.match(r"\d{4}-\d{2}-\d{2}", self.text(key) or "")
        try:
            return datetime.date.fromisoformat(found[0]).isoformat() if found else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Split:
    """A Markdown file in two; `problem` says why its front matter was left in the body, where it was."""

    front_matter: FrontMatter
    body: str
    problem: str | None = None


def split_front_matter(text: str) -> Split:
    """Return front matter and body; broken, oversized or self-referring front matter stays in the body."""
    toml = _TOML.match(text)
    if toml:
        return _split_toml(toml["header"], text[toml.end() :])
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return Split(FrontMatter({}, {}), text)
    header, body = text[opening.end() : closing.start()], text[closing.end() :]
    try:
        return Split(FrontMatter(_values(header), _entries(header, _KEY)), body)
    except YamlProblem as problem:
        return Split(FrontMatter({}, {}), f"{header}\n\n{body}", f"The front matter is read as text: {problem}.")


def _split_toml(header: str, body: str) -> Split:
    import tomllib

    try:
        return Split(FrontMatter(tomllib.loads(header), _entries(header, _TOML_KEY)), body)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Split(FrontMatter({}, {}), f"{header}\n\n{body}", f"The front matter is read as text: {error}.")


def _values(header: str) -> dict[str, Any]:
    simple = _simple_values(header)
    if simple is not None:
        return simple
    if len(header) > _SIZE_LIMIT:
        raise YamlProblem(f"it has {len(header)} characters, more than {_SIZE_LIMIT}")
    values = parse_yaml(header)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise YamlProblem("it is no list of `key: value` lines")
    return {str(key): value for key, value in values.items()}


def _simple_values(header: str) -> dict[str, Any] | None:
    """Return the values where each line is a plain `key: value`, or None: YAML itself is ten times slower."""
    values: dict[str, Any] = {}
    for line in header.splitlines():
        found = _KEY.fullmatch(line.rstrip())
        if found is None:
            return None
        value = _simple_scalar((found["value"] or "").strip())
        if value is None or found["key"] in values:
            return None
        values[found["key"]] = value
    return values


def _simple_scalar(value: str) -> str | None:
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        return quoted["inner"]
    if not value or re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    return value if _PLAIN.fullmatch(value) and not _RESOLVED.fullmatch(value) else None


def _entries(header: str, key_form: re.Pattern[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    key = ""
    for line in header.splitlines():
        found = key_form.fullmatch(line.rstrip())
        if found:
            key = found["key"]
            entries[key] = line.rstrip()
        elif key:
            entries[key] += f"\n{line.rstrip()}"
    return {key: entry.strip() for key, entry in entries.items()}
