from __future__ import annotations

from pathlib import Path

import pytest
from damage import FALLEN_BACK, GENERATIONS, KINDS, check_kind, flip
from indexes import NEW_DATE, OLD_DATE, QUESTION
from libraries import Library

from assistant.answering import Assistant
from knowledge_base.errors import DamagedIndexError
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
def test_damage_is_noticed_said_and_repaired_or_fallen_back_from(name: str, two_generations: Library, tmp_path: Path) -> None:
    check_kind(KINDS[name], two_generations.copy(tmp_path), ask)


@pytest.mark.parametrize(
    "name",
    ["catalog-bit-flipped", "chroma-of-the-older", "chroma-emptied", "graph-deleted", "generation-deleted", "pointer-emptied"],
)
def test_damage_while_the_index_is_open_is_noticed_at_the_next_question(
    name: str, two_generations: Library, tmp_path: Path
) -> None:
    library = two_generations.copy(tmp_path)
    with Assistant.open(Settings(data_dir=library.data_dir)) as assistant:
        assert NEW_DATE in assistant.ask(QUESTION).text and not assistant.notices
        KINDS[name].damage(library.data_dir)
        answer = assistant.ask(QUESTION)
        assert (OLD_DATE if KINDS[name].end == FALLEN_BACK else NEW_DATE) in answer.text
        assert answer.generation == GENERATIONS[KINDS[name].end] and len(assistant.notices) == 1
        assert assistant.ask(QUESTION).text == answer.text and len(assistant.notices) == 1


def test_damage_to_all_that_is_kept_is_said_and_nothing_is_answered(two_generations: Library, tmp_path: Path) -> None:
    library = two_generations.copy(tmp_path)
    with Assistant.open(Settings(data_dir=library.data_dir)) as assistant:
        for path in (library.data_dir / "generations").iterdir():
            flip(path / "catalog.sqlite3")
        with pytest.raises(DamagedIndexError, match=r"catalog\.sqlite3 of generation 000002 has changed on disk"):
            assistant.ask(QUESTION)


def test_there_are_many_kinds_of_each_sort() -> None:
    sorts = {
        sort: [name for name in KINDS if name.startswith(sort)]
        for sort in ("catalog", "chroma", "graph", "manifest", "pointer")
    }
    assert len(KINDS) >= 20 and min(map(len, sorts.values())) >= 4
