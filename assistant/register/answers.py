"""Answers that the supporters' register gives by arithmetic: counts, lists, shares, comparisons, who is on it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from assistant.answers import Answer, AnswerPart, Citation, written
from assistant.register.asked import RegisterQuestion
from assistant.register.reading import parse
from assistant.register.slots import STATE, tokens
from assistant.register.wording import Sentences, group_name, row, supporter_name
from knowledge_base.language.places import Place, country_name, find
from knowledge_base.language.words import fold
from knowledge_base.register.names import key, match
from knowledge_base.register.table import BUILT_IN_SOURCE, Grouping, Register, RegisterFilter, Supporter
from knowledge_base.store.catalog import Catalog

MOST_CITED = 20
_SAMPLE = 3  # of the records that one sentence is about
_BUILT_IN_BRIEF = "briefs/states-in-the-register.md"
_FIELDS = re.compile(r"^name:[^\n]*(?:\n(?:category|nature|nationality|country):[^\n]*)*", re.MULTILINE)
_FIELDS_AND_DATE = re.compile(r"^name:[^\n]*(?:\n(?!---)[^\n]*)*?\ndate_signed:[^\n]*", re.MULTILINE)


class Stated(NamedTuple):
    """A part of an answer and the supporters that it is about."""

    part: AnswerPart
    supporters: Sequence[Supporter] = ()


def cited(stated: Sequence[Stated], catalog: Catalog, dated: bool = False) -> tuple[tuple[Citation, ...], list[AnswerPart]]:
    """Cite at most 20 records in all and three of a part; return the citations and the parts with the numbers of theirs.

    `dated`: the quotes go on to the joining date.
    """
    citations: dict[tuple[str, int], Citation] = {}
    parts: list[AnswerPart] = []
    for part, supporters in stated:
        numbers = [_number(supporter, catalog, dated, citations) for supporter in supporters[:_SAMPLE]]
        parts.append(replace(part, citations=tuple(dict.fromkeys(number for number in numbers if number))))
    return tuple(citations.values()), parts


def _number(supporter: Supporter, catalog: Catalog, dated: bool, citations: dict[tuple[str, int], Citation]) -> int | None:
    """Return the number of the supporter's citation, a new one unless its lines are cited already or there are enough."""
    if len(citations) == MOST_CITED:
        return None
    place = _place(supporter, catalog, dated)
    if place is None:
        return None
    source, start, title, quote = place
    new = Citation(len(citations) + 1, source, title, None, start, start + len(quote), quote)
    return citations.setdefault((source, start), new).number


def _place(supporter: Supporter, catalog: Catalog, dated: bool) -> tuple[str, int, str, str] | None:
    """Return source, offset, title and quote: of the record, or of the brief where the register is the built-in one."""
    built_in = supporter.source.endswith(BUILT_IN_SOURCE)
    source = _BUILT_IN_BRIEF if built_in else supporter.source
    page = catalog.page(source, None)
    if page is None:
        return None
    found = _line_on(supporter, page.text) if built_in else _record_lines(page.text, dated)
    title = "The 81 states that support the Paris Call" if built_in else supporter.name
    return (source, found.start(), title, found[0]) if found and found[0] else None


def _record_lines(text: str, dated: bool) -> re.Match[str] | None:
    return (_FIELDS_AND_DATE.search(text) if dated else None) or _FIELDS.search(text) or re.search(r"\S[^\n]*", text)


def _line_on(supporter: Supporter, text: str) -> re.Match[str] | None:
    """Return the first line of a brief that names the state."""
    names = "|".join(re.escape(name) for name in (supporter.name, country_name(supporter.country, "en")))
    return re.search(rf"(?m)^(?=\S)[^\n]*\b(?:{names})(?!\w)[^\n]*$", text)


def asks_beyond_states(asked: RegisterQuestion) -> bool:
    """Say whether a register of states alone cannot answer: companies, cities or associations are asked for."""
    if asked.places:
        return False
    if asked.operation in {"check", "absence", "joined", "withdrawal"}:
        return not find(asked.name or "")
    return any(wanted.kinds != (STATE,) for wanted in asked.filters)


def states_alone(asked: RegisterQuestion, catalog: Catalog) -> AnswerPart | None:
    """Return what to say of a question that the built-in register cannot answer, or None where that is not why."""
    if not asks_beyond_states(asked):
        return None
    with Register.open(catalog) as register:
        return Sentences(asked.language, register.as_of).states_alone() if register.built_in else None


