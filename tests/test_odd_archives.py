"""Archives that nobody packed here: each ends in a refusal that a user understands, or in what its list says; soon."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.archives import install_generation, restore_backup
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings
from knowledge_base.store.manifest import seal_of
from knowledge_base.store.snapshots import LIST, pack, unpack

SECONDS = 10.0
Member = tuple[tarfile.TarInfo, bytes]

ODD_NAMES = st.sampled_from(
    ["CURRENT", "lock", "generations/000001/manifest.json", "generations/²/x", "a/b", "a", "a/b/c", "../up", "/etc/up",
     "a//b", "x" * 300, "y/" * 90 + "z", "y/" * 1500 + "z", "n" * 5000, "\ud800", "\udcff", "nul\0", "back\\slash",
     "", ".", "a/..", "é", "­"]
)  # fmt: skip
NAMES = ODD_NAMES | st.text(max_size=40)
DIGITS = 10**5000
ODD_SIZES = st.sampled_from(
    [-1, 0, 1, 1 << 49, 1 << 63, 1 << 70, 1.5, float("inf"), float("-inf"), float("nan"), True, None, "1", [], {}, "DIGITS"]
)
HASHES = st.sampled_from(["0" * 64, "x", "", None, 5, [], "A" * 64, "²" * 64])
TYPES = st.sampled_from(
    [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, b"?"]
)  # fmt: skip
CONTENTS = st.binary(max_size=60) | st.sampled_from([b"\0" * 5000, b"000001\n", b"{}", b"[" * 3000, b"SQLite format 3\0"])
LABELS = st.sampled_from(["backup", "generation", "²", "١", "000001", "1" * 400, "", 5, None, [], "\ud800"])
DEEP = st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "[" * 50 + "]" * 50])


def plain(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> Member:
    member = tarfile.TarInfo(name)
    member.size, member.type = len(content), kind
    return member, content


def listing(fields: dict[str, Any], sealed: bool = True) -> bytes:
    text = json.dumps(fields | ({"seal": seal_of(fields)} if sealed else {}))
    return text.replace('"DIGITS"', "1" + "0" * 5000).encode()


def fields_of(files: dict[str, Any], kind: object = "backup", name: object = "data") -> dict[str, Any]:
    return {"kind": kind, "name": name, "created": "2026-01-02", "files": files, "format": 1}


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Draw an archive: a list, true or odd, and members that it names or does not, of all types and sizes."""
    members = draw(st.lists(st.tuples(NAMES, CONTENTS, TYPES), max_size=5))
    true = {name: [len(content), sha256(content).hexdigest()] for name, content, _ in members if draw(st.booleans())}
    odd = draw(st.dictionaries(NAMES, st.tuples(ODD_SIZES, HASHES) | ODD_SIZES, max_size=3))
    fields = fields_of(true | odd, draw(LABELS), draw(LABELS))
    fields = draw(st.sampled_from([fields, fields_of(true), fields_of({}), {**fields, "files": draw(ODD_SIZES)}]))
    content = draw(DEEP).encode() if draw(st.integers(0, 9)) == 0 else listing(fields, draw(st.integers(0, 9)) > 0)
    written = [plain(LIST, content), *(plain(*member) for member in members)]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=draw(st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))) as tar:
        for member, data in written:
            try:
                tar.addfile(member, io.BytesIO(data))
            except (ValueError, UnicodeError):
                continue
    data = bytearray(buffer.getvalue())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        data[draw(st.integers(0, min(len(data), 8000) - 1))] = draw(st.integers(0, 255))
    return gzip.compress(bytes(data), 1)


@contextmanager
def soon() -> Iterator[None]:
    began = process_time()  # a busy machine is not the archive's doing
    yield
    assert process_time() - began < SECONDS


