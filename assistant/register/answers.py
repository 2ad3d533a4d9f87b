"""Answers that the supporters' register gives by arithmetic: counts, lists, shares, comparisons, who is on it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from assistant.answers import Answer, AnswerPart, Citation, written
from assistant.messages import message
from assistant.register.asked import RegisterQuestion
from assistant.register.reading import pattern
from assistant.register.slots import STATE, tokens
from assistant.register.wording import (
    counted,
    day,
    described,
    details,
    either,
    group_name,
    place_name,
    row,
    supporter_name,
)
from knowledge_base.language.places import Place, country, country_name, data, find
from knowledge_base.language.words import fold
from knowledge_base.register.names import key, match
from knowledge_base.register.table import BUILT_IN_SOURCE, Grouping, Register, RegisterFilter, Supporter
from knowledge_base.store.catalog import Catalog

MOST_CITED = 20
MOST_LISTED = 25  # names in the text; the table holds all
_SAMPLE = 3  # of the records that one sentence is about
_MOST_GROUPS = 10
_MOST_NAMES = 8
_LENGTH_OF_DAY = len("2020-02-27")
_STATES_BRIEF = "briefs/states-in-the-register.md"
_AFTER_THE_NAME = "category|nature|nationality|country"
_FIELDS = re.compile(rf"^name:[^\n]*(?:\n(?:{_AFTER_THE_NAME}):[^\n]*)*", re.MULTILINE)
_FIELDS_AND_DATE = re.compile(r"^name:[^\n]*(?:\n(?!---)[^\n]*)*?\ndate_signed:[^\n]*", re.MULTILINE)
_SOME_TEXT = re.compile(r"\S[^\n]*")


class Stated(NamedTuple):
    """A part of an answer and the supporters that it is about; `looked_for` is what none was found for ("": nothing named)."""

    part: AnswerPart
    supporters: Sequence[Supporter] = ()
    looked_for: Place | str | None = None


def respond(question: str, asked: RegisterQuestion, catalog: Catalog) -> Answer | None:
    """Answer what was parsed from `question`; None where the register at hand cannot tell."""
    started = time.perf_counter()
    with Register.open(catalog) as register:
        responder = _Responder(register, asked, asked.language)
        stated = responder.stated()
    if stated is None:
        return None
    citations, parts = _cited(stated, asked, register.as_of, catalog)
    supporters = {supporter.number: supporter for one in stated for supporter in one.supporters}
    table = responder.table or [row(supporter, asked.language) for supporter in supporters.values()]
    return Answer(
        question, written(parts), "register", False, citations, (), time.perf_counter() - started, tuple(parts),
        confidence=0.5 if asked.ambiguous or asked.left_out else 1.0, table=tuple(table),
    )  # fmt: skip


def asks_beyond_states(asked: RegisterQuestion) -> bool:
    """Return whether a register of states only cannot answer: companies, cities or associations are asked for."""
    if asked.places:
        return False
    if asked.name and asked.operation != "exists":
        return not find(asked.name)
    return any(wanted.kinds != (STATE,) for wanted in asked.filters)


def states_alone(asked: RegisterQuestion, catalog: Catalog) -> AnswerPart | None:
    """Return what to say of a question that the built-in register cannot answer, or None where that is not why."""
    if not asks_beyond_states(asked):
        return None
    with Register.open(catalog) as register:
        elsewhere = message(asked.language, "register.official_register")
        return (
            _Responder(register, asked, asked.language).note("states_only", elsewhere=elsewhere) if register.built_in else None
        )


def is_on_the_countries(found: Answer) -> bool:
    """Return whether an answer names a country (or one of the group) that its question asks for, if it asks for one."""
    texts = (found.question, *(part.text for part in found.parts))
    asked, *told = ([place for token in tokens(text, typos=False) for place in token.places] for text in texts)
    codes = {code for place in asked for code in place.codes}
    return not codes or any(codes.issuperset(place.codes) for places in told for place in places)


# Citations


def _cited(
    stated: Sequence[Stated], asked: RegisterQuestion, as_of: str, catalog: Catalog
) -> tuple[tuple[Citation, ...], list[AnswerPart]]:
    """Cite at most 20 records in all and three of a part; return the citations and the parts with the numbers of theirs."""
    citations: dict[tuple[str, int], Citation] = {}
    parts: list[AnswerPart] = []
    for one in stated:
        numbers: list[int] = []
        for source, found in _quotes(one, asked, as_of, catalog):
            if (source, found.start()) not in citations and len(citations) == MOST_CITED:
                continue
            document = catalog.document(source)
            title, number = document.title if document else source, len(citations) + 1
            new = Citation(number, source, title, None, found.start(), found.end(), found[0])
            numbers.append(citations.setdefault((source, found.start()), new).number)
        parts.append(replace(one.part, citations=tuple(dict.fromkeys(numbers))))
    return tuple(citations.values()), parts


def _quotes(one: Stated, asked: RegisterQuestion, as_of: str, catalog: Catalog) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield source and lines of records, to the joining date where dates are asked for; or of a brief.

    The brief lists the states of the built-in register, and tells, with its date, of the whole register what is not in it.
    """
    dated = asked.operation in {"joined", "latest"} or any(wanted.is_dated for wanted in asked.filters)
    for supporter in one.supporters[:_SAMPLE]:
        if supporter.source.endswith(BUILT_IN_SOURCE):
            yield from _line(_STATES_BRIEF, catalog, supporter.name, country_name(supporter.country, "en"))
        elif page := catalog.page(supporter.source, None):
            found = (_FIELDS_AND_DATE.search(page.text) if dated else None) or _FIELDS.search(page.text)
            found = found or _SOME_TEXT.search(page.text)
            yield from [(supporter.source, found)] if found else []
    if one.supporters or one.looked_for is None or as_of != data(BUILT_IN_SOURCE)["as_of"].isoformat():
        return
    place = one.looked_for
    lines = _line(_STATES_BRIEF, catalog, place.english, place.french) if isinstance(place, Place) else []
    lines += _line(message(asked.language, "register.brief"), catalog, day(as_of, asked.language))
    yield from lines[:1] or _line(_STATES_BRIEF, catalog, day(as_of, "en"))