def is_on_the_countries(answer: Answer) -> bool:
    """Say whether an answer names a country (or one of the group) that its question asks for; true where it asks for none."""
    asked = {code for place in _places(answer.question) for code in place.codes}
    return not asked or any(asked.issuperset(place.codes) for part in answer.parts for place in _places(part.text))


def _places(text: str) -> Iterator[Place]:
    return (place for token in tokens(text, typos=False) for place in token.places)


MOST_LISTED = 25  # names in the text; the table holds all
_MOST_GROUPS = 10
_LENGTH_OF_DAY = len("2020-02-27")
_PLURAL = re.compile(r"(?:states|countries|nations|nordics|baltics|pays\b.*)$", re.IGNORECASE)  # "the Baltic states"
_YES_OR_NO = re.compile(r"^(?:Yes|No|Oui|Non), ")
_AND = re.compile(r",\s*(?:(?:and|or|et|ou)\s+)?|\s+(?:and|or|et|ou)\s+")


def answer(question: str, catalog: Catalog, history: Sequence[str] = ()) -> Answer | None:
    """Answer a question on the register; None where it is none, or where the register cannot tell.

    `history` are the earlier questions of the conversation, the last one last.
    """
    asked = parse(question, history)
    return respond(question, asked, catalog) if asked else None


def respond(question: str, asked: RegisterQuestion, catalog: Catalog) -> Answer | None:
    """Answer what was parsed from `question`; None where the register at hand cannot tell."""
    started = time.perf_counter()
    with Register.open(catalog) as register:
        responder = _Responder(register, asked)
        stated = responder.stated()
    if stated is None:
        return None
    dated = asked.operation in {"joined", "latest"} or any(wanted.is_dated for wanted in asked.filters)
    citations, parts = cited(stated, catalog, dated)
    supporters = {supporter.number: supporter for _, about in stated for supporter in about}
    table = responder.table or [row(supporter, asked.language) for supporter in supporters.values()]
    return Answer(
        question, written(parts), "register", False, citations, (), time.perf_counter() - started, tuple(parts),
        confidence=0.5 if asked.ambiguous else 1.0, table=tuple(table),
    )  # fmt: skip