def attempt(act: Callable[[], object]) -> object:
    """Return what `act` returns, or None where it refuses; whatever else it raises goes on."""
    with soon():
        try:
            return act()
        except KnowledgeBaseError as error:
            assert len(error.message) < 2000
            return None


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=archives())
def test_an_odd_archive_is_refused_or_gives_what_its_list_says(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "odd.tar.gz").write_bytes(data)
        (place / "out").mkdir()
        snapshot = attempt(lambda: unpack(place / "odd.tar.gz", "backup", place / "out"))
        if snapshot is not None:
            found = {p.relative_to(place / "out").as_posix(): p.read_bytes() for p in (place / "out").rglob("*") if p.is_file()}
            assert {name: (len(c), sha256(c).hexdigest()) for name, c in found.items()} == dict(snapshot.files)  # type: ignore
        assert sorted(path.name for path in place.iterdir()) == ["odd.tar.gz", "out"]
        attempt(lambda: restore_backup(place / "odd.tar.gz", place / "data"))
        attempt(lambda: install_generation(place / "odd.tar.gz", Settings(data_dir=place / "other")))
        assert {path.name for path in place.iterdir()} <= {"odd.tar.gz", "out", "data", "other"}


def odd(folder: Path, list_: bytes, *members: Member) -> Path:
    path = folder / "odd.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member, content in (plain(LIST, list_), *members):
            tar.addfile(member, io.BytesIO(content))
    return path


def true_list(members: list[Member], kind: str = "backup", name: str = "data") -> bytes:
    return listing(fields_of({m.name: [len(c), sha256(c).hexdigest()] for m, c in members}, kind, name))


@pytest.mark.parametrize("name", ["x" * 300, "y" * 5_000_000, "d/" * 2000 + "f", "\ud800"], ids=["300", "5 MB", "deep", "odd"])
def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path, name: str) -> None:
    archive = odd(tmp_path, listing(fields_of({name: [1, "0" * 64]})))
    with soon(), pytest.raises(KnowledgeBaseError, match="is not an archive as it was written") as caught:
        restore_backup(archive, tmp_path / "data")
    assert len(caught.value.message) < 1000 and not (tmp_path / "data").exists()


@pytest.mark.parametrize("size", ["Infinity", "-Infinity", "NaN", "1" + "0" * 5000, "-1", "1.5", '"1"', "null", "true"])
def test_a_size_that_is_none_is_refused(tmp_path: Path, size: str) -> None:
    fields = fields_of({"a": ["SIZE", "0" * 64]})
    text = json.dumps(fields | {"seal": "x"}).replace('"SIZE"', size)
    archive = odd(tmp_path, text.encode())
    with pytest.raises(KnowledgeBaseError, match="is not an archive as it was written"):
        restore_backup(archive, tmp_path / "data")


@pytest.mark.parametrize("size", [float("inf"), 1.5, "1", None, True, -1, 1 << 60])
def test_a_sealed_size_that_is_none_is_refused(tmp_path: Path, size: object) -> None:
    archive = odd(tmp_path, listing(fields_of({"a": [size, "0" * 64]})))
    with pytest.raises(KnowledgeBaseError, match="'a' has no size"):
        restore_backup(archive, tmp_path / "data")


def test_a_list_without_end_is_refused(tmp_path: Path) -> None:
    for text in ("[" * 1_000_000, '{"a":' * 1_000_000):
        with soon(), pytest.raises(KnowledgeBaseError, match="its list cannot be read"):
            restore_backup(odd(tmp_path, text.encode()), tmp_path / "data")


def test_a_list_of_too_many_files_is_refused(tmp_path: Path) -> None:
    archive = odd(tmp_path, listing(fields_of({str(number): [0, "0" * 64] for number in range(200_001)})))
    with soon(), pytest.raises(KnowledgeBaseError, match="200,001 files are more than an archive can hold"):
        restore_backup(archive, tmp_path / "data")


def test_a_list_longer_than_any_is_not_read(tmp_path: Path) -> None:
    with soon(), pytest.raises(KnowledgeBaseError, match=f"does not begin with {LIST}"):
        restore_backup(odd(tmp_path, b" " * (33 << 20)), tmp_path / "data")


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    archive = odd(tmp_path, listing(fields_of({"a!": [0, "0" * 64], "a": [0, "0" * 64], "a/b": [0, "0" * 64]})))
    with pytest.raises(KnowledgeBaseError, match="'a' is a file and a folder"):
        restore_backup(archive, tmp_path / "data")


