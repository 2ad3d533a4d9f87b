"""What was read of an index is read once, and never too much of it is kept."""

from __future__ import annotations

from knowledge_base.store.catalog import Remembered


class Source:
    """Gives the length of an id, but for ids that begin with "no"; counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def read(self, ids: list[str]) -> dict[str, int]:
        self.asked.append(ids)
        return {i: len(i) for i in ids if not i.startswith("no")}


def test_a_value_is_read_once_and_given_in_the_order_asked() -> None:
    source, remembered = Source(), Remembered[int](10)
    assert remembered.get(["aa", "b"], source.read) == {"aa": 2, "b": 1}
    assert list(remembered.get(["ccc", "b", "aa"], source.read)) == ["ccc", "b", "aa"]
    assert source.asked == [["aa", "b"], ["ccc"]]


def test_what_is_not_there_is_left_out() -> None:
    source, remembered = Source(), Remembered[int](10)
    assert remembered.get(["none", "a"], source.read) == {"a": 1}
    assert remembered.get([], source.read) == {}


def test_past_the_most_all_are_forgotten_but_those_asked_for_are_given() -> None:
    source, remembered = Source(), Remembered[int](2)
    remembered.get(["a", "bb", "ccc"], source.read)
    assert remembered.get(["a", "dddd"], source.read) == {"a": 1, "dddd": 4}
    assert remembered.get(["bb", "dddd"], source.read) == {"bb": 2, "dddd": 4}
    assert source.asked == [["a", "bb", "ccc"], ["dddd"], ["bb"]]


def test_nothing_is_kept_where_nothing_may_be() -> None:
    source, remembered = Source(), Remembered[int](0)
    remembered.get(["a"], source.read)
    remembered.get(["a"], source.read)
    assert source.asked == [["a"], ["a"]]
