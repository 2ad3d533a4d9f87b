"""Read question data, public and our own: documents cut into sentences, and questions with the sentences that answer them."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge_base.models.evidence import with_neighbours

TREC_CANDIDATES = 80
SQUAD_DOCUMENT = 60  # sentences: the articles' bounds are not given
DEV_COVID, DEV_XQUAD, DEV_TREC = 7, 4, 15
DEV_BRIEFS = frozenset(
    {
        "absent-states-and-later-joiners",
        "etats-absents-et-ralliements",
        "hygiene-numerique",
        "paris-call-in-brief",
        "principle-8-no-private-hack-back",
        "vulnerability-disclosure-and-supply-chain",
        "wannacry-and-notpetya",
        "wannacry-et-notpetya",
        "what-the-declaration-says",
        "working-group-3-un-participation",
        "working-group-4-norms",
        "working-group-5-stability-index",
        "working-group-6-supply-chain",
        "working-groups-2021",
    }
)
BRIEFS = Path(__file__).parents[1] / "knowledge_base" / "library" / "briefs"
REPORT = "report"  # the kind of questions on an index of the official documents, which is one document to them
OWN_QUESTIONS = Path(__file__).parent / "questions_on_briefs.jsonl"


@dataclass(frozen=True, slots=True)
class Document:
    """Sentences in their order; those of one block are neighbours."""

    kind: str
    sentences: tuple[str, ...]
    blocks: tuple[int, ...]

    def window(self, position: int, marked: bool) -> str:
        """Return the sentence with one neighbour on each side."""
        return with_neighbours(self._near(position, -1), self.sentences[position], self._near(position, 1), marked)

    def _near(self, position: int, step: int) -> str:
        near = position + step
        inside = 0 <= near < len(self.sentences) and self.blocks[near] == self.blocks[position]
        return self.sentences[near] if inside else ""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question on a document, by its number, and the positions of the sentences that answer it (none: nothing does)."""

    text: str
    document: int
    answers: frozenset[int]


@dataclass(slots=True)
class QuestionData:
    """Documents and the questions on them."""

    documents: list[Document] = field(default_factory=list)
    questions: list[AskedQuestion] = field(default_factory=list)

    def add(self, document: Document, questions: Sequence[tuple[str, frozenset[int]]], least: int = 1) -> None:
        """Add a document with its questions, those left out that every sentence or fewer than `least` answer."""
        useful = [(text, found) for text, found in questions if least <= len(found) < len(document.sentences)]
        self.questions += [AskedQuestion(text, len(self.documents), found) for text, found in useful]
        self.documents.append(document)


def read_data(folder: Path) -> tuple[QuestionData, QuestionData]:
    """Return the questions to train on, and those kept apart: other papers, articles, TREC questions and briefs."""
    training, dev = QuestionData(), QuestionData()
    for kind, name, kept in (("covid", "covid-qa.train.json", DEV_COVID), ("xquad", "xquad.en.train.json", DEV_XQUAD)):
        articles = _articles(folder / name)
        for number, article in enumerate(articles):
            _add_article(dev if number >= len(articles) - kept else training, kind, article)
    for name in ("policyqa.dev.json", "policyqa.test.json"):
        _add_policies(training, _articles(folder / name))
    _add_squad(training, folder / "squad-sentences.train.tsv")
    _add_trec(training, dev, folder / "trec-qa.train.csv")
    add_briefs(training, dev)
    return training, dev


# SQuAD's format


def _articles(path: Path) -> list[dict[str, Any]]:
    articles: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["data"]
    return articles


def _add_article(data: QuestionData, kind: str, article: dict[str, Any]) -> None:
    document, asked = _read_article(kind, article)
    data.add(document, [(text, frozenset(found)) for text, found in asked])


def _read_article(kind: str, article: dict[str, Any]) -> tuple[Document, list[tuple[str, set[int]]]]:
    sentences: list[str] = []
    blocks: list[int] = []
    asked: list[tuple[str, set[int]]] = []
    for block, paragraph in enumerate(article["paragraphs"]):
        spans = list(_sentence_spans(paragraph["context"]))
        for question in paragraph["qas"]:
            found = {len(sentences) + i for answer in question["answers"][:1] for i in _holding(spans, answer)}
            asked.append((" ".join(question["question"].split()), found))
        sentences += [" ".join(paragraph["context"][start:end].split()) for start, end in spans]
        blocks += [block] * len(spans)
    return Document(kind, tuple(sentences), tuple(blocks)), asked


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    from sentencex import segment

    cursor = 0
    for line in text.split("\n"):
        for sentence in segment("en", line):
            stripped = sentence.strip()
            if stripped:
                start = text.index(stripped, cursor)
                cursor = start + len(stripped)
                yield start, cursor


