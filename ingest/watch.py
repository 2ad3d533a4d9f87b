"""Watch the folders of documents: once what changes has come to rest, preview it, or take it in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from ingest.sync.report import SyncReport
from ingest.sync.scan import LOCK_FILE_PREFIXES, require_folder
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.settings import Settings

LONGEST_UNREST = 60.0  # seconds: a folder that never comes to rest is read all the same

log = logging.getLogger(__name__)


def watch(
    settings: Settings,
    folder: Path | None,
    quiet: float,
    take: Callable[[], SyncReport],
    on_error: Callable[[KnowledgeBaseError], None],
) -> Iterator[SyncReport]:
    """Yield what `take` gives (a preview or a sync) now, and whenever changed folders were `quiet` for so many seconds.

    An error goes to `on_error`, and the watch goes on: where another ingest is writing, it tries again until that has ended.
    """
    if folder:
        require_folder(folder)
    changed_at: float | None = monotonic() - LONGEST_UNREST
    is_waiting = False
    for has_changed in _changes(settings, folder, quiet):
        if has_changed:
            changed_at = changed_at or monotonic()
        if changed_at is None or (has_changed and monotonic() - changed_at < LONGEST_UNREST):
            continue
        try:
            report = take()
        except LockedError as error:
            if not is_waiting:
                on_error(error)
            is_waiting = True
            continue
        except KnowledgeBaseError as error:
            on_error(error)
        else:
            yield report
        changed_at, is_waiting = None, False


def _changes(settings: Settings, folder: Path | None, quiet: float) -> Iterator[bool]:
    """Yield True whenever a document may have changed, False whenever nothing did for `quiet` seconds.

    By the first time it is watching: what changes while a report is made is told next.
    """
    from watchfiles import watch as changes

    milliseconds = max(50, round(quiet * 1000))
    while True:
        places = _places(settings, folder)
        log.info("watching %s", ", ".join(map(str, places)))

        def is_watched(_: object, path: str, places: tuple[Path, ...] = places) -> bool:
            return any(_may_be_a_document(Path(path), place, settings.data_dir.resolve()) for place in places)

        told = changes(
            *places,
            watch_filter=is_watched,
            debounce=milliseconds,
            rust_timeout=milliseconds,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        for found in told:
            yield bool(found)
            if _places(settings, folder) != places:  # a root was made, or taken away
                yield True
                break


def _places(settings: Settings, folder: Path | None) -> tuple[Path, ...]:
    """Return the folders that are watched, those of the configured roots that are there."""
    places = [folder] if folder else settings.roots.values()
    found = tuple(place.resolve() for place in places if place.is_dir())
    if not found:
        raise KnowledgeBaseError(f"{folder} is gone." if folder else "No folder is there.", "Name one that is there.")
    return found


def _may_be_a_document(path: Path, place: Path, data_dir: Path) -> bool:
    """Say whether a sync would look at a path: not hidden, no lock file, not in a data directory below the folder."""
    if not path.is_relative_to(place) or (path.is_relative_to(data_dir) and not place.is_relative_to(data_dir)):
        return False
    parts = path.relative_to(place).parts
    return not any(part.startswith((".", *LOCK_FILE_PREFIXES)) for part in parts)
