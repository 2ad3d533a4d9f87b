"""What is counted, ranked, compared or set against a whole, once it is known which of these a question asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from assistant.register_asked import RegisterQuestion
from assistant.register_filters import STATE, filter_of, has, is_negated, narrowed
from assistant.register_words import Token
from knowledge_base.countries import group
from knowledge_base.register import Grouping, RegisterFilter

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
