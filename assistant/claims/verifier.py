"""Check a sentence of a language model against quotes: supported, weak, or unsupported, and by which sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Support
from assistant.claims.evidence import Encode, EvidencePassage, EvidenceSentence, Vectors, is_evidence
from assistant.claims.literal import Finding, Ground, adds_facts, check_facts, is_quoted
from assistant.claims.polarity import Agreement, compare, is_turned_round, misattached, overstates
from knowledge_base.language.text import Text
from knowledge_base.language.words import words

Scorer = Callable[[str, Sequence[str]], Sequence[float]]

_ORDER: tuple[Support, ...] = ("supported", "weak", "unsupported")
_TWIN_WORDS = 0.75  # of the shorter of two sentences that say the same
_MANY_FACTS = 3
_FEWEST_WORDS, _MOST_WORDS = 3, 80


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a sentence must reach, calibrated on true and false sentences of our own: `closeness` is the mean of the cosine
    similarity with its evidence and of the share of its words that stand there.

    From `supported` on a sentence may be supported, below `struck` it is unsupported; from `same` on it says what its quote
    says but for its facts. `nearer` is by how much another passage may be closer than the cited one; `twin` is the similarity
    of sentences that must not differ in their facts; a sentence is quoted with the best one where it adds `adds` of the claim's
    words; at most `quotes` are, and one more for its facts.
    """

    supported: float = 0.6
    struck: float = 0.42
    same: float = 0.66
    nearer: float = 0.14
    twin: float = 0.7
    adds: float = 0.12
    quotes: int = 3


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
        known = [self._passages[number] for number in dict.fromkeys(cited) if number in self._passages]
        if cited and not known:
            return replace(self._uncited(sentence, language), support="unsupported", reasons=("citation",), quotes=())
        claim = self._claim(sentence, language)
        if not known:
            return self._held_to_twins(claim, self._best(claim, list(self._passages.values())))
        verdict = self._best(claim, known)
        return self._held_to_others(claim, known, verdict)

    def _uncited(self, sentence: str, language: str) -> Verdict:
        return self._best(self._claim(sentence, language), list(self._passages.values()))

    def _claim(self, sentence: str, language: str) -> _Claim:
        return _Claim(Text.read(sentence, language), self._encode([sentence])[0])

    def _best(self, claim: _Claim, passages: Sequence[EvidencePassage]) -> Verdict:
        """Return the best verdict that one passage gives, or all of them together."""
        verdicts = [self._judge(claim, [passage]) for passage in passages]
        if len(passages) > 1:
            verdicts.append(self._judge(claim, passages))
        ranked = sorted(verdicts, key=lambda v: (_ORDER.index(v.support), -v.closeness))
        return ranked[0] if ranked else Verdict("unsupported", reasons=("citation",))

    def _held_to_others(self, claim: _Claim, known: Sequence[EvidencePassage], verdict: Verdict) -> Verdict:
        """Look whether the passages that are not cited support the claim rather than the cited one, or contradict it."""
        others = [passage for passage in self._passages.values() if passage.number not in {p.number for p in known}]
        if not others:
            return verdict
        if verdict.support == "supported":
            nearest = self._judge(claim, [self._nearest(claim, others)])
            if nearest.support == "supported" and nearest.closeness - verdict.closeness > self._thresholds.nearer:
                return replace(verdict, support="weak", reasons=("other passage",))
            return self._held_to_twins(claim, verdict)
        elsewhere = self._best(claim, others)
        if elsewhere.support == "supported":
            return replace(elsewhere, support="weak", reasons=("other passage",))
        return verdict

    def _nearest(self, claim: _Claim, passages: Sequence[EvidencePassage]) -> EvidencePassage:
        return max(passages, key=lambda p: max((self._closeness(claim, [s]) for s in p.sentences), default=0.0))

    def _held_to_twins(self, claim: _Claim, verdict: Verdict) -> Verdict:
        """Mark a claim where as many passages say its sentence with another number or date as say it with the claim's."""
        agree = {s.passage for s in verdict.quotes}
        dissent: set[int] = set()
        for sentence in (s for passage in self._passages.values() for s in passage.sentences):
            if float(sentence.vector @ claim.vector) >= self._thresholds.twin and _says_the_same(claim, sentence):
                (dissent if _differs(claim, sentence) else agree).add(sentence.passage)
        if verdict.support == "supported" and len(dissent - agree) >= len(agree):
            return replace(verdict, support="weak", reasons=("disagreement",))
        return verdict

    def _judge(self, claim: _Claim, passages: Sequence[EvidencePassage]) -> Verdict:
        quotes = self._chosen(claim, [s for passage in passages for s in passage.sentences])
        if not quotes:
            return Verdict("unsupported", reasons=("distance",))
        ground = Ground(quotes, passages)
        closeness = self._closeness(claim, quotes)
        if is_quoted(claim.said, ground.said):
            return Verdict("supported", tuple(quotes), 1.0)
        findings = self._findings(claim, ground)
        support = self._graded(closeness, findings, len(claim.said.numbers + claim.said.dates) + len(claim.said.places))
        return Verdict(support, tuple(quotes), closeness, tuple(dict.fromkeys(f.kind for f in findings)))

    def _graded(self, closeness: float, findings: Sequence[Finding], facts: int) -> Support:
        """Grade a claim: a fact that is not in the quote strikes one that says the same but for that, and one far from it.

        Between the two, where a claim puts its quote in other words, a single such fact marks it as weak; so does distance
        where several figures, dates and places of the claim (their number is `facts`) all stand there.
        """
        limits = self._thresholds
        breaks = {finding.kind for finding in findings if finding.grade == "break"}
        in_other_words = limits.supported <= closeness < limits.same and len(breaks) == 1 and "quote" not in breaks
        is_far = closeness < limits.struck and facts < _MANY_FACTS
        if is_far or (breaks and not in_other_words):
            return "unsupported"
        return "weak" if findings or closeness < limits.supported else "supported"

    def _chosen(self, claim: _Claim, sentences: Sequence[EvidenceSentence]) -> list[EvidenceSentence]:
        """Return the sentence closest to the claim, and those that add words or facts of it; in reading order."""
        if not sentences:
            return []
        rest = sorted(sentences, key=lambda s: -self._closeness(claim, [s]))
        chosen = [rest[0]]
        for sentence in rest[1:8]:
            missing = claim.said.stems - frozenset[str]().union(*(s.said.stems for s in chosen))
            adds = len(missing & sentence.said.stems) / max(1, len(claim.said.stems))
            if len(chosen) < self._thresholds.quotes and adds > self._thresholds.adds:
                chosen.append(sentence)
        for sentence in rest[1:8]:
            is_near = len(chosen) <= self._thresholds.quotes and not claim.said.stems.isdisjoint(sentence.said.stems)
            if is_near and adds_facts(claim.said, sentence.said, [s.said for s in chosen]):
                chosen.append(sentence)
        return sorted(chosen, key=lambda s: (s.passage, s.start))

    def _closeness(self, claim: _Claim, quotes: Sequence[EvidenceSentence]) -> float:
        if self._scorer is not None:
            return max(self._scorer(claim.said.text, [quote.text for quote in quotes]))
        stems = claim.said.stems
        covered = len(stems & frozenset[str]().union(*(q.said.stems for q in quotes))) / max(1, len(stems))
        return (max(float(q.vector @ claim.vector) for q in quotes) + covered) / 2

    def _findings(self, claim: _Claim, ground: Ground) -> list[Finding]:
        best = max(ground.sentences, key=lambda s: self._closeness(claim, [s]))
        same = all(quote.language == claim.said.language for quote in ground.said)
        near = Text(ground.near_text, best.said.language)
        findings = check_facts(claim.said, ground, near, same)
        if not same:
            return [*findings, Finding("language", "doubt")]
        return [*findings, *_contradictions(claim.said, best.said, ground, near)]


