"""Make the table of what English words say: `python -m training.meanings`. Source: WordNet, Debian's package wordnet-base.

A row is a stem, the stems that say the same or something wider, and its opposites, parted by tabs. A word says what those
of its synonym sets say, among its first senses, what its derived forms say ("applicable", "apply"), and what the sets above
say ("reconvene", "convene").
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge_base.language import meanings
from knowledge_base.language.negations import form_stem

FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
SENSES, RARE_SENSES, WIDER_SENSES = 3, 7, 2  # of a word, the most frequent first
STEPS = 2  # up the hierarchy of verbs, which is flat
OPPOSITE, DERIVED = "!", ("+", "\\", "<")
WIDER = ("@", "*", "$")  # hypernym, what a verb entails, verbs of one group
SIMILAR, SATELLITE = "&", "s"  # from "huge" to "large", not back

Key = tuple[str, str]


def rows(folder: Path, kind: str) -> Iterator[list[str]]:
    """Yield the fields of each entry of an index or data file of all parts of speech, its part of speech first."""
    for letter, name in FILES.items():
        for line in (folder / f"{kind}.{name}").read_text(encoding="latin-1").splitlines():
            if not line.startswith("  "):
                yield [letter, *line.partition("|")[0].split()]


def build(folder: Path) -> str:
    """Return the table."""
    sets: dict[Key, tuple[list[str], list[list[str]], str]] = {}
    for fields in rows(folder, "data"):
        letter, offset, _, part, count, *rest = fields
        size = 2 * int(count, 16)
        pointers = rest[size + 1 : size + 1 + 4 * int(rest[size])]
        listed = [word.lower().partition("(")[0] for word in rest[:size:2]]
        sets[letter, offset] = listed, [pointers[i : i + 4] for i in range(0, len(pointers), 4)], part
    sense = {
        (fields[1], fields[0], offset): number
        for fields in rows(folder, "index")
        for number, offset in enumerate(fields[-int(fields[3]) :], start=1)
    }
    says: dict[str, set[str]] = defaultdict(set)
    opposite: dict[str, set[str]] = defaultdict(set)

    def frequent(key: Key, most: int) -> list[str]:
        return [word for word in sets[key][0] if word.isalpha() and sense.get((word, *key), most + 1) <= most]

    def above(key: Key, steps: int) -> set[Key]:
        found: set[Key] = set()
        for symbol, offset, letter, _ in map(tuple, sets[key][1]):
            if symbol in WIDER or (symbol == SIMILAR and sets[key][2] == SATELLITE):
                found.add((letter.replace("s", "a"), offset))
        return found.union(*(above(each, steps - 1) for each in found)) if steps > 1 else found

    for key, (words, links, _) in sets.items():
        here, rarely = frequent(key, SENSES), frequent(key, RARE_SENSES)
        for one in here:
            for other in rarely:
                says[form_stem(one, "en")].add(form_stem(other, "en"))
                says[form_stem(other, "en")].add(form_stem(one, "en"))
        for word in frequent(key, WIDER_SENSES):
            for wider in above(key, STEPS if key[0] == "v" else 1):
                says[form_stem(word, "en")].update(form_stem(other, "en") for other in frequent(wider, WIDER_SENSES))
        for symbol, offset, letter, places in map(tuple, links):
            there = letter.replace("s", "a"), offset
            if symbol in (OPPOSITE, *DERIVED) and places != "0000":
                one, other = words[int(places[:2], 16) - 1], sets[there][0][int(places[2:], 16) - 1]
                stems = form_stem(one, "en"), form_stem(other, "en")
                if symbol == OPPOSITE and one.isalpha() and other.isalpha():
                    opposite[stems[0]].add(stems[1])
                elif symbol != OPPOSITE and one in here and other in frequent(there, SENSES):
                    says[stems[0]].add(stems[1])
                    says[stems[1]].add(stems[0])
    lines = [
        "\t".join((stem, " ".join(sorted(says[stem] - {stem} - opposite[stem])), " ".join(sorted(opposite[stem]))))
        for stem in sorted(says.keys() | opposite.keys())
    ]
    return "\n".join(line for line in lines if line.strip() != line.partition("\t")[0])


if __name__ == "__main__":
    table = build(Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet"))
    meanings.FILE.write_bytes(gzip.compress(table.encode(), 9, mtime=0))
