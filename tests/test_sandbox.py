from __future__ import annotations

import ctypes
import operator
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from ingest.loaders.text import load
from knowledge_base.errors import DocumentError
from knowledge_base.sandbox.sandbox import Sandbox, SandboxFailure

MEGABYTE = 1 << 20


def fill(count: int) -> int:
    return len(bytes(count))


def touch(count: int) -> int:
    return len(b"\1" * count)


def spin() -> None:
    while True:
        pass


def spin_unless_first(number: int) -> int:
    if number:
        spin()
    return number


def crash() -> None:
    ctypes.string_at(0)


def refuse(name: str) -> None:
    raise DocumentError(f"{name} is protected by a password.", "Save a copy without password.")


def fail() -> None:
    raise ZeroDivisionError("no such page")


def write_much(path: str) -> None:
    with open(path, "wb") as file:
        file.write(bytes(20 * MEGABYTE))


class Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def attack() -> Attack:
    return Attack()


def check(number: int) -> int:
    if number == 2:
        os._exit(3)
    return number * number


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, seconds=20, memory_bytes=300 * MEGABYTE, output_bytes=10 * MEGABYTE) as sandbox:
        yield sandbox


def test_a_result_comes_back_from_another_process(sandbox: Sandbox) -> None:
    assert sandbox.run(os.getpid) != os.getpid()


def test_a_worker_is_used_again_even_by_a_large_parent(sandbox: Sandbox) -> None:
    assert touch(200 * MEGABYTE)
    assert sandbox.run(os.getpid) == sandbox.run(os.getpid)


def test_a_document_survives_the_way_back(sandbox: Sandbox) -> None:
    data = b"A title\n\nA sentence of the text."
    assert sandbox.run(load, data, "a.txt") == load(data, "a.txt")


def test_an_error_for_the_user_keeps_message_and_remedy(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError) as caught:
        sandbox.run(refuse, "a.pdf")
    assert (caught.value.message, caught.value.remedy) == ("a.pdf is protected by a password.", "Save a copy without password.")


def test_any_other_error_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match=r"the parser crashed \(ZeroDivisionError: no such page\)"):
        sandbox.run(fail)


def test_an_endless_task_is_ended_and_its_worker_replaced() -> None:
    with Sandbox(workers=1, seconds=0.5) as sandbox:
        first = sandbox.run(os.getpid)
        with pytest.raises(DocumentError, match=r"took longer than 0\.5 s"):
            sandbox.run(spin)
        assert sandbox.run(os.getpid) != first


def test_a_task_that_had_hardly_any_processor_time_is_late_by_no_fault_of_its_own() -> None:
    with Sandbox(workers=1, seconds=0.5) as sandbox:
        assert sandbox.run(_wait, 0.0) is None  # so that starting the interpreter is not counted as work of the late task
        (outcome,) = [outcome for _, outcome in sandbox.map_unordered(_wait, [None])]
    assert isinstance(outcome, SandboxFailure) and outcome.is_passing
    assert "the machine was overloaded" in outcome.message and outcome.remedy == "Run the sync again."


def _wait(seconds: float | None) -> None:
    threading.Event().wait(seconds)


def test_too_much_memory_is_refused_and_the_next_task_works(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match="needed more than 300 MB of memory"):
        sandbox.run(fill, 400 * MEGABYTE)
    assert sandbox.run(fill, MEGABYTE) == MEGABYTE


def test_a_worker_that_has_grown_large_is_replaced(sandbox: Sandbox) -> None:
    first = sandbox.run(os.getpid)
    assert sandbox.run(touch, 200 * MEGABYTE) == 200 * MEGABYTE
    assert sandbox.run(os.getpid) != first


def test_a_crash_of_the_process_is_reported(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match=r"the parser crashed \(exit status -11\)"):
        sandbox.run(crash)


def test_a_library_that_aborts_is_said_to_lack_memory(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match="it may have needed more than 300 MB of memory"):
        sandbox.run(os.abort)


def test_too_much_output_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match="gave more than 10 MB of output"):
        sandbox.run(bytes, 11 * MEGABYTE)


def test_a_large_file_cannot_be_written(sandbox: Sandbox, tmp_path: os.PathLike[str]) -> None:
    with pytest.raises(DocumentError, match="File too large"):
        sandbox.run(write_much, os.path.join(tmp_path, "large"))


def test_a_result_that_would_run_code_here_is_not_accepted(sandbox: Sandbox) -> None:
    with pytest.raises(DocumentError, match="system is not accepted from a child process"):
        sandbox.run(attack)


def test_each_item_gets_its_own_outcome() -> None:
    with Sandbox(workers=2) as sandbox:
        outcomes = dict(sandbox.map_unordered(check, range(5)))
    failure = outcomes.pop(2)
    assert outcomes == {0: 0, 1: 1, 3: 9, 4: 16}
    assert isinstance(failure, SandboxFailure)
    assert failure.message == "the parser crashed (exit status 3)"


def test_items_are_taken_as_workers_come_free() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with Sandbox(workers=1) as sandbox:
        outcomes = sandbox.map_unordered(operator.neg, items())
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
    assert len(taken) <= 3


def test_closing_ends_a_task_under_way() -> None:
    sandbox = Sandbox(workers=1, seconds=60)
    started = threading.Event()
    outcomes: list[str] = []

    def work() -> None:
        sandbox.run(os.getpid)
        started.set()
        try:
            sandbox.run(spin)
        except (DocumentError, RuntimeError) as error:
            outcomes.append(type(error).__name__)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(20)
    sandbox.close()
    thread.join(20)
    assert outcomes in (["DocumentError"], ["RuntimeError"])


def test_an_abandoned_map_ends_its_tasks() -> None:
    with Sandbox(workers=2, seconds=60) as sandbox:
        outcomes = sandbox.map_unordered(spin_unless_first, range(10))
        assert next(outcomes) == (0, 0)
        outcomes.close()  # type: ignore[attr-defined]
        assert sandbox.run(fill, 3) == 3


def test_a_closed_sandbox_refuses_work() -> None:
    sandbox = Sandbox(workers=1)
    sandbox.close()
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.run(os.getpid)


PARENT = """
import os, sys
from knowledge_base.sandbox.sandbox import Sandbox
from test_sandbox import spin
sandbox = Sandbox(workers=1, seconds=600)
print(sandbox.run(os.getpid), flush=True)
sandbox.run(spin)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_no_worker_outlives_a_killed_parent() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([worker], [], [], 20)
    os.close(worker)
    assert ended == [worker]
