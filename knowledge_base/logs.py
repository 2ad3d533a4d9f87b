"""Log lines as text or as JSON, one per line, each with the id of the request that it belongs to."""

from __future__ import annotations

import functools
import json
import logging
import secrets
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, ParamSpec, TextIO, TypeVar

LogFormat = Literal["text", "json"]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_request: ContextVar[str | None] = ContextVar("request", default=None)


def request_id() -> str | None:
    """Return the id of the request under way, or None."""
    return _request.get()


def as_request(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give each call an id that its log lines bear, unless it is part of a request that has one."""

    @functools.wraps(function)
    def call(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        token = _request.set(_request.get() or secrets.token_hex(8))
        try:
            return function(*arguments, **named)
        finally:
            _request.reset(token)

    return call


class JsonLines(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, request, and what the call gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := request_id():
            line["request"] = request
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(log_format: LogFormat, level: str, stream: TextIO | None = None) -> None:
    """Log to `stream`, standard error unless given, from `level` on; handlers that write elsewhere stay as they are."""
    stream = stream or sys.stderr
    root = logging.getLogger()
    root.setLevel(level.upper())
    logging.basicConfig(stream=stream)
    formatter = JsonLines() if log_format == "json" else logging.Formatter("%(message)s")
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
            handler.setFormatter(formatter)
