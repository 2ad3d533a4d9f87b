"""Reading and cutting a file takes steps in proportion to its size: counted as calls, which no busy machine changes."""

from __future__ import annotations

import cProfile
from collections.abc import Callable, Sequence

import pytest
from pdf_files import Text, make_pdf, paragraph

from ingest.loaders.document import load_document
from ingest.sync.chunking import chunk

_LARGER, _SLACK = 4, 1.3


def sentence(number: int) -> str:
    return f"The keeper of gate {number} counts the boats that pass and writes their names into the book."


def one_line(size: int) -> bytes:
    return " ".join(sentence(number) for number in range(100 * size)).encode()


def no_sentence(size: int) -> bytes:
    return ("boat harbour lamp " * 500 * size).encode()


def table(size: int) -> bytes:
    return "\n".join(f"gate {number:5}     {number * 3:6}     open" for number in range(100 * size)).encode()


def headings(size: int) -> bytes:
    return "\n\n".join(f"## Gate {number}\n\n{sentence(number)}" for number in range(60 * size)).encode()


def headings_of_a_page(size: int) -> bytes:
    return "".join(f"<h2>Gate {number}</h2><p>{sentence(number)}</p>" for number in range(60 * size)).encode()


def pages(size: int) -> bytes:
    head, lines = "Register of the gates", 20
    return make_pdf(
        [
            [Text(60, 800, head, 9), *paragraph(60, 760, [sentence(lines * page + n)[:80] for n in range(lines)])]
            for page in range(4 * size)
        ]
    )


def calls(data: bytes, source: str) -> int:
    def tokens(texts: Sequence[str]) -> list[int]:
        return [len(text) // 4 for text in texts]

    profile = cProfile.Profile()
    profile.enable()
    chunk(load_document(data, source), tokens, 256)
    profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    ("made", "source"),
    [
        (one_line, "line.txt"),
        (no_sentence, "words.txt"),
        (table, "table.txt"),
        (headings, "gates.md"),
        (headings, "gates.txt"),
        (headings_of_a_page, "gates.html"),
        (pages, "gates.pdf"),
    ],
)
def test_a_file_four_times_as_large_takes_four_times_the_steps(made: Callable[[int], bytes], source: str) -> None:
    calls(made(1), source)  # what is loaded once is loaded
    assert calls(made(2 * _LARGER), source) < _LARGER * _SLACK * calls(made(2), source)
