"""python -m training: train an evidence model or the query adapter, and measure them."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from knowledge_base.models.embeddings import open_embedder
from knowledge_base.models.packaged_model import MINILM, verify
from knowledge_base.models.query_adapter import QueryAdapter
from knowledge_base.settings import Settings
from training.adapter import AdapterPlan, adapter_figures, learn_adapter
from training.groups import Encode, GroupMaker, Recipe, Vectors
from training.questions import QuestionData, add_briefs, read_data
from training.reports import add_reports

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

LEFT_OUT = "{} questions are left out: their pages are not in the index, or were changed."
MAX_TOKENS = 128
EVERY = 100_000
RECIPES = {
    "first": Recipe({"covid": EVERY, "xquad": EVERY, "policy": EVERY}, negatives=3),
    "full": Recipe(
        {"covid": EVERY, "xquad": EVERY, "policy": 700, "trec": EVERY, "squad": 3000},
        2,
        marked=0.8,
        foreign=0.5,
        adjacent=0.4,
        bare=0.4,
        unanswered=0.1,
    ),
    "neighbours": Recipe({"covid": 500, "xquad": 500, "squad": 600}, 2, marked=1.0, foreign=0.3, adjacent=0.9, unanswered=0.1),
    "wide": Recipe(
        {"covid": 600, "xquad": 700, "trec": EVERY, "squad": 5500},
        2,
        marked=0.95,
        foreign=0.5,
        adjacent=0.5,
        bare=0.3,
        unanswered=0.2,
    ),
    "briefs": Recipe(
        {"brief": EVERY, "covid": 200, "xquad": 300, "trec": EVERY, "squad": 700},
        4,
        marked=1.0,
        foreign=0.5,
        adjacent=0.3,
        alone=0.6,
        unanswered=0.1,
    ),
    "reports": Recipe(
        {"report": EVERY, "brief": EVERY, "covid": 100, "xquad": 150, "trec": EVERY, "squad": 400},
        4,
        marked=1.0,
        foreign=0.5,
        adjacent=0.3,
        alone=0.7,
        unanswered=0.1,
    ),
}

Index = Annotated[
    Path | None, typer.Option(help="Data directory with the official documents indexed, for our own questions on them.")
]
DataDirectory = Annotated[Path, typer.Argument(help="Folder of the public question data.", exists=True, file_okay=False)]


@app.command()
def train(
    data_dir: DataDirectory,
    output: Annotated[Path, typer.Option(help="Folder for the weights and the log.")],
    recipe: Annotated[
        str, typer.Option(help="first: ranks alone; full, neighbours, wide, briefs, reports, in turn: the shipped model.")
    ] = "full",
    start: Annotated[Path | None, typer.Option(help="Weights to start from, instead of MiniLM's.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate at its highest, instead of the recipe's.")] = None,
    passes: Annotated[int, typer.Option(min=1, help="Times that each question is taken, with other texts each time.")] = 1,
    threads: int = 2,
    seed: int = 1,
    index: Index = None,
) -> None:
    """Train on the public questions and write the weights to the output folder, one file each hundred steps."""
    if recipe not in RECIPES:
        raise typer.BadParameter(f"There is no recipe {recipe!r}; there are {', '.join(RECIPES)}.")
    import torch
    from safetensors.torch import load_file

    from knowledge_base.models.evidence import PairTokenizer
    from knowledge_base.models.evidence_network import open_network
    from training.training import PLANS, Trainer, log_to

    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    plan = PLANS[recipe] if rate is None else replace(PLANS[recipe], rate=rate)
    verify(MINILM)
    chance = random.Random(seed)
    training, _ = _read(data_dir, index)
    maker = GroupMaker(training, RECIPES[recipe], cached_encoder(output.parent / "vectors"), chance)
    made = [group for _ in range(passes) for group in maker.groups()]
    network = open_network(MINILM.folder)
    if start:
        network.load_trained(load_file(start))
    log_to(output, {"recipe": asdict(RECIPES[recipe]), "plan": asdict(plan), "start": str(start), "seed": seed})
    Trainer(network, PairTokenizer(MINILM.tokenizer_file, MAX_TOKENS), plan, output).fit(made, chance)


@app.command()
def mean(
    first: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Weights before a stage of training.")],
    second: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Weights after it.")],
    output: Annotated[Path, typer.Option(help="File for the weights halfway between.")],
) -> None:
    """Write the mean of two files of weights, which keeps what the first knew and takes what the second learnt."""
    from safetensors.torch import load_file, save_file

    one, other = load_file(first), load_file(second)
    halfway = {name: ((one[name].float() + other[name].float()) / 2).half().contiguous() for name in one}
    save_file(halfway, output, {"format": "pt"})


@app.command()
def evaluate(
    data_dir: DataDirectory,
    weights: Annotated[list[Path], typer.Argument(help="Files of weights.")],
    marked: Annotated[bool, typer.Option(help="Mark the sentence between its neighbours.")] = True,
    vectors: Annotated[Path, typer.Option(help="Folder that keeps the embedder's vectors.")] = Path("vectors"),
    threads: int = 2,
    index: Index = None,
) -> None:
    """Print how well each file of weights ranks and refuses on the questions kept apart, the embedder's figures first."""
    import torch

    from training.evaluation import Trial

    torch.set_num_threads(threads)
    trial = Trial(_read(data_dir, index)[1], cached_encoder(vectors), marked)
    print(json.dumps({"embedder": trial.embedder()}), flush=True)
    for path in weights:
        print(json.dumps({str(path): trial.model(path)}), flush=True)


