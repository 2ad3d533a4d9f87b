"""The supporters' register as a table of its own: filtered, counted and grouped by SQL.

The rows are the catalog's records; only where it holds none, the 81 states that the package carries as facts are used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple, Self

from knowledge_base.files import Closing
from knowledge_base.language.places import Place, current_code, data
from knowledge_base.language.words import words
from knowledge_base.passages import RegisterRecord
from knowledge_base.store.catalog import Catalog, RegisterRow

Grouping = Literal["country", "category", "nature"]
CATEGORIES = ("state", "public-authority", "private-sector", "civil-society")
BUILT_IN_SOURCE = "register_states.toml"

_COLUMNS = "number, source, name, category, nature, nature_text, country, joined, website, first_seen"
_LATEST_POSSIBLE = "coalesce(joined, first_seen)"
_EARLIEST_POSSIBLE = "coalesce(joined, CASE length(first_seen) WHEN 10 THEN first_seen END)"  # a month says only "by then"
_TABLE = f"CREATE TABLE supporters ({_COLUMNS.replace('number', 'number INTEGER PRIMARY KEY', 1)})"


class Supporter(NamedTuple):
    """One row: `nature` is the key of its nature (None: the record gives none), `nature_text` what the record writes.

    `country` is a current ISO 3166-1 alpha-3 code or None, `joined` an ISO date or None. `first_seen`, of states without
    `joined`, is the ISO date or month of the first appearance on the published list.
    """

    number: int
    source: str
    name: str
    category: str
    nature: str | None
    nature_text: str
    country: str | None
    joined: str | None
    website: str | None
    first_seen: str | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of supporter: of a category, of one of some natures, or both; None and () leave that open."""

    category: str | None = None
    natures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """What a supporter must be: of any of `kinds`, in any of `places`, in none of `excluded`, joined in the half-open interval.

    Empty fields leave that open. `excluded` and `places` leave out supporters without a country; dates those without a date
    (for a state without one its first appearance on the published list counts, where the day is known).
    """

    kinds: tuple[Kind, ...] = ()
    places: tuple[Place, ...] = ()
    excluded: tuple[Place, ...] = ()
    excluded_kinds: tuple[Kind, ...] = ()
    joined_since: str | None = None
    joined_before: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether every supporter passes."""
        return self == RegisterFilter()

    @property
    def is_dated(self) -> bool:
        """Return whether it asks for a joining date."""
        return bool(self.joined_since or self.joined_before)


class Register(Closing):
    """The rows of one catalog's register in memory; a context manager."""

    def __init__(self, rows: Iterable[tuple[str | int | None, ...]], as_of: str, built_in: bool) -> None:
        self.as_of = as_of
        self.built_in = built_in
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(_TABLE)
        marks = ",".join("?" * len(Supporter._fields))
        self._connection.executemany(f"INSERT INTO supporters VALUES ({marks})", rows)

    @classmethod
    def open(cls, catalog: Catalog) -> Self:
        """Read the register of `catalog`, or the built-in states where it holds no record."""
        rows = catalog.register()
        if not rows:
            return cls(built_in_states(), data(BUILT_IN_SOURCE)["as_of"].isoformat(), built_in=True)
        supporters = (_supporter(number, row) for number, row in enumerate(rows))
        return cls(supporters, _as_of(rows, catalog), built_in=False)

    def close(self) -> None:
        """Let go of the table."""
        self._connection.close()

    def select(self, wanted: RegisterFilter) -> list[Supporter]:
        """List the supporters that pass, by name."""
        where, arguments = _where(wanted)
        sql = f"SELECT {_COLUMNS} FROM supporters WHERE {where} ORDER BY name, number"
        return [Supporter(*row) for row in self._connection.execute(sql, arguments)]

    def count(self, wanted: RegisterFilter) -> int:
        """Count the supporters that pass."""
        where, arguments = _where(wanted)
        return int(self._connection.execute(f"SELECT count(*) FROM supporters WHERE {where}", arguments).fetchone()[0])

    def count_by(self, grouping: Grouping, wanted: RegisterFilter) -> list[tuple[str | None, int]]:
        """Count those that pass by country code, category or nature key, most first; None: those that give none."""
        where, arguments = _where(wanted)
        sql = f"SELECT nullif({grouping}, ''), count(*) FROM supporters WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1"
        return [(key, int(number)) for key, number in self._connection.execute(sql, arguments)]

    def names(self) -> list[tuple[int, str]]:
        """List number and name of every supporter."""
        return list(self._connection.execute("SELECT number, name FROM supporters ORDER BY number"))

    def by_numbers(self, numbers: Sequence[int]) -> list[Supporter]:
        """Return the supporters with these numbers, by name."""
        marks = ",".join("?" * len(numbers))
        sql = f"SELECT {_COLUMNS} FROM supporters WHERE number IN ({marks}) ORDER BY name, number"
        return [Supporter(*row) for row in self._connection.execute(sql, list(numbers))]

    def states(self, place: Place) -> list[Supporter]:
        """List the state records of a country or of a group's members."""
        return self.select(RegisterFilter(kinds=(Kind("state"),), places=(place,)))

    def dates(self, wanted: RegisterFilter) -> tuple[int, str | None]:
        """Return, of those that pass, how many give a joining date, and the earliest known (an ISO date or month, or None)."""
        where, arguments = _where(wanted)
        sql = f"SELECT count(joined), min({_LATEST_POSSIBLE}) FROM supporters WHERE {where}"
        number, first = self._connection.execute(sql, arguments).fetchone()
        return int(number), str(first) if first else None


