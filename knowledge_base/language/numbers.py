"""Numbers in English and French, in digits and in words: counts, shares, ranges and round figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.language.vocabulary import known_language, listed, mapping, pattern, word_set
from knowledge_base.language.words import stem, stop_words

CARDINALS = {word: number for code in ("en", "fr") for number, word in enumerate(listed("numbers.units", code), 2)}
NUMBER_WORDS = frozenset[str]().union(
    *(word_set(f"numbers.{entry}") for entry in ("one", "units", "tens", "hundreds", "ordinals")), mapping("numbers.scales")
)

_SCALES: dict[str, float] = mapping("numbers.scales")
_SCALE = rf"(?:{'|'.join(_SCALES)})s?"
NUMBER = pattern(rf"\d|\b(?:{{numbers.units}}|{{numbers.tens}}|(?:{{numbers.hundreds}}|{_SCALE})s?)\b")
_SHORT_SCALE = re.compile(r"(?<=[$€£])(\d+(?:[.,]\d+)?) ?(m|bn|k)\b")
_SHORT_SCALES = {"k": "thousand", "m": "million", "bn": "billion"}
_SCALED = re.compile(rf"(?<![\w.,])(\d+(?:[.,]\d+)?)\s+({_SCALE})\b", re.IGNORECASE)
_ANY = r"(\d+(?:[.,]\d+)?|[^\W\d_]+)"
_RANGE = pattern(
    rf"\b(?P<between>{{numbers.between}} )?{_ANY}\s+(?:(?P<and>{{numbers.and}})|(?P<link>{{numbers.links}}))\s+{_ANY}\s+"
    rf"((?:(?:{{numbers.hundreds}})s?|{_SCALE})\b(?:\s+{_SCALE}\b)*)"
)
_PARTS: dict[str, int] = mapping("numbers.parts")
_TIMES: dict[str, int] = mapping("numbers.times")
_FRACTION = re.compile(
    rf"\b({'|'.join(_TIMES)})[ -]((?:{'|'.join(_PARTS)})s?)\b"
    r"(?:(?P<hour> of an hour| d['’]heure)\b|(?=\s+(?:of|de|d['’])|\s*[,.;:)]|\s*$))"
    r"|\b(?<!first )(?<!second )(half)(?= of (?!\d))",
    re.IGNORECASE,
)
_DOZENS = re.compile(rf"\b(?:(?:an?|une)\s+)?({'|'.join(mapping('numbers.collectives'))})\b(?!s)", re.IGNORECASE)
_MONTH_SEPT = re.compile(r"(?<=\d )sept\b\.?(?=\s+\d{4})|\bsept\.(?=\s+\d)", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?![\d])")
_PER_CENT = re.compile(r"\b(?:per ?cent|pour ?cent)\b|(?<=\d)\s*%", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?<![\w.,/])(?P<value>\d+(?:[.,]\d+)?)(?P<ordinal>st|nd|rd|th|er|ere|e|eme|nde)?\b\s*(?P<percent>%)?"
    r"(?:\s+(?:de\s+|of\s+)?)?(?P<noun>[^\W\d_]{3,})?"
)
_HOUR = re.compile(rf"\b(?:{'|'.join(mapping('numbers.hours'))})\b")
_ONE = re.compile(r"(?<!\d)1(?!\d)")
_ROUGHLY = re.compile(r"([^\W\d_]+(?: (?:to|than|de|d['’]))?)\s*[€$£]?\s*$")
_FRACTIONS = frozenset(round(100 * times / parts, 1) for parts in (2, 3, 4) for times in range(1, parts))
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
        """Return whether both are the same number; an ordinal is a cardinal where it names a thing ("Working Group 5")."""
        same_kind = self.kind == other.kind or {self.kind, other.kind} == {"ordinal", "count"}
        rounds = self.bounds is not None and self.bounds[0] <= other.value <= self.bounds[1]
        is_whole_share = self.kind == "share" and self.value == round(other.value)
        return same_kind and (self.value == other.value or is_whole_share or rounds)


def numbers_in(text: str, written: str, language: str) -> Iterator[Number]:
    """Give the numbers of a folded text in digits, which was `written` otherwise."""
    hours = mapping("numbers.hours")
    plain = _HOUR.sub(lambda match: hours[match[0]], _PER_CENT.sub("%", text))
    for match in _AMOUNT.finditer(plain):
        value = float(match["value"].replace(",", "."))
        if value == 1 and not _ONE.search(written):
            continue  # "one" and "un" are mostly no number
        noun = match["noun"] if match["noun"] not in stop_words(language) else ""
        kind = "share" if match["percent"] else "ordinal" if match["ordinal"] else "count"
        yield Number(value, kind, stem(noun, language) if noun else "", _bounds(value, kind, plain[: match.start()]))


def _bounds(value: float, kind: str, before: str) -> tuple[float, float] | None:
    """Return from where to where a round number may lie by the word before it ("nearly", "over"), if there is such a word."""
    is_fraction = kind == "share" and round(value, 1) in _FRACTIONS
    is_round = is_fraction or (kind == "count" and value >= _LEAST_ROUND and value % _LEAST_ROUND == 0)
    word = _ROUGHLY.search(before)
    said = {name for name in ("near", "under", "over") if word and re.sub("['’]", "e", word[1]) in listed(f"numbers.{name}")}
    if not is_round or not (said or is_fraction):
        return None
    slack = _SHARE_SLACK if is_fraction else value * _ROUND_SLACK
    more = _OVER_SLACK if is_fraction and "over" in said else slack
    return value - (0 if "over" in said else slack), value + (0 if "under" in said else more)


def in_digits(text: str, language: str) -> str:
    """Return a text with its numbers above one in digits only.

    "1,218" and "1 218" become "1218", fractions become shares ("a third": 33.3 %).
    """
    code = known_language(language)
    text = _THOUSANDS.sub(lambda match: re.sub(r"[^\d]", "", match[0]), text)
    text = _SHORT_SCALE.sub(lambda match: f"{match[1]} {_SHORT_SCALES[match[2]]}", text)
    text = _RANGE.sub(lambda match: _shared_scale(match, code), _MONTH_SEPT.sub("septembre", text))
    collectives = mapping("numbers.collectives")
    return _spelled_out(_DOZENS.sub(lambda match: str(collectives[match[1].lower()]), _FRACTION.sub(_share, text)), code)


def _spelled_out(text: str, code: str) -> str:
    from text_to_num import alpha2digit

    def product(match: re.Match[str]) -> str:
        return f"{float(match[1].replace(',', '.')) * _SCALES[match[2].lower().removesuffix('s')]:.0f}"

    return str(alpha2digit(_SCALED.sub(product, text), code, 1))


def _shared_scale(match: re.Match[str], code: str) -> str:
    """Write the scale of "two to three hundred" into both numbers; "and" joins a range only after "between"."""
    between, low, joins, link, high, scale = match.groups()
    are_numbers = all(n[0].isdigit() or n.lower() in NUMBER_WORDS for n in (low, high))
    if not are_numbers or (joins and not between):
        return match[0]
    first, last = (_spelled_out(f"{number} {scale}", code) for number in (low, high))
    return f"{between or ''}{first} {joins or link} {last}"


def _share(match: re.Match[str]) -> str:
    part = (match[2] or match[4]).lower()
    share = _TIMES.get((match[1] or "").lower(), 1) / _PARTS[part if part in _PARTS else part.removesuffix("s")]
    return f"{60 * share:.0f} minutes" if match["hour"] else f"{100 * share:.1f}%"
