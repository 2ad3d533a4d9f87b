"""A web server on this machine that serves files well or badly, and small archives to serve."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

TOP = "pariscall.international-916433b"


@dataclass
class Served:
    """How one path is answered; `cuts` says after how many bytes each of the first answers breaks off."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    announced: int | None = None
    endless: bool = False
    silent: bool = False


class Site:
    """What the server serves, by path, and what it was asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, Served] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.closing = Event()

    def serve(self, path: str, served: Served) -> str:
        self.pages[path] = served
        return self.url + path


@contextmanager
def running_site() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.site = site = Site(server.server_port)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        asked = self.headers.get("Range")
        site.requests.append((self.path, asked))
        served = site.pages.get(self.path, Served(status=404))
        self.send_response(served.status)
        self.send_header("Connection", "close")
        for name, value in served.headers.items():
            self.send_header(name, value)
        if not served.endless:
            self.send_header("Content-Length", str(served.announced or len(served.content)))
        self.end_headers()
        if served.silent:
            site.closing.wait()
        self._send(served)
        self.close_connection = True

    def _send(self, served: Served) -> None:
        end = served.cuts.pop(0) if served.cuts else None
        try:
            self.wfile.write(served.content[:end])
            while served.endless:
                self.wfile.write(bytes(65536))
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests read `Site.requests`."""


def archive_of(files: Mapping[str, bytes], extra: Callable[[tarfile.TarFile], None] | None = None, top: str = TOP) -> bytes:
    """Return a .tar.gz of these files below one top folder; `extra` adds members of its own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            add(tar, f"{top}/{path}", content)
        if extra:
            extra(tar)
    return gzip.compress(buffer.getvalue(), compresslevel=1, mtime=0)


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> None:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, target
    tar.addfile(member, io.BytesIO(content))