def built_in_states() -> list[Supporter]:
    """Return the states that the package carries as facts."""
    source = f"register/{BUILT_IN_SOURCE}"
    return [
        Supporter(n, source, s["name"], "state", None, "", s["country"], s.get("joined"), None, _first_seen(s["country"]))
        for n, s in enumerate(data(BUILT_IN_SOURCE)["states"])
    ]


@lru_cache(maxsize=500)
def _first_seen(code: str | None) -> str | None:
    return next((s["first_seen"] for s in data(BUILT_IN_SOURCE)["states"] if s["country"] == code and "joined" not in s), None)


@lru_cache(maxsize=1000)
def nature_key(text: str) -> str | None:
    """Return the key of a nature as a record writes it, whatever its case, accents and spaces; None where it is blank."""
    folded = " ".join(words(text))
    return nature_keys().get(folded, folded) or None


@cache
def nature_keys() -> dict[str, str]:
    """Map the folded spellings of natures to their keys."""
    return {" ".join(words(text)): entry["key"] for entry in data("register.toml")["natures"] for text in entry["spellings"]}


def _supporter(number: int, row: RegisterRow) -> Supporter:
    r: RegisterRecord = row.record
    nature = nature_key(r.nature or "")
    category = (r.category or "").strip().lower()
    country = current_code(r.country)
    first_seen = _first_seen(country) if category == "state" and not r.joined else None
    return Supporter(
        number, row.source, r.name, category, nature, (r.nature or "").strip(), country, r.joined or None, r.website, first_seen
    )


def _as_of(rows: Sequence[RegisterRow], catalog: Catalog) -> str:
    """Return the ISO date for which the register holds: of the known snapshot, else that on which its files were read."""
    known = data("register.toml")
    if len(rows) == known["records"]:
        return str(known["as_of"].isoformat())
    read = catalog.document(rows[0].source)
    return read.indexed_at[:10] if read else ""


def _where(wanted: RegisterFilter) -> tuple[str, list[str]]:
    """Return the condition of a filter in SQL, and its arguments."""
    conditions, arguments = ["1"], list[str]()
    for kinds, negation in ((wanted.kinds, ""), (wanted.excluded_kinds, "NOT ")):
        either: list[str] = []
        for kind in kinds:
            marks = ",".join("?" * len(kind.natures))
            parts = [*(["category = ?"] if kind.category else []), *([f"coalesce(nature, '') IN ({marks})"] if marks else [])]
            either.append(f"({' AND '.join(parts) or '1'})")
            arguments += [*([kind.category] if kind.category else []), *kind.natures]
        conditions += [f"{negation}({' OR '.join(either)})"] if either else []
    for places, comparison in ((wanted.places, "IN"), (wanted.excluded, "NOT IN")):
        codes = sorted({code for place in places for code in place.codes})
        conditions += [f"country {comparison} ({','.join('?' * len(codes))})"] if codes else []
        arguments += codes
    dates = ((f"{_EARLIEST_POSSIBLE} >= ?", wanted.joined_since), (f"{_LATEST_POSSIBLE} < ?", wanted.joined_before))
    for condition, date in dates:
        conditions += [condition] if date else []
        arguments += [date] if date else []
    return " AND ".join(conditions), arguments
