from __future__ import annotations

from pathlib import Path

import pytest
from indexes import NEW_DATE
from kills import CHANGES, STAGES, Case, at_random, check_after_a_kill, killed, make_case
from libraries import Library

# One change for each stage; `python tests/faults/kills.py` tries every stage with every change, and more random moments.
ON_THE_WAY = {
    "scan": "add",
    "parse": "change",
    "chunk": "add",
    "embed": "add",
    "copy": "remove",
    "catalog-put": "change",
    "vectors-put": "add",
    "verify": "change",
    "swap": "remove",
    "swapped": "change",
}


@pytest.fixture(scope="module")
def cases(two_generations: Library, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    return {name: make_case(two_generations, name, tmp_path_factory.mktemp(name)) for name in CHANGES}


@pytest.mark.parametrize("stage", ON_THE_WAY)
def test_a_kill_loses_no_answer_and_the_next_sync_ends_as_without_it(
    stage: str, cases: dict[str, Case], tmp_path: Path
) -> None:
    case = cases[ON_THE_WAY[stage]].copy(tmp_path)
    assert killed(case.library, stage)
    assert check_after_a_kill(case) == ("after" if stage == "swapped" else "before")
    assert NEW_DATE in case.library.ask("When was the Harbour Charter signed?").out


@pytest.mark.parametrize(("name", "are_deleted"), [("change", True), ("remove", True), ("remove-most", False)])
def test_vectors_that_are_gone_are_deleted_but_where_all_are_rebuilt(
    name: str, are_deleted: bool, cases: dict[str, Case], tmp_path: Path
) -> None:
    case = cases[name].copy(tmp_path)
    assert killed(case.library, "vectors-delete") == are_deleted
    assert check_after_a_kill(case) == ("before" if are_deleted else "after")


def test_kills_at_random_moments(two_generations: Library, tmp_path: Path) -> None:
    assert at_random(two_generations, tmp_path, count=6, seed=3).total() == 6


def test_the_stages_that_are_tried_are_stages() -> None:
    assert set(ON_THE_WAY) < set(STAGES)
