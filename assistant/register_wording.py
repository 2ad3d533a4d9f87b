"""A register filter and its results in words, English and French."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from knowledge_base.countries import Place, country_name, takes_article
from knowledge_base.register import Grouping, Kind, RegisterFilter, Supporter, nature_label
from knowledge_base.text_terms import fold

_CATEGORIES = {
    "en": {
        "state": ("state", "states"),
        "public-authority": ("public authority", "public authorities"),
        "private-sector": ("private-sector supporter", "private-sector supporters"),
        "civil-society": ("civil-society supporter", "civil-society supporters"),
    },
    "fr": {
        "state": ("État", "États"),
        "public-authority": ("autorité publique", "autorités publiques"),
        "private-sector": ("soutien du secteur privé", "soutiens du secteur privé"),
        "civil-society": ("soutien de la société civile", "soutiens de la société civile"),
    },
}
_CATEGORY_NAMES = {
    "en": {
        "state": ("state", "states"),
        "public-authority": ("public authority", "public authorities"),
        "private-sector": ("private sector", "private sector"),
        "civil-society": ("civil society", "civil society"),
    },
    "fr": {
        "state": ("État", "États"),
        "public-authority": ("autorité publique", "autorités publiques"),
        "private-sector": ("secteur privé", "secteur privé"),
        "civil-society": ("société civile", "société civile"),
    },
}
_SUPPORTER = {"en": ("supporter", "supporters"), "fr": ("soutien", "soutiens")}
_NOTHING_GIVEN = {
    "en": {"country": "no country given", "category": "no category given", "nature": "no nature given"},
    "fr": {"country": "pays non indiqué", "category": "catégorie non indiquée", "nature": "nature non indiquée"},
}


def quantity(number: int, language: str) -> str:
    """Return a number with its thousands set apart: 1,222 or 1 222 (with a no-break space)."""
    return f"{number:,}".replace(",", "\u00a0" if language == "fr" else ",")


def percentage(part: int, whole: int, language: str) -> str:
    """Return a share to one decimal: 57.9% or 57,9 %."""
    text = f"{100 * part / whole:.1f}"
    return text.replace(".", ",") + "\u00a0%" if language == "fr" else text + "%"


def day(iso: str, language: str) -> str:
    """Return an ISO date (or month) in words: 25 December 2025, September 2019."""
    from babel.dates import format_date

    whole = date.fromisoformat(iso if len(iso) > 7 else f"{iso}-01")
    written = format_date(whole, "d MMMM y" if len(iso) > 7 else "MMMM y", locale=language)
    return f"1er{written[1:]}" if language == "fr" and written.startswith("1 ") else written


def place_name(place: Place, language: str) -> str:
    """Return a place as it stands in a sentence: "the United States", "the EU", "Japan"."""
    return f"the {place.english}" if language == "en" and takes_article(place) else place.name(language)


def described(wanted: RegisterFilter, number: int, language: str) -> str:
    """Return the filter as a noun phrase: "private-sector supporters in Japan", "États (pays : Japon)"."""
    kinds = _kinds(wanted.kinds, number, language)
    limits = [*_places(wanted, language), *_dates(wanted, language)]
    if language == "fr":
        return f"{kinds} ({', '.join(limits)})" if limits else kinds
    return " ".join([kinds, *limits])


def counted(wanted: RegisterFilter, number: int, language: str) -> str:
    """Return number and noun phrase: "14 private-sector supporters in Japan"; English says "no" for none."""
    shown = "no" if number == 0 and language == "en" else quantity(number, language)
    return f"{shown} {described(wanted, 1 if number == 0 and language == 'en' else number, language)}"


def group_name(key: str | None, grouping: Grouping, language: str, number: int = 1) -> str:
    """Return the name of a country, category or nature that supporters were grouped by, in the plural unless `number` is 1."""
    if not key:
        return _NOTHING_GIVEN[language][grouping]
    if grouping == "country":
        return country_name(key, language)
    if grouping == "nature":
        return nature_label(key, language, number)
    return _CATEGORY_NAMES[language].get(key, (key, key))[number != 1]


def breakdown(counts: Sequence[tuple[str | None, int]], grouping: Grouping, language: str) -> str:
    """Return "17 private sector, 13 civil society"."""
    return ", ".join(f"{quantity(number, language)} {group_name(key, grouping, language, number)}" for key, number in counts)


def supporter_name(supporter: Supporter, language: str) -> str:
    """Return a supporter's name; the register writes states in French, so those are named in `language`."""
    if supporter.category == "state" and supporter.country:
        return country_name(supporter.country, language)
    return supporter.name


