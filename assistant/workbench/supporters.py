"""The register of supporters at a glance: by category, by country, and by the year in which they joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.register.wording import counted, row
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.places import Place, country, find
from knowledge_base.register.table import CATEGORIES, Kind, Register, RegisterFilter, Supporter
from knowledge_base.store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Supporters:
    """The supporters that pass a filter, by name, with the date for which the register holds.

    `built_in`: only the states that ship with the assistant are known, for no record of the register is indexed.
    """

    wanted: RegisterFilter
    rows: tuple[Supporter, ...]
    as_of: str
    built_in: bool

    @property
    def by_country(self) -> Mapping[str | None, Mapping[str | None, int]]:
        """Count by country code and category, the countries with most first; None: those that give none."""
        total = Counter(supporter.country for supporter in self.rows)
        both = Counter((supporter.country, supporter.category or None) for supporter in self.rows)
        order = sorted(total, key=lambda code: (-total[code], code or ""))
        return {code: {c: both[code, c] for c in (*CATEGORIES, None) if both[code, c]} for code in order}

    @property
    def by_year(self) -> Mapping[int, int]:
        """Count those that give a joining date by its year, in order."""
        return dict(sorted(Counter(int(supporter.joined[:4]) for supporter in self.rows if supporter.joined).items()))

    def table(self, language: str) -> list[dict[str, str]]:
        """Return a row for each."""
        return [row(supporter, language) for supporter in self.rows]

    def told(self, language: str) -> str:
        """Return their number in words: "14 private-sector supporters in Japan"."""
        return counted(self.wanted, len(self.rows), language)

    def as_json(self, language: str) -> dict[str, Any]:
        """Return them as the command line prints them."""
        countries = {code or "": sum(counts.values()) for code, counts in self.by_country.items()}
        years = {str(year): count for year, count in self.by_year.items()}
        categories = Counter(supporter.category or "" for supporter in self.rows)
        counts = {"countries": countries, "years": years, "categories": dict(categories)}
        return {"count": len(self.rows), "as_of": self.as_of, "built_in": self.built_in, **counts, "rows": self.table(language)}


def supporters(catalog: Catalog, categories: Sequence[str] = (), places: Sequence[str] = ()) -> Supporters:
    """Return the supporters of any of the categories, in any of the countries or groups (names, or ISO 3166-1 alpha-3 codes).

    Raises KnowledgeBaseError for a category that the register does not know, or a place that is none or several.
    """
    for category in categories:
        if category not in CATEGORIES:
            raise KnowledgeBaseError(f"There is no category “{category}”.", f"Choose of: {', '.join(CATEGORIES)}.")
    wanted = RegisterFilter(tuple(Kind(category) for category in categories), tuple(map(place_named, places)))
    with Register.open(catalog) as register:
        return Supporters(wanted, tuple(register.select(wanted)), register.as_of, register.built_in)


def place_named(text: str) -> Place:
    """Return the country or group of that name or code; raise KnowledgeBaseError where there is none, or several."""
    places = tuple(filter(None, [country(text.strip().upper())])) or find(text)
    if len(places) == 1:
        return places[0]
    meant = f"It may mean {', '.join(place.english for place in places)}. " if places else ""
    raise KnowledgeBaseError(
        f"{text[:80]!r} is not one country or group of countries.", f"{meant}Give a name or an ISO 3166-1 alpha-3 code."
    )
