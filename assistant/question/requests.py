"""Requests that are no questions on what the documents say: greetings, thanks, and what the library itself holds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import fold, question_language, words

RequestKind = Literal["greeting", "thanks", "assistant", "documents", "news", "headings", "pages", "length", "mentions"]
SMALL_TALK: frozenset[RequestKind] = frozenset({"greeting", "thanks", "assistant"})

_DOCUMENT = pattern(r"\b{wanted.document_nouns}\b")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, in which language; `subject` is what it is asked of, as it was written, "" for the whole library."""

    kind: RequestKind
    language: str
    subject: str = ""


@cache
def _vocabulary() -> Mapping[str, Mapping[str, Any]]:
    """Return the words of requests, by language and kind; `needs`, `allows` and `filler` are sets."""
    read = tomllib.loads(Path(__file__).with_name("requests.toml").read_text(encoding="utf-8"))
    for kinds in read.values():
        kinds["filler"] = frozenset(kinds["filler"])
        for entry in kinds.values():
            if isinstance(entry, dict):
                entry |= {key: frozenset(entry.get(key, ())) for key in ("needs", "allows")}
    return read


def read_request(text: str) -> Request | None:
    """Return the request that a text makes, or None where it asks what the documents say.

    Words left over are its subject where the kind takes one: whoever answers must find a document by them, or take the text
    for a question.
    """
    asked = text.replace("’", "'").strip(" \t?!.…")
    found = words(asked)
    for language, kinds in _vocabulary().items():
        for kind, entry in kinds.items():
            if kind == "filler":
                continue
            if openings := entry.get("openings"):
                opening = max((o for o in openings if fold(asked).startswith(o)), key=len, default="")
                is_of_document = kind != "length" or _DOCUMENT.search(fold(asked))
                if opening and is_of_document and (subject := asked[len(opening) :].strip(" \"'“”«»,")):
                    return Request(cast(RequestKind, kind), language, subject)
                continue
            left = [word for word in found if word not in entry["needs"] | entry["allows"] | kinds["filler"]]
            if found and not entry["needs"].isdisjoint(found) and (entry.get("subject") or not left):
                return Request(cast(RequestKind, kind), question_language(text) if left else language, " ".join(left))
    return None


def without_small_talk(history: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Return a conversation without the turns that only greet, thank or ask after the assistant, and the replies to them."""
    kept: list[Mapping[str, str]] = []
    is_small = False
    for turn in history:
        if turn.get("role") == "user":
            request = read_request(str(turn.get("content", "")))
            is_small = request is not None and request.kind in SMALL_TALK
        if not is_small:
            kept.append(turn)
    return kept
