"""Whether the page can answer at once: the index open and the model ready. Asking opens them, once, beside the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from knowledge_base.errors import KnowledgeBaseError

log = logging.getLogger(__name__)


class Opened(Protocol):
    """A library that is open."""

    @property
    def generation_id(self) -> str:
        """Return the name of the generation that answers."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The state: `generation` answers; or it is None, and `reason` says why nothing answers yet."""

    generation: str | None
    reason: str | None = None


class Readiness:
    """Opens a library in a thread of its own when it is first asked for, and again after it failed."""

    def __init__(self, open_library: Callable[[], Opened]) -> None:
        self._open = open_library
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._library: Opened | None = None
        self._problem: str | None = None

    def state(self) -> Ready:
        """Return the state; where nothing is open yet and nothing is being opened, begin to open it."""
        with self._lock:
            if self._library is not None:
                return Ready(self._library.generation_id)
            problem = self._problem
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._try, name="open-library")
                self._thread.start()
        return Ready(None, problem or "The library is being opened.")

    def wait(self, seconds: float) -> None:
        """Wait until the attempt under way has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _try(self) -> None:
        try:
            library = self._open()
        except KnowledgeBaseError as error:
            self._ended(None, str(error))
        except Exception as error:  # a border: what fails here is told to whoever watches over the page
            log.exception("The library cannot be opened.")
            self._ended(None, f"The library cannot be opened ({type(error).__name__}).")
        else:
            self._ended(library, None)

    def _ended(self, library: Opened | None, problem: str | None) -> None:
        with self._lock:
            self._library, self._problem = library, problem
