"""Test sets: questions with what a right answer states and the passages that state it, one JSON object per line.

docs/evaluation.md describes the fields. `gold` quotes are what should be found and cited; `alt` are other places that state
the same. `must_include` holds the required facts, each a list of accepted wordings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from assistant.answers import Answer
from knowledge_base.errors import EvaluationError, LockedError
from knowledge_base.files import replace_file, storage_errors

UNANSWERABLE = "unanswerable"
REGISTER = "register"
OWN_SET = Path(__file__).with_name("questions.jsonl")  # over the built-in library
FILE_NAME = "questions.jsonl"
_LISTED_PROBLEMS = 30
_LOCK_SECONDS = 10


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
    adapter = TypeAdapter(TestItem)
    items: list[TestItem] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            items.append(adapter.validate_json(line))
            found = list(_contradictions(items[-1]))
        except ValidationError as error:
            found = [_problem(detail) for detail in error.errors(include_url=False)]
        problems += [f"line {number}: {problem}" for problem in found]
    counts = Counter(item.id for item in items)
    problems += [f"the id {identifier!r} stands {count} times" for identifier, count in counts.items() if count > 1]
    if not problems and not items:
        problems = ["it holds no question"]
    if problems:
        raise_problems(name, problems)
    return TestSet(name, digest, tuple(items))


def raise_problems(name: str, problems: Sequence[str]) -> None:
    """Raise EvaluationError that lists what is wrong with a test set, one problem per line."""
    listed = "".join(f"\n  {problem}" for problem in problems[:_LISTED_PROBLEMS])
    more = f"\n  ... and {len(problems) - _LISTED_PROBLEMS} more" if len(problems) > _LISTED_PROBLEMS else ""
    raise EvaluationError(
        f"The test set {name} has {len(problems)} problem{'' if len(problems) == 1 else 's'}:{listed}{more}\n",
        "Correct these lines; docs/evaluation.md describes the format.",
    )


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


def place(data_dir: Path) -> Path:
    """Return where the test questions are kept."""
    return data_dir / "evaluations" / FILE_NAME


def read_items(data_dir: Path) -> TestSet | None:
    """Return the test questions, or None where there are none; raise EvaluationError where the file was damaged by hand."""
    path = place(data_dir)
    return read_test_set(path) if path.exists() and path.read_bytes().strip() else None


def add_item(data_dir: Path, item: TestItem) -> TestItem:
    """Keep a test question, under the next free id; return it as kept. Raise EvaluationError where it is not usable."""
    with _changing(data_dir) as items:
        numbers = [int(number) for kept in items if (number := kept.id.removeprefix("own-")).isdigit()]
        named = replace(item, id=f"own-{max(numbers, default=0) + 1:03d}")
        parse_test_set([as_line(named)], "the new question", "")
        items.append(named)
    return named


def remove_item(data_dir: Path, identifier: str) -> None:
    """Remove a test question; nothing happens where it is gone."""
    with _changing(data_dir) as items:
        items[:] = [item for item in items if item.id != identifier]


def as_line(item: TestItem) -> str:
    """Return an item as a line of a test set."""
    return json.dumps({name: value for name, value in asdict(item).items() if name != "register" or value}, ensure_ascii=False)


@contextmanager
def _changing(data_dir: Path) -> Iterator[list[TestItem]]:
    """Give the items to change, and keep what they were changed to; one writer at a time."""
    path = place(data_dir)
    with storage_errors(data_dir):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                kept = read_items(data_dir)
                items = list(kept.items) if kept else []
                yield items
                replace_file(path, "".join(f"{as_line(item)}\n" for item in items).encode())
        except Timeout as error:
            raise LockedError(f"{path} is being changed by another process.", "Try again in a moment.") from error


def sentences_of(answer: Answer) -> list[GoldQuote]:
    """Return the sentences that an answer quoted, then those of the passages that were retrieved, each once."""
    cited = [GoldQuote(c.source, c.page, c.quote) for c in answer.citations]
    passages = [found.passage for found in answer.retrieved]
    quotes = [GoldQuote(p.source, p.page, text) for p in passages for text in p.quotable_sentences.values()]
    return list(dict.fromkeys([*cited, *quotes]))


def item_from(
    answer: Answer, history: Sequence[Turn], language: str, gold: Sequence[GoldQuote], facts: Sequence[str], note: str = ""
) -> TestItem:
    """Return the test question that an answer makes: with gold quotes, or (none) as one that the documents do not answer.

    A fact is written as its accepted wordings, separated by "|"; where none is given, each gold quote is a fact. The turns
    before it are kept where the question depends on them.
    """
    wordings = [tuple(filter(None, (word.strip() for word in fact.split("|")))) for fact in facts if fact.strip()]
    return TestItem(
        id="new",
        question=answer.question,
        category=("followup" if answer.standalone and history else "factoid") if gold else UNANSWERABLE,
        lang=language,
        answerable=bool(gold),
        gold=tuple(gold),
        must_include=tuple(wordings or [(quote.quote,) for quote in gold]) if gold else (),
        history=tuple(history) if answer.standalone else (),
        note=note,
    )
