"""Sync a folder of hostile files next to healthy documents; again; without them; with them put back. What must hold is checked.

    python tests/faults/hostile.py FOLDER [--place DIRECTORY] [--trace]

FOLDER holds the files and a MANIFEST.tsv with the columns `path` and `expected`. --trace runs the first sync under strace and
asserts that it opened no connection and wrote nowhere but in its own directories.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEALTHY = ROOT / "tests" / "data" / "documents"
BRIEFS = ROOT / "knowledge_base" / "library" / "briefs"
QUESTIONS = {  # each with a source that its answer cites, and words of the answer
    "When was the Harbour Charter signed?": ("healthy/charter.md", "4 March 2021"),
    "What does replacing a rotten pier cost?": ("healthy/survey.pdf", "ninety thousand crowns"),
    "What was NotPetya?": ("healthy/briefs/", "NotPetya"),
    "How many principles does the Paris Call have?": ("healthy/briefs/", "nine"),
}
CALLS = "connect open openat creat rename renameat renameat2 unlink unlinkat mkdir mkdirat symlink symlinkat link linkat"
STATES = ("added", "updated", "unchanged", "skipped", "failed")
Report = dict[str, list]


def allowed(expected: str) -> set[str]:
    """Return the states that a row's `expected` allows: text, none (an error or a skip: nothing is indexed)."""
    states = set()
    if re.search(r"clean error|clean skip|or skip", expected):
        states.add("none")
    if re.search(r"(?<!no )text", expected):
        states.add("text")
    return states


def state_of(report: Report, source: str) -> str:
    """Return the one state that a source has in a report, as `allowed` names them."""
    found = [
        state for state in STATES if source in (item if isinstance(item, str) else item["source"] for item in report[state])
    ]
    assert len(found) == 1, f"{source} is in {found}"
    return "none" if found[0] in ("skipped", "failed") else "text"


def check_states(report: Report, rows: dict[str, str]) -> int:
    """Assert that each file is in a state of its row; return their number."""
    wrong = []
    for path, expected in rows.items():
        found = state_of(report, f"hostile/{path}")
        if found not in allowed(expected):
            wrong.append(f"{path}: {found}, but: {expected}")
    assert not wrong, "\n".join(wrong)
    reasons = [row["reason"] for row in [*report["failed"], *report["skipped"]]]
    assert all(reasons) and not any("Traceback" in reason for reason in reasons)
    return len(rows)


