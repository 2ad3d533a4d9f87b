"""Run functions in child processes with limits on memory, time and output: for parsers and renderers of untrusted files.

A worker is a fresh interpreter that takes task after task; it is replaced when it dies, runs late or has grown large.
Results come back as pickles of which only plain values and classes of this project are accepted.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, is_dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from knowledge_base.errors import DocumentError
from knowledge_base.sandbox.worker import Limits, size_in_words

Item = TypeVar("Item")
Result = TypeVar("Result")

_logger = logging.getLogger(__name__)
_PATIENCE = 0.05
_CLOCK_TIMES = 4  # processor time ends a task at its limit; by the clock it may take so many times as long on a busy machine
_SHARE_WORKED = 0.5  # of its time a late task must have worked for its lateness to be its own
_ONE_THREAD_EACH = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_OWN_PACKAGES = ("knowledge_base", "ingest", "assistant")


@dataclass(frozen=True, slots=True)
class SandboxFailure:
    """Why a task gave no result: `message` for the report, `remedy` for the user.

    It `is_passing` where the machine, not the task, was slow.
    """

    message: str
    remedy: str = ""
    is_passing: bool = False


class Sandbox:
    """A pool of `workers` child processes; each task may take `seconds` and `memory_bytes`, and return `output_bytes`.

    Functions must be importable by name, arguments and results picklable. Use it as a context manager, or call `close`.
    """

    def __init__(
        self, workers: int = 2, seconds: float = 30.0, memory_bytes: int = 1 << 30, output_bytes: int = 256 << 20
    ) -> None:
        if workers < 1 or seconds <= 0:
            raise ValueError(f"workers and seconds must be positive, not {workers} and {seconds}")
        self.workers = workers
        self._limits = Limits(seconds, memory_bytes, output_bytes)
        self._lock = threading.Lock()
        self._busy: set[_Worker] = set()
        self._closed = False
        self._free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Return `function(*arguments)` from a child process. Raise DocumentError where it fails or passes a limit."""
        outcome = self._attempt(function, *arguments)
        if isinstance(outcome, SandboxFailure):
            raise DocumentError(outcome.message, outcome.remedy)
        return outcome

    def map_unordered(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[int, Result | SandboxFailure]]:
        """Yield (position, result or failure) of each item as it is done; items are taken as workers come free."""
        numbered = enumerate(items)
        executor = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
        pending: dict[Future[Result | SandboxFailure], int] = {}
        try:
            while True:
                for index, item in islice(numbered, 2 * self.workers - len(pending)):
                    pending[executor.submit(self._attempt, function, item)] = index
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), future.result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in pending):
                self._kill_busy()
                wait(pending, timeout=_PATIENCE)

    def close(self) -> None:
        """Stop all workers, busy ones too."""
        with self._lock:
            self._closed = True
        self._kill_busy()
        idle = []
        while not self._free.empty():
            idle.append(self._free.get_nowait())
        for worker in idle:
            if worker:
                worker.stop()
            self._free.put(None)

    def _attempt(self, function: Callable[..., Result], *arguments: object) -> Result | SandboxFailure:
        task = pickle.dumps((function, arguments), protocol=pickle.HIGHEST_PROTOCOL)
        worker = self._free.get()
        try:
            worker = self._begin(worker)
            outcome: Result | SandboxFailure = worker.call(task)
        finally:
            self._free.put(self._end(worker))
        return outcome

    def _begin(self, worker: _Worker | None) -> _Worker:
        if worker and not worker.usable:
            worker.stop()
            worker = None
        worker = worker or _Worker(self._limits)
        with self._lock:
            if not self._closed:
                self._busy.add(worker)
                return worker
        worker.stop()
        raise RuntimeError("the sandbox is closed")

    def _end(self, worker: _Worker | None) -> _Worker | None:
        if worker is None:
            return None
        with self._lock:
            self._busy.discard(worker)
        if worker.usable and not self._closed:
            return worker
        worker.stop()
        return None

    def _kill_busy(self) -> None:
        with self._lock:
            for worker in self._busy:
                worker.kill()


