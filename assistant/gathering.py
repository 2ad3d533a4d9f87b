"""Gather the evidence for a question: the best passages and their sentences, weighed and ranked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.cues import cue
from assistant.evidence import EvidenceWeights, Judgement, Sentence, score_sentences
from assistant.questions import Question, QuestionKind
from knowledge_base.catalog import Catalog
from knowledge_base.evidence_text import with_neighbours
from knowledge_base.passages import Passage, RetrievedPassage, sentence_id
from knowledge_base.queries import match_expression, question_terms
from knowledge_base.retrieval import HybridRetriever

if TYPE_CHECKING:
    from knowledge_base.evidence import EvidenceModel

CANDIDATES = 24  # passages whose sentences are weighed
WINDOWS = 48  # sentences that the evidence model reads
_DEFINING = 60  # passages that hold the subject of a definition and are looked through for it
_COLUMNS = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for a question: `passages` and `sentences`, each best first."""

    passages: list[RetrievedPassage]
    sentences: list[Sentence]


def gather(
    question: Question, retriever: HybridRetriever, catalog: Catalog, model: EvidenceModel | None, weights: EvidenceWeights
) -> Evidence:
    """Retrieve passages, weigh their sentences, and rank both; `model` is None where there is no evidence model."""
    found = retriever.search(question.query, CANDIDATES, defining_passages(question, catalog))
    similarities = retriever.sentence_similarities(question.query, [r.passage for r in found])
    judgement = judge(model, question, found, similarities) if model else Judgement()
    sentences = score_sentences(question, found, similarities, judgement, weights)
    return Evidence(reranked(found, sentences, weights.reranking), sentences)


def defining_passages(question: Question, catalog: Catalog) -> list[str]:
    """Return the ids of passages with a sentence that defines what a question asks the meaning of."""
    if question.kind != QuestionKind.DEFINITION or not question.subject:
        return []
    roots = [root for roots in question_terms(question.subject).values() for root in roots]
    if not roots:
        return []
    holding = catalog.passages(catalog.search(match_expression(roots), _DEFINING, _COLUMNS))
    return [identifier for identifier, passage in holding.items() if _defines(question, passage)]


def _defines(question: Question, passage: Passage) -> bool:
    return any(cue(question, text) == 1 for text in passage.quotable_sentences().values())


def judge(
    model: EvidenceModel, question: Question, found: Sequence[RetrievedPassage], similarities: Mapping[str, float]
) -> Judgement:
    """Have the evidence model read the sentences most like the question, each with its neighbours."""
    windows = {
        identifier: (window, similarities[identifier] + retrieved.score)
        for retrieved in found
        for identifier, window in _windows(retrieved.passage).items()
        if identifier in similarities
    }
    chosen = sorted(windows, key=lambda identifier: -windows[identifier][1])[:WINDOWS]
    texts = [windows[identifier][0] for identifier in chosen]
    asked = " ".join(filter(None, (question.query.context, question.query.text)))
    ranks, answers = model.score(asked, texts), model.answers(asked, texts)
    return Judgement(dict(zip(chosen, map(float, ranks), strict=True)), dict(zip(chosen, map(float, answers), strict=True)))


def _windows(passage: Passage) -> dict[str, str]:
    """Map the id of each sentence to its text between its neighbours, as the evidence model reads it."""
    texts = ["", *(passage.sentence_text(span) for span in passage.sentences), ""]
    return {
        sentence_id(passage.id, i): with_neighbours(texts[i], texts[i + 1], texts[i + 2]) for i in range(len(passage.sentences))
    }


def reranked(found: Sequence[RetrievedPassage], sentences: Sequence[Sentence], share: float) -> list[RetrievedPassage]:
    """Return passages by their score and, for `share` of the whole, that of their best sentence; best first."""
    best: dict[str, float] = {}
    for sentence in sentences:
        best.setdefault(sentence.passage.id, sentence.score)
    lowest = min(best.values(), default=0.0)
    scored = [replace(r, score=(1 - share) * r.score + share * best.get(r.passage.id, lowest)) for r in found]
    return sorted(scored, key=lambda r: -r.score)
