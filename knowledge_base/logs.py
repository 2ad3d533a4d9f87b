"""What is told of a request under way: log lines, as text or as JSON, each with its id; and spans for OpenTelemetry.

The spans are `retrieve`, `read`, `compose` and `verify` within `answer`; where nobody traces, nothing is imported for them.
Whoever asked can listen to them, to say how far the answer is.
"""

from __future__ import annotations

import functools
import json
import logging
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, ParamSpec, TextIO, TypeVar

from knowledge_base.errors import KnowledgeBaseError

LogFormat = Literal["text", "json"]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Listener = Callable[[str, Mapping[str, str | int | float]], None]
"""Is told the name of a span that begins, and its attributes."""

_SERVICE = "pariscall"
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_request: ContextVar[str | None] = ContextVar("request", default=None)
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


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


# Spans


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of the spans of the block, in this thread; what it raises ends the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[Callable[..., None]]:
    """Trace the block, or the function that it decorates, as span `name`; what is given adds attributes to it."""
    if listener := _listener.get():
        listener(name, attributes)
    tracing = sys.modules.get("opentelemetry.trace")  # a program that traces has imported it
    if tracing is None:
        yield lambda **_: None
        return
    with tracing.get_tracer(_SERVICE).start_as_current_span(name) as opened:

        def tell(**more: str | int | float) -> None:
            opened.set_attributes({f"{_SERVICE}.{key}": value for key, value in more.items()})

        tell(**attributes)
        yield tell


def start_tracing() -> None:
    """Send the spans of this process to where OTEL_EXPORTER_OTLP_ENDPOINT says; raise KnowledgeBaseError without the extra."""
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        remedy = "Install it with `pip install 'paris-call-assistant[otel]'`, or unset PARISCALL_TRACES."
        raise KnowledgeBaseError(f"OpenTelemetry is not installed ({error.name}).", remedy) from error
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: _SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
