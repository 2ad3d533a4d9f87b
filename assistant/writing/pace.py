"""Read a model's answer with a deadline, whatever its client library does: from a thread, with signs of life."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from time import monotonic
from typing import TypeVar

from assistant.writing.faults import ModelFault

Item = TypeVar("Item")

TICK = 0.2  # seconds between two signs of life
_AHEAD = 64  # pieces that the thread may read ahead


@dataclass(frozen=True, slots=True)
class _End:
    """What the thread puts last: the error that ended it, if any."""

    error: BaseException | None = None


def paced(read: Callable[[], Iterator[Item]], deadline: float) -> Iterator[Item | None]:
    """Give what `read()` gives, and None where nothing came for TICK seconds.

    Raise ModelFault("time") at the deadline (on the clock of `monotonic`), and what `read()` raises. A reader that stops early
    leaves the thread to end with the next piece, or at its library's own timeout.
    """
    queue: Queue[Item | _End] = Queue(_AHEAD)
    left = threading.Event()
    threading.Thread(target=_fill, args=(read, queue, left), daemon=True, name="model-answer").start()
    try:
        while True:
            remaining = deadline - monotonic()
            if remaining <= 0:
                raise ModelFault("time")
            try:
                item = queue.get(timeout=min(TICK, remaining))
            except Empty:
                yield None
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        left.set()


def _fill(read: Callable[[], Iterator[Item]], queue: Queue[Item | _End], left: threading.Event) -> None:
    end = _End()
    try:
        for item in read():
            if not _put(queue, item, left):
                return
    except BaseException as error:  # it is raised again in the reader's thread
        end = _End(error)
    _put(queue, end, left)


def _put(queue: Queue[Item | _End], item: Item | _End, left: threading.Event) -> bool:
    while not left.is_set():
        try:
            queue.put(item, timeout=TICK)
        except Full:
            continue
        return True
    return False
