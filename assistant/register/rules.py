"""Questions on numbers and lists: one table of rules, each an operation with what its words must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.register.asked import Operation, RegisterQuestion
from assistant.register.slots import STATE, Token, filter_of, following, has, narrowed, tokens
from knowledge_base.language.dates import interval
from knowledge_base.language.places import Place, data, group
from knowledge_base.register.table import Grouping, RegisterFilter

_MOST_LATEST = 5
_GROUPINGS: tuple[tuple[str, Grouping], ...] = (
    ("by_category", "category"), ("by_nature", "nature"), ("by_country", "country"), ("state", "country"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """The tokens of a question and all that the rules ask of them, derived once.

    `traits` are the roles, marks and slots of the tokens, "^role" where the first token has it, and what no one word tells.
    `doubtful` are the countries that one of the words may mean, where it may mean several.
    """

    tokens: tuple[Token, ...]
    wanted: RegisterFilter
    sides: tuple[RegisterFilter, ...]
    grouping: Grouping | None
    doubtful: tuple[Place, ...]
    traits: frozenset[str]

    @classmethod
    def of(cls, tokens: Iterable[Token]) -> Reading:
        """Derive it from tokens, of which there is one at least."""
        read = tuple(tokens)
        wanted, (choices, sides), pairs = filter_of(read), _sides(read), list(pairwise(read))
        after = [second for first, second in pairs if first.is_a("by", "each")]
        grouping = next((found for token in [*after, *read] if (found := groups_by(token))), None)
        grouping = grouping or ("country" if has(read, "where", "one_member") else None)
        words = frozenset[str]().union(*(token.traits for token in read), (f"^{trait}" for trait in read[0].traits))
        first_kind = next((token.kind for token in read if token.kind), None)
        comes = "represented" in words or read[-1].text == "from" or (read[0].is_a("from") and read[-1].is_a("come"))
        denied = [following(read, position) for position, token in enumerate(read) if token.is_a("not")]
        signs = ("act", "register", "supporter", "call", "list", "any")
        subject = read[: next((position for position, token in enumerate(read) if token.is_a("are")), 0)]
        is_group = any(place.is_group for place in wanted.places)
        shape = {
            "limited": not wanted.is_open,
            "kinds": bool(wanted.kinds),
            "two_slots": bool(wanted.kinds and wanted.places and STATE not in wanted.kinds),
            "other_kind": any(kind != STATE for kind in wanted.kinds),
            "two_sides": len(sides) > 1,
            "choice": meets(words, "top|bottom|compare !split !by_category !by_nature")
            and len(choices) > 1 and not any(place.is_group for place in choices),
            "choosing": meets(words, "count|top|bottom") or any(t.is_a("compare") and not t.is_a("vague") for t in read),
            "grouped": grouping is not None,
            "for_each": "count" in words and any(one.is_a("each") and groups_by(other) for one, other in pairs),
            "counts_top": meets(words, "^count top number"),
            "from_where": meets(words, "where represented|seat") and not wanted.places,
            "of_what_kind": meets(words, "^what|^list") and has(read[1:2], "by_category", "by_nature")
            or ("^by_category" in words and "what" in read[0].text),
            "comes_from": first_kind == STATE and comes,
            "idle_number": meets(words, "number !last") and not is_group,
            "negated": any(i is None or (not read[i].kind and read[i].is_a(*signs)) for i in denied),
            # one place is said to be on a list: "la Chine est-elle sur la liste des États"
            "one_is_asserted": has(subject, "place") and not any(t.kind or t.roles - {"filler"} for t in subject),
        }  # fmt: skip
        traits = words | {name for name, holds in shape.items() if holds}
        doubtful = next((token.places for token in read if len(token.places) > 1), ())
        return cls(read, wanted, sides, grouping, doubtful, traits)


def meets(traits: frozenset[str], condition: str) -> bool:
    """Return whether `traits` hold every word of `condition`: "count", "top|bottom" (either), "!not" (absent)."""
    return all(
        word[1:] not in traits if word[0] == "!" else not traits.isdisjoint(word.split("|")) for word in condition.split()
    )


def groups_by(token: Token) -> Grouping | None:
    """Return by what a word groups supporters."""
    return next((grouping for trait, grouping in _GROUPINGS if token.is_a(trait)), None)


def _sides(read: tuple[Token, ...]) -> tuple[tuple[Place, ...], tuple[RegisterFilter, ...]]:
    """Return the places to choose from, and a filter for each side; several places and as many kinds pair up in order.

    The "country" of "which country has more supporters, Spain or Italy" asks for one of the sides.
    """
    first = next((token for token in read if token.kind), None)
    others = any(token.is_a("kind", "supporter") for token in read if token is not first)
    asks = first and first.kind == STATE and others and read[0].is_a("list") and len(filter_of(read).places) > 1
    whole = filter_of([token for token in read if token is not first]) if asks else filter_of(read)
    places, kinds = whole.places, whole.kinds
    if len(places) > 1 and len(kinds) == len(places):
        return places, tuple(RegisterFilter((kind,), (place,)) for kind, place in zip(kinds, places, strict=True))
    if len(places) > 1:
        return places, tuple(replace(whole, places=(place,)) for place in places)
    return places, tuple(replace(whole, kinds=(kind,)) for kind in kinds)


# What the rules build


def _plain(asked: RegisterQuestion, read: Reading) -> RegisterQuestion | None:
    """Ask for all that pass, or who is missing where signing is denied; "how many NGOs are universities": for what is both."""
    wanted = read.wanted
    if "negated" in read.traits:  # "which [states] of [group] have not signed" needs a list of who could have
        if any(kind != STATE for kind in wanted.kinds) or not (wanted.places or wanted.kinds):
            return None
        places = wanted.places or (group("UN"),)
        states = RegisterFilter((STATE,), places, wanted.excluded)
        return replace(asked, operation="missing", filters=(states,), places=places)
    if asked.operation == "countries":
        read = Reading.of(token for token in read.tokens if token.kind != STATE)
    verb = next((i for i, token in enumerate(read.tokens) if i and token.is_a("count", "be")), 0)
    first, second = filter_of(read.tokens[:verb]), filter_of(read.tokens[verb:])
    both = narrowed(first, second) if first.kinds and second.kinds and "not" not in read.traits else None
    return replace(asked, filters=(both or read.wanted,))


def _compared(asked: RegisterQuestion, read: Reading) -> RegisterQuestion | None:
    return replace(asked, filters=read.sides, counted="count" in read.traits or "difference" in read.traits)


def _shared(asked: RegisterQuestion, read: Reading) -> RegisterQuestion | None:
    """Find part and whole: "share of [whole] are [part]", "share of [part] among [whole]", "of [whole], what share [part]"."""
    start = next(i for i, token in enumerate(read.tokens) if token.is_a("share"))
    body = read.tokens[start + 1 :]
    whole, part = filter_of(read.tokens[:start]), filter_of(body)
    if part.is_open:
        whole, part, body = RegisterFilter(), read.wanted, read.tokens
    for position, token in enumerate(body):
        first, second = filter_of(body[:position]), filter_of(body[position:])
        if token.is_a("are") and not second.is_open:
            whole, part = narrowed(whole, first) or RegisterFilter(), second
            break
        if token.is_a("among") and not first.is_open:
            whole, part = second, first
            break
    joint = narrowed(whole, part)
    return replace(asked, filters=(joint, whole)) if joint else None


def _top(asked: RegisterQuestion, read: Reading) -> RegisterQuestion | None:
    """Say by what to group, what to count and how many to name; French "pays" is one or many by what stands before it."""
    target = next((token for token in read.tokens if groups_by(token)), None)
    rest = filter_of([token for token in read.tokens if token is not target and not token.is_a("one_member")])
    number = next((token.number for token in read.tokens if token.number), None)
    singular = (
        target.is_a("one_group") or (target.text == "pays" and "quel" in read.traits) if target else "where" not in read.traits
    )
    limit = number or (1 if singular and meets(read.traits, "top|bottom !by !split !each") else None)
    ascending = meets(read.traits, "bottom !top")
    return replace(asked, filters=(rest,), grouping=read.grouping or "category", limit=limit, ascending=ascending)


def _latest(asked: RegisterQuestion, read: Reading) -> RegisterQuestion | None:
    """Ask for one, or a few where many are asked for, with the latest joining date."""
    number = next((token.number for token in read.tokens if token.number), None)
    many = any(token.text.endswith("s") for token in read.tokens if token.is_a("kind", "supporter"))
    return replace(asked, filters=(read.wanted,), limit=number or (_MOST_LATEST if many else 1))


# The rules


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: the first one whose conditions hold decides (see `meets`).

    `anchors`: one of these must hold too, or the question is on something else than the register. `build` None: no question on
    the register.
    """

    operation: Operation | None
    needs: str
    forbids: str = ""
    anchors: tuple[str, ...] = ()
    build: Callable[[RegisterQuestion, Reading], RegisterQuestion | None] | None = None
    examples: tuple[str, ...] = ()


