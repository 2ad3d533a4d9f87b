"""Ask every question of a test set, and score the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from assistant.answering import Assistant
from assistant.answers import Answer, AskedMode, as_json
from assistant.evaluation.matching import IndexedText, first_covering, why_stale
from assistant.evaluation.metrics import gold_ranks, is_right, score, searched_for, stated_facts
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.testset import TestItem, TestSet
from knowledge_base.errors import EvaluationError, KnowledgeBaseError
from knowledge_base.settings import Settings
from knowledge_base.store.generations import current_id
from knowledge_base.store.manifest import Manifest

Progress = Callable[[int, int], None]

_FIRST_QUESTION = "Paris Call"
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Run:
    """A test set put to one generation; `seconds` is wall time after everything was open."""

    test_set: TestSet
    manifest: Manifest
    records: tuple[EvaluationRecord, ...]
    created: str
    seconds: float


def run(
    settings: Settings,
    test_set: TestSet,
    generation_id: str | None = None,
    progress: Progress = lambda *_: None,
    mode: AskedMode = "extractive",
) -> Run:
    """Put a test set to the published generation, or the one named; raise EvaluationError where no item fits it."""
    with Assistant.open(settings, generation_id or current_id(settings.data_dir)) as assistant:
        return run_with(assistant, test_set, progress, mode)


def run_with(
    assistant: Assistant, test_set: TestSet, progress: Progress = lambda *_: None, mode: AskedMode = "extractive"
) -> Run:
    """Put a test set to an assistant that stays with its generation."""
    text = IndexedText(assistant.generation.catalog)
    stale = {item.id: reason for item in test_set.items if (reason := why_stale(item, text)) is not None}
    _require_something(test_set, stale, assistant.generation.id)
    assistant.ask(_FIRST_QUESTION, mode="extractive")  # opens what the first question would have to wait for
    started, records = perf_counter(), []
    for done, item in enumerate(test_set.items, start=1):
        records.append(EvaluationRecord(item, stale[item.id]) if item.id in stale else _asked(assistant, item, text, mode))
        progress(done, len(test_set.items))
    seconds = round(perf_counter() - started, 3)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Run(test_set, assistant.generation.manifest, tuple(records), created, seconds)


def _require_something(test_set: TestSet, stale: dict[str, str], generation: str) -> None:
    """Raise where no item with a gold quote fits: the test set is then one for other documents."""
    if any(item.gold and item.id not in stale for item in test_set.items):
        return
    counted = Counter(stale.values()).most_common(_REASONS)
    reasons = "; ".join(f"{reason} ({count})" for reason, count in counted) or "none of them quotes a document"
    raise EvaluationError(
        f"There is nothing to compare: no question of {test_set.name} fits generation {generation}: {reasons}.",
        "Name a test set for these documents with --test-set or PARISCALL_TEST_SET.",
    )


def _asked(assistant: Assistant, item: TestItem, text: IndexedText, mode: AskedMode) -> EvaluationRecord:
    history = [asdict(turn) for turn in item.history]
    try:
        answer = assistant.ask(item.question, history, mode)
    except KnowledgeBaseError as error:
        raise EvaluationError(f"The question {item.id} cannot be asked: {error.message}", error.remedy) from error
    ranks, searched = _ranks(assistant, item, answer, history)
    return EvaluationRecord(
        item=item,
        answer=_written(answer, item.id),
        right=is_right(item, answer),
        facts=tuple(stated_facts(item, answer)),
        gold_ranks=tuple(ranks),
        searched=searched,
        scores=score(item, answer, text),
    )


def _written(answer: Answer, identifier: str) -> dict[str, Any]:
    return {**as_json(answer, identifier), "parts": [asdict(part) for part in answer.parts]}


def _ranks(
    assistant: Assistant, item: TestItem, answer: Answer, history: Sequence[Mapping[str, str]]
) -> tuple[list[int | None], int]:
    """Return the ranks of the gold quotes, and among how many passages they were looked for: more where one was missed."""
    if not searched_for(item):
        return [], 0
    ranks = gold_ranks(item, answer)
    if None not in ranks:
        return ranks, len(answer.retrieved)
    passages = [(found.passage.source, found.passage.text) for found in assistant.considered(answer.question, history)]
    return [first_covering(passages, gold) for gold in item.gold], len(passages)
