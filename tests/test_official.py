from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from http_archives import Served, Site, add, archive_of, running_site
from typer.testing import CliRunner

from ingest.__main__ import app
from ingest.fetch.download import DownloadLimits
from ingest.fetch.official import FetchReport, SourceReport, fetch
from ingest.fetch.sources import combined_hash
from ingest.sync.report import SyncReport
from ingest.sync.sync import SyncOptions
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.files import writer_lock
from knowledge_base.settings import Settings

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus" / "pariscall"
LIMITS = DownloadLimits(connect_seconds=5, silence_seconds=5, attempts=2, pause_seconds=0, loopback=True)
ONE_TRY = DownloadLimits(connect_seconds=5, silence_seconds=5, attempts=1, pause_seconds=0, loopback=True)
NOTHING: dict[str, bytes] = {}

DOCUMENTS = {"assets/call.pdf": b"%PDF-1.7 " + os.urandom(200_000), "texts/call.md": b"# The Call\n\nWe reaffirm.\n"}
RECORDS = {f"_supporters/{name}.md": f"---\nname: {name}\n---\n".encode() for name in ("abb", "acme", "zeta")}
UNLISTED = {"index.html": b"<p>not listed</p>", "_supporters/notes.txt": b"not listed"}
FILES = {**DOCUMENTS, **RECORDS}
ARCHIVE = archive_of({**FILES, **UNLISTED})


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def list_of(url: str) -> str:
    """Return a list whose one source replaces the built-in one of that name, with all that it checks."""
    files = [
        f'[[source.files]]\npath = "{path}"\nsize = {len(data)}\nsha256 = "{digest(data)}"\ntitle = "{path}"\n'
        for path, data in DOCUMENTS.items()
    ]
    combined = combined_hash({path: digest(data) for path, data in RECORDS.items()})
    group = f'[[source.groups]]\npattern = "_supporters/*.md"\ncount = {len(RECORDS)}\nsha256 = "{combined}"\n'
    return f'[[source]]\nname = "pariscall"\nurl = "{url}"\n' + "".join(files) + group


def settings(tmp_path: Path, own_list: str) -> Settings:
    data_dir = tmp_path / "data"
    data_dir.mkdir(exist_ok=True)
    (data_dir / "sources.toml").write_text(own_list, encoding="utf-8")
    return Settings(data_dir=data_dir, fetch_from_loopback=True)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return what is below a folder, hidden folders left out."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {path: data for path, data in found.items() if not path.startswith(".")}


def fetched(tmp_path: Path) -> dict[str, bytes]:
    return files_below(tmp_path / "data/official/pariscall")


def only(report: FetchReport) -> SourceReport:
    [source] = report.sources
    return source


def put_earlier_files(tmp_path: Path, site: Site) -> dict[str, bytes]:
    """Put a folder there as an earlier fetch of another version left it; return what is in it."""
    earlier = {"texts/call.md": b"# An earlier version\n"}
    url = site.serve("/earlier.tar.gz", Served(archive_of(earlier)))
    hashed = digest(site.pages["/earlier.tar.gz"].content)
    own_list = f'[[source]]\nname = "pariscall"\nurl = "{url}"\nsha256 = "{hashed}"\nfiles = []\ngroups = []\n'
    assert only(fetch(settings(tmp_path, own_list), limits=LIMITS)).state == "fetched"
    assert fetched(tmp_path) == earlier
    return earlier