def _line(source: str, catalog: Catalog, *words: str) -> list[tuple[str, re.Match[str]]]:
    """Return the first line of a document that holds one of the words, if there is one."""
    page = catalog.page(source, None)
    either_word = "|".join(re.escape(word) for word in words)
    found = re.search(rf"(?m)^(?=\S)[^\n]*\b(?:{either_word})(?!\w)[^\n]*$", page.text) if page else None
    return [(source, found)] if found else []


# Answers


@dataclass
class _Responder:
    """One question before one register; `table` is set where it is not the list of supporters."""

    register: Register
    asked: RegisterQuestion
    language: str
    table: list[dict[str, str]] = field(default_factory=list)

    def text(self, key: str, **values: object) -> str:
        """Return a message of the register."""
        as_of = message(self.language, "register.as_of", date=day(self.register.as_of, self.language))
        return message(self.language, f"register.{key}", as_of=as_of, **values)

    def say(self, key: str, **values: object) -> AnswerPart:
        """Return a message as a sentence of the answer."""
        text = self.text(key, **values)
        return AnswerPart(text[0].upper() + text[1:])

    def verdict(self, holds: bool, key: str, **values: object) -> AnswerPart:
        """Return a message after yes or no; without one where absence is asked for, which would turn it round."""
        if self.asked.operation == "absence":
            return self.say(key, **values)
        return self.say("yes" if holds else "no", said=self.text(key, **values))

    def note(self, key: str, **values: object) -> AnswerPart:
        """Return a message as a note."""
        return AnswerPart(self.text(key, **values), kind="note")

    def stated(self) -> list[Stated] | None:
        """Return the parts of the answer, each with its supporters; None where this register, or its dates, cannot tell."""
        asked = self.asked
        if asked.ambiguous:
            names = either((place_name(place, self.language) for place in asked.ambiguous), self.language)
            return [Stated(self.note("which", names=names))]
        _, first_date = self.register.dates(RegisterFilter())
        ends = [wanted.joined_before for wanted in asked.filters if wanted.joined_before]
        if any(first_date is None or end <= first_date for end in ends) or (
            self.register.built_in and asks_beyond_states(asked)
        ):
            return None
        tell: dict[str, Callable[[], list[Stated] | None]] = {
            "count": self._listed, "list": self._listed, "exists": self._listed, "compare": self._compared,
            "share": self._shared, "top": self._top, "countries": self._countries, "missing": self._missing,
            "check": self._checked, "absence": self._checked, "withdrawal": self._checked, "latest": self._latest,
            "joined": self._checked if asked.name else self._joining_dates,
        }  # fmt: skip
        stated = tell[asked.operation]()
        if stated is None:
            return None
        notes = [self.note("corrected", word=word, meant=meant) for word, meant in asked.corrected]
        if asked.left_out:
            notes.append(self.note("read_as", what=described(asked.filters[0], 2, self.language), word=asked.left_out))
        return [*map(Stated, notes), *stated]

    # Counts and lists

    def _listed(self) -> list[Stated]:
        wanted = self.asked.filters[0]
        supporters = self._select(wanted)
        number = len(supporters)
        values = {"count": number, "what": counted(wanted, number, self.language)}
        is_asked = self.asked.operation == "exists"
        opening = self.verdict(number > 0, "there_are", **values) if is_asked else self.say("there_are", **values)
        notes = [self.note("in_the_table")] if number > MOST_LISTED else []
        mixed = not wanted.kinds or (len(wanted.kinds) > 1 and not any(kind.natures for kind in wanted.kinds))
        places = len(wanted.places) > 1 and not any(place.is_group for place in wanted.places)
        groupings: dict[Grouping, bool] = {"category": mixed and number > 1, "country": places}
        for grouping in (grouping for grouping, is_told in groupings.items() if is_told):
            counts = self.register.count_by(grouping, wanted)
            said = [self.text("part", count=n, name=group_name(named, grouping, self.language, n)) for named, n in counts]
            name = message(self.language, f"register.grouping.{grouping}", count=1)
            notes.append(self.note("made_up_of", grouping=name, said=", ".join(said)))
        notes += self._gaps(wanted)
        if number > MOST_LISTED:
            return [Stated(opening, supporters), *map(Stated, notes)]
        items = [Stated(_item(supporter_name(s, self.language)), (s,)) for s in supporters]
        return [Stated(opening, (), None if items else ""), *map(Stated, notes), *items]

    def _select(self, wanted: RegisterFilter) -> list[Supporter]:
        return sorted(self.register.select(wanted), key=lambda supporter: key(supporter_name(supporter, self.language)))

    def _gaps(self, wanted: RegisterFilter) -> list[AnswerPart]:
        """Say what the register leaves open: countries, natures and dates that records do not give."""
        notes: list[AnswerPart] = []
        if wanted.excluded:
            without = dict(self.register.count_by("country", replace(wanted, excluded=()))).get(None)
            notes += [self.note("without_country", count=without)] if without else []
        if any(kind.natures for kind in wanted.kinds):
            open_kinds = tuple(replace(kind, natures=()) for kind in wanted.kinds if kind.category)
            whole = replace(wanted, kinds=open_kinds, excluded_kinds=(*wanted.excluded_kinds, STATE))
            blank = dict(self.register.count_by("nature", whole)).get(None)
            notes += [self.note("without_nature", count=blank)] if blank else []
        return notes + (self._date_notes(wanted) if wanted.is_dated else [])

    def _date_notes(self, wanted: RegisterFilter) -> list[AnswerPart]:
        undated = replace(wanted, joined_since=None, joined_before=None)
        dated, _ = self.register.dates(undated)
        notes = [self.note("with_date", dated=dated, number=self.register.count(undated))]
        return [*notes, self.note("first_seen_counts")] if not wanted.kinds or STATE in wanted.kinds else notes

    def _countries(self) -> list[Stated]:
        wanted = self.asked.filters[0]
        counts = [entry for entry in self.register.count_by("country", wanted) if entry[0]]
        self._tabulate(counts, "country")
        what = described(wanted, 2, self.language)
        return [Stated(self.say("from_countries", what=what, count=len(counts))), *map(Stated, self._gaps(wanted))]

    def _latest(self) -> list[Stated] | None:
        """List those with the latest joining dates; who has none is left out."""
        wanted = self.asked.filters[0]
        dated = [s for s in self.register.select(wanted) if s.joined or len(s.first_seen or "") == _LENGTH_OF_DAY]
        if not dated:
            return None
        dated.sort(key=_date_of, reverse=True)
        last = _date_of(dated[min(self.asked.limit or 1, len(dated)) - 1])
        shown = [s for s in dated if _date_of(s) >= last]
        what = described(wanted, len(shown), self.language)
        first = self.say("latest", count=len(shown), what=what, name=self._dated_name(shown[0]))
        items = [Stated(_item(self._dated_name(s)), (s,)) for s in shown] if len(shown) > 1 else []
        return [Stated(first, () if items else shown), *map(Stated, self._date_notes(wanted)), *items]

    def _joining_dates(self) -> list[Stated]:
        """Say when all that pass joined: the first and last date, and each where they are few."""
        wanted = self.asked.filters[0]
        supporters = self._select(wanted)
        if not supporters:
            return self._listed()
        dated = sorted((s for s in supporters if s.joined), key=_date_of)
        shown = sorted((s for s in supporters if _date_of(s)), key=_date_of)
        values: dict[str, object] = {"what": counted(wanted, len(supporters), self.language)}
        values |= {"dated": len(dated), "number": len(supporters)}
        first = self.say("all_joined", **values)
        if len(dated) > 1:
            ends = {"first": day(_date_of(dated[0]), self.language), "last": day(_date_of(dated[-1]), self.language)}
            first = self.say("all_joined_between", **values, **ends)
        if len(shown) > MOST_LISTED:
            return [Stated(first, [*shown, *(s for s in supporters if not _date_of(s))]), Stated(self.note("in_the_table"))]
        items = [Stated(_item(self._dated_name(s)), (s,)) for s in shown]
        return [Stated(first, () if items else supporters), *items]

    def _dated_name(self, supporter: Supporter) -> str:
        """Return name and joining date, or when it was first seen: "Lenovo, 5 March 2021"."""
        name, when = supporter_name(supporter, self.language), day(_date_of(supporter), self.language)
        return self.text("dated" if supporter.joined else "dated_by_list", name=name, date=when)

    # Comparisons, shares, groups

    def _compared(self) -> list[Stated]:
        sides = [(wanted, self._select(wanted)) for wanted in self.asked.filters]
        ranked = sorted(((wanted, len(found)) for wanted, found in sides), key=lambda side: -side[1])
        said = [counted(wanted, number, self.language) for wanted, number in ranked]
        if ranked[0][1] == ranked[1][1]:
            first = self.say("as_many", numbers=message(self.language, "form.and").join(said))
        else:
            what = described(ranked[0][0], 2, self.language)
            first = self.say("more", what=what, numbers=self.text("against").join(said))
        difference = [self.note("difference", count=ranked[0][1] - ranked[-1][1])]
        asks = self.asked.counted and len(ranked) == 2
        return [Stated(first, [s for _, found in sides for s in found]), *map(Stated, difference if asks else [])]

    def _shared(self) -> list[Stated]:
        from babel.numbers import format_percent

        part, whole = self.asked.filters
        supporters, total = self._select(part), self.register.count(whole)
        said = counted(whole, total, self.language)
        if not total:
            return [Stated(self.say("there_are", count=0, what=said), (), "")]
        rate = format_percent(len(supporters) / total, message(self.language, "form.percent"), locale=self.language)
        what = described(part, 2, self.language)
        share = self.say("share", rate=rate, whole=said, part=what, number=len(supporters), total=total)
        return [Stated(share, supporters), *map(Stated, self._gaps(part))]

    def _top(self) -> list[Stated] | None:
        """Name the groups with the most or fewest: the first `limit` and their equals, else at most ten, no equal left out."""
        grouping, wanted = self.asked.grouping or "country", self.asked.filters[0]
        ascending, limit = self.asked.ascending, self.asked.limit
        counts = self.register.count_by(grouping, wanted)
        counts = sorted(counts, key=lambda entry: entry[1]) if ascending else counts
        named = [entry for entry in counts if entry[0]]
        if not named:
            what = counted(wanted, 0, self.language)
            return None if counts else [Stated(self.say("there_are", count=0, what=what), (), "")]
        self._tabulate(counts, grouping)
        last = named[min(limit or (1 if ascending else _MOST_GROUPS), len(named)) - 1][1]
        shown = [entry for entry in named if (entry[1] <= last if ascending else entry[1] >= last)]
        if not ascending and not limit and len(shown) > _MOST_GROUPS:
            shown = [entry for entry in named if entry[1] > last] or shown[:_MOST_GROUPS]
        place = country(shown[0][0] or "") if grouping == "country" and not ascending else None
        name = place_name(place, self.language) if place else group_name(shown[0][0], grouping, self.language, 2)
        numbers = [self.text("number", count=number) for number in sorted({shown[0][1], shown[-1][1]})]
        first = self.say(
            "fewest" if ascending else "most",
            count=len(shown), group=message(self.language, f"register.grouping.{grouping}", count=len(shown)),
            what=described(wanted, 2, self.language), name=name, number=shown[0][1], fewest=" – ".join(numbers),
        )  # fmt: skip
        items = [
            _item(self.text("group_item", name=group_name(named, grouping, self.language), count=number))
            for named, number in (shown if len(shown) > 1 else [])
        ]
        items = items if len(items) <= MOST_LISTED else [self.note("in_the_table")]
        return list(map(Stated, [first, *self._gaps(wanted), *items]))

    def _tabulate(self, counts: Sequence[tuple[str | None, int]], grouping: Grouping) -> None:
        self.table = [{grouping: group_name(named, grouping, self.language), "supporters": str(n)} for named, n in counts]

    def _missing(self) -> list[Stated]:
        """List the members of groups that are not in the register as states."""
        wanted = self.asked.filters[0]
        outside = {code for place in wanted.excluded for code in place.codes}
        members = {code for place in wanted.places for code in place.codes} - outside
        absent = members - {supporter.country for supporter in self.register.select(wanted)}
        names = sorted((group_name(code, "country", self.language) for code in absent), key=fold)
        self.table = [{"country": name} for name in names]
        where = message(self.language, "form.and").join(place_name(place, self.language) for place in wanted.places)
        first = Stated(self.say("missing", count=len(names), total=len(members), where=where), (), "")
        return [first, *map(Stated, map(_item, names) if len(names) <= MOST_LISTED else [self.note("in_the_table")])]

    # One name

    def _checked(self) -> list[Stated]:
        """Look up the places or names that are asked for."""
        name = self.asked.name or ""
        if self.asked.places:
            return [found for place in self.asked.places for found in self._place(place)]
        parts = [part for part in pattern(data("register_words.toml")["frame"]["between_names"]).split(name) if part.strip()]
        if len(parts) > 1 and not match(name, self.register.names()).found:
            return [found for part in parts for found in self._name(part)]
        return self._name(name)

    def _name(self, name: str) -> list[Stated]:
        """Look one name up: the register, or a country, even if slightly misspelt."""
        found = match(name, self.register.names())
        place = find(name)
        if len(place) == 1 and (not found.found or found.typo):
            return self._place(place[0])
        supporters = self.register.by_numbers(found.found or found.candidates)
        names = [message(self.language, "form.quoted", text=supporter_name(s, self.language)) for s in supporters]
        more = len(names) - _MOST_NAMES
        together = ", ".join(names[:_MOST_NAMES])
        together = either([together, self.text("more_names", count=more)], self.language) if more > 0 else together
        if found.found:
            read = self.note("taken_as", written=name, name=supporter_name(supporters[0], self.language))
            stated = self._joined(supporters) if self.asked.operation == "joined" else [self._present(supporters)]
            return [*stated, *map(Stated, [read] if found.typo else [])]
        if found.part:
            return [Stated(self.say("part_of", written=name, names=together), supporters)]
        absent = self.verdict(False, "absent", written=name)
        if names:
            absent = replace(absent, text=f"{absent.text} {self.text('nearest', names=together)}")
        return [Stated(absent, (), "")]

    def _joined(self, supporters: Sequence[Supporter]) -> list[Stated]:
        """Say when each joined, and for a state without a date when it was first seen, which is not when it joined."""
        stated: list[Stated] = []
        for supporter in supporters:
            place = country(supporter.country or "") if supporter.category == "state" else None
            name = place_name(place, self.language) if place else supporter_name(supporter, self.language)
            if supporter.joined:
                stated.append(Stated(self.say("joined", name=name, date=day(supporter.joined, self.language)), (supporter,)))
            else:
                stated.append(Stated(self.say("joined_undated_state" if place else "joined_undated", name=name), (supporter,)))
            if seen := supporter.first_seen:
                kind = "seen_on_a_day" if len(seen) == _LENGTH_OF_DAY else "seen_in_a_month"
                stated.append(Stated(self.note(kind, date=day(seen, self.language))))
        return stated

    def _present(self, supporters: Sequence[Supporter]) -> Stated:
        """Say that a name is in the register, and as what; or correct a withdrawal that the register does not show."""
        name, said = supporter_name(supporters[0], self.language), details(supporters[0], self.language)
        if self.asked.operation == "withdrawal":
            return Stated(self.say("not_withdrawn", name=name, said=said), supporters)
        if len(supporters) > 1:
            said = "; ".join(f"{supporter_name(s, self.language)} ({details(s, self.language)})" for s in supporters)
            return Stated(self.verdict(True, "present_several", count=len(supporters), said=said), supporters)
        return Stated(self.verdict(True, "present", name=name, said=said), supporters)

    def _place(self, place: Place) -> list[Stated]:
        if place.is_group:
            return [*self._group(place)]
        states = self.register.states(place)
        if states and self.asked.operation == "withdrawal":
            return [self._present(states)]
        if states and self.asked.operation == "joined":
            return self._joined(states)
        name = place_name(place, self.language)
        first = Stated(self.verdict(bool(states), "state" if states else "no_state", name=name), states, place)
        number = self.register.count(RegisterFilter(places=(place,))) - len(states)
        others = Stated(self.note("others" if states else "others_only", count=number, name=name))
        return [first] if self.register.built_in else [first, others]

    def _group(self, place: Place) -> list[Stated]:
        """Answer for a group: its own record where it has one, else its members' states."""
        name = self.asked.name or ""
        plural = pattern(data("register_words.toml")["frame"]["plural_group"]).search(name)
        itself = tuple(find(name)) == (place,) and not plural
        own = match(place.english, self.register.names()) if itself else None
        if own and own.found and not own.typo:
            supporters = self.register.by_numbers(own.found)
            return self._joined(supporters) if self.asked.operation == "joined" else [self._present(supporters)]
        states = self.register.states(place)
        missing = sorted(set(place.codes) - {s.country for s in states})
        where = place_name(place, self.language)
        said = self.text("members", count=len(states), total=len(place.codes), where=where)
        if 0 < len(missing) <= 10:
            names = ", ".join(group_name(code, "country", self.language) for code in missing)
            said += self.text("members_missing", names=names)
        kind = "group_itself" if itself else "not_all" if missing else "all"
        return [Stated(self.verdict(kind == "all", kind, name=where, said=said), states, place)]


def _item(text: str) -> AnswerPart:
    return AnswerPart(text, kind="list_item")


def _date_of(supporter: Supporter) -> str:
    return supporter.joined or supporter.first_seen or ""
