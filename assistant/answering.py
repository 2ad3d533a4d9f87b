"""One question, the same lines in the page, the command and the evaluation: retrieve, answer, cite."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Self

from assistant.answers import Answer, AnswerPart, AskedMode, Citation, Refusal, ShortAnswer, joined, written
from assistant.evidence.cues import short_answer
from assistant.evidence.gathering import Evidence, Gatherer
from assistant.evidence.provisions import counted_provisions, named_provisions
from assistant.evidence.refusal import CERTAIN, confidence, is_said_in_its_words, reason_for_refusal, without_open_parts
from assistant.evidence.scoring import EvidenceWeights
from assistant.messages import message
from assistant.question.questions import Question, analyse, context_of, leans_on_history, parts_of, without_tag
from assistant.question.requests import read_request, without_small_talk
from assistant.question.wanted import asks_for_official, read_wanted
from assistant.quotes import inventory
from assistant.quotes.composing import ExtractiveSettings, compose
from assistant.quotes.entries import asked_entries
from assistant.quotes.named_documents import mentioned_documents, official_documents
from assistant.quotes.quoting import MOST_WORDS, Quote, cited, quotes_of
from assistant.quotes.sections import by_document, by_heading, focused, is_near, own_last
from assistant.quotes.structured import by_structure
from assistant.quotes.verdicts import is_yes_no, with_verdict, without_literals
from assistant.register.answers import is_on_the_countries, respond, states_alone
from assistant.register.asked import RegisterQuestion
from assistant.register.reading import parse
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError
from knowledge_base.files import Closing
from knowledge_base.language.words import fold, question_language, split_words, stem, words
from knowledge_base.logs import as_request, span
from knowledge_base.models.embeddings import Embedder, open_embedder
from knowledge_base.models.evidence import EvidenceModel, open_evidence_model
from knowledge_base.models.multilingual import open_multilingual
from knowledge_base.models.query_adapter import open_query_adapter
from knowledge_base.passages import Passage, RetrievedPassage
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import Generation, current_id, open_generation
from knowledge_base.store.recovery import open_intact
from knowledge_base.store.vectors import warm_up_in_thread

if TYPE_CHECKING:
    from assistant.writing.model import ChatModel
    from assistant.writing.writing import Writing

log = logging.getLogger(__name__)

RETRIEVED = 10
_MENTIONED = 3  # documents at most that a question is taken to name
SAME_SUBJECT = (
    0.4  # cosine similarity of two questions; on three boards of conversations it cost none whose subject had changed
)


class Assistant(Closing):
    """Answers from the published generation; opens a newer one when there is one; a context manager that closes it."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        evidence_model: EvidenceModel | None,
        generation: Generation,
        follows: bool,
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._follows = follows
        self._evidence_model = evidence_model
        self._adapter = open_query_adapter(settings, embedder.model_id)
        self._multilingual = open_multilingual(settings, embedder.model_id)
        self._use(generation)

    @classmethod
    def open(cls, settings: Settings, generation_id: str | None = None) -> Self:
        """Open the published generation, or the one named, and the models."""
        generation = open_generation(settings.data_dir, generation_id) if generation_id else open_intact(settings)
        warm_up_in_thread()
        try:
            models = open_embedder(settings), open_evidence_model(settings)
            return cls(settings, *models, generation, follows=generation_id is None)
        except BaseException:
            generation.close()
            raise

    def close(self) -> None:
        """Let go of the generation."""
        self.generation.close()

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what is to be said of the generation that answers: that it was repaired, or is used instead of another."""
        return self.generation.notices

    def _use(self, generation: Generation) -> None:
        self._retriever = HybridRetriever(generation, self._embedder, adapter=self._adapter, multilingual=self._multilingual)
        self._latest: tuple[tuple[str, tuple[str, ...]], Evidence] = (("", ()), Evidence([], []))
        self.generation = generation

    def refresh(self) -> None:
        """Open the published generation, if another one was published since, and repair the one that answers if it is damaged.

        Raise DamagedIndexError where it cannot be repaired, and no other can be used instead.
        """
        if self._follows:
            self._follow()
        try:
            self.generation.check()
        except DamagedIndexError:
            if not self._follows:
                raise
            self._replace(open_intact(self._settings))

    def _follow(self) -> None:
        """Open the published generation, if another one was published since; keep the present one where it cannot be read."""
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
        self._replace(newer)

    def _replace(self, generation: Generation) -> None:
        older = self.generation
        self._use(generation)
        older.close()

    @as_request
    def ask(self, question: str, history: Sequence[Mapping[str, str]] = (), mode: AskedMode = "auto") -> Answer:
        """Answer a question, or refuse; `history` holds the earlier {"role", "content"} turns, oldest first.

        A language model writes where `mode` is "generative", or "auto" and one is configured; see `begin`.
        """
        begun = self.begin(question, history, mode, self.standalone(question, history, mode))
        if isinstance(begun, Answer):
            return begun
        from assistant.writing.writing import Finished

        return next(event.answer for event in begun.events() if isinstance(event, Finished))

    def standalone(self, question: str, history: Sequence[Mapping[str, str]], mode: AskedMode = "auto") -> str | None:
        """Return a follow-up as a language model writes it to stand alone, or None where none does."""
        if not self._is_generative(mode) or not history or not leans_on_history(question):
            return None
        from assistant.writing.faults import ModelFault
        from assistant.writing.rewriting import rewritten

        try:
            return rewritten(checked_question(question, self._settings.max_question_length), history, self._chat_model)
        except ModelFault:
            return None  # `begin` tells of it

    @as_request
    def begin(
        self, question: str, history: Sequence[Mapping[str, str]], mode: AskedMode = "auto", standalone: str | None = None
    ) -> Answer | Writing:
        """Return the answer, or what has a model write it: it needs the index no more, and verifies each sentence.

        What the quotes do not answer is not sent to a model (unless a setting says so), nor what the register answers.
        """
        writes = self._is_generative(mode)
        with span("answer") as tell:
            quoted = self._quoted(question, history, standalone)
            tell(mode=quoted.mode, refused=quoted.abstained, citations=len(quoted.citations), generation=self.generation.id)
            if self._settings.log_questions:
                tell(question=quoted.question)
        is_for_a_model = not quoted.abstained or self._settings.chat_refused_too
        if not writes or not is_for_a_model or quoted.mode != "extractive" or quoted.table or not quoted.retrieved:
            return quoted
        from assistant.writing.faults import ModelFault
        from assistant.writing.limits import Limits
        from assistant.writing.writing import Writing, grounds_of, unwritten

        try:
            model = self._chat_model
        except ModelFault as fault:
            return unwritten(quoted, self._settings.chat_model, fault)
        grounds = grounds_of(quoted, self.generation, self._embedder.encode)
        return Writing(quoted, grounds, model, self._embedder.encode, Limits.of(self._settings))

    def _is_generative(self, mode: AskedMode) -> bool:
        """Return whether a model writes in this mode; raise KnowledgeBaseError where none is configured."""
        if mode == "generative" and not self._settings.chat_model:
            from assistant.writing.model import NO_MODEL

            raise KnowledgeBaseError(*NO_MODEL)
        return mode != "extractive" and bool(self._settings.chat_model)

    @cached_property
    def _chat_model(self) -> ChatModel:
        from assistant.writing.model import open_chat_model

        return open_chat_model(self._settings)

    def _quoted(self, question: str, history: Sequence[Mapping[str, str]], standalone: str | None) -> Answer:
        """Answer with quotes or from the register, or refuse; a question that a model rewrote is self-contained."""
        started = perf_counter()
        asked = checked_question(question, self._settings.max_question_length)
        self.refresh()
        if (plain := without_tag(asked)) != asked:
            return replace(self._quoted(plain, history, standalone), question=asked)
        if respelt := self._retriever.respelt(asked):
            answer = self._quoted(respelt, history, standalone)
            if not answer.abstained:
                return _read_as(asked, respelt, answer)
        request = read_request(asked)
        if request and (reply := inventory.respond(asked, request, self.generation.catalog)):
            return replace(reply, generation=self.generation.id, seconds=perf_counter() - started)
        history = without_small_talk(history)
        asked_question = self._read(asked, history, standalone)
        parts = self._parts(asked_question, standalone or asked)
        self._retriever.prepare(parts[0].query)  # is embedded while the register's vocabulary reads the question
        parsed = parse(asked, [turn["content"] for turn in history if turn.get("role") == "user"])
        evidence = self._gathered(parts)
        self._latest = (question, tuple(turn["content"] for turn in history)), evidence
        with span("compose"):
            composed = self._with_verdict(asked_question, self._answer(asked_question, evidence, parsed))
        answer = replace(
            composed,
            retrieved=tuple(evidence.passages[:RETRIEVED]),
            standalone=_as_searched(asked_question),
            generation=self.generation.id,
            seconds=perf_counter() - started,
        )
        self._log(answer)
        return answer

    def considered(self, question: str, history: Sequence[Mapping[str, str]] = ()) -> list[RetrievedPassage]:
        """Return all passages that an answer to a question would be looked for in, best first; at no cost after `ask`."""
        asked, evidence = self._latest
        if asked != (question, tuple(turn["content"] for turn in history)):
            evidence = self.gathered(question, history)[1]
        return evidence.passages

    def gathered(self, question: str, history: Sequence[Mapping[str, str]] = ()) -> tuple[Question, Evidence]:
        """Return a question as it is read, and the evidence for it, from which it is answered or refused."""
        read = self._read(question, history)
        return read, self._gathered(self._parts(read, question))

    def _read(self, asked: str, history: Sequence[Mapping[str, str]], standalone: str | None = None) -> Question:
        context = "" if standalone else context_of(asked, history, self._goes_on(asked, history))
        return analyse(asked, self._retriever.read(standalone or asked, context))

    def _goes_on(self, asked: str, history: Sequence[Mapping[str, str]]) -> bool:
        """Return whether a question is near enough to the latest one to be on the same subject."""
        latest = next((turn["content"] for turn in reversed(history) if turn.get("role") == "user" and turn.get("content")), "")
        if not latest:
            return False
        one, other = self._embedder.encode([asked, latest])
        return float(one @ other) >= SAME_SUBJECT

    def _gathered(self, parts: Sequence[Question]) -> Evidence:
        return Gatherer(self._retriever, self.generation.catalog, self._evidence_model, EvidenceWeights()).gather(parts)

    def _parts(self, question: Question, asked: str) -> list[Question]:
        """Return a question, or the parts of one that asks for several things, each in the light of the whole."""
        texts = parts_of(asked, question.language)
        if len(texts) < 2:
            return [question]
        context = " ".join(filter(None, (question.query.context, asked)))
        return [analyse(text, self._retriever.read(text, context, question.language)) for text in texts]

    def _with_verdict(self, question: Question, answer: Answer) -> Answer:
        """Begin the answer to a yes/no question with what it says; where there is none, look again without its facts."""
        if answer.mode != "extractive" or not is_yes_no(question.asked):
            return answer
        unknown = [word for word in question.unknown if word in question.query.names] if answer.abstained else []
        bare = without_literals(question.asked, question.language, unknown) if answer.abstained else question.asked
        if bare != question.asked:
            other = analyse(bare, self._retriever.read(bare, language=question.language))
            again = self._extract(other, self._gathered([other])) if other.terms else answer
            answer = answer if again.abstained else replace(again, question=question.asked)
        if answer.abstained:
            return answer
        found = with_verdict(answer, question.asked, question.language, unknown)
        return found or _refused(question, message(question.language, "refusal.nothing"), answer.confidence)

    def _similarities(self, text: str, passages: Sequence[Passage]) -> Mapping[str, float]:
        """Return the similarities of the sentences of passages with a text, by sentence id."""
        return self._retriever.sentence_similarities(self._retriever.read(text), passages)

    def _log(self, answer: Answer) -> None:
        """Log that a question was answered; what was asked only where the settings say so."""
        facts: dict[str, object] = {"seconds": round(answer.seconds, 4), "mode": answer.mode, "refused": answer.abstained}
        if self._settings.log_questions:
            facts["question"] = answer.question
        log.info("answered in %.3f s, mode: %s, refused: %s", answer.seconds, answer.mode, answer.abstained, extra=facts)

    def _answer(self, question: Question, evidence: Evidence, parsed: RegisterQuestion | None) -> Answer:
        """Answer from the register where it can, from the documents, or (a mixed question) from both."""
        register = respond(question.asked, parsed, self.generation.catalog) if parsed else None
        if register and parsed and not parsed.also_text:
            return register
        extracted = self._extract(question, evidence)
        if register:
            return joined(extracted, register)
        limit = states_alone(parsed, self.generation.catalog) if parsed else None
        return _with_limit(question, extracted, limit) if limit else extracted

    def _extract(self, question: Question, evidence: Evidence) -> Answer:
        """Answer with quoted sentences of the documents, or refuse."""
        catalog = self.generation.catalog
        twins = {r.passage.id: r.twins for r in evidence.passages}
        if by_label := _by_label(question, catalog, is_worded=True):
            return by_label
        wanted = read_wanted(question.asked, question.language).of_context(question.query.context, question.language)
        if structured := by_structure(question, wanted, catalog, self._similarities):
            return structured
        if by_label := _by_label(question, catalog):
            return by_label
        sources = [row.source for row in mentioned_documents(question.asked, question.language, catalog)][:_MENTIONED]
        trust = confidence(question, evidence)
        if quotes := asked_entries(question, evidence, catalog):
            return _quoted_whole(question, quotes, catalog, max(trust, CERTAIN))
        reason = None if is_said_in_its_words(question, evidence) else reason_for_refusal(question, trust)
        if (sources or reason) and (quotes := by_heading(question, sources, catalog, self._similarities)):
            return _quoted_whole(question, quotes, catalog, max(trust, CERTAIN))
        official = official_documents(catalog) if asks_for_official(question.asked) else []
        is_known = not official or is_near(evidence, official)
        if not is_known and (quotes := by_document(question, official, catalog, self._similarities)):
            return _quoted_whole(question, quotes, catalog, max(trust, CERTAIN))
        evidence, left_open = without_open_parts(focused(question, evidence, sources, official))
        parts, citations = ([], []) if reason else compose(question, evidence, catalog, ExtractiveSettings(), twins)
        parts, citations = own_last(parts, citations, question.language)
        if not parts:
            return _refused(question, reason or message(question.language, "refusal.nothing"), trust)
        parts += [_left_open(part, question.language) for part in left_open]
        answer = Answer(question.asked, written(parts), "extractive", False, tuple(citations), (), 0.0, tuple(parts))
        is_weak = trust < CERTAIN
        short = None if is_weak else _short_answer(question, citations[0])
        return replace(answer, confidence=trust, is_weak=is_weak, short_answer=short)


def _short_answer(question: Question, quoted: Citation) -> ShortAnswer | None:
    """Return the date or the number that a question asks for where the quote holds one alone."""
    span = short_answer(question, quoted.quote)
    return ShortAnswer(quoted.number, *span, quoted.quote[slice(*span)]) if span else None


def _by_label(question: Question, catalog: Catalog, is_worded: bool = False) -> Answer | None:
    """Answer a question that asks for a numbered part by its label, or for the number of such parts; else None.

    `is_worded`: by a label alone that bears the question's noun ("Article 3", not "3").
    """
    found, asks_for_text = named_provisions(question, catalog)
    if is_worded and not (found and found[0].fit[1]):
        return None
    notes: list[AnswerPart] = []
    quotes = quotes_of(found[0].source, found[0].provision, catalog) if found and asks_for_text else []
    if not quotes and (counted := counted_provisions(question, catalog)):
        source, provisions = counted
        quotes = [quote for provision in provisions for quote in quotes_of(source, provision, catalog)]
        if not quotes or sum(quote.length() for quote in quotes) > MOST_WORDS:
            quotes = [
                quote for provision in (provisions[0], provisions[-1]) for quote in quotes_of(source, provision, catalog)[:1]
            ]
        noun = next((w for w in words(question.asked) if question.counted & {stem(w, question.language)}), "")
        values = {"title": quotes[0].passage.title if quotes else "", "noun": noun, "count": len(provisions)}
        first, last = provisions[0].path, provisions[-1].path
        text = message(question.language, "provisions.count", first=first, last=last, **values)
        notes = [AnswerPart(text, kind="note")] if quotes else []
    if not quotes:
        return None
    answer = _quoted_whole(question, quotes, catalog, 1.0, notes)
    return answer if answer.citations else None


def _quoted_whole(
    question: Question, quotes: Sequence[Quote], catalog: Catalog, trust: float, notes: Sequence[AnswerPart] = ()
) -> Answer:
    """Return an answer made of quotes as they are, under notes."""
    quoted, citations = cited(quotes, catalog, {})
    parts = (*notes, *quoted)
    return Answer(question.asked, written(parts), "extractive", False, tuple(citations), (), 0.0, parts, confidence=trust)


def _read_as(asked: str, respelt: str, answer: Answer) -> Answer:
    """Say before the answer to a question with most words misspelt how it was read."""
    note = message(question_language(respelt), "structure.read_as", text=respelt)
    parts = (AnswerPart(note, kind="note"), *answer.parts)
    return replace(answer, question=asked, parts=parts, text=written(parts), standalone=respelt)


def _refused(question: Question, reason: str, trust: float) -> Answer:
    refusal = Refusal(tuple(question.terms), question.unknown, reason)
    text = refusal_text(question, refusal)
    return Answer(question.asked, text, "extractive", True, (), (), 0.0, confidence=trust, refusal=refusal)


def _left_open(part: str, language: str) -> AnswerPart:
    french, english = "Sur ce point, les documents en disent trop peu", "The documents hold too little on this part"
    return AnswerPart(f"{french} : « {part} »." if language == "fr" else f"{english}: “{part}”.", kind="note")


def _with_limit(question: Question, extracted: Answer, limit: AnswerPart) -> Answer:
    """Add what the built-in register leaves open; quotes on other countries than the one asked for give way to a refusal."""
    if extracted.abstained or not is_on_the_countries(extracted):
        refused = _refused(question, limit.text, extracted.confidence)
        return replace(refused, text=f"{refused.text} {limit.text}")
    parts = (*extracted.parts, limit)
    return replace(extracted, text=written(parts), parts=parts)


def _as_searched(question: Question) -> str | None:
    """Return the question as it was searched, where that differs from what was asked."""
    searched = " ".join(filter(None, (question.query.context, question.query.text)))
    return searched if searched != question.asked else None


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


def _telling_words(question: Question, unknown: Sequence[str]) -> list[str]:
    """Return those of the unknown words that say why there is no answer, as they were written: names, and a lone subject."""
    own = [word for word, _ in split_words(question.asked) if fold(word) in unknown]
    is_subject = len(question.terms) == 1 or question.subject is not None
    names = question.query.names
    return list(dict.fromkeys(word for word in own if is_subject or fold(word) in names or any(map(str.isdigit, word))))


def refusal_text(question: Question, refusal: Refusal) -> str:
    """Return what a refused question is answered with, in its language."""
    unknown = ", ".join(_telling_words(question, refusal.unknown))
    if question.language == "fr":
        text = "Les documents ne permettent pas de répondre à cette question."
        return f"{text} Ces mots n'y figurent nulle part : {unknown}." if unknown else text
    text = "The documents do not answer this question."
    return f"{text} These words occur in none of them: {unknown}." if unknown else text
