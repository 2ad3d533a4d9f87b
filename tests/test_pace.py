from __future__ import annotations

import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from assistant.writing.faults import ModelFault
from assistant.writing.limits import Limits, paced


def test_what_is_read_comes_through_in_order() -> None:
    assert [item for item in paced(lambda: iter(range(200)), monotonic() + 10) if item is not None] == list(range(200))


def test_a_reader_that_waits_gets_signs_of_life_until_the_deadline() -> None:
    release = threading.Event()

    def read() -> Iterator[int]:
        yield 1
        release.wait(30)

    found = []
    with pytest.raises(ModelFault) as raised:
        found.extend(paced(read, monotonic() + 0.5))
    for item in paced(lambda: iter([1]), monotonic() + 5):
        found.append(item)
    release.set()
    assert raised.value.kind == "time" and found[-1] == 1


def test_an_error_is_raised_in_the_readers_thread() -> None:
    def read() -> Iterator[int]:
        yield 1
        raise ModelFault("cut")

    with pytest.raises(ModelFault, match="interrupted"):
        list(paced(read, monotonic() + 10))


def test_a_reader_that_leaves_lets_the_thread_go() -> None:
    closed = threading.Event()

    def read() -> Iterator[int]:
        try:
            yield from range(10_000)
        finally:
            closed.set()

    stream = paced(read, monotonic() + 10)
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert closed.wait(10)


def test_limits_bound_the_wait_and_the_cost() -> None:
    limits = Limits(retries=3, patience=0.5, input_price=1.0, output_price=2.0, max_cost=0.001)
    assert [limits.wait_before(attempt, ModelFault("server")) for attempt in range(3)] == [0.5, 1.0, 2.0]
    assert limits.wait_before(0, ModelFault("busy", 7)) == 7
    for attempt, fault in ((0, ModelFault("busy", 3600)), (0, ModelFault("key")), (3, ModelFault("server"))):
        with pytest.raises(ModelFault):
            limits.wait_before(attempt, fault)
    assert limits.output_tokens(200) == 400
    with pytest.raises(ModelFault, match="cost more"):
        limits.output_tokens(999)
    assert limits.cost(1000, 1000) == pytest.approx(0.003) and Limits().cost(1, 1) is None
