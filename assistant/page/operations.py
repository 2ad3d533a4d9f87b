"""Routes for those who run the page: /healthz (it is up), /readyz (it can answer; ?wait=SECONDS), /metrics (for Prometheus).

The page can answer when the index is open and the model ready; who asks for that opens them, once, in a thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.page.metrics import CONTENT_TYPE, metrics
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings, is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

_LONGEST_WAIT = 60.0

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
    """Opens a library in a thread when it is first asked for, and again after it failed."""

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
        library, problem = None, None
        try:
            library = self._open()
        except KnowledgeBaseError as error:
            problem = str(error)
        except Exception as error:  # a border: what fails here is told to whoever monitors the page
            log.exception("The library cannot be opened.")
            problem = f"The library cannot be opened ({type(error).__name__})."
        with self._lock:
            self._library, self._problem = library, problem


def operation_routes(settings: Settings, readiness: Readiness | None = None) -> list[Route]:
    """Return the routes; `readiness` is that of the page's library unless another is given."""
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route

    def open_page_library() -> Opened:
        from assistant.page import resources

        return resources.assistant()

    watched = readiness or Readiness(open_page_library)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def ready(request: Request) -> Response:
        state = watched.state()
        with suppress(ValueError):  # of a wait that is no number
            patience = min(float(request.query_params.get("wait", "0")), _LONGEST_WAIT)
            if state.generation is None and patience > 0:
                watched.wait(patience)
                state = watched.state()
        if state.generation is None:
            return JSONResponse({"status": "not ready", "reason": state.reason}, status_code=503)
        return JSONResponse({"status": "ready", "generation": state.generation})

    def measured(request: Request) -> Response:
        if request.client is None or not is_loopback(request.client.host):
            return PlainTextResponse("Metrics are read from this machine only.\n", status_code=403)
        return Response(metrics().text(settings.data_dir), media_type=CONTENT_TYPE)

    return [Route("/healthz", health), Route("/readyz", ready), Route("/metrics", measured)]
