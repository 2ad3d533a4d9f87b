"""How the index grows: generated passages with known answers, from 1,000 to 100,000, on the ordinary commands.

    python tests/benchmark/growth.py --output GROWTH.json [--sizes 1000,5000,20000,100000] [--vectors words|model]

Each size adds files to those before. Of each: time and peak memory of the sync, disk, time of a sync that finds nothing new and
of one after one file changed; from a process of its own: opening, p50 and p95 of retrieval, memory, recall of the answers.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from generated import Fact, facts, write
from processes import machine, memory_mb, percentile, python, run
from word_vectors import WordEmbedder

from ingest.sync import building
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.models import embeddings
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.settings import Settings
from knowledge_base.store.generations import open_generation

TOP_K = 10
QUESTIONS = 200
WARM_UP = 20


def main() -> None:
    """Measure every size, and write the results after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,5000,20000,100000")
    parser.add_argument("--place", type=Path, help="keep documents and index here, and take up what is there already")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--vectors", choices=["words", "model"], default="words", help="see word_vectors.py")
    parser.add_argument("--sync", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--retrieve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.vectors == "words":
        use_word_vectors()
    if options.retrieve:
        print(json.dumps(retrieval(_settings(options.retrieve, options.vectors), facts(sizes[0]))))
        return
    if options.sync:
        print(json.dumps(asdict(sync(_settings(options.sync[1], options.vectors), SyncOptions(options.sync[0])))))
        return
    with TemporaryDirectory(prefix="growth-") as scratch:
        place = options.place or Path(scratch)
        rows: list[dict[str, Any]] = []
        for size in sizes:
            rows.append(measure(place, size, rows[-1]["size"] if rows else 0, options.vectors))
            print(json.dumps(rows[-1]), flush=True)
            if options.output:
                options.output.write_text(
                    json.dumps({"machine": machine(), "vectors": options.vectors, "rows": rows}, indent=1), encoding="utf-8"
                )


def use_word_vectors() -> None:
    """Let this process embed with words in place of the model."""
    embeddings.open_embedder = building.open_embedder = lambda *_, **__: WordEmbedder()


def measure(place: Path, size: int, known: int, vectors: str) -> dict[str, Any]:
    """Grow the index from `known` facts to `size`, and return its figures."""
    documents, data = place / "documents", place / "data"
    told = facts(size)
    write(documents, told, first=known)
    own = (str(Path(__file__)), "--vectors", vectors)
    command = python(*own, "--sync", str(documents), str(data))
    load = machine()["load"][0]
    grown = run(command)
    unchanged = run(command)
    changed = documents / "chronicle-0000.md"
    changed.write_text(changed.read_text(encoding="utf-8") + f"\nThis was added at {size} passages.\n", encoding="utf-8")
    one_file = run(command)
    found = run(python(*own, "--sizes", str(size), "--retrieve", str(data)))
    report = json.loads(grown.out)
    return {
        "size": size,
        "load": load,
        "added": size - known,
        "passages": report["passages"],
        "embedded": report["embedded"],
        "sync_seconds": round(grown.seconds, 1),
        "sync_peak_mb": round(grown.peak_mb),
        "unchanged_seconds": round(unchanged.seconds, 2),
        "one_file_seconds": round(one_file.seconds, 2),
        "one_file_peak_mb": round(one_file.peak_mb),
        "disk_mb": round(_current_bytes(data) / 1e6, 1),
        **json.loads(found.out.splitlines()[-1]),
    }


def _current_bytes(data: Path) -> int:
    folder = data / "generations" / (data / "CURRENT").read_text().strip()
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _settings(data: Path, vectors: str) -> Settings:
    return Settings(data_dir=data, embedding_model="words") if vectors == "words" else Settings(data_dir=data)


def retrieval(settings: Settings, known: list[Fact]) -> dict[str, Any]:
    """Open the index and ask for a sample of the known answers, in this process."""
    started = perf_counter()
    with open_generation(settings.data_dir) as generation:
        retriever = HybridRetriever(generation, embeddings.open_embedder(settings))
        retriever.retrieve(known[0].question, TOP_K)
        opened = perf_counter() - started
        sample = random.Random(1).sample(known, min(QUESTIONS, len(known)))
        for fact in sample[:WARM_UP]:
            retriever.retrieve(fact.question, TOP_K)
        seconds, ranks = [], []
        for fact in sample:
            began = perf_counter()
            passages = retriever.retrieve(fact.question, TOP_K)
            seconds.append(perf_counter() - began)
            ranks.append(next((i for i, r in enumerate(passages) if fact.answer in r.passage.text), None))
        return {
            "open_seconds": round(opened, 2),
            "p50_ms": round(1000 * percentile(seconds, 0.5), 1),
            "p95_ms": round(1000 * percentile(seconds, 0.95), 1),
            "memory_mb": round(memory_mb(os.getpid())),
            "recall_at_10": round(sum(rank is not None for rank in ranks) / len(ranks), 3),
            "recall_at_1": round(sum(rank == 0 for rank in ranks) / len(ranks), 3),
        }


if __name__ == "__main__":
    sys.exit(main())
