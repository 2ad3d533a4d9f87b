"""Rebuild the vectors of a damaged generation from its catalog, and check an index by its own vectors."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace

from knowledge_base.errors import ModelError
from knowledge_base.files import require_free_space
from knowledge_base.models.embeddings import open_embedder
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.embedding_cache import EmbeddingCache
from knowledge_base.store.generations import Generation
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest
from knowledge_base.store.passage_vectors import NO_VECTORS, PassageEmbedding, rewrite_vectors
from knowledge_base.store.verification import verifier

log = logging.getLogger(__name__)


def rebuild(settings: Settings, manifest: Manifest) -> str:
    """Publish a generation with the catalog of `manifest`'s and rebuilt vectors; return its name.

    The caller holds the writer's lock.
    """
    data_dir, damaged = settings.data_dir, settings.data_dir / "generations" / manifest.id
    embedder = open_embedder(settings)
    if embedder.model_id != manifest.model_id:
        raise ModelError(
            f"The vectors of generation {manifest.id} are damaged; they were made with the embedding model"
            f" {manifest.model_id}, not with {embedder.model_id}.",
            "Set PARISCALL_EMBEDDING_MODEL to that model, or rebuild with `python -m ingest sync --rebuild`.",
        )
    require_free_space(data_dir, 2 * generations.size_on_disk(damaged))
    log.warning("The vectors of generation %s are rebuilt from its catalog.", manifest.id)
    with verifier() as child, generations.building(data_dir, None) as path:
        shutil.copyfile(damaged / CATALOG, path / CATALOG)
        with Catalog.read(path / CATALOG) as catalog:
            passages = list(catalog.all_passages())
        with EmbeddingCache(data_dir / "embeddings.sqlite3") as cache:
            embedding = PassageEmbedding(embedder, cache)
            vectors = embedding.embed(passages)
            rewrite_vectors(path / CHROMA, vectors)
            probes = embedding.probes(vectors, passages)
        repaired = replace(manifest, id=generations.next_id(data_dir), created=generations.now(), worn=0)
        sealed = generations.seal(path, repaired)
        child.verify(path, *probes)
        generations.publish(data_dir, path, sealed)
    return sealed.id


def self_search_problem(settings: Settings, generation: Generation) -> str | None:
    """Have a child process search for a sample of passages by their own vectors; return what is wrong, or None.

    None, too, where the generation was made with another embedding model than the configured one: whoever asks is told of that.
    """
    with verifier() as child:
        embedder = open_embedder(settings)
        if generation.manifest.model_id != embedder.model_id:
            return None
        passages = list(generation.catalog.all_passages())
        with EmbeddingCache(settings.data_dir / "embeddings.sqlite3") as cache:
            probes = PassageEmbedding(embedder, cache).probes(NO_VECTORS, passages)
        return child.problem(generation.path, *probes)
