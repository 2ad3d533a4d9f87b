"""Reading and embedding with Ray: the same generation as without, whatever happens to a worker."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from libraries import DOCUMENTS, Library

from knowledge_base.store.generations import Generation, open_generation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (pip install '.[scale]')"),
]
COPIES = 6
PATIENCE = 800
LARGEST_FILE = 1 << 30


@contextmanager
def running(library: Library, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a sync, fenced; whatever happens, it is ended, and its workers with it."""
    command = [sys.executable, "-m", "ingest", "sync", str(library.documents), "--data-dir", str(library.data_dir), "--json"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE)),
    )
    try:
        yield process
    finally:
        for identifier in [process.pid, *descendants(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(identifier, signal.SIGKILL)
        process.communicate()


def synced(library: Library, *options: str) -> dict:
    with running(library, *options) as process:
        return report_of(process)


def report_of(process: subprocess.Popen[str]) -> dict:
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error
    assert "Traceback" not in error
    return json.loads(out)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents that take a few seconds to embed, every one different."""
    folder = tmp_path_factory.mktemp("ray") / "documents"
    for number in range(COPIES):
        shutil.copytree(DOCUMENTS, folder / str(number))
        for file in (*(folder / str(number)).glob("*.md"), *(folder / str(number)).glob("*.txt")):
            file.write_text(f"{file.read_text()}\n\nThis is copy {number} of {file.name}.\n")
    return folder


@pytest.fixture(scope="module")
def local(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library(documents, tmp_path_factory.mktemp("local") / "data")
    synced(library)
    return library


@pytest.fixture(scope="module")
def with_ray(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Library, dict]:
    library = Library(documents, tmp_path_factory.mktemp("with_ray") / "data")
    return library, synced(library, "--engine", "ray")


def assert_same(one: Library, other: Library) -> None:
    with open_generation(one.data_dir) as first, open_generation(other.data_dir) as second:
        passages = list(first.catalog.all_passages())
        assert passages == list(second.catalog.all_passages()) and len(passages) > 20
        assert first.manifest.counts == second.manifest.counts
        assert np.abs(vectors(first) - vectors(second)).max() < 1e-5


def vectors(generation: Generation) -> np.ndarray:
    passages = list(generation.catalog.all_passages())
    own = generation.vectors.passages.get([p.id for p in passages])
    sentences = [identifier for passage in passages for identifier in passage.quotable_sentences]
    theirs = generation.vectors.sentences.get(sentences)
    return np.stack([*(own[p.id] for p in passages), *(theirs[i] for i in sentences)])


def test_ray_gives_the_same_generation(local: Library, with_ray: tuple[Library, dict]):
    library, report = with_ray
    assert_same(local, library)
    assert report["embedded"] > 20 and report["failed"] == []


def test_a_rerun_embeds_nothing(with_ray: tuple[Library, dict], tmp_path: Path):
    library, _ = with_ray
    again = Library(library.documents, tmp_path / "data")
    shutil.copytree(library.data_dir / "shards", again.data_dir / "shards")  # all that a run which was cut short leaves
    assert synced(again, "--engine", "ray")["embedded"] == 0
    assert_same(library, again)


def test_a_killed_worker_costs_nothing_but_time(local: Library, documents: Path, tmp_path: Path):
    library = Library(documents, tmp_path / "data")
    with running(library, "--engine", "ray") as process:
        killed = kill_a_worker(process, library.data_dir / "shards")
        report = report_of(process)
    assert killed and report["failed"] == []
    assert_same(local, library)


def kill_a_worker(process: subprocess.Popen[str], shards: Path) -> bool:
    """Kill a worker of the run that embeds, once the first vectors are there; False where the run had ended by then."""
    while process.poll() is None:
        if list(shards.glob("*/*.parquet")):
            for identifier in descendants(process.pid):
                if "CutAndEmbed" in title(identifier):
                    os.kill(identifier, signal.SIGKILL)
                    return True
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    return False


def descendants(root: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [root]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found[1:]


def title(identifier: int) -> str:
    try:
        return Path(f"/proc/{identifier}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
