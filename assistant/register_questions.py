"""Reading a question on the supporters' register: a typed filter and what is to be done with it, or None.

Precision comes from coverage: a question is one on the register only if the vocabulary knows every word of it and one of them
speaks of supporting, of supporters or of the register; or if it asks of one name whether it signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from assistant.register_checks import is_name, named_question
from assistant.register_dates import interval
from assistant.register_filters import SIGNIFICANT, STATE, filter_of, has, is_negated
from assistant.register_words import Token, tokens
from knowledge_base.countries import Place, group
from knowledge_base.register import Grouping, RegisterFilter
from knowledge_base.text_terms import question_language

Operation = Literal["count", "list", "exists", "check", "compare", "share", "top", "countries", "missing", "withdrawal"]
_CLAUSES = re.compile(
    r"[.?!;]+\s+|[,\s]+(?:and|et)\s+|\s+(?:compare[ds]?\s+(?:with|to)|comparer?\s+(?:à|avec|au)|differ\s+from)\s+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.?!;]+\s+")


@dataclass(frozen=True, slots=True)
class RegisterQuestion:
    """What a question asks of the register.

    `filters`: one; for compare two or more sides; for share the part, then the whole. `name` (check, withdrawal) is as written;
    `places` are the countries or groups that it is, where it is one. `ambiguous` are the countries that a word may mean: ask
    back. `counted`: a number is asked for (missing: how many states have not signed). `also_text`: the rest of the question is
    for the documents.
    """

    operation: Operation
    language: str
    filters: tuple[RegisterFilter, ...] = (RegisterFilter(),)
    name: str | None = None
    places: tuple[Place, ...] = ()
    grouping: Grouping | None = None
    limit: int | None = None
    counted: bool = False
    ambiguous: tuple[Place, ...] = ()
    also_text: bool = False


def parse(question: str, history: Sequence[str] = ()) -> RegisterQuestion | None:
    """Read `question`; `history` are the questions that the same person asked before, the last one last."""
    text = _plain(question)
    if history and re.search(r"\bparis call\b", history[-1], re.IGNORECASE):
        text = re.sub(r"\bit\b", "the Paris Call", text)
    language = question_language(question)
    return _whole(text, language) or _followup(text, history, language) or _mixed(question, language)


def _whole(text: str, language: str) -> RegisterQuestion | None:
    return _named(text, language) or _measured(text, language)


def _plain(question: str) -> str:
    text = re.sub(r"[’‘`]", "'", question)
    text = re.sub(r"[“”«»\"]", " ", text)
    return re.sub(r"\s+", " ", text).strip(" ?!.:;")


# Questions on one name


def _named(text: str, language: str) -> RegisterQuestion | None:
    found = named_question(text)
    if not found:
        return None
    asked = RegisterQuestion(found.operation, language, name=found.name)
    read = tokens(found.name, typos=False)
    if not all(token.is_known and token.number is None for token in read):
        return asked
    places = tuple(token.places[0] for token in read if len(token.places) == 1)
    doubtful = next((token.places for token in read if len(token.places) > 1), ())
    kinds = [token for token in read if token.kind]
    if any(token.is_plural and token.kind != STATE for token in kinds) or (kinds and has(read, "any")):
        return replace(asked, operation="exists", filters=(filter_of(read),), ambiguous=doubtful)
    if places or doubtful:
        return replace(asked, places=places, ambiguous=doubtful)
    return None if kinds or has(read, "supporter", "neutral") else asked


# Questions on numbers and lists


def _measured(text: str, language: str) -> RegisterQuestion | None:
    dates = interval(text)
    read = tokens(dates.rest)
    if not read or not all(token.is_known for token in read) or _is_about_something_else(read):
        return None
    operation = _operation(read)
    if not operation or not _is_anchored(read, operation) or (dates != (text, None, None) and not has(read, "act")):
        return None
    doubtful = next((token.places for token in read if len(token.places) > 1), ())
    asked = RegisterQuestion(operation, language, counted=has(read, "count"), ambiguous=doubtful)
    built = _built(asked, read)
    return built and _dated(built, dates.since, dates.before)


def _built(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    if asked.operation == "top":
        return _top(asked, read)
    if asked.operation == "compare":
        return _compared(asked, read)
    if asked.operation == "share":
        return _shared(asked, read)
    if is_negated(read):
        return _missing(asked, read)
    if asked.operation == "countries":
        read = [token for token in read if token.kind != STATE]
    return replace(asked, filters=(filter_of(read),))


def _dated(asked: RegisterQuestion, since: str | None, before: str | None) -> RegisterQuestion:
    filters = tuple(replace(wanted, joined_since=since, joined_before=before) for wanted in asked.filters)
    return replace(asked, filters=filters)


def _operation(read: list[Token]) -> Operation | None:
    """Return what is asked for; the more telling words first."""
    if has(read, "share") and filter_of(read) != RegisterFilter():
        return "share"
    if _grouping(read) and has(read, "top", "by"):
        return "top"
    if has(read, "compare") and len(_sides(read)) > 1:
        return "compare"
    if has(read, "how"):
        return None
    if has(read, "count"):
        return "countries" if _asks_for_countries(read) else "count"
    if read[0].roles & {"any", "are"} and has(read, "any"):
        return "exists"
    if has(read, "list") or (not has(read, "what") and not read[0].roles & {"are", "filler"}):
        return "list"
    return "list" if read[0].text in {"what", "what are"} and not filter_of(read).is_open else None


def _is_anchored(read: list[Token], operation: Operation) -> bool:
    """Say whether the words speak of the register, of supporters or of supporting the Call."""
    wanted = filter_of(read)
    named = wanted.kinds and wanted.places and STATE not in wanted.kinds
    if named and operation in {"count", "list", "exists"} and not has(read, "not"):
        return True  # "Belgian universities": every word of it is the register's
    if not has(read, *SIGNIFICANT):
        return False
    if operation == "list" and filter_of(read).is_open:
        return has(read, "supporter", "act") and (read[0].text != "what" and has(read, "list"))
    return has(read, "act", "register", "supporter") or operation != "list" or has(read, "list")


def _is_about_something_else(read: list[Token]) -> bool:
    """Say whether the Call itself supports something, or the kinds named are acted upon: "companies do states support"."""
    essential = [token for token in read if token.roles != {"filler"} or token.text in {"do", "does", "did"}]
    for first, second, third in zip(essential, essential[1:], [*essential[2:], Token("")], strict=False):
        if "call" in first.roles and "act" in second.roles and "by" not in third.roles:
            return True
        if second.text in {"do", "does", "did"} and (first.kind or "supporter" in first.roles) and _acts(essential, third):
            return True
    return read[0].text in {"what", "who"} and read[1:2] != [] and read[1].text in {"do", "does", "did"}


def _acts(read: list[Token], subject: Token) -> bool:
    return bool(subject.kind or subject.places or subject.roles & {"supporter", "call"}) and has(read, "act")


def _asks_for_countries(read: list[Token]) -> bool:
    """Say whether the countries that supporters are from are counted, not the states that are supporters."""
    first = next((token for token in read if token.kind), None)
    return bool(first and first.kind == STATE) and (has(read, "represented") or read[-1].text == "from")


def _top(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion:
    grouping = _grouping(read)
    target = next((token for token in read if _groups_by(token)), None)
    rest = [token for token in read if token is not target]
    number = next((token.number for token in read if token.number), None)
    limit = number or (1 if target and _is_singular(target, read) and not has(read, "by") else None)
    return replace(asked, filters=(filter_of(rest),), grouping=grouping, limit=limit)


def _is_singular(target: Token, read: list[Token]) -> bool:
    """Say whether one country, category or nature is asked for; French "pays" is told by what stands before it."""
    if target.text == "pays":
        return any(token.text == "quel" for token in read)
    return target.text in {"country", "state", "nation", "etat", "category", "categorie", "type", "kind", "nature"}


def _grouping(read: list[Token]) -> Grouping | None:
    """Return by what supporters are to be grouped: the first such word, after "by" where that leads to one."""
    after = [second for first, second in pairwise(read) if "by" in first.roles and _groups_by(second)]
    target = next((token for token in [*after, *read] if _groups_by(token)), None)
    return _groups_by(target) if target else None


def _groups_by(token: Token) -> Grouping | None:
    if token.roles & {"by_category"}:
        return "category"
    if token.roles & {"by_nature"}:
        return "nature"
    return "country" if token.kind == STATE else None


def _compared(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion:
    return replace(asked, filters=tuple(_sides(read)))


def _sides(read: list[Token]) -> list[RegisterFilter]:
    """Return one filter for each place, or each kind where no two places are named; they pair up in order."""
    whole = filter_of(read)
    places, kinds = whole.places, whole.kinds
    if len(places) > 1 and len(kinds) == len(places):
        return [RegisterFilter((kind,), (place,)) for kind, place in zip(kinds, places, strict=True)]
    if len(places) > 1:
        return [replace(whole, places=(place,)) for place in places]
    return [replace(whole, kinds=(kind,)) for kind in kinds]


def _shared(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion:
    """Find part and whole: "share of [whole] are [part]", "share of [part] among [whole]", "share of [part]"."""
    start = next(i for i, token in enumerate(read) if "share" in token.roles)
    body = read[start + 1 :] if not filter_of(read[start + 1 :]).is_open else read
    for position, token in enumerate(body):
        if "are" in token.roles and not filter_of(body[position:]).is_open:
            return replace(asked, filters=(filter_of(body), filter_of(body[:position])))
        if "among" in token.roles and position and not filter_of(body[:position]).is_open:
            return replace(asked, filters=(filter_of(body), filter_of(body[position:])))
    return replace(asked, filters=(filter_of(body), RegisterFilter()))


def _missing(asked: RegisterQuestion, read: list[Token]) -> RegisterQuestion | None:
    """Turn "which [states] of [group] have not signed" round: it needs a list of who could have."""
    wanted = filter_of(read)
    if any(kind != STATE for kind in wanted.kinds) or (not wanted.places and not wanted.kinds):
        return None
    places = wanted.places or (group("UN"),)
    return replace(asked, operation="missing", filters=(RegisterFilter((STATE,), places, wanted.excluded),), places=places)


# Follow-ups and mixed questions


def _followup(text: str, history: Sequence[str], language: str) -> RegisterQuestion | None:
    """Read "and in France?" with the question before it."""
    before = parse(history[-1], history[:-1]) if history else None
    read = tokens(text)
    if not before or not read or "followup" not in read[0].roles:
        return None
    if before.operation in {"check", "withdrawal"}:
        name = text[_length_of(read[0], text) :].strip(" ,")
        return _named(f"did {name} sign", language) if is_name(name) else None
    wanted = filter_of(read[1:])
    if not all(token.is_known for token in read) or wanted.is_open or before.operation not in {"count", "list", "exists"}:
        return None
    earlier = before.filters[0]
    changed = replace(earlier, kinds=wanted.kinds or earlier.kinds, places=wanted.places or earlier.places)
    doubtful = next((token.places for token in read if len(token.places) > 1), ())
    return replace(before, language=language, filters=(changed,), ambiguous=doubtful)


def _length_of(token: Token, text: str) -> int:
    found = re.match(r"\W*" + r"\W+".join(r"\w+" for _ in token.text.split()), text)
    return found.end() if found else 0


def _mixed(question: str, language: str) -> RegisterQuestion | None:
    """Read the part of a question that the register answers, where the rest is for the documents."""
    for pattern in (_SENTENCES, _CLAUSES):
        parts = [_plain(part) for part in pattern.split(question)]
        for part in parts if len(parts) > 1 else ():
            asked = _whole(part, language)
            if asked and (asked.counted or asked.operation in {"check", "exists"}) and _speaks_of_it(part):
                return replace(asked, also_text=True)
    return None


def _speaks_of_it(part: str) -> bool:
    return has(tokens(part), "register", "supporter", "act")
