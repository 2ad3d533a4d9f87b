from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from page_fixtures import note, publish_documents, quoted_answer, refused_answer

from assistant.page.metrics import Metrics
from knowledge_base.errors import NoIndexError
from knowledge_base.files import writer_lock


def samples(text: bytes) -> dict[str, float]:
    lines = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_answers_refusals_and_errors_are_counted_apart(tmp_path: Path):
    metrics = Metrics()
    metrics.answered(quoted_answer())
    metrics.answered(quoted_answer())
    metrics.answered(refused_answer())
    metrics.failed(NoIndexError("none"))
    found = samples(metrics.text(tmp_path))
    assert found["pariscall_questions_total"] == 4
    assert found['pariscall_answers_total{mode="extractive"}'] == 2
    assert found["pariscall_refusals_total"] == 1
    assert found['pariscall_errors_total{kind="NoIndexError"}'] == 1
    assert found["pariscall_answer_seconds_count"] == 3
    assert found['pariscall_answer_seconds_bucket{le="0.025"}'] == 1  # the refusal took 0.02 s, the answers 0.04 s


def test_no_text_of_question_or_answer_is_told(tmp_path: Path):
    metrics = Metrics()
    answer = quoted_answer("How many zebras?")
    metrics.answered(answer)
    text = metrics.text(tmp_path).decode()
    assert "zebras" not in text and answer.parts[0].text not in text


def test_the_state_of_the_index_is_read_when_it_is_asked_for(tmp_path: Path):
    metrics = Metrics()
    before = samples(metrics.text(tmp_path))
    assert before["pariscall_index_readable"] == 0 and before["pariscall_generations"] == 0
    publish_documents(tmp_path, [note()], "000007")
    after = samples(metrics.text(tmp_path))
    assert after["pariscall_index_readable"] == 1 and after["pariscall_generations"] == 1
    assert after['pariscall_generation{model="model"}'] == 7
    assert after['pariscall_index_entries{kind="documents"}'] == 1
    assert after["pariscall_generation_created_timestamp_seconds"] == 1767323045


def test_a_damaged_pointer_is_told_and_the_rest_still_is(tmp_path: Path):
    publish_documents(tmp_path, [note()])
    (tmp_path / "CURRENT").write_text("000099\n")
    found = samples(Metrics().text(tmp_path))
    assert found["pariscall_index_readable"] == 0 and found["pariscall_generations"] == 1


def test_a_living_writer_is_at_work_and_the_note_of_a_dead_one_does_not_count(tmp_path: Path):
    assert samples(Metrics().text(tmp_path))["pariscall_ingest_running"] == 0
    with writer_lock(tmp_path):
        assert samples(Metrics().text(tmp_path))["pariscall_ingest_running"] == 1
    note = {"process": os.getpid(), "machine": socket.gethostname(), "since": "now"}
    for left in (note, note | {"machine": "elsewhere"}, note | {"process": 1}):
        (tmp_path / "lock.holder").write_text(json.dumps(left))
        assert samples(Metrics().text(tmp_path))["pariscall_ingest_running"] == 0
