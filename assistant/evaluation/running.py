"""Ask every question of a test set, and score the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter

from assistant.answering import Assistant
from assistant.answers import AskedMode, as_json
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
    """Put a test set to an assistant that stays with its generation; raise EvaluationError where no item fits it."""
    text = IndexedText(assistant.generation.catalog)
    stale = {item.id: reason for item in test_set.items if (reason := why_stale(item, text)) is not None}
    if not any(item.gold and item.id not in stale for item in test_set.items):  # a test set for other documents
        counted = Counter(stale.values()).most_common(_REASONS)
        reasons = "; ".join(f"{reason} ({count})" for reason, count in counted) or "none of them quotes a document"
        generation = assistant.generation.id
        raise EvaluationError(
            f"There is nothing to compare: no question of {test_set.name} fits generation {generation}: {reasons}.",
            "Name a test set for these documents with --test-set or PARISCALL_TEST_SET.",
        )
    assistant.ask(_FIRST_QUESTION, mode="extractive")  # opens what the first question would have to wait for
    started, records = perf_counter(), []
    for done, item in enumerate(test_set.items, start=1):
        records.append(EvaluationRecord(item, stale[item.id]) if item.id in stale else ask_item(assistant, item, text, mode))
        progress(done, len(test_set.items))
    seconds = round(perf_counter() - started, 3)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Run(test_set, assistant.generation.manifest, tuple(records), created, seconds)


def ask_item(assistant: Assistant, item: TestItem, text: IndexedText, mode: AskedMode) -> EvaluationRecord:
    """Ask an item and score the answer; a gold quote that was not retrieved is looked for among all passages considered."""
    history = [asdict(turn) for turn in item.history]
    try:
        answer = assistant.ask(item.question, history, mode)
    except KnowledgeBaseError as error:
        raise EvaluationError(f"The question {item.id} cannot be asked: {error.message}", error.remedy) from error
    ranks = gold_ranks(item, answer) if searched_for(item) else []
    searched = len(answer.retrieved) if ranks else 0
    if None in ranks:
        passages = [(found.passage.source, found.passage.text) for found in assistant.considered(answer.question, history)]
        ranks, searched = [first_covering(passages, gold) for gold in item.gold], len(passages)
    return EvaluationRecord(
        item=item,
        answer={**as_json(answer, item.id), "parts": [asdict(part) for part in answer.parts]},
        right=is_right(item, answer),
        facts=tuple(stated_facts(item, answer)),
        gold_ranks=tuple(ranks),
        searched=searched,
        scores=score(item, answer, text),
    )
