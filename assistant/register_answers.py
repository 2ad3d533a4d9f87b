"""Answers that the supporters' register gives by arithmetic: counts, lists, shares, comparisons, who is on it and who is not."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from assistant.answers import Answer, AnswerPart, written
from assistant.register_citations import cited
from assistant.register_questions import STATE, RegisterQuestion, parse
from assistant.register_sentences import Sentences
from assistant.register_wording import group_name, row, supporter_name
from knowledge_base.catalog import Catalog
from knowledge_base.countries import Place, find
from knowledge_base.register import Grouping, Register, RegisterFilter, Supporter
from knowledge_base.register_names import match

MOST_LISTED = 25  # names in the text; the table holds all
_MOST_GROUPS = 10
_AND = re.compile(r",\s*(?:(?:and|or|et|ou)\s+)?|\s+(?:and|or|et|ou)\s+")

Drawn = tuple[list[AnswerPart], list[Supporter]]


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
        if asked.ambiguous:
            return _finished(question, [responder.say.which(asked.ambiguous)], [], [], catalog, asked, started)
        drawn = responder.drawn()
        if drawn is None:
            return None
        parts, supporters = drawn
        table = responder.table or [row(supporter, asked.language) for supporter in supporters]
        return _finished(question, parts, supporters, table, catalog, asked, started)


def _finished(
    question: str,
    parts: Sequence[AnswerPart],
    supporters: Sequence[Supporter],
    table: Sequence[dict[str, str]],
    catalog: Catalog,
    asked: RegisterQuestion,
    started: float,
) -> Answer:
    dated = any(wanted.is_dated for wanted in asked.filters)
    citations, numbered = cited(parts, supporters, catalog, dated)
    return Answer(
        question, written(numbered), "register", False, citations, (), time.perf_counter() - started, tuple(numbered),
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

    def drawn(self) -> Drawn | None:
        """Return the parts of the answer and the supporters that it is about; None where this register cannot tell."""
        if self._is_beyond():
            return None
        draw = {
            "count": self._listed, "list": self._listed, "exists": self._listed, "compare": self._compared, "share": self._shared,
            "top": self._top, "countries": self._countries, "missing": self._missing, "check": self._checked,
            "withdrawal": self._checked,
        }  # fmt: skip
        return draw[self.asked.operation]()

    def _is_beyond(self) -> bool:
        """Say whether the built-in register (states alone) or the dates that records give cannot answer."""
        if self.register.built_in and not self.asked.places:
            if self.asked.operation in {"check", "withdrawal"}:
                return not find(self.asked.name or "")
            if any(wanted.kinds != (STATE,) for wanted in self.asked.filters):
                return True
        return any(self._ends_before_the_first_date(wanted) for wanted in self.asked.filters)

    def _ends_before_the_first_date(self, wanted: RegisterFilter) -> bool:
        _, first = self.register.dates(RegisterFilter())
        return bool(wanted.joined_before and (first is None or wanted.joined_before <= first))

    # Counts and lists

    def _listed(self) -> Drawn:
        wanted = self.asked.filters[0]
        supporters = self.register.select(wanted)
        opening = self.say.exist if self.asked.operation == "exists" else self.say.there_are
        parts = [opening(wanted, len(supporters))]
        if 0 < len(supporters) <= MOST_LISTED:
            parts += [AnswerPart(supporter_name(s, self.language), kind="list_item") for s in supporters]
        return [*parts, *self._notes(wanted, supporters)], supporters

    def _notes(self, wanted: RegisterFilter, supporters: Sequence[Supporter]) -> list[AnswerPart]:
        """Say how the number is made up and what the register leaves open."""
        notes: list[AnswerPart] = []
        if len(supporters) > MOST_LISTED:
            notes.append(self.say.in_the_table())
        if not wanted.kinds and len(supporters) > 1:
            notes.append(self.say.made_up_of(self.register.count_by("category", wanted), "category"))
        if len(wanted.places) > 1 and not any(place.is_group for place in wanted.places):
            notes.append(self.say.made_up_of(self.register.count_by("country", wanted), "country"))
        return [*notes, *self._gaps(wanted)]

    def _gaps(self, wanted: RegisterFilter) -> list[AnswerPart]:
        notes: list[AnswerPart] = []
        if wanted.excluded:
            everywhere = dict(self.register.count_by("country", replace(wanted, excluded=())))
            notes += [self.say.without_country(everywhere[None])] if everywhere.get(None) else []
        if any(kind.natures for kind in wanted.kinds):
            whole = replace(wanted, kinds=tuple(replace(kind, natures=()) for kind in wanted.kinds))
            blank = dict(self.register.count_by("nature", whole)).get(None, 0)
            notes += [self.say.without_nature(blank)] if blank else []
        if wanted.is_dated:
            undated = replace(wanted, joined_since=None, joined_before=None)
            notes.append(
                self.say.with_date(self.register.dates(undated)[0], self.register.count(undated), STATE in wanted.kinds)
            )
        return notes

    def _countries(self) -> Drawn:
        wanted = self.asked.filters[0]
        counts = [(key, number) for key, number in self.register.count_by("country", wanted) if key]
        self.table = self._group_rows(counts, "country")
        return [self.say.from_countries(wanted, len(counts)), *self._gaps(wanted)], []

    # Comparisons, shares, groups

    def _compared(self) -> Drawn:
        sides = [(wanted, self.register.select(wanted)) for wanted in self.asked.filters]
        supporters = [supporter for _, found in sides for supporter in found]
        return [self.say.against([(wanted, len(found)) for wanted, found in sides])], supporters

    def _shared(self) -> Drawn | None:
        part, whole = self.asked.filters
        supporters, number = self.register.select(part), self.register.count(whole)
        return ([self.say.share(part, len(supporters), whole, number), *self._gaps(part)], supporters) if number else None

    def _top(self) -> Drawn | None:
        grouping, wanted = self.asked.grouping or "country", self.asked.filters[0]
        counts = self.register.count_by(grouping, wanted)
        named = [(key, number) for key, number in counts if key]
        if not named:
            return None
        self.table = self._group_rows(counts, grouping)
        limit = self.asked.limit or _MOST_GROUPS
        shown = [entry for entry in named if entry[1] >= named[min(limit, len(named)) - 1][1]]
        parts = [self.say.most(wanted, grouping, shown)]
        if len(shown) > 1:
            items = (self.say.group_item(key, number, grouping) for key, number in shown)
            parts += items
        return [*parts, *self._gaps(wanted)], []

    def _group_rows(self, counts: Sequence[tuple[str | None, int]], grouping: Grouping) -> list[dict[str, str]]:
        return [{grouping: group_name(key, grouping, self.language), "supporters": str(number)} for key, number in counts]

    def _missing(self) -> Drawn:
        wanted = self.asked.filters[0]
        outside = {code for place in wanted.excluded for code in place.codes}
        members = {code for place in wanted.places for code in place.codes} - outside
        present = {s.country for s in self.register.select(wanted)}
        names = sorted(group_name(code, "country", self.language) for code in members - present)
        self.table = [{"country": name} for name in names]
        parts = [self.say.missing(wanted.places, len(names), len(members))]
        if len(names) <= MOST_LISTED:
            parts += [AnswerPart(name, kind="list_item") for name in names]
        return parts, []

    # One name

    def _checked(self) -> Drawn | None:
        if self.asked.places:
            return _together([self._place(place) for place in self.asked.places])
        name = self.asked.name or ""
        found = match(name, self.register.names())
        parts = [part for part in _AND.split(name) if part.strip()]
        if not found.found and len(parts) > 1:
            return _together([self._name(part) for part in parts])
        return self._name(name)

    def _name(self, name: str) -> Drawn:
        """Look one name up: a country first, then the register, then a country slightly misspelt."""
        found = match(name, self.register.names())
        place = find(name)
        if len(place) == 1 and (not found.found or found.typo):
            return self._place(place[0])
        supporters = self.register.by_numbers(found.found or found.candidates)
        if found.found:
            return self._present(supporters, name if found.typo else None), supporters
        if found.part:
            return [self.say.part_of(name, supporters)], supporters
        return [self.say.absent(name, supporters)], []

    def _present(self, supporters: Sequence[Supporter], misspelt: str | None) -> list[AnswerPart]:
        withdrawal = self.asked.operation == "withdrawal"
        first = [self.say.taken_as(misspelt, supporters[0])] if misspelt else []
        says = self.say.not_withdrawn if withdrawal else self.say.present
        return [says(supporters), *first]

    def _place(self, place: Place) -> Drawn:
        if place.is_group:
            return self._group(place)
        states = self.register.states(place)
        others = self.register.count(RegisterFilter(places=(place,))) - len(states)
        if states and self.asked.operation == "withdrawal":
            return [self.say.not_withdrawn(states)], states
        parts = [self.say.state(place, bool(states))]
        return parts if self.register.built_in else [*parts, self.say.others(place, others, bool(states))], states

    def _group(self, place: Place) -> Drawn:
        """Answer for a group: its own record where it has one, else its members' states."""
        alone = tuple(find(self.asked.name or "")) == (place,)
        own = match(place.english, self.register.names()) if alone else None
        if own and own.found and not own.typo:
            supporters = self.register.by_numbers(own.found)
            return self._present(supporters, None), supporters
        states = self.register.states(place)
        missing = sorted(set(place.codes) - {s.country for s in states})
        names = [group_name(code, "country", self.language) for code in missing]
        return [self.say.members(place, len(states), names, alone)], states


def _together(drawn: Sequence[Drawn]) -> Drawn:
    return [part for parts, _ in drawn for part in parts], [s for _, supporters in drawn for s in supporters]
