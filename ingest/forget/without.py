"""Publish a generation without some documents, written from nothing so that no byte of them is in its files."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from knowledge_base.errors import DamagedIndexError
from knowledge_base.files import require_free_space
from knowledge_base.store import generations
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import Generation
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest
from knowledge_base.store.vectors import VectorIndex, VectorStore
from knowledge_base.store.verification import verifier

_SPARE_BYTES = 64 << 20
_BATCH = 2000
_PROBES = 200


def publish_without(data_dir: Path, base: Generation, names: Collection[str]) -> Manifest:
    """Publish what `base` holds but for the documents `names`; nothing is embedded. The caller holds the writer's lock."""
    import numpy as np

    require_free_space(data_dir, _SPARE_BYTES + 2 * generations.size_on_disk(base.path))
    with verifier() as child, generations.building(data_dir, None) as path:
        shutil.copyfile(base.path / CATALOG, path / CATALOG)
        with Catalog.edit(path / CATALOG) as catalog:
            for name in names:
                catalog.delete_document(name)
            catalog.set_failures([failure for failure in catalog.failures() if failure.source not in names])
            catalog.compact()
            passages, counts = list(catalog.all_passages()), catalog.counts()
        sentences = [identifier for passage in passages for identifier in passage.quotable_sentences]
        with VectorStore.create(path / CHROMA) as store:  # a fresh one: Chroma never gives the place of a vector back
            _copy(base.vectors.passages, store.passages, [passage.id for passage in passages])
            _copy(base.vectors.sentences, store.sentences, sentences)
        made = replace(
            base.manifest, id=generations.next_id(data_dir), created=generations.now(), counts=counts, worn=0, checksums={}
        )
        sealed = generations.seal(path, made)
        sample = [passage.id for passage in passages[:: max(1, len(passages) // _PROBES)]]
        found = base.vectors.passages.get(sample)
        probes = np.stack([found[identifier] for identifier in sample]) if sample else np.zeros((0, 1), dtype=np.float32)
        child.verify(path, sample, probes)
        generations.publish(data_dir, path, sealed)
    return sealed


def _copy(source: VectorIndex, target: VectorIndex, ids: Sequence[str]) -> None:
    import numpy as np

    for first in range(0, len(ids), _BATCH):
        part = ids[first : first + _BATCH]
        found = source.get(part)
        if len(found) != len(part):
            raise DamagedIndexError(f"The index is damaged: {len(part) - len(found)} of {len(part)} vectors are missing.")
        target.put(part, np.stack([found[identifier] for identifier in part]))
