from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.sync.scan import Found, FoundFile, SkippedFile, UnreadableFolder, scan_folder, scan_roots
from knowledge_base.errors import KnowledgeBaseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents" / "deep" / "deeper").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "deep/c.md", "deep/deeper/d.md"):
        (tmp_path / "documents" / name).write_text("text")
    return tmp_path / "documents"


def sources(found: list[Found]) -> list[str]:
    return [file.source for file in found if isinstance(file, FoundFile)]


def reasons(found: list[Found]) -> dict[str, str]:
    return {file.source: file.reason for file in found if isinstance(file, SkippedFile)}


def test_files_come_in_a_fixed_order_with_paths_relative_to_the_folder(folder: Path) -> None:
    assert sources(list(scan_folder(folder))) == ["a.txt", "b.txt", "deep/c.md", "deep/deeper/d.md"]


def test_a_source_begins_with_the_name_of_its_root(folder: Path) -> None:
    found = list(scan_roots({"one": folder / "deep", "two": folder / "deep" / "deeper"}))
    assert sources(found) == ["one/c.md", "one/deeper/d.md", "two/d.md"]


def test_a_built_in_root_may_be_missing_and_a_configured_one_may_not(folder: Path) -> None:
    assert list(scan_roots({"uploads": folder / "none"})) == []
    with pytest.raises(KnowledgeBaseError, match="root 'reports' does not exist.*PARISCALL_DOCUMENTS"):
        list(scan_roots({"reports": folder / "none"}))


def test_a_folder_that_is_none_is_refused_with_the_remedy(folder: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="none does not exist. Name the folder"):
        list(scan_folder(folder / "none"))
    with pytest.raises(KnowledgeBaseError, match=r"a\.txt is not a folder"):
        list(scan_folder(folder / "a.txt"))


def test_hidden_files_and_lock_files_are_skipped_and_hidden_folders_not_entered(folder: Path) -> None:
    (folder / ".secret.txt").touch()
    (folder / "~$open.docx").touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "config.txt").touch()
    found = list(scan_folder(folder))
    assert reasons(found) == {
        ".secret.txt": "it is hidden (its name begins with a dot)",
        "~$open.docx": "it is another program's lock file",
    }
    assert ".git/config.txt" not in sources(found)


def test_no_link_leads_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "up.txt").symlink_to("../outside.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.txt").symlink_to(folder / "none.txt")
    (folder / "within.txt").symlink_to(folder / "a.txt")
    found = list(scan_folder(folder))
    assert reasons(found) == {
        "loop": "it is a link to a folder",
        "nowhere.txt": "it is a link to nothing that can be read",
        "out.txt": "it is a link out of the folder",
        "up.txt": "it is a link out of the folder",
    }
    assert "within.txt" in sources(found)


def test_a_link_that_leads_to_itself_is_skipped(folder: Path) -> None:
    (folder / "self.txt").symlink_to(folder / "self.txt")
    assert set(reasons(list(scan_folder(folder)))) == {"self.txt"}


def test_pipes_are_skipped_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert reasons(list(scan_folder(folder))) == {"pipe.txt": "it is not a regular file"}


def test_a_name_that_is_not_utf8_is_skipped_in_printable_form(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).touch()
    assert reasons(list(scan_folder(folder))) == {"caf\\xe9.txt": "its name is not valid UTF-8; rename it"}


def test_the_data_directory_is_left_out(folder: Path) -> None:
    (folder / "data" / "uploads").mkdir(parents=True)
    (folder / "data" / "uploads" / "copy.txt").touch()
    assert reasons(list(scan_folder(folder, folder / "data"))) == {"data": "it is the data directory"}
    assert sources(list(scan_roots({"uploads": folder / "data" / "uploads"}, folder / "data"))) == ["uploads/copy.txt"]


def refuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system refuse to list `folder`: to root it would not."""
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("ingest.sync.scan.os.scandir", refusing)


def test_a_folder_that_cannot_be_read_is_named_and_the_others_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(folder / "deep", monkeypatch)
    found = list(scan_folder(folder))
    assert sources(found) == ["a.txt", "b.txt"]
    (unread,) = [file for file in found if isinstance(file, UnreadableFolder)]
    assert (unread.source, "Permission denied. Give this user the right" in unread.reason) == ("deep", True)


def test_a_root_that_cannot_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(folder, monkeypatch)
    with pytest.raises(KnowledgeBaseError, match="cannot be read: Permission denied. Give this user the right"):
        list(scan_folder(folder))
