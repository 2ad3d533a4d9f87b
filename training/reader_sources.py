"""Public questions with passages for the reader: each set's own form read into one."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge_base.language.sentences import sentence_spans

Span = tuple[int, int]
Row = dict[str, Any]

LONG = 1_150  # characters past which a context is cut into passages
CUT = 900
LEAST = 250
SELECTED = 1_600
BLOCK = 5  # sentences put together where a set gives sentences alone
CHAPTER = 12  # blocks that count as one document
SUMS = re.compile(r"change|percent|average|sum|total|difference|ratio|increase|decrease", re.IGNORECASE)
BRIEF_QUESTIONS = Path(__file__).parent / "questions_on_briefs.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingPassage:
    """A passage: `sentences` are characters of its text; `heading` may be empty."""

    text: str
    sentences: tuple[Span, ...]
    document: str
    source: str
    language: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question with its passage, by number: the one that answers (`answered`), or one that does not but seems to.

    `right` are the sentences that answer (all of them where `complete`), `span` the short answer's characters. Passages that
    hold one of `answers`, and `others`, are no wrong ones. `close`: the passage as a whole is known not to answer.
    """

    text: str
    source: str
    language: str
    document: str
    passage: int
    answered: bool
    right: frozenset[int] = frozenset()
    complete: bool = True
    span: Span | None = None
    answers: tuple[str, ...] = ()
    others: frozenset[int] = frozenset()
    close: bool = True


@dataclass(slots=True)
class ReaderData:
    """Passages and the questions on them; a passage that occurs twice is kept once."""

    passages: list[TrainingPassage] = field(default_factory=list)
    questions: list[TrainingQuestion] = field(default_factory=list)
    _known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _cut: dict[tuple[str, str, str], list[tuple[int, int]]] = field(default_factory=dict)

    def passage(
        self, text: str, document: str, source: str, language: str, heading: str = "", sentences: Sequence[Span] = ()
    ) -> int:
        """Return the number of a passage, put in where it is new."""
        key = source, document, text
        if key not in self._known:
            self._known[key] = len(self.passages)
            spans = tuple(sentences or sentence_spans(text, language))
            self.passages.append(TrainingPassage(text, spans, f"{source}/{document}", source, language, heading))
        return self._known[key]

    def cut(self, text: str, document: str, source: str, language: str, heading: str = "") -> list[tuple[int, int]]:
        """Return where each passage of a context begins, with its number."""
        key = source, document, text
        if key not in self._cut:
            pieces = [(0, len(text))] if len(text) <= LONG else windows(text, language)
            self._cut[key] = [(a, self.passage(text[a:b], document, source, language, heading)) for a, b in pieces]
        return self._cut[key]

    def answered(
        self, row: Row, source: str, spans: Sequence[Span], heading: str, complete: bool = True, short: bool = True
    ) -> None:
        """Add a question whose answers stand at these characters of its context."""
        document, language = str(row["document"]), row["lang"]
        found = []
        for begin, number in self.cut(row["context"], document, source, language, heading):
            length = len(self.passages[number].text)
            inside = [(a - begin, b - begin) for a, b in spans if begin <= a < begin + length]
            right = self._right(number, inside)
            if right:
                found.append((number, right, inside[0]))
        if not found:
            return
        number, right, first = found[0]
        span = first if short and first[1] <= len(self.passages[number].text) else None
        self.questions.append(
            TrainingQuestion(
                row["question"], source, language, f"{source}/{document}", number, True, right, complete, span,
                tuple(row.get("answers", ())), frozenset(other for other, *_ in found[1:]),
            )
        )  # fmt: skip

    def unanswered(self, row: Row, source: str, heading: str = "") -> None:
        """Add a question that its context does not answer."""
        document = str(row["document"])
        pieces = self.cut(row["context"], document, source, row["lang"], heading)
        self.questions.append(
            TrainingQuestion(
                row["question"], source, row["lang"], f"{source}/{document}", pieces[0][1], False, close=len(pieces) == 1
            )
        )

    def _right(self, number: int, spans: Sequence[Span]) -> frozenset[int]:
        """Return the sentences that hold half of one of the spans, or half of which one holds."""
        sentences = enumerate(self.passages[number].sentences)
        return frozenset(i for i, sentence in sentences if any(_shared(sentence, span) >= 0.5 for span in spans))


def _shared(one: Span, other: Span) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / max(1, min(one[1] - one[0], other[1] - other[0]))


def windows(text: str, language: str) -> list[Span]:
    """Cut a long text into passages of whole sentences."""
    found: list[Span] = []
    current: Span | None = None
    for start, end in sentence_spans(text, language):
        if current and end - current[0] > CUT:
            found.append(current)
            current = None
        current = (current[0] if current else start, end)
    if current and found and current[1] - current[0] < LEAST and current[1] - found[-1][0] < 1.4 * CUT:
        found[-1] = found[-1][0], current[1]
    elif current:
        found.append(current)
    return found