_OURS = ("act|register|supporter", "call negated")  # speaks of the Call's supporters
_SLOTS = "two_slots !not"  # "Belgian universities": every word of it is the register's
_COUNTED = (_SLOTS, *_OURS, "call kinds")
_COMPARED = ("two_slots choosing", *_OURS, "call count|number")
_RANKED = ("by count other_kind", *_OURS, "call count|number")
_LISTED = (_SLOTS, "limited act|register|supporter", "limited call negated", "supporter|act list !^what_word")

RULES = (
    Rule("share", "share limited", "", _COUNTED, _shared,
         ("What share of supporters are companies?", "Quelle part des soutiens vient d'Asie ?")),
    Rule("compare", "choice", "counts_top split", _COMPARED, _compared,
         ("Does Poland have more supporters than Hungary?", "Who has the most signatories, Spain or Italy?")),
    Rule("top", "split grouped", "", _RANKED, _top,
         ("Break down the supporters by country", "Répartition des soutiens par pays")),
    Rule("top", "split", "compare count", _RANKED, _top,
         ("How is the register divided?", "What is the composition of the register?")),
    Rule("top", "grouped by|for_each", "", _RANKED, _top,
         ("Supporters by category", "How many supporters are there in each category?")),
    Rule("top", "grouped top|bottom", "counts_top ^do ^have", _RANKED, _top,
         ("Which country has the most supporters?", "Quels pays ont le moins de soutiens ?")),
    Rule("top", "from_where|of_what_kind", "top bottom", _RANKED, _top,
         ("Where are the supporters based?", "What kinds of supporters are in the register?")),
    Rule("compare", "compare two_sides", "", _COMPARED, _compared,
         ("Are there more companies than NGOs on the list?", "Do companies outnumber states in the register?")),
    Rule(None, "top|bottom|compare|idle_number", examples=("Who leads the Paris Call?", "Which three companies signed?")),
    Rule("latest", "last act|supporter", "count", _OURS, _latest,
         ("Which company joined last?", "Qui sont les derniers signataires ?")),
    Rule("countries", "count comes_from", "", (*_OURS, "call kinds"), _plain,
         ("How many countries are the supporters from?", "De combien de pays viennent les soutiens ?")),
    Rule("count", "count", "", _COUNTED, _plain,
         ("How many companies signed?", "Combien d'ONG suisses soutiennent l'Appel ?")),
    Rule(None, "how|where", examples=("How does the register work?", "Where did the states sign?")),
    Rule("exists", "any ^any|^are", "", _COUNTED, _plain,
         ("Are there any Chinese companies on the list?", "Y a-t-il des villes parmi les signataires ?")),
    Rule(None, "one_is_asserted", examples=("La Chine est-elle sur la liste des États ?",)),
    Rule("list", "list|^kind|^place|^supporter", "", _LISTED, _plain,
         ("Which companies signed the Paris Call?", "French signatories of the Paris Call")),
    Rule("list", "^all", "what act", _LISTED, _plain, ("All the supporters from Kenya", "Tous les soutiens japonais")),
    Rule("list", "", "what ^are ^filler", _LISTED, _plain,
         ("Non-EU companies on the list", "Listed companies from Kenya")),
    Rule("list", "^what_are limited", "", _LISTED, _plain,
         ("What think tanks are in the register?", "What are the German companies on the list?")),
)  # fmt: skip