def test_what_a_few_bytes_unzip_to_is_not_waited_for(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 7 << 30
    with gzip.open(bomb, "wb", 1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(256):
            file.write(bytes(1 << 20))
    with soon(), pytest.raises(KnowledgeBaseError, match="longer than its list says"):
        restore_backup(bomb, tmp_path / "data")
    members = [plain("zeros", bytes(100 << 20))]
    shrunk = odd(tmp_path, true_list(members), *members)
    with soon(), pytest.raises(KnowledgeBaseError, match="would not fit into it"):
        restore_backup(shrunk, tmp_path / "data")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with soon(), pytest.raises(KnowledgeBaseError, match="There is no file"):
        restore_backup(tmp_path / "pipe", tmp_path / "data")


@pytest.mark.parametrize("name", ["²", "١", "1" * 400, "", "../x", "a"])
def test_a_generation_that_is_named_by_no_number_is_refused(tmp_path: Path, name: str) -> None:
    members = [plain("generations/000001/manifest.json", b"{}")]
    with pytest.raises(KnowledgeBaseError, match="which is no number"):
        install_generation(
            odd(tmp_path, true_list(members, "generation", name), *members), Settings(data_dir=tmp_path / "data")
        )


MANIFEST: dict[str, Any] = {
    "id": "000001", "created": "now", "folder": None, "model_id": "m", "dimension": 1, "chunking": 1,
    "counts": {"documents": 1}, "checksums": {"catalog.sqlite3": "0" * 64}, "format": 1, "vectors": 1, "worn": 0, "rows": None,
}  # fmt: skip
ODD_FIELDS = {
    "elsewhere": {"checksums": {"../../../../dev/zero": "0" * 64}},
    "absolute": {"checksums": {"/dev/zero": "0" * 64}},
    "list": {"checksums": ["catalog.sqlite3"]},
    "counts": {"counts": {"documents": "1"}},
    "created": {"created": 5},
    "none": {"id": None},
}


@pytest.mark.parametrize("change", ODD_FIELDS.values(), ids=ODD_FIELDS)
def test_a_manifest_with_odd_fields_is_refused_before_a_file_is_read(tmp_path: Path, change: dict[str, Any]) -> None:
    fields = MANIFEST | change
    content = json.dumps(fields | {"seal": seal_of(fields)}).encode()
    for text in (content, b"[" * 100_000):
        members = [plain("CURRENT", b"000001\n"), plain("generations/000001/manifest.json", text)]
        with soon(), pytest.raises(KnowledgeBaseError, match=r"manifest of generation 000001 (cannot be read|has changed)"):
            restore_backup(odd(tmp_path, true_list(members), *members), tmp_path / "data")


@pytest.mark.parametrize("current", ["²", "../../x", "x" * 300, "x" * 5_000_000, "nul\0", "[" * 50])
def test_a_pointer_to_no_generation_is_refused(tmp_path: Path, current: str) -> None:
    members = [plain("CURRENT", current.encode())]
    with soon(), pytest.raises(KnowledgeBaseError, match="CURRENT cannot be read|is not in") as caught:
        restore_backup(odd(tmp_path, true_list(members), *members), tmp_path / "data")
    assert len(caught.value.message) < 1000


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    chance = random.Random(7)
    for length in (0, 1, 10, 10_000):
        (tmp_path / "noise").write_bytes(chance.randbytes(length))
        (tmp_path / "zipped").write_bytes(gzip.compress(chance.randbytes(length)))
        for name in ("noise", "zipped"):
            shutil.rmtree(tmp_path / "data", ignore_errors=True)
            with pytest.raises(KnowledgeBaseError, match="is not an archive as it was written"):
                restore_backup(tmp_path / name, tmp_path / "data")


def test_what_shrinks_to_nearly_nothing_is_packed_so_that_it_comes_out_again(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(100 << 20))
    (tmp_path / "out").mkdir()
    packed = pack(tmp_path / "a.tar.gz", "backup", "data", {"zeros": tmp_path / "zeros"})
    assert unpack(tmp_path / "a.tar.gz", "backup", tmp_path / "out") == packed
