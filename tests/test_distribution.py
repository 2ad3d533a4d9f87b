from __future__ import annotations

import json
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
from libraries import Library, hashes, ingest

from knowledge_base.store.generations import current_id
from knowledge_base.store.snapshots import pack

QUESTION = "What is a tide pool?"
SERVE = (
    "from assistant.page.server import serve; from knowledge_base.settings import Settings; serve(Settings(data_dir={!r}), 0)"
)


@pytest.fixture
def exported(library: Library, tmp_path: Path) -> Path:
    archive = tmp_path / "generation.tar.gz"
    assert ingest("export", "current", str(archive), "--data-dir", str(library.data_dir)).code == 0
    return archive


def install(archive: Path, data_dir: Path, *options: str) -> tuple[int, str]:
    done = ingest("install", str(archive), "--data-dir", str(data_dir), *options)
    return done.code, done.out + done.error


def answered(library: Library) -> dict:
    return {**library.ask(QUESTION).json, "seconds": 0}


def test_an_installed_generation_answers_the_same_and_opens_its_originals(library: Library, exported: Path, tmp_path: Path):
    reader = Library(library.documents, tmp_path / "reader")
    code, said = install(exported, reader.data_dir, "--json")
    assert code == 0 and json.loads(said)["generation"] == "000001"
    assert answered(reader) == answered(library)
    assert hashes(reader.data_dir / "originals") == hashes(library.data_dir / "originals")
    assert not (reader.data_dir / "building").exists()


def test_the_digest_that_the_export_told_is_checked(library: Library, exported: Path, tmp_path: Path):
    told = ingest("export", "current", str(exported), "--replace", "--json", "--data-dir", str(library.data_dir)).json
    assert install(exported, tmp_path / "one", "--sha256", told["sha256"])[0] == 0
    code, said = install(exported, tmp_path / "two", "--sha256", "0" * 64)
    assert code == 2 and "is not the archive that is expected" in said
    assert current_id(tmp_path / "two") is None


@pytest.mark.parametrize("at", [0.1, 0.5, 0.97])
def test_an_altered_archive_is_refused_and_nothing_is_changed(exported: Path, tmp_path: Path, at: float):
    data = bytearray(exported.read_bytes())
    data[int(at * len(data))] ^= 1
    exported.write_bytes(data)
    code, said = install(exported, tmp_path / "reader")
    assert code == 2 and "is not an archive as it was written" in said
    assert current_id(tmp_path / "reader") is None and not list((tmp_path / "reader").glob("generations/*"))


def repacked(library: Library, archive: Path, **changed: Path) -> None:
    """Pack a generation again with other files in it, as one would who has the program."""
    files = {f"generations/000001/{p.relative_to(library.generation).as_posix()}": p for p in library.generation.rglob("*")}
    pack(archive, "generation", "000001", {n: p for n, p in files.items() if p.is_file()} | changed, replace=True)


def test_a_generation_that_is_not_what_was_published_is_refused(library: Library, exported: Path, tmp_path: Path):
    catalog = tmp_path / "catalog.sqlite3"
    catalog.write_bytes((library.generation / "catalog.sqlite3").read_bytes() + b"x")
    repacked(library, exported, **{"generations/000001/catalog.sqlite3": catalog})
    code, said = install(exported, tmp_path / "reader")
    assert code == 2 and "catalog.sqlite3 of generation 000001 has changed" in said
    assert current_id(tmp_path / "reader") is None


@pytest.mark.parametrize("path", ["uploads/x.md", "originals/0000", "generations/000002/catalog.sqlite3", "CURRENT"])
def test_an_archive_with_anything_else_in_it_is_refused(library: Library, exported: Path, tmp_path: Path, path: str):
    extra = tmp_path / "extra"
    extra.write_text("extra")
    repacked(library, exported, **{path: extra})
    code, said = install(exported, tmp_path / "reader")
    assert code == 2 and f"holds {path}, which is no part of a generation" in said


def test_a_later_generation_takes_the_place_of_the_earlier_and_rolls_back(library: Library, exported: Path, tmp_path: Path):
    reader = tmp_path / "reader"
    install(exported, reader)
    (library.documents / "new.md").write_text("# Basalt\n\nBasalt is a dark rock that cooled lava leaves behind.\n")
    assert library.sync().code == 0
    ingest("export", "current", str(exported), "--replace", "--data-dir", str(library.data_dir))
    assert install(exported, reader)[0] == 0 and current_id(reader) == "000002"
    assert ingest("rollback", "--data-dir", str(reader)).code == 0 and current_id(reader) == "000001"
    assert install(exported, reader)[0] == 0 and current_id(reader) == "000002"


def test_an_index_of_ones_own_is_not_overwritten(library: Library, exported: Path, tmp_path: Path):
    other = Library(tmp_path / "other", tmp_path / "own")
    other.documents.mkdir()
    (other.documents / "own.md").write_text("# Own\n\nThis library holds something else altogether.\n")
    assert other.sync().code == 0
    before = hashes(other.data_dir / "generations")
    code, said = install(exported, other.data_dir)
    assert code == 2 and "has another generation 000001 of its own" in said
    assert {n: h for n, h in hashes(other.data_dir / "generations").items() if "chroma.sqlite3" not in n} == {
        n: h for n, h in before.items() if "chroma.sqlite3" not in n
    }


def test_an_unknown_generation_is_named(library: Library, tmp_path: Path):
    refused = ingest("export", "000099", str(tmp_path / "x"), "--data-dir", str(library.data_dir))
    assert refused.code == 2 and "'000099' is not in" in refused.error


def ready(port: int) -> dict:
    connection = HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        connection.request("GET", "/readyz?wait=60")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_two_pages_on_copies_are_ready_side_by_side(library: Library, exported: Path, tmp_path: Path):
    install(exported, tmp_path / "reader")
    pages = [
        subprocess.Popen([sys.executable, "-c", SERVE.format(str(data_dir))], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for data_dir in (library.data_dir, tmp_path / "reader")
    ]
    try:
        ports = [int(page.stdout.readline().split("127.0.0.1:")[1].split()[0]) for page in pages]
        assert [ready(port) for port in ports] == [{"status": "ready", "generation": "000001"}] * 2
    finally:
        for page in pages:
            page.send_signal(signal.SIGINT)
        codes = [(page.wait(30), page.stdout.close())[0] for page in pages]
    assert codes == [0, 0]
