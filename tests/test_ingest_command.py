from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from libraries import SOURCES, Library, Outcome, hashes, ingest

REPORT_FIELDS = {
    "generation",
    "added",
    "updated",
    "renamed",
    "deleted",
    "unchanged",
    "skipped",
    "failed",
    "passages",
    "seconds",
}


def shell(*arguments: str, **environment: str) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, env=os.environ | environment, timeout=60
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_a_sync_with_nothing_to_do_reports_every_file_and_exits_0(library: Library) -> None:
    outcome = library.sync()
    assert outcome.code == 0
    assert outcome.json.keys() >= REPORT_FIELDS
    assert outcome.json["unchanged"] == SOURCES
    assert outcome.json["skipped"] == [{"source": "tolls.csv", "reason": "type .csv is not read"}]
    assert [outcome.json[state] for state in ("added", "updated", "renamed", "deleted", "failed")] == [[], [], [], [], []]
    assert outcome.json["generation"] == "000001"


def test_the_shell_gets_json_alone_on_standard_output(shared_library: Library) -> None:
    outcome = shell("ingest", "preview", str(shared_library.documents), "--data-dir", str(shared_library.data_dir), "--json")
    assert outcome.code == 0
    assert outcome.json["unchanged"] == SOURCES
    assert outcome.error == ""


def test_an_unchanged_sync_loads_no_heavy_library(shared_library: Library) -> None:
    script = (
        "import sys; from ingest.__main__ import app;"
        "app(sys.argv[1:], standalone_mode=False);"
        "print([m for m in ('numpy', 'torch', 'openvino', 'chromadb', 'pypdfium2', 'lxml', 'lingua') if m in sys.modules],"
        " file=sys.stderr)"
    )
    arguments = ["sync", str(shared_library.documents), "--data-dir", str(shared_library.data_dir)]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines() == ["[]"]


def test_preview_writes_nothing(library: Library) -> None:
    (library.documents / "new.txt").write_text("A new ferry runs on Sundays from Brightwater to Saltholm.")
    (library.documents / "minutes.txt").unlink()
    before = hashes(library.data_dir)
    outcome = ingest("preview", str(library.documents), "--data-dir", str(library.data_dir), "--json")
    assert outcome.code == 0
    assert (outcome.json["added"], outcome.json["deleted"]) == (["new.txt"], ["minutes.txt"])
    assert hashes(library.data_dir) == before


def test_preview_makes_no_data_directory(library: Library, tmp_path: Path) -> None:
    outcome = ingest("preview", str(library.documents), "--data-dir", str(tmp_path / "none"), "--json")
    assert (outcome.code, outcome.json["generation"], outcome.json["added"]) == (0, None, SOURCES)
    assert not (tmp_path / "none").exists()


def test_preview_says_what_a_sync_would_refuse(library: Library) -> None:
    for name in SOURCES[:4]:
        (library.documents / name).unlink()
    outcome = ingest("preview", str(library.documents), "--data-dir", str(library.data_dir))
    assert outcome.code == 0
    assert "A sync would do this: 4 deleted, 3 unchanged, 1 skipped." in outcome.out
    assert "--allow-deletions" in outcome.out


def test_health_tells_of_each_document(shared_library: Library) -> None:
    outcome = ingest("health", "--data-dir", str(shared_library.data_dir), "--json")
    rows = {row["source"]: row for row in outcome.json}
    assert list(rows) == [source for source in SOURCES if source != "supporters/saltholm.md"]
    assert (rows["survey.pdf"]["state"], rows["survey.pdf"]["kind"], rows["survey.pdf"]["pages"]) == ("indexed", "pdf", 2)


def test_tables_fit_80_columns(shared_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("health", "generations"):
        lines = ingest(command, "--data-dir", str(shared_library.data_dir)).out.splitlines()
        assert max(map(len, lines)) <= 80
        assert not any("…" in line for line in lines)


def test_changes_shows_what_a_sync_did(library: Library) -> None:
    charter = library.documents / "charter.md"
    words = charter.read_text().replace("Brightwater", "Darkwater", 1)
    charter.write_text(words)
    library.sync()
    outcome = ingest("changes", "--data-dir", str(library.data_dir), "--json")
    (document,) = outcome.json["documents"]
    assert (outcome.json["before"], outcome.json["after"]) == ("000001", "000002")
    assert (document["state"], document["source"]) == ("changed", "charter.md")
    assert {change["kind"] for change in document["passages"]} <= {"edited", "moved", "added", "removed"}
    told = ingest("changes", "000001", "--data-dir", str(library.data_dir)).out
    assert "changed: charter.md" in told


def test_changes_of_a_single_generation_is_refused_with_words(shared_library: Library) -> None:
    outcome = ingest("changes", "--data-dir", str(shared_library.data_dir))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("Error: There is one generation, 000001,")


def test_progress_can_be_read_by_a_program(library: Library) -> None:
    (library.documents / "new.txt").write_text("A new ferry runs on Sundays from Brightwater to Saltholm.")
    outcome = ingest("sync", str(library.documents), "--data-dir", str(library.data_dir), "--json", "--progress", "json")
    told = [json.loads(line) for line in outcome.error.splitlines() if line.startswith("{")]
    assert [line["stage"] for line in told if line["done"] == line["total"]] == ["Compare", "Read", "Embed", "Verify"]
    assert outcome.json["added"] == ["new.txt"]


def test_generations_lists_what_is_kept(shared_library: Library) -> None:
    outcome = ingest("generations", "--data-dir", str(shared_library.data_dir), "--json")
    assert [(row["id"], row["current"], row["documents"], row["records"]) for row in outcome.json] == [("000001", True, 6, 1)]


def test_generations_without_an_index_says_how_to_make_one(tmp_path: Path) -> None:
    outcome = ingest("generations", "--data-dir", str(tmp_path))
    assert outcome.code == 0
    assert "python -m ingest sync" in outcome.out


def test_rollback_without_an_older_generation_is_refused(library: Library) -> None:
    outcome = ingest("rollback", "--data-dir", str(library.data_dir))
    assert outcome.code == 2
    assert outcome.error.startswith("Error: There is no intact generation before 000001")


def test_a_bad_setting_is_named_with_its_remedy(tmp_path: Path) -> None:
    outcome = shell("ingest", "sync", "--data-dir", str(tmp_path), PARISCALL_MAX_FILE_MB="lots")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("Error: A setting is not usable. PARISCALL_MAX_FILE_MB: ")
    assert "Traceback" not in outcome.error


def test_an_unknown_option_exits_2_without_a_traceback() -> None:
    outcome = shell("ingest", "sync", "--no-such-option")
    assert outcome.code == 2
    assert "No such option" in outcome.error
    assert "Traceback" not in outcome.error


def test_the_report_reads_well_for_people(library: Library) -> None:
    (library.documents / "minutes.txt").unlink()
    outcome = ingest("preview", str(library.documents), "--data-dir", str(library.data_dir))
    assert outcome.out.splitlines() == [
        "A sync would do this: 1 deleted, 6 unchanged, 1 skipped.",
        "  deleted: minutes.txt",
        "  skipped: tolls.csv: type .csv is not read",
    ]


def test_every_command_takes_a_data_directory() -> None:
    for command in ("sync", "preview", "rollback", "generations", "changes", "health", "prepare"):
        assert "--data-dir" in ingest(command, "--help").out