def test_a_fetch_puts_the_listed_files_in_place(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    source = only(fetch(own, limits=LIMITS))
    assert fetched(tmp_path) == FILES
    assert (source.state, source.files, source.bytes) == ("fetched", 5, sum(map(len, FILES.values())))
    assert (source.received, source.resumed_from, source.notices) == (len(ARCHIVE), 0, [])
    assert files_below(own.data_dir / "official/.partial").keys() == {"lock"}


def test_a_second_fetch_downloads_nothing(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    fetch(own, limits=LIMITS)
    source = only(fetch(own, limits=LIMITS))
    assert (source.state, source.files, source.received) == ("unchanged", 5, 0)
    assert len(site.requests) == 1


def test_files_that_were_put_there_by_hand_and_are_right_are_not_downloaded(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.url + "/archive.tar.gz"))
    for path, data in FILES.items():
        target = own.data_dir / "official/pariscall" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    assert only(fetch(own, limits=LIMITS)).state == "unchanged"
    assert site.requests == []


@pytest.mark.parametrize("change", ["altered", "removed"])
def test_a_fetched_file_that_is_no_longer_right_is_fetched_again(tmp_path: Path, site: Site, change: str) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    fetch(own, limits=LIMITS)
    file = own.data_dir / "official/pariscall/_supporters/abb.md"
    file.unlink() if change == "removed" else file.write_bytes(b"altered")
    assert only(fetch(own, limits=LIMITS)).state == "fetched"
    assert fetched(tmp_path) == FILES


def test_a_fetch_replaces_what_an_earlier_one_left(tmp_path: Path, site: Site) -> None:
    put_earlier_files(tmp_path, site)
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    assert only(fetch(own, limits=LIMITS)).state == "fetched"
    assert fetched(tmp_path) == FILES


def test_files_of_ones_own_next_to_the_fetched_ones_are_kept(tmp_path: Path, site: Site) -> None:
    put_earlier_files(tmp_path, site)
    own_file = tmp_path / "data/official/pariscall/_supporters/mine.md"
    own_file.parent.mkdir()
    own_file.write_bytes(b"my own")
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    fetch(own, limits=LIMITS)
    assert fetched(tmp_path) == {**FILES, "_supporters/mine.md": b"my own"}
    assert only(fetch(own, limits=LIMITS)).state == "unchanged"


def test_a_download_that_was_cut_off_leaves_what_was_there_and_begins_again(tmp_path: Path, site: Site) -> None:
    earlier = put_earlier_files(tmp_path, site)
    url = site.serve("/archive.tar.gz", Served(ARCHIVE, cuts=[100_000]))
    source = only(fetch(settings(tmp_path, list_of(url)), limits=ONE_TRY))
    assert (source.state, fetched(tmp_path)) == ("failed", earlier)
    assert "cut off" in str(source.reason)
    source = only(fetch(settings(tmp_path, list_of(url)), limits=ONE_TRY))
    assert (source.state, source.resumed_from, source.received) == ("fetched", 0, len(ARCHIVE))
    assert fetched(tmp_path) == FILES


def test_a_download_kept_from_another_address_is_not_used(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.fetch.official.extract", refuse)
        fetch(settings(tmp_path, list_of(site.serve("/old.tar.gz", Served(archive_of(UNLISTED))))), limits=LIMITS)
    source = only(fetch(settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE)))), limits=LIMITS))
    assert (source.state, source.received, fetched(tmp_path)) == ("fetched", len(ARCHIVE), FILES)
    assert files_below(tmp_path / "data/official/.partial").keys() == {"lock"}


def altered(path: str) -> bytes:
    changed = bytearray(FILES[path])
    changed[-1] ^= 1
    return archive_of({**FILES, path: bytes(changed)})


def without(path: str) -> bytes:
    return archive_of({name: data for name, data in FILES.items() if name != path})


def with_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    return archive_of(FILES, lambda tar: add(tar, name, b"", kind, target))


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (altered("assets/call.pdf"), "assets/call.pdf is not what the list says"),
        (altered("_supporters/acme.md"), r"_supporters/*.md is not what the list says"),
        (without("texts/call.md"), "texts/call.md is missing"),
        (without("_supporters/acme.md"), "has 2 files _supporters/*.md, not 3"),
        (archive_of({**FILES, "_supporters/new.md": b"new"}), "has 4 files _supporters/*.md, not 3"),
        (archive_of(NOTHING), "holds none of the files"),
        (archive_of(FILES, top="one/two"), "holds none of the files"),
        (with_member("top/../../outside.md"), "leads out of its folder"),
        (with_member("/outside.md"), "leads out of its folder"),
        (with_member("top/link", tarfile.SYMTYPE, "/etc/passwd"), "unsafe member"),
        (with_member("top/_supporters/link.md", tarfile.SYMTYPE, "abb.md"), "is a link or a special file"),
        (with_member("top/device", tarfile.CHRTYPE), "unsafe member"),
        (ARCHIVE[:-1000], "is damaged"),
        (b"<html>Sign in to this network</html>", "is damaged"),
    ],
    ids=str.split(
        "altered-document altered-record no-document no-record new-record empty two-folders"
        " outside absolute link-outside link-for-a-record device cut-off sign-in-page"
    ),
)
def test_an_archive_that_is_not_as_listed_is_refused_and_nothing_is_lost(
    tmp_path: Path, site: Site, archive: bytes, words: str
) -> None:
    earlier = put_earlier_files(tmp_path, site)
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(archive))))
    source = only(fetch(own, limits=LIMITS))
    assert (source.state, fetched(tmp_path)) == ("failed", earlier)
    assert words in str(source.reason)
    assert files_below(own.data_dir / "official/.partial").keys() == {"lock"}
    assert not list(tmp_path.rglob("outside*"))
    site.serve("/archive.tar.gz", Served(ARCHIVE))
    assert only(fetch(own, limits=LIMITS)).state == "fetched"


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (Served(status=404), "is not there (404)"),
        (Served(status=500), "is not served at the moment (500)"),
        (Served(ARCHIVE, announced=10_000_000_000), "has 10,000.0 MB or more; at most 1.0 MB are taken"),
        (Served(endless=True), "at most 1.0 MB are taken"),
        (Served(status=302, headers={"Location": "https://example.org/x"}), "leads to another host, example.org"),
    ],
    ids=["404", "500", "10 GB", "endless", "redirect"],
)
def test_a_download_that_fails_leaves_what_was_there(tmp_path: Path, site: Site, served: Served, words: str) -> None:
    earlier = put_earlier_files(tmp_path, site)
    url = site.serve("/archive.tar.gz", served)
    own_list = list_of(url).replace("[[source.files]]", "max_mb = 1\n[[source.files]]", 1)
    source = only(fetch(settings(tmp_path, own_list), limits=LIMITS))
    assert (source.state, fetched(tmp_path)) == ("failed", earlier)
    assert words.replace("1.0 MB", f"{(1 << 20) / 1e6:.1f} MB") in str(source.reason)


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, site: Site) -> None:
    earlier = put_earlier_files(tmp_path, site)
    with running_site() as gone:
        own = settings(tmp_path, list_of(gone.url + "/archive.tar.gz"))
    source = only(fetch(own, limits=LIMITS))
    assert fetched(tmp_path) == earlier
    assert "127.0.0.1 cannot be reached" in str(source.reason)
    assert "Check the network" in str(source.reason)


