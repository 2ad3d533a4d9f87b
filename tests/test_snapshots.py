from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.manifest import seal_of
from knowledge_base.store.snapshots import LIST, pack, unpack

FILES = {"CURRENT": b"000001\n", "generations/000001/manifest.json": b"{}", "originals/ab": bytes(range(256)) * 999}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    pack(tmp_path / "a.tar.gz", "backup", "data", written(tmp_path / "source"))
    return tmp_path / "a.tar.gz"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def written(folder: Path) -> dict[str, Path]:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {name: folder / name for name in FILES}


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


Members = list[tuple[tarfile.TarInfo, bytes]]


def rewritten(archive: Path, change: Callable[[Members], Members]) -> None:
    """Write the archive again with other members."""
    with tarfile.open(archive) as tar:
        members = [(m, tar.extractfile(m).read()) for m in tar]
    with tarfile.open(archive, "w:gz") as tar:
        for member, content in change(members):
            tar.addfile(member, io.BytesIO(content))


def named(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, link
    return member, content


def test_what_was_packed_comes_out_again(archive: Path, target: Path):
    snapshot = unpack(archive, "backup", target)
    assert contents(target) == FILES
    assert set(snapshot.files) == set(FILES) and snapshot.bytes == sum(map(len, FILES.values()))


def test_a_database_in_use_is_packed_with_what_was_committed(tmp_path: Path, target: Path):
    file = tmp_path / "conversations.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE said (what TEXT)")
        writer.execute("INSERT INTO said VALUES ('kept')")
        writer.execute("BEGIN")
        writer.execute("INSERT INTO said VALUES ('not yet')")
        pack(tmp_path / "b.tar.gz", "backup", "data", {file.name: file})
    unpack(tmp_path / "b.tar.gz", "backup", target)
    with closing(sqlite3.connect(target / file.name)) as reader:
        assert reader.execute("SELECT what FROM said").fetchall() == [("kept",)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    file = tmp_path / "broken.sqlite3"
    file.write_bytes(b"not a database at all" * 99)
    with pytest.raises(KnowledgeBaseError, match=r"broken.sqlite3 cannot be copied"):
        pack(tmp_path / "b.tar.gz", "backup", "data", {file.name: file})
    assert not (tmp_path / "b.tar.gz").exists()


def test_an_archive_is_not_overwritten_unless_that_is_asked_for(archive: Path, tmp_path: Path):
    before = archive.read_bytes()
    with pytest.raises(KnowledgeBaseError, match="is there already"):
        pack(archive, "backup", "other", {})
    assert archive.read_bytes() == before
    pack(archive, "backup", "other", {}, replace=True)
    assert archive.read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "source"]


@pytest.mark.parametrize("at", [0.02, 0.3, 0.6, 0.9])
def test_one_altered_byte_is_refused(archive: Path, target: Path, at: float):
    data = bytearray(gzip.decompress(archive.read_bytes()))
    data[int(at * len(data))] ^= 1
    archive.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(KnowledgeBaseError, match="is not an archive as it was written"):
        unpack(archive, "backup", target)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_half_an_archive_is_refused(archive: Path, target: Path, share: float):
    archive.write_bytes(archive.read_bytes()[: int(share * archive.stat().st_size)])
    with pytest.raises(KnowledgeBaseError, match="is not an archive as it was written"):
        unpack(archive, "backup", target)


def test_no_archive_at_all_is_named(tmp_path: Path, target: Path):
    with pytest.raises(KnowledgeBaseError, match=r"There is no file .*none"):
        unpack(tmp_path / "none", "backup", target)


def test_an_archive_of_another_kind_is_refused_with_the_command_for_it(archive: Path, target: Path):
    with pytest.raises(KnowledgeBaseError, match="holds a backup, not a generation") as caught:
        unpack(archive, "generation", target)
    assert "restore" in caught.value.remedy


@pytest.mark.parametrize(
    "extra",
    [
        named("../outside", b"x"),
        named("/tmp/outside", b"x"),
        named("link", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        named("originals/ab", kind=tarfile.LNKTYPE, link="CURRENT"),
        named("device", kind=tarfile.CHRTYPE),
        named("CURRENT", b"000001\n"),
    ],
    ids=["above", "absolute", "symbolic link", "hard link", "device", "twice"],
)
def test_a_member_that_is_not_in_the_list_is_refused(archive: Path, target: Path, extra: tuple[tarfile.TarInfo, bytes]):
    rewritten(archive, lambda members: [*members, extra])
    with pytest.raises(KnowledgeBaseError, match="is not in its list"):
        unpack(archive, "backup", target)
    assert all(path.is_relative_to(target) for path in target.rglob("*")) and not (target.parent / "outside").exists()


def test_a_missing_member_is_refused(archive: Path, target: Path):
    rewritten(archive, lambda members: members[:-1])
    with pytest.raises(KnowledgeBaseError, match="originals/ab is missing"):
        unpack(archive, "backup", target)


def test_a_member_longer_than_listed_is_refused_before_it_is_written(archive: Path, target: Path):
    rewritten(archive, lambda m: [named(i.name, c + b"\0" * (i.name == "CURRENT") * 9999) for i, c in m])
    with pytest.raises(KnowledgeBaseError, match="CURRENT has another size than listed"):
        unpack(archive, "backup", target)
    assert not (target / "CURRENT").exists()


def with_list(members: Members, change: Callable[[dict], None], seal: bool) -> Members:
    fields = json.loads(members[0][1])
    change(fields)
    if seal:
        fields.pop("seal")
        fields["seal"] = seal_of(fields)
    return [named(LIST, json.dumps(fields).encode()), *members[1:]]


def test_an_altered_list_is_refused(archive: Path, target: Path):
    rewritten(archive, lambda members: with_list(members, lambda f: f.update(name="other"), seal=False))
    with pytest.raises(KnowledgeBaseError, match="its checksum differs"):
        unpack(archive, "backup", target)


@pytest.mark.parametrize("path", ["../out", "/out", "a/../../out", "a//b", "", "a\\..\\b", "./a"])
def test_a_list_with_a_path_that_may_lead_out_is_refused(archive: Path, target: Path, path: str):
    rewritten(archive, lambda m: with_list(m, lambda f: f["files"].update({path: [1, "0" * 64]}), seal=True))
    with pytest.raises(KnowledgeBaseError, match="is not one of a file in a folder"):
        unpack(archive, "backup", target)


def test_an_archive_of_a_later_format_says_so(archive: Path, target: Path):
    rewritten(archive, lambda m: with_list(m, lambda f: f.update(format=99), seal=True))
    with pytest.raises(KnowledgeBaseError, match="its format is 99; this program reads 1"):
        unpack(archive, "backup", target)


def test_an_archive_without_its_list_is_refused(archive: Path, target: Path):
    rewritten(archive, lambda members: members[1:])
    with pytest.raises(KnowledgeBaseError, match=f"it does not begin with {LIST}"):
        unpack(archive, "backup", target)


def test_an_archive_larger_than_the_disk_is_refused_before_anything_is_written(archive: Path, target: Path):
    rewritten(archive, lambda m: with_list(m, lambda f: f["files"].update(huge=[1 << 49, "0" * 64]), seal=True))
    with pytest.raises(KnowledgeBaseError, match="MB are needed"):
        unpack(archive, "backup", target)
    assert contents(target) == {}
