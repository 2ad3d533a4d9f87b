"""Check a sentence of a language model against quotes: supported, weak, or unsupported, and by which sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Support
from assistant.claims.alignment import align
from assistant.claims.evidence import Encode, EvidencePassage, EvidenceSentence, Vectors, is_evidence
from assistant.claims.literal import Finding, Ground, adds_facts, check_facts
from assistant.claims.polarity import compare
from knowledge_base.language.text import Text
from knowledge_base.language.words import words

Scorer = Callable[[str, Sequence[str]], Sequence[float]]

_ORDER: tuple[Support, ...] = ("supported", "weak", "unsupported")
_TWIN_WORDS = 0.75  # of the shorter of two sentences that say the same
_MANY_FACTS = 3
_FEWEST_WORDS, _MOST_WORDS = 3, 80
_READ = 8  # sentences, the closest first, that may be quoted


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a sentence must reach, calibrated on true and false sentences of our own: `closeness` is the mean of the cosine
    similarity with its evidence and of the share of its words that stand there.

    From `supported` on a sentence may be supported, below `struck` it is unsupported; from `same` on it says what its quote
    says but for its facts. `nearer` is by how much another passage may be closer than the cited one; `twin` is the similarity
    of sentences that must not differ in their facts; a sentence is quoted with the best one where it adds `adds` of the claim's
    words; at most `quotes` are, and one more for its facts. Where a sentence takes over `taken_over` of a quote's words,
    another strength, role or opposite marks it as weak, and where it takes over `copied`, another order of the words does.
    """

    supported: float = 0.6
    struck: float = 0.42
    same: float = 0.66
    nearer: float = 0.14
    twin: float = 0.7
    adds: float = 0.12
    quotes: int = 3
    taken_over: float = 0.75
    copied: float = 0.9


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence is supported, by which sentences, and what spoke against it (kinds such as "number", "negation")."""

    support: Support
    quotes: tuple[EvidenceSentence, ...] = ()
    closeness: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claim:
    said: Text
    vector: Vectors


class Verifier:
    """Verifies sentences against the passages of one question; `scorer` may replace the closeness of sentences (0 to 1)."""

    def __init__(
        self,
        passages: Sequence[EvidencePassage],
        encode: Encode,
        thresholds: Thresholds | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self._passages = {passage.number: passage for passage in passages}
        self._encode = encode
        self._thresholds = thresholds or Thresholds()
        self._scorer = scorer

    def verify(self, sentence: str, cited: Sequence[int], language: str) -> Verdict:
        """Return the verdict on a sentence, without its marks, that cites passages by number (none: all are read)."""
        if not _FEWEST_WORDS <= len(words(sentence)) <= _MOST_WORDS or not is_evidence(sentence):
            return Verdict("unsupported", reasons=("no statement",))
        claim = _Claim(Text.read(sentence, language), self._encode([sentence])[0])
        known = [self._passages[number] for number in dict.fromkeys(cited) if number in self._passages]
        if known:
            return self._compared_with_others(claim, self._best(claim, known), set(cited))
        verdict = self._best(claim, list(self._passages.values()))
        if cited:
            return replace(verdict, support="unsupported", reasons=("citation",), quotes=())
        return self._doubted_by_twins(claim, verdict)

    def _best(self, claim: _Claim, passages: Sequence[EvidencePassage]) -> Verdict:
        """Return the best verdict that one passage gives, or all of them together."""
        verdicts = [self._judge(claim, [passage]) for passage in passages]
        if len(passages) > 1:
            verdicts.append(self._judge(claim, passages))
        missing = Verdict("unsupported", reasons=("citation",))
        return min(verdicts, key=lambda v: (_ORDER.index(v.support), -v.closeness), default=missing)

    def _compared_with_others(self, claim: _Claim, verdict: Verdict, cited: set[int]) -> Verdict:
        """Return the verdict, weak where passages that are not cited support the claim rather than those, or contradict it."""
        others = [passage for passage in self._passages.values() if passage.number not in cited]
        if not others:
            return verdict
        if verdict.support == "supported":
            nearest = max(others, key=lambda p: max((self._closeness(claim, [s]) for s in p.sentences), default=0.0))
            elsewhere = self._judge(claim, [nearest])
            if elsewhere.support == "supported" and elsewhere.closeness - verdict.closeness > self._thresholds.nearer:
                return replace(verdict, support="weak", reasons=("other passage",))
            return self._doubted_by_twins(claim, verdict)
        elsewhere = self._best(claim, others)
        if elsewhere.support == "supported":
            return replace(elsewhere, support="weak", reasons=("other passage",))
        return verdict

    def _doubted_by_twins(self, claim: _Claim, verdict: Verdict) -> Verdict:
        """Return the verdict, weak where as many passages say the claim with another number or date as with its own."""
        mine = claim.said
        agree = {quote.passage for quote in verdict.quotes}
        dissent: set[int] = set()
        for sentence in (s for passage in self._passages.values() for s in passage.sentences):
            theirs = sentence.said
            shared, fewer = len(mine.stems & theirs.stems), min(len(mine.stems), len(theirs.stems))
            is_close = float(sentence.vector @ claim.vector) >= self._thresholds.twin
            if not is_close or shared < max(_FEWEST_WORDS, _TWIN_WORDS * fewer):
                continue
            has_other_number = theirs.numbers and any(not any(n.equals(o) for o in theirs.numbers) for n in mine.numbers)
            has_other_date = theirs.dates and any(not date.is_met_by(theirs.dates) for date in mine.dates)
            (dissent if has_other_number or has_other_date else agree).add(sentence.passage)
        if verdict.support == "supported" and len(dissent - agree) >= len(agree):
            return replace(verdict, support="weak", reasons=("disagreement",))
        return verdict

    def _judge(self, claim: _Claim, passages: Sequence[EvidencePassage]) -> Verdict:
        """Return the verdict of passages.

        A fact that is not in the quote strikes a claim that says the same but for that, and one far from it. Between the two,
        where a claim puts its quote in other words, a single such fact marks it as weak; so does distance where several
        figures, dates and places of the claim all stand there.
        """
        quotes = self._chosen(claim, [sentence for passage in passages for sentence in passage.sentences])
        if not quotes:
            return Verdict("unsupported", reasons=("distance",))
        said, limits = claim.said, self._thresholds
        if any(f" {said.normalised} " in f" {quote.said.normalised} " for quote in quotes):
            return Verdict("supported", tuple(quotes), 1.0)
        closeness = self._closeness(claim, quotes)
        findings = self._findings(claim, quotes, passages)
        breaks = {finding.kind for finding in findings if finding.grade == "break"}
        in_other_words = limits.supported <= closeness < limits.same and len(breaks) == 1 and "quote" not in breaks
        facts = len(said.numbers) + len(said.dates) + len(said.places)
        support: Support = "weak" if findings or closeness < limits.supported else "supported"
        if support == "supported":
            turned = self._turned(claim, quotes, passages)
            support, findings = ("weak", turned) if turned else (support, findings)
        if (closeness < limits.struck and facts < _MANY_FACTS) or (breaks and not in_other_words):
            support = "unsupported"
        return Verdict(support, tuple(quotes), closeness, tuple(dict.fromkeys(finding.kind for finding in findings)))

    def _turned(self, claim: _Claim, quotes: Sequence[EvidenceSentence], passages: Sequence[EvidencePassage]) -> list[Finding]:
        """Return what differs where a claim takes over nearly all words of a sentence: roles, strength, opposites, names."""
        best = max(quotes, key=lambda quote: self._closeness(claim, [quote])).said
        laid = align(claim.said, best, Text("\n".join(passage.context for passage in passages), claim.said.language))
        if laid.covered < self._thresholds.taken_over:
            return []
        kinds = [d.kind for d in laid.differences if d.kind != "order" or laid.covered >= self._thresholds.copied]
        return [Finding(kind, "doubt") for kind in (*kinds, *["name"] * bool(laid.missing_names))]

    def _chosen(self, claim: _Claim, sentences: Sequence[EvidenceSentence]) -> list[EvidenceSentence]:
        """Return the sentence closest to the claim, and those that add words or facts of it; in reading order."""
        rest = sorted(sentences, key=lambda s: -self._closeness(claim, [s]))
        chosen = rest[:1]
        for sentence in rest[1:_READ]:
            missing = claim.said.stems - frozenset[str]().union(*(s.said.stems for s in chosen))
            adds = len(missing & sentence.said.stems) / max(1, len(claim.said.stems))
            if len(chosen) < self._thresholds.quotes and adds > self._thresholds.adds:
                chosen.append(sentence)
        for sentence in rest[1:_READ]:
            is_near = len(chosen) <= self._thresholds.quotes and not claim.said.stems.isdisjoint(sentence.said.stems)
            if is_near and adds_facts(claim.said, sentence.said, [s.said for s in chosen]):
                chosen.append(sentence)
        return sorted(chosen, key=lambda s: (s.passage, s.start))

    def _closeness(self, claim: _Claim, quotes: Sequence[EvidenceSentence]) -> float:
        """Return how close sentences together are to a claim, 0 to 1."""
        if self._scorer is not None:
            return max(self._scorer(claim.said.text, [quote.text for quote in quotes]))
        stems = claim.said.stems
        covered = len(stems & frozenset[str]().union(*(q.said.stems for q in quotes))) / max(1, len(stems))
        return (max(float(q.vector @ claim.vector) for q in quotes) + covered) / 2

    def _findings(
        self, claim: _Claim, quotes: Sequence[EvidenceSentence], passages: Sequence[EvidencePassage]
    ) -> list[Finding]:
        """Return what speaks against a claim: facts that are not confirmed, another language, another yes or no."""
        best = max(quotes, key=lambda s: self._closeness(claim, [s])).said
        said, quoted = claim.said, [quote.said for quote in quotes]
        before = [p.sentences[q.position - 1].text for q in quotes for p in passages if p.number == q.passage and q.position]
        near = "\n".join([*(passage.context for passage in passages), *before, *(quote.text for quote in quotes)])
        findings = list(check_facts(said, Ground(quoted, Text(near, best.language), passages)))
        if any(quote.language != said.language for quote in quoted):
            doubted = ("name", "quote")  # these may be translated
            findings = [Finding(f.kind, "doubt") if f.kind in doubted else f for f in findings]
            return [*findings, Finding("language", "doubt")]
        agreement = compare(said, Text(" ".join(quote.text for quote in quoted), said.language))
        if agreement == "unsure" and compare(said, best) == "conflict":  # where all together leave it open, the best one says
            agreement = "conflict"
        if agreement != "agree":
            findings.append(Finding("negation", "break" if agreement == "conflict" else "doubt"))
        return findings
