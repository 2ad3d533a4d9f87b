"""The commands that write archives and read them: backup, restore, export, install."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ingest.options import AsJson, DataDirectory, read_settings
from knowledge_base.snapshots import Snapshot, archive_digest

commands = typer.Typer()

Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The archive.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what is there.")]


@commands.command()
def backup(file: Archive, replace: Replace = False, data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Write all that the data directory keeps into one file."""
    from ingest.backup import back_up

    settings = read_settings(data_dir)
    snapshot = back_up(settings.data_dir, file, replace)
    _say(snapshot, file, f"{settings.data_dir} is backed up in {file}", as_json)


@commands.command()
def restore(file: Archive, replace: Replace = False, data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Make the data directory what a backup holds."""
    from ingest.backup import restore as run_restore

    settings = read_settings(data_dir)
    snapshot = run_restore(file, settings.data_dir, replace)
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
    from ingest.distribution import export_generation

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
    from ingest.distribution import install_generation

    settings = read_settings(data_dir)
    manifest = install_generation(file, settings, expected)
    if as_json:
        print(json.dumps({"generation": manifest.id, "created": manifest.created, **manifest.counts}))
    else:
        print(f"Generation {manifest.id} of {manifest.created} is the current one in {settings.data_dir}.")


def _say(snapshot: Snapshot, file: Path, sentence: str, as_json: bool) -> None:
    digest = archive_digest(file)
    if as_json:
        facts = {"kind": snapshot.kind, "name": snapshot.name, "created": snapshot.created, "sha256": digest}
        print(json.dumps(facts | {"files": len(snapshot.files), "bytes": snapshot.bytes}))
    else:
        print(f"{sentence}: {len(snapshot.files):,} files, {snapshot.bytes / 1e6:.1f} MB. SHA-256 {digest}")