@app.command()
def adapter(
    index: Annotated[Path, typer.Option(help="Data directory with the official documents indexed.", exists=True)],
    output: Annotated[Path, typer.Option(help="File for the matrix (.npy).")],
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the public question data, to measure on it too.")] = None,
    seed: int = 0,
) -> None:
    """Learn the query adapter from our own questions; print how it ranks those kept apart, the embedder's figures first."""
    training, kept = QuestionData(), QuestionData()
    add_briefs(training, kept)
    if missing := add_reports(training, kept, index):
        typer.echo(LEFT_OUT.format(missing), err=True)
    embedder = open_embedder(Settings())
    matrix = learn_adapter(training, embedder, AdapterPlan(), seed).astype(np.float16)
    np.save(output, matrix)
    kinds = {document.kind for document in kept.documents}
    if data_dir:
        kept, kinds = _read(data_dir, index)[1], kinds | {"covid", "xquad"}
    for found in (None, QueryAdapter(matrix.astype(np.float32))):
        typer.echo(json.dumps(adapter_figures(kept, embedder, found, kinds)))


@app.command()
def multilingual(
    data_dir: DataDirectory,
    output: Annotated[Path, typer.Option(help="File for the map (.npy).")],
    vectors: Annotated[Path, typer.Option(help="Folder that keeps the embedder's vectors.")] = Path("vectors"),
) -> None:
    """Learn the map that lets questions in other languages search; print how near it comes on texts kept apart."""
    from knowledge_base.models.multilingual import MultilingualEncoder
    from training.multilingual import english_texts, learn_map

    matrix, figures = learn_map(english_texts(data_dir), MultilingualEncoder().read, cached_encoder(vectors))
    np.save(output, matrix)
    typer.echo(json.dumps(figures))


@app.command()
def refusal(
    collections: Annotated[
        list[str], typer.Argument(help="NAME=QUESTIONS.jsonl=DATA_DIR: questions on the documents indexed in a data directory.")
    ],
    output: Annotated[
        Path, typer.Option(help="Folder for the signals of each collection; what is there is not measured again.")
    ],
) -> None:
    """Fit the probability that a question is answered; print its weights, and figures with each collection left out."""
    from training.answerability import FEW, SIGNALS, measure, report

    output.mkdir(parents=True, exist_ok=True)
    files = []
    for collection in collections:
        name, questions, data_dir = collection.split("=")
        files.append(output / f"{name}.jsonl")
        if not files[-1].exists():
            lines = [json.dumps(row) for row in measure(Path(questions), Path(data_dir))]
            files[-1].write_text("\n".join(lines), encoding="utf-8")
    typer.echo(json.dumps({"all signals": report(files, SIGNALS), "without ranks": report(files, FEW)}, indent=1))


def _read(data_dir: Path, index: Path | None) -> tuple[QuestionData, QuestionData]:
    training, kept = read_data(data_dir)
    if index and (missing := add_reports(training, kept, index)):
        typer.echo(LEFT_OUT.format(missing), err=True)
    return training, kept


def cached_encoder(folder: Path) -> Encode:
    """Return the packaged embedder, whose vectors are kept in the folder, a file a text collection."""
    import hashlib

    folder.mkdir(parents=True, exist_ok=True)
    embedder = open_embedder(Settings())

    def encode(texts: list[str]) -> Vectors:
        file = folder / f"{hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]}.npy"
        if not file.exists():
            np.save(file, embedder.encode(texts))
        kept: Vectors = np.load(file)
        return kept

    return encode  # type: ignore[return-value]


if __name__ == "__main__":
    app()
