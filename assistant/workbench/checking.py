"""Check a draft against the documents: each sentence stands there, is said there, is said otherwise there, or is not found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Literal, Self

from assistant.answers import Citation, citation_as_json
from assistant.claims.alignment import Alignment, Difference, align
from assistant.claims.evidence import EvidencePassage, EvidenceSentence, from_passage
from assistant.claims.literal import Ground, check_facts
from assistant.messages import message
from assistant.quotes.quoting import label_at
from assistant.workbench import word_file
from assistant.workbench.drafts import Draft, DraftSentence
from assistant.workbench.quotations import Found, find, levelled, named_documents, quotations_in
from knowledge_base.files import Closing
from knowledge_base.language.sentences import LEANS
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import LANGUAGES
from knowledge_base.language.words import words
from knowledge_base.models.embeddings import Embedder, open_embedder
from knowledge_base.models.multilingual import open_multilingual
from knowledge_base.models.query_adapter import open_query_adapter
from knowledge_base.passages import Passage
from knowledge_base.sandbox.sandbox import Sandbox
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.settings import Settings
from knowledge_base.store.generations import Generation
from knowledge_base.store.recovery import open_intact

Status = Literal["verbatim", "supported", "contradicted", "not_found"]
Relation = Literal["stands there", "says it", "differs", "nearest"]
STATUSES: tuple[Status, ...] = ("verbatim", "supported", "contradicted", "not_found")

_PASSAGES = 8
_OF_NAMED = 24  # passages that are looked through for those of a document that the draft names
_COMPARED = 10  # sentences, those that share most words first
_SAME_MATTER = 0.6  # share of the draft's words from which on a passage speaks of the same thing
_MARKS_AT_END = 3  # characters, such as a full stop and a quotation mark
_NEARLY = 0.6  # share of a quotation's words that stand in a row from which on it is taken for that passage
_MATTERS = ("number", "date", "name", "place", "negation", "opposite", "roles", "scope", "modality", "quotation")


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a sentence: its citations, what the nearest passage says of it, and where that differs."""

    sentence: DraftSentence
    status: Status
    citations: tuple[Citation, ...] = ()
    relation: Relation = "nearest"
    differences: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "text": self.sentence.text,
            "status": self.status,
            "citations": [{**citation_as_json(c), "relation": self.relation} for c in self.citations],
            "start": self.sentence.start,
            "end": self.sentence.end,
            "claim": self.sentence.is_claim,
            "difference": [{"kind": d.kind, "draft": d.claim, "document": d.evidence} for d in self.differences],
        }


@dataclass(frozen=True, slots=True)
class _Compared:
    """A sentence of a passage laid against one of the draft."""

    passage: EvidencePassage
    sentence: EvidenceSentence
    context: str
    alignment: Alignment
    facts: tuple[Difference, ...]

    @property
    def supports(self) -> bool:
        return self.alignment.agrees and not self.facts

    def speaks_of(self, subject: Sequence[str]) -> bool:
        """Return whether the sentence, what it leans on or the headings above it name a subject."""
        return set(subject) <= set(words(f"{self.context} {self.sentence.text}"))

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(d for d in (*self.facts, *self.alignment.differences) if d.kind in _MATTERS)


