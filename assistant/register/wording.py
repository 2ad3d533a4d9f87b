"""A register filter and its results in words, English and French."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from assistant.answers import AnswerPart
from knowledge_base.language.places import Place, country, country_name, takes_article
from knowledge_base.language.words import fold
from knowledge_base.register.table import Grouping, Kind, RegisterFilter, Supporter, nature_label

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


class NameSentences:
    """What is said of names in one language of a register as of one date."""

    def __init__(self, language: str, as_of: str) -> None:
        self.language = language
        self.french = language == "fr"
        self.as_of = f"(au {day(as_of, 'fr')})" if self.french else f"(as of {day(as_of, 'en')})"

    def _note(self, english: str, french: str) -> AnswerPart:
        return AnswerPart(french if self.french else english, kind="note")

    def _result(self, english: str, french: str) -> AnswerPart:
        text = french if self.french else english
        return AnswerPart(text[0].upper() + text[1:])

    def dated_name(self, supporter: Supporter) -> str:
        """Return name and joining date, or when it was first seen: "Lenovo, 5 March 2021"."""
        name, when = (
            supporter_name(supporter, self.language),
            day(supporter.joined or supporter.first_seen or "", self.language),
        )
        seen = "première apparition sur la liste publiée : " if self.french else "first seen on the published list on "
        return f"{name}, {when}" if supporter.joined else f"{name}, {seen}{when}"

    def joined(self, supporter: Supporter) -> AnswerPart:
        """Say when a supporter joined, or that its record does not tell."""
        place = country(supporter.country or "") if supporter.category == "state" else None
        name = place_name(place, self.language) if place else supporter_name(supporter, self.language)
        if supporter.joined:
            when = day(supporter.joined, self.language)
            return self._result(
                f"{name} joined on {when}, by its record in the register {self.as_of}.",
                f"{name} : ralliement le {when}, d'après sa fiche dans le registre {self.as_of}.",
            )
        french = f"l'État « {name} »" if place else name
        return self._result(
            f"{name} is in the register {self.as_of}, but its record gives no joining date.",
            f"{french} figure dans le registre {self.as_of}, mais sa fiche n'indique pas de date de ralliement.",
        )

    def seen(self, supporter: Supporter) -> AnswerPart:
        """Say when a state was first seen on the published list, which is not when it joined."""
        iso = supporter.first_seen or ""
        when, is_day = day(iso, self.language), len(iso) > 7
        return self._note(
            f"It first appears on the published list {'on' if is_day else 'in'} {when}, which need not be when it joined.",
            f"Sa première apparition sur la liste publiée date {'du' if is_day else 'de'} {when},"
            " ce qui n'est pas forcément la date de son ralliement.",
        )

    def present(self, supporters: Sequence[Supporter]) -> AnswerPart:
        """Say that a name is in the register, and as what."""
        if len(supporters) > 1:
            said = "; ".join(f"{supporter_name(s, self.language)} ({details(s, self.language)})" for s in supporters)
            return self._result(
                f"yes, {len(supporters)} records of that name are in the register {self.as_of}: {said}.",
                f"oui, {len(supporters)} fiches de ce nom figurent dans le registre {self.as_of} : {said}.",
            )
        name, said = supporter_name(supporters[0], self.language), details(supporters[0], self.language)
        return self._result(
            f"yes, {name} is in the register {self.as_of}: {said}.",
            f"oui, {name} figure dans le registre {self.as_of} : {said}.",
        )

    def not_withdrawn(self, supporters: Sequence[Supporter]) -> AnswerPart:
        """Correct a withdrawal that the register does not show."""
        name, said = supporter_name(supporters[0], self.language), details(supporters[0], self.language)
        return self._result(
            f"no withdrawal shows in the register: {name} is listed there as a supporter {self.as_of}: {said}."
            " The register lists supporters and records no departures.",
            f"le registre ne montre aucun retrait : {name} y figure comme soutien {self.as_of} : {said}."
            " Le registre donne la liste des soutiens et ne consigne pas de départs.",
        )

    def taken_as(self, written: str, supporter: Supporter) -> AnswerPart:
        """Say which name was read for a misspelt one."""
        name = supporter_name(supporter, self.language)
        return self._note(f"“{written}” was taken as “{name}”.", f"« {written} » a été lu « {name} ».")

    def part_of(self, written: str, supporters: Sequence[Supporter]) -> AnswerPart:
        """Ask back where a name is only part of names in the register."""
        names = self._names(supporters)
        return self._result(
            f"no supporter is named just “{written}” in the register {self.as_of}. Do you mean {names}?",
            f"aucun soutien du registre ne porte exactement le nom « {written} » {self.as_of}. S'agit-il de {names} ?",
        )

    def absent(self, written: str, near: Sequence[Supporter]) -> AnswerPart:
        """Say that a name is not in the register, with the nearest names."""
        names = self._names(near)
        english = f"no, “{written}” is not in the register {self.as_of}." + (
            f" The nearest names there: {names}." if near else ""
        )
        french = f"non, « {written} » ne figure pas dans le registre {self.as_of}."
        return self._result(english, french + (f" Noms les plus proches : {names}." if near else ""))

    def _names(self, supporters: Sequence[Supporter]) -> str:
        most = 8
        names = [f"« {supporter_name(s, 'fr')} »" if self.french else f"“{supporter_name(s, 'en')}”" for s in supporters[:most]]
        more = len(supporters) - most
        tail = ([f"{more} autres" if self.french else f"{more} more"]) if more > 0 else []
        return (" ou " if self.french else " or ").join([", ".join(names), *tail]) if tail else ", ".join(names)

    def state(self, place: Place, present: bool) -> AnswerPart:
        """Say whether a country is in the register as a state."""
        name = place_name(place, self.language)
        if present:
            return self._result(
                f"yes, {name} is in the register as a state {self.as_of}.",
                f"oui, l'État « {place.french} » figure dans le registre {self.as_of}.",
            )
        return self._result(
            f"no, {name} is not in the register as a state {self.as_of}.",
            f"non, l'État « {place.french} » ne figure pas dans le registre {self.as_of}.",
        )

    def others(self, place: Place, number: int, present: bool) -> AnswerPart:
        """Say how many other supporters are in that country."""
        name, shown = place_name(place, self.language), quantity(number, self.language)
        other = ("other supporter", "autre soutien") if present else ("supporter", "soutien")
        if not number:
            return self._note(f"The register has no {other[0]} from there.", f"Le registre n'y compte aucun {other[1]}.")
        plural = number > 1
        french = " ".join(word + "s" * plural for word in other[1].split())
        return self._note(
            f"{shown} {other[0]}{'s' * plural} in {name} {'are' if plural else 'is'} in the register.",
            f"Le registre y compte {shown} {french}.",
        )

    def members(self, place: Place, number: int, missing: Sequence[str], alone: bool) -> AnswerPart:
        """Say how many of a group's members are in the register as states; `alone`: the group itself was asked for."""
        name, total = place_name(place, self.language), len(place.codes)
        absent = ", ".join(missing) if len(missing) <= 10 else ""
        verb = "is" if number == 1 else "are"
        english = f"{number} of {total} countries ({name}) {verb} in the register as states {self.as_of}"
        french = f"{number} pays sur {total} ({name}) dans le registre en tant qu'États {self.as_of}"
        tail = (f"; manquent : {absent}" if self.french else f"; missing: {absent}") if absent else ""
        if alone:
            return self._result(
                f"no, {name} has no record of its own; {english}{tail}.", f"non, pas de fiche à ce nom ; {french}{tail}."
            )
        if missing:
            return self._result(f"no, not all: {english}{tail}.", f"non, pas tous : {french}{tail}.")
        return self._result(f"yes, {english}.", f"oui, {french}.")


