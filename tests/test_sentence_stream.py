from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.writing.model_text import SentenceStream

TEXT = (
    "<think>One. Two. [1]</think>The Call was launched in 2018.[1] It has nine principles [2][3]. It cites para. 13. [2, 3]\n"
    "- An item ![x](http://127.0.0.2/?q=a.b) here [4]. Wow! [2] See [this](http://127.0.0.2/). It ends [1]"
)
SENTENCES = [
    "The Call was launched in 2018 [1].",
    "It has nine principles [2][3].",
    "It cites para. 13 [2, 3].",
    "- An item  here [4].",
    "Wow [2]!",
    "See this.",
    "It ends [1]",
]


def cut(pieces: list[str]) -> list[str]:
    stream = SentenceStream("en")
    found = [sentence for piece in pieces for sentence in stream.add(piece)]
    return [*found, *stream.end()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_sentences_keep_their_marks_however_the_text_comes_in(size: int) -> None:
    assert cut([TEXT[start : start + size] for start in range(0, len(TEXT), size)]) == SENTENCES


def test_a_sentence_is_given_when_the_next_one_begins_and_is_a_draft_before() -> None:
    stream = SentenceStream("en")
    assert list(stream.add("It opens at nine. [1")) == [] and stream.draft == "It opens at nine. [1"
    assert list(stream.add("] It cl")) == ["It opens at nine [1]."]
    assert stream.draft == "It cl"


def test_a_thought_is_neither_a_sentence_nor_a_draft() -> None:
    stream = SentenceStream("en")
    assert list(stream.add("<think>It may open at ten. Or not. ")) == [] and stream.draft == ""
    assert list(stream.add("</think>It opens at nine.\n")) == ["It opens at nine."]


def test_a_text_without_any_end_of_sentence_is_cut() -> None:
    pieces = cut(["word " * 100] * 20)
    assert all(len(piece) <= 2000 for piece in pieces) and len(pieces) > 3


@given(
    st.lists(st.sampled_from(["a b", ". ", "! ", "[1]", "\n", "[", "]", "(", "x.y ", "A", "<think>", "</think>"]), max_size=40)
)
def test_any_text_comes_to_an_end(pieces: list[str]) -> None:
    assert all(sentence.strip() for sentence in cut(pieces))
