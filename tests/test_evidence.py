from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.errors import ModelError
from knowledge_base.models.embeddings import silent_sentence_transformers
from knowledge_base.models.evidence import (
    BATCH,
    CompiledEvidenceModel,
    CrossEncoderModel,
    TorchEvidenceModel,
    open_evidence_model,
    prepare,
    with_neighbours,
    without_marks,
)
from knowledge_base.models.packaged_model import EVIDENCE, EvidencePackage, PackagedModel, file_hash
from knowledge_base.settings import Settings

QUESTION = "When does the harbour close?"
TEXTS = ["¶ The harbour closes at nine. ¶", "¶ Fees are due in March. ¶ They rise each year.", "", "a" * 400, "mooring\ud800"]


@pytest.fixture(scope="session")
def tiny_weights(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights on top of the small model: its second layer and the head are others."""
    import torch
    from safetensors.torch import save_file

    from knowledge_base.models.evidence_network import open_network

    torch.manual_seed(3)
    trained = open_network(tiny_model).trained_weights(frozen_layers=1)
    file = tmp_path_factory.mktemp("evidence") / "tiny.safetensors"
    save_file({name: (weight + torch.randn_like(weight)).half() for name, weight in trained.items()}, file)
    return file


@pytest.fixture
def package(tiny_model: Path, tiny_weights: Path, package_of: Callable[[Path], PackagedModel]) -> EvidencePackage:
    return EvidencePackage("tiny-evidence", tiny_weights, file_hash(tiny_weights), package_of(tiny_model), max_tokens=48)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(evidence_model="tiny-evidence", cache_dir=tmp_path / "cache")


@pytest.fixture
def cross_encoder(tiny_model: Path, tmp_path: Path) -> Callable[[int], Path]:
    """Make the folder of a sentence-transformers CrossEncoder with so many outputs."""

    def make(outputs: int) -> Path:
        library = silent_sentence_transformers()
        import torch

        torch.manual_seed(1)
        folder = tmp_path / f"cross-encoder-{outputs}"
        library.CrossEncoder(str(tiny_model), num_labels=outputs, device="cpu", max_length=48).save_pretrained(str(folder))
        return folder

    return make


# Our own model


def test_the_compiled_model_scores_as_torch_does(package: EvidencePackage, settings: Settings) -> None:
    notices: list[str] = []
    compiled = open_evidence_model(settings, notices.append, package)
    assert isinstance(compiled, CompiledEvidenceModel)
    assert len(set(notices)) == 1
    torch = TorchEvidenceModel(package.open_network(), package)
    expected = torch.logits(QUESTION, TEXTS)
    assert np.abs(compiled.logits(QUESTION, TEXTS) - expected).max() < 0.05 * np.ptp(expected)


def test_scores_and_answers_have_one_number_a_text(package: EvidencePackage, settings: Settings) -> None:
    model = open_evidence_model(settings, package=package)
    assert model is not None
    scores, answers = model.score(QUESTION, TEXTS), model.answers(QUESTION, TEXTS)
    assert scores.shape == answers.shape == (len(TEXTS),)
    assert scores.dtype == answers.dtype == np.float32
    assert np.ptp(scores) > 0
    assert ((answers >= 0) & (answers <= 1)).all()
    assert model.score(QUESTION, []).shape == model.answers(QUESTION, []).shape == (0,)


def test_many_texts_keep_their_order(package: EvidencePackage, settings: Settings) -> None:
    model = open_evidence_model(settings, package=package)
    assert model is not None
    texts = [chr(97 + number % 26) * (1 + number % 29) for number in range(2 * BATCH + 5)]
    together = model.score(QUESTION, texts)
    alone = np.concatenate([model.score(QUESTION, [text]) for text in texts])
    assert together == pytest.approx(alone, abs=0.05 * float(np.ptp(together)))


def test_what_was_scored_is_not_computed_for_the_answers_again(package: EvidencePackage) -> None:
    model = TorchEvidenceModel(package.open_network(), package)
    runs = []
    model.network.register_forward_hook(lambda *_: runs.append(1))
    model.score(QUESTION, TEXTS)
    once = len(runs)
    model.answers(QUESTION, list(TEXTS))
    assert len(runs) == once
    model.answers("Another question?", TEXTS)
    assert len(runs) == 2 * once


def test_what_a_caller_does_to_scores_does_not_change_them(package: EvidencePackage) -> None:
    model = TorchEvidenceModel(package.open_network(), package)
    first = model.score(QUESTION, TEXTS)
    kept = first.copy()
    first += 1
    assert model.score(QUESTION, TEXTS) == pytest.approx(kept)


def test_the_weights_in_the_file_are_those_that_score(tiny_model: Path, package: EvidencePackage) -> None:
    from knowledge_base.models.evidence_network import open_network, read_weights

    plain, trained = open_network(tiny_model).state_dict(), package.open_network().state_dict()
    changed = {name for name in plain if not np.allclose(plain[name], trained[name], atol=1e-3)}
    assert changed == {name.replace("layer.", "transformer.encoder.layer.", 1) for name in read_weights(package.file)}
    assert any(name.startswith("head.") for name in changed)


def test_a_long_text_is_cut_off_at_its_end(package: EvidencePackage) -> None:
    model = TorchEvidenceModel(package.open_network(), package)
    long, longer = model.score(QUESTION, ["bc " * 40, "bc " * 40 + "z"])
    assert long == pytest.approx(longer)


def test_a_question_longer_than_the_model_reads_is_scored_all_the_same(package: EvidencePackage) -> None:
    model = TorchEvidenceModel(package.open_network(), package)
    assert np.isfinite(model.score("why " * 300, ["because"])).all()


def test_it_is_compiled_once_and_said_to_be_ready(package: EvidencePackage, settings: Settings) -> None:
    notices: list[str] = []
    first = prepare(settings, notices.append, package)
    assert notices
    notices.clear()
    assert prepare(settings, notices.append, package) == first
    assert notices == []
    assert first.startswith(f"The evidence model {package.model_id} is verified and ready (OpenVINO, ")


def test_without_openvino_torch_scores_and_the_log_says_why(
    package: EvidencePackage, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    model = open_evidence_model(settings, package=package)
    assert isinstance(model, TorchEvidenceModel)
    assert "runs with torch, which is slower" in caplog.text
    assert prepare(settings, package=package).endswith("(torch).")


def test_scores_too_far_from_those_of_torch_are_not_used(
    package: EvidencePackage, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("knowledge_base.models.evidence.MINIMUM_AGREEMENT", 1.1)
    assert isinstance(open_evidence_model(settings, package=package), TorchEvidenceModel)
    assert "is too low" in caplog.text


def test_altered_weights_are_refused(package: EvidencePackage, settings: Settings, tmp_path: Path) -> None:
    content = bytearray(package.file.read_bytes())
    content[-1] ^= 1
    altered = tmp_path / "altered.safetensors"
    altered.write_bytes(content)
    with pytest.raises(ModelError, match="is not the published file") as caught:
        open_evidence_model(settings, package=replace(package, file=altered))
    assert "PARISCALL_EVIDENCE_MODEL=off" in caught.value.remedy


def test_absent_weights_are_refused(package: EvidencePackage, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        open_evidence_model(settings, package=replace(package, file=tmp_path / "none.safetensors"))


def test_weights_of_another_model_are_refused(package: EvidencePackage, settings: Settings, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other.safetensors"
    save_file({name.replace("layer.1", "layer.7"): weight for name, weight in load_file(package.file).items()}, other)
    with pytest.raises(ModelError, match="do not fit"):
        open_evidence_model(settings, package=replace(package, file=other, weights_hash=file_hash(other)))


# The model that is shipped


def test_the_shipped_model_prefers_what_answers() -> None:
    model = open_evidence_model(Settings())
    assert model is not None
    texts = [
        with_neighbours("Our office is on the quay.", "The harbour closes at nine in the evening.", "Dogs are welcome."),
        with_neighbours("Dogs are welcome.", "The harbour was dug by two hundred workers in 1874.", ""),
        "Membership fees are due in March.",
    ]
    question = "At what time does the harbour close?"
    scores, answers = model.score(question, texts), model.answers(question, texts)
    assert scores.argmax() == answers.argmax() == 0
    assert answers[0] > 0.5 > answers[2]


def test_the_shipped_weights_are_small_and_in_half_precision() -> None:
    from safetensors.numpy import load_file

    assert EVIDENCE.file.stat().st_size < 25_000_000
    assert {weight.dtype for weight in load_file(EVIDENCE.file).values()} == {np.dtype(np.float16)}


def test_the_model_card_names_the_hash_of_the_weights() -> None:
    card = (EVIDENCE.file.parent / "README.md").read_text(encoding="utf-8")
    assert EVIDENCE.weights_hash in card
    assert file_hash(EVIDENCE.file) == EVIDENCE.weights_hash


def test_opening_the_prepared_model_loads_no_torch() -> None:
    open_evidence_model(Settings())
    script = (
        "import sys; from knowledge_base.models.evidence import open_evidence_model;"
        " from knowledge_base.settings import Settings;"
        "print(open_evidence_model(Settings()).score('why', ['because']).shape, {'torch', 'transformers'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "(1,) set()\n"


# Turned off, or another


@pytest.mark.parametrize("name", ["", "off"])
def test_it_can_be_turned_off(name: str) -> None:
    settings = Settings(evidence_model=name)
    assert open_evidence_model(settings) is None
    assert prepare(settings) == "The evidence model is turned off."


def test_a_cross_encoder_takes_its_place(cross_encoder: Callable[[int], Path]) -> None:
    model = open_evidence_model(Settings(evidence_model=str(cross_encoder(1)), embedding_threads=1))
    assert isinstance(model, CrossEncoderModel)
    assert model.model_id.startswith("cross-encoder-1@")
    scores = model.score(QUESTION, TEXTS)
    assert scores.shape == (len(TEXTS),)
    assert np.ptp(scores) > 0
    assert model.answers(QUESTION, TEXTS) == pytest.approx(1 / (1 + np.exp(-scores)), abs=1e-6)
    assert model.score(QUESTION, []).shape == (0,)


def test_a_cross_encoder_reads_no_marks(cross_encoder: Callable[[int], Path]) -> None:
    model = open_evidence_model(Settings(evidence_model=str(cross_encoder(1))))
    assert isinstance(model, CrossEncoderModel)
    marked, plain = model.score(QUESTION, ["ab ¶ cd ¶ ef", "ab cd ef"])
    assert marked == pytest.approx(plain, abs=1e-5)


def test_a_cross_encoder_of_several_outputs_is_refused(cross_encoder: Callable[[int], Path]) -> None:
    with pytest.raises(ModelError, match="has 3 outputs instead of one"):
        open_evidence_model(Settings(evidence_model=str(cross_encoder(3))))


def test_a_broken_cross_encoder_names_the_remedy(cross_encoder: Callable[[int], Path]) -> None:
    folder = cross_encoder(1)
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!")
    with pytest.raises(ModelError, match="The evidence model .* cannot be loaded") as caught:
        open_evidence_model(Settings(evidence_model=str(folder)))
    assert "PARISCALL_EVIDENCE_MODEL" in caught.value.remedy


def test_a_model_that_is_not_here_names_the_remedy() -> None:
    with pytest.raises(ModelError, match="The evidence model 'absent-model' is not on this machine") as caught:
        open_evidence_model(Settings(evidence_model="absent-model"))
    assert "PARISCALL_EVIDENCE_MODEL" in caught.value.remedy


# Texts


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [("A.", "C.", "A. ¶ B. ¶ C."), ("", "C.", "¶ B. ¶ C."), ("A.", "", "A. ¶ B. ¶"), ("", "", "¶ B. ¶")],
)
def test_a_sentence_is_marked_between_its_neighbours(before: str, after: str, text: str) -> None:
    assert with_neighbours(before, "B.", after) == text
    assert without_marks(text) == " ".join(part for part in (before, "B.", after) if part)
    assert with_neighbours(before, "B.", after, marked=False) == without_marks(text)
