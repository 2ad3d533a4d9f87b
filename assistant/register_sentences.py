"""The sentences of a register answer on numbers and lists, English and French, with the as-of date where a result is stated."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answers import AnswerPart
from assistant.register_name_sentences import NameSentences
from assistant.register_wording import (
    breakdown,
    counted,
    described,
    group_name,
    percentage,
    place_name,
    quantity,
)
from knowledge_base.countries import Place, country
from knowledge_base.register import Grouping, RegisterFilter, Supporter

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
