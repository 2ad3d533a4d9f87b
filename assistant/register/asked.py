"""What a question asks of the supporters' register: a typed filter and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from knowledge_base.language.places import Place
from knowledge_base.register.table import Grouping, RegisterFilter

Operation = Literal[
    "count", "list", "exists", "check", "absence", "joined", "withdrawal", "compare", "share", "top", "countries", "missing",
    "latest",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RegisterQuestion:
    """What a question asks of the register.

    `filters`: one; for compare two or more sides; for share the part, then the whole. `name` (of a question on one name) is as
    written; `places` are the countries or groups that it is, where it is one. joined without a name: when all that pass did.
    `ambiguous` are the countries that a word may mean: ask back. `counted`: a number is asked for (missing: how many states
    have not signed; compare: the difference). `ascending`: the fewest come first. `also_text`: the rest of the question is for
    the documents. `left_out` is a word that the reading leaves out; `corrected` pairs misspelt words with what was read.
    """

    operation: Operation
    language: str
    filters: tuple[RegisterFilter, ...] = (RegisterFilter(),)
    name: str | None = None
    places: tuple[Place, ...] = ()
    grouping: Grouping | None = None
    limit: int | None = None
    counted: bool = False
    ascending: bool = False
    ambiguous: tuple[Place, ...] = ()
    also_text: bool = False
    left_out: str = ""
    corrected: tuple[tuple[str, str], ...] = ()
