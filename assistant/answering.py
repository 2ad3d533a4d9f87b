"""One question, the same lines in the page, the command and the evaluation: retrieve, answer, cite."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from types import TracebackType
from typing import Self

from assistant.answers import Answer, Refusal, joined, written
from assistant.conversation import context_of
from assistant.evidence import EvidenceWeights, score_sentences
from assistant.extractive import ExtractiveSettings, compose
from assistant.questions import Question, analyse
from assistant.refusal import confidence, reason_for_refusal
from assistant.register_answers import respond
from assistant.register_questions import parse
from knowledge_base.embeddings import Embedder, open_embedder
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.generations import Generation, current_id, open_generation
from knowledge_base.passages import RetrievedPassage
from knowledge_base.queries import Query
from knowledge_base.recovery import open_intact
from knowledge_base.retrieval import HybridRetriever
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)

RETRIEVED = 10
READ = 8  # passages whose sentences are weighed


class Assistant:
    """Answers from the published generation; opens a newer one when there is one; a context manager that closes it."""

    def __init__(self, settings: Settings, embedder: Embedder, generation: Generation, follows: bool) -> None:
        self._settings = settings
        self._embedder = embedder
        self._follows = follows
        self._use(generation)

    @classmethod
    def open(cls, settings: Settings, generation_id: str | None = None) -> Self:
        """Open the published generation, or the one named, and the embedding model."""
        generation = open_generation(settings.data_dir, generation_id) if generation_id else open_intact(settings)
        try:
            return cls(settings, open_embedder(settings), generation, follows=generation_id is None)
        except BaseException:
            generation.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the generation."""
        self.generation.close()

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what is to be said of the generation that answers: that it was mended, or stands in for another."""
        return self.generation.notices

    def _use(self, generation: Generation) -> None:
        self._retriever = HybridRetriever(generation, self._embedder)
        self.generation = generation

    def refresh(self) -> None:
        """Open the published generation, if another one was published since; keep the present one where it cannot be read."""
        if not self._follows:
            return
        try:
            if current_id(self._settings.data_dir) in (None, self.generation.id):
                return
            newer = open_generation(self._settings.data_dir)
        except KnowledgeBaseError as error:
            notice = f"{error.message} Answers still come from generation {self.generation.id}."
            if notice not in self.generation.notices:
                log.warning("%s", notice)
                self.generation.notices += (notice,)
            return
        older = self.generation
        self._use(newer)
        older.close()

    def ask(self, question: str, history: Sequence[Mapping[str, str]] = ()) -> Answer:
        """Answer a question, or refuse; `history` holds the earlier {"role", "content"} turns, oldest first."""
        started = perf_counter()
        asked = checked_question(question, self._settings.max_question_length)
        self.refresh()
        query = self._retriever.read(asked, context_of(asked, history))
        passages = self._retriever.search(query, RETRIEVED)
        questions = [turn["content"] for turn in history if turn.get("role") == "user"]
        answer = replace(
            self._answer(analyse(asked, query), passages, questions),
            retrieved=tuple(passages),
            standalone=_as_searched(asked, query),
            generation=self.generation.id,
            seconds=perf_counter() - started,
        )
        log.info("answered in %.3f s, mode: %s, refused: %s", answer.seconds, answer.mode, answer.abstained)
        return answer

    def _answer(self, question: Question, passages: list[RetrievedPassage], questions: Sequence[str]) -> Answer:
        """Answer from the register where it can, from the documents, or (a mixed question) from both."""
        parsed = parse(question.asked, questions)
        register = respond(question.asked, parsed, self.generation.catalog) if parsed else None
        if register and parsed and not parsed.also_text:
            return register
        extracted = self._extract(question, passages)
        return joined(extracted, register) if register else extracted

    def _extract(self, question: Question, passages: list[RetrievedPassage]) -> Answer:
        """Answer with quoted sentences of the documents, or refuse."""
        catalog = self.generation.catalog
        read = passages[:READ]
        similarities = self._retriever.sentence_similarities(question.query, [r.passage for r in read])
        sentences = score_sentences(question, read, similarities, EvidenceWeights())
        twins = {r.passage.id: r.twins for r in read}
        trust = confidence(question, passages)
        reason = reason_for_refusal(question, trust)
        parts, citations = ([], []) if reason else compose(question, sentences, catalog, ExtractiveSettings(), twins)
        refusal = None if parts else Refusal(tuple(question.terms), question.unknown, reason or _NOTHING)
        return Answer(
            question=question.asked,
            text=written(parts) if parts else refusal_text(question, refusal),
            mode="extractive",
            abstained=refusal is not None,
            citations=tuple(citations),
            retrieved=(),
            seconds=0.0,
            parts=tuple(parts),
            confidence=trust,
            refusal=refusal,
        )


_NOTHING = "No passage of the documents holds a sentence that answers it."


def _as_searched(asked: str, query: Query) -> str | None:
    """Return the question as it was searched, where that differs from what was asked."""
    searched = " ".join(filter(None, (query.context, query.text)))
    return searched if searched != asked else None


def checked_question(question: str, max_length: int) -> str:
    """Return the question without surrounding white space; raise where there is none or it is too long."""
    text = " ".join(question.replace("\0", " ").split())
    if not text:
        raise KnowledgeBaseError("The question is empty.", "Ask something about the documents.")
    if len(text) > max_length:
        raise KnowledgeBaseError(
            f"The question has {len(text)} characters; at most {max_length} are read.", "Shorten it, or split it into several."
        )
    return text


def refusal_text(question: Question, refusal: Refusal | None) -> str:
    """Return what a refused question is answered with, in its language."""
    unknown = ", ".join(refusal.unknown) if refusal else ""
    if question.language == "fr":
        text = "Les documents ne permettent pas de répondre à cette question."
        return f"{text} Ces mots n'y figurent nulle part : {unknown}." if unknown else text
    text = "The documents do not answer this question."
    return f"{text} These words occur in none of them: {unknown}." if unknown else text
