from __future__ import annotations

import codecs

import pytest

from ingest.loaders.characters import clean, decode

TEXT = "L’appel — naïveté, œuvre"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_unicode_is_read_by_its_mark(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding)) == (TEXT, None)


def test_short_text_that_is_no_unicode_is_taken_as_windows_1252() -> None:
    assert decode(TEXT.encode("cp1252")) == (TEXT, "The encoding is a guess: cp1252.")


def test_french_of_length_is_not_taken_for_another_latin_encoding() -> None:
    text = "Les États réaffirment leur adhésion à un cyberespace ouvert, sûr, où l’accès est garanti. " * 20
    assert decode(text.encode("cp1252")).text == text


def test_cyrillic_of_length_is_recognised() -> None:
    text = "Парижский призыв к доверию и безопасности в киберпространстве поддержали государства. " * 10
    assert decode(text.encode("cp1251")).text == text


def test_a_declared_encoding_is_used_where_it_fits() -> None:
    assert decode("Привет".encode("koi8-r"), "koi8-r") == ("Привет", None)


def test_an_unknown_or_wrong_declaration_does_no_harm() -> None:
    assert decode(TEXT.encode(), "no-such-code").text == TEXT
    assert decode(TEXT.encode(), "ascii").text == TEXT


def test_japanese_with_escapes_is_recognised() -> None:
    assert decode("日本語 text".encode("iso2022_jp")).text == "日本語 text"


def test_a_lost_byte_in_unicode_costs_one_character() -> None:
    text, notice = decode("é日本語é".encode() + b"\xff" + b" end")
    assert text == "é日本語é\ufffd end"
    assert notice == "1 characters are not valid UTF-8."


def test_lone_surrogates_never_survive() -> None:
    assert decode(b"lone \xed\xa0\x80 end").text.encode()
    assert clean("a\ud800b") == "ab"


def test_unseen_characters_are_dropped_and_line_ends_made_one() -> None:
    assert clean("a\x00b\x1b[31m\u202ec\u200bd\u00ade\U000e0041\r\nf\x0cg\u2028h\ri") == "ab[31mcde\nf\ng\nh\ni"


def test_joiners_of_scripts_and_emoji_stay() -> None:
    assert clean("👩\u200d💻 نمی\u200cخواهم 🇪🇺") == "👩\u200d💻 نمی\u200cخواهم 🇪🇺"
