from __future__ import annotations

from pathlib import Path

import pytest
from hostile import allowed, read_rows, rounds

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "hostile"
EVERY_NTH = 6


@pytest.mark.parametrize(
    ("expected", "states"),
    [
        ("text", {"text"}),
        ("clean error", {"none"}),
        ("clean error or clean skip: no text", {"none"}),
        ("text or clean error within budget", {"text", "none"}),
        ("text wanted (one reader finds it), clean error accepted", {"text", "none"}),
    ],
)
def test_a_row_of_the_list_allows_what_it_says(expected: str, states: set[str]) -> None:
    assert allowed(expected) == states


@pytest.mark.corpus
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of hostile files is not here")
def test_hostile_files_end_in_a_state_of_their_row_and_the_healthy_ones_answer(tmp_path: Path) -> None:
    paths = list(read_rows(FOLDER))
    small = [path for path in paths[::EVERY_NTH] if (FOLDER / path).stat().st_size < 300_000]
    assert rounds(FOLDER, tmp_path, small)["files"] == len(small) > 40
