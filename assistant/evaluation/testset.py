"""Test sets: questions with what a right answer states and the passages that state it, one JSON object a line.

docs/evaluation.md describes the fields. `gold` quotes are what should be found and cited; `alt` are other places that state
the same. `must_include` holds the required facts, each a list of accepted wordings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from knowledge_base.errors import EvaluationError

UNANSWERABLE = "unanswerable"
REGISTER = "register"
OWN_SET = Path(__file__).with_name("questions.jsonl")  # over the built-in library
_LISTED_PROBLEMS = 30


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Place:
    """A quote on page `page` (1-based PDF page, None without pages) of `source`."""

    source: str
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class OtherPlace:
    """Another place that states what a gold quote states; without a quote of its own it has the same words."""

    source: str
    page: int | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """A quote that should be found and cited, and other places that state the same thing."""

    source: str
    page: int | None
    quote: str
    alt: tuple[OtherPlace, ...] = ()

    def places(self) -> list[Place]:
        """Return all places that count, the quote's own first."""
        others = (Place(other.source, other.page, other.quote or self.quote) for other in self.alt)
        return [Place(self.source, self.page, self.quote), *others]


@dataclass(frozen=True, slots=True)
class TestItem:
    """A question of a test set. `held_out` items are kept from tuning and reported apart.

    `register` says how an answer from the register was computed; `accept_correction`: correcting the question's false premise
    counts as well as refusing.
    """

    __test__: ClassVar[bool] = False  # pytest would collect it by its name

    id: str
    question: str
    category: str
    lang: str
    answerable: bool
    gold: tuple[GoldQuote, ...]
    must_include: tuple[tuple[str, ...], ...]
    must_not_include: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()
    accept_correction: bool = False
    held_out: bool = False
    register: dict[str, Any] | None = None
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """Return a digest of all that its scores depend on: two runs are compared on items that are the same in both."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"note", "held_out", "register"}}
        return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TestSet:
    """The items of a file, in its order; `digest` is the SHA-256 of its bytes."""

    __test__: ClassVar[bool] = False

    name: str
    digest: str
    items: tuple[TestItem, ...]


def read_test_set(path: Path) -> TestSet:
    """Read a test set; raise EvaluationError that names each bad line."""
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise EvaluationError(f"The test set {path} cannot be read: {reason}.", "Name a file with --test-set.") from error
    return parse_test_set(lines, path.name, sha256(data).hexdigest())


def parse_test_set(lines: Sequence[str], name: str, digest: str) -> TestSet:
    """Return the test set that the lines hold; raise EvaluationError that names each bad line."""
    items: list[TestItem] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        item, found = _parsed(line)
        problems += [f"line {number}: {problem}" for problem in found]
        items += [item] if item else []
    problems += _repeated(items)
    if not problems and not items:
        problems = ["it holds no question"]
    if problems:
        raise_problems(name, problems)
    return TestSet(name, digest, tuple(items))


def raise_problems(name: str, problems: Sequence[str]) -> None:
    """Raise EvaluationError that lists what is wrong with a test set, one problem a line."""
    listed = "".join(f"\n  {problem}" for problem in problems[:_LISTED_PROBLEMS])
    more = f"\n  ... and {len(problems) - _LISTED_PROBLEMS} more" if len(problems) > _LISTED_PROBLEMS else ""
    raise EvaluationError(
        f"The test set {name} has {len(problems)} problem{'' if len(problems) == 1 else 's'}:{listed}{more}\n",
        "Correct these lines; docs/evaluation.md describes the format.",
    )


def _parsed(line: str) -> tuple[TestItem | None, list[str]]:
    try:
        item = _items().validate_json(line)
    except ValidationError as error:
        return None, [_problem(detail) for detail in error.errors(include_url=False)]
    return item, list(_contradictions(item))


def _problem(detail: Any) -> str:
    """Return one of pydantic's findings as words."""
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "json_invalid":
        return f"not JSON ({detail['ctx']['error']})"
    if detail["type"] == "missing":
        return f"the field {place!r} is missing"
    shown = json.dumps(detail["input"], ensure_ascii=False, default=str)[:80]
    return f"{place or 'the item'}: {detail['msg'][:1].lower()}{detail['msg'][1:]}, not {shown}"


def _contradictions(item: TestItem) -> Iterator[str]:
    """Yield what the fields of an item say against each other."""
    empty = [name for name in ("id", "question", "category", "lang") if not getattr(item, name).strip()]
    yield from (f"the field {name!r} is empty" for name in empty)
    if item.answerable == (item.category == UNANSWERABLE):
        yield f"answerable is {str(item.answerable).lower()}, but its category is {item.category!r}"
    if item.answerable and not item.must_include:
        yield "an answerable question needs at least one fact in 'must_include'"
    if item.answerable and not item.gold and item.category != REGISTER:
        yield "an answerable question needs at least one quote in 'gold' (a register question may have none)"
    if not item.answerable and item.gold:
        yield "an unanswerable question has no 'gold'"
    if any(not fact or not all(wording.strip() for wording in fact) for fact in item.must_include):
        yield "a fact of 'must_include' has no wording, or an empty one"
    if not all(wording.strip() for wording in item.must_not_include):
        yield "'must_not_include' holds an empty wording"
    if not all(place.quote.strip() for quote in item.gold for place in quote.places()):
        yield "a quote of 'gold' is empty"


def _repeated(items: Sequence[TestItem]) -> list[str]:
    counts = Counter(item.id for item in items)
    return [f"the id {identifier!r} stands {count} times" for identifier, count in counts.items() if count > 1]


@cache
def _items() -> TypeAdapter[TestItem]:
    return TypeAdapter(TestItem)
