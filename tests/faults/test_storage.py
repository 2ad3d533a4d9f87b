from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage import KINDS
from indexes import NEW_DATE, OLD_DATE, QUESTION, contents
from kills import add
from libraries import Library, hashes, ingest

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_THE_CHECK = (
    "import ingest.sync.building as b; b.require_free_space = lambda *_: None; from ingest.__main__ import main; main()"
)


@pytest.fixture
def library(two_generations: Library, tmp_path: Path) -> Library:
    return two_generations.copy(tmp_path)


def start(*command: str, **options: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options  # type: ignore[call-overload]
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, error = process.communicate(timeout=280)
    assert "Traceback" not in error, error
    return process.returncode, out, error


def sync_command(library: Library, code: str = "") -> list[str]:
    program = ["-c", code] if code else ["-m", "ingest"]
    return [sys.executable, *program, "sync", str(library.documents), "--data-dir", str(library.data_dir), "--json"]


def as_before(library: Library, before: dict[str, object]) -> bool:
    """Return whether the index is the one before, whole, and answers."""
    return contents(library.data_dir) == before and NEW_DATE in library.ask(QUESTION).json["answer"]


@pytest.mark.parametrize("largest", [100_000, 600_000])
def test_a_file_that_may_not_grow_loses_nothing(library: Library, largest: int) -> None:
    before = contents(library.data_dir)
    add(library.documents)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))  # noqa: E731
    code, out, error = finish(start(*sync_command(library), preexec_fn=limit))
    assert (code, out) == (2, "") and error.startswith("Error: ") or "\nError: " in error
    assert "nothing was lost" in error or "was not published" in error, error
    assert as_before(library, before)
    assert library.sync().json["added"] == ["more piers.md"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "none", place], check=False)
    if not mounted or mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_loses_nothing(two_generations: Library, small_disk: Path) -> None:
    library = two_generations.copy(small_disk)
    before = contents(library.data_dir)
    add(library.documents)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize - (1 << 20)))
    code, out, error = finish(start(*sync_command(library)))
    assert (code, out) == (2, "") and "MB left; about" in error and "Free some space" in error
    code, out, error = finish(start(*sync_command(library, WITHOUT_THE_CHECK)))
    assert (code, out) == (2, "") and "Free some space" in error, error
    assert as_before(library, before)
    ballast.unlink()
    assert library.sync().json["added"] == ["more piers.md"]


def as_plain_user(*command: str) -> list[str]:
    """Return the command run so that the modes of files bind it, though the tests run as root."""
    if os.geteuid() != 0:
        return [*command]
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv is not here to take that right away")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", dropped, "--inh-caps", dropped, *command]


@pytest.fixture
def locked(library: Library) -> Iterator[Library]:
    """A library whose data directory may be read, and not written."""
    paths = [library.data_dir, *library.data_dir.rglob("*")]
    yield library
    for path in paths:
        if path.exists():
            path.chmod(0o755 if path.is_dir() else 0o644)


def lock(library: Library) -> None:
    for path in sorted([library.data_dir, *library.data_dir.rglob("*")], reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)


def ask_command(library: Library) -> list[str]:
    return as_plain_user(sys.executable, "-m", "assistant", "ask", QUESTION, "--data-dir", str(library.data_dir))


def test_a_read_only_directory_answers_and_refuses_a_sync(locked: Library) -> None:
    add(locked.documents)
    lock(locked)
    code, out, error = finish(start(*ask_command(locked)))
    assert code == 0 and NEW_DATE in out, error
    code, out, error = finish(start(*as_plain_user(*sync_command(locked))))
    assert (code, out) == (2, "") and "cannot be written: Permission denied" in error and "right to write there" in error


def test_damage_in_a_read_only_directory_is_said_and_the_older_generation_answers(locked: Library) -> None:
    KINDS["graph-bit-flipped"].damage(locked.data_dir)
    lock(locked)
    before = hashes(locked.data_dir)
    code, out, error = finish(start(*ask_command(locked)))
    assert code == 0 and OLD_DATE in out, error
    assert "data_level0.bin of generation 000002 has changed on disk" in error
    assert "could not be repaired" in error and "cannot be written" in error and "Generation 000001" in error
    assert hashes(locked.data_dir) == before


def test_two_syncs_at_once_give_one_refusal_that_names_the_other(library: Library) -> None:
    add(library.documents)
    ends = [finish(process) for process in [start(*sync_command(library)), start(*sync_command(library))]]
    codes = sorted(code for code, _, _ in ends)
    assert codes in ([0, 2], [0, 0]), ends  # one may have ended before the other began
    for code, _, error in ends:
        assert code == 0 or ("Another ingest is writing to" in error and "since 20" in error)
    outcome = library.sync()
    assert outcome.json["generation"] == "000003" and outcome.json["embedded"] == 0


def test_questions_are_answered_while_syncs_publish(library: Library, tmp_path: Path) -> None:
    questions, answers = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    questions.write_text((json.dumps({"question": QUESTION}) + "\n") * 200)
    batch = ["ask", "--batch", str(questions), "--output", str(answers), "--data-dir", str(library.data_dir)]
    asking = start(sys.executable, "-m", "assistant", *batch)
    charter, published = library.documents / "charter.md", []
    text = charter.read_text()
    for day in range(10, 30):
        if asking.poll() is not None:
            break
        charter.write_text(text.replace(NEW_DATE, f"{day} March"))
        outcome = library.sync()
        assert outcome.code == 0, outcome.error
        published.append(outcome.json["generation"])
    code, _, error = finish(asking)
    assert (code, error) == (0, "")
    found = [json.loads(line) for line in answers.read_text().splitlines()]
    assert len(found) == 200 and published
    dates = {"000002": NEW_DATE} | {name: f"{day} March" for day, name in enumerate(published, start=10)}
    wrong = [a for a in found if a["abstained"] or dates[a["generation"]] not in a["answer"]]
    assert wrong == []


def test_a_clock_that_goes_back_changes_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge_base.store.generations.now", lambda: "1999-01-01T00:00:00+00:00")
    for path in library.documents.rglob("*"):
        os.utime(path, (0, 4_000_000_000))
    assert library.sync().json["generation"] == "000002"  # dates of files decide nothing
    add(library.documents)
    assert library.sync().json["generation"] == "000003"
    assert NEW_DATE in library.ask(QUESTION).json["answer"]
    rolled = ingest("rollback", "--data-dir", str(library.data_dir), "--json").json
    assert rolled["generation"] == "000002"


def test_a_folder_that_is_not_mounted_costs_no_answer(library: Library) -> None:
    before = contents(library.data_dir)
    aside = library.documents.with_name("unmounted")
    library.documents.rename(aside)
    gone = library.sync()
    library.documents.mkdir()
    empty = library.sync()
    assert (gone.code, empty.code) == (2, 2)
    assert "does not exist" in gone.error and "are gone; the index was left as it is" in empty.error
    assert as_before(library, before)
    library.documents.rmdir()
    aside.rename(library.documents)
    assert library.sync().json["generation"] == "000002"
