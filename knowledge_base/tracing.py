"""Spans for OpenTelemetry: retrieve, read, compose, verify, within `answer`; where nobody traces, nothing is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from knowledge_base.errors import KnowledgeBaseError

SERVICE = "pariscall"


@contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[Callable[..., None]]:
    """Trace the block, or the function that it decorates, as span `name`; what is given adds attributes to it."""
    tracing = sys.modules.get("opentelemetry.trace")  # a program that traces has imported it
    if tracing is None:
        yield lambda **_: None
        return
    with tracing.get_tracer(SERVICE).start_as_current_span(name) as opened:

        def tell(**more: str | int | float) -> None:
            opened.set_attributes({f"{SERVICE}.{key}": value for key, value in more.items()})

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
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
