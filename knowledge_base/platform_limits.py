"""What operating systems do differently: locks on open files, and limits on a process. Other modules import neither.

On Windows there is neither `fcntl` nor `resource`: nothing is then seen as held by another process, for the system itself
refuses to remove files that are open, and a child process has no limits but its time.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType

fcntl: ModuleType | None
resource: ModuleType | None
try:
    import fcntl
except ImportError:
    fcntl = None
try:
    import resource
except ImportError:
    resource = None

log = logging.getLogger(__name__)

_AGAIN = 0.02  # seconds between two tries
_USUAL_OPEN_FILES = 512
_IS_LINUX = sys.platform == "linux"


def lock(descriptor: int, *, shared: bool = False, patience: float | None = 0.0) -> bool:
    """Lock an open file, until it is closed, alone or `shared` with other readers; return whether that was possible.

    Another's lock is waited for at most `patience` seconds, None: as long as it takes.
    """
    if fcntl is None:
        return True
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    last = None if patience is None else monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind if last is None else kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if last is None or monotonic() >= last:
                return False
        sleep(_AGAIN)


class FolderHold:
    """A folder held open: by readers, who share it, or alone by whoever removes it. It is let go of by `close`."""

    def __init__(self, folder: Path) -> None:
        if fcntl is None and not folder.is_dir():
            raise FileNotFoundError(f"There is no folder {folder}.")
        self._descriptor = None if fcntl is None else os.open(folder, os.O_RDONLY)

    def take(self, *, shared: bool = False, patience: float | None = 0.0) -> bool:
        """Take it as `lock` does; return whether that was possible."""
        return self._descriptor is None or lock(self._descriptor, shared=shared, patience=patience)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def limit(name: str, most: int, *, for_good: bool = True) -> None:
    """Limit this process to `most`, or to its hard limit where that is lower: `name` is that of `resource.RLIMIT_<name>`.

    `for_good`: it cannot be raised again. Nothing happens where the system has no such limit.
    """
    kind = getattr(resource, f"RLIMIT_{name}", None)
    if resource is None or kind is None:
        return
    hard = resource.getrlimit(kind)[1]
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (allowed, allowed if for_good else hard))
    except (OSError, ValueError) as error:
        if _IS_LINUX:
            raise
        log.warning("This process cannot be limited (%s): %s.", name, error)


def processor_time_left() -> float:
    """Return the seconds of processor time that this process may still take; infinity where it is not limited."""
    if resource is None:
        return math.inf
    most = resource.getrlimit(resource.RLIMIT_CPU)[0]
    return math.inf if most == resource.RLIM_INFINITY else most - time.process_time()


def die_with_parent() -> None:
    """Have the kernel signal this process, even in a busy loop of C, when the parent's end of standard input closes (Linux)."""
    if fcntl is not None and _IS_LINUX:
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def most_open_files() -> int:
    """Return how many files this process may have open."""
    return _USUAL_OPEN_FILES if resource is None else int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def most_memory_held() -> int:
    """Return the most memory that this process held at once, in bytes; 0 where the system does not tell."""
    try:  # on Linux getrusage would give its parent's, if larger
        status = Path("/proc/self/status").read_bytes()
        return int(status.partition(b"VmHWM:")[2].split(maxsplit=1)[0]) * 1024
    except OSError:
        if resource is None:
            return 0
        peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return peak if sys.platform == "darwin" else peak * 1024
