"""Dates that a text names."""

from __future__ import annotations

import pytest

from knowledge_base.language.dates import date_spans


@pytest.mark.parametrize("text", ["sales of 1700 billion", "1800 millions de francs", "un chiffre de 1900 milliards"])
def test_a_number_of_millions_is_no_year(text: str) -> None:
    assert date_spans(text)[0] == []


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("in 2019/20", [2019, 2020]),
        ("from 2014-20", [2014, 2020]),
        ("Resolution 1996/31", [1996]),
        ("Directive 2001/83/EC", [2001]),
    ],
)
def test_a_range_of_years_goes_forwards_and_after_a_slash_by_one(text: str, years: list[int]) -> None:
    assert [date.year for _, _, dates in date_spans(text)[0] for date in dates] == years
