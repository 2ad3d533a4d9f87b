"""Carry a published generation to other machines: readers scale by copies, for a generation never changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from knowledge_base import generations
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import storage_errors, writer_lock
from knowledge_base.generations import Generation, Manifest, open_generation
from knowledge_base.settings import Settings
from knowledge_base.snapshots import Snapshot, archive_digest, pack, unpack

CURRENT = "current"


def export_generation(settings: Settings, generation_id: str, archive: Path, replace: bool = False) -> Snapshot:
    """Write a generation, and the originals that its citations open, into one file."""
    name = None if generation_id == CURRENT else generation_id
    with open_generation(settings.data_dir, name) as generation:
        files = dict(_files(generation, settings.data_dir))
        return pack(archive, "generation", generation.id, files, replace)


def install_generation(archive: Path, settings: Settings, expected: str | None = None) -> Manifest:
    """Verify an exported generation, put it beside the others and make it the current one; return its manifest.

    `expected` is the archive's SHA-256 where it is known from elsewhere. One that is there already is only made current.
    """
    data_dir = settings.data_dir
    _require_digest(archive, expected)
    with writer_lock(data_dir), storage_errors(data_dir), generations.building(data_dir, None) as staged:
        snapshot = unpack(archive, "generation", staged)
        _require_only_a_generation(snapshot, archive)
        open_generation(staged, snapshot.name).close()
        built = staged / "generations" / snapshot.name
        manifest = generations.read_manifest(built)
        _keep_originals(staged / "originals", data_dir / "originals")
        _publish(data_dir, built, manifest)
        generations.prune(data_dir, settings.generations_kept)
    return manifest


def _files(generation: Generation, data_dir: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(path for path in generation.path.rglob("*") if path.is_file()):
        if not file.name.endswith(("-wal", "-shm", "-journal")):
            yield f"generations/{generation.id}/{file.relative_to(generation.path).as_posix()}", file
    for content_hash in sorted({content_hash for content_hash, _ in generation.catalog.content_hashes().values()}):
        original = data_dir / "originals" / content_hash
        if original.is_file():
            yield f"originals/{content_hash}", original


def _require_digest(archive: Path, expected: str | None) -> None:
    if expected is None:
        return
    found = archive_digest(archive) if archive.is_file() else ""
    if found and found != expected.strip().lower():
        raise KnowledgeBaseError(
            f"{archive} is not the archive that is expected: its SHA-256 begins {found[:12]}, not {expected[:12]}.",
            "Copy it again from the machine that exported it.",
        )


def _require_only_a_generation(snapshot: Snapshot, archive: Path) -> None:
    if not snapshot.name.isdigit():
        raise KnowledgeBaseError(f"{archive} names its generation {snapshot.name!r}, which is no number.", "Export it anew.")
    for path, (_, digest) in snapshot.files.items():
        if not path.startswith(f"generations/{snapshot.name}/") and path != f"originals/{digest}":
            raise KnowledgeBaseError(f"{archive} holds {path}, which is no part of a generation.", "Export it anew.")


def _keep_originals(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        kept = target / file.name
        if not kept.is_file() or sha256(kept.read_bytes()).hexdigest() != file.name:
            os.replace(file, kept)


def _publish(data_dir: Path, built: Path, manifest: Manifest) -> None:
    there = data_dir / "generations" / manifest.id
    if not there.exists():
        generations.publish(data_dir, built, manifest)
        return
    if generations.read_manifest(there).checksums != manifest.checksums:
        raise KnowledgeBaseError(
            f"{data_dir} has another generation {manifest.id} of its own.",
            "Install into a data directory that only readers use.",
        )
    open_generation(data_dir, manifest.id).close()
    generations.point_to(data_dir, manifest.id)
