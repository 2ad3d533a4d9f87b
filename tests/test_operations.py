from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from page_fixtures import note, publish_documents
from starlette.applications import Starlette
from starlette.testclient import TestClient

from assistant.page.operations import Readiness, operation_routes
from knowledge_base.errors import NoIndexError
from knowledge_base.settings import Settings


@dataclass(frozen=True)
class Library:
    generation_id: str = "000004"


def client(settings: Settings, readiness: Readiness | None = None, address: str = "127.0.0.1") -> TestClient:
    app = Starlette(routes=operation_routes(settings, readiness))
    return TestClient(app, client=(address, 50000))


def test_it_is_not_ready_until_the_library_is_open_and_says_so(tmp_path: Path):
    opening = threading.Event()

    def opened() -> Library:
        opening.wait(20)
        return Library()

    readiness = Readiness(opened)
    page = client(Settings(data_dir=tmp_path), readiness)
    first = page.get("/readyz")
    assert (first.status_code, first.json()) == (503, {"status": "not ready", "reason": "The library is being opened."})
    assert page.get("/healthz").json() == {"status": "ok"}
    opening.set()
    then = page.get("/readyz?wait=20")
    assert (then.status_code, then.json()) == (200, {"status": "ready", "generation": "000004"})


def test_what_keeps_it_from_being_ready_is_told_and_tried_again(tmp_path: Path):
    outcomes: list[Exception | Library] = [NoIndexError("There is no index.", "Build one."), RuntimeError("seven"), Library()]

    def opened() -> Library:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    readiness = Readiness(opened)
    page = client(Settings(data_dir=tmp_path), readiness)
    reasons = []
    for _ in range(3):
        reasons.append(page.get("/readyz").json()["reason"])
        readiness.wait(20)
    assert reasons == [
        "The library is being opened.",
        "There is no index. Build one.",
        "The library cannot be opened (RuntimeError).",
    ]
    assert page.get("/readyz").status_code == 200


def test_the_library_is_opened_once_however_many_ask(tmp_path: Path):
    opened: list[Library] = []
    readiness = Readiness(lambda: opened.append(Library()) or opened[0])
    page = client(Settings(data_dir=tmp_path), readiness)
    for _ in range(3):
        page.get("/readyz")
        readiness.wait(20)
    assert len(opened) == 1


@pytest.mark.parametrize("wait", ["0", "-3", "soon", ""])
def test_who_does_not_wait_is_told_at_once(tmp_path: Path, wait: str):
    opening = threading.Event()
    readiness = Readiness(lambda: Library() if opening.wait(20) else Library("late"))
    assert client(Settings(data_dir=tmp_path), readiness).get(f"/readyz?wait={wait}").status_code == 503
    opening.set()


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("testclient", 403)])
def test_metrics_are_read_from_this_machine_alone(tmp_path: Path, address: str, status: int):
    publish_documents(tmp_path, [note()])
    found = client(Settings(data_dir=tmp_path), address=address).get("/metrics")
    assert found.status_code == status
    assert ("pariscall_generation" in found.text) == (status == 200)


def test_metrics_come_in_prometheus_text_format(tmp_path: Path):
    found = client(Settings(data_dir=tmp_path)).get("/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE pariscall_questions_total counter" in found.text and "process_resident_memory_bytes" in found.text