def measured(text: str, language: str) -> RegisterQuestion | None:
    """Read a question on numbers or lists, or return None; `text` is plain."""
    dates = interval(text)
    found = tokens(dates.rest)
    if not found or not all(token.is_known for token in found) or _is_about_something_else(found):
        return None
    read = Reading.of(found)
    asked = by_rules(read, language)
    if asked is None or ((dates.since or dates.before) and "act" not in read.traits):
        return None
    filters = (replace(wanted, joined_since=dates.since, joined_before=dates.before) for wanted in asked.filters)
    return replace(asked, filters=tuple(filters))


def leaving_one_out(text: str, language: str) -> RegisterQuestion | None:
    """Read "which small German companies signed" without its one unknown word, where that only describes who signed."""
    found = tokens(text)
    unknown = [position for position, token in enumerate(found) if not token.is_known]
    if len(unknown) != 1 or not found[unknown[0]].text.isalpha() or found[unknown[0]].marks:
        return None
    position, told = unknown[0], data("register_words.toml")["light"]
    act = next((i for i, token in enumerate(found) if token.is_a("act")), 0)
    nouns = found[position + 1 : position + 2] + (
        found[position - 1 : position] if language in told["adjective_follows"] else ()
    )
    leaves_out = any(stem in found[position].text for stem in told["leaves_out"])
    if leaves_out or not has(nouns, "kind", "supporter", "place") or not 0 < position < act or found[act].is_a("infinitive"):
        return None
    word = found[position]
    asked = measured(f"{text[: word.start]} {text[word.end :]}", language)
    slots = asked.filters[0] if asked and asked.operation in {"count", "list", "exists"} else RegisterFilter()
    if asked is None or not (slots.kinds and slots.places):
        return None
    return replace(asked, left_out=text[word.start : word.end])


