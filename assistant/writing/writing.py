"""Have a language model write an answer, sentence by sentence, each verified before it is shown."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from assistant.answers import Answer, AnswerPart, Citation, Support, WritingRecord, written
from assistant.claims.evidence import Encode, EvidencePassage, from_passage
from assistant.claims.verifier import Verdict, Verifier
from assistant.messages import message
from assistant.writing.faults import PARTIAL, ModelFault, notice
from assistant.writing.limits import TICK, Limits, paced
from assistant.writing.model import ChatModel
from assistant.writing.model_text import SentenceStream, clean_sentence
from assistant.writing.prompt import Turn, answer_prompt, fitting, says_no_answer, tokens_of
from knowledge_base.language.words import normalised, question_language, stop_words, words
from knowledge_base.logs import span

if TYPE_CHECKING:  # the page imports this before it is painted
    from knowledge_base.store.generations import Generation

log = logging.getLogger(__name__)

_OPEN_BRACKET = re.compile(r"[\[【(<][^\]】)>]*\Z")  # a mark, a link or a tag that is not finished
_LETTERS_A_TOKEN = 8  # more than any language has: what a model sends beyond that, it sends without end
_MOST_REPEATS = 3
_MOST_SENTENCES = 40
_ENOUGH_WORDS = 12  # to tell a language by
_READ = 8  # passages that were found
_QUOTED_TOO = 4  # passages that only the quoted answer has


@dataclass(frozen=True, slots=True)
class Grounds:
    """Numbered passages with their sentences, and the dates of their documents by source."""

    passages: tuple[EvidencePassage, ...]
    dates: dict[str, str]


@dataclass(frozen=True, slots=True)
class Started:
    """The answer made of quotes is there; a model now writes."""

    quoted: Answer


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing new: a moment in which the reader may stop."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drafted:
    """The sentence that is being written: not verified yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence was verified; `answer` is what there is so far."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer, finished one way or another."""

    answer: Answer


Event = Started | Waiting | Drafted | Written | Finished


def grounds_of(answer: Answer, generation: Generation, encode: Encode) -> Grounds:
    """Return the passages found for an answer, and those that only it quotes (the rest of a list), as the index has them now.

    They are gathered before a model is asked: the index may be replaced while it writes.
    """
    catalog = generation.catalog
    passages = {retrieved.passage.id: retrieved.passage for retrieved in answer.retrieved[:_READ]}
    most = len(passages) + _QUOTED_TOO
    for citation in answer.citations:
        for passage in catalog.passages_on_page(citation.source, 0 if citation.page is None else citation.page - 1):
            is_quoted = passage.page == citation.page and passage.start < citation.end and citation.start < passage.end
            if is_quoted and len(passages) < most:
                passages.setdefault(passage.id, passage)
    pages = [(passage, catalog.page(passage.source, passage.page)) for passage in passages.values()]
    standing = [passage for passage, page in pages if page and page.text[passage.start : passage.end] == passage.text]
    vectors = generation.vectors.sentences.get([name for passage in standing for name in passage.quotable_sentences])
    evidence = tuple(from_passage(number, passage, vectors, encode) for number, passage in enumerate(standing, start=1))
    return Grounds(evidence, catalog.dates(passage.source for passage in standing))


@dataclass(slots=True)
class _Page:
    """What is written so far."""

    parts: list[AnswerPart] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    counts: dict[Support, int] = field(default_factory=lambda: {"supported": 0, "weak": 0, "unsupported": 0})
    said: dict[str, int] = field(default_factory=dict)
    false_citations: int = 0
    has_declined: bool = False
    letters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    ended: str | None = None


