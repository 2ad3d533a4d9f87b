"""What Prometheus reads: questions and answers since the page was started, and the state of index and ingest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import writer_at_work
from knowledge_base.store.generations import current_id, list_generations
from knowledge_base.store.manifest import read_manifest

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from assistant.answers import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counts what one process answers; threads may share it. No text of a question or an answer is held."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._questions = Counter("pariscall_questions", "Questions asked.", registry=self._registry)
        self._answers = Counter(
            "pariscall_answers", "Questions answered, by how the answer was made.", ["mode"], registry=self._registry
        )
        self._refusals = Counter("pariscall_refusals", "Questions that the documents do not answer.", registry=self._registry)
        self._errors = Counter(
            "pariscall_errors", "Questions that ended in an error, by its kind.", ["kind"], registry=self._registry
        )
        self._seconds = Histogram(
            "pariscall_answer_seconds", "Time that an answer took.", buckets=_SECONDS, registry=self._registry
        )

    def answered(self, answer: Answer) -> None:
        """Count an answer or a refusal."""
        self._questions.inc()
        self._seconds.observe(answer.seconds)
        if answer.abstained:
            self._refusals.inc()
        else:
            self._answers.labels(answer.mode).inc()

    def failed(self, error: Exception) -> None:
        """Count a question that ended in an error."""
        self._questions.inc()
        self._errors.labels(type(error).__name__).inc()

    def text(self, data_dir: Path) -> bytes:
        """Return all counts, and the state of the index in `data_dir`, in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        state = CollectorRegistry()
        state.register(_IndexState(data_dir))
        return generate_latest(self._registry) + generate_latest(state)


@cache
def metrics() -> Metrics:
    """Return the metrics of this process."""
    return Metrics()


class _IndexState:
    """Reads the state of a data directory whenever it is asked."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def collect(self) -> Iterator[Metric]:
        """Yield the index's gauges; those of a generation are left out where none can be read."""
        from prometheus_client.core import GaugeMetricFamily

        try:
            identifier = current_id(self._data_dir)
            manifest = read_manifest(self._data_dir / "generations" / identifier) if identifier else None
        except KnowledgeBaseError:
            manifest = None
        is_written, kept = writer_at_work(self._data_dir) is not None, len(list_generations(self._data_dir))
        gauges: list[tuple[str, str, str, Mapping[str, float]]] = [  # name, what it says, its label, the values by label
            ("ingest_running", "1 while a sync or another writer holds the index.", "", {"": is_written}),
            ("generations", "Generations that are kept and readable.", "", {"": kept}),
            ("index_readable", "1 where a published generation can be read.", "", {"": manifest is not None}),
        ]
        if manifest:
            created = datetime.fromisoformat(manifest.created).timestamp()
            entries = "Documents, pages, passages, records and failures in it."
            gauges += [
                ("generation", "The published generation's number.", "model", {manifest.model_id: float(manifest.id)}),
                ("generation_created_timestamp_seconds", "When it was published.", "", {"": created}),
                ("index_entries", entries, "kind", manifest.counts),
            ]
        for name, says, label, values in gauges:
            gauge = GaugeMetricFamily(f"pariscall_{name}", says, labels=[label] if label else None)
            for labelled, value in values.items():
                gauge.add_metric([labelled] if label else [], float(value))
            yield gauge