def rule_for(read: Reading) -> Rule | None:
    """Return the first rule of the table that holds."""
    return next(
        (rule for rule in RULES if meets(read.traits, rule.needs) and read.traits.isdisjoint(rule.forbids.split())), None
    )


def by_rules(read: Reading, language: str, is_anchored: bool = False) -> RegisterQuestion | None:
    """Return what the first rule that holds builds; `is_anchored`: the question is known to be on the register."""
    rule = rule_for(read)
    if rule is None or rule.operation is None or rule.build is None:
        return None
    if not is_anchored and not any(meets(read.traits, anchor) for anchor in rule.anchors):
        return None
    asked = RegisterQuestion(rule.operation, language, counted="count" in read.traits, ambiguous=read.doubtful)
    return rule.build(asked, read)


def _is_about_something_else(read: tuple[Token, ...]) -> bool:
    """Return whether the Call itself supports something, or the kinds named are acted upon: "companies do states support"."""
    essential = [token for token in read if token.roles != {"filler"} or token.is_a("do")]
    for first, second, third in zip(essential, essential[1:], [*essential[2:], Token("")], strict=False):
        if first.is_a("call") and second.is_a("act") and not third.is_a("by"):
            return True
        acts = third.is_a("kind", "place", "supporter", "call") and has(essential, "act")
        if second.is_a("do") and first.is_a("kind", "supporter") and acts:
            return True
    pairs = list(pairwise(read))
    gives_to = any(first.is_a("gives") and second.is_a("to") for first, second in pairs)
    gives = not gives_to and (has(read, "top", "bottom", "compare") or (has(read, "count") and has(read, "place")))
    if has(read[1:], "gives") and not gives:
        return True  # a supporter's help, not the supporters that a country has on the list
    if read[0].text == "who" and any(first.is_a("for") and second.places for first, second in pairs):
        return True  # who signed for France is a person
    second = read[1] if len(read) > 1 else Token("")
    is_what = read[0].text == "what"
    return (is_what or read[0].text == "who") and (second.is_a("do", "what_does") or (is_what and second.is_a("act")))
