"""Keep what was read of an index that does not change, so that it is read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by id, about `most` of them; when there are more, all are forgotten. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, T] = {}

    def get(self, ids: Sequence[str], read: Callable[[list[str]], Mapping[str, T]]) -> dict[str, T]:
        """Return the values of `ids`, in their order, having `read` those that are not known; what it lacks is left out."""
        found = {i: self._known[i] for i in ids if i in self._known} if self._most else {}
        missing = [i for i in ids if i not in found]
        if not missing:
            return found
        new = read(missing)
        if self._most:
            self._keep(new)
        return {i: found[i] if i in found else new[i] for i in ids if i in found or i in new}

    def _keep(self, new: Mapping[str, T]) -> None:
        """Add values in a dictionary of its own, for another thread may be reading the present one."""
        kept = {} if len(self._known) > self._most else self._known
        self._known = {**kept, **new}
