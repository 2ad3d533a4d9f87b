"""From bytes to characters: encodings guessed with care, and characters that no reader sees taken out."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple
from unicodedata import normalize

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ISO_2022_JP = b"\x1b$B"
_ENOUGH_TO_GUESS = 64
_GUESS_SAMPLE = 100_000
_SOFT_HYPHEN_AT_END = re.compile("\u00ad[ \t]*\r?\n[ \t]*(?=\\w)")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Controls, soft hyphen, zero-width space and joiners of words, text direction overrides, tags, no characters, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2061-\u2064\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ud800-\udfff\U000e0000-\U000e0fff]"
    "|\u2060(?![\u2070\u00b9\u00b2\u00b3\u2074-\u2079])"  # before a raised number it parts the mark of a note from its word
)


class Decoded(NamedTuple):
    """Text of a file and, where the encoding is a guess or bytes were lost, a notice for the reader."""

    text: str
    notice: str | None = None


def decode(data: bytes, declared: str | None = None, *, page_breaks: bool = False) -> Decoded:
    """Return the text of `data` without characters that no reader sees.

    A byte order mark decides, then the `declared` encoding, UTF-8, and a guess; Windows-1252 is the last resort.
    With `page_breaks` form feeds stay.
    """
    declared = "iso2022_jp" if _ISO_2022_JP in data else declared
    decoded = _by_mark(data) or _strictly(data, declared) or _strictly(data, "utf-8") or _guessed(data)
    if page_breaks:
        return Decoded("\f".join(map(clean, decoded.text.split("\f"))), decoded.notice)
    return Decoded(clean(decoded.text), decoded.notice)


def clean(text: str) -> str:
    """Return `text` composed (NFC), with line ends as `\\n`, without controls, overrides, invisible tags, lone surrogates."""
    if "\u00ad" in text:
        text = _SOFT_HYPHEN_AT_END.sub("", text)
    return normalize("NFC", _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)))


def _by_mark(data: bytes) -> Decoded | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _leniently(data[len(mark) :], encoding)
    return None


def _leniently(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    lost = text.count("\ufffd")
    return Decoded(text, f"{lost} characters are not valid {encoding.upper()}." if lost else None)


def _strictly(data: bytes, encoding: str | None) -> Decoded | None:
    if encoding is None or encoding.lower().replace("_", "-") in {"utf-16", "utf-32", "utf-7"}:
        return None
    try:
        return Decoded(data.decode(encoding))
    except (LookupError, ValueError):
        return None


def _guessed(data: bytes) -> Decoded:
    if data.isascii() or _mostly_utf8(data):
        return _leniently(data, "utf-8")
    encoding = _named_by_its_letters(data)
    decoded = _strictly(data, encoding) or _strictly(data, "cp1252")
    text = decoded.text if decoded else data.decode("cp1252", errors="replace")
    return Decoded(text, f"The encoding is a guess: {encoding if decoded else 'cp1252'}.")


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    return sum(not character.isascii() for character in text) > 2 * lost


def _named_by_its_letters(data: bytes) -> str:
    """Return the encoding that the letters speak for; short or Latin text counts as Windows-1252."""
    if sum(byte >= 0x80 for byte in data[:_GUESS_SAMPLE]) < _ENOUGH_TO_GUESS:
        return "cp1252"
    import charset_normalizer

    best = charset_normalizer.from_bytes(data[:_GUESS_SAMPLE]).best()
    if best is None or all("Latin" in alphabet or "Punctuation" in alphabet for alphabet in best.alphabets):
        return "cp1252"
    return best.encoding
