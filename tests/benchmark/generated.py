"""Generated documents with known answers: every passage states one fact that no other states, among many like it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PASSAGES_A_FILE = 100
_STARTS = ("Bal", "Cor", "Dun", "Fen", "Gar", "Hal", "Ker", "Lin", "Mor", "Nor", "Ost", "Pel", "Ras", "Sel", "Tor", "Vel")
_MIDDLES = ("a", "de", "e", "i", "mo", "no", "o", "ra", "ri", "ta", "u", "va")
_ENDS = ("bury", "by", "dale", "ford", "gate", "ham", "holm", "mere", "minster", "port", "stead", "ton", "wick", "worth")
_THINGS = (
    "lighthouse", "market hall", "stone bridge", "town library", "harbour wall", "railway station", "water tower",
    "bell tower", "grain mill", "salt works", "weather station", "fish market", "county archive", "music school",
    "fire brigade", "botanic garden",
)  # fmt: skip
_EVENTS = (
    ("was opened to the public by", "opened"),
    ("was rebuilt after a storm by", "rebuilt"),
    ("was surveyed for the first time by", "surveyed"),
    ("was given a new roof by", "given a new roof"),
    ("was sold for one coin to", "sold for one coin"),
    ("was painted green on the order of", "painted green"),
)
_PEOPLE = ("Ada", "Bruno", "Clara", "Diego", "Elsa", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Marta", "Nils")
_FAMILIES = (
    "Abel",
    "Brandt",
    "Costa",
    "Dupont",
    "Eriksen",
    "Fischer",
    "Greco",
    "Hansen",
    "Ivanov",
    "Jensen",
    "Keller",
    "Lopez",
)
_REMARKS = (
    "The council of {place} noted {sum} crowns for it in the accounts of that year, and named {person} among those who paid.",
    "{person}, who came by way of {place}, wrote that the road was {sum} paces long and that the view made up for it.",
    "A report that {person} read to the assembly at {place} praises the work and asks to keep its {sum} records dry.",
    "The newspaper of {place} gave it {sum} words only, for {person} had died in the same week.",
    "Schools as far as {place} still tell the story, of which {person} has collected {sum} versions.",
    "An engraving by {person}, one of {sum} that were printed, hangs at {place} next to a map of the old river.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact with its question; `answer` stands in the passage that states it, and in no other."""

    heading: str
    text: str
    question: str
    answer: str


def facts(count: int, seed: int = 7) -> list[Fact]:
    """Return as many facts; the first ones are the same however many are asked for."""
    places = ["".join(parts) for parts in product(_STARTS, _MIDDLES, _ENDS)]
    keys = [(place, thing, event) for place in places for thing in _THINGS for event in _EVENTS]
    random.Random(seed).shuffle(keys)
    if count > len(keys):
        raise ValueError(f"at most {len(keys)} facts can be told apart, not {count}")
    return [_fact(number, *key) for number, key in enumerate(keys[:count])]


def _fact(number: int, place: str, thing: str, event: tuple[str, str]) -> Fact:
    draw = random.Random(number)
    answer = f"The {thing} of {place} {event[0]} {_person(draw)} in {draw.randint(1700, 1999)}"
    remark = draw.choice(_REMARKS).format(place=_place(draw), person=_person(draw), sum=f"{draw.randint(100, 99999):,}")
    text = (
        f"{answer}, for the sum of {draw.randint(100, 99999):,} crowns, as entry {number:,} of the chronicle states. {remark}"
    )
    return Fact(f"{place}: {thing}", text, f"When was the {thing} of {place} {event[1]}?", answer)


def _person(draw: random.Random) -> str:
    return f"{draw.choice(_PEOPLE)} {draw.choice(_FAMILIES)}"


def _place(draw: random.Random) -> str:
    return draw.choice(_STARTS) + draw.choice(_MIDDLES) + draw.choice(_ENDS)


def write(folder: Path, known: list[Fact], first: int = 0) -> None:
    """Write the facts from number `first` on, 100 a file, each under a heading of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(first, len(known), PASSAGES_A_FILE):
        sections = (f"## {fact.heading}\n\n{fact.text}\n" for fact in known[start : start + PASSAGES_A_FILE])
        name = f"chronicle-{start // PASSAGES_A_FILE:04d}.md"
        (folder / name).write_text(f"# Chronicle {start // PASSAGES_A_FILE}\n\n" + "\n".join(sections), encoding="utf-8")
