"""Serve the page on 127.0.0.1: Streamlit's ASGI application with response headers and routes of our own."""

from __future__ import annotations

import errno
import os
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from assistant.page.metrics import metrics
from assistant.page.settings import SETTINGS_VARIABLE, scripts
from assistant.page.uploads import EXPECTED
from assistant.workbench.http_api import PREFIXES, api_routes
from assistant.workbench.tools import Tools
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.starlette import App

    from assistant.answering import Assistant

ADDRESS = "127.0.0.1"
HOSTS = ["127.0.0.1", "localhost"]
SCRIPT = Path(__file__).with_name("app.py")

_GRACE_SECONDS = 2
_MESSAGE_BYTES = 16 << 20
_READS = ("GET", "HEAD", "OPTIONS")
_UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+")
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def serve(settings: Settings, port: int) -> None:
    """Serve the page until it is interrupted; raise KnowledgeBaseError if the port is not available."""
    import uvicorn

    with listening_socket(port) as listener:
        address = f"http://{ADDRESS}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            page_application(settings),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=_MESSAGE_BYTES,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        print(f"The page is at {address} (Ctrl-C ends it).", flush=True)
        with suppress(KeyboardInterrupt):  # raised again by uvicorn, though not always: once a run ended without it
            uvicorn.Server(config).run(sockets=[listener])
        print("The page has ended.", flush=True)


def listening_socket(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1 (0: any free port); raise KnowledgeBaseError if it is not available."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        reason = "in use" if error.errno == errno.EADDRINUSE else f"not available ({error.strerror})"
        remedy = "Choose another with --port, or end the program that uses it."
        raise KnowledgeBaseError(f"Port {port} on {ADDRESS} is {reason}.", remedy) from error
    return listener


def page_application(settings: Settings) -> App:
    """Return the ASGI application of the page, and leave the settings where its script finds them."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from streamlit import config
    from streamlit.starlette import App

    from assistant.page.operations import operation_routes
    from assistant.page.templates import draw_unexpected_error

    os.environ[SETTINGS_VARIABLE] = settings.model_dump_json()
    application = App(
        SCRIPT,
        lifespan=_import_page_early,
        routes=[*operation_routes(settings), *api_routes(settings, Tools(settings, held_assistant, metrics().answered))],
        middleware=[
            Middleware(ResponseHeaders, headers=response_headers()),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
            Middleware(WriteGuard, most_bytes=settings.max_uploads_mb << 20),
        ],
        on_script_error=draw_unexpected_error,
    )
    config.set_option("server.maxUploadSize", settings.max_file_mb)  # read first: the application finds its config.toml
    return application


def held_assistant() -> AbstractContextManager[Assistant]:
    """Give the page's assistant to one caller; it is opened at first use."""
    from assistant.page import resources

    return resources.assistant().held()


@asynccontextmanager
async def _import_page_early(_: App) -> AsyncIterator[None]:
    """Import what the chat page is drawn with while the browser still loads Streamlit's scripts."""
    Thread(target=import_module, args=("assistant.page.views.chat",), name="import-page").start()
    yield


def response_headers() -> dict[str, str]:
    """Return the headers that every response gets."""
    return {
        "Content-Security-Policy": content_security_policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def content_security_policy() -> str:
    """Return a policy that lets the page load only from its own host; of scripts in the page only Streamlit's and ours run."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = [*_INLINE_SCRIPT.findall(page), *scripts().values()]
    digests = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in inline)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {digests}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class ResponseHeaders:
    """ASGI middleware that puts `headers` on every response."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = {name.lower().encode(): value.encode() for name, value in headers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in self._headers]
                message["headers"] = [*kept, *self._headers.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class WriteGuard:
    """ASGI middleware that takes what is sent only from the page itself, and files only if a session shows the field.

    The API has a guard of its own.

    Streamlit holds a file in memory until the session takes it: `most_bytes` limits what waits there, of all sessions together.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._coming = 0  # bytes of the files that are being sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        from starlette.requests import HTTPConnection
        from starlette.responses import PlainTextResponse

        if scope["type"] != "http" or scope["method"] in _READS or scope["path"].startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        length = headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() else self._most_bytes + 1
        upload = _UPLOAD.fullmatch(scope["path"])
        if headers.get("origin") != f"http://{headers.get('host')}":
            await PlainTextResponse("This was not sent by the page.\n", 403)(scope, receive, send)
        elif upload and scope["method"] != "DELETE" and upload["session"] not in EXPECTED:
            await PlainTextResponse("No file is expected here.\n", 403)(scope, receive, send)
        elif upload and scope["method"] == "PUT" and _waiting_bytes() + self._coming + size > self._most_bytes:
            reason = "Too many files wait. Take or remove some, or raise PARISCALL_MAX_UPLOADS_MB.\n"
            await PlainTextResponse(reason, 413)(scope, receive, send)
        else:
            self._coming += size
            try:
                await self._app(scope, receive, send)
            finally:
                self._coming -= size


def _waiting_bytes() -> int:
    """Return how many bytes of files Streamlit holds."""
    from streamlit.runtime import Runtime

    if not Runtime.exists():
        return 0
    stats = Runtime.instance().uploaded_file_mgr.get_stats()
    return sum(getattr(stat, "byte_length", 0) for family in stats.values() for stat in family)
