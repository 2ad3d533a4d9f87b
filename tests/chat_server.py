"""A server on loopback that speaks OpenAI's chat protocol and does as a test tells it: answer, fail, hang, go on for ever."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECE = 7  # characters a chunk


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request: `text` is streamed; `after` says how the stream goes on once it is sent.

    `after`: "stop" and "length" end it as the protocol does, "cut" resets the connection, "close" ends it without a word,
    "hang" sends nothing more, "repeat" sends the text again and again. `body` is sent as it is instead of a stream. A `piece`
    has so many characters, and `delay` seconds pass after each, as a model takes time.
    """

    text: str = ""
    status: int = 200
    after: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    piece: int = PIECE
    delay: float = 0.0


Answerer = Callable[[list[dict[str, str]]], Reply | str]


class ChatServer:
    """The server; `answer` may be replaced at any time, `requests` are the bodies that came, `keys` the keys with them."""

    def __init__(self) -> None:
        self.answer: Answerer = lambda messages: Reply("The documents do not say.")
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.chat = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def prompts(self) -> list[str]:
        return [request["messages"][-1]["content"] for request in self.requests]


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    server = ChatServer()
    try:
        yield server
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    chat: ChatServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""

    def do_POST(self) -> None:
        chat = self.server.chat
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chat.requests.append(request)
        chat.keys.append(self.headers.get("Authorization", ""))
        answer = chat.answer(request["messages"])
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        if reply.body is not None or reply.status != 200:
            self._send_whole(reply)
        else:
            self._stream(reply)

    def _send_whole(self, reply: Reply) -> None:
        body = (
            reply.body
            if reply.body is not None
            else json.dumps({"error": {"message": "no " + self.headers["Authorization"]}}).encode()
        )
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event({"role": "assistant", "content": ""})
        self._text(reply)
        while reply.after == "repeat":
            self._text(reply)
        if reply.after == "hang":
            self.server.chat.released.wait(60)
        if reply.after in ("cut", "hang"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if reply.after != "close":
            self._event({}, reply.after)
            self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _text(self, reply: Reply) -> None:
        for start in range(0, len(reply.text), reply.piece):
            self._event({"content": reply.text[start : start + reply.piece]})
            if reply.delay:
                self.server.chat.released.wait(reply.delay)

    def _event(self, delta: dict[str, str], ended: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": ended}
        event = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
        self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def passages_of(messages: list[dict[str, str]]) -> dict[int, str]:
    """Return the passages of a prompt of ours by number, as a model reads them."""
    import re

    user = messages[-1]["content"]
    blocks = re.findall(r"^(\w{12}) \[passage (\d+)\][^\n]*\n(.*?)\n\1$", user, re.DOTALL | re.MULTILINE)
    return {int(number): text for _, number, text in blocks}
