"""Make the reader from the public question sets: its word pieces, its groups, its weights."""

from __future__ import annotations

import gzip
import hashlib
import json
import pickle
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from knowledge_base.settings import LIBRARY
from training.reader_base import kept_pieces, read_e5, require_e5, starting_network, tokenizer_of
from training.reader_groups import GroupMaker
from training.reader_negatives import hard_negatives
from training.reader_network import ReaderNetwork, packed
from training.reader_pairs import ReaderPairs
from training.reader_sources import ReaderData, read_sources
from training.reader_training import ReaderPlan, learnt_weights, train

PIECES = 48_000
LAYERS = 6
FURTHER_TEXTS = ("climate-fever", "wice", "summedits", "scifact", "fever-pairs", "nli-fr")  # of which words alone are counted


def make_reader(shared: Path, folder: Path, plan: ReaderPlan) -> dict[str, str]:
    """Write reader.safetensors and tokenizer.json to the folder; return the SHA-256 of each.

    What was done before, and is still in the folder, is not done again. `shared` holds the folders training and boards.
    """
    require_e5()
    folder.mkdir(parents=True, exist_ok=True)
    prepared = folder / "prepared.pickle"
    if not prepared.exists():
        _prepare(shared, folder, prepared, plan.seed)
    train(partial(_opened, folder, plan.seed), plan, folder)
    from safetensors.torch import save_file

    save_file(packed(learnt_weights(folder)), folder / "reader.safetensors", {"format": "pt"})
    files = ("reader.safetensors", "tokenizer.json")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}


def _prepare(shared: Path, folder: Path, prepared: Path, seed: int) -> None:
    """Write the word pieces, the questions with their passages, and the hard wrong ones."""
    data = read_sources(shared, LIBRARY / "briefs", seed)
    texts = [passage.text for passage in data.passages] + [question.text for question in data.questions]
    e5 = read_e5()
    kept = kept_pieces(e5, [*texts, *_further_texts(shared / "training")], PIECES)
    tokenizer_of((e5.pieces[n], float(e5.scores[n])) for n in kept).save(str(folder / "tokenizer.json"), pretty=False)
    partial_file = prepared.with_suffix(".partial")
    partial_file.write_bytes(pickle.dumps((data, hard_negatives(data), kept)))
    partial_file.replace(prepared)


def _further_texts(folder: Path) -> Iterator[str]:
    for name in FURTHER_TEXTS:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
            for row in map(json.loads, stream):
                evidence = row["evidence"]
                yield from (row["claim"], evidence if isinstance(evidence, str) else " ".join(evidence))


def _opened(folder: Path, seed: int) -> tuple[ReaderNetwork, GroupMaker]:
    """Open what was prepared, in each process alike."""
    data, negatives, kept = pickle.loads((folder / "prepared.pickle").read_bytes())  # noqa: S301  written by `_prepare`
    assert isinstance(data, ReaderData)
    network = starting_network(read_e5(), kept, LAYERS, seed)
    return network, GroupMaker(data, negatives, ReaderPairs(folder / "tokenizer.json", remembered=60_000))
