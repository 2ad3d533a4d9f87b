from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from http_archives import TOP, add, archive_of

from ingest.fetch.archive import ArchiveLimits, extract, is_archive
from knowledge_base.errors import FetchError

FILES = {"a.md": b"first", "below/b.md": b"second", "picture.png": b"not wanted"}


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., list[str]]:
    """Unpack bytes into tmp_path/out/folder: whatever would land beside it lands in tmp_path."""

    def unpack(data: bytes, limits: ArchiveLimits | None = None, folders_dropped: int = 1) -> list[str]:
        archive = tmp_path / "archive.tar.gz"
        archive.write_bytes(data)
        folder = tmp_path / "out" / "folder"
        folder.mkdir(parents=True)
        return extract(archive, folder, lambda path: path.endswith(".md"), folders_dropped, limits)

    return unpack


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def with_member(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    return archive_of(FILES, lambda tar: add(tar, name, content, kind, target))


def test_the_wanted_files_alone_are_written_without_their_top_folder(tmp_path: Path, unpack: Callable[..., list[str]]) -> None:
    assert unpack(archive_of(FILES)) == ["a.md", "below/b.md"]
    assert (tmp_path / "out/folder/a.md").read_bytes() == b"first"
    assert (tmp_path / "out/folder/below/b.md").read_bytes() == b"second"
    assert files_below(tmp_path) == {"archive.tar.gz", "out/folder/a.md", "out/folder/below/b.md"}


def test_no_folder_is_dropped_where_none_is_to_be(unpack: Callable[..., list[str]]) -> None:
    assert unpack(archive_of(FILES), folders_dropped=0) == [f"{TOP}/a.md", f"{TOP}/below/b.md"]


@pytest.mark.parametrize(
    "name",
    ["../outside.md", f"{TOP}/../../outside.md", f"{TOP}/x/../../../outside.md", "/outside.md", f"{TOP}\\..\\outside.md"],
)
def test_a_member_that_leads_out_of_the_folder_is_refused(tmp_path: Path, unpack: Callable[..., list[str]], name: str) -> None:
    with pytest.raises(FetchError, match="leads out of its folder"):
        unpack(with_member(name))
    assert files_below(tmp_path) <= {"archive.tar.gz", "out/folder/a.md", "out/folder/below/b.md"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../../outside"])
def test_a_link_that_leads_out_is_refused_even_where_it_is_not_wanted(
    tmp_path: Path, unpack: Callable[..., list[str]], kind: bytes, target: str
) -> None:
    with pytest.raises(FetchError, match="unsafe member"):
        unpack(with_member(f"{TOP}/link.txt", b"", kind, target))
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_the_place_of_a_document_is_refused(unpack: Callable[..., list[str]], kind: bytes) -> None:
    with pytest.raises(FetchError, match="is a link or a special file"):
        unpack(with_member(f"{TOP}/link.md", b"", kind, f"{TOP}/a.md"))


def test_a_harmless_link_that_is_not_wanted_is_passed_over(tmp_path: Path, unpack: Callable[..., list[str]]) -> None:
    assert unpack(with_member(f"{TOP}/link.txt", b"", tarfile.SYMTYPE, "a.md")) == ["a.md", "below/b.md"]
    assert not (tmp_path / "out/folder/link.txt").is_symlink()


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_is_refused(unpack: Callable[..., list[str]], kind: bytes) -> None:
    with pytest.raises(FetchError, match="unsafe member"):
        unpack(with_member(f"{TOP}/device", b"", kind))


def test_a_file_that_stands_twice_is_refused(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="twice"):
        unpack(with_member(f"{TOP}/a.md", b"another"))


def test_a_name_that_is_a_file_and_a_folder_is_refused(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="one name for a file and a folder"):
        unpack(with_member(f"{TOP}/a.md/c.md"))


def test_too_many_members_are_refused(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="more than 2 members"):
        unpack(archive_of(FILES), ArchiveLimits(members=2))


def test_a_member_that_announces_10_gb_is_refused_before_it_is_read(tmp_path: Path, unpack: Callable[..., list[str]]) -> None:
    member = tarfile.TarInfo(f"{TOP}/large.md")
    member.size = 10_000_000_000
    with pytest.raises(FetchError, match=r"10,000 MB; at most 210 MB"):
        unpack(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    assert not (tmp_path / "out/folder/large.md").exists()


def test_an_archive_that_unpacks_past_the_limit_is_refused(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="unpacks to more than 1 MB"):
        unpack(archive_of({"a.md": bytes(2_000_000)}), ArchiveLimits(total_bytes=1_000_000))


def test_a_bomb_that_is_not_wanted_is_refused_before_it_is_unpacked(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="unpacks to more than 17 MB"):
        unpack(archive_of({"bomb.bin": bytes(20_000_000)}), ArchiveLimits(ratio=10))


def test_a_header_of_many_megabytes_is_refused(unpack: Callable[..., list[str]]) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 12 << 20
    with pytest.raises(FetchError, match="header of a size"):
        unpack(gzip.compress(header.tobuf() + bytes(12 << 20)))


def test_headers_nested_without_end_are_refused(unpack: Callable[..., list[str]]) -> None:
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    with pytest.raises(FetchError, match="damaged"):
        unpack(gzip.compress(header.tobuf() * 5000))


@pytest.mark.parametrize("keep", [20, 200, -20])
def test_an_archive_that_is_cut_off_is_refused(unpack: Callable[..., list[str]], keep: int) -> None:
    with pytest.raises(FetchError, match="damaged or no .tar.gz archive"):
        unpack(archive_of({"a.md": bytes(range(256)) * 40})[:keep])


def test_a_page_in_the_place_of_an_archive_is_refused(unpack: Callable[..., list[str]]) -> None:
    with pytest.raises(FetchError, match="damaged or no .tar.gz archive"):
        unpack(b"<!doctype html><title>Sign in</title>")


def test_a_sparse_file_is_refused(unpack: Callable[..., list[str]]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        add(tar, f"{TOP}/sparse.md", b"", tarfile.GNUTYPE_SPARSE)
    with pytest.raises(FetchError, match="is a link or a special file|damaged"):
        unpack(gzip.compress(buffer.getvalue()))


@pytest.mark.parametrize(("name", "expected"), [("x.tar.gz", True), ("X.TGZ", True), ("x.zip", False), ("x.pdf", False)])
def test_an_archive_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_archive(name) is expected
