from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from libraries import Library, hashes, ingest

from ingest import archives as backup
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import writer_lock
from knowledge_base.store.generations import open_generation

KEPT_APART = ("generations/000001/chroma/chroma.sqlite3", "embeddings.sqlite3", "conversations.sqlite3")


def kept(data_dir: Path) -> dict[str, str]:
    """The files that a backup keeps byte for byte; databases are copied row for row."""
    return {name: digest for name, digest in hashes(data_dir).items() if name not in (*KEPT_APART, "lock")}


def test_a_restored_backup_answers_as_before(library: Library, tmp_path: Path):
    archive = tmp_path / "kept" / "backup.tar.gz"
    answer = library.ask("What is a tide pool?").json
    before = kept(library.data_dir)
    made = ingest("backup", str(archive), "--data-dir", str(library.data_dir), "--json")
    assert made.code == 0 and made.json["kind"] == "backup"
    restored = Library(library.documents, tmp_path / "elsewhere" / "data")
    done = ingest("restore", str(archive), "--data-dir", str(restored.data_dir))
    assert done.code == 0 and "is what it was on" in done.out and made.json["sha256"] in done.out
    assert kept(restored.data_dir) == before
    again = restored.ask("What is a tide pool?").json
    assert {**again, "seconds": 0} == {**answer, "seconds": 0}
    assert restored.sync().json["unchanged"] == library.sync().json["unchanged"]


def test_a_data_directory_that_holds_something_is_replaced_only_when_asked(library: Library, tmp_path: Path):
    archive = tmp_path / "backup.tar.gz"
    backup.back_up(library.data_dir, archive)
    (library.data_dir / "uploads").mkdir()
    (library.data_dir / "uploads" / "later.md").write_text("later")
    refused = ingest("restore", str(archive), "--data-dir", str(library.data_dir))
    assert refused.code == 2 and "--replace" in refused.error
    assert (library.data_dir / "uploads" / "later.md").exists()
    assert ingest("restore", str(archive), "--replace", "--data-dir", str(library.data_dir)).code == 0
    assert not (library.data_dir / "uploads").exists()
    assert sorted(path.name for path in library.data_dir.parent.iterdir()) == ["backup.tar.gz", "data", "documents"]


def test_an_altered_backup_leaves_everything_as_it_was(library: Library, tmp_path: Path):
    archive = tmp_path / "backup.tar.gz"
    backup.back_up(library.data_dir, archive)
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    before = hashes(library.data_dir)
    with pytest.raises(KnowledgeBaseError, match="is not an archive as it was written"):
        backup.restore_backup(archive, library.data_dir, replace=True)
    assert hashes(library.data_dir) == before
    assert sorted(path.name for path in library.data_dir.parent.iterdir()) == ["backup.tar.gz", "data", "documents"]


def failing_rename(at: int) -> Callable[..., None]:
    calls, rename = [0], os.rename

    def renamed(*arguments: str | Path) -> None:
        calls[0] += 1
        if calls[0] == at:
            raise OSError(16, "Device or resource busy")
        rename(*arguments)

    return renamed


@pytest.mark.parametrize("at", [1, 2])
def test_a_swap_that_fails_leaves_everything_as_it_was(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
):
    archive = tmp_path / "backup.tar.gz"
    backup.back_up(library.data_dir, archive)
    before = kept(library.data_dir)
    monkeypatch.setattr(os, "rename", failing_rename(at))
    with pytest.raises(KnowledgeBaseError, match="cannot be replaced: Device or resource busy"):
        backup.restore_backup(archive, library.data_dir, replace=True)
    assert kept(library.data_dir) == before


def test_an_index_that_is_held_open_is_not_replaced(library: Library, tmp_path: Path):
    archive = tmp_path / "backup.tar.gz"
    backup.back_up(library.data_dir, archive)
    with open_generation(library.data_dir), pytest.raises(KnowledgeBaseError, match="its generation 000001 is held open"):
        backup.restore_backup(archive, library.data_dir, replace=True)


def test_while_an_ingest_writes_no_backup_is_made(library: Library, tmp_path: Path):
    with writer_lock(library.data_dir):
        refused = ingest("backup", str(tmp_path / "b.tar.gz"), "--data-dir", str(library.data_dir))
    assert refused.code == 2 and "Another ingest is writing" in refused.error


def test_a_damaged_index_is_not_backed_up_without_a_word(library: Library, tmp_path: Path):
    with (library.generation / "catalog.sqlite3").open("ab") as file:
        file.write(b"x")
    refused = ingest("backup", str(tmp_path / "b.tar.gz"), "--data-dir", str(library.data_dir))
    assert refused.code == 2 and "damaged" in refused.error and not (tmp_path / "b.tar.gz").exists()


def test_a_backup_does_not_go_into_what_it_backs_up(library: Library):
    refused = ingest("backup", str(library.data_dir / "b.tar.gz"), "--data-dir", str(library.data_dir))
    assert refused.code == 2 and "lies in the data directory itself" in refused.error


def test_a_missing_data_directory_is_named(tmp_path: Path):
    refused = ingest("backup", str(tmp_path / "b.tar.gz"), "--data-dir", str(tmp_path / "none"))
    assert refused.code == 2 and "There is no data directory" in refused.error


def test_links_and_passing_files_are_left_out(library: Library, tmp_path: Path):
    (library.data_dir / "link").symlink_to("/etc/hostname")
    (library.data_dir / "originals" / "half.tmp").write_text("half")
    (library.data_dir / "building").mkdir()
    (library.data_dir / "building" / "x").write_text("x")
    made = backup.back_up(library.data_dir, tmp_path / "b.tar.gz")
    assert not {"link", "originals/half.tmp", "building/x", "lock", "lock.holder"} & set(made.files)
