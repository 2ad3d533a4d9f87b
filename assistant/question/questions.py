"""What a question asks for: its kind, its subject, its parts, and the context in a conversation that it depends on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.language.numbers import CARDINALS
from knowledge_base.language.vocabulary import listed, pattern
from knowledge_base.language.words import content_words, fold, stems, stems_of_all_words, words
from knowledge_base.search.queries import Query, Terms, question_terms

MOST_PARTS = 3
_FEW_WORDS = 2
_ANSWER_WORDS = 40  # of the answer before, in the light of which a follow-up is read


class QuestionKind(StrEnum):
    """What sort of answer is asked for."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    QUANTITY = "quantity"
    WHY = "why"
    LIST = "list"
    DEFINITION = "definition"
    OTHER = "other"


_KINDS = {  # the first that a question holds is its kind
    QuestionKind(kind): pattern(f"{{asks.{kind}}}")
    for kind in ("quantity", "when", "where", "why", "list", "definition", "who")
}
_FIRST_WORD = pattern(
    r"^(?:{first_words.openings} )?"
    r"(?:(?P<who>{first_words.who})|(?P<when>{first_words.when})|(?P<where>{first_words.where})|(?P<why>{first_words.why}))\b"
)
_SUBJECTS = tuple(map(pattern, listed("subject.phrases")))
_ARTICLE = pattern("^{subject.articles}")
_COUNTED = pattern(r"\b{counted.leads}\s*(?P<things>[\w-]+(?: [\w-]+){0,2}?(?=\?|,|$| {counted.verbs}\b)|[\w-]+)")

_ASKS = r"(?:{parts.prepositions} )?(?:{parts.words}|{parts.verbs})\b"
_PARTS = pattern(rf"(?:[,;]\s*|\s+){{parts.joins}}\s+(?![^,]{{1,40}}, {{parts.aside}}\b)(?={_ASKS})|[;?]\s+(?={_ASKS})")
_LEAD = pattern(rf"^(?P<lead>[^:?]{{3,80}}):\s+(?={_ASKS})")

_TAG = pattern(r"[\s,;:.?!(]+{yes_no.tags}[\s?.!)]*$")
_LEANS = pattern(r"^{leaning.openings}\b|\b(?:{leaning.pronouns}|{leaning.anywhere})\b")
_POSSESSIVE = pattern(r"\b{leaning.possessives}\b")
_ITSELF = pattern("{subject.itself}", re.NOFLAG)
_NAME = re.compile(r"(?<=.)\b[A-ZÀ-Þ]\w+")  # not the first word
_CITATION = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Question:
    """An analysed question: `asked` as it was asked, `query` as it is searched; `kind` is the first of the `kinds` it asks for.

    `subject` is what a definition is asked of, folded; `count` how many things are asked for, where the question says so;
    `counted` are the stems of the things whose number is asked for.
    """

    asked: str
    query: Query
    kind: QuestionKind
    subject: str | None = None
    count: int | None = None
    counted: frozenset[str] = frozenset()
    kinds: frozenset[QuestionKind] = frozenset()

    @property
    def language(self) -> str:
        """Return "en" or "fr", in which it is answered."""
        return self.query.language

    @property
    def spoken(self) -> str:
        """Return the language that it is asked in: "en", "fr", or one in which there are no messages."""
        return self.query.other or self.query.language

    @property
    def terms(self) -> Terms:
        """Map each content word to its stems."""
        return self.query.terms

    @property
    def weights(self) -> dict[str, float]:
        """Map each content word to its rarity among the passages."""
        return self.query.weights

    def words_in(self, text: str, language: str | None) -> frozenset[str]:
        """Return those of its content words that a text in a language holds."""
        held = stems_of_all_words(text, language)
        return frozenset(word for word, roots in self.terms.items() if not held.isdisjoint(roots))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the content words that occur in no passage."""
        return self.query.unknown


def analyse(asked: str, query: Query) -> Question:
    """Analyse a question that was read as `query`.

    Its kind is what its first word asks for ("And who led it?"), else the first kind whose words it holds, else OTHER. It may
    name the number of things that it asks for ("the nine principles") or ask for the number of some ("how many groups").
    """
    text = _straight(asked)
    kinds = [kind for kind, form in _KINDS.items() if form.search(text)]
    first = _FIRST_WORD.match(text)
    kind = QuestionKind(first.lastgroup or "") if first else next(iter(kinds), QuestionKind.OTHER)
    count = next((CARDINALS[word] for word in words(asked) if word in CARDINALS), None)
    things = _COUNTED.search(text)
    counted = frozenset(stems(things["things"], query.language)) if things else frozenset[str]()
    return Question(asked, query, kind, _subject(text), count, counted, frozenset(kinds))


def without_tag(question: str) -> str:
    """Return a question without what asks for a yes or no at its end ("or not", "y/n"), which says nothing else."""
    plain = _TAG.sub("", question)
    return f"{plain}?" if plain != question and len(words(plain)) > 1 else question


def parts_of(question: str, language: str) -> list[str]:
    """Return the parts of a question that each ask for something, those that a colon introduces after what introduces them.

    A question that asks for one thing is returned whole, as is one with a part that holds no word to search for ("and when?").
    """
    text = _straight(question)
    lead = _LEAD.match(text)
    pieces = [piece.strip(" ,;?.") for piece in _PARTS.split(text[lead.end() :] if lead else text)]
    if not 1 < len(pieces) <= MOST_PARTS or not all(content_words(piece, language) for piece in pieces):
        return [question]
    return [f"{lead['lead']}: {piece}" if lead else piece for piece in pieces]


def leans_on_history(question: str) -> bool:
    """Return whether a question cannot be understood without what came before it.

    "Its" after a name ("What does the UN do with its archives?") is that name's. What names what it asks of is no follow-up
    for being short: "What is cyber hygiene?", "What is the GGE?", but not "What is the deadline?".
    """
    text = _straight(question)
    owner = _POSSESSIVE.search(text)
    is_ownerless = owner is not None and not _NAME.search(text, 0, owner.start())
    is_short = len(question_terms(question)) <= _FEW_WORDS and not _ITSELF.search(text)
    return is_ownerless or bool(_LEANS.search(text)) or is_short


def context_of(question: str, history: Sequence[Mapping[str, str]], is_on: bool = False) -> str:
    """Return the context that a question depends on: the latest question and the beginning of its answer; else "".

    `is_on`: it goes on with the subject of the latest question, whatever its words.
    """
    if not history or not (is_on or leans_on_history(question)):
        return ""
    latest = {turn["role"]: turn["content"] for turn in history if turn.get("content")}
    answer = " ".join(_CITATION.sub("", latest.get("assistant", "")).split()[:_ANSWER_WORDS])
    return " ".join(filter(None, (latest.get("user"), answer)))


def _straight(text: str) -> str:
    return text.replace("’", "'").strip()


def _subject(text: str) -> str | None:
    """Return what a definition is asked of, folded and without its article, or None."""
    found = next((found for form in _SUBJECTS if (found := form.search(text))), None)
    return fold(_ARTICLE.sub("", found["subject"].strip(" \"'“”«»"))).strip(" \"'“”«»") if found else None
