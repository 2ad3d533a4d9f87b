"""What a question leaves in OpenTelemetry's in-memory exporter."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from chat_server import chat_server, passages_of
from libraries import Library
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assistant.answering import Assistant
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.logs import span, start_tracing
from knowledge_base.settings import Settings

QUESTION = "What does it cost to replace a pier?"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def asked(library: Library, spans: InMemorySpanExporter, **settings: Any) -> tuple[ReadableSpan, ...]:
    with Assistant.open(Settings(data_dir=library.data_dir, **settings)) as assistant:
        assistant.ask(QUESTION)
    return spans.get_finished_spans()


def test_a_question_is_traced_without_its_text(shared_library: Library, spans: InMemorySpanExporter) -> None:
    found = asked(shared_library, spans)
    [answer] = [one for one in found if one.name == "answer"]
    assert {one.name for one in found} == {"answer", "retrieve", "read", "compose"}
    assert all(one.parent and one.parent.span_id == answer.context.span_id for one in found if one is not answer)
    assert answer.attributes == {
        "pariscall.mode": "extractive", "pariscall.refused": False, "pariscall.citations": 1, "pariscall.generation": "000001",
    }  # fmt: skip
    assert "pier" not in "".join(one.to_json() for one in found)


def test_its_text_is_traced_where_that_is_set(shared_library: Library, spans: InMemorySpanExporter) -> None:
    [answer] = [one for one in asked(shared_library, spans, log_questions=True) if one.name == "answer"]
    assert answer.attributes and answer.attributes["pariscall.question"] == QUESTION


def test_each_sentence_of_a_model_is_verified_in_a_span(shared_library: Library, spans: InMemorySpanExporter) -> None:
    sentence = "Replacing a rotten pier costs ninety thousand crowns."
    with chat_server() as server:
        server.answer = lambda messages: " ".join(
            f"{sentence} [{number}]" for number, text in passages_of(messages).items() if sentence in text
        )
        found = asked(shared_library, spans, chat_model="openai:scripted", chat_base_url=server.address)
    assert [one.name for one in found].count("verify") == 1


def test_where_nobody_traces_nothing_is_imported() -> None:
    script = (
        "import sys; from knowledge_base.logs import span\n"
        "with span('answer') as tell: tell(mode='extractive')\n"
        "sys.exit('opentelemetry' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


def test_an_error_passes_through_a_span(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KnowledgeBaseError), span("answer"):
        raise KnowledgeBaseError("There is none.")
    assert [one.status.is_ok for one in spans.get_finished_spans()] == [False]


def test_without_the_extra_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def hidden(name: str, *rest: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name, name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(KnowledgeBaseError, match="otel"):
        start_tracing()
