from __future__ import annotations

import json

import pytest

from ingest import progress
from ingest.progress import Bars, JsonLines, ProgressForm, shown_as


def test_each_stage_begins_and_ends_with_a_line_and_few_come_between(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(x / 100 for x in range(1000))
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    with JsonLines() as shown:
        for done in range(31):
            shown.update("Read", done, 30)
        shown.update("Embed", 0, None)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert told[0] == {"stage": "Read", "done": 0, "total": 30}
    assert {"stage": "Read", "done": 30, "total": 30} in told
    assert told[-1] == {"stage": "Embed", "done": 0, "total": None}
    assert 4 <= len(told) <= 8


def test_bars_are_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_as(ProgressForm.bars, in_bytes=True) as shown:
        assert isinstance(shown, Bars)
        shown.update("Read", 1, 2)
        shown.update("Read", 2, 2)
    assert capsys.readouterr().err == ""


def test_the_form_is_chosen_by_name() -> None:
    assert isinstance(shown_as(ProgressForm("json")), JsonLines)
