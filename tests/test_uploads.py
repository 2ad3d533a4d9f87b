from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from assistant.page import uploads
from assistant.page.uploads import Outcome, Upload, clean_name, is_upload, put_in, remove, waiting
from knowledge_base.errors import KnowledgeBaseError, StorageError
from knowledge_base.settings import Settings


@dataclass
class Sent:
    name: str
    data: bytes = b"The harbour office opens at seven."
    claimed: int | None = None

    @property
    def size(self) -> int:
        return len(self.data) if self.claimed is None else self.claimed

    def getvalue(self) -> bytes:
        return self.data


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", max_file_mb=1, max_uploads_mb=2)


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.data_dir / "uploads").iterdir())


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        (".hidden.md", "hidden.md"),
        ("~$lock.docx", "$lock.docx"),
        ("a\u202efdp.md", "afdp.md"),
        ("line\nbreak\x00.txt", "linebreak.txt"),
        ('what? "this": <a|b>*.md', "what_ _this__ _a_b__.md"),
        ("e\u0301te\u0301.md", "été.md"),
        ("  many   blanks .txt", "many blanks.txt"),
        ("...", "document"),
        ("", "document"),
        ("\ud800.md", "md"),
        ("ends with dots...", "ends with dots"),
    ],
)
def test_a_name_is_made_a_files_own(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@pytest.mark.parametrize("sent", ["é" * 500 + ".pdf", "x." + "y" * 400, "漢" * 300])
def test_a_name_is_cut_to_what_every_system_takes(sent: str) -> None:
    name = clean_name(sent)
    assert 0 < len(name.encode()) <= 255 and "\ufffd" not in name


def test_files_are_put_in_and_those_refused_are_named_with_the_reason(settings: Settings) -> None:
    outcomes = put_in(
        settings,
        [
            Sent("a.txt"),
            Sent("b.xlsx"),
            Sent("c.txt", b"\x89PNG\r\n\x1a\n"),
            Sent("d.md", b""),
            Sent("e.md", claimed=(1 << 20) + 1),
        ],
    )
    assert outcomes[0] == Outcome("a.txt", True)
    assert [(o.name, o.is_in, part in o.reason) for o, part in zip(
        outcomes[1:], ["type .xlsx is not read", "it is a PNG picture", "is empty", "larger than 1 MB"], strict=True
    )] == [("b.xlsx", False, True), ("c.txt", False, True), ("d.md", False, True), ("e.md", False, True)]  # fmt: skip
    assert names(settings) == ["a.txt"]


def test_a_file_of_the_same_name_is_replaced_and_that_is_said(settings: Settings) -> None:
    put_in(settings, [Sent("a.txt")])
    assert put_in(settings, [Sent("a.txt", b"New words.")]) == [Outcome("a.txt", True, replaced=True)]
    assert (settings.data_dir / "uploads" / "a.txt").read_bytes() == b"New words."
    assert names(settings) == ["a.txt"]


def test_all_uploads_together_have_a_limit_which_what_is_replaced_does_not_count_for(settings: Settings) -> None:
    megabyte = b"word " * 200_000
    put_in(settings, [Sent("a.txt", megabyte)])
    assert put_in(settings, [Sent("a.txt", megabyte)])[0].is_in
    with pytest.raises(KnowledgeBaseError, match="there would be 3 MB") as raised:
        put_in(settings, [Sent("b.txt", megabyte), Sent("c.txt", megabyte)])
    assert "PARISCALL_MAX_UPLOADS_MB" in raised.value.remedy and names(settings) == ["a.txt"]


def test_too_many_at_once_are_refused(settings: Settings) -> None:
    with pytest.raises(KnowledgeBaseError, match="101 files were sent"):
        put_in(settings, [Sent(f"{n}.txt") for n in range(101)])


def test_nothing_is_written_through_a_link_or_over_a_folder(settings: Settings, tmp_path: Path) -> None:
    folder = settings.data_dir / "uploads"
    (folder / "b.txt").mkdir(parents=True)
    (tmp_path / "secret").write_text("mine")
    (folder / "a.txt").symlink_to(tmp_path / "secret")
    assert [o.is_in for o in put_in(settings, [Sent("a.txt"), Sent("b.txt")])] == [False, False]
    assert (tmp_path / "secret").read_text() == "mine"


def test_a_directory_that_cannot_be_written_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as raised:
        put_in(Settings(data_dir=tmp_path / "file"), [Sent("a.txt")])
    assert raised.value.remedy


def test_an_upload_is_removed_and_a_second_time_is_no_error(settings: Settings) -> None:
    put_in(settings, [Sent("a.txt")])
    remove(settings, "uploads/a.txt")
    remove(settings, "uploads/a.txt")
    assert names(settings) == []


@pytest.mark.parametrize("source", ["briefs/a.md", "uploads/../CURRENT", "uploads//etc/passwd", "uploads/", "a.txt"])
def test_nothing_but_an_upload_is_removed(settings: Settings, source: str) -> None:
    with pytest.raises(KnowledgeBaseError, match="was not put in"):
        remove(settings, source)


def test_what_is_an_upload_is_told_by_its_root() -> None:
    assert is_upload("uploads/a/b.txt") and not is_upload("briefs/uploads.txt")


def digest(text: bytes) -> str:
    return sha256(text).hexdigest()


def test_what_the_index_does_not_hold_as_it_is_waits(settings: Settings) -> None:
    put_in(settings, [Sent("same.txt", b"Same."), Sent("new.txt"), Sent("other.txt", b"Other."), Sent("bad.pdf", b"%PDF-1.7")])
    folder = settings.data_dir / "uploads"
    (folder / ".hidden.txt").write_text("x")
    (folder / "picture.png").write_text("x")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.md").write_text("Deep.")
    (folder / "link.txt").symlink_to(folder / "same.txt")
    indexed = {
        "uploads/same.txt": digest(b"Same."),
        "uploads/other.txt": digest(b"Earlier."),
        "uploads/gone.txt": "0",
        "briefs/x.md": "0",
    }
    assert waiting(settings, indexed, {"uploads/bad.pdf": digest(b"%PDF-1.7")}) == [
        Upload("uploads/gone.txt", "going"),
        Upload("uploads/new.txt", "waiting"),
        Upload("uploads/other.txt", "changed"),
        Upload("uploads/sub/deep.md", "waiting"),
    ]


def test_without_uploads_nothing_waits(settings: Settings) -> None:
    assert waiting(settings, {}, {}) == []


def test_a_file_is_hashed_again_when_it_was_written_again(settings: Settings) -> None:
    put_in(settings, [Sent("a.txt", b"One.")])
    path = settings.data_dir / "uploads" / "a.txt"
    assert waiting(settings, {"uploads/a.txt": digest(b"One.")}, {}) == []
    path.write_bytes(b"Two.")
    os.utime(path, ns=(1, 1))
    assert waiting(settings, {"uploads/a.txt": digest(b"One.")}, {}) == [Upload("uploads/a.txt", "changed")]
    assert uploads.ROOT == "uploads"
