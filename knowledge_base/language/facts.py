"""What a sentence states that can be checked letter by letter: dates, numbers, names, places, quoted words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge_base.language.dates import MONTH_NAMES, Date, dates_in
from knowledge_base.language.numbers import FRACTIONS, in_digits
from knowledge_base.language.places import lexicon
from knowledge_base.language.vocabulary import mapping, rows, word_set
from knowledge_base.language.words import fold, question_language, stem, stop_words

_WORD = re.compile(r"[^\W\d_][\w&]*(?:[.'’](?=\w)[\w&]+)*")
_ELISION = re.compile(r"^(?:[dlqsnjcmt]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?![\d])")
_PER_CENT = re.compile(r"\b(?:per ?cent|pour ?cent)\b|(?<=\d)\s*%", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?<![\w.,/])(?P<value>\d+(?:[.,]\d+)?)(?P<ordinal>st|nd|rd|th|er|ere|e|eme|nde)?\b\s*(?P<percent>%)?"
    r"(?:\s+(?:de\s+|of\s+)?)?(?P<noun>[^\W\d_]{3,})?"
)
_LABEL = re.compile(r"\d+[/-][\d/-]+|\b[a-z]+[/-]?\d[\w/-]*|\b\d+[a-z]{1,3}\b(?<!st)(?<!nd)(?<!rd)(?<!th)(?<!er)(?<!e)")
_HOURS = {"noon": "12", "midi": "12", "midnight": "24", "minuit": "24"}
_HOUR = re.compile(rf"\b(?:{'|'.join(_HOURS)})\b")
_ONE = re.compile(r"(?<!\d)1(?!\d)")
_ROUGHLY = re.compile(r"([^\W\d_]+(?: (?:to|than|de|d['’]))?)\s*[€$£]?\s*$")
_QUOTED = re.compile(r"[“\"«]\s*([^“”\"«»]{3,300}?)\s*[”\"»]")
_NOT_WORDS = re.compile(r"[^\w]+")
_PARTICIPLES = {"en": ("ed", "ing"), "fr": ("é", "ée", "és", "ées", "ant", "is", "ise", "ises", "ie", "ies", "ue", "us")}
_LONGEST_PLACE = 5
_LEAST_ROUND = 10
_ROUND_SLACK = 0.05  # by which share of it a round number may miss
_SHARE_SLACK, _OVER_SLACK = 2.5, 10.0  # points by which a fraction may miss; "over half" says little of how far over


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it counts something: its value, whether an ordinal or a share, and the stem of the noun after it.

    `bounds` are what else it may stand for where it is round and written as such: "nearly 600", "over a third".
    """

    value: float
    kind: str
    noun: str
    bounds: tuple[float, float] | None = None

    def equals(self, other: Number) -> bool:
        """Say whether both are the same number; an ordinal is a cardinal where it names a thing ("Working Group 5")."""
        same_kind = self.kind == other.kind or {self.kind, other.kind} == {"ordinal", "count"}
        return same_kind and (self.value == other.value or self._rounds(other))

    def _rounds(self, other: Number) -> bool:
        if self.kind == "share" and self.value == round(other.value):
            return True
        return self.bounds is not None and self.bounds[0] <= other.value <= self.bounds[1]


