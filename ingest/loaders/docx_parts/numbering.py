"""Automatic numbers of Word: "Article 4", "3.2", "(c)", counted as Word counts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.loaders.labels import letter, roman

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_OFF = frozenset({"0", "false", "off"})
_PLACE = re.compile(r"%(\d)")
_LINKS = 5
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)  # fmt: skip


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _word(number: int, words: Sequence[str]) -> str:
    return words[number].capitalize() if 0 <= number < len(words) else str(number)


_FORMS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02d}",
    "lowerLetter": lambda number: letter(number, doubled=True),
    "upperLetter": lambda number: letter(number, doubled=True).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "ordinal": _ordinal,
    "cardinalText": lambda number: _word(number, _WORDS),
    "ordinalText": lambda number: _word(number, _ORDINALS),
}


def written(number: int, form: str) -> str:
    """Return a number in one of Word's forms, such as `lowerRoman`."""
    return _FORMS.get(form, str)(number)


@dataclass(slots=True)
class _Level:
    """How one level of a list is numbered; `restarts_after` is the level (from 1) whose next number begins it anew."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    is_legal: bool = False
    style: str = ""
    restarts_after: int | None = None


@dataclass(slots=True)
class _List:
    """What is shared by all paragraphs of a list: its levels and the last number of each, None before the first."""

    levels: dict[int, _Level]
    numbers: list[int | None] = field(default_factory=lambda: [None] * 9)


class Numbering:
    """The lists of one document; `label` is asked once for each paragraph, in order."""

    def __init__(self, root: Any | None) -> None:  # noqa: ANN401
        self._lists: dict[str, _List] = {}
        self._of_number: dict[str, str] = {}  # the list of each num
        self._overrides: dict[str, dict[int, _Level | int]] = {}
        self._begun: set[tuple[str, int]] = set()
        if root is not None:
            self._read(root)

    def _read(self, root: Any) -> None:  # noqa: ANN401
        abstracts = {abstract.get(f"{_W}abstractNumId"): abstract for abstract in root.iterchildren(f"{_W}abstractNum")}
        by_style = {link.get(_VALUE): key for key, one in abstracts.items() for link in one.iterchildren(f"{_W}styleLink")}
        for key, abstract in abstracts.items():
            for _ in range(_LINKS):
                link = abstract.find(f"{_W}numStyleLink")
                target = abstracts.get(by_style.get(link.get(_VALUE), "")) if link is not None else None
                if target is None:
                    break
                abstract = target
            levels = (_level(element) for element in abstract.iterchildren(f"{_W}lvl"))
            self._lists[key] = _List(dict(levels))
        for number in root.iterchildren(f"{_W}num"):
            abstract_id = number.find(f"{_W}abstractNumId")
            identifier = number.get(f"{_W}numId")
            self._of_number[identifier] = abstract_id.get(_VALUE) if abstract_id is not None else ""
            self._overrides[identifier] = dict(_override(element) for element in number.iterchildren(f"{_W}lvlOverride"))

    def level_of_style(self, number: str, style: str) -> int:
        """Return the level that a list gives to the paragraphs of a style, 0 where it names none."""
        found = self._lists.get(self._of_number.get(number, ""))
        return next((place for place, level in found.levels.items() if level.style == style), 0) if found else 0

    def label(self, number: str, place: int) -> str:
        """Return the number that the next paragraph of list `number` shows at level `place` (from 0), as "(c)" or "2.1."."""
        found = self._lists.get(self._of_number.get(number, ""))
        if found is None or not 0 <= place < 9:
            return ""
        overrides = self._overrides.get(number, {})
        level = self._level(found, overrides, place)
        self._count(found, overrides, number, place, level)
        if level.form in ("bullet", "none") and "%" not in level.text:
            return "" if level.form == "bullet" else level.text
        return _PLACE.sub(lambda match: self._part(found, overrides, level, int(match[1]) - 1), level.text)

    def _level(self, found: _List, overrides: dict[int, _Level | int], place: int) -> _Level:
        override = overrides.get(place)
        return override if isinstance(override, _Level) else found.levels.get(place, _Level())

    def _count(self, found: _List, overrides: dict[int, _Level | int], number: str, place: int, level: _Level) -> None:
        start = overrides.get(place)
        begins = place in overrides and (number, place) not in self._begun
        self._begun.add((number, place))
        last = found.numbers[place]
        if begins or last is None:
            found.numbers[place] = start if isinstance(start, int) else level.start
        else:
            found.numbers[place] = last + 1
        for above in range(place):  # a level that was passed over counts as begun
            if found.numbers[above] is None:
                found.numbers[above] = self._level(found, overrides, above).start
        for below in range(place + 1, 9):
            after = self._level(found, overrides, below).restarts_after
            if after is None or (after and place < after):
                found.numbers[below] = None

    def _part(self, found: _List, overrides: dict[int, _Level | int], level: _Level, place: int) -> str:
        number = found.numbers[place] if 0 <= place < 9 else None
        other = self._level(found, overrides, place)
        form = "decimal" if level.is_legal else other.form
        return "" if form in ("none", "bullet") else written(other.start if number is None else number, form)


def _level(element: Any) -> tuple[int, _Level]:  # noqa: ANN401
    def value(name: str, default: str) -> str:
        found = element.find(f"{_W}{name}")
        return default if found is None else found.get(_VALUE, default)

    legal = element.find(f"{_W}isLgl")
    restart = value("lvlRestart", "")
    return _whole(element.get(f"{_W}ilvl")), _Level(
        start=_whole(value("start", "0")),
        form=value("numFmt", "decimal"),
        text=value("lvlText", ""),
        is_legal=legal is not None and legal.get(_VALUE) not in _OFF,
        style=value("pStyle", ""),
        restarts_after=_whole(restart) if restart else None,
    )


def _override(element: Any) -> tuple[int, _Level | int]:  # noqa: ANN401
    place = _whole(element.get(f"{_W}ilvl"))
    level, start = element.find(f"{_W}lvl"), element.find(f"{_W}startOverride")
    if level is not None:
        return place, _level(level)[1]
    return place, _whole(start.get(_VALUE)) if start is not None else 1


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else 0
