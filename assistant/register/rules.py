"""Questions on numbers and lists: which of the operations the known words of a question ask for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from assistant.register.asked import Operation, RegisterQuestion
from assistant.register.slots import SIGNIFICANT, STATE, Token, filter_of, has, is_negated, narrowed, tokens
from knowledge_base.language.dates import interval
from knowledge_base.language.places import Place, group
from knowledge_base.register.table import Grouping, RegisterFilter

_ONE_MEMBER = frozenset(["member", "membre"])
_ONE_GROUP = frozenset(["country", "state", "nation", "etat", "category", "categorie", "type", "kind", "nature", "sector"])
_MOST_LATEST = 5


# Groups, the first and the last


def top(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion:
    """Say by what to group, what to count and how many to name."""
    target = next((token for token in read if groups_by(token)), None)
    rest = [token for token in read if token is not target and token.text not in _ONE_MEMBER]
    number = next((token.number for token in read if token.number), None)
    is_one = (
        (_is_singular(target, read) if target else not has(read, "where"))
        and not has(read, "by", "split", "each")
        and has(read, "top", "bottom")
    )
    ascending = has(read, "bottom") and not has(read, "top")
    limit = number or (1 if is_one else None)
    return replace(
        asked, filters=(filter_of(rest),), grouping=grouping_of(read) or "category", limit=limit, ascending=ascending
    )


def _is_singular(target: Token, read: list[Token]) -> bool:
    """Say whether one country, category or nature is asked for; French "pays" is told by what stands before it."""
    if target.text == "pays":
        return any(token.text == "quel" for token in read)
    return target.text in _ONE_GROUP


def grouping_of(read: list[Token]) -> Grouping | None:
    """Return by what supporters are to be grouped: the first such word, after "by" where that leads to one."""
    after = [second for first, second in pairwise(read) if first.roles & {"by", "each"} and groups_by(second)]
    target = next((token for token in [*after, *read] if groups_by(token)), None)
    if target is None:
        return "country" if has(read, "where") or any(token.text in _ONE_MEMBER for token in read) else None
    return groups_by(target)


def groups_by(token: Token) -> Grouping | None:
    """Return by what a word groups supporters."""
    if token.roles & {"by_category"}:
        return "category"
    if token.roles & {"by_nature"}:
        return "nature"
    if token.roles & {"by_country"}:
        return "country"
    return "country" if token.kind == STATE else None


def latest(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    """Ask for one, or a few where many are asked for, with the latest joining date."""
    if is_negated(read):
        return None
    number = next((token.number for token in read if token.number), None)
    many = any(token.text.endswith("s") for token in read if token.kind or "supporter" in token.roles)
    return replace(asked, filters=(filter_of(read),), limit=number or (_MOST_LATEST if many else 1))


# Comparisons and shares


def sides(read: list[Token]) -> list[RegisterFilter]:
    """Return one filter for each place, or each kind where no two places are named; they pair up in order."""
    whole = filter_of(without_the_one(read))
    places, kinds = whole.places, whole.kinds
    if len(places) > 1 and len(kinds) == len(places):
        return [RegisterFilter((kind,), (place,)) for kind, place in zip(kinds, places, strict=True)]
    if len(places) > 1:
        return [replace(whole, places=(place,)) for place in places]
    return [replace(whole, kinds=(kind,)) for kind in kinds]


def without_the_one(read: list[Token]) -> list[Token]:
    """Leave out the "country" of "which country has more supporters, Spain or Italy": it asks for one of them."""
    first = next((token for token in read if token.kind), None)
    others = any(token.kind or "supporter" in token.roles for token in read if token is not first)
    asks = first and first.kind == STATE and others and "list" in read[0].roles and len(filter_of(read).places) > 1
    return [token for token in read if token is not first] if asks else read


def shared(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    """Find part and whole: "share of [whole] are [part]", "share of [part] among [whole]", "of [whole], what share [part]"."""
    start = next(i for i, token in enumerate(read) if "share" in token.roles)
    body = read[start + 1 :] if not filter_of(read[start + 1 :]).is_open else read
    whole, part = filter_of(read[:start]) if body is not read else RegisterFilter(), filter_of(body)
    for position, token in enumerate(body):
        first, second = filter_of(body[:position]), filter_of(body[position:])
        if "are" in token.roles and not second.is_open:
            whole, part = narrowed(whole, first) or RegisterFilter(), second
            break
        if "among" in token.roles and not first.is_open:
            whole, part = second, first
            break
    joint = narrowed(whole, part)
    return replace(asked, filters=(joint, whole)) if joint else None


def missing(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    """Turn "which [states] of [group] have not signed" round: it needs a list of who could have."""
    wanted = filter_of(read)
    if any(kind != STATE for kind in wanted.kinds) or (not wanted.places and not wanted.kinds):
        return None
    places = wanted.places or (group("UN"),)
    return replace(asked, operation="missing", filters=(RegisterFilter((STATE,), places, wanted.excluded),), places=places)


_DO = frozenset(["do", "does", "did"])
_IS = frozenset(["are", "is", "sont", "est"])
_ALL = frozenset(["the", "all", "all the", "every", "each", "le", "la", "les", "tous", "toutes", "tous les", "toutes les"])
_VAGUE = frozenset(
    ["compare", "compared", "compares", "comparison", "versus", "vs", "difference", "contrast", "against", "comparer"]
)


def measured(text: str, language: str) -> RegisterQuestion | None:
    """Read a question on numbers or lists, or return None; `text` is plain."""
    dates = interval(text)
    read = tokens(dates.rest)
    if not read or not all(token.is_known for token in read) or _is_about_something_else(read):
        return None
    operation = _operation(read)
    if not operation or not _is_anchored(read, operation) or (dates != (text, None, None) and not has(read, "act")):
        return None
    asked = RegisterQuestion(operation, language, counted=has(read, "count"), ambiguous=doubtful(read))
    built = _built(asked, read)
    return built and _dated(built, dates.since, dates.before)


def doubtful(read: list[Token]) -> tuple[Place, ...]:
    """Return the countries that one of the words may mean, where it may mean several."""
    return next((token.places for token in read if len(token.places) > 1), ())


def _built(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    if asked.operation == "top":
        return top(asked, read)
    if asked.operation == "compare":
        return replace(asked, filters=tuple(sides(read)))
    if asked.operation == "share":
        return shared(asked, read)
    if asked.operation == "latest":
        return latest(asked, read)
    if is_negated(read):
        return missing(asked, read)
    if asked.operation == "countries":
        read = [token for token in read if token.kind != STATE]
    return replace(asked, filters=(_both(read) or filter_of(read),))


def _both(read: list[Token]) -> RegisterFilter | None:
    """Return what "how many [kind] are [kind]" or "of the [kind], how many are [kind]" asks for: what is both."""
    position = next((i for i, token in enumerate(read) if i and ("count" in token.roles or token.text in _IS)), 0)
    first, second = filter_of(read[:position]), filter_of(read[position:])
    return narrowed(first, second) if first.kinds and second.kinds and not has(read, "not") else None


def _dated(asked: RegisterQuestion, since: str | None, before: str | None) -> RegisterQuestion:
    filters = tuple(replace(wanted, joined_since=since, joined_before=before) for wanted in asked.filters)
    return replace(asked, filters=filters)


# Which operation


def _operation(read: list[Token]) -> Operation | None:
    """Return what is asked for; the more telling words first."""
    wanted = filter_of(read)
    if has(read, "share") and wanted != RegisterFilter():
        return "share"
    if _is_ranking(read):
        return "compare" if _names_sides(read) else "top"
    if has(read, "compare") and len(sides(read)) > 1:
        return "compare"
    if has(read, "top", "bottom", "compare") or _has_idle_number(read, wanted):
        return None
    if has(read, "last") and not has(read, "count") and has(read, "act", "supporter"):
        return "latest"
    if has(read, "count"):
        return "countries" if _asks_for_countries(read) else "count"
    return None if has(read, "how", "where") else _listing(read)


def _has_idle_number(read: list[Token], wanted: RegisterFilter) -> bool:
    """Say whether a number would go unused: not that of "the 27 EU members" or "the last three"."""
    return any(token.number for token in read) and not has(read, "last") and not any(place.is_group for place in wanted.places)


def _listing(read: list[Token]) -> Operation | None:
    first = read[0]
    if first.roles & {"any", "are"} and has(read, "any"):
        return "exists"
    if _is_yes_or_no(read):
        return None
    if has(read, "list") or first.kind or first.places or "supporter" in first.roles:
        return "list"
    if first.text in _ALL and not has(read, "what", "act"):
        return "list"
    if not has(read, "what") and not first.roles & {"are", "filler"}:
        return "list"
    return "list" if first.text in {"what", "what are"} and not filter_of(read).is_open else None


def _is_yes_or_no(read: list[Token]) -> bool:
    """Say whether one place is said to be on a list: "la Chine est-elle sur la liste des États"."""
    verb = next((position for position, token in enumerate(read) if "are" in token.roles), 0)
    return any(token.places for token in read[:verb]) and not any(
        token.kind or token.roles - {"filler"} for token in read[:verb]
    )


def _is_ranking(read: list[Token]) -> bool:
    """Say whether groups of supporters are to be told apart: "which country has the most", "by category"."""
    for_each = has(read, "count") and any("each" in one.roles and groups_by(other) for one, other in pairwise(read))
    if has(read, "split") or for_each or (has(read, "by") and grouping_of(read)):
        return not (has(read, "split") and not grouping_of(read) and has(read, "compare", "count"))
    if has(read[:1], "count") and has(read, "top") and any(token.number for token in read):
        return False  # "how many of the top ten countries"
    if not has(read, "top", "bottom"):
        return _asks_where(read) or _asks_for_the_kinds(read)
    return not (read[0].text in {*_DO, "have", "has"} and not _names_sides(read)) and bool(
        grouping_of(read) or _names_sides(read)
    )


def _names_sides(read: list[Token]) -> bool:
    """Say whether the countries to choose from are named: "which has the most, Spain or Italy"."""
    wanted = filter_of(without_the_one(read))
    named = len(wanted.places) > 1 and not any(place.is_group for place in wanted.places)
    return has(read, "top", "bottom", "compare") and named and not has(read, "split", "by_category", "by_nature")


def _asks_where(read: list[Token]) -> bool:
    return has(read, "where") and has(read, "represented", "seat") and filter_of(read).places == ()


def _asks_for_the_kinds(read: list[Token]) -> bool:
    """Say whether it begins as "what kinds of supporters"."""
    begins = read[0].roles & {"what", "list"} and len(read) > 1 and read[1].roles & {"by_category", "by_nature"}
    return bool(begins or read[0].roles & {"by_category"} and "what" in read[0].text)


def _asks_for_countries(read: list[Token]) -> bool:
    """Say whether the countries that supporters are from are counted, not the states that are supporters."""
    first = next((token for token in read if token.kind), None)
    if not first or first.kind != STATE:
        return False
    comes = has(read, "represented") or read[-1].text == "from"
    return comes or (read[0].text in {"from", "de"} and read[-1].text in {"come", "originate", "viennent"})


def _is_anchored(read: list[Token], operation: Operation) -> bool:
    """Say whether the words speak of the register, of supporters or of supporting the Call."""
    wanted = filter_of(read)
    named = wanted.kinds and wanted.places and STATE not in wanted.kinds
    if named and operation in {"count", "list", "exists", "share"} and not has(read, "not"):
        return True  # "Belgian universities": every word of it is the register's
    if (named and operation == "compare" and not _compares_vaguely(read)) or (operation == "top" and _is_by(read, wanted)):
        return True  # "more firms from Sweden or Norway", "number of companies by country"
    if not has(read, *SIGNIFICANT):
        return False
    if operation == "list" and wanted.is_open:
        return has(read, "supporter", "act") and (read[0].text != "what" and has(read, "list"))
    if has(read, "act", "register", "supporter") or is_negated(read):
        return True
    if operation in {"top", "compare"}:
        return has(read, "count") or any(token.number for token in read)  # not "which country leads the Call"
    return operation != "list" and bool(wanted.kinds)


def _compares_vaguely(read: list[Token]) -> bool:
    if has(read, "count", "top", "bottom"):
        return False
    return not any("compare" in token.roles and token.text not in _VAGUE for token in read)


def _is_by(read: list[Token], wanted: RegisterFilter) -> bool:
    return has(read, "by") and has(read, "count") and any(kind != STATE for kind in wanted.kinds)


def _is_about_something_else(read: list[Token]) -> bool:
    """Say whether the Call itself supports something, or the kinds named are acted upon: "companies do states support"."""
    essential = [token for token in read if token.roles != {"filler"} or token.text in _DO]
    for first, second, third in zip(essential, essential[1:], [*essential[2:], Token("")], strict=False):
        if "call" in first.roles and "act" in second.roles and "by" not in third.roles:
            return True
        if second.text in _DO and (first.kind or "supporter" in first.roles) and _acts(essential, third):
            return True
    if has(read[1:], "gives") and not _gives_supporters(read):
        return True
    second = read[1] if len(read) > 1 else Token("")
    if read[0].text == "who" and any(one.text in {"for", "pour"} and other.places for one, other in pairwise(read)):
        return True  # who signed for France is a person
    return read[0].text in {"what", "who"} and (
        second.text.startswith(tuple(_DO)) or (read[0].text == "what" and "act" in second.roles)
    )


def _gives_supporters(read: list[Token]) -> bool:
    """Say whether a country gives the list its supporters, not a supporter its help: "contributed to the Call"."""
    to = any("gives" in first.roles and second.text in {"to", "a", "au", "aux"} for first, second in pairwise(read))
    places = any(token.places for token in read)
    return not to and (has(read, "top", "bottom", "compare") or (has(read, "count") and places))


def _acts(read: list[Token], subject: Token) -> bool:
    return bool(subject.kind or subject.places or subject.roles & {"supporter", "call"}) and has(read, "act")
