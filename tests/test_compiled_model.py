from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge_base.models import compiled_model
from knowledge_base.models.compiled_model import _replace
from knowledge_base.models.embeddings import CompiledEmbedder, Embedder, open_embedder
from knowledge_base.models.packaged_model import PackagedModel
from knowledge_base.settings import Settings

PackageOf = Callable[[Path], PackagedModel]
Open = Callable[[], list[str]]


@pytest.fixture
def compiled_folder(tmp_path: Path) -> Callable[[], Path]:
    return lambda: next((tmp_path / "cache" / "compiled").iterdir())


@pytest.fixture
def reopen(tiny_model: Path, package_of: PackageOf, compiled_cache: Path, tmp_path: Path) -> Open:
    """Open the small packaged model, check that it works, and return what was announced."""
    package = package_of(tiny_model)
    shutil.copytree(compiled_cache, tmp_path / "cache")
    settings = Settings(embedding_model="tiny", cache_dir=tmp_path / "cache")

    def open_it() -> list[str]:
        notices: list[str] = []
        embedder = open_embedder(settings, notices.append, package)
        assert isinstance(embedder, CompiledEmbedder)
        assert np.linalg.norm(embedder.encode(["abc"])) == pytest.approx(1, abs=1e-5)
        return notices

    assert open_it() == []
    return open_it


def test_who_opens_it_again_gets_the_network_that_is_open(
    package_of: PackageOf, tiny_model: Path, compiled_cache: Path
) -> None:
    package, settings = package_of(tiny_model), Settings(embedding_model="tiny", cache_dir=compiled_cache)
    first, second = (open_embedder(settings, None, package) for _ in range(2))
    assert isinstance(first, CompiledEmbedder)
    assert isinstance(second, CompiledEmbedder)
    assert first._network is second._network


def test_with_several_streams_threads_embed_at_once_and_get_the_same_vectors(
    package_of: PackageOf, tiny_model: Path, compiled_cache: Path
) -> None:
    package, settings = package_of(tiny_model), Settings(embedding_model="tiny", cache_dir=compiled_cache, embedding_threads=2)
    one, two = open_embedder(settings, None, package), open_embedder(settings, None, package, streams=2)
    assert (one.streams, two.streams) == (1, 2)
    texts = ["abc", "cab " * 9, "bca"] * 20
    with ThreadPoolExecutor(2) as pool:
        for vectors in pool.map(two.encode, [texts] * 4):
            assert vectors == pytest.approx(one.encode(texts), abs=1e-5)


def test_the_record_says_what_was_compiled(reopen: Open, compiled_folder: Callable[[], Path]) -> None:
    record = json.loads((compiled_folder() / "record.json").read_text())
    assert record.keys() == {"name", "weights_hash", "openvino", "processor", "precision", "graph", "cosine", "blob_hash"}
    assert record["cosine"] > 0.999


@pytest.mark.parametrize("position", [0, -1])
def test_an_altered_byte_has_it_compiled_again(
    reopen: Open, compiled_folder: Callable[[], Path], position: int, caplog: pytest.LogCaptureFixture
) -> None:
    blob = compiled_folder() / "network.blob"
    content = bytearray(blob.read_bytes())
    content[position] ^= 1
    blob.write_bytes(content)
    assert len(reopen()) == 1
    assert "its SHA-256 differs" in caplog.text
    assert reopen() == []


def test_an_empty_file_has_it_compiled_again(
    reopen: Open, compiled_folder: Callable[[], Path], caplog: pytest.LogCaptureFixture
) -> None:
    (compiled_folder() / "network.blob").write_bytes(b"")
    assert len(reopen()) == 1
    assert "is damaged and is compiled again" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", '{"cosine": null, "blob_hash": null}'])
def test_a_damaged_record_has_it_compiled_again(
    reopen: Open, compiled_folder: Callable[[], Path], content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (compiled_folder() / "record.json").write_text(content)
    assert len(reopen()) == 1
    assert "is damaged and is compiled again" in caplog.text


@pytest.mark.parametrize("name", ["record.json", "network.blob"])
def test_a_stopped_compilation_is_done_again(reopen: Open, compiled_folder: Callable[[], Path], name: str) -> None:
    (compiled_folder() / name).unlink()
    assert len(reopen()) == 1
    assert reopen() == []


def test_a_model_that_cannot_be_written_is_used_all_the_same(
    reopen: Open, compiled_folder: Callable[[], Path], caplog: pytest.LogCaptureFixture
) -> None:
    (compiled_folder() / "record.json").unlink()
    (compiled_folder() / "network.blob").unlink()
    (compiled_folder() / "network.blob").mkdir()
    assert len(reopen()) == 1
    assert "cannot be kept" in caplog.text


def test_openvino_sends_no_message_to_its_makers() -> None:
    script = (
        "import sys; from knowledge_base.models.compiled_model import silent_openvino; silent_openvino();"
        "print(sys.modules['openvino_telemetry'], [name for name in sys.modules if name.startswith('openvino_telemetry.')])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "None []\n"


def test_a_model_goes_on_when_its_file_is_replaced(
    tiny_model: Path, package_of: PackageOf, compiled_cache: Path, tmp_path: Path, compiled_folder: Callable[[], Path]
) -> None:
    shutil.copytree(compiled_cache, tmp_path / "cache")
    settings = Settings(embedding_model="tiny", cache_dir=tmp_path / "cache")
    embedder = open_embedder(settings, package=package_of(tiny_model))
    before = embedder.encode(["abc", "cab"])
    gc.collect()
    _replace(compiled_folder() / "network.blob", b"another")
    assert np.array_equal(embedder.encode(["abc", "cab"]), before)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="reads Linux's list of mapped files")
def test_the_pages_of_an_opened_model_are_given_back(embedder: Embedder) -> None:
    script = (
        "from knowledge_base.models.embeddings import open_embedder; from knowledge_base.settings import Settings\n"
        "embedder = open_embedder(Settings()); lines = open('/proc/self/smaps').read().partition('network.blob')[2].split()\n"
        "print(lines[lines.index('Size:') + 1], lines[lines.index('Rss:') + 1])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    size, resident = map(int, ended.stdout.split())
    assert size > 50_000 and resident < size / 10


def test_what_cannot_be_run_in_bfloat16_is_run_in_single_precision(
    package_of: PackageOf, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = compiled_model._import

    def without_bfloat16(core: Any, blob: Any, precision: str, threads: int, streams: int) -> Any:
        if precision == "bf16":
            raise RuntimeError("no primitive")
        return opened(core, blob, precision, threads, streams)

    monkeypatch.setattr(compiled_model, "_import", without_bfloat16)
    embedder = open_embedder(Settings(embedding_model="tiny", cache_dir=tmp_path), None, package_of(tiny_model))
    assert isinstance(embedder, CompiledEmbedder) and embedder.precision == "f32"


def test_what_is_compiled_for_some_instructions_is_not_used_with_others(
    package_of: PackageOf, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = package_of(tiny_model)

    def announced() -> int:
        notices: list[str] = []
        open_embedder(Settings(embedding_model="tiny", cache_dir=tmp_path), notices.append, package)
        return len(notices)

    assert (announced() > 0, announced()) == (True, 0)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL")
    assert announced() > 0