_GROUPINGS = {
    "en": {"country": ("country", "countries"), "category": ("category", "categories"), "nature": ("nature", "natures")},
    "fr": {"country": ("pays", "pays"), "category": ("catégorie", "catégories"), "nature": ("nature", "natures")},
}


class Sentences(NameSentences):
    """What is said in one language of a register as of one date."""

    def there_are(self, wanted: RegisterFilter, number: int) -> AnswerPart:
        """Say how many supporters pass."""
        phrase = counted(wanted, number, self.language)
        if self.french and number == 0:
            return self._result("", f"aucune fiche du registre ne correspond {self.as_of} : {phrase}.")
        return self._result(
            f"{phrase} {'are' if number > 1 else 'is'} in the register {self.as_of}.",
            f"{phrase} {'figurent' if number > 1 else 'figure'} dans le registre {self.as_of}.",
        )

    def exist(self, wanted: RegisterFilter, number: int) -> AnswerPart:
        """Say yes or no to whether any supporter passes."""
        said = self.there_are(wanted, number).text
        said = said[0].lower() + said[1:]
        return self._result(f"{'Yes' if number else 'No'}, {said}", f"{'Oui' if number else 'Non'}, {said}")

    def states_alone(self) -> AnswerPart:
        """Say that the built-in register holds no companies, cities or associations, and where they are."""
        return self._note(
            f"The built-in register lists only the states that support the Call {self.as_of}. All other supporters are in the"
            " official register, which `python -m ingest fetch --sync`, or the page Documents, brings in.",
            f"Le registre intégré ne recense que les États qui soutiennent l'Appel {self.as_of}. Tous les autres soutiens sont"
            " dans le registre officiel, que télécharge `python -m ingest fetch --sync` ou la page Documents.",
        )

    def in_the_table(self) -> AnswerPart:
        """Say where the names are that the text leaves out."""
        return self._note("The table lists them all.", "Le tableau en donne la liste complète.")

    def made_up_of(self, counts: Sequence[tuple[str | None, int]], grouping: Grouping) -> AnswerPart:
        """Say how a number is made up."""
        names = _GROUPINGS[self.language][grouping]
        said = breakdown(counts, grouping, self.language)
        return self._note(f"By {names[0]}: {said}.", f"Par {names[0]} : {said}.")

    def without_country(self, number: int) -> AnswerPart:
        """Say how many were left out for want of a country."""
        return self._note(
            f"Left out: {number} whose record gives no country.",
            f"Non comptés : {number} dont la fiche n'indique pas de pays.",
        )

    def without_nature(self, number: int) -> AnswerPart:
        """Say that the nature is not always given, so that a count by nature is a lower bound."""
        shown = quantity(number, self.language)
        return self._note(
            f"The number is a lower bound: {shown} more {'records give' if number > 1 else 'record gives'} no nature.",
            f"Ce nombre est un minimum : fiches sans nature indiquée en plus : {shown}.",
        )

    def with_date(self, dated: int, number: int) -> AnswerPart:
        """Say how many records give a date."""
        return self._note(
            f"Records that give a joining date: {quantity(dated, 'en')} of {quantity(number, 'en')}.",
            f"Fiches qui indiquent une date de ralliement : {quantity(dated, 'fr')} sur {quantity(number, 'fr')}.",
        )

    def first_seen(self) -> AnswerPart:
        """Say what counts for states without a date."""
        return self._note(
            "For a state whose record gives none, its first appearance on the published list counts.",
            "Pour un État dont la fiche n'en indique pas, c'est sa première apparition sur la liste publiée qui compte.",
        )

    def from_countries(self, wanted: RegisterFilter, number: int) -> AnswerPart:
        """Say from how many countries supporters are."""
        phrase = described(wanted, 2, self.language)
        return self._result(
            f"{phrase} from {number} countries are in the register {self.as_of}.",
            f"les {phrase} du registre viennent de {number} pays {self.as_of}.",
        )

    def against(self, sides: Sequence[tuple[RegisterFilter, int]]) -> AnswerPart:
        """Compare the numbers of two or more filters, the largest first."""
        ranked = sorted(sides, key=lambda side: -side[1])
        said = [counted(wanted, number, self.language) for wanted, number in ranked]
        most = described(ranked[0][0], 2, self.language)
        if ranked[0][1] == ranked[1][1]:
            english, french = f"as many of each: {' and '.join(said)}", f"autant de part et d'autre : {' et '.join(said)}"
        else:
            english, french = f"more {most}: {' against '.join(said)}", f"davantage de {most} : {' contre '.join(said)}"
        return self._result(f"{english} in the register {self.as_of}.", f"{french} dans le registre {self.as_of}.")

    def share(self, part: RegisterFilter, number: int, whole: RegisterFilter, total: int) -> AnswerPart:
        """Give a share in per cent and as numbers."""
        rate, of = percentage(number, total, self.language), counted(whole, total, self.language)
        what, shown = described(part, 2, self.language), quantity(number, self.language)
        return self._result(
            f"{rate} of the {of} in the register {self.as_of} are {what}: {shown} of {quantity(total, 'en')}.",
            f"{rate} des {of} du registre {self.as_of} sont des {what} : {shown} sur {quantity(total, 'fr')}.",
        )

    def most(self, wanted: RegisterFilter, grouping: Grouping, shown: Sequence[tuple[str | None, int]]) -> AnswerPart:
        """Say which countries, categories or natures have the most supporters."""
        one, many = _GROUPINGS[self.language][grouping]
        phrase = described(wanted, 2, self.language)
        if len(shown) > 1:
            return self._result(
                f"the {len(shown)} {many} with the most {phrase} in the register {self.as_of}:",
                f"les {len(shown)} {many} qui comptent le plus de {phrase} dans le registre {self.as_of} :",
            )
        place = country(shown[0][0] or "") if grouping == "country" else None
        name = place_name(place, self.language) if place else group_name(shown[0][0], grouping, self.language, 2)
        number = quantity(shown[0][1], self.language)
        return self._result(
            f"the {one} with the most {phrase} in the register {self.as_of} is {name}: {number}.",
            f"{one} qui compte le plus de {phrase} dans le registre {self.as_of} : {name}, {number}.",
        )

    def fewest(self, wanted: RegisterFilter, grouping: Grouping, shown: Sequence[tuple[str | None, int]]) -> AnswerPart:
        """Say which countries, categories or natures have the fewest supporters, of those that have any."""
        one, many = _GROUPINGS[self.language][grouping]
        phrase, alone = described(wanted, 2, self.language), len(shown) == 1
        what = one if alone else f"{len(shown)} {many}"
        fewest = " – ".join(quantity(number, self.language) for number in sorted({shown[0][1], shown[-1][1]}))
        said = f"{group_name(shown[0][0], grouping, self.language, 2)}, {fewest}" if alone else fewest
        return self._result(
            f"of those with any, the {what} with the fewest {phrase} in the register {self.as_of}: {said}"
            f"{'' if alone else ' each'}.",
            f"parmi ceux qui en ont, {what} qui compte{'' if alone else 'nt'} le moins de {phrase} dans le registre"
            f" {self.as_of} : {said}.",
        )

    def latest(self, wanted: RegisterFilter, supporters: Sequence[Supporter]) -> AnswerPart:
        """Say whose joining date is the latest that a record gives."""
        if len(supporters) > 1:
            return self._result(
                f"the {described(wanted, 2, 'en')} with the latest joining dates in the register {self.as_of}:",
                f"{described(wanted, 2, 'fr')} dont la date de ralliement est la plus récente dans le registre {self.as_of} :",
            )
        phrase, dated = described(wanted, 1, self.language), self.dated_name(supporters[0])
        return self._result(
            f"the {phrase} with the latest joining date in the register {self.as_of}: {dated}.",
            f"{phrase} dont la date de ralliement est la plus récente dans le registre {self.as_of} : {dated}.",
        )

    def group_item(self, key: str | None, number: int, grouping: Grouping) -> AnswerPart:
        """Give one country, category or nature with its number."""
        name = group_name(key, grouping, self.language)
        return AnswerPart(f"{name}{' ' if self.french else ''}: {quantity(number, self.language)}", kind="list_item")

    def missing(self, places: Sequence[Place], number: int, members: int) -> AnswerPart:
        """Say how many members of a group are not in the register as states."""
        where = (" et " if self.french else " and ").join(place_name(place, self.language) for place in places)
        if number == 0:
            return self._result(
                f"none is missing: all {members} countries ({where}) are in the register as states {self.as_of}.",
                f"aucun ne manque : les {members} pays ({where}) figurent dans le registre en tant qu'États {self.as_of}.",
            )
        return self._result(
            f"{number} of {members} countries ({where}) {'is' if number == 1 else 'are'} not in the register"
            f" as {'a state' if number == 1 else 'states'} {self.as_of}.",
            f"{number} pays sur {members} ({where}) ne figure{'nt' if number > 1 else ''} pas dans le registre"
            f" en tant qu'État {self.as_of}.",
        )

    def which(self, places: Sequence[Place]) -> AnswerPart:
        """Ask which of several countries is meant."""
        names = [place_name(place, self.language) for place in places]
        return self._note(f"Which do you mean: {' or '.join(names)}?", f"De quel pays s'agit-il : {' ou '.join(names)} ?")
