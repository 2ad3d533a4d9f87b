"""Run a command and measure it: wall time, and the peak memory of it and all of its children together."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took: seconds, those that processors worked for it, the peak of its memory in MB (proportional set size).

    Children are included. Processor seconds mean something on a busy machine too.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float
    code: int
    out: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, allowed: Sequence[int] = (0,)) -> Run:
    """Run a command to its end; raise where its exit code is not among those allowed."""
    before, started = _processor_seconds(), perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    with MemoryWatch(process.pid) as memory:
        out, error = process.communicate()
        seconds = perf_counter() - started
    if process.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{error[-3000:]}")
    return Run(seconds, _processor_seconds() - before, memory.peak_mb, process.returncode, out)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def python(*arguments: str) -> list[str]:
    """Return a command that this interpreter runs."""
    return [sys.executable, *arguments]


class MemoryWatch:
    """Looks at the memory of a process and its children every 50 ms; a context manager."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak_mb = 0.0

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, memory_mb(self._root))
            if self._end.wait(_EVERY):
                return


def memory_mb(root: int) -> float:
    """Return the proportional set size of a process and all below it, in MB."""
    return sum(map(_pss, tree(root))) / 1e6


def tree(root: int) -> list[int]:
    """Return a process and all below it."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            below.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
        except (OSError, IndexError):
            continue
    found = [root]
    for parent in found:
        found += below.get(parent, [])
    return found


def _pss(identifier: int) -> int:
    try:
        lines = Path(f"/proc/{identifier}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, load average, versions."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": sys.version.split()[0],
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
