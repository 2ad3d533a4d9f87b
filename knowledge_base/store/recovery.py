"""Open the published generation; where its files are damaged, repair it or fall back, and say so.

A published generation is never edited: damaged vectors are rebuilt, from the catalog and the cache, in a new generation;
for a damaged catalog the newest intact generation takes its place. What was done is kept in DATA_DIR/notices.json until the
next sync, for the page to show.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from knowledge_base.errors import DamagedIndexError, DamagedVectorsError, LockedError, StorageError
from knowledge_base.files import replace_file, storage_errors, writer_lock
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.generations import Generation, open_generation
from knowledge_base.store.manifest import Manifest, check_catalog, check_vectors

log = logging.getLogger(__name__)

NOTICES = "notices.json"
_PATIENCE = 30.0
_REBUILT = "Its vectors were rebuilt from its catalog; nothing is lost."


def open_intact(settings: Settings) -> Generation:
    """Open the published generation, repaired or replaced first where it is damaged; what is to be said is in its `notices`.

    Where it can be neither, the newest intact generation is opened, for this process only.
    """
    data_dir = settings.data_dir
    try:
        generation = open_generation(data_dir)
    except DamagedIndexError as damage:
        try:
            with writer_lock(data_dir, _PATIENCE), storage_errors(data_dir):
                restore(settings)
        except (LockedError, StorageError) as refusal:
            for manifest in _candidates(data_dir):
                with suppress(DamagedIndexError):
                    generation = open_generation(data_dir, manifest.id)
                    generation.notices = (f"{damage.message} It could not be repaired: {refusal} {_instead(manifest)}",)
                    log.warning("%s", generation.notices[0])
                    return generation
            message = f"{damage.message} It could not be repaired: {refusal.message}"
            raise DamagedIndexError(message, refusal.remedy) from damage
        generation = open_generation(data_dir)
    generation.notices = read_notices(data_dir, generation.id)
    return generation


def restore(settings: Settings) -> tuple[str, ...]:
    """Put an intact generation in force, and return what is to be said: nothing where the published one is intact.

    The caller holds the writer's lock. Raise DamagedIndexError where no generation has an intact catalog.
    """
    data_dir = settings.data_dir
    try:
        open_generation(data_dir).close()
        return ()
    except DamagedIndexError as error:
        damage = error
    log.warning("%s", damage.message)
    for manifest in _candidates(data_dir):
        path = data_dir / "generations" / manifest.id
        try:
            check_catalog(path, manifest)
            check_vectors(path, manifest)
        except DamagedVectorsError as error:
            # Imported here, for an index is hardly ever damaged, and this needs the embedding model and numpy.
            from knowledge_base.store.rebuilding import rebuild

            instead = "" if error.message == damage.message else f"{_instead(manifest)} "
            return _announce(data_dir, rebuild(settings, manifest), f"{damage.message} {instead}{_REBUILT}")
        except DamagedIndexError as error:
            log.info("%s", error.message)
        else:
            return _announce(data_dir, manifest.id, f"{damage.message} {_instead(manifest)}")
    raise damage


def open_readable(data_dir: Path) -> Generation:
    """Open the catalog that `open_intact` would put in force, its vectors unchecked; nothing is written."""
    try:
        return open_generation(data_dir, text_only=True)
    except DamagedIndexError as error:
        for manifest in _candidates(data_dir):
            with suppress(DamagedIndexError):
                generation = open_generation(data_dir, manifest.id, text_only=True)
                generation.notices = (f"{error.message} This is generation {manifest.id} of {manifest.created}.",)
                return generation
        raise


def _candidates(data_dir: Path) -> Iterator[Manifest]:
    """Yield the generations with a sound manifest that may be put in force, the best first.

    The published one, those before it, newest first, then those that it was rolled back from; of other folders than the
    published one's, none. All of them, newest first, where it is not known which one is published.
    """
    known = sorted(generations.list_generations(data_dir), key=lambda manifest: manifest.id, reverse=True)
    current = None
    with suppress(DamagedIndexError):
        current = generations.current_id(data_dir)
    folders = {m.folder for m in known if m.id == current}
    usable = [m for m in known if not folders or m.folder in folders]
    yield from (m for m in usable if current is None or m.id <= current)
    yield from (m for m in usable if current is not None and m.id > current)


def _instead(manifest: Manifest) -> str:
    return (
        f"Generation {manifest.id} of {manifest.created} is used instead; run `python -m ingest sync` to restore later"
        " documents."
    )


def check_at_start(settings: Settings) -> bool:
    """Have a child process search the published generation for passages by their own vectors; repair it where they are lost.

    Return whether it had to be repaired. Raise DamagedVectorsError where it cannot be.
    """
    from knowledge_base.store.rebuilding import rebuild, self_search_problem

    with open_intact(settings) as generation:
        manifest, problem = generation.manifest, self_search_problem(settings, generation)
    if problem is None:
        return False
    problem = f"in generation {manifest.id}, {problem}"
    log.warning("The index is damaged: %s.", problem)
    try:
        with writer_lock(settings.data_dir, _PATIENCE), storage_errors(settings.data_dir):
            if generations.current_id(settings.data_dir) == manifest.id:
                notice = f"The index is damaged: {problem}. {_REBUILT}"
                _announce(settings.data_dir, rebuild(settings, manifest), notice)
    except (LockedError, StorageError) as refusal:
        message = f"The index is damaged: {problem}. It could not be repaired: {refusal.message}"
        raise DamagedVectorsError(message, refusal.remedy) from refusal
    return True


def _announce(data_dir: Path, generation_id: str, notice: str) -> tuple[str, ...]:
    """Put a generation in force and keep what is to be said of it until the next sync."""
    log.warning("%s", notice)
    said = {"generation": generation_id, "notices": [notice]}
    replace_file(data_dir / NOTICES, json.dumps(said, indent=1).encode())
    generations.point_to(data_dir, generation_id)
    return (notice,)


def read_notices(data_dir: Path, generation_id: str) -> tuple[str, ...]:
    """Return what is to be said of a generation that took a damaged one's place."""
    try:
        said = json.loads((data_dir / NOTICES).read_text(encoding="utf-8"))
        return tuple(str(notice) for notice in said["notices"]) if said["generation"] == generation_id else ()
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read: %s.", data_dir / NOTICES, error)
        return ()


def drop_notices(data_dir: Path) -> None:
    """Forget what was said: a sync has brought the index in line with the documents."""
    (data_dir / NOTICES).unlink(missing_ok=True)