def read_sources(shared: Path, briefs: Path, seed: int) -> ReaderData:
    """Read all sets that weights may be shipped from: `shared` holds the folders training and boards."""
    data, folder, chance = ReaderData(), shared / "training", random.Random(seed)
    _spans(data, folder, "squad2-dev", "squad2")
    _spans(data, folder, "piaf", "piaf")
    _spans(data, folder, "fr-unanswerable", "piaf", only="PIAF")
    _spans(data, folder, "nq-qed", "nq")
    _marked(data, folder, "clapnq-dev", "clapnq")
    _tables(data, folder, chance)
    _rules(data, folder)
    _whole(data, folder)
    _selected(data, folder, "selqa", "selqa")
    _selected(data, folder, "qmsum-committee", "qmsum")
    _squad_form(data, folder, "covid-qa.train", "covid")
    _squad_form(data, folder, "policyqa.dev", "policy", most=2)
    _squad_form(data, folder, "policyqa.test", "policy", most=2)
    _sentences_alone(data, folder)
    _clauses(data, shared / "boards" / "obliqa-dev")
    _briefs(data, briefs)
    return data


def _rows(folder: Path, name: str) -> Iterator[Row]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _located(context: str, texts: Sequence[str]) -> list[Span]:
    places = ((context.find(text), len(text)) for text in texts)
    return [(start, start + length) for start, length in places if start >= 0]


def _heading(row: Row) -> str:
    return str(row["document"]).replace("_", " ")


def _spans(data: ReaderData, folder: Path, name: str, source: str, only: str = "") -> None:
    """Read a set whose answers are pieces of the context; the first of several is marked."""
    for row in _rows(folder, name):
        if only and not row["source"].startswith(only):
            continue
        if not row["answerable"]:
            data.unanswered(row, source, _heading(row))
        elif spans := _located(row["context"], row["answers"][:1]):
            data.answered(row, source, spans, _heading(row), complete=not row.get("multi_sentence", False))


def _marked(data: ReaderData, folder: Path, name: str, source: str) -> None:
    """Read a set whose answering sentences are marked."""
    for row in _rows(folder, name):
        if not row["answerable"]:
            data.unanswered(row, source, _heading(row))
        elif spans := _located(row["context"], row.get("evidence") or []):
            data.answered(row | {"answers": ()}, source, spans, _heading(row), short=False)


def _tables(data: ReaderData, folder: Path, chance: random.Random) -> None:
    """Read annual reports, without what asks for a sum; of what a table alone answers, three in ten."""
    for row in _rows(folder, "tatqa"):
        if SUMS.search(row["question"]):
            continue
        if row["answerable"]:
            if spans := _located(row["context"], row["answers"]):
                data.answered(row, "tatqa", spans, "")
        elif chance.random() < 0.3:
            data.unanswered(row, "tatqa")


def _rules(data: ReaderData, folder: Path) -> None:
    for row in _rows(folder, "sharc-dev"):
        number = data.passage(row["context"], row["document"], "sharc", "en")
        data.questions.append(
            TrainingQuestion(
                row["question"], "sharc", "en", f"sharc/{row['document']}", number, bool(row["answerable"]), complete=False
            )
        )


def _whole(data: ReaderData, folder: Path) -> None:
    """Read the administrations' questions, which the whole context answers."""
    for row in _rows(folder, "admin-faq"):
        pieces = data.cut(row["context"], row["document"], "admin", row["lang"])
        number = pieces[0][1]
        alone = len(pieces) == 1 and len(data.passages[number].sentences) == 1
        data.questions.append(
            TrainingQuestion(
                row["question"], "admin", row["lang"], f"admin/{row['document']}", number, True,
                frozenset([0] if alone else []), False, others=frozenset(other for _, other in pieces[1:]),
            )
        )  # fmt: skip


def _selected(data: ReaderData, folder: Path, name: str, source: str) -> None:
    """Read a set of sentences with labels: runs of them are put together as passages."""
    for row in _rows(folder, name):
        texts = [" ".join(text.split()) for text in row["sentences"]]
        made = []
        for run in _runs(texts):
            text, spans = _joined([texts[i] for i in run])
            if len(text) <= SELECTED:
                number = data.passage(text, row["document"], source, "en", "", spans)
                made.append((number, frozenset(k for k, i in enumerate(run) if row["labels"][i])))
        right = [(number, labels) for number, labels in made if labels]
        if right:
            others = frozenset(number for number, _ in right[1:])
            document = f"{source}/{row['document']}"
            data.questions.append(
                TrainingQuestion(row["question"], source, "en", document, right[0][0], True, right[0][1], others=others)
            )