def run(*arguments: str, prefix: Sequence[str] = (), codes: Iterable[int] = (0,)) -> str:
    """Run a command of the project; return its standard output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*prefix, sys.executable, "-m", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode in codes, f"{arguments} ended with {done.returncode}: {done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done.stdout


def sync(place: Path, *options: str, prefix: Sequence[str] = (), codes: Iterable[int] = (0, 1)) -> Report:
    output = run(
        "ingest", "sync", str(place / "documents"), "--data-dir", str(place / "data"), "--json", *options,
        prefix=prefix, codes=codes,
    )  # fmt: skip
    return json.loads(output)


def check_answers(place: Path) -> None:
    """Assert that the healthy documents answer their questions, and that what is quoted is theirs."""
    questions, answers = place / "questions.jsonl", place / "answers.jsonl"
    questions.write_text("".join(json.dumps({"question": q}) + "\n" for q in QUESTIONS))
    run("assistant", "ask", "--batch", str(questions), "--output", str(answers), "--data-dir", str(place / "data"))
    for line, (source, words) in zip(answers.read_text().splitlines(), QUESTIONS.values(), strict=True):
        answer = json.loads(line)
        assert not answer["abstained"] and words in answer["answer"], answer["answer"]
        assert "PWNED" not in answer["answer"]
        assert any(c["source"].startswith(source) for c in answer["citations"]), (source, answer["citations"])


def prepare(place: Path, folder: Path, paths: Iterable[str]) -> None:
    shutil.copytree(HEALTHY, place / "documents" / "healthy")
    shutil.copytree(BRIEFS, place / "documents" / "healthy" / "briefs")
    put_hostile(place, folder, paths)


def put_hostile(place: Path, folder: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (place / "documents" / "hostile" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, place / "documents" / "hostile" / path)


def read_rows(folder: Path) -> dict[str, str]:
    """Return path -> what is expected of each file of the folder."""
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return {row["path"]: row["expected"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def everything_below(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def check_trace(trace: Path, allowed_places: Sequence[str]) -> None:
    """Assert that a traced run made no connection but by local sockets, and opened for writing only what it may."""
    outside, connections = set(), set()
    for line in trace.read_text(errors="replace").splitlines():
        if "connect(" in line and re.search(r"AF_INET6?", line):
            connections.add(line)
        names = re.findall(r'"([^"]*)"', line)
        writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT|rename|unlink|mkdir|symlink|link\(", line)
        if writes and names and " = -1 " not in line:
            outside |= {n for n in names if n.startswith("/") and not n.startswith(tuple(allowed_places))}
    assert not connections, connections
    assert not outside, outside


def rounds(folder: Path, place: Path, paths: Sequence[str] | None = None, trace: bool = False) -> dict[str, object]:
    """Sync with the files, again, without them, and with them put into an index that has none; return figures."""
    rows = read_rows(folder)
    rows = {path: rows[path] for path in paths} if paths is not None else rows
    prepare(place, folder, rows)
    prefix, started = (), time.perf_counter()
    if trace:
        traced = f"trace={','.join(CALLS.split())}"
        prefix = ("strace", "-f", "-qq", "-s", "600", "-e", traced, "-o", str(place / "trace"))
    before = everything_below(place / "documents")
    first = sync(place, prefix=prefix)
    seconds = time.perf_counter() - started
    if trace:
        cache = os.environ.get("PARISCALL_CACHE_DIR") or str(Path("~/.cache").expanduser())
        temporary = (f"{tempfile.gettempdir()}/tmp", "/var/tmp/etilqs_")  # the latter are SQLite's
        check_trace(place / "trace", (str(place / "data"), cache, "/dev/", "/proc/", "/sys/", *temporary))
    files = check_states(first, rows)
    check_answers(place)
    assert everything_below(place / "documents") == before, "the folder was written to"

    again = sync(place)
    assert (again["added"], again["updated"], again["deleted"], again["embedded"]) == ([], [], [], 0)
    assert again["failed"] == first["failed"] and again["generation"] == first["generation"]

    with (place / "documents" / "healthy" / "minutes.txt").open("a") as file:
        file.write("\nThe ferry to Saltholm leaves from the second pier.\n")
    third = sync(place)
    assert third["updated"] == ["healthy/minutes.txt"] and third["failed"] == first["failed"]
    check_answers(place)

    shutil.rmtree(place / "documents" / "hostile")
    last = sync(place, "--allow-deletions", codes=(0,))
    assert last["failed"] == [] and len(last["deleted"]) == len(first["added"]) - len(last["unchanged"])
    assert all(source.startswith("hostile/") for source in last["deleted"])
    check_answers(place)

    put_hostile(place, folder, rows)
    back = sync(place)
    check_states(back, rows)
    assert back["embedded"] == 0 and sorted(back["added"]) == sorted(last["deleted"])
    check_answers(place)
    return {
        "files": files, "indexed": len(first["added"]), "failed": len(first["failed"]), "skipped": len(first["skipped"]),
        "seconds": round(seconds, 1), "again": again["seconds"], "put back": back["seconds"], "load": os.getloadavg()[0],
    }  # fmt: skip


def slowest(folder: Path) -> dict[str, object]:
    """Read each file in a child process of its own; return the longest time and the most memory that one took."""
    sys.path.insert(0, str(ROOT))
    from measured import measured

    from knowledge_base.errors import DocumentError
    from knowledge_base.sandbox.sandbox import Sandbox

    longest, largest, limits = ("", 0.0), ("", 0), []
    with Sandbox(workers=1) as sandbox:
        for path in read_rows(folder):
            started = time.perf_counter()
            try:
                peak = sandbox.run(measured, str(folder / path), path)
            except DocumentError as error:
                limits.append(f"{path}: {error}")
                peak = 0
            longest = max(longest, (path, round(time.perf_counter() - started, 1)), key=lambda e: e[1])
            largest = max(largest, (path, peak >> 20), key=lambda e: e[1])
    assert longest[1] < 32  # the limit of 30 s, and the time that a new process takes to start
    return {"longest, s": longest, "largest, MB": largest, "stopped at a limit": limits}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--place", type=Path, help="an empty directory to work in; a temporary one where none is named")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--measure", action="store_true", help="also read each file by itself, and say what it took")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(slowest(options.folder), indent=1))
    with tempfile.TemporaryDirectory(prefix="hostile-") as temporary:
        print(json.dumps(rounds(options.folder, options.place or Path(temporary), trace=options.trace), indent=1))


if __name__ == "__main__":
    main()