class Checker(Closing):
    """Checks sentences against one generation; a context manager that closes it."""

    def __init__(self, generation: Generation, embedder: Embedder, retriever: HybridRetriever) -> None:
        self.generation = generation
        self._catalog = generation.catalog
        self._embedder = embedder
        self._retriever = retriever

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the published generation and the model that searches it."""
        generation = open_intact(settings)
        try:
            embedder = open_embedder(settings)
            adapter = open_query_adapter(settings, embedder.model_id)
            multilingual = open_multilingual(settings, embedder.model_id)
            return cls(generation, embedder, HybridRetriever(generation, embedder, None, adapter, multilingual))
        except BaseException:
            generation.close()
            raise

    def close(self) -> None:
        """Let go of the generation."""
        self.generation.close()

    def check(self, draft: Draft) -> Iterator[Checked]:
        """Yield what became of each sentence of a draft, in order."""
        subject: tuple[str, ...] = ()
        for sentence in draft.sentences:
            if not LEANS.match(sentence.text):
                subject = next((name.run for name in Text.read(sentence.text).names if name.run), ())
                yield self.check_sentence(sentence) if sentence.is_claim else Checked(sentence, "not_found")
            else:
                yield self.check_sentence(sentence, subject) if sentence.is_claim else Checked(sentence, "not_found")

    def check_sentence(self, sentence: DraftSentence, subject: Sequence[str] = ()) -> Checked:
        """Look a sentence up: letter for letter, then each of its quotations, then what it says.

        `subject` are the words of the name that the sentences before speak of, where the sentence leans on them ("It has ...").
        """
        sources = named_documents(sentence.text, self._catalog)
        passages = self._passages(" ".join((*subject, sentence.text)), sources)
        near = [(passage.source, passage.ordinal) for passage in passages]
        found = find(sentence.text, self._catalog, near, sources)
        if found and (whole := self._whole(found)):
            return Checked(sentence, "verbatim", self._cited([whole]), "stands there")
        quotes = quotations_in(sentence.text)
        places = [find(quote, self._catalog, near, sources) for quote in quotes]
        standing = [place for place in places if place]
        if quotes and len(standing) == len(quotes):
            return Checked(sentence, "verbatim", self._cited(standing), "stands there")
        if quotes:
            return self._misquoted(sentence, next(q for q, place in zip(quotes, places, strict=True) if not place), passages)
        return self._judged(sentence, passages, subject)

    def _whole(self, found: Found) -> Found | None:
        """Return what was found with its last mark where it is sentences of its page; a part may leave out who says it."""
        spans = [span for p in self._catalog.passages_on_page(found.source, found.ordinal) for span in p.sentences]
        end = next((span.end for span in spans if 0 <= span.end - found.end <= _MARKS_AT_END), None)
        begins = any(span.start == found.start for span in spans)
        return replace(found, end=end) if begins and end is not None else None

    def _passages(self, text: str, sources: frozenset[str] | None) -> list[Passage]:
        """Return the passages nearest to a sentence, of the documents that it names where it names some."""
        found = self._retriever.retrieve(text, _OF_NAMED if sources else _PASSAGES)
        all_of_them = [passage for hit in found for passage in (hit.passage, *hit.twins)]
        if sources is None:
            return all_of_them
        kept = [passage for passage in all_of_them if passage.source in sources]
        said = Text.read(text).stems
        own = (passage for source in sorted(sources) for passage in self._catalog.all_passages(source))
        best = sorted(own, key=lambda p: -len(said & Text.read(p.text, p.language).stems))[:_PASSAGES]
        return list({passage.id: passage for passage in (*kept[:_PASSAGES], *best)}.values())

    def _cited(self, places: Sequence[Found]) -> tuple[Citation, ...]:
        """Return citations of what was found letter for letter, each by its own page."""
        made: list[Citation] = []
        for place in dict.fromkeys(places):
            on_page = self._catalog.passages_on_page(place.source, place.ordinal)
            passage = next((p for p in on_page if p.start <= place.start < p.end), on_page[0])
            made.append(self._citation(len(made) + 1, passage, place.start, place.end))
        return tuple(made)

    def _citation(self, number: int, passage: Passage, start: int, end: int) -> Citation:
        page = self._catalog.page(passage.source, passage.page)
        quote = page.text[start:end] if page else ""
        label = label_at(passage, start, self._catalog)
        date = self._catalog.dates([passage.source]).get(passage.source)
        return Citation(
            number, passage.source, passage.title, passage.page, start, end, quote, "exact", date, passage.heading, label
        )

    def _misquoted(self, sentence: DraftSentence, quote: str, passages: Sequence[Passage]) -> Checked:
        """Show where a quotation that stands nowhere differs from the sentences that it is nearest to."""
        wanted = levelled(quote)[0].split()
        best: tuple[float, Passage, int, int, list[Difference]] | None = None
        for passage in passages:
            for span in passage.sentences:
                held = levelled(passage.sentence_text(span))[0].split()
                share, differences = _by_words(wanted, held)
                if best is None or share > best[0]:
                    best = share, passage, span.start, span.end, differences
        if best is None:
            return Checked(sentence, "not_found")
        share, passage, start, end, differences = best
        citation = (self._citation(1, passage, start, end),)
        if share < _NEARLY:
            return Checked(sentence, "not_found", citation)
        return Checked(sentence, "contradicted", citation, "differs", tuple(differences))

    def _judged(self, sentence: DraftSentence, passages: Sequence[Passage], subject: Sequence[str]) -> Checked:
        """Return whether a passage says what a sentence says of its subject, or says it otherwise."""
        compared = [each for each in self._compared(sentence.text, passages) if each.speaks_of(subject)]
        if not compared:
            return Checked(sentence, "not_found")
        best = next((each for each in compared if each.supports), None)
        if best:
            return self._checked(sentence, "supported", "says it", best)
        nearest = max(compared, key=lambda each: each.alignment.covered)
        says_otherwise = any(d.claim or d.kind == "negation" for d in nearest.differences)  # it leaves out a word: not found
        if nearest.alignment.covered >= _SAME_MATTER and says_otherwise:
            return self._checked(sentence, "contradicted", "differs", nearest)
        return self._checked(sentence, "not_found", "nearest", nearest)

    def _checked(self, sentence: DraftSentence, status: Status, relation: Relation, compared: _Compared) -> Checked:
        passage = compared.passage.passage
        assert passage is not None  # all evidence here was retrieved
        citation = self._citation(1, passage, compared.sentence.start, compared.sentence.end)
        differences = () if status == "supported" else compared.differences
        return Checked(sentence, status, (citation,), relation, differences)

    def _compared(self, text: str, passages: Sequence[Passage]) -> list[_Compared]:
        """Return the sentences that share most of the claim's words, each laid against it, the nearest first.

        The claim is read in the language of each: of a short one it is hard to tell.
        """
        claims = {language: Text(text, language) for language in LANGUAGES}
        names = [name for passage in passages for name in passage.quotable_sentences]
        vectors = self.generation.vectors.sentences.get(names)
        evidence = [from_passage(n, p, vectors, self._embedder.encode) for n, p in enumerate(passages, 1)]
        ranked = sorted(
            ((passage, sentence) for passage in evidence for sentence in passage.sentences),
            key=lambda pair: -len(claims[pair[1].said.language].stems & pair[1].said.stems),
        )
        return [_compare(claims[sentence.said.language], passage, sentence) for passage, sentence in ranked[:_COMPARED]]


def _compare(claim: Text, passage: EvidencePassage, sentence: EvidenceSentence) -> _Compared:
    before = ""
    if sentence.position and LEANS.match(sentence.text):
        before = passage.sentences[sentence.position - 1].text
    context = Text(f"{passage.context}\n{before}", claim.language)
    near = Text(f"{context.text}\n{sentence.text}", claim.language)
    findings = check_facts(claim, Ground([sentence.said], near, [passage]))
    named = set(words(context.digits))
    facts = (_fact(finding.kind, claim, sentence.said) for finding in findings)
    facts = (fact for fact in facts if not (fact.kind == "number" and fact.claim and named.issuperset(fact.claim.split())))
    return _Compared(passage, sentence, context.text, align(claim, sentence.said, context), tuple(dict.fromkeys(facts)))


def _fact(kind: str, claim: Text, evidence: Text) -> Difference:
    """Return a fact that is not confirmed, with the claim's words of its kind that the evidence lacks, and the reverse."""

    def lacking(one: Text, other: Text) -> str:
        if kind in ("number", "date"):
            held = other.digits.split()
            return " ".join(w for w in one.digits.split() if w not in held and any(c.isdigit() for c in w)).strip(" .,;:()")
        names = [w.strip(" .,;:()") for w in one.text.split()[1:]]
        return " ".join(w for w in names if w[:1].isupper() and w.casefold() not in other.text.casefold())

    return Difference(kind, lacking(claim, evidence), lacking(evidence, claim))


