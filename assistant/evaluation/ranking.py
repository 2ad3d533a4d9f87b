"""Measures of a ranking, by ir-measures (trec_eval's own code)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.evaluation.figures import CUTOFFS

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
