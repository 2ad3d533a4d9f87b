"""The figures of a report: what each is called, what it counts, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower", "neither"]
DEFINITIONS = 1  # goes up when a definition changes: runs of different definitions are not compared
CUTOFFS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure; `gates` says whether a publication can fail by it. `unit` is empty for shares."""

    name: str
    label: str
    definition: str
    better: Direction = "higher"
    gates: bool = True
    unit: str = ""


def _cut(kind: str, label: str, definition: str) -> list[Figure]:
    return [Figure(f"{kind}@{k}", f"{label} at {k}", definition.format(k=k)) for k in CUTOFFS]


FIGURES: tuple[Figure, ...] = (
    Figure(
        "strict", "All facts", "answerable questions whose answer states every required fact and nothing that makes it wrong"
    ),
    Figure("facts", "Facts", "required facts that the answer states, mean over the answerable questions"),
    Figure("utility", "Utility", "mean of +1 for right, 0 for refused, -1 for wrong"),
    Figure("refused", "Refusal recall", "unanswerable questions that were refused, or whose false premise was corrected"),
    Figure("false_refused", "Refused in error", "answerable questions that were refused", better="lower"),
    Figure("refusal_precision", "Refusal precision", "refusals that were due"),
    Figure(
        "balanced", "Refusal, balanced", "mean of refusal recall and of the share of answerable questions that were answered"
    ),
    Figure("valid", "Citations valid", "citations whose quote stands, letter for letter, on the page that they name"),
    Figure("gold", "Citations gold", "citations that overlap a passage that the test set names"),
    Figure("covered", "Gold cited", "passages that the test set names that some citation overlaps"),
    Figure("supported", "Sentences backed", "sentences that stand, word for word, in what they cite"),
    Figure("relevant", "Citations needed", "citations without which their sentence would not stand"),
    *_cut("recall", "Recall", "gold passages among the first {k} retrieved"),
    *_cut("hit", "Hit", "questions with at least one gold passage among the first {k} retrieved"),
    Figure("mrr", "Reciprocal rank", "1 divided by the rank of the first gold passage, mean over the questions"),
    Figure("ndcg@10", "nDCG at 10", "discounted gain of the gold passages among the first 10 over the best possible"),
    Figure("words", "Words", "words of an answer", better="neither", gates=False, unit="words"),
    Figure("seconds_p50", "Seconds, median", "wall time of an answer", better="lower", gates=False, unit="s"),
    Figure(
        "seconds_p95", "Seconds, 95 %", "wall time that 95 % of the answers stay under", better="lower", gates=False, unit="s"
    ),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
HEADLINES = ("strict", "facts", "utility", "balanced", "valid", "gold", "covered", "recall@10", "seconds_p50")


def shown(figure: Figure, value: float | None) -> str:
    """Return a value as it is read: three digits, words without any."""
    if value is None:
        return "–"
    return f"{value:.0f}" if figure.unit == "words" else f"{value:.3f}"