def _by_words(wanted: Sequence[str], held: Sequence[str]) -> tuple[float, list[Difference]]:
    """Return the share of the wanted words that stand in a row of another's, and where they differ in between."""
    blocks = [block for block in SequenceMatcher(None, wanted, held, autojunk=False).get_matching_blocks() if block.size]
    if not blocks:
        return 0.0, []
    share = sum(block.size for block in blocks) / len(wanted)
    first, last = blocks[0], blocks[-1]
    within = held[first.b - min(first.a, first.b) : last.b + last.size + len(wanted) - last.a - last.size]
    codes = SequenceMatcher(None, wanted, within, autojunk=False).get_opcodes()
    return share, [
        Difference("quotation", " ".join(wanted[a:b]), " ".join(within[c:d])) for tag, a, b, c, d in codes if tag != "equal"
    ]


# What goes out of a checked draft


def counts(checked: Sequence[Checked]) -> dict[Status, int]:
    """Count the sentences that were judged, by status."""
    judged = [each.status for each in checked if each.sentence.is_claim]
    return {status: judged.count(status) for status in STATUSES}


def described(checked: Checked) -> str:
    """Return what is said of a sentence in a comment: its status, where the quote stands, the quote, what differs."""
    lines = [message("en", f"check.{checked.status}")]
    for citation in checked.citations:
        place = [citation.title, *([f"page {citation.page}"] if citation.page else []), *filter(None, [citation.label])]
        lines += [
            "",
            f"{message('en', 'check.' + checked.relation.replace(' ', '_'))}: {', '.join(place)}",
            f"“{citation.quote}”",
        ]
    for difference in checked.differences:
        if difference.claim or difference.evidence:
            said = {"kind": difference.kind, "draft": difference.claim or "–", "document": difference.evidence or "–"}
            lines.append(message("en", "check.difference", **said))
    return "\n".join(lines)


