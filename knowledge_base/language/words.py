"""Words of a text: as written, and as the lexical index sees them: folded, without stop words, stemmed."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import filterfalse
from pathlib import Path

from knowledge_base.language.vocabulary import known_language

_PART = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+|[^\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_WRITTEN = re.compile(r"[^\W\d_][\w&]*(?:[.'’](?=\w)[\w&]+)*")
_ELISION = re.compile(r"^(?:[dlqsnjcmt]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")
_STEMMERS = threading.local()  # Snowball's: one must not be used by two threads
_NO_WORDS = re.compile(r"[^\w]+")
_BRITISH = re.compile(r"(?<=[a-z]{4})is(e|ed|es|er|ers|ing|ation|ations)$")
_COMBINING = re.compile(f"[{''.join(filter(unicodedata.combining, map(chr, range(0x10000))))}]+")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
BEFORE_NOTE = "\u2060"  # stands before the raised number of a note within a sentence, and parts it from the word
NOTE_MARK = re.compile(f"{BEFORE_NOTE}[⁰¹²³⁴-⁹]+(?:[,–-] ?[⁰¹²³⁴-⁹]+)*")
_LOWER = re.compile(r"[^\W\d_]+")
_SCRIPTS = {"ar": re.compile("[\u0600-\u06ff]"), "zh": re.compile("[\u4e00-\u9fff]")}
_OWN_LETTERS = {"de": re.compile("[äöüß]", re.IGNORECASE), "es": re.compile("[¿¡ñ]", re.IGNORECASE)}
OTHERS = ("de", "es", "ar", "zh")  # languages beside English and French in which questions are told
_SNOWBALL = {"fr": "french", "de": "german", "es": "spanish", "ar": "arabic"}  # English for all others
_FEWEST_SMALL = 2
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")


def without_note_marks(text: str) -> str:
    """Return `text` with blanks in place of the marks of notes, each other character in its old place."""
    return NOTE_MARK.sub(lambda found: " " * len(found[0]), text) if BEFORE_NOTE in text else text


def fold(text: str) -> str:
    """Return `text` in lower case without accents, compatibility forms resolved."""
    if text.isascii():
        return text.lower()
    return without_accents(text.casefold())


def without_accents(text: str) -> str:
    """Return `text` without accents, compatibility forms resolved, capitals kept."""
    if text.isascii():
        return text
    decomposed = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
    if _BEYOND.search(decomposed):  # no text of a living language; one character set for all would be slow to look up
        return "".join(filterfalse(unicodedata.combining, decomposed))
    return decomposed


def normalised(text: str) -> str:
    """Return folded words with single blanks: the form in which quoted words are looked up."""
    return _NO_WORDS.sub(" ", fold(without_note_marks(text))).strip()


def listed_language(language: str | None) -> str:
    """Return the language whose stop words are left out of a text in `language`: its own, else those of English."""
    return language if language in OTHERS else known_language(language)


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the folded stop words and question words of a language that has a list: "en", "fr", or one of `OTHERS`.

    The lists are our own: the package stopwordsiso, for one, also leaves out words of content ("Recht", "Tag", "estado").
    """
    text = (Path(__file__).parent / "stop_words" / f"{language}.txt").read_text(encoding="utf-8")
    return frozenset(fold(word) for word in text.split())


def words(text: str) -> list[str]:
    """Return the folded words of `text` in order; "65/182" and "multi-factor" are split at their marks."""
    return _parts(fold(without_note_marks(text)))


def _parts(folded: str) -> list[str]:
    """Return runs of letters and digits; Chinese and Japanese, which have no spaces, as pairs of characters that overlap."""
    found = _PART.findall(folded)
    if folded.isascii() or not any("\u3040" <= character <= "\u9fff" for character in folded):
        return found
    return [part for run in found for piece in _UNSPACED.findall(run) for part in _pairs(piece)]


def _pairs(piece: str) -> list[str]:
    if not "\u3040" <= piece[0] <= "\u9fff" or len(piece) < 3:
        return [piece]
    return [piece[place : place + 2] for place in range(len(piece) - 1)]


def split_words(text: str) -> list[tuple[str, int]]:
    """Return the words of a text as written, elisions and possessives taken off, each with its offset."""
    found = []
    for match in _WRITTEN.finditer(without_note_marks(text)):
        bare = _ELISION.sub("", match[0])
        found.append((_POSSESSIVE.sub("", bare), match.end() - len(bare)))
    return found


@lru_cache(maxsize=1_000)
def other_language(text: str) -> str | None:
    """Return which of `OTHERS` a question is asked in, by its script or its small words; None for English and French."""
    for code, letters in _SCRIPTS.items():
        if 2 * len(letters.findall(text)) > sum(map(str.isalpha, text)):
            return code
    small = [fold(word) for place, word in enumerate(_LOWER.findall(text)) if place == 0 or not word[0].isupper()]
    held = {code: sum(word in stop_words(code) for word in small) for code in ("en", "fr", *_OWN_LETTERS)}
    for code, letters in _OWN_LETTERS.items():
        count = held[code] + bool(letters.search(text))
        if held[code] and count >= _FEWEST_SMALL and count > max(held[other] for other in held if other != code):
            return code
    return None


