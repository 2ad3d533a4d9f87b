"""The second sixty questions on the corpus, never read while the assistant was built: their form and their places.

`start` and `end` count the letters and digits of a page alone, in lower case and NFKC: those that pypdf extracts, a mark, and
those that PDFium extracts. `source` is a path in the corpus, its end cut short with `*` where the file's name is long.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "heldout_second.jsonl").read_text(encoding="utf-8").splitlines()
]


def places() -> Iterator[tuple[str, dict[str, Any]]]:
    for question in QUESTIONS:
        for gold in question["gold"]:
            for place in (gold, *gold.get("alt", [])):
                yield question["id"], place


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def test_the_questions_are_of_the_kinds_of_the_first_sixty() -> None:
    counts = Counter(question["category"] for question in QUESTIONS)
    expected = {"factoid": 18, "definition": 9, "list": 9, "multi": 6, "followup": 5, "register": 6, "unanswerable": 7}
    assert counts == expected
    assert len({question["id"] for question in QUESTIONS}) == len({question["question"] for question in QUESTIONS}) == 60
    assert all(question["answerable"] is (question["category"] != "unanswerable") for question in QUESTIONS)


def test_every_place_has_offsets_and_a_digest() -> None:
    for name, place in places():
        assert 0 <= place["start"] < place["end"], name
        assert re.fullmatch(r"[0-9a-f]{64}", place["sha256"]), name
        assert (place["page"] is not None) is place["source"].endswith(".pdf"), name


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")
def test_every_place_of_a_pdf_is_where_it_is_said_to_be() -> None:
    for name, place in places():
        (path,) = CORPUS.glob(place["source"])
        if path.suffix == ".pdf":
            first = letters(PdfReader(path).pages[place["page"] - 1].extract_text())
            with pypdfium2.PdfDocument(path) as document:
                second = letters(document[place["page"] - 1].get_textpage().get_text_range())
            quote = f"{first}|{second}"[place["start"] : place["end"]]
            assert hashlib.sha256(quote.encode()).hexdigest() == place["sha256"], name
