"""Who may use the doors for programs: on this machine everybody, until a token is made; from elsewhere with the token only.

The token is shown once and kept as its SHA-256 in DATA_DIR/token: it is long and random, so that a slow hash gains nothing.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import threading
import time
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import KnowledgeBaseError, StorageError
from knowledge_base.files import replace_file, storage_errors
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN_FILE = "token"
MOST_BODY_BYTES = 1 << 20
_PREFIX = "pariscall_"
_MOST_CLIENTS = 10_000
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def make_token(data_dir: Path, replace: bool) -> str:
    """Make the token, keep its hash, and return it; raise KnowledgeBaseError where there is one that may not be replaced."""
    path = data_dir / TOKEN_FILE
    if path.exists() and not replace:
        raise KnowledgeBaseError(
            "There is a token already; it was shown when it was made, and only its hash is kept.",
            "Make another with `python -m assistant token --replace`, which ends the present one.",
        )
    token = _PREFIX + secrets.token_urlsafe(32)
    with storage_errors(data_dir):
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, json.dumps({"sha256": sha256(token.encode()).hexdigest()}).encode())
        os.chmod(path, 0o600)
    return token


def remove_token(data_dir: Path) -> bool:
    """Remove the token; return whether there was one."""
    path = data_dir / TOKEN_FILE
    existed = path.exists()
    with storage_errors(data_dir):
        path.unlink(missing_ok=True)
    return existed


def token_hash(data_dir: Path) -> str | None:
    """Return the SHA-256 of the token in hex, or None where none was made; raise StorageError where it cannot be read."""
    path = data_dir / TOKEN_FILE
    try:
        return str(json.loads(path.read_bytes())["sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Make another with `python -m assistant token --replace`."
        raise StorageError(f"{path}, which holds the token's hash, cannot be read.", remedy) from error


class AccessGuard:
    """ASGI middleware that lets in who may use an API: by host, origin, address, token and number of requests.

    What it refuses is answered with problem details (RFC 9457). A body over `MOST_BODY_BYTES` is refused here where its length
    is declared, and by `read_body` where it is not.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._data_dir = settings.data_dir
        self._rate = RateLimit(settings.api_requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, send)
            return
        from starlette.responses import JSONResponse

        status, detail, headers = refused
        response = JSONResponse(problem(status, detail), status, headers, media_type=PROBLEM)
        await response(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str, dict[str, str]] | None:
        """Return the status, the reason with the remedy, and headers of a refusal, or None for a request that may pass."""
        from starlette.requests import HTTPConnection

        request = HTTPConnection(scope)
        headers, host = request.headers, request.headers.get("host", "")
        if host.rsplit(":", 1)[0] not in _LOCAL_HOSTS:
            return 400, f"This host is not served here: {host[:100]!r}. Use 127.0.0.1.", {}
        if headers.get("origin") not in (None, f"http://{host}"):
            return 403, "This was sent by the page of another site. Call the API from a program.", {}
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > MOST_BODY_BYTES:
            return 413, f"The body may have {MOST_BODY_BYTES} bytes. Send less.", {}
        client = request.client.host if request.client else ""
        try:
            known = token_hash(self._data_dir)
        except StorageError as error:
            return 503, str(error), {}
        if known is None and not _is_loopback(client):
            return 403, "Only programs on this machine may call. Make a token with `python -m assistant token`.", {}
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = known and compare_digest(sha256(given.strip().encode()).hexdigest(), known)
        if known is not None and not (right and scheme.lower() == "bearer"):
            return 401, "The token is missing or wrong. Send `Authorization: Bearer TOKEN`.", {"WWW-Authenticate": "Bearer"}
        if (wait := self._rate.wait_of(client)) > 0:
            seconds = str(int(wait) + 1)
            remedy = f"Wait {seconds} seconds, or raise PARISCALL_API_REQUESTS_PER_MINUTE."
            return 429, f"Too many requests. {remedy}", {"Retry-After": seconds}
        return None


class RateLimit:
    """A number of requests a minute for each client: as many may come at once, and each minute gives as many again."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def wait_of(self, client: str) -> float:
        """Count a request; return 0 where it may pass, else after how many seconds the next one may."""
        per_second, now = self._per_minute / 60, time.monotonic()
        with self._lock:
            if len(self._left) > _MOST_CLIENTS:
                self._left.clear()
            left, since = self._left.get(client, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - since) * per_second)
            self._left[client] = (max(0.0, left - 1) if left >= 1 else left, now)
        return 0.0 if left >= 1 else (1 - left) / per_second


PROBLEM = "application/problem+json"
_TITLES = {
    400: "Bad request", 401: "Not authorised", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    413: "Too large", 422: "Arguments do not fit", 429: "Too many requests", 500: "Unexpected error", 503: "Not available",
}  # fmt: skip


def problem(status: int, detail: str) -> dict[str, object]:
    """Return problem details (RFC 9457) of an error."""
    return {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status, "detail": detail}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