@lru_cache(maxsize=1_000)
def question_language(text: str) -> str:
    """Return "fr" or "en": the language whose stop words the question holds more of; "en" for other languages."""
    if other_language(text):
        return "en"
    found = words(text)
    french_only, english_only = stop_words("fr") - stop_words("en"), stop_words("en") - stop_words("fr")
    french = sum(word in french_only for word in found)
    english = sum(word in english_only for word in found)
    return "fr" if french > english else "en"


def content_words(text: str, language: str | None) -> list[str]:
    """Return the folded words of `text` but its stop words, in order; names in capitals ("US", "U.S.", "IT") stay."""
    code = listed_language(language)
    stop = stop_words(code)
    if code == "zh":
        text = re.sub(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?![\u4e00-\u9fff])", "", _chinese_small_words().sub(" ", text))
    joined = _DOTTED.sub(lambda match: match.group().replace(".", ""), without_note_marks(text))
    shouted = joined.isupper()
    return [
        word
        for piece in _PART.findall(joined)
        for word in _folded_words(piece)
        if word not in stop or (len(piece) > 1 and piece.isupper() and not shouted)
    ]


@cache
def _chinese_small_words() -> re.Pattern[str]:
    """Match the words of Chinese that no search looks for: without spaces, they are cut out before pairs are made."""
    return re.compile("|".join(sorted(map(re.escape, stop_words("zh")), key=len, reverse=True)))


def fold_in_place(text: str) -> str:
    """Return `text` folded, each character in its old place."""
    return "".join((fold(character) or " ")[:1] for character in text)


@lru_cache(maxsize=200_000)
def _folded_words(piece: str) -> tuple[str, ...]:
    return tuple(_parts(fold(piece)))


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the Snowball stem of a folded word; languages without one here are stemmed as English."""
    if any(c.isdigit() for c in word):
        return word
    name = _SNOWBALL.get(language, "english")
    if name == "english":
        word = _BRITISH.sub(r"iz\1", word)  # "criticised" and "criticized" are one word, "criticism" its kin
    if name not in _STEMMERS.__dict__:
        import Stemmer

        _STEMMERS.__dict__[name] = Stemmer.Stemmer(name)
    return str(_STEMMERS.__dict__[name].stemWord(word))


def stems(text: str, language: str | None) -> list[str]:
    """Return the stems of all words of `text` but its stop words, in order."""
    code = known_language(language)
    return [stem(word, code) for word in content_words(text, code)]


@lru_cache(maxsize=5_000)
def stems_of_all_words(text: str, language: str | None) -> frozenset[str]:
    """Return the stems of all words of `text`, stop words among them."""
    code = known_language(language)
    return frozenset(stem(word, code) for word in words(text))


def in_english(word: str) -> str | None:
    """Return the English word for a folded French one in any of its forms, or None where the glossary lacks it."""
    return _glossary().get(stem(word, "fr"))


@cache
def _glossary() -> dict[str, str]:
    """Map stems of French words to English words."""
    return {stem(fold(french), "fr"): english for french, english in _rows("fr_en")}


@cache
def _french_words() -> dict[str, tuple[str, ...]]:
    """Map stems of English words to the French words that the glossary gives for them."""
    found: dict[str, tuple[str, ...]] = {}
    for french, english in _rows("fr_en"):
        key = stem(fold(english), "en")
        found[key] = (*found.get(key, ()), french)
    return found


def in_french(word: str) -> tuple[str, ...]:
    """Return the French words for a folded English one in any of its forms; none where the glossary lacks it."""
    return _french_words().get(stem(word, "en"), ())


def phrases_in(language: str, phrase: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return what "en" or "fr" calls a phrase of the other language, in folded words; nothing where the glossary lacks it."""
    other = "fr" if language == "en" else "en"
    return _phrases(language).get(tuple(stem(word, other) for word in phrase), ())


@cache
def _phrases(language: str) -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Map the stems of each phrase of the other language to the phrases of this one, in folded words."""
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for french, english in _rows("phrases_fr_en"):
        theirs, ours, code = (french, english, "fr") if language == "en" else (english, french, "en")
        key = tuple(stem(word, code) for word in words(theirs))
        found[key] = (*found.get(key, ()), tuple(words(ours)))
    return found


def _rows(name: str) -> list[tuple[str, str]]:
    """Return the rows of a glossary: French, English."""
    text = (Path(__file__).parent / "glossary" / f"{name}.tsv").read_text(encoding="utf-8")
    return [(french, english) for french, english in (row.split("\t") for row in text.splitlines())]
