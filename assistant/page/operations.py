"""Routes for those who run the page: /healthz (it is up), /readyz (it can answer; ?wait=SECONDS), /metrics (for Prometheus)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from assistant.page.metrics import CONTENT_TYPE, metrics
from assistant.page.readiness import Opened, Readiness
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


_LONGEST_WAIT = 60.0


def operation_routes(settings: Settings, readiness: Readiness | None = None) -> list[Route]:
    """Return the routes; `readiness` is that of the page's library unless another is given."""
    from starlette.routing import Route

    watched = readiness or Readiness(_page_library)

    def ready(request: Request) -> Response:
        from starlette.responses import JSONResponse

        state = watched.state()
        if state.generation is None and (patience := _seconds(request.query_params.get("wait", "0"))):
            watched.wait(patience)
            state = watched.state()
        if state.generation is None:
            return JSONResponse({"status": "not ready", "reason": state.reason}, status_code=503)
        return JSONResponse({"status": "ready", "generation": state.generation})

    def measured(request: Request) -> Response:
        from starlette.responses import PlainTextResponse, Response

        if request.client is None or not _is_loopback(request.client.host):
            return PlainTextResponse("Metrics are read from this machine alone.\n", status_code=403)
        return Response(metrics().text(settings.data_dir), media_type=CONTENT_TYPE)

    return [Route("/healthz", health), Route("/readyz", ready), Route("/metrics", measured)]


async def health(request: Request) -> Response:
    """Say that the page is up."""
    from starlette.responses import JSONResponse

    return JSONResponse({"status": "ok"})


def _page_library() -> Opened:
    from assistant.page import resources

    return resources.assistant()


def _seconds(text: str) -> float:
    """Return how long to wait: what the address asks for, within reason."""
    try:
        return min(max(float(text), 0.0), _LONGEST_WAIT)
    except ValueError:
        return 0.0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
