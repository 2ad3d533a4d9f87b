from __future__ import annotations

from pathlib import Path

import pytest
from damage import KINDS, check_kind
from indexes import QUESTION
from libraries import Library

from assistant.answering import Assistant
from knowledge_base.settings import Settings

# Two of each sort; `python tests/faults/damage.py` tries them all, each in processes of its own.
TRIED = (
    "catalog-bit-flipped",
    "catalog-of-the-older",
    "chroma-bits-flipped",
    "chroma-of-the-older",
    "chroma-vector-altered",
    "graph-bit-flipped",
    "graphs-swapped",
    "chroma-and-cache-lost",
    "manifest-cut",
    "manifest-word-changed",
    "generation-deleted",
    "pointer-deleted",
    "pointer-garbled",
)


def ask(library: Library) -> tuple[str, str]:
    with Assistant.open(Settings(data_dir=library.data_dir)) as assistant:
        return assistant.ask(QUESTION).text, " ".join(assistant.notices)


@pytest.mark.parametrize("name", TRIED)
def test_damage_is_noticed_said_and_mended_or_fallen_back_from(name: str, two_generations: Library, tmp_path: Path) -> None:
    check_kind(KINDS[name], two_generations.copy(tmp_path), ask)


def test_there_are_many_kinds_of_each_sort() -> None:
    sorts = {
        sort: [name for name in KINDS if name.startswith(sort)]
        for sort in ("catalog", "chroma", "graph", "manifest", "pointer")
    }
    assert len(KINDS) >= 20 and min(map(len, sorts.values())) >= 4
