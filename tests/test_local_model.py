from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from knowledge_base.errors import ModelError
from knowledge_base.models.local_model import REMEDY, find_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder


def test_a_folder_is_a_model_named_by_its_content(model: Path) -> None:
    found = find_model(str(model))
    assert found.folder == model
    assert found.model_id.startswith("model@")
    assert len(found.model_id) == len("model@") + 8


@pytest.mark.parametrize("name", ["model.safetensors", "1_Pooling/config.json"])
def test_a_changed_file_changes_the_name(model: Path, name: str) -> None:
    before = find_model(str(model)).model_id
    (model / name).write_bytes(b"changed")
    assert find_model(str(model)).model_id != before


def test_a_readme_and_the_place_do_not_change_the_name(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "elsewhere" / "model")
    (model / "README.md").write_text("words")
    assert find_model(str(model)).model_id == find_model(str(tmp_path / "elsewhere" / "model")).model_id


def test_weights_that_can_carry_code_are_refused(model: Path) -> None:
    (model / "1_Pooling" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match="no weights in the safetensors format"):
        find_model(str(model))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights in the safetensors format"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("name", ["absent-model", "owner/absent-model", "/no/such/folder", "a/b/c", "", "."])
def test_a_model_that_is_not_here_names_the_remedy(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as caught:
        find_model(name)
    assert caught.value.remedy == REMEDY
