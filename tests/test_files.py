from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from knowledge_base.errors import LockedError, StorageError
from knowledge_base.files import replace_file, require_free_space, storage_errors, writer_at_work, writer_lock


def test_a_replaced_file_holds_the_new_bytes_and_leaves_nothing_next_to_it(tmp_path: Path) -> None:
    path = tmp_path / "CURRENT"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [file.name for file in tmp_path.iterdir()] == ["CURRENT"]


def test_a_failed_replacement_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").mkdir()
    (tmp_path / "CURRENT" / "kept").touch()
    with pytest.raises(OSError):
        replace_file(tmp_path / "CURRENT", b"new")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["CURRENT", "CURRENT/kept"]


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    with (
        writer_lock(tmp_path),
        pytest.raises(LockedError, match=rf"process {os.getpid()} on .*, since 20.*Wait until it has ended"),
        writer_lock(tmp_path),
    ):
        raise AssertionError("two writers")


def test_who_is_writing_is_told_without_getting_in_the_way(tmp_path: Path) -> None:
    assert writer_at_work(tmp_path) is None
    with writer_lock(tmp_path):
        assert str(writer_at_work(tmp_path)).startswith(f"process {os.getpid()} on ")
    assert writer_at_work(tmp_path) is None


def test_a_note_of_a_writer_that_was_killed_is_no_writer(tmp_path: Path) -> None:
    (tmp_path / "lock.holder").write_text('{"process": 1, "machine": "m", "since": "s"}')
    assert writer_at_work(tmp_path) is None
    (tmp_path / "lock").touch()
    assert writer_at_work(tmp_path) is None
    with writer_lock(tmp_path):
        assert writer_at_work(tmp_path) is not None


def test_a_holder_that_has_not_yet_said_who_it_is_is_given_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def say(seconds: float) -> None:
        waited.append(seconds)
        (tmp_path / "lock.holder").write_text('{"process": 7, "machine": "m", "since": "s"}')

    monkeypatch.setattr("knowledge_base.files.time.sleep", say)
    with FileLock(tmp_path / "lock"), pytest.raises(LockedError, match="process 7 on m, since s"), writer_lock(tmp_path):
        pass
    assert len(waited) == 1


def test_a_lock_is_free_again_after_its_holder_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path):
        raise ZeroDivisionError
    with writer_lock(tmp_path):
        assert (tmp_path / "lock.holder").exists()
    assert not (tmp_path / "lock.holder").exists()


def test_a_file_as_data_directory_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match="cannot be made.*Choose a folder with --data-dir"), writer_lock(path):
            raise AssertionError("locked a file")


def test_a_place_where_no_folder_can_be_made_is_refused_with_the_remedy() -> None:
    with pytest.raises(StorageError, match="Choose another place with --data-dir"), writer_lock(Path("/proc/no/such")):
        raise AssertionError("made a folder in /proc")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "ulimit"),
        (errno.EROFS, "--data-dir"),
        (errno.EACCES, "right to write"),
        (errno.EPERM, "--data-dir"),
    ],
)
def test_a_refusal_to_write_becomes_a_sentence_with_the_remedy(number: int, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught, storage_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in caught.value.message
    assert remedy in caught.value.remedy


def test_other_system_errors_are_not_taken_for_storage_errors(tmp_path: Path) -> None:
    with pytest.raises(ChildProcessError), storage_errors(tmp_path):
        raise ChildProcessError(errno.ECHILD, "no child")


def test_a_full_disk_under_sqlite_becomes_a_sentence_with_the_remedy(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "small.sqlite3")
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE texts (text TEXT)")
    with pytest.raises(StorageError, match="is full.*Free some space"), storage_errors(tmp_path):
        connection.execute("INSERT INTO texts VALUES (?)", ("x" * 20_000,))
    connection.close()


def test_other_errors_of_sqlite_are_not_taken_for_storage_errors(tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError, match="no such table"), storage_errors(tmp_path):
        connection.execute("SELECT * FROM texts")
    connection.close()


def test_too_little_space_is_found_before_anything_is_written(tmp_path: Path) -> None:
    require_free_space(tmp_path, 1)
    with pytest.raises(StorageError, match="MB left; about 1000000067 MB are needed"):
        require_free_space(tmp_path, 10**15)
