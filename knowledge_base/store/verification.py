"""Check a generation in a process of its own, before it is published or served: damaged vectors can crash the reader.

Run as `python -m knowledge_base.store.verification`; it imports Chroma's engine at once, then waits on standard input for one
line that names the directory, and the ids and vectors to look for (as numpy.savez writes them). It answers with one line of
JSON: {"problem": null or a sentence}.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge_base.errors import DamagedIndexError
from knowledge_base.platform_limits import limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAME = 1e-3
_SECONDS = 600
_NEAREST = 10
_LARGEST_FILE = 8 << 30  # a damaged index must not fill the disk: Chroma was seen to grow one file to 80 GB


class Verifier:
    """A child process that verifies one generation; started early, it has its imports done when it is needed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "knowledge_base.store.verification"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def verify(self, path: Path, ids: list[str], vectors: NDArray[np.float32]) -> None:
        """Raise DamagedIndexError unless the generation built in `path` is sound."""
        problem = self.problem(path, ids, vectors)
        if problem:
            raise DamagedIndexError(f"The new index is not sound ({problem}); it was not published.", "Run the sync again.")

    def problem(self, path: Path, ids: list[str], vectors: NDArray[np.float32]) -> str | None:
        """Return what is wrong: ids that differ from the catalog's, or those of `ids` that their own vectors do not find."""
        probes = io.BytesIO()
        np.savez(probes, ids=np.array(ids, dtype=np.str_), vectors=vectors)
        line = os.fsencode(path.resolve()) + b"\n"
        try:
            answer, _ = self._process.communicate(line + probes.getvalue(), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            return f"the check did not end within {_SECONDS} s"
        if not answer:
            return f"the check ended with code {self._process.returncode}"
        problem = json.loads(answer.splitlines()[-1])["problem"]  # whatever a library may have printed before it
        return None if problem is None else str(problem)

    def close(self) -> None:
        """End the child process, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.communicate()


@contextmanager
def verifier() -> Iterator[Verifier]:
    """Give a Verifier, and end its process whatever happens."""
    child = Verifier()
    try:
        yield child
    finally:
        child.close()


def reason_unsound(path: Path, ids: list[str], vectors: NDArray[np.float32]) -> str | None:
    """Return what is wrong with the generation in `path`, or None; each of `ids` is looked for by its vector."""
    from knowledge_base.store.catalog import Catalog
    from knowledge_base.store.vectors import VectorStore

    with Catalog.read(path / "catalog.sqlite3") as catalog, VectorStore.search(path / "chroma") as store:
        for wanted, stored in (
            (catalog.passage_ids(), store.passages.ids()),
            (catalog.sentence_ids(), store.sentences.ids()),
        ):
            if wanted != stored:
                return f"{len(wanted - stored)} vectors are missing and {len(stored - wanted)} are left over"
        lost = []
        for identifier, hits in zip(ids, store.passages.query(vectors, _NEAREST), strict=True):
            same = [i for i, score in hits if score > 1 - _SAME]
            if identifier not in same and len(same) < _NEAREST:  # else crowded out by others with the same text
                lost.append(identifier)
    return f"{len(lost)} of {len(ids)} passages are not found by their own vector" if lost else None


def main() -> None:
    """Serve one check over standard input and output."""
    from knowledge_base.store.vectors import warm_up_in_thread

    limit("FSIZE", _LARGEST_FILE, for_good=False)
    warm_up_in_thread().join()  # while the parent is still busy
    line = sys.stdin.buffer.readline().rstrip(b"\n")
    if not line:
        return
    with np.load(io.BytesIO(sys.stdin.buffer.read())) as probes:
        ids, vectors = [str(i) for i in probes["ids"]], probes["vectors"]
    try:
        problem = reason_unsound(Path(os.fsdecode(line)), ids, vectors)
    except DamagedIndexError as error:
        problem = error.message
    print(json.dumps({"problem": problem}))


if __name__ == "__main__":
    main()
