"""Kill a sync at every stage, or at random; the old answers must stay, and the next sync end as if nothing had happened.

python tests/faults/kills.py [--random 200] [--seed 1] [--stage NAME ...] [--change NAME ...]
python tests/faults/kills.py --drive FOLDER DATA_DIR [STAGE]     one sync, which kills itself at the stage
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from indexes import SECTIONS, contents, make_library, piers  # noqa: E402
from libraries import Library  # noqa: E402

LARGEST_FILE = 1 << 30  # bytes: Chroma was seen to grow a file without end after a kill
READY = "ready\n"


class Stage(NamedTuple):
    """A function within a sync, the number of its call, and whether the process dies before or after it."""

    module: str
    name: str
    call: int
    after: bool


STAGES = {
    "scan": Stage("ingest.sync.plan", "_place", 3, True),
    "parse": Stage("knowledge_base.sandbox.sandbox", "_Worker.call", 1, False),
    "parsed": Stage("knowledge_base.sandbox.sandbox", "_Worker.call", 1, True),
    "chunk": Stage("ingest.sync.chunking", "chunk", 1, True),
    "originals": Stage("ingest.sync.building", "_keep", 1, True),
    "embed": Stage("knowledge_base.store.embedding_cache", "EmbeddingCache._write", 1, True),
    "copy": Stage("knowledge_base.store.generations", "copy_files", 1, True),
    "catalog-delete": Stage("knowledge_base.store.catalog", "Catalog.delete_document", 1, True),
    "catalog-put": Stage("knowledge_base.store.catalog", "Catalog.put_document", 1, True),
    # Chroma's own, which is called only where there are vectors to delete.
    "vectors-delete": Stage("chromadb.api.models.Collection", "Collection.delete", 1, True),
    "vectors-put": Stage("knowledge_base.store.vectors", "VectorIndex.put", 1, True),
    "seal": Stage("knowledge_base.store.generations", "seal", 1, True),
    "verify": Stage("knowledge_base.store.verification", "Verifier.problem", 1, False),
    "verified": Stage("knowledge_base.store.verification", "Verifier.problem", 1, True),
    "swap": Stage("knowledge_base.store.generations", "point_to", 1, False),
    "swapped": Stage("knowledge_base.store.generations", "point_to", 1, True),
    "prune": Stage("knowledge_base.store.generations", "prune", 1, False),
}


def add(folder: Path) -> None:
    (folder / "more piers.md").write_text(piers(count=110, first=500))


def change(folder: Path) -> None:
    """Write ten sections otherwise, and end the document ten earlier."""
    (folder / "piers.md").write_text(piers(count=SECTIONS - 10).replace("Pier 5", "Dock 5"))


def remove(folder: Path) -> None:
    (folder / "old piers.md").unlink()


def remove_most(folder: Path) -> None:
    """Leave so few documents that the vectors are rebuilt, where otherwise those that are gone are deleted."""
    (folder / "piers.md").unlink()


CHANGES: dict[str, Callable[[Path], None]] = {
    "add": add,
    "change": change,
    "remove": remove,
    "remove-most": remove_most,
}


class Case(NamedTuple):
    """A changed library, what its index held before, and what it holds after a sync without a fault."""

    library: Library
    before: dict[str, object]
    after: dict[str, object]

    def copy(self, place: Path) -> Case:
        library = self.library.copy(place)
        folder = str(library.documents.resolve())
        moved = [{**held, "manifest": {**held["manifest"], "folder": folder}} for held in (self.before, self.after)]  # type: ignore[dict-item]
        return Case(library, *moved)


def make_case(base: Library, name: str, place: Path) -> Case:
    """Change a copy of the indexed documents, and find out on another copy what a sync makes of that."""
    library, clean = base.copy(place / "changed"), base.copy(place / "clean")
    before = contents(library.data_dir)
    for one in (library, clean):
        CHANGES[name](one.documents)
    assert clean.sync("--allow-deletions").code == 0
    return Case(library, before, contents(clean.data_dir))


def held(case: Case) -> dict[str, object]:
    """Return what the index of the case holds, as if it had been made of the folder that `before` names."""
    found = contents(case.library.data_dir)
    return {**found, "manifest": {**found["manifest"], "folder": case.before["manifest"]["folder"]}}  # type: ignore[dict-item,index]


def check_after_a_kill(case: Case) -> str:
    """Assert that the index answers, whole, and that the next syncs end in the state of a run without a fault.

    Return which index was found: the one before or the one after.
    """
    library = case.library
    after = {**case.after, "manifest": {**case.after["manifest"], "folder": case.before["manifest"]["folder"]}}  # type: ignore[dict-item,index]
    found = held(case)
    assert found in (case.before, after), "the index is torn"
    answer = library.ask("When was the Harbour Charter signed?")
    assert (answer.code, answer.json["abstained"]) == (0, False), answer.error
    assert answer.error == "", "a kill was taken for damage: " + answer.error
    outcome = library.sync("--allow-deletions")
    assert outcome.code == 0, outcome.error
    assert held(case) == after, "the next sync ended in another state"
    again = library.sync("--allow-deletions")
    assert (again.code, again.json["embedded"], again.json["generation"]) == (0, 0, outcome.json["generation"])
    assert again.json["added"] == again.json["updated"] == again.json["deleted"] == []
    assert not (library.data_dir / "building").exists()
    return "before" if found == case.before else "after"


def killed(library: Library, stage: str = "", after_seconds: float | None = None) -> bool:
    """Sync in a process that dies at a stage, or some time after it is ready; return whether it died."""
    command = [sys.executable, __file__, "--drive", str(library.documents), str(library.data_dir), *([stage] if stage else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        assert process.stdout is not None and process.stdout.readline() == READY
        if after_seconds is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=after_seconds)
            process.kill()
        code = process.wait(timeout=300)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def drive(folder: Path, data_dir: Path, stage: str | None) -> None:
    """Sync, with all that is imported on the way loaded first; die at the stage."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    import ingest.sync.building  # noqa: F401
    from ingest.sync.sync import SyncOptions, sync
    from knowledge_base.models.embeddings import open_embedder
    from knowledge_base.settings import Settings

    settings = Settings(data_dir=data_dir)
    open_embedder(settings).encode(["warm"])
    if stage:
        die_at(STAGES[stage])
    print(READY, end="", flush=True)
    sync(settings, SyncOptions(folder, allow_deletions=True))


