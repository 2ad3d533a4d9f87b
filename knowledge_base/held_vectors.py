"""Search an index that does not change: a small one by all of its vectors, held in memory from the second search on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from knowledge_base.remembered import Remembered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge_base.vectors import VectorIndex

    Vector = NDArray[np.float32]

MOST_HELD = 10_000  # vectors, 15 MB: comparing with all of them takes a millisecond, the graph two
_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class _Held:
    """All vectors of an index, a row each, and the row of each id."""

    ids: Sequence[str]
    rows: dict[str, int]
    matrix: Vector

    def nearest(self, vector: Vector, top_k: int) -> dict[str, float]:
        similarities = self.matrix @ vector
        best = np.argpartition(-similarities, top_k)[:top_k] if top_k < len(similarities) else np.arange(len(similarities))
        return {self.ids[row]: float(similarities[row]) for row in best[np.argsort(-similarities[best], kind="stable")]}


class HeldVectors:
    """Looks for the nearest of an index's vectors, and reads them; one question alone loads nothing. Threads may share it."""

    def __init__(self, index: VectorIndex, most: int = MOST_HELD) -> None:
        self._index, self._most = index, most
        self._held: _Held | None = None
        self._searched = False
        self._lock = Lock()
        self._remembered: Remembered[Vector] = Remembered(_REMEMBERED)

    def nearest(self, vector: Vector, top_k: int) -> dict[str, float]:
        """Return the cosine similarities of the `top_k` nearest with a unit vector, by id, best first."""
        held = self._loaded()
        return held.nearest(vector, top_k) if held else dict(self._index.query(vector[np.newaxis], top_k)[0])

    def get(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors with these ids, by id; ids that are not there are left out."""
        if held := self._held:
            return {i: held.matrix[held.rows[i]] for i in ids if i in held.rows}
        return self._remembered.get(ids, self._index.get)

    def _loaded(self) -> _Held | None:
        """Return all vectors, read at the second search; None before, and where there are too many or none."""
        with self._lock:
            if self._held is None and self._searched and self._most:
                self._held = self._read()
                self._most = 0
            self._searched = True
            return self._held

    def _read(self) -> _Held | None:
        if not 0 < self._index.count() <= self._most:
            return None
        ids, matrix = self._index.all()
        return _Held(ids, {identifier: row for row, identifier in enumerate(ids)}, matrix)