def test_plain_http_is_refused_where_loopback_is_not_allowed(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    source = only(fetch(own.model_copy(update={"fetch_from_loopback": False})))
    assert "is not an https address" in str(source.reason)
    assert site.requests == []


def run_with_file_limit(largest: int, data_dir: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import resource, sys; from ingest.__main__ import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}));"
        f"sys.argv = ['ingest', 'fetch', '--data-dir', {str(data_dir)!r}]; main()"
    )
    environment = {**os.environ, "PARISCALL_FETCH_FROM_LOOPBACK": "1"}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)


def test_a_full_disk_ends_the_download_and_a_later_fetch_succeeds(tmp_path: Path, site: Site) -> None:
    earlier = put_earlier_files(tmp_path, site)
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    ended = run_with_file_limit(100_000, own.data_dir)
    assert (ended.returncode, fetched(tmp_path)) == (2, earlier)
    assert ended.stderr.startswith("Error: pariscall: The data directory")
    assert "nothing was lost" in ended.stderr
    source = only(fetch(own, limits=LIMITS))
    assert (source.state, source.received, fetched(tmp_path)) == ("fetched", len(ARCHIVE), FILES)


def test_a_full_disk_while_unpacking_keeps_the_download(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = put_earlier_files(tmp_path, site)
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.fetch.official.extract", refuse)
        source = only(fetch(own, limits=LIMITS))
    assert "No space left on device" in str(source.reason)
    assert fetched(tmp_path) == earlier
    source = only(fetch(own, limits=LIMITS))
    assert (source.state, source.received, fetched(tmp_path)) == ("fetched", 0, FILES)
    assert source.notices == ["The download of an earlier run was complete; it was used."]


def test_a_swap_that_fails_puts_back_what_was_there(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = put_earlier_files(tmp_path, site)
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    replace = os.replace

    def refuse_staging(source: Path, target: Path) -> None:
        if str(source).endswith(".staging"):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("ingest.fetch.official.os.replace", refuse_staging)
        source = only(fetch(own, limits=LIMITS))
    assert (source.state, fetched(tmp_path)) == ("failed", earlier)


def test_a_crash_between_the_steps_of_a_swap_is_repaired(tmp_path: Path, site: Site) -> None:
    earlier = put_earlier_files(tmp_path, site)
    official = tmp_path / "data/official"
    os.replace(official / "pariscall", official / ".partial/pariscall.previous")
    own = settings(tmp_path, list_of(site.url + "/nothing.tar.gz"))
    assert only(fetch(own, limits=LIMITS)).state == "failed"
    assert fetched(tmp_path) == earlier


def test_a_sync_under_way_is_waited_for_with_the_download_kept(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    with writer_lock(own.data_dir):
        source = only(fetch(own, limits=LIMITS))
    assert "Another ingest is writing" in str(source.reason)
    source = only(fetch(own, limits=LIMITS))
    assert (source.state, source.received) == ("fetched", 0)


def test_two_fetches_at_once_are_refused(tmp_path: Path, site: Site) -> None:
    own = settings(tmp_path, list_of(site.url + "/archive.tar.gz"))
    with writer_lock(own.data_dir / "official/.partial"), pytest.raises(LockedError):
        fetch(own, limits=LIMITS)


def with_report(tmp_path: Path, site: Site, content: bytes) -> Settings:
    url = site.serve("/my%20report.txt", Served(content))
    own_list = f'[[source]]\nname = "mine"\nurl = "{url}"\nsha256 = "{digest(b"my report")}"\n'
    return settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))) + own_list)


