from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from knowledge_base.settings import LIBRARY, PACKAGED_MODEL, Settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"PARISCALL_{field.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_variables_the_data_is_kept_in_data_and_the_packaged_model_used() -> None:
    settings = Settings()
    assert (settings.data_dir, settings.embedding_model) == (Path("data"), PACKAGED_MODEL)
    assert settings.roots == {"briefs": LIBRARY / "briefs", "official": Path("data/official"), "uploads": Path("data/uploads")}


def test_variables_are_read_and_arguments_stand_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_DATA_DIR", "/srv/one")
    monkeypatch.setenv("PARISCALL_MAX_FILE_MB", "7")
    assert (Settings().data_dir, Settings().max_file_mb) == (Path("/srv/one"), 7)
    assert Settings(data_dir=Path("/srv/two")).data_dir == Path("/srv/two")


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_DATA_DIR", "")
    assert Settings().data_dir == Path("data")


def test_a_dot_env_file_of_the_working_directory_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARISCALL_DATA_DIR=/srv/evil\n")
    assert Settings().data_dir == Path("data")


def test_own_roots_come_after_the_built_in_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARISCALL_DOCUMENTS", "reports=/srv/reports, notes=~/notes,")
    assert list(Settings().roots) == ["briefs", "official", "uploads", "reports", "notes"]
    assert Settings().roots["reports"] == Path("/srv/reports")
    assert Settings().roots["notes"] == Path.home() / "notes"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("/srv/reports", "is not NAME=PATH"),
        ("=/srv/reports", "is not NAME=PATH"),
        ("reports=", "is not NAME=PATH"),
        ("../up=/srv", "is not NAME=PATH"),
        ("briefs=/srv", "'briefs' is taken by the built-in root"),
        ("a=/one,a=/two", "'a' is given twice"),
    ],
)
def test_a_bad_list_of_roots_says_what_is_wrong(value: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(documents=value)


@pytest.mark.parametrize("field", ["max_file_mb", "generations_kept", "parse_seconds", "max_question_length"])
def test_a_limit_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValidationError, match="greater than"):
        Settings(**{field: 0})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().data_dir = Path("/srv")
