"""Find a sentence-transformers model that is on this machine, by folder or by name; nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from knowledge_base.errors import ModelError
from knowledge_base.files import sha256
from knowledge_base.settings import PACKAGED_MODEL

HASHED_SUFFIXES = frozenset({".safetensors", ".json", ".txt", ".model"})
REMEDY = (
    "PARISCALL_EMBEDDING_MODEL must be the folder of a sentence-transformers model, or the name of one that is already in the "
    f"hub cache of this machine (nothing is downloaded); leave it unset for {PACKAGED_MODEL}."
)


class LocalModel(NamedTuple):
    """The folder of a model, and its name with the beginning of a hash of the files that make its vectors."""

    folder: Path
    model_id: str


def find_model(name: str, role: str = "embedding model", remedy: str = REMEDY) -> LocalModel:
    """Find a model by the path of its folder, else by its name in the hub's cache; `role` says in errors what it is for.

    Raises ModelError where there is none, or where its weights are not in the safetensors format (others can carry code).
    """
    if Path(name).is_dir():
        folder, label = Path(name).resolve(), Path(name).resolve().name
    else:
        work_offline()
        from huggingface_hub import snapshot_download

        try:
            folder, label = Path(snapshot_download(name, local_files_only=True)), name
        except (OSError, ValueError) as error:
            raise ModelError(f"The {role} {name!r} is not on this machine.", remedy) from error
    unsafe = [path for path in folder.rglob("*.bin") if not any(path.parent.glob("*.safetensors"))]
    if unsafe or not any(folder.rglob("*.safetensors")):
        raise ModelError(f"The {role} {name!r} has no weights in the safetensors format.", remedy)
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in HASHED_SUFFIXES and path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return LocalModel(folder, f"{label}@{digest.hexdigest()[:8]}")


def work_offline() -> None:
    """Keep huggingface_hub, imported after this, from asking the network."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
