"""Archives: back up a data directory and restore it; export a generation and install it on other machines."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from knowledge_base.command_line import AsJson, DataDirectory, read_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import SHARDS, sha256, storage_errors, sync_directory, writer_lock
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.generations import current_id, held_generations, open_generation
from knowledge_base.store.manifest import Manifest, read_manifest
from knowledge_base.store.snapshots import Snapshot, pack, unpack

CURRENT = "current"
_LEFT_OUT = frozenset({"lock", "lock.holder", "building", SHARDS})
_SQLITE_SIDE_FILES = ("-wal", "-shm", "-journal")

commands = typer.Typer()

Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The archive.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what is there.")]


@commands.command()
def backup(file: Archive, replace: Replace = False, data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Write all that the data directory keeps into one file."""
    settings = read_settings(data_dir)
    snapshot = back_up(settings.data_dir, file, replace)
    _say(snapshot, file, f"{settings.data_dir} is backed up in {file}", as_json)


@commands.command()
def restore(file: Archive, replace: Replace = False, data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Make the data directory what a backup holds."""
    settings = read_settings(data_dir)
    snapshot = restore_backup(file, settings.data_dir, replace)
    _say(snapshot, file, f"{settings.data_dir} is what it was on {snapshot.created}", as_json)


@commands.command()
def export(
    generation: Annotated[str, typer.Argument(help="A generation's name, or `current`.")],
    file: Archive,
    replace: Replace = False,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Write a generation into one file, for readers on other machines."""
    snapshot = export_generation(read_settings(data_dir), generation, file, replace)
    _say(snapshot, file, f"Generation {snapshot.name} is in {file}", as_json)


@commands.command()
def install(
    file: Archive,
    expected: Annotated[str | None, typer.Option("--sha256", help="The archive's SHA-256, as `export` told it.")] = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Verify an exported generation and make it the current one. Install only what you or your colleagues exported."""
    settings = read_settings(data_dir)
    manifest = install_generation(file, settings, expected)
    if as_json:
        print(json.dumps({"generation": manifest.id, "created": manifest.created, **manifest.counts}))
    else:
        print(f"Generation {manifest.id} of {manifest.created} is the current one in {settings.data_dir}.")


def _say(snapshot: Snapshot, file: Path, sentence: str, as_json: bool) -> None:
    digest = sha256(file)
    if as_json:
        facts = {"kind": snapshot.kind, "name": snapshot.name, "created": snapshot.created, "sha256": digest}
        print(json.dumps(facts | {"files": len(snapshot.files), "bytes": snapshot.bytes}))
    else:
        print(f"{sentence}: {len(snapshot.files):,} files, {snapshot.bytes / 1e6:.1f} MB. SHA-256 {digest}")


def back_up(data_dir: Path, archive: Path, replace: bool = False) -> Snapshot:
    """Write all that a data directory keeps into one file; the page may go on answering meanwhile."""
    if not data_dir.is_dir():
        raise KnowledgeBaseError(f"There is no data directory {data_dir}.", "Name it with --data-dir or PARISCALL_DATA_DIR.")
    if archive.resolve().is_relative_to(data_dir.resolve()):
        raise KnowledgeBaseError(f"{archive} lies in the data directory itself.", "Choose a place outside of it.")
    kept = {}
    with writer_lock(data_dir):
        if current_id(data_dir):
            open_generation(data_dir).close()  # raises where the index is damaged
        for folder, names, files in os.walk(data_dir):  # links are not followed
            left_out = _LEFT_OUT if Path(folder) == data_dir else frozenset()
            names[:] = sorted(name for name in names if name not in left_out)
            for name in sorted(files):
                file = Path(folder) / name
                is_passing = name in left_out or name.endswith((".tmp", *_SQLITE_SIDE_FILES))
                if file.is_file() and not file.is_symlink() and not is_passing:
                    kept[file.relative_to(data_dir).as_posix()] = file
        return pack(archive, "backup", data_dir.resolve().name, kept, replace)


def restore_backup(archive: Path, data_dir: Path, replace: bool = False) -> Snapshot:
    """Make the data directory what the archive holds, in one step; one that holds anything is replaced only if `replace`."""
    target = data_dir.resolve()
    if not replace and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise KnowledgeBaseError(f"{data_dir} holds something already.", "Choose another --data-dir, or use --replace.")
    held = held_generations(target)
    if held:
        raise KnowledgeBaseError(
            f"{target} is in use: its generation {held[0]} is held open.", "End the page and other commands, then try again."
        )
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(mkdtemp(prefix=f".{target.name}.restoring-", dir=target.parent))
    try:
        snapshot = unpack(archive, "backup", staged)
        if current_id(staged):
            open_generation(staged).close()
        _swap(staged, target)
        return snapshot
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _swap(staged: Path, target: Path) -> None:
    """Put `staged` in the place of `target`; where that fails, what was there is back."""
    if not target.exists():
        _rename(staged, target)
        return
    with writer_lock(target):
        replaced = Path(mkdtemp(prefix=f".{target.name}.replaced-", dir=target.parent))
        _rename(target, replaced)
    try:
        _rename(staged, target)
    except BaseException:
        os.rename(replaced, target)
        (target / "lock.holder").unlink(missing_ok=True)  # moved away with the lock that it belonged to
        raise
    shutil.rmtree(replaced)


def _rename(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
        sync_directory(target.parent)
    except OSError as error:
        raise KnowledgeBaseError(
            f"{target} cannot be replaced: {error.strerror}.",
            "Where it is a mount point, let the data directory be a folder in it.",
        ) from error


def export_generation(settings: Settings, generation_id: str, archive: Path, replace: bool = False) -> Snapshot:
    """Write a generation, and the originals that its citations open, into one file."""
    with open_generation(settings.data_dir, None if generation_id == CURRENT else generation_id) as generation:
        found = sorted(path for path in generation.path.rglob("*") if path.is_file())
        lasting = [path for path in found if not path.name.endswith(_SQLITE_SIDE_FILES)]
        files = {f"generations/{generation.id}/{path.relative_to(generation.path).as_posix()}": path for path in lasting}
        for content_hash in sorted({content_hash for content_hash, _ in generation.catalog.content_hashes().values()}):
            original = settings.data_dir / "originals" / content_hash
            if original.is_file():
                files[f"originals/{content_hash}"] = original
        return pack(archive, "generation", generation.id, files, replace)


def install_generation(archive: Path, settings: Settings, expected: str | None = None) -> Manifest:
    """Verify an exported generation, add it to the others and make it the current one; return its manifest.

    `expected` is the archive's SHA-256 where it is known from elsewhere. One that is there already is only made current.
    """
    data_dir = settings.data_dir
    found = sha256(archive) if expected is not None and archive.is_file() else ""
    if expected is not None and found and found != expected.strip().lower():
        raise KnowledgeBaseError(
            f"{archive} is not the archive that is expected: its SHA-256 begins {found[:12]}, not {expected[:12]}.",
            "Copy it again from the machine that exported it.",
        )
    with writer_lock(data_dir), storage_errors(data_dir), generations.building(data_dir, None) as staged:
        snapshot = unpack(archive, "generation", staged)
        _require_only_a_generation(snapshot, archive)
        open_generation(staged, snapshot.name).close()
        built = staged / "generations" / snapshot.name
        manifest = read_manifest(built)
        for original in (staged / "originals").glob("*"):
            kept = data_dir / "originals" / original.name
            if not kept.is_file() or sha256(kept) != original.name:
                kept.parent.mkdir(exist_ok=True)
                os.replace(original, kept)
        published = data_dir / "generations" / manifest.id
        if not published.exists():
            generations.publish(data_dir, built, manifest)
        elif read_manifest(published).checksums == manifest.checksums:
            open_generation(data_dir, manifest.id).close()
            generations.point_to(data_dir, manifest.id)
        else:
            raise KnowledgeBaseError(
                f"{data_dir} has another generation {manifest.id} of its own.",
                "Install into a data directory that only readers use.",
            )
        generations.prune(data_dir, settings.generations_kept)
    return manifest


def _require_only_a_generation(snapshot: Snapshot, archive: Path) -> None:
    if not generations.is_name(snapshot.name):
        raise KnowledgeBaseError(
            f"{archive} names its generation {snapshot.name[:80]!r}, which is no number.", "Export it again."
        )
    for path, (_, digest) in snapshot.files.items():
        if not path.startswith(f"generations/{snapshot.name}/") and path != f"originals/{digest}":
            raise KnowledgeBaseError(f"{archive} holds {path[:80]}, which is no part of a generation.", "Export it again.")