class _Worker:
    """One child process, for one task at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._late = self._finished = self._waited = False
        ours, theirs = socket.socketpair()
        with theirs:
            self._connection = Connection(ours.detach())
            self._process = _start(theirs.fileno(), limits)

    @property
    def usable(self) -> bool:
        """Tell whether it can take a task: it lives, has not grown large and was not told to stop."""
        return not self._finished and self._process.poll() is None

    def call(self, task: bytes) -> Any:  # noqa: ANN401
        """Return the result of a pickled (function, arguments), or a SandboxFailure."""
        timer = threading.Timer(_CLOCK_TIMES * self._limits.seconds, self._time_is_up, (self._seconds_worked(),))
        timer.start()
        try:
            self._connection.send_bytes(task)
            reply = _read(self._connection.recv_bytes(self._limits.output_bytes + 4096))
            outcome = SandboxFailure(*reply.failure) if reply.failure else _read(reply.result or b"")
            self._finished = self._finished or reply.spent
        except (OSError, EOFError):
            return self._how_it_ended()
        except (pickle.UnpicklingError, ValueError, TypeError, AttributeError, ImportError) as error:
            self._finished = True
            _logger.warning("A sandboxed task returned what is not accepted: %s", error)
            return SandboxFailure(f"the parser returned something unexpected ({error})")
        finally:
            timer.cancel()
        return outcome

    def kill(self) -> None:
        """End the process at once; a call under way returns a failure."""
        self._finished = True
        self._process.kill()

    def stop(self) -> None:
        """End the process and free what it held."""
        self.kill()
        self._connection.close()
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _time_is_up(self, worked_before: float) -> None:
        self._late = True
        self._waited = self._seconds_worked() - worked_before < _SHARE_WORKED * self._limits.seconds
        self.kill()

    def _seconds_worked(self) -> float:
        """Return the processor time of the process, or that of a task that only works where the system does not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return monotonic()

    def _how_it_ended(self) -> SandboxFailure:
        self.kill()
        code = self._process.wait()
        if self._late and self._waited:
            message = f"took longer than {self._limits.seconds:g} s, for the machine was busy with other work"
            return SandboxFailure(message, "Run the sync again.", is_passing=True)
        if self._late or code == -signal.SIGXCPU:
            remedy = "Split the file, or raise PARISCALL_PARSE_SECONDS."
            return SandboxFailure(f"took longer than {self._limits.seconds:g} s", remedy)
        if code == -signal.SIGABRT:
            memory = size_in_words(self._limits.memory_bytes)
            return SandboxFailure(f"the parser gave up; it may have needed more than {memory} of memory", "Split the file.")
        return SandboxFailure(f"the parser crashed (exit status {code})", "Open and save the file again, or leave it out.")


def _start(descriptor: int, limits: Limits) -> subprocess.Popen[bytes]:
    """Start an interpreter that serves tasks from `descriptor`; its standard input only tells it that we are alive."""
    numbers = f"{descriptor}, {limits.seconds!r}, {limits.memory_bytes}, {limits.output_bytes}"
    search_path = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from knowledge_base.sandbox.worker import serve; serve({numbers})"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        process_group=0,
        env=os.environ | _ONE_THREAD_EACH | {"PYTHONPATH": search_path},
    )


class _Unpickler(pickle.Unpickler):
    """Accepts plain values and the classes that this project defines: a captured child must not run code in its parent."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        found = super().find_class(module, name) if module.split(".")[0] in _OWN_PACKAGES and "." not in name else None
        if not isinstance(found, type) or found.__module__ != module or not _is_record(found):
            raise pickle.UnpicklingError(f"{module}.{name} is not accepted from a child process")
        return found


def _is_record(kind: type) -> bool:
    return is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


def _read(message: bytes) -> Any:  # noqa: ANN401
    return _Unpickler(io.BytesIO(message)).load()
