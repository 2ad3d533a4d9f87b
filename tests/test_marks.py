from __future__ import annotations

import pytest

from ingest.loaders.marks import END, LOWERED, RAISED, leading_note, settle, with_marks, without_struck_letters


def marked(text: str) -> str:
    for tag, mark in (("<sup>", RAISED), ("<sub>", LOWERED), ("</sup>", END), ("</sub>", END)):
        text = text.replace(tag, mark)
    return text


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("3 x 10<sup>6</sup> cameras", "3 x 10⁶ cameras"),
        ("10<sup>-3</sup> m", "10⁻³ m"),
        ("10<sup>1</sup><sup>2</sup>", "10¹²"),
        ("12 km<sup>2</sup>", "12 km²"),
        ("CO<sub>2</sub>", "CO₂"),
        ("SO<sub>4</sub><sup>2−</sup>", "SO₄²⁻"),
        ("<sup>14</sup>C dating", "¹⁴C dating"),
        ("x<sup>2</sup> + 1", "x² + 1"),
        ("the 1<sup>er</sup> mai", "the 1er mai"),
        ("XIX<sup>e</sup> siècle", "XIXe siècle"),
        ("3<sup>1</sup>/<sub>2</sub> hours", "3 1/2 hours"),
        ("e<sup>x+1</sup>", "e^(x+1)"),
    ],
)
def test_a_mark_that_says_something_stays_readable(markup: str, shown: str) -> None:
    assert settle(marked(markup)) == shown


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("in 2031<sup>4</sup>.", "in 2031\u2060⁴."),
        ("17<sup>5</sup> were public", "17\u2060⁵ were public"),
        ("words.<sup>12</sup> Next", "words.\u2060¹² Next"),
        ("two days <sup>[3]</sup>.", "two days\u2060³."),
        ("a word <sup>*</sup> more", "a word more"),
        ("a fee of 44<sup>a</sup>", "a fee of 44"),
    ],
)
def test_the_number_of_a_note_is_raised_and_another_mark_cut(markup: str, shown: str) -> None:
    assert settle(marked(markup)) == shown


def test_raised_digits_of_unicode_are_marks_too() -> None:
    assert settle(with_marks("in 2031⁴ and 12 m², 10⁶, 10⁻³")) == "in 2031\u2060⁴ and 12 m², 10⁶, 10⁻³"
    assert leading_note(with_marks("⁴ Report of the board.")) == ("4", "Report of the board.")


def test_a_note_begins_with_its_mark() -> None:
    assert leading_note(marked("<sup>3</sup>Report of the board.")) == ("3", "Report of the board.")
    assert leading_note(marked("[<sup>2</sup>] A note.")) == ("2", "A note.")
    assert leading_note(marked("<sup>14</sup>C dating"))[0] == ""


def test_letters_under_a_combining_line_are_struck() -> None:
    assert without_struck_letters("within 7\u03362\u0336 24 hours") == ("within  24 hours", 1)
