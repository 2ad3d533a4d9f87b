"""Reading a question on the supporters' register: a typed filter and what is to be done with it, or None.

Precision comes from coverage: what is said around a question is taken off, and the rest is one on the register only if the
vocabulary knows every word of it, or an unknown one stands where it changes nothing, and one of them speaks of supporting, of
supporters or of the register; or if it asks of one name whether or when it signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from assistant.register.asked import RegisterQuestion
from assistant.register.names import is_name, named_question
from assistant.register.rules import Reading, by_rules, leaving_one_out, measured, meets
from assistant.register.slots import STATE, has, narrowed, tokens, with_typos_corrected
from knowledge_base.language.dates import interval
from knowledge_base.language.places import data
from knowledge_base.language.words import question_language
from knowledge_base.register.table import RegisterFilter

_REMEMBERED = 8  # questions of a conversation
_OF_A_SET = frozenset({"count", "list", "exists", "latest", "joined", "countries", "share"})


def parse(question: str, history: Sequence[str] = ()) -> RegisterQuestion | None:
    """Read `question`; `history` are the questions that the same person asked before, the last one last."""
    text, language = unframed(plain(question)), question_language(question)
    earlier = history[-_REMEMBERED:]
    before = parse(earlier[-1], earlier[:-1]) if earlier else None
    if before and (found := _followup(text, before, language)):
        return found
    if earlier and has(tokens(earlier[-1]), "call"):
        text = re.sub(r"\bit\b", "the Paris Call", text)
    if found := _whole(text, language) or _mixed(question, language):
        return found
    meant, corrected = with_typos_corrected(text)
    found = _whole(meant, language) or leaving_one_out(meant, language)
    return replace(found, corrected=corrected) if found else None


def plain(question: str) -> str:
    """Return a question without quotation marks and final punctuation, its apostrophes straight."""
    text = re.sub(r"[’‘`]", "'", question)
    text = re.sub(r"[“”«»\"]", " ", text)
    return re.sub(r"\s+", " ", text).strip(" ?!.:;")


def unframed(text: str) -> str:
    """Return a plain question without what is said around it; the whole where nothing would be left."""
    frame = data("register_words.toml")["frame"]
    bare = pattern(frame["by_the_records"]).sub(" in the register ", pattern(frame["of_the_asker"]).sub("", text))
    for ending in frame["endings"]:
        bare = pattern(f"{ending}$").sub("", bare).rstrip(" ,;?!.")
    before = None
    while before != bare:
        before = bare
        for opening, stands in frame["openings"]:
            bare = pattern(f"^{opening}").sub(stands, bare)
    return plain(bare) if tokens(bare, typos=False) else text


@cache
def pattern(written: str) -> re.Pattern[str]:
    """Compile a pattern of the data file: a space is any space, {name} the fragment of that name."""
    fragments = data("register_words.toml")["frame"]["fragments"]
    filled = re.sub(r"\{([a-z]+)\}", lambda name: fragments[name[1]], written)
    return re.compile(filled.replace(" ", r"\s+"), re.IGNORECASE)


def _whole(text: str, language: str) -> RegisterQuestion | None:
    return _named(text, language) or measured(text, language)


def _named(text: str, language: str) -> RegisterQuestion | None:
    """Read a question on one name, which may be a country or a group, or turn out to be a kind: "any of the G7"."""
    found = named_question(text)
    if not found:
        return None
    asked = RegisterQuestion(found.operation, language, name=found.name)
    read = tokens(found.name, typos=False)
    if not all(token.is_known and token.number is None for token in read):
        many = found.name.islower() and has(read, "plural")
        return None if many or has(read[:1], "any", "anyone") else asked  # "tech companies", "any banks from Kenya"
    whole = Reading.of(read)
    asked = replace(asked, ambiguous=whole.doubtful)
    # a kind, not one supporter: "any Cuban organisation", "a Ghanaian university"
    others = [token for token in read if token.kind and token.kind != STATE]
    groups = any(place.is_group for token in read for place in token.places)
    is_any = meets(whole.traits, "any kind|supporter|neutral") or (groups and has(read, "any"))
    is_one = (others or has(read, "supporter")) and has(read, "place")
    if is_any or is_one or has(others, "plural"):
        wanted = whole.wanted
        if not wanted.kinds and not has(read, "supporter", "neutral"):
            wanted = replace(wanted, kinds=(STATE,))
        return replace(asked, operation="exists", filters=(wanted,)) if found.operation == "check" else None
    places = tuple(token.places[0] for token in read if len(token.places) == 1)
    if places or asked.ambiguous:
        announced = asked.operation == "joined" and any(place.is_group for place in places)
        return replace(asked, places=places, also_text=announced)  # the documents tell when the EU did
    return None if has(read, "supporter", "neutral", "kind") else asked


def _followup(text: str, before: RegisterQuestion, language: str) -> RegisterQuestion | None:
    """Read what says something new of the question before: "and in France?", "which of them are German?", "list them"."""
    dates = interval(text)
    read = tokens(dates.rest)
    if not read:
        return None
    begins = read[0].is_a("followup")
    named = next((i for i, token in enumerate(read) if token.is_a("kind", "supporter", "place")), len(read))
    if before.name and before.operation != "exists":
        pronoun = next((token for token in tokens(text)[: named + 1] if token.is_a("it")), None)
        name = text[read[0].end :].strip(" ,") if begins else ""
        if pronoun:
            return _named(f"{text[: pronoun.start]}{before.name}{text[pronoun.end :]}", language)
        again = f"when did {name} sign" if before.operation == "joined" else f"did {name} sign"
        return _named(again, language) if is_name(name) else None
    whole = Reading.of(read[1:] if begins and len(read) > 1 else read)
    refers = has(read[:named], "reference") or meets(whole.traits, "reference comes_from")
    if before.operation not in _OF_A_SET or not (refers or not has(read, "act", "register", "supporter", "call")):
        return None
    earlier = before.filters[0]
    asked = RegisterQuestion("joined", language, (earlier,))
    if refers and has(read, "when") and has(read, "act", "added"):
        return asked if all(token.is_known or token.is_a("when", "added") for token in read) else None
    if not all(token.is_known for token in read):
        return None
    new = by_rules(whole, language, is_anchored=True)
    if refers and meets(whole.traits, "comes_from !count"):
        return replace(asked, operation="top", grouping="country")
    if begins and not refers and not whole.wanted.is_open and not (new and new.operation in {"share", "compare", "top"}):
        wanted = replace(earlier, kinds=whole.wanted.kinds or earlier.kinds, places=whole.wanted.places or earlier.places)
        operation = "count" if "count" in whole.traits else before.operation
        counted = before.counted or operation == "count"
        return replace(asked, operation=operation, filters=(wanted,), ambiguous=whole.doubtful, counted=counted)
    if not new or not (refers or begins or (whole.wanted.is_open and new.operation in {"count", "list"})):
        return None
    dated = RegisterFilter(joined_since=dates.since, joined_before=dates.before)
    filters = [both for wanted in new.filters if (part := narrowed(dated, wanted)) and (both := narrowed(earlier, part))]
    return replace(new, filters=tuple(filters)) if len(filters) == len(new.filters) else None


def _mixed(question: str, language: str) -> RegisterQuestion | None:
    """Read the part of a question that the register answers, where the rest is for the documents."""
    frame = data("register_words.toml")["frame"]
    for between in (frame["sentences"], frame["clauses"]):
        parts = [unframed(plain(part)) for part in pattern(between).split(question)]
        for part in parts if len(parts) > 1 else ():
            asked = _whole(part, language)
            is_whole = asked and (asked.counted or asked.operation in {"check", "exists", "joined"})
            if asked and is_whole and has(tokens(part), "register", "supporter", "act"):
                return replace(asked, also_text=True)
    return None
