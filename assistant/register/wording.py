"""A register filter and its results in words, in the language of the messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from assistant.messages import message
from knowledge_base.language.places import Place, country_name, takes_article
from knowledge_base.language.words import fold
from knowledge_base.register.table import CATEGORIES, Grouping, Kind, RegisterFilter, Supporter, nature_keys

_LENGTH_OF_DAY = len("2020-02-27")


def day(iso: str, language: str) -> str:
    """Return an ISO date (or month) in words: 25 December 2025, September 2019; French counts the first of a month: 1er."""
    from babel.dates import format_date

    form = "month" if len(iso) < _LENGTH_OF_DAY else "first_day" if iso.endswith("-01") else "day"
    whole = date.fromisoformat(iso if form != "month" else f"{iso}-01")
    return format_date(whole, message(language, f"form.{form}"), locale=language)


def either(texts: Iterable[str], language: str) -> str:
    """Return texts joined by "or"."""
    return message(language, "form.or").join(texts)


def place_name(place: Place, language: str) -> str:
    """Return a place as it stands in a sentence: "the United States", "the EU", "Japan"."""
    name = place.name(language)
    return message(language, "form.with_article", name=name) if takes_article(place) else name


def described(wanted: RegisterFilter, number: int, language: str) -> str:
    """Return the filter as a noun phrase: "private-sector supporters in Japan", "États (pays : Japon)"."""

    def part(key: str, **values: str) -> list[str]:
        return [message(language, f"register.filter.{key}", **values)] if all(values.values()) else []

    inside, outside = (
        either((place_name(place, language) for place in places), language) for places in (wanted.places, wanted.excluded)
    )
    since, before = (day(iso, language) if iso else "" for iso in (wanted.joined_since, wanted.joined_before))
    when = message(language, "form.and").join([*part("since", date=since), *part("before", date=before)])
    out = _kinds(wanted.excluded_kinds, 2, language) if wanted.excluded_kinds else ""
    limits = [
        *part("inside", places=inside), *part("outside", places=outside), *part("without", kinds=out),
        *part("dated", when=when),
    ]  # fmt: skip
    kinds = _kinds(wanted.kinds, number, language)
    together = message(language, "register.filter.separator").join(limits)
    return message(language, "register.filter.limited", what=kinds, limits=together) if limits else kinds


def _kinds(kinds: Sequence[Kind], number: int, language: str) -> str:
    names = [] if kinds else [message(language, "register.kind.any", count=number)]
    for kind in kinds:
        if not kind.natures:
            names.append(message(language, f"register.kind.{kind.category or 'state'}", count=number))
        of = kind.category if kind.category != "public-authority" else None
        suffix = f" ({group_name(of, 'category', language)})" if of else ""
        names += [group_name(nature, "nature", language, number) + suffix for nature in kind.natures]
    return either(dict.fromkeys(names), language)


def counted(wanted: RegisterFilter, number: int, language: str) -> str:
    """Return number and noun phrase: "14 private-sector supporters in Japan", "no supporter in Japan"."""
    return message(language, "register.filter.counted", count=number, what=described(wanted, number or 1, language))


@lru_cache(maxsize=2000)
def group_name(key: str | None, grouping: Grouping, language: str, number: int = 1) -> str:
    """Return the name of a country, category or nature that supporters are grouped by; a nature may be one nobody named yet."""
    if not key:
        return message(language, f"register.not_given.{grouping}")
    if grouping == "country":
        return country_name(key, language)
    if grouping == "nature":
        return message(language, f"register.nature.{key}", count=number) if key in nature_keys().values() else key
    return message(language, f"register.category.{key}", count=number) if key in CATEGORIES else key


def supporter_name(supporter: Supporter, language: str) -> str:
    """Return a supporter's name; the register writes states in French, so those are named in `language`."""
    if supporter.category == "state" and supporter.country:
        return country_name(supporter.country, language)
    return supporter.name


def details(supporter: Supporter, language: str) -> str:
    """Return category, nature and country: "civil society, forum, Germany"."""
    category = group_name(supporter.category or None, "category", language)
    nature = group_name(supporter.nature, "nature", language) if supporter.nature and supporter.nature != "eu-member" else ""
    place = country_name(supporter.country, language) if supporter.category != "state" else ""
    return ", ".join(part for part in (category, nature, place) if part)


def row(supporter: Supporter, language: str) -> dict[str, str]:
    """Return the table row of a supporter; a nature that the record gives in another language stands as written too."""
    nature, written = group_name(supporter.nature, "nature", language) if supporter.nature else "", supporter.nature_text
    seen = message(language, "register.first_seen", date=supporter.first_seen) if supporter.first_seen else ""
    return {
        "name": supporter_name(supporter, language),
        "category": group_name(supporter.category or None, "category", language),
        "nature": f"{nature} ({written})" if written and fold(written) != fold(nature) else nature,
        "country": country_name(supporter.country, language),
        "joined": supporter.joined or seen,
        "source": supporter.source,
    }
