"""The figures of a report, and what one answer scores for each: a count and what it is a share of.

Figures are ratios of sums: a mean over questions has 1 below each question's value, a share of citations has their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Literal

from assistant.answers import Answer, AnswerPart
from assistant.evaluation.matching import IndexedText, first_covering, letters, overlaps, states
from assistant.evaluation.testset import REGISTER, TestItem

Direction = Literal["higher", "lower", "neither"]
DEFINITIONS = 1  # goes up when a definition changes: runs of different definitions are not compared
CUTOFFS = (1, 5, 10)
DEPTH = CUTOFFS[-1]
Scores = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure; `gates` says whether a publication can fail by it. `unit` is empty for shares."""

    name: str
    label: str
    definition: str
    better: Direction = "higher"
    gates: bool = True
    unit: str = ""


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
    *(Figure(f"recall@{k}", f"Recall at {k}", f"gold passages among the first {k} retrieved") for k in CUTOFFS),
    *(
        Figure(f"hit@{k}", f"Hit at {k}", f"questions with at least one gold passage among the first {k} retrieved")
        for k in CUTOFFS
    ),
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


def score(item: TestItem, answer: Answer, text: IndexedText) -> Scores:
    """Return all that an answer scores on an item."""
    found = correctness(item, answer) | grounding(answer)
    if not answer.abstained:
        held = sum(text.holds(c.source, c.page, c.quote) for c in answer.citations)
        found |= {"valid": (held, len(answer.citations)), **gold_citations(item, answer)}
    return found | (retrieval(item, answer) if searched_for(item) else {})


def stated_facts(item: TestItem, answer: Answer) -> list[bool]:
    """Return for each required fact whether the answer states it; a refusal states none."""
    return [not answer.abstained and states(answer.text, fact) for fact in item.must_include]


def is_right(item: TestItem, answer: Answer) -> bool:
    """Return whether an answer is right: every fact and nothing wrong; a refusal (or a correction) where there is no answer."""
    facts = stated_facts(item, answer)
    if not item.answerable:
        return answer.abstained or (item.accept_correction and bool(facts) and all(facts))
    return all(facts) and not states(answer.text, item.must_not_include)


def correctness(item: TestItem, answer: Answer) -> Scores:
    """Score the decision to refuse or to answer and, of an answerable item, the facts: all of them (strict) and their share.

    `utility` is +1 for right, 0 for a refusal of what can be answered, -1 for wrong. Source: CRAG, Yang et al. (2024), its
    truthfulness score; a refusal of what cannot be answered is right.
    """
    facts, right = stated_facts(item, answer), is_right(item, answer)
    found: Scores = {"utility": (1.0 if right else 0.0 if answer.abstained else -1.0, 1)}
    if answer.abstained:
        found["refusal_precision"] = (float(not item.answerable), 1)
    if not item.answerable:
        return found | {"refused": (float(right), 1)}
    found |= {"false_refused": (float(answer.abstained), 1), "strict": (float(right), 1), "facts": (sum(facts) / len(facts), 1)}
    return found if answer.abstained else found | {"words": (len(answer.text.split()), 1)}


def gold_citations(item: TestItem, answer: Answer) -> Scores:
    """Count the citations that overlap a gold quote, and the gold quotes that a citation overlaps."""
    if answer.abstained or not item.gold:
        return {}
    cited = [(c.source, c.quote) for c in answer.citations]
    return {
        "gold": (sum(any(overlaps(*citation, gold) for gold in item.gold) for citation in cited), len(cited)),
        "covered": (sum(any(overlaps(*citation, gold) for citation in cited) for gold in item.gold), len(item.gold)),
    }


def grounding(answer: Answer) -> Scores:
    """Count supported sentences and needed citations, with verbatim containment in place of entailment.

    A sentence is supported when its letters stand in what it cites; a citation is needed when its sentence is supported, and
    either the citation alone supports it or the others do not. What is computed (a register answer, a note) is left out.
    Source: ALCE, Gao et al. (2023), citation recall and precision.
    """
    if answer.abstained or answer.mode == "register":
        return {}
    quotes = {citation.number: letters(citation.quote) for citation in answer.citations}

    def supports(cited: Sequence[str], part: AnswerPart) -> bool:
        wanted = letters(part.text)
        return bool(wanted) and wanted in "".join(cited)

    supported, needed = [], []
    for part in answer.parts:
        if part.kind == "note":
            continue
        cited = [quotes.get(number, "") for number in part.citations]
        supported.append(supports(cited, part))
        needed += [
            supported[-1] and (supports([quote], part) or not supports(cited[:position] + cited[position + 1 :], part))
            for position, quote in enumerate(cited)
        ]
    return {"supported": (sum(supported), len(supported)), "relevant": (sum(needed), len(needed))}


def searched_for(item: TestItem) -> bool:
    """Return whether retrieval can be judged on an item: it has gold passages, and these are not rows of the register."""
    return bool(item.gold) and item.category != REGISTER


def gold_ranks(item: TestItem, answer: Answer) -> list[int | None]:
    """Return for each gold quote the rank of the first retrieved passage that covers it."""
    retrieved = [(r.passage.source, r.passage.text) for r in answer.retrieved]
    return [first_covering(retrieved, gold) for gold in item.gold]


def retrieval(item: TestItem, answer: Answer) -> Scores:
    """Score the ten passages that were retrieved: recall and hit at each cutoff, reciprocal rank, nDCG."""
    ranks = gold_ranks(item, answer)
    found: Scores = {}
    for k in CUTOFFS:
        within = [rank is not None and rank <= k for rank in ranks]
        found |= {f"recall@{k}": (sum(within) / len(within), 1), f"hit@{k}": (float(any(within)), 1)}
    return found | {name: (value, 1) for name, value in rank_measures(ranks).items()}


def rank_measures(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return reciprocal rank and nDCG at 10 of gold spans that were first covered at these ranks (None: at none).

    A passage gains 1 for each gold span that no better-ranked one covered; a span that was missed counts as a passage that
    should have been there. Sources: Voorhees (1999); Järvelin and Kekäläinen (2002).
    """
    gains = Counter(rank for rank in ranks if rank is not None and rank <= DEPTH)
    missed = len(ranks) - sum(gains.values())
    ideal = sorted([*gains.values(), *[1] * missed], reverse=True)[:DEPTH]
    gained = sum(gain / log2(1 + rank) for rank, gain in gains.items())
    possible = sum(gain / log2(1 + rank) for rank, gain in enumerate(ideal, start=1))
    return {"mrr": 1 / min(gains) if gains else 0.0, f"ndcg@{DEPTH}": gained / possible if possible else 0.0}
