"""What one answer scores: for each figure a count and what it is a share of, so that figures are ratios of sums.

Pure functions. A mean over questions has 1 below each question's value; a share of citations has their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.answers import Answer, AnswerPart
from assistant.evaluation.figures import CUTOFFS
from assistant.evaluation.matching import IndexedText, first_covering, letters, overlaps, states
from assistant.evaluation.testset import REGISTER, TestItem

DEPTH = CUTOFFS[-1]
_QUERY = "question"


def rank_measures(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return reciprocal rank and nDCG at 10 of gold spans that were first covered at these ranks (None: at none).

    A passage gains 1 for each gold span that no better-ranked one covered; a span that was missed counts as a passage that
    should have been there. Sources: Voorhees (1999); Järvelin and Kekäläinen (2002).
    """
    import ir_measures
    from ir_measures import RR, Qrel, ScoredDoc, nDCG

    gains = Counter(rank for rank in ranks if rank is not None and rank <= DEPTH)
    missed = len(ranks) - sum(gains.values())
    judged = [Qrel(_QUERY, f"rank {rank}", gain) for rank, gain in gains.items()]
    judged += [Qrel(_QUERY, f"missed {number}", 1) for number in range(missed)]
    run = [ScoredDoc(_QUERY, f"rank {rank}", float(-rank)) for rank in range(1, DEPTH + 1)]
    names = {RR @ DEPTH: "mrr", nDCG @ DEPTH: f"ndcg@{DEPTH}"}
    return {names[metric.measure]: float(metric.value) for metric in ir_measures.iter_calc(list(names), judged, run)}


Scores = dict[str, tuple[float, float]]


def score(item: TestItem, answer: Answer, text: IndexedText) -> Scores:
    """Return all that an answer scores on an item."""
    found = {**utility(item, answer), **refusal(item, answer), **validity(answer, text), **grounding(answer)}
    if item.answerable:
        found |= correctness(item, answer) | gold_citations(item, answer)
    if searched_for(item):
        found |= retrieval(item, answer)
    return found


def stated_facts(item: TestItem, answer: Answer) -> list[bool]:
    """Say for each required fact whether the answer states it; a refusal states none."""
    return [not answer.abstained and states(answer.text, fact) for fact in item.must_include]


def is_right(item: TestItem, answer: Answer) -> bool:
    """Say whether an answer is right: every fact and nothing wrong; a refusal (or a correction) where there is no answer."""
    facts = stated_facts(item, answer)
    if not item.answerable:
        return answer.abstained or (item.accept_correction and bool(facts) and all(facts))
    return all(facts) and not states(answer.text, item.must_not_include)


def correctness(item: TestItem, answer: Answer) -> Scores:
    """Score the facts of an answerable item, all of them (strict) and their share, and count the words of the answer."""
    facts = stated_facts(item, answer)
    found: Scores = {"strict": (float(is_right(item, answer)), 1), "facts": (sum(facts) / len(facts), 1)}
    return found if answer.abstained else found | {"words": (len(answer.text.split()), 1)}


def utility(item: TestItem, answer: Answer) -> Scores:
    """Score +1 for right, 0 for a refusal of what can be answered, -1 for wrong.

    Source: CRAG, Yang et al. (2024), its truthfulness score; a refusal of what cannot be answered is right.
    """
    value = 1.0 if is_right(item, answer) else 0.0 if answer.abstained else -1.0
    return {"utility": (value, 1)}


def refusal(item: TestItem, answer: Answer) -> Scores:
    """Score refusals as decisions: recall on unanswerable items, errors on answerable ones, precision of all refusals."""
    found: Scores = {"refusal_precision": (float(not item.answerable), 1)} if answer.abstained else {}
    if item.answerable:
        return found | {"false_refused": (float(answer.abstained), 1)}
    return found | {"refused": (float(is_right(item, answer)), 1)}


def validity(answer: Answer, text: IndexedText) -> Scores:
    """Count the citations whose quote is, letter for letter, on the page that they name."""
    if answer.abstained:
        return {}
    return {"valid": (sum(text.holds(c.source, c.page, c.quote) for c in answer.citations), len(answer.citations))}


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
    sentences = [part for part in answer.parts if part.kind != "note"]
    needed = [is_needed for part in sentences for is_needed in _needed(part, quotes)]
    supported = [_stands(part, [quotes.get(number, "") for number in part.citations]) for part in sentences]
    return {"supported": (sum(supported), len(supported)), "relevant": (sum(needed), len(needed))}


def _needed(part: AnswerPart, quotes: dict[int, str]) -> list[bool]:
    cited = [quotes.get(number, "") for number in part.citations]
    if not _stands(part, cited):
        return [False] * len(cited)
    return [_stands(part, [quote]) or not _stands(part, cited[:i] + cited[i + 1 :]) for i, quote in enumerate(cited)]


def _stands(part: AnswerPart, quotes: Sequence[str]) -> bool:
    wanted = letters(part.text)
    return bool(wanted) and wanted in "".join(quotes)


def searched_for(item: TestItem) -> bool:
    """Say whether retrieval can be judged on an item: it has gold passages, and these are not rows of the register."""
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