class _Responder:
    """One question before one register; `table` is set where it is not the list of supporters."""

    def __init__(self, register: Register, asked: RegisterQuestion) -> None:
        self.register = register
        self.asked = asked
        self.language = asked.language
        self.say = Sentences(asked.language, register.as_of)
        self.table: list[dict[str, str]] = []

    def stated(self) -> list[Stated] | None:
        """Return the parts of the answer, each with its supporters; None where this register cannot tell."""
        if self.asked.ambiguous:
            return [Stated(self.say.which(self.asked.ambiguous))]
        if self._is_beyond():
            return None
        tell = {
            "count": self._listed, "list": self._listed, "exists": self._listed, "compare": self._compared,
            "share": self._shared, "top": self._top, "countries": self._countries, "missing": self._missing,
            "check": self._checked, "absence": self._absent, "withdrawal": self._checked,
            "joined": self._checked, "latest": self._latest,
        }  # fmt: skip
        return tell[self.asked.operation]()

    def _is_beyond(self) -> bool:
        """Say whether the built-in register (states alone) or the dates that records give cannot answer."""
        if self.register.built_in and asks_beyond_states(self.asked):
            return True
        return any(self._ends_before_the_first_date(wanted) for wanted in self.asked.filters)

    def _ends_before_the_first_date(self, wanted: RegisterFilter) -> bool:
        _, first = self.register.dates(RegisterFilter())
        return bool(wanted.joined_before and (first is None or wanted.joined_before <= first))

    # Counts and lists

    def _listed(self) -> list[Stated]:
        wanted = self.asked.filters[0]
        supporters = self._select(wanted)
        opening = self.say.exist if self.asked.operation == "exists" else self.say.there_are
        are_listed = len(supporters) <= MOST_LISTED
        first = Stated(opening(wanted, len(supporters)), () if are_listed else supporters)
        items = [Stated(self._item(supporter_name(s, self.language)), (s,)) for s in supporters] if are_listed else []
        return [first, *map(Stated, self._notes(wanted, len(supporters))), *items]

    def _select(self, wanted: RegisterFilter) -> list[Supporter]:
        return sorted(self.register.select(wanted), key=lambda supporter: key(supporter_name(supporter, self.language)))

    def _item(self, text: str) -> AnswerPart:
        return AnswerPart(text, kind="list_item")

    def _notes(self, wanted: RegisterFilter, number: int) -> list[AnswerPart]:
        """Say how the number is made up and what the register leaves open."""
        notes = [self.say.in_the_table()] if number > MOST_LISTED else []
        if number > 1 and (not wanted.kinds or (len(wanted.kinds) > 1 and not any(kind.natures for kind in wanted.kinds))):
            notes.append(self.say.made_up_of(self.register.count_by("category", wanted), "category"))
        if len(wanted.places) > 1 and not any(place.is_group for place in wanted.places):
            notes.append(self.say.made_up_of(self.register.count_by("country", wanted), "country"))
        return [*notes, *self._gaps(wanted)]

    def _gaps(self, wanted: RegisterFilter) -> list[AnswerPart]:
        """Say what the register leaves open: countries, natures and dates that records do not give."""
        notes: list[AnswerPart] = []
        if wanted.excluded:
            without = dict(self.register.count_by("country", replace(wanted, excluded=()))).get(None)
            notes += [self.say.without_country(without)] if without else []
        if any(kind.natures for kind in wanted.kinds):
            open_kinds = tuple(replace(kind, natures=()) for kind in wanted.kinds if kind.category)
            whole = replace(wanted, kinds=open_kinds, excluded_kinds=(*wanted.excluded_kinds, STATE))
            blank = dict(self.register.count_by("nature", whole)).get(None)
            notes += [self.say.without_nature(blank)] if blank else []
        return notes + (self._date_notes(wanted) if wanted.is_dated else [])

    def _date_notes(self, wanted: RegisterFilter) -> list[AnswerPart]:
        undated = replace(wanted, joined_since=None, joined_before=None)
        dated, _ = self.register.dates(undated)
        notes = [self.say.with_date(dated, self.register.count(undated))]
        return [*notes, self.say.first_seen()] if not wanted.kinds or STATE in wanted.kinds else notes

    def _countries(self) -> list[Stated]:
        wanted = self.asked.filters[0]
        counts = [entry for entry in self.register.count_by("country", wanted) if entry[0]]
        self.table = self._group_rows(counts, "country")
        return [Stated(self.say.from_countries(wanted, len(counts))), *map(Stated, self._gaps(wanted))]

    def _latest(self) -> list[Stated] | None:
        """List those with the latest joining dates; who has none is left out."""
        wanted = self.asked.filters[0]
        dated = [s for s in self.register.select(wanted) if s.joined or len(s.first_seen or "") == _LENGTH_OF_DAY]
        if not dated:
            return None
        dated.sort(key=_date_of, reverse=True)
        last = _date_of(dated[min(self.asked.limit or 1, len(dated)) - 1])
        shown = [s for s in dated if _date_of(s) >= last]
        items = [Stated(self._item(self.say.dated_name(s)), (s,)) for s in shown] if len(shown) > 1 else []
        first = Stated(self.say.latest(wanted, shown), () if items else shown)
        return [first, *map(Stated, self._date_notes(wanted)), *items]

    # Comparisons, shares, groups

    def _compared(self) -> list[Stated]:
        sides = [(wanted, self._select(wanted)) for wanted in self.asked.filters]
        supporters = [supporter for _, found in sides for supporter in found]
        return [Stated(self.say.against([(wanted, len(found)) for wanted, found in sides]), supporters)]

    def _shared(self) -> list[Stated]:
        part, whole = self.asked.filters
        supporters, number = self._select(part), self.register.count(whole)
        if not number:
            return [Stated(self.say.there_are(whole, 0))]
        share = Stated(self.say.share(part, len(supporters), whole, number), supporters)
        return [share, *map(Stated, self._gaps(part))]

    def _top(self) -> list[Stated] | None:
        grouping, wanted = self.asked.grouping or "country", self.asked.filters[0]
        counts = self.register.count_by(grouping, wanted)
        if self.asked.ascending:
            counts.sort(key=lambda entry: entry[1])
        named = [entry for entry in counts if entry[0]]
        if not named:
            return None if counts else [Stated(self.say.there_are(wanted, 0))]
        self.table = self._group_rows(counts, grouping)
        if self.asked.ascending:
            shown = [entry for entry in named if entry[1] <= named[min(self.asked.limit or 1, len(named)) - 1][1]]
            first = self.say.fewest(wanted, grouping, shown)
        else:
            shown = _first(named, self.asked.limit)
            first = self.say.most(wanted, grouping, shown)
        items = [self.say.group_item(*entry, grouping) for entry in shown] if len(shown) > 1 else []
        if len(items) > MOST_LISTED:
            items = [self.say.in_the_table()]
        return list(map(Stated, [first, *self._gaps(wanted), *items]))

    def _group_rows(self, counts: Sequence[tuple[str | None, int]], grouping: Grouping) -> list[dict[str, str]]:
        return [{grouping: group_name(named, grouping, self.language), "supporters": str(n)} for named, n in counts]

    def _missing(self) -> list[Stated]:
        """List the members of groups that are not in the register as states."""
        wanted = self.asked.filters[0]
        outside = {code for place in wanted.excluded for code in place.codes}
        members = {code for place in wanted.places for code in place.codes} - outside
        absent = members - {supporter.country for supporter in self.register.select(wanted)}
        names = sorted((group_name(code, "country", self.language) for code in absent), key=fold)
        self.table = [{"country": name} for name in names]
        first = self.say.missing(wanted.places, len(names), len(members))
        rest = map(self._item, names) if len(names) <= MOST_LISTED else [self.say.in_the_table()]
        return list(map(Stated, [first, *rest]))

    # One name

    def _checked(self) -> list[Stated]:
        if self.asked.places:
            return [stated for place in self.asked.places for stated in self._place(place)]
        name = self.asked.name or ""
        parts = [part for part in _AND.split(name) if part.strip()]
        if len(parts) > 1 and not match(name, self.register.names()).found:
            return [stated for part in parts for stated in self._name(part)]
        return self._name(name)

    def _absent(self) -> list[Stated]:
        """Say what is so without a yes or no, which the question turned round."""
        return [stated._replace(part=replace(stated.part, text=_without_yes(stated.part.text))) for stated in self._checked()]

    def _name(self, name: str) -> list[Stated]:
        """Look one name up: the register, or a country, slightly misspelt even."""
        found = match(name, self.register.names())
        place = find(name)
        if len(place) == 1 and (not found.found or found.typo):
            return self._place(place[0])
        supporters = self.register.by_numbers(found.found or found.candidates)
        if found.found:
            misspelt = [Stated(self.say.taken_as(name, supporters[0]))] if found.typo else []
            if self.asked.operation == "joined":
                return [*self._joined(supporters), *misspelt]
            return [self._present(supporters), *misspelt]
        if found.part:
            return [Stated(self.say.part_of(name, supporters), supporters)]
        return [Stated(self.say.absent(name, supporters))]

    def _joined(self, supporters: Sequence[Supporter]) -> list[Stated]:
        """Say when each joined, and for a state without a date when it was first seen."""
        stated: list[Stated] = []
        for supporter in supporters:
            stated.append(Stated(self.say.joined(supporter), (supporter,)))
            if supporter.first_seen:
                stated.append(Stated(self.say.seen(supporter)))
        return stated

    def _present(self, supporters: Sequence[Supporter]) -> Stated:
        tell = self.say.not_withdrawn if self.asked.operation == "withdrawal" else self.say.present
        return Stated(tell(supporters), supporters)

    def _place(self, place: Place) -> list[Stated]:
        if place.is_group:
            return self._group(place)
        states = self.register.states(place)
        if states and self.asked.operation == "withdrawal":
            return [self._present(states)]
        if states and self.asked.operation == "joined":
            return self._joined(states)
        first = Stated(self.say.state(place, bool(states)), states)
        others = self.register.count(RegisterFilter(places=(place,))) - len(states)
        return [first] if self.register.built_in else [first, Stated(self.say.others(place, others, bool(states)))]

    def _group(self, place: Place) -> list[Stated]:
        """Answer for a group: its own record where it has one, else its members' states."""
        alone = tuple(find(self.asked.name or "")) == (place,) and not _PLURAL.search(self.asked.name or "")
        own = match(place.english, self.register.names()) if alone else None
        if own and own.found and not own.typo and self.asked.operation == "joined":
            return self._joined(self.register.by_numbers(own.found))
        if own and own.found and not own.typo:
            return [self._present(self.register.by_numbers(own.found))]
        states = self.register.states(place)
        missing = sorted(set(place.codes) - {s.country for s in states})
        names = [group_name(code, "country", self.language) for code in missing]
        return [Stated(self.say.members(place, len(states), names, alone), states)]


def _without_yes(text: str) -> str:
    bare = _YES_OR_NO.sub("", text)
    return bare[0].upper() + bare[1:]


def _date_of(supporter: Supporter) -> str:
    return supporter.joined or supporter.first_seen or ""


def _first(counts: Sequence[tuple[str | None, int]], limit: int | None) -> list[tuple[str | None, int]]:
    """Return the first `limit` and their equals; without a limit at most ten, no equal left out."""
    last = counts[min(limit or _MOST_GROUPS, len(counts)) - 1][1]
    level = [entry for entry in counts if entry[1] >= last]
    if limit or len(level) <= _MOST_GROUPS:
        return level
    return [entry for entry in counts if entry[1] > last] or level[:_MOST_GROUPS]