def die_at(stage: Stage) -> None:
    """Have this process kill itself at the stage, by a wrapper around the function."""
    owner: Any = importlib.import_module(stage.module)
    *path, name = stage.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == stage.call and not stage.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == stage.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def at_stages(base: Library, place: Path, stages: list[str], changes: list[str]) -> Counter[str]:
    ends: Counter[str] = Counter()
    for change_name in changes:
        case = make_case(base, change_name, place / change_name)
        for stage in stages:
            copy = case.copy(place / "tried")
            end = "the stage is not on the way" if not killed(copy.library, stage) else "died"
            end += f", found the index {check_after_a_kill(copy)}"
            print(f"{change_name}, {stage}: {end}", flush=True)
            ends[end] += 1
            shutil.rmtree(place / "tried")
    return ends


def at_random(base: Library, place: Path, count: int, seed: int, longest: float = 6.0) -> Counter[str]:
    """Kill `count` syncs at moments spread over the time that one takes.

    `longest`, in seconds, is where that begins; it follows what is seen, for machines and their load differ.
    """
    chance, ends = random.Random(seed), Counter[str]()
    cases = {name: make_case(base, name, place / name) for name in CHANGES}
    longest = dict.fromkeys(cases, longest)
    for number in range(count):
        name = list(cases)[number % len(cases)]
        copy = cases[name].copy(place / "tried")
        delay = chance.uniform(0, longest[name])
        died = killed(copy.library, after_seconds=delay)
        longest[name] = max(longest[name], 1.3 * delay) if died else max(0.5, min(longest[name], 1.1 * delay))
        end = f"{'died' if died else 'had ended'}, found the index {check_after_a_kill(copy)}"
        ends[end] += 1
        print(f"{number + 1}: {name}, after {delay:.2f} s: {end}", flush=True)
        shutil.rmtree(place / "tried")
    return ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drive", nargs="+", metavar="ARGUMENT")
    parser.add_argument("--random", type=int, default=0, metavar="COUNT", help="kill this many syncs at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stage", nargs="*", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--change", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    options = parser.parse_args()
    if options.drive:
        folder, data_dir, *stage = options.drive
        drive(Path(folder), Path(data_dir), stage[0] if stage else None)
        return
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        base = make_library(Path(temporary) / "base")
        if options.random:
            ends = at_random(base, Path(temporary), options.random, options.seed)
        else:
            ends = at_stages(base, Path(temporary), options.stage, options.change)
    print(f"{sum(ends.values())} syncs, {dict(ends)}; 0 answers lost, 0 torn; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