def commented(draft: Draft, checked: Sequence[Checked], settings: Settings) -> bytes:
    """Return the draft as a Word file with a comment at each judged sentence: the same file where it was one."""
    comments = [
        (each.sentence.paragraph, *draft.within(each.sentence), described(each)) for each in checked if each.sentence.is_claim
    ]
    if draft.docx is None:
        return word_file.from_text([(p.text, p.is_heading) for p in draft.paragraphs], comments)
    with Sandbox(1, settings.parse_seconds, settings.parse_memory_mb << 20) as sandbox:
        return sandbox.run(word_file.with_comments, draft.docx, "The draft", comments)


def as_rows(checked: Sequence[Checked]) -> list[dict[str, str | int | None]]:
    """Return the judged sentences as a table: a row for each place, and one for a sentence without any."""
    rows: list[dict[str, str | int | None]] = []
    for each in (each for each in checked if each.sentence.is_claim):
        differences = "; ".join(f"{d.kind}: {d.claim or '–'} / {d.evidence or '–'}" for d in each.differences)
        for c in each.citations or (None,):
            rows.append(
                {
                    "sentence": each.sentence.text, "status": each.status, "relation": each.relation if c else "",
                    "document": c.title if c else "", "page": c.page if c else None, "label": c.label if c else "",
                    "quote": c.quote if c else "", "differences": differences,
                }
            )  # fmt: skip
    return rows