def _holding(spans: Sequence[tuple[int, int]], answer: dict[str, Any]) -> list[int]:
    """Return the sentences that hold at least half of the answer, else the one that holds most of it."""
    first, last = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    shared = [max(0, min(last, end) - max(first, start)) for start, end in spans]
    most = max(shared, default=0)
    return [i for i, length in enumerate(shared) if length and (2 * length >= last - first or length == most)]


def _add_policies(data: QuestionData, articles: Sequence[dict[str, Any]]) -> None:
    """Add the policies, each question once, on the policy that holds fewest of the questions so far."""
    read = [_read_article("policy", article) for article in articles]
    answered: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, (_, asked) in enumerate(read):
        for text, found in asked:
            answered[text][number] |= found
    chosen: dict[int, list[tuple[str, frozenset[int]]]] = defaultdict(list)
    for text, by_policy in answered.items():
        number = min(by_policy, key=lambda policy: len(chosen[policy]))
        chosen[number].append((text, frozenset(by_policy[number])))
    for number, (document, _) in enumerate(read):
        data.add(document, chosen[number])


# Our own questions on the briefs


def add_briefs(training: QuestionData, dev: QuestionData) -> None:
    """Add the briefs with our own questions on them, also those that nothing answers; some briefs are kept apart."""
    asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in OWN_QUESTIONS.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        asked[item["brief"]].append(item)
    for name, items in sorted(asked.items()):
        document, kept = _brief(BRIEFS / name), name.removesuffix(".md") in DEV_BRIEFS
        questions = [(item["question"], _stated(document, item["answers"])) for item in items]
        (dev if kept else training).add(document, questions, least=1 if kept else 0)


def _brief(path: Path) -> Document:
    """Return a brief cut into sentences, its paragraphs being blocks; headings and front matter are left out."""
    body = path.read_text(encoding="utf-8").split("\n---\n", 1)[-1]
    sentences: list[str] = []
    blocks: list[int] = []
    for block, line in enumerate(body.splitlines()):
        text = line.removeprefix("- ")
        if not line.startswith("#"):
            found = [" ".join(text[start:end].split()) for start, end in _sentence_spans(text)]
            sentences += found
            blocks += [block] * len(found)
    return Document("brief", tuple(sentences), tuple(blocks))


def _stated(document: Document, answers: Sequence[str]) -> frozenset[int]:
    """Return the positions of the sentences that answer: an answer may be several sentences, or a part of one."""
    plain = [" ".join(answer.split()) for answer in answers]
    return frozenset(i for i, s in enumerate(document.sentences) if any(s in answer or answer in s for answer in plain))


# Sentences in tables


def _add_squad(data: QuestionData, path: Path) -> None:
    """Add the sentences in the order of their articles, which neighbouring rows share."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)]
    distinct = list(dict.fromkeys(row["sentence"] for row in rows))
    place = {sentence: number for number, sentence in enumerate(distinct)}
    asked: dict[int, list[tuple[str, frozenset[int]]]] = defaultdict(list)
    for row in rows:
        document, position = divmod(place[row["sentence"]], SQUAD_DOCUMENT)
        asked[document].append((row["question"], frozenset([position])))
    for start in range(0, len(distinct), SQUAD_DOCUMENT):
        sentences = tuple(distinct[start : start + SQUAD_DOCUMENT])
        data.add(Document("squad", sentences, (0,) * len(sentences)), asked[start // SQUAD_DOCUMENT])


def _add_trec(training: QuestionData, dev: QuestionData, path: Path) -> None:
    """Add each question with its candidate sentences as a document without neighbours; the last questions are kept apart."""
    candidates: dict[str, dict[str, bool]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            candidates[_untokenised(row["qtext"])][_untokenised(row["atext"])] = row["label"] == "1"
    for number, (question, labels) in enumerate(candidates.items()):
        labels = dict(list(labels.items())[:TREC_CANDIDATES])
        document = Document("trec", tuple(labels), tuple(range(len(labels))))
        found = frozenset(i for i, label in enumerate(labels.values()) if label)
        (dev if number >= len(candidates) - DEV_TREC else training).add(document, [(question, found)])


_TOKENS = {
    "``": '"',
    "''": '"',
    "-LRB-": "(",
    "-RRB-": ")",
    " ,": ",",
    " .": ".",
    " ?": "?",
    " ;": ";",
    " 's": "'s",
    " n't": "n't",
}


def _untokenised(text: str) -> str:
    for token, written in _TOKENS.items():
        text = text.replace(token, written)
    return text.strip()
