"""Check a built generation before it is published, in a process of its own: damaged vectors can crash the reader.

Run as `python -m knowledge_base.verification`; it imports Chroma at once, then waits for one line on standard input that names
the directory, and answers with one line of JSON: {"problem": null or a sentence}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge_base.errors import DamagedIndexError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBES = "probes.npz"
_SAME = 1e-3
_SECONDS = 600
_NEAREST = 10
_LARGEST_FILE = 8 << 30


class Verifier:
    """A child process that verifies one generation; started early, it has its imports done when it is needed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "knowledge_base.verification"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def verify(self, path: Path, ids: list[str], vectors: NDArray[np.float32]) -> None:
        """Raise DamagedIndexError unless each of `ids` is found by its own vector and the ids agree with the catalog's."""
        np.savez(path / PROBES, ids=np.array(ids, dtype=np.str_), vectors=vectors)
        try:
            answer, _ = self._process.communicate(f"{path.resolve()}\n", timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise DamagedIndexError(f"The new index did not verify within {_SECONDS} s; it was not published.") from error
        finally:
            (path / PROBES).unlink()
        problem = _problem_in(answer) if answer else f"the check ended with code {self._process.returncode}"
        if problem:
            raise DamagedIndexError(f"The new index is not sound ({problem}); it was not published.", "Run the sync again.")

    def close(self) -> None:
        """End the child process, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.communicate()


def _problem_in(answer: str) -> str | None:
    """Read the last line, whatever a library may have printed before it."""
    problem = json.loads(answer.splitlines()[-1])["problem"]
    return None if problem is None else str(problem)


@contextmanager
def verifier() -> Iterator[Verifier]:
    """Give a Verifier, and end its process whatever happens."""
    child = Verifier()
    try:
        yield child
    finally:
        child.close()


def find_problem(path: Path) -> str | None:
    """Return what is wrong with the generation built in `path`, or None; reads the probes written beside it."""
    from knowledge_base.catalog import Catalog
    from knowledge_base.vectors import VectorStore

    with np.load(path / PROBES) as probes:
        ids, vectors = [str(i) for i in probes["ids"]], probes["vectors"]
    with Catalog.read(path / "catalog.sqlite3") as catalog, VectorStore.open(path / "chroma") as store:
        for wanted, stored in (
            (catalog.passage_ids(), store.passages.ids()),
            (catalog.sentence_ids(), store.sentences.ids()),
        ):
            if wanted != stored:
                return f"{len(wanted - stored)} vectors are missing and {len(stored - wanted)} are left over"
        found = zip(ids, store.passages.query(vectors, _NEAREST), strict=True)
        lost = [identifier for identifier, hits in found if not _finds_itself(identifier, hits)]
    return f"{len(lost)} of {len(ids)} passages are not found by their own vector" if lost else None


def _finds_itself(identifier: str, hits: list[tuple[str, float]]) -> bool:
    """Say whether a passage is among the hits, or crowded out by others with the same text."""
    crowded = len(hits) == _NEAREST and all(score > 1 - _SAME for _, score in hits)
    return crowded or any(i == identifier for i, _ in hits)


def _limit_file_sizes() -> None:
    """Keep a damaged index from filling the disk: Chroma was seen to grow one file to 80 GB."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    allowed = _LARGEST_FILE if hard == resource.RLIM_INFINITY else min(_LARGEST_FILE, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, hard))


def main() -> None:
    """Serve one check over standard input and output."""
    from knowledge_base.vectors import warm_up

    _limit_file_sizes()
    warm_up()  # while the parent is still busy
    line = sys.stdin.readline().strip()
    if not line:
        return
    try:
        problem = find_problem(Path(line))
    except DamagedIndexError as error:
        problem = error.message
    print(json.dumps({"problem": problem}))


if __name__ == "__main__":
    main()