def details(supporter: Supporter, language: str) -> str:
    """Return category, nature and country: "civil society, forum, Germany"."""
    category = group_name(supporter.category or None, "category", language)
    nature = nature_label(supporter.nature, language) if supporter.nature and supporter.nature != "eu-member" else ""
    place = country_name(supporter.country, language) if supporter.category != "state" else ""
    return ", ".join(part for part in (category, nature, place) if part)


def row(supporter: Supporter, language: str) -> dict[str, str]:
    """Return the table row of a supporter; a nature in French stands in English too."""
    return {
        "name": supporter_name(supporter, language),
        "category": group_name(supporter.category or None, "category", language),
        "nature": _nature(supporter.nature, supporter.nature_text, language),
        "country": country_name(supporter.country, language),
        "joined": supporter.joined or _first_seen(supporter.first_seen, language),
        "source": supporter.source,
    }


@lru_cache(maxsize=500)
def _nature(key: str | None, written: str, language: str) -> str:
    label = nature_label(key, language) if key else ""
    return f"{label} ({written})" if written and fold(written) != fold(label) else label


def _first_seen(first_seen: str | None, language: str) -> str:
    if not first_seen:
        return ""
    return f"vu pour la première fois : {first_seen}" if language == "fr" else f"first seen {first_seen}"


def _kinds(kinds: Sequence[Kind], number: int, language: str) -> str:
    singular = number == 1 or (number == 0 and language == "fr")
    either = " ou " if language == "fr" else " or "
    names = [name for kind in kinds for name in _kind(kind, singular, language)]
    return either.join(dict.fromkeys(names)) or _SUPPORTER[language][not singular]


def _kind(kind: Kind, singular: bool, language: str) -> list[str]:
    if not kind.natures:
        return [_CATEGORIES[language][kind.category or "state"][not singular]]
    category = kind.category if kind.category != "public-authority" else None
    suffix = f" ({group_name(category, 'category', language)})" if category else ""
    return [nature_label(nature, language, 1 if singular else 2) + suffix for nature in kind.natures]


def _places(wanted: RegisterFilter, language: str) -> list[str]:
    either = " ou " if language == "fr" else " or "
    inside = either.join(place_name(place, language) for place in wanted.places)
    outside = either.join(place_name(place, language) for place in wanted.excluded)
    kinds = _kinds(wanted.excluded_kinds, 2, language) if wanted.excluded_kinds else ""
    if language == "fr":
        pairs = (("pays : ", inside), ("hors ", outside), ("à l'exclusion de : ", kinds))
    else:
        pairs = (("in ", inside), ("outside ", outside), ("that are not ", kinds))
    return [opening + text for opening, text in pairs if text]


def _dates(wanted: RegisterFilter, language: str) -> list[str]:
    french = language == "fr"
    since = f"{'depuis le' if french else 'since'} {day(wanted.joined_since, language)}" if wanted.joined_since else ""
    before = f"{'avant le' if french else 'before'} {day(wanted.joined_before, language)}" if wanted.joined_before else ""
    together = (" et " if french else " and ").join(part for part in (since, before) if part)
    return [f"{'date de ralliement' if french else 'with a joining date'} {together}"] if together else []