class Writing:
    """An answer that a model writes after the `quoted` one; iterate over `events()`, or stop and take `stopped()`."""

    def __init__(self, quoted: Answer, grounds: Grounds, model: ChatModel, encode: Encode, limits: Limits) -> None:
        self._quoted = quoted
        self._model = model
        self._limits = limits
        self._language = question_language(quoted.question)
        self._passages: list[EvidencePassage] = fitting(grounds.passages, limits.max_input_tokens)
        self._dates = grounds.dates
        self._verifier = Verifier(self._passages, encode)
        self._page = _Page()
        self._rules = ""
        self._fault: ModelFault | None = None
        self._started = monotonic()

    def events(self) -> Iterator[Event]:
        """Give what happens, a Finished with the answer last; whatever goes wrong with the model ends in that, too."""
        yield Started(self._quoted)
        try:
            yield from self._write()
        except ModelFault as fault:
            self._fault = fault
            log.warning("%s The answer made of quotes is shown.", fault)
        yield Finished(self._answer())

    def stopped(self) -> Answer:
        """Return what was written so far, marked as stopped."""
        self._fault = ModelFault("stopped")
        return self._answer()

    def _write(self) -> Iterator[Event]:
        """Have the model write; ask it again, after a wait, where it fails before its first letter and the limits allow."""
        turns = answer_prompt(self._quoted.question, self._passages, self._language)
        self._rules = normalised(turns[0].content)
        self._page.input_tokens = tokens_of(turns)
        most = self._limits.output_tokens(self._page.input_tokens)
        deadline = self._started + self._limits.seconds
        for attempt in count():
            try:
                yield from self._read(turns, most, deadline)
                return
            except ModelFault as fault:
                if self._page.letters:
                    raise
                until = monotonic() + self._limits.wait_before(attempt, fault)
                if until > deadline:
                    raise
            while (left := until - monotonic()) > 0:
                yield Waiting(monotonic() - self._started)
                threading.Event().wait(min(TICK, left))

    def _read(self, turns: Sequence[Turn], most: int, deadline: float) -> Iterator[Event]:
        """Read one answer of the model, of `most` tokens; raise ModelFault where the whole is not an answer."""
        page, most_letters = self._page, most * _LETTERS_A_TOKEN
        sentences = SentenceStream(self._language)
        for piece in paced(lambda: self._model.stream(turns, most), deadline):
            if piece is None:
                yield Waiting(monotonic() - self._started)
                continue
            text = piece.text[: max(0, most_letters - page.letters)]
            page.letters += len(text)
            page.ended = piece.ended or page.ended
            page.input_tokens = piece.input_tokens or page.input_tokens
            page.output_tokens = piece.output_tokens or page.output_tokens
            for raw in sentences.add(text):
                yield from self._taken(raw)
            if page.letters >= most_letters:
                raise ModelFault("endless")
            yield Drafted(clean_sentence(_OPEN_BRACKET.sub("", sentences.draft), len(self._passages)).text)
        if page.ended is None:
            raise ModelFault("cut" if page.letters else "empty")
        for raw in sentences.end():
            yield from self._taken(raw)
        if not page.letters or not (page.said or page.has_declined):
            raise ModelFault("empty")
        said = " ".join(page.said)
        if len(words(said)) >= _ENOUGH_WORDS and is_in_another_language(said, self._language):
            raise ModelFault("language")
        if page.ended in ("length", "max_tokens"):
            raise ModelFault("length")

    def _taken(self, raw: str) -> Iterator[Written]:
        """Verify a sentence, and write it down as what it is found to be; one that repeats the prompt's rules is no answer."""
        page = self._page
        sentence = clean_sentence(raw, len(self._passages))
        page.false_citations += sentence.is_false_citation
        if not words(sentence.text):
            return
        if says_no_answer(sentence.text):
            page.has_declined = True
            return
        page.said[sentence.text] = page.said.get(sentence.text, 0) + 1
        if page.said[sentence.text] > _MOST_REPEATS or len(page.said) > _MOST_SENTENCES:
            raise ModelFault("endless")
        if page.said[sentence.text] > 1:
            return
        if f" {normalised(sentence.text)} " in f" {self._rules} ":
            verdict = Verdict("unsupported", reasons=("prompt",))
        else:
            with span("verify"):
                verdict = self._verifier.verify(sentence.text, sentence.cited, self._language)
        page.counts[verdict.support] += 1
        log.info("A sentence is %s (closeness %.2f): %s", verdict.support, verdict.closeness, ", ".join(verdict.reasons))
        if verdict.support != "unsupported" or self._limits.marks_unsupported:
            numbers = () if verdict.support == "unsupported" else self._cited(verdict)
            page.parts.append(AnswerPart(sentence.text, numbers, support=verdict.support))
            yield Written(self._generated(None))

    def _cited(self, verdict: Verdict) -> tuple[int, ...]:
        """Return the numbers of the quotes that a verdict rests on, new ones where they are not cited yet."""
        numbers = []
        for quote in verdict.quotes:
            passage = next(p.passage for p in self._passages if p.number == quote.passage and p.passage)
            place = (passage.source, passage.page, quote.start, quote.end)
            known = next((c.number for c in self._page.citations if (c.source, c.page, c.start, c.end) == place), None)
            if known is None:
                known = len(self._page.citations) + 1
                date = self._dates.get(passage.source)
                made = Citation(
                    known, passage.source, passage.title, passage.page, quote.start, quote.end, quote.text,
                    date=date, heading=passage.heading,
                )  # fmt: skip
                self._page.citations.append(made)
            numbers.append(known)
        return tuple(numbers)

    def _answer(self) -> Answer:
        """Return the model's answer where it has a supported sentence and was not cut short by a fault; else the quoted one."""
        fault, page = self._fault, self._page
        if fault is None and not page.counts["supported"]:
            fault = ModelFault("declined" if page.has_declined and not page.parts else "unsupported")
        if page.counts["supported"] and (fault is None or fault.kind in PARTIAL):
            return self._generated(fault)
        record = self._record(fault, is_quoted=True)
        return replace(self._quoted, writing=record, seconds=self._quoted.seconds + record.seconds)

    def _generated(self, fault: ModelFault | None) -> Answer:
        """Return the answer of the model's sentences; in its plain text, one that is not supported says so."""
        marks = {code: f" {message(self._language, f'writing.{code}')}" for code in ("weak", "unsupported")}
        parts = self._page.parts
        record = self._record(fault, is_quoted=False)
        return replace(
            self._quoted,
            text=written([replace(part, text=part.text + marks.get(part.support or "", "")) for part in parts]),
            mode="generative",
            abstained=False,
            refusal=None,
            citations=tuple(self._page.citations),
            parts=tuple(parts),
            seconds=self._quoted.seconds + record.seconds,
            writing=record,
            quoted=replace(self._quoted, retrieved=()),
        )

    def _record(self, fault: ModelFault | None, is_quoted: bool) -> WritingRecord:
        """Return what is told of the model; `is_quoted`: the quoted answer is shown instead."""
        page, counts = self._page, self._page.counts
        output_tokens = page.output_tokens or round(page.letters / 4)
        told = notice(fault, self._language, is_quoted and not self._quoted.abstained) if fault else None
        return WritingRecord(
            self._model.name, self._model.is_local, counts["supported"], counts["weak"], counts["unsupported"],
            page.false_citations, told, fault.kind if fault else None, fault is not None and not is_quoted,
            page.input_tokens, output_tokens, self._limits.cost(page.input_tokens, output_tokens), monotonic() - self._started,
        )  # fmt: skip


def unwritten(quoted: Answer, model: str, fault: ModelFault) -> Answer:
    """Return the quoted answer with a notice, where the model could not even be opened."""
    told = notice(fault, question_language(quoted.question), not quoted.abstained)
    return replace(quoted, writing=WritingRecord(model, is_local=True, notice=told, fault=fault.kind))


def is_in_another_language(text: str, language: str) -> bool:
    """Return whether a text is not in "en" or "fr" as expected, by the small words that every sentence has."""
    said = words(text)
    shares = {code: sum(word in stop_words(code) for word in said) / max(1, len(said)) for code in ("en", "fr")}
    return shares[language] < 0.12 or (question_language(text) != language and shares[language] < 0.25)
