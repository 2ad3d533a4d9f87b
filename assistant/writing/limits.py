"""What one answer of a language model may take: tokens, tries, money, and time, whatever its client library does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from time import monotonic
from typing import Self, TypeVar

from assistant.writing.faults import RETRIED, ModelFault
from knowledge_base.settings import Settings

Item = TypeVar("Item")

TICK = 0.2  # seconds between two signs of life
_AHEAD = 64  # pieces that the thread may read ahead
_LONGEST_WAIT = 20.0
_FEWEST_TOKENS = 50
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one answer; prices are of a million tokens, `max_cost` 0 is no limit, `patience` is the first wait."""

    seconds: float = 120.0
    max_tokens: int = 700
    max_input_tokens: int = 6000
    retries: int = 2
    input_price: float = 0.0
    output_price: float = 0.0
    max_cost: float = 0.0
    marks_unsupported: bool = False
    patience: float = 0.5

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits that are configured."""
        return cls(
            settings.chat_seconds, settings.chat_max_tokens, settings.chat_max_input_tokens, settings.chat_retries,
            settings.chat_input_price, settings.chat_output_price, settings.chat_max_cost, settings.chat_unsupported == "mark",
        )  # fmt: skip

    def output_tokens(self, input_tokens: int) -> int:
        """Return how many tokens an answer may have; raise ModelFault where the cost allows too few."""
        if not self.max_cost:
            return self.max_tokens
        left = self.max_cost - input_tokens * self.input_price / _MILLION
        affordable = int(left * _MILLION / self.output_price) if self.output_price else self.max_tokens
        if left < 0 or affordable < _FEWEST_TOKENS:
            raise ModelFault("cost")
        return min(self.max_tokens, affordable)

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what an answer cost, or None where no prices are set."""
        if not (self.input_price or self.output_price):
            return None
        return (input_tokens * self.input_price + output_tokens * self.output_price) / _MILLION

    def wait_before(self, attempt: int, fault: ModelFault) -> float:
        """Return the seconds to wait before the try after `attempt` (from 0), as the provider asks or twice as long each time.

        Raise the fault where another try would not help, there are none left, or the wait would be too long.
        """
        seconds = fault.retry_after if fault.retry_after is not None else self.patience * 2**attempt
        if fault.kind not in RETRIED or attempt >= self.retries or seconds > _LONGEST_WAIT:
            raise fault
        return seconds


@dataclass(frozen=True, slots=True)
class _End:
    """What the thread puts last: the error that ended it, if any."""

    error: BaseException | None = None


def paced(read: Callable[[], Iterator[Item]], deadline: float) -> Iterator[Item | None]:
    """Give what `read()` gives, from a thread, and None where nothing came for TICK seconds.

    Raise ModelFault("time") at the deadline (on the clock of `monotonic`), and what `read()` raises. A reader that stops early
    leaves the thread to end with the next piece, or at its library's own timeout.
    """
    queue: Queue[Item | _End] = Queue(_AHEAD)
    left = threading.Event()

    def put(item: Item | _End) -> None:
        while not left.is_set():
            with suppress(Full):
                queue.put(item, timeout=TICK)
                return

    def fill() -> None:
        end = _End()
        try:
            for item in read():
                put(item)
                if left.is_set():
                    return
        except BaseException as error:  # it is raised again in the reader's thread
            end = _End(error)
        put(end)

    threading.Thread(target=fill, daemon=True, name="model-answer").start()
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