@dataclass(frozen=True, slots=True)
class Name:
    """A word written as a name, folded; `is_doubtful` where only its place at the head of a sentence makes it look like one."""

    word: str
    is_doubtful: bool = False
    run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one text; `places` are ISO codes of countries and keys of groups, `labels` such as "73/27" or "wg5".

    `capitals` are the codes of the countries whose capital it names by itself ("in Paris", not "the Paris Call").
    """

    dates: tuple[Date, ...]
    numbers: tuple[Number, ...]
    labels: frozenset[str]
    names: tuple[Name, ...]
    places: frozenset[str]
    quotes: tuple[str, ...]
    capitals: frozenset[str] = frozenset()


def facts_of(text: str, language: str | None = None) -> Facts:
    """Return the facts that a text in "en" or "fr" states."""
    code = language if language in ("en", "fr") else question_language(text)
    plain = in_digits(_THOUSANDS.sub(lambda match: re.sub(r"[^\d]", "", match[0]), text), code)
    dates, rest = dates_in(plain)
    labels = frozenset(match[0] for match in _LABEL.finditer(rest) if any(c.isdigit() for c in match[0]))
    unlabelled = _LABEL.sub(lambda match: " " * len(match[0]), rest)
    places, taken = places_in(text, code)
    names = tuple(_names(text, code, taken))
    return Facts(
        tuple(dates),
        tuple(_numbers(unlabelled, text, code)),
        labels,
        names,
        places,
        tuple(quoted_words(text)),
        _capitals(names),
    )


def written_words(text: str) -> frozenset[str]:
    """Return the folded words of a text, elisions and possessives taken off."""
    return frozenset(fold(word) for word, _ in split_words(text))


def normalised(text: str) -> str:
    """Return folded words with single blanks: the form in which quoted words are looked up."""
    return _NOT_WORDS.sub(" ", fold(text)).strip()


def quoted_words(text: str) -> Iterator[str]:
    """Give what stands between quotation marks, normalised, where it is two words or more."""
    for match in _QUOTED.finditer(text):
        words = normalised(match[1])
        if " " in words:
            yield words


def _numbers(text: str, written: str, language: str) -> Iterator[Number]:
    """Give the numbers of a folded text in digits, which was `written` otherwise."""
    plain = _HOUR.sub(lambda match: _HOURS[match[0]], _PER_CENT.sub("%", text))
    for match in _AMOUNT.finditer(plain):
        value = float(match["value"].replace(",", "."))
        if value == 1 and not _ONE.search(written):
            continue  # "one" and "un" are mostly no number
        noun = match["noun"] if match["noun"] not in stop_words(language) else ""
        kind = "share" if match["percent"] else "ordinal" if match["ordinal"] else "count"
        yield Number(value, kind, stem(noun, language) if noun else "", _bounds(value, kind, plain[: match.start()]))


def _bounds(value: float, kind: str, before: str) -> tuple[float, float] | None:
    """Return from where to where a round number may lie by the word before it ("nearly", "over"), if there is such a word."""
    is_fraction = kind == "share" and round(value, 1) in FRACTIONS
    is_round = is_fraction or (kind == "count" and value >= _LEAST_ROUND and value % _LEAST_ROUND == 0)
    word = _ROUGHLY.search(before)
    said = {name for name in ("near", "under", "over") if word and re.sub("['’]", "e", word[1]) in rows("rounded", name)}
    if not is_round or not (said or is_fraction):
        return None
    slack = _SHARE_SLACK if is_fraction else value * _ROUND_SLACK
    more = _OVER_SLACK if is_fraction and "over" in said else slack
    return value - (0 if "over" in said else slack), value + (0 if "under" in said else more)


def place_spans(text: str, language: str) -> list[tuple[int, int, frozenset[str]]]:
    """Return where a text names places (from which word to which, exclusive) and their codes."""
    written = split_words(text)
    folded = [[part for part in re.split(r"[\W_]+", fold(word)) if part] for word, _ in written]
    found = []
    position = 0
    while position < len(written):
        length = _place_length(written, folded, position, language)
        if length:
            phrase = tuple(part for parts in folded[position : position + length] for part in parts)
            found.append((position, position + length, frozenset(place.key for place in lexicon()[phrase])))
        position += length or 1
    return found


def places_in(text: str, language: str) -> tuple[frozenset[str], frozenset[int]]:
    """Return the codes of the places that a text names, and the positions (of words) that name them."""
    spans = place_spans(text, language)
    codes = frozenset(code for _, _, codes in spans for code in codes)
    return codes, frozenset(position for start, end, _ in spans for position in range(start, end))


def _place_length(written: Sequence[tuple[str, int]], folded: Sequence[list[str]], position: int, language: str) -> int:
    for length in range(min(_LONGEST_PLACE, len(written) - position), 0, -1):
        phrase = tuple(part for parts in folded[position : position + length] for part in parts)
        if phrase and phrase in lexicon() and _is_written_as_a_place(written[position][0], phrase, language):
            return length
    return 0


def _is_written_as_a_place(word: str, phrase: tuple[str, ...], language: str) -> bool:
    if len(phrase) == 1 and phrase[0] in word_set("not_names", "cased_places") and len(phrase[0]) == 2:
        return word.isupper()
    return word[:1].isupper() or (
        language == "fr" and len(phrase[0]) > 4 and phrase[0] not in word_set("not_names", "cased_places")
    )


def split_words(text: str) -> list[tuple[str, int]]:
    """Return the words of a text, elisions and possessives taken off, each with its offset."""
    found = []
    for match in _WORD.finditer(text):
        bare = _ELISION.sub("", match[0])
        found.append((_POSSESSIVE.sub("", bare), match.end() - len(bare)))
    return found


def _names(text: str, language: str, places: frozenset[int]) -> Iterator[Name]:
    written = split_words(text)
    runs = _runs(text, written, places)
    for position, (word, offset) in enumerate(written):
        folded = fold(word)
        if (
            position in places
            or not _looks_like_a_name(word)
            or folded in word_set("not_names", "titles") | word_set("not_names", "numbers") | MONTH_NAMES
        ):
            continue
        heads = _heads_a_sentence(text, offset)
        if heads and (
            folded in stop_words(language) | word_set("not_names", "openings")
            or _is_adverb(folded)
            or _is_participle(written[position : position + 2], language)
            or _is_lower_elsewhere(word, text)
        ):
            continue
        inner = any(c.isupper() for c in word[1:]) or "." in word
        yield Name(folded, heads and not inner and len(runs[position]) == 1, runs[position])


def _capitals(names: Sequence[Name]) -> frozenset[str]:
    held = mapping("capitals")
    return frozenset(held[name.word] for name in names if name.word in held and len(name.run) == 1)


def _looks_like_a_name(word: str) -> bool:
    return word[:1].isupper() and (len(word) > 1)


def _is_lower_elsewhere(word: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word.lower())}\b", text))


def _is_adverb(word: str) -> bool:
    return word.endswith(("ly", "ment")) and len(word) > 5


def _is_participle(pair: Sequence[tuple[str, int]], language: str) -> bool:
    """Say whether a word before a small word is one such as "Founded (in)", "Counting (all)", "Déposé (par)"."""
    word, after = pair[0][0], fold(pair[-1][0])
    return word.endswith(_PARTICIPLES[language]) and after in stop_words(language) and pair[-1][0].islower()


def _heads_a_sentence(text: str, offset: int) -> bool:
    before = text[:offset].rstrip(" \n\t“\"«(‘'’-*•")
    before = re.sub(r"\b[dlDLqQsSnNjJcC]u?$", "", before).rstrip(' \n\t“"«(')
    return not before or before[-1] in ".:!?;\n"


def _runs(text: str, written: Sequence[tuple[str, int]], places: frozenset[int]) -> dict[int, tuple[str, ...]]:
    """Map each position to the folded words of the run of capitalised words that it stands in."""
    runs: dict[int, tuple[str, ...]] = {}
    current: list[int] = []
    for position, (word, offset) in enumerate(written):
        gap = text[written[position - 1][1] + len(written[position - 1][0]) : offset] if position else ""
        if not _looks_like_a_name(word) or position in places or (current and gap.strip()):
            _close(current, written, runs)
            current = []
        if _looks_like_a_name(word) and position not in places:
            current.append(position)
    _close(current, written, runs)
    return runs


def _close(current: Sequence[int], written: Sequence[tuple[str, int]], runs: dict[int, tuple[str, ...]]) -> None:
    words = tuple(fold(written[position][0]) for position in current)
    runs.update(dict.fromkeys(current, words))


def initials(text: str) -> frozenset[str]:
    """Return the folded initials of all runs of two to seven capitalised words, small words between them left out."""
    found: set[str] = set()
    letters: list[str] = []
    for word, _ in split_words(text):
        if word[:1].isupper():
            letters.append(fold(word[0]))
            found |= {"".join(letters[-length:]) for length in range(2, min(8, len(letters) + 1))}
        elif fold(word) not in {
            "of",
            "for",
            "the",
            "and",
            "on",
            "in",
            "de",
            "des",
            "du",
            "la",
            "le",
            "les",
            "et",
            "pour",
            "sur",
        }:
            letters = []
    return frozenset(found)