def test_a_source_of_ones_own_is_fetched_by_its_name(tmp_path: Path, site: Site) -> None:
    own = with_report(tmp_path, site, b"my report")
    assert only(fetch(own, ["mine"], limits=LIMITS)).state == "fetched"
    assert files_below(own.data_dir / "official") == {"mine/my report.txt": b"my report", "mine/.fetched/files.json": ANY}
    assert only(fetch(own, ["mine"], limits=LIMITS)).state == "unchanged"


def test_a_source_that_fails_does_not_stop_the_others(tmp_path: Path, site: Site) -> None:
    report = fetch(with_report(tmp_path, site, b"altered"), limits=LIMITS)
    assert [(source.name, source.state) for source in report.sources] == [("pariscall", "fetched"), ("mine", "failed")]
    assert "is not what the list says: its SHA-256 is " + digest(b"altered") in str(report.failed[0].reason)
    assert fetched(tmp_path) == FILES


def test_an_unknown_name_is_an_error(tmp_path: Path, site: Site) -> None:
    with pytest.raises(KnowledgeBaseError, match="no source 'other'") as caught:
        fetch(settings(tmp_path, list_of(site.url + "/archive.tar.gz")), ["other"])
    assert caught.value.remedy == "The list has: pariscall."


class _Any:
    def __eq__(self, other: object) -> bool:
        return True


ANY = _Any()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("PARISCALL_FETCH_FROM_LOOPBACK", "1")
    return CliRunner()


def test_the_command_says_what_it_did_and_what_is_next(tmp_path: Path, site: Site, command: CliRunner) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(ARCHIVE))))
    first = command.invoke(app, ["fetch", "--data-dir", str(own.data_dir)])
    assert first.exit_code == 0
    assert first.stdout.startswith("pariscall: fetched: 5 files, 0.2 MB, verified, in ")
    assert first.stdout.endswith("Index them with `python -m ingest sync`.\n")
    again = command.invoke(app, ["fetch", "--data-dir", str(own.data_dir)])
    assert "pariscall: already there: 5 files" in again.stdout
    assert "nothing was downloaded" in again.stdout


def test_the_command_reports_in_json(tmp_path: Path, site: Site, command: CliRunner) -> None:
    own = settings(tmp_path, list_of(site.serve("/archive.tar.gz", Served(altered("assets/call.pdf")))))
    result = command.invoke(app, ["fetch", "--json", "--data-dir", str(own.data_dir)])
    assert result.exit_code == 2
    [source] = json.loads(result.stdout)["sources"]
    assert (source["name"], source["state"], source["files"]) == ("pariscall", "failed", 0)
    assert result.stderr == f"Error: {source['reason']}\n"


def test_the_command_indexes_what_it_fetched_where_asked(
    tmp_path: Path, site: Site, command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def sync(settings: Settings, options: SyncOptions, progress: object) -> SyncReport:
        assert options == SyncOptions()
        synced.append(settings.data_dir)
        return SyncReport("generation-1")

    monkeypatch.setattr("ingest.__main__.run_sync", sync)
    own = settings(tmp_path, list_of(site.url + "/archive.tar.gz"))
    arguments = ["fetch", "--sync", "--json", "--data-dir", str(own.data_dir)]
    assert (command.invoke(app, arguments).exit_code, synced) == (2, [])
    site.serve("/archive.tar.gz", Served(ARCHIVE))
    result = command.invoke(app, arguments)
    assert (result.exit_code, synced) == (0, [own.data_dir])
    assert json.loads(result.stdout)["generation"] == "generation-1"


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")
def test_the_built_in_list_takes_the_official_files_out_of_their_archive(tmp_path: Path, site: Site) -> None:
    paths = [path for path in CORPUS.rglob("*") if path.is_file()]
    content = {path.relative_to(CORPUS).as_posix(): path.read_bytes() for path in paths}
    archive = archive_of({**content, "README.md": b"not listed"})
    own_list = f'[[source]]\nname = "pariscall"\nurl = "{site.serve("/archive.tar.gz", Served(archive))}"\n'
    source = only(fetch(settings(tmp_path, own_list), limits=LIMITS))
    assert (source.state, source.files) == ("fetched", 1285)
    assert fetched(tmp_path) == content
