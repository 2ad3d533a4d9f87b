"""Fixtures that several modules' tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chat_server import ChatServer, chat_server
from http_archives import Site, running_site
from libraries import DOCUMENTS, Library

from knowledge_base.files import sha256
from knowledge_base.models.embeddings import Embedder, open_embedder, silent_sentence_transformers
from knowledge_base.models.packaged_model import PackagedModel
from knowledge_base.settings import PACKAGED_MODEL, Settings

TINY_MAX_TOKENS = 32


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The packaged model, from the user's own cache directory: compiling it again would take seconds per run."""
    return open_embedder(Settings(embedding_model=PACKAGED_MODEL))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sentence-transformers model with random weights: 2 layers, 16 dimensions, word pieces of one letter."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture
def package_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], PackagedModel]:
    """Make an installed Python package of a model's folder, as the packaged model is."""
    return lambda model: install_package(model, tmp_path / "site", monkeypatch)


@pytest.fixture(scope="session")
def compiled_cache(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory that holds the small model compiled, to copy: its place does not matter."""
    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        package = install_package(tiny_model, folder / "site", patch)
        open_embedder(Settings(embedding_model=package.name, cache_dir=folder / "cache"), package=package)
    return folder / "cache"


def install_package(model: Path, site: Path, patch: pytest.MonkeyPatch) -> PackagedModel:
    package = site / "tiny_packaged_model"
    shutil.copytree(model, package / "model")
    (package / "__init__.py").touch()
    patch.syspath_prepend(site)
    hashes = [sha256(model / name) for name in ("model.safetensors", "tokenizer.json")]
    return PackagedModel("tiny", package.name, "tiny-model==1.0", hashes[0], hashes[1], TINY_MAX_TOKENS)


def save_tiny_model(folder: Path) -> None:
    library = silent_sentence_transformers()
    import torch
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizer({piece: number for number, piece in enumerate(vocabulary)}).save_pretrained(folder)
    transformer = modules.Transformer(str(folder), max_seq_length=TINY_MAX_TOKENS)
    pooling = modules.Pooling(16, pooling_mode="mean")
    library.SentenceTransformer(modules=[transformer, pooling, modules.Normalize()], device="cpu").save(str(folder))


@pytest.fixture(scope="session")
def briefs_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the built-in briefs, indexed once: to read or copy, never to change."""
    from ingest.sync.sync import SyncOptions, sync

    data_dir = tmp_path_factory.mktemp("briefs")
    sync(Settings(data_dir=data_dir), SyncOptions())
    return data_dir


@pytest.fixture(scope="session")
def shared_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The documents of tests/data, indexed once: to read, never to change."""
    place = tmp_path_factory.mktemp("library")
    shutil.copytree(DOCUMENTS, place / "documents")
    library = Library(place / "documents", place / "data")
    assert library.sync().code == 0
    return library


@pytest.fixture
def library(shared_library: Library, tmp_path: Path) -> Library:
    """A copy of the indexed documents, to change."""
    return shared_library.copy(tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """A server of the OpenAI kind that answers what a test tells it."""
    with chat_server() as started:
        yield started


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web server that serves what a test puts there, asked without a proxy."""
    monkeypatch.setenv("NO_PROXY", "*")
    with running_site() as running:
        yield running


@pytest.fixture
def tiny_package(tiny_model: Path, package_of: Callable[[Path], PackagedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the training command use the small model in MiniLM's place; of its two layers none is frozen."""
    from training import __main__ as command
    from training import training

    monkeypatch.setattr(command, "MINILM", package_of(tiny_model))
    monkeypatch.setattr(command, "MAX_TOKENS", TINY_MAX_TOKENS)
    plans = {name: replace(plan, frozen_layers=1, batch=4) for name, plan in training.PLANS.items()}
    monkeypatch.setattr(training, "PLANS", plans)