def _runs(texts: Sequence[str]) -> list[list[int]]:
    runs: list[list[int]] = []
    size = 0
    for number, text in enumerate(texts):
        if not runs or size + len(text) > CUT:
            runs.append([])
            size = 0
        runs[-1].append(number)
        size += len(text) + 1
    return runs


def _joined(texts: Sequence[str]) -> tuple[str, list[Span]]:
    starts = [sum(len(text) + 1 for text in texts[:i]) for i in range(len(texts))]
    return " ".join(texts), [(start, start + len(text)) for start, text in zip(starts, texts, strict=True)]


def _squad_form(data: ReaderData, folder: Path, name: str, source: str, most: int = 0) -> None:
    """Read a file in SQuAD's form; of a question that recurs, the first `most` times (0: all)."""
    times: dict[str, int] = defaultdict(int)
    for number, document in enumerate(json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["data"]):
        title = document.get("title", "")
        heading = title.replace("_", " ") if source == "policy" else ""
        for paragraph in document["paragraphs"]:
            row = {"context": paragraph["context"], "document": title or str(number), "lang": "en"}
            data.cut(row["context"], row["document"], source, "en", heading)
            for asked in paragraph["qas"]:
                times[asked["question"]] += 1
                if (most and times[asked["question"]] > most) or not asked["answers"]:
                    continue
                places = [(a["answer_start"], a["answer_start"] + len(a["text"].rstrip())) for a in asked["answers"][:1]]
                texts = [a["text"] for a in asked["answers"]]
                row |= {"question": asked["question"], "answers": texts}
                data.answered(row, source, places, heading, complete=source != "policy")


def _sentences_alone(data: ReaderData, folder: Path) -> None:
    """Read questions that each have one sentence: neighbours in the file are put together."""
    lines = (folder / "squad-sentences.train.tsv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.split("\t")[:2] for line in lines]
    order = {sentence: n for n, sentence in enumerate(dict.fromkeys(sentence for _, sentence in pairs))}
    sentences = list(order)
    for question, sentence in pairs:
        block = order[sentence] // BLOCK
        text, spans = _joined(sentences[block * BLOCK : (block + 1) * BLOCK])
        if len(text) <= SELECTED:
            chapter = str(block // CHAPTER)
            number = data.passage(text, chapter, "sqs", "en", "", spans)
            right = frozenset([order[sentence] % BLOCK])
            data.questions.append(TrainingQuestion(question, "sqs", "en", f"sqs/{chapter}", number, True, right))


def _clauses(data: ReaderData, board: Path) -> None:
    """Read the board's training questions, without those whose clause the board asks about."""
    asked = {_plain(gold["quote"]) for row in _lines(board / "questions.jsonl") for gold in row["gold"]}
    for row in _lines(board / "train.jsonl"):
        gold = [place for place in row["gold"] if place["quote"]]
        if not gold or any(_plain(place["quote"]) in asked for place in gold):
            continue
        numbers = [n for place in gold for _, n in data.cut(place["quote"], place["source"], "obliqa", "en")]
        document = f"obliqa/{gold[0]['source']}"
        data.questions.append(
            TrainingQuestion(
                row["question"], "obliqa", "en", document, numbers[0], True, complete=False, others=frozenset(numbers[1:])
            )
        )


def _lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _briefs(data: ReaderData, folder: Path) -> None:
    """Read our own questions on the briefs."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for file in sorted(folder.glob("*.md")):
        heading, language = "", "fr" if ".fr." in file.name else "en"
        for block in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            text = " ".join(re.sub(r"^[>*+-] |[*_`]", "", block.strip(), flags=re.MULTILINE).split())
            if text.startswith("#"):
                heading = text.lstrip("# ")
            elif len(text) >= 40 and not text.startswith("---"):
                numbers[file.name] += [
                    data.passage(text[a:b], file.name, "own", language, heading) for a, b in windows(text, language)
                ]
    for row in _lines(BRIEF_QUESTIONS):
        document = f"own/{row['brief']}"
        if not row["answerable"]:
            if first := numbers.get(row["brief"]):
                data.questions.append(
                    TrainingQuestion(row["question"], "own", row["lang"], document, first[0], False, close=False)
                )
            continue
        found = ((n, _holding(data.passages[n], row["answers"])) for n in numbers.get(row["brief"], ()))
        hit = next(((n, right) for n, right in found if right), None)
        if hit:
            data.questions.append(TrainingQuestion(row["question"], "own", row["lang"], document, hit[0], True, hit[1]))


def _holding(passage: TrainingPassage, answers: Sequence[str]) -> frozenset[int]:
    """Return the sentences that an answer begins in, or that stand whole in one."""
    texts = [passage.text[a:b] for a, b in passage.sentences]
    plain = [" ".join(answer.split()) for answer in answers]
    return frozenset(i for i, text in enumerate(texts) if any(answer[:60] in text or text in answer for answer in plain))
