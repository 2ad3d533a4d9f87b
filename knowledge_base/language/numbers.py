"""Numbers written in words, in English and French, put in digits: counts, shares, ranges and round figures."""

from __future__ import annotations

import re

from knowledge_base.language.vocabulary import mapping, word_set

_SCALES = {"thousand": 1e3, "mille": 1e3, "million": 1e6, "billion": 1e9, "milliard": 1e9, "trillion": 1e12}
_SCALE = rf"(?:{'|'.join(_SCALES)})s?"
_SHORT_SCALE = re.compile(r"(?<=[$€£])(\d+(?:[.,]\d+)?) ?(m|bn|k)\b")
_SHORT_SCALES = {"k": "thousand", "m": "million", "bn": "billion"}
_SCALED = re.compile(rf"(?<![\w.,])(\d+(?:[.,]\d+)?)\s+({_SCALE})\b", re.IGNORECASE)
_ANY = r"(\d+(?:[.,]\d+)?|[^\W\d_]+)"
_RANGE = re.compile(
    rf"\b(?P<between>between |entre )?{_ANY}\s+(?P<link>and|et|to|or|à|ou)\s+{_ANY}\s+"
    rf"((?:hundred|cents?|{_SCALE})\b(?:\s+{_SCALE}\b)*)",
    re.IGNORECASE,
)
_PART = r"half|moitié|thirds?|tiers|quarters?|quarts?"
_COUNT = r"a|an|one|two|three|un|une|la|deux|trois"
_FRACTION = re.compile(
    rf"\b({_COUNT})[ -]({_PART})\b(?:(?P<hour> of an hour| d['’]heure)\b|(?=\s+(?:of|de|d['’])|\s*[,.;:)]|\s*$))"
    r"|\b(?<!first )(?<!second )(half)(?= of (?!\d))",
    re.IGNORECASE,
)
_PARTS = {"half": 2, "moitié": 2, "third": 3, "tier": 3, "quarter": 4, "quart": 4}
FRACTIONS = frozenset(round(100 * times / parts, 1) for parts in (2, 3, 4) for times in range(1, parts))
_DOZENS = re.compile(rf"\b(?:(?:an?|une)\s+)?({'|'.join(mapping('collectives'))})\b(?!s)", re.IGNORECASE)
_MONTH_SEPT = re.compile(r"(?<=\d )sept\b\.?(?=\s+\d{4})|\bsept\.(?=\s+\d)", re.IGNORECASE)


def in_digits(text: str, language: str) -> str:
    """Return a text with its spelled numbers above one in digits; fractions become shares ("a third": 33.3 %)."""
    code = "fr" if language == "fr" else "en"
    text = _SHORT_SCALE.sub(lambda match: f"{match[1]} {_SHORT_SCALES[match[2]]}", text)
    text = _RANGE.sub(lambda match: _shared_scale(match, code), _MONTH_SEPT.sub("septembre", text))
    return _spelled_out(_DOZENS.sub(lambda match: mapping("collectives")[match[1].lower()], _FRACTION.sub(_share, text)), code)


def _spelled_out(text: str, code: str) -> str:
    from text_to_num import alpha2digit

    return str(alpha2digit(_SCALED.sub(_product, text), code, 1))


def _shared_scale(match: re.Match[str], code: str) -> str:
    """Write the scale of "two to three hundred" into both numbers; "and" joins a range only after "between"."""
    between, low, link, high, scale = match.groups()
    are_numbers = all(n[0].isdigit() or n.lower() in word_set("not_names", "numbers") for n in (low, high))
    if not are_numbers or (link.lower() in ("and", "et") and not between):
        return match[0]
    first, last = (_spelled_out(f"{number} {scale}", code) for number in (low, high))
    return f"{between or ''}{first} {link} {last}"


def _product(match: re.Match[str]) -> str:
    scale = match[2].lower().removesuffix("s")
    return f"{float(match[1].replace(',', '.')) * _SCALES[scale]:.0f}"


def _share(match: re.Match[str]) -> str:
    times = {"two": 2, "deux": 2, "three": 3, "trois": 3}.get((match[1] or "").lower(), 1)
    part = (match[2] or match[4]).lower()
    share = times / _PARTS[part if part in _PARTS else part.removesuffix("s")]
    return f"{60 * share:.0f} minutes" if match["hour"] else f"{100 * share:.1f}%"
