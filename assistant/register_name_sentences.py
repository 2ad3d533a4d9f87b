"""What a register answer says of one name: whether, since when and as what it is in the register, English and French."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answers import AnswerPart
from assistant.register_wording import day, details, place_name, quantity, supporter_name
from knowledge_base.countries import Place, country
from knowledge_base.register import Supporter


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
