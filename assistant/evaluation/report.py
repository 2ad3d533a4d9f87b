"""The report of a run: figures with intervals, over all items, by category, by language, and of the held-out items apart."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.evaluation.comparison import Comparison, Estimate, Verdict, estimates
from assistant.evaluation.metrics import DEFINITIONS
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.running import Run
from knowledge_base.errors import EvaluationError

REPORT = "report.json"
PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the items: `items` of them were asked, `stale` no longer fit the index."""

    name: str
    items: int
    stale: int
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What a run gave. `seconds` is wall time after everything was open; `definitions` the version of the figures."""

    created: str
    test_set: str
    digest: str
    generation: str
    model: str
    seconds: float
    whole: Group
    held_out: Group | None
    tuned: Group | None
    categories: tuple[Group, ...]
    languages: tuple[Group, ...]
    failed: tuple[str, ...]
    stale: dict[str, str]
    comparison: Comparison | None = None
    gate: Verdict | None = None
    definitions: int = DEFINITIONS


def make_report(run: Run, comparison: Comparison | None = None, verdict: Verdict | None = None) -> EvaluationReport:
    """Return the report of a run."""
    records = run.records
    apart = any(record.item.held_out for record in records)
    return EvaluationReport(
        created=run.created,
        test_set=run.test_set.name,
        digest=run.test_set.digest,
        generation=run.manifest.id,
        model=run.manifest.model_id,
        seconds=run.seconds,
        whole=_group("all", records),
        held_out=_group("held out", [r for r in records if r.item.held_out]) if apart else None,
        tuned=_group("not held out", [r for r in records if not r.item.held_out]) if apart else None,
        categories=_groups(records, lambda record: record.item.category),
        languages=_groups(records, lambda record: record.item.lang),
        failed=tuple(record.item.id for record in records if record.has_failed),
        stale={record.item.id: record.stale for record in records if record.stale is not None},
        comparison=comparison,
        gate=verdict,
    )


def _groups(records: Sequence[EvaluationRecord], key: Callable[[EvaluationRecord], str]) -> tuple[Group, ...]:
    names = dict.fromkeys(map(key, records))
    return tuple(_group(name, [record for record in records if key(record) == name]) for name in names)


def _group(name: str, records: Sequence[EvaluationRecord]) -> Group:
    stale = sum(record.stale is not None for record in records)
    return Group(name, len(records) - stale, stale, estimates(records))


def as_json(report: EvaluationReport) -> str:
    """Return a report as JSON."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1)


def read_report(directory: Path) -> EvaluationReport:
    """Read the report of a run; raise EvaluationError where there is none of these definitions."""
    path = directory / REPORT
    remedy = "Name a directory that `python -m assistant evaluate --output` wrote."
    try:
        data = path.read_text(encoding="utf-8")
        definitions = json.loads(data)["definitions"]
        if definitions != DEFINITIONS:
            raise EvaluationError(
                f"{directory} was evaluated with figures of version {definitions}; these are version {DEFINITIONS}.",
                "Evaluate that index again.",
            )
        return _adapter().validate_json(data)
    except FileNotFoundError as error:
        raise EvaluationError(f"There is no report in {directory}.", remedy) from error
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise EvaluationError(f"{path} is not the report of an evaluation.", remedy) from error


@cache
def _adapter() -> TypeAdapter[EvaluationReport]:
    return TypeAdapter(EvaluationReport)


def new_directory(data_dir: Path) -> Path:
    """Return the directory for another run below the data directory; its name sorts by time."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return data_dir / "evaluations" / f"{stamp}-{secrets.token_hex(2)}"


def list_runs(data_dir: Path) -> list[tuple[Path, EvaluationReport]]:
    """Return the runs that are kept below the data directory, the latest first; those that cannot be read are left out."""
    found = []
    for path in sorted((data_dir / "evaluations").glob(f"**/{REPORT}")):
        try:
            found.append((path.parent, read_report(path.parent)))
        except EvaluationError:
            continue
    return sorted(found, key=lambda entry: entry[1].created, reverse=True)
