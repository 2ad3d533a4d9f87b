from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from libraries import Library, edit_manifest, hashes

from assistant.page.resources import check_index, open_checked
from knowledge_base.errors import DamagedIndexError, DamagedVectorsError, ModelError, NoIndexError
from knowledge_base.files import writer_lock
from knowledge_base.settings import Settings
from knowledge_base.store import recovery
from knowledge_base.store.generations import current_id, open_generation
from knowledge_base.store.manifest import checksums
from knowledge_base.store.recovery import check_at_start, open_intact, open_readable, read_notices, restore
from knowledge_base.store.vectors import VectorStore, listing


@pytest.fixture(scope="module")
def twice(shared_library: Library, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The documents, indexed twice."""
    library = shared_library.copy(tmp_path_factory.mktemp("twice"))
    (library.documents / "ferry.txt").write_text("The night ferry leaves Saltholm at eleven.")
    assert library.sync().json["generation"] == "000002"
    return library


@pytest.fixture
def library(twice: Library, tmp_path: Path) -> Library:
    return twice.copy(tmp_path)


@pytest.fixture
def settings(library: Library) -> Settings:
    return Settings(data_dir=library.data_dir)


def lose_vectors(library: Library) -> None:
    (library.generation / "chroma" / "chroma.sqlite3").unlink()


def lose_catalog(library: Library) -> None:
    (library.generation / "catalog.sqlite3").write_bytes(b"garbage")


def opened(settings: Settings) -> tuple[str, tuple[str, ...]]:
    with open_intact(settings) as generation:
        return generation.id, generation.notices


def test_an_intact_index_is_opened_as_it_is(library: Library, settings: Settings) -> None:
    before = hashes(library.data_dir)
    assert opened(settings) == ("000002", ())
    assert hashes(library.data_dir) == before


def test_damaged_vectors_are_rebuilt_in_a_new_generation_and_that_is_said_until_the_next_sync(
    library: Library, settings: Settings
) -> None:
    lose_vectors(library)
    for _ in range(2):
        identifier, notices = opened(settings)
        assert identifier == "000003"
        assert "chroma.sqlite3 is missing. Its vectors were rebuilt from its catalog" in " ".join(notices)
    with open_generation(library.data_dir) as generation:
        wanted = generation.catalog.passage_ids()
        assert generation.vectors.passages.ids() == wanted and wanted
    assert library.sync().json["unchanged"]
    assert opened(settings) == ("000003", ())


def test_for_a_damaged_catalog_the_generation_before_answers(library: Library, settings: Settings) -> None:
    lose_catalog(library)
    identifier, (notice,) = opened(settings)
    assert identifier == current_id(library.data_dir) == "000001"
    assert "catalog.sqlite3 of generation 000002 has changed on disk. Generation 000001 of 20" in notice
    assert library.sync().json["added"] == ["ferry.txt"]


def test_the_vectors_of_the_generation_before_are_repaired_too(library: Library, settings: Settings) -> None:
    lose_catalog(library)
    shutil.rmtree(library.data_dir / "generations" / "000001" / "chroma")
    identifier, (notice,) = opened(settings)
    assert identifier == "000003" and "000001" in notice and "rebuilt" in notice


def test_a_generation_of_other_documents_takes_no_place(library: Library, settings: Settings) -> None:
    edit_manifest(library.data_dir / "generations" / "000001", folder="/elsewhere")
    lose_catalog(library)
    with pytest.raises(DamagedIndexError, match="catalog.sqlite3 of generation 000002 has changed"):
        open_intact(settings)
    assert current_id(library.data_dir) == "000002"


def test_while_another_process_writes_an_intact_generation_answers(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_PATIENCE", 0.0)
    lose_vectors(library)
    with writer_lock(library.data_dir):
        identifier, (notice,) = opened(settings)
        assert identifier == "000001" and "could not be repaired: Another ingest is writing" in notice
        lose_catalog(library)
        shutil.rmtree(library.data_dir / "generations" / "000001")
        with pytest.raises(DamagedIndexError, match="could not be repaired: Another ingest is writing"):
            open_intact(settings)
    assert current_id(library.data_dir) == "000002"


def test_vectors_of_another_model_are_not_mended(library: Library, settings: Settings) -> None:
    edit_manifest(library.generation, model_id="other@1")
    lose_vectors(library)
    with pytest.raises(ModelError, match="made with the embedding model other@1.*--rebuild"):
        open_intact(settings)


def test_without_an_index_there_is_nothing_to_mend(tmp_path: Path) -> None:
    for act in (open_intact, restore, check_at_start):
        with pytest.raises(NoIndexError):
            act(Settings(data_dir=tmp_path))
    check_index(Settings(data_dir=tmp_path))


def test_a_catalog_is_read_without_mending(library: Library) -> None:
    lose_vectors(library)
    before = hashes(library.data_dir)
    with open_readable(library.data_dir) as generation:
        assert (generation.id, generation.notices) == ("000002", ())
    lose_catalog(library)
    with open_readable(library.data_dir) as generation:
        assert generation.id == "000001" and "This is generation 000001" in generation.notices[0]
    shutil.rmtree(library.data_dir / "generations" / "000001")
    with pytest.raises(DamagedIndexError):
        open_readable(library.data_dir)
    assert before.keys() >= hashes(library.data_dir).keys()


def forget_a_vector(library: Library) -> None:
    """Give a passage the vector of its opposite, and publish that: no checksum tells."""
    path = library.generation
    with VectorStore.open(path / "chroma") as store:
        identifier = min(store.passages.ids())
        store.passages.put([identifier], -np.stack([store.passages.get([identifier])[identifier]]))
    listed = listing(path / "chroma")
    edit_manifest(path, checksums=checksums(path), vectors=listed.vectors, rows=listed.rows)


def test_the_check_at_start_leaves_a_sound_index_alone(library: Library, settings: Settings) -> None:
    check_at_start(settings)
    assert opened(settings) == ("000002", ())


def test_the_check_at_start_finds_what_checksums_do_not_tell_and_repairs_it(library: Library, settings: Settings) -> None:
    forget_a_vector(library)
    assert opened(settings) == ("000002", ())
    with open_checked(settings) as assistant:
        identifier, (notice,) = assistant.generation.id, assistant.notices
    assert identifier == "000003" and "1 of" in notice and "not found by their own vector" in notice
    assert opened(settings) == ("000003", (notice,))


def test_what_the_check_finds_and_cannot_mend_is_not_served(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_PATIENCE", 0.0)
    forget_a_vector(library)
    with writer_lock(library.data_dir), pytest.raises(DamagedVectorsError, match="could not be repaired: Another ingest"):
        open_checked(settings)


def test_an_index_without_any_intact_generation_is_left_to_the_page_to_tell(
    library: Library, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(library.data_dir / "generations" / "000001")
    lose_catalog(library)
    check_index(settings)
    assert "catalog.sqlite3 of generation 000002 has changed on disk" in caplog.text


def test_the_check_at_start_leaves_another_model_to_the_question(library: Library, settings: Settings) -> None:
    edit_manifest(library.generation, model_id="other@1")
    check_at_start(settings)
    assert current_id(library.data_dir) == "000002"


def test_notices_that_cannot_be_read_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "notices.json").write_text("{")
    with caplog.at_level(logging.WARNING):
        assert read_notices(tmp_path, "000001") == ()
    assert "notices.json cannot be read" in caplog.text
    (tmp_path / "notices.json").write_text(json.dumps({"generation": "000002", "notices": ["said"]}))
    assert (read_notices(tmp_path, "000001"), read_notices(tmp_path, "000002")) == ((), ("said",))
