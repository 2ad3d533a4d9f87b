from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from training import __main__ as command
from training.evaluation import Trial, area_under_curve
from training.groups import Group, GroupMaker, Recipe
from training.questions import DEV_BRIEFS, OWN_QUESTIONS, Document, QuestionData, add_briefs, read_data

Encode = Callable[[Sequence[str]], np.ndarray]


def letters(texts: Sequence[str]) -> np.ndarray:
    """Return vectors that count letters: texts in the same letters are near."""
    counts = np.array([[text.lower().count(chr(97 + i)) + 0.01 for i in range(26)] for text in texts], dtype=np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def article(name: str, sentences: Sequence[str], asked: Sequence[tuple[str, str]]) -> dict[str, object]:
    context = " ".join(sentences)
    qas = [{"question": q, "answers": [{"text": answer, "answer_start": context.index(answer)}]} for q, answer in asked]
    return {"title": name, "paragraphs": [{"context": context, "qas": qas}]}


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files in the public sets' formats, with sentences of our own."""
    folder = tmp_path_factory.mktemp("training")
    articles = [
        article(
            f"harbour {number}",
            [
                f"The harbour of place {number} closes at nine.",
                f"It was dug in 18{number}.",
                "Boats pay a fee.",
                "Dogs are welcome here.",
                "The keeper lives on the quay.",
            ],
            [(f"When does harbour {number} close?", "at nine"), ("Who lives on the quay?", "The keeper lives on the quay")],
        )
        for number in range(20, 32)
    ]
    for name in ("covid-qa.train.json", "xquad.en.train.json", "policyqa.dev.json", "policyqa.test.json"):
        (folder / name).write_text(json.dumps({"data": articles}))
    rows = [f"what is number {number}?\tnumber {number} is a buoy at the {number}th mile." for number in range(130)]
    (folder / "squad-sentences.train.tsv").write_text("question\tsentence\n" + "\n".join(rows) + "\n")
    with (folder / "trec-qa.train.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["qtext", "label", "atext"])
        for number in range(18):
            for place, label in enumerate((1, 0, 0)):
                text = f"boat {number} -LRB- {place} -RRB- , owned ''so''"
                writer.writerow([f"Who owns boat {number} , and why ?", label, text])
    return folder


@pytest.fixture
def harbour() -> QuestionData:
    data = QuestionData()
    for kind in ("covid", "covid", "squad"):
        sentences = tuple(f"{kind} {letter * 5} {len(data.documents)}" for letter in "abcdefgh")
        data.add(Document(kind, sentences, (0,) * 8), [("aaaaa", frozenset([3])), ("bbbbb", frozenset([0]))])
    return data


# Reading


def test_the_last_papers_articles_and_questions_are_kept_apart(data_dir: Path) -> None:
    training, dev = read_data(data_dir)
    kinds = [[document.kind for document in part.documents] for part in (training, dev)]
    assert [kinds[1].count(kind) for kind in ("covid", "xquad", "policy", "squad", "trec")] == [7, 4, 0, 0, 15]
    assert [kinds[0].count(kind) for kind in ("covid", "xquad", "policy", "squad", "trec")] == [5, 8, 24, 3, 3]


def test_the_sentence_that_holds_the_answer_is_found(data_dir: Path) -> None:
    training, _ = read_data(data_dir)
    first = training.questions[0]
    document = training.documents[first.document]
    assert [document.sentences[i] for i in first.answers] == ["The harbour of place 20 closes at nine."]
    assert document.window(1, True).startswith("The harbour of place 20 closes at nine. ¶ It was dug in 1820. ¶ Boats")


def test_a_policy_question_is_asked_once_a_file(data_dir: Path) -> None:
    training, _ = read_data(data_dir)
    asked = [q.text for q in training.questions if training.documents[q.document].kind == "policy"]
    assert len(asked) == 2 * len(set(asked)) == 2 * 13


def test_squad_rows_become_documents_of_neighbouring_sentences(data_dir: Path) -> None:
    training, _ = read_data(data_dir)
    documents = [d for d in training.documents if d.kind == "squad"]
    assert [len(d.sentences) for d in documents] == [60, 60, 10]
    question = next(q for q in training.questions if q.text == "what is number 61?")
    document = training.documents[question.document]
    assert [document.sentences[i] for i in question.answers] == ["number 61 is a buoy at the 61th mile."]


def test_the_tokenisers_spaces_are_undone_and_candidates_are_no_neighbours(data_dir: Path) -> None:
    training, _ = read_data(data_dir)
    question = next(q for q in training.questions if training.documents[q.document].kind == "trec")
    assert question.text == "Who owns boat 0, and why?"
    assert training.documents[question.document].window(0, False) == 'boat 0 ( 0 ), owned "so"'


def test_questions_that_all_or_no_sentences_answer_are_left_out() -> None:
    data = QuestionData()
    data.add(Document("trec", ("a", "b"), (0, 1)), [("all", frozenset([0, 1])), ("none", frozenset()), ("one", frozenset([1]))])
    assert [question.text for question in data.questions] == ["one"]


# Groups


def test_a_group_begins_with_the_answer_and_goes_on_with_near_texts(harbour: QuestionData) -> None:
    made = GroupMaker(harbour, Recipe({"covid": 9}, negatives=3), letters, random.Random(0)).groups()
    assert len(made) == 4
    for group in made:
        assert group.answered
        assert len(group.texts) == len(set(group.texts)) == 4
        right = "ddddd" if group.question == "aaaaa" else "aaaaa"
        assert right in group.texts[0]
        assert not any(right in text for text in group.texts[1:])
        assert all(group.sure)


def test_marked_groups_hold_a_neighbour_that_is_no_sure_answer(harbour: QuestionData) -> None:
    recipe = Recipe({"covid": 9}, negatives=3, marked=1.0, adjacent=1.0)
    for group in GroupMaker(harbour, recipe, letters, random.Random(0)).groups():
        assert group.sure == (True, False, True, True)
        assert all(text.count("¶") == 2 for text in group.texts)
        answer = group.texts[0].split("¶")[1].strip()
        assert answer in group.texts[1].replace(f"¶ {answer} ¶", "")


def test_a_negative_comes_from_another_document_of_the_kind(harbour: QuestionData) -> None:
    for group in GroupMaker(harbour, Recipe({"covid": 9}, 3, foreign=1.0), letters, random.Random(0)).groups():
        documents = [{part for part in text.split() if part.isdecimal()} for text in group.texts]
        assert documents[0] != documents[1]
        assert documents[0] == documents[2] == documents[3]


def test_groups_that_nothing_answers_lose_their_answer(harbour: QuestionData) -> None:
    for group in GroupMaker(harbour, Recipe({"covid": 9}, 3, unanswered=1.0), letters, random.Random(0)).groups():
        assert not group.answered
        assert len(group.texts) == len(group.sure) == 3
        right = "ddddd" if group.question == "aaaaa" else "aaaaa"
        assert not any(right in text for text in group.texts)


def test_so_many_questions_of_a_kind_are_used_and_some_without_neighbours(harbour: QuestionData) -> None:
    made = GroupMaker(harbour, Recipe({"covid": 1, "squad": 9}, 2, bare=1.0), letters, random.Random(0)).groups()
    assert sorted("squad" in group.texts[0] for group in made) == [False, True, True]
    assert all(len(text.split()) == 3 for group in made for text in group.texts if "squad" in text)


def test_sentences_stand_alone_as_the_product_ranks_them(harbour: QuestionData) -> None:
    for group in GroupMaker(harbour, Recipe({"covid": 9}, 2, marked=1.0, alone=1.0), letters, random.Random(0)).groups():
        assert all(text.startswith("¶ ") and text.endswith(" ¶") and text.count("¶") == 2 for text in group.texts)


def test_a_question_that_nothing_answers_has_the_nearest_texts_alone(harbour: QuestionData) -> None:
    harbour.add(harbour.documents[0], [("eeeee", frozenset())], least=0)
    made = GroupMaker(harbour, Recipe({harbour.documents[0].kind: 99}, 2), letters, random.Random(0)).groups()
    (group,) = [group for group in made if group.question == "eeeee"]
    assert not group.answered and len(group.texts) == 3 and all(group.sure)


def test_our_own_questions_find_their_answers_in_the_briefs() -> None:
    training, dev = QuestionData(), QuestionData()
    add_briefs(training, dev)
    assert len(training.documents) > 30 and len(dev.documents) == len(DEV_BRIEFS)
    lines = OWN_QUESTIONS.read_text(encoding="utf-8").splitlines()
    answerable = sum(json.loads(line)["answerable"] for line in lines)
    assert sum(bool(q.answers) for q in training.questions + dev.questions) >= 0.99 * answerable


def test_the_mean_of_two_files_of_weights(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    for name, value in (("one", 1.0), ("other", 3.0)):
        save_file({"head.bias": torch.full((2,), value)}, tmp_path / name)
    arguments = ["mean", str(tmp_path / "one"), str(tmp_path / "other"), "--output", str(tmp_path / "mean")]
    assert CliRunner().invoke(command.app, arguments).exit_code == 0
    assert load_file(tmp_path / "mean")["head.bias"].tolist() == [2.0, 2.0]


# Training and measuring


@pytest.mark.parametrize(("positive", "negative", "area"), [([2, 3], [0, 1], 1.0), ([0], [1], 0.0), ([1], [1], 0.5)])
def test_the_area_under_the_curve(positive: list[float], negative: list[float], area: float) -> None:
    assert area_under_curve(np.array(positive, np.float32), np.array([*negative, -np.inf], np.float32)) == area


@pytest.mark.parametrize("recipe", ["first", "full"])
def test_training_writes_its_plan_and_what_differs(
    recipe: str, data_dir: Path, tiny_package: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from knowledge_base.models.evidence_network import read_weights

    monkeypatch.setattr(command, "cached_encoder", lambda folder: letters)
    result = CliRunner().invoke(command.app, ["train", str(data_dir), "--output", str(tmp_path), "--recipe", recipe])
    assert result.exit_code == 0, result.output
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["recipe"]["negatives"] == command.RECIPES[recipe].negatives
    weights = read_weights(sorted(tmp_path.glob("step-*.safetensors"))[-1])
    assert {name.split(".")[0] for name in weights} == {"head", "layer"}


def test_the_trained_model_learns_to_rank_its_groups(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    from knowledge_base.models.evidence import PairTokenizer
    from knowledge_base.models.evidence_network import RANK, open_network, read_weights
    from training.training import Trainer, TrainingPlan

    torch.manual_seed(0)
    tokenizer = PairTokenizer(tiny_model / "tokenizer.json", 32)
    group = Group("aa", ("aa bb", "cc dd", "ee ff"), True, (True, True, True))
    empty = Group("zz", ("cc dd", "ee ff"), False, (True, True))
    plan = TrainingPlan(frozen_layers=1, batch=4, rate=1e-2, head_rate=1e-2, answer_weight=1.0)
    Trainer(open_network(tiny_model), tokenizer, plan, tmp_path).fit([group, empty] * 60, random.Random(0))
    network = open_network(tiny_model)
    network.load_trained(read_weights(sorted(tmp_path.glob("step-*.safetensors"))[-1]))
    inputs = tokenizer.padded([("aa", text) for text in group.texts])
    with torch.inference_mode():
        logits = network.eval()(**{name: torch.from_numpy(array) for name, array in inputs.items()})
    assert int(logits[:, RANK].argmax()) == 0


def test_a_trial_counts_what_is_found_and_what_is_missed(data_dir: Path) -> None:
    class Oracle:
        model_id = "oracle"

        def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
            answers = ("closes at nine. ¶", "lives on the quay. ¶", "( 0 )")
            return np.array([float(any(a in text for a in answers)) for text in texts], np.float32)

        answers = score

    trial = Trial(read_data(data_dir)[1], letters, marked=True)
    figures = trial.of(Oracle())
    assert figures.keys() == {"covid", "xquad", "trec", "brief"}
    assert figures["trec"] == pytest.approx(
        {"questions": 15, "MAP": 1, "P@1": 1, "AUC near misses": 1, "AUC other documents": 0.5}, nan_ok=True
    )
    assert figures["covid"]["questions"] == 14
    assert 0 < figures["covid"]["MAP"] <= 1
    assert trial.embedder()["covid"]["questions"] == 14


def test_an_unknown_recipe_is_refused(data_dir: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(command.app, ["train", str(data_dir), "--output", str(tmp_path), "--recipe", "other"])
    assert result.exit_code == 2
    assert "first, full" in result.output
