"""The manifest of a generation: what it was made of and with, and a checksum of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from knowledge_base.errors import DamagedIndexError
from knowledge_base.files import replace_file, require_inside

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made of and with.

    `folder` is None for an index of the configured roots, else the one folder it was made of. `checksums` maps a file's path in
    the generation to its SHA-256; chroma.sqlite3, which Chroma rewrites whenever it opens it, is held by the number of
    `vectors` of all kinds and the SHA-256 of its `rows` (None: not known). `worn` counts the deleted vectors whose place
    Chroma has not given back.
    """

    id: str
    created: str
    folder: str | None
    model_id: str
    dimension: int
    chunking: int
    counts: dict[str, int]
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT
    vectors: int | None = None
    worn: int = 0
    rows: str | None = None


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the generation in the directory `path`; raise DamagedIndexError where it has changed."""
    try:
        fields = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        seal = fields.pop("seal", None)
        manifest = Manifest(**fields)
        _require_types(manifest)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedIndexError(f"The manifest of generation {path.name} cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise DamagedIndexError(f"Generation {path.name} has format {manifest.format}; this program reads {FORMAT}.")
    is_elsewhere = path.parent.name == "generations" and manifest.id != path.name
    if is_elsewhere or seal not in (None, seal_of(asdict(manifest))):
        raise DamagedIndexError(f"The manifest of generation {path.name} has changed on disk.")
    return manifest


def _require_types(manifest: Manifest) -> None:
    """Raise ValueError where a field is not what its name says, or a checksum is one of a file elsewhere."""
    texts = [manifest.id, manifest.created, manifest.model_id, manifest.folder or "", manifest.rows or ""]
    numbers = [manifest.dimension, manifest.chunking, manifest.format, manifest.worn, manifest.vectors or 0]
    texts += manifest.checksums.values()
    numbers += manifest.counts.values()
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise ValueError("a field is of another type")
    for name in manifest.checksums:
        require_inside(name)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the manifest of the generation in the directory `path`, with a checksum of its own."""
    fields = asdict(manifest)
    replace_file(path / MANIFEST, json.dumps(fields | {"seal": seal_of(fields)}, indent=1).encode())


def seal_of(fields: Mapping[str, object]) -> str:
    """Return the checksum that a manifest or an archive's list carries of its own fields."""
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