def _contradictions(claim: Text, best: Text, ground: Ground, near: Text) -> list[Finding]:
    found = []
    agreement = _agreement(claim, best, ground)
    if agreement != "agree":
        found.append(Finding("negation", "break" if agreement == "conflict" else "doubt"))
    if overstates(claim, near):
        found.append(Finding("overstatement", "doubt"))
    if is_turned_round(claim, best):
        found.append(Finding("direction", "doubt"))
    found += [Finding(kind, "doubt") for kind in misattached(claim, ground.said)]
    return found


def _agreement(claim: Text, best: Text, ground: Ground) -> Agreement:
    """Compare a claim with all quoted sentences; where these leave open whether they agree, the best one says."""
    together = compare(claim, Text(" ".join(quote.text for quote in ground.said), claim.language))
    by_itself = compare(claim, best)
    return by_itself if together == "unsure" and by_itself == "conflict" else together


def _says_the_same(claim: _Claim, sentence: EvidenceSentence) -> bool:
    """Say whether most of the words of the shorter of the two stand in the other."""
    mine, theirs = claim.said.stems, sentence.said.stems
    shared, fewer = len(mine & theirs), min(len(mine), len(theirs))
    return shared >= max(_FEWEST_WORDS, _TWIN_WORDS * fewer)


def _differs(claim: _Claim, sentence: EvidenceSentence) -> bool:
    """Say whether the sentence has another number or date in the place of the claim's."""
    mine, theirs = claim.said, sentence.said
    numbers = [n for n in mine.numbers if not any(n.equals(o) for o in theirs.numbers)]
    dates = [d for d in mine.dates if not d.is_met_by(theirs.dates)]
    return bool((numbers and theirs.numbers) or (dates and theirs.dates))
