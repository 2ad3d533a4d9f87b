"""Kinds of damage to the files of a published index, each tried on an index that has an older generation to fall back to.

python tests/faults/damage.py [KIND ...] [--list]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from indexes import NEW_DATE, OLD_DATE, QUESTION, contents, make_library  # noqa: E402
from libraries import Library, hashes  # noqa: E402

REPAIRED, FALLEN_BACK, FOUND = "repaired", "fallen back", "found again"
GENERATIONS = {REPAIRED: "000003", FALLEN_BACK: "000001", FOUND: "000002"}


class Kind(NamedTuple):
    """What is done to a data directory, and how it ends: with the vectors repaired, fallen back, or the pointer found again."""

    damage: Callable[[Path], None]
    end: str


def flip(path: Path, where: float = 0.5, count: int = 1) -> None:
    data = bytearray(path.read_bytes())
    first = int(len(data) * where)
    for position in range(first, min(first + count, len(data))):
        data[position] ^= 0x10
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garble(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def in_catalog(change: Callable[[Path], None]) -> Kind:
    return Kind(lambda data: change(generation(data) / "catalog.sqlite3"), FALLEN_BACK)


def in_chroma(change: Callable[[Path], None]) -> Kind:
    return Kind(lambda data: change(generation(data) / "chroma" / "chroma.sqlite3"), REPAIRED)


def in_graph(name: str, change: Callable[[Path], None]) -> Kind:
    return Kind(lambda data: change(largest(generation(data), name)), REPAIRED)


def in_manifest(change: Callable[[Path], None]) -> Kind:
    return Kind(lambda data: change(generation(data) / "manifest.json"), FALLEN_BACK)


def in_pointer(change: Callable[[Path], None]) -> Kind:
    return Kind(lambda data: change(data / "CURRENT"), FOUND)


def generation(data_dir: Path, name: str = "000002") -> Path:
    return data_dir / "generations" / name


def largest(path: Path, name: str) -> Path:
    """Return the largest file of this name in a graph that was written out: those of a small one hold nothing yet."""
    written = [file.parent / name for file in path.rglob("index_metadata.pickle")]
    return max(written, key=lambda file: file.stat().st_size)


def execute(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            assert connection.execute(statement).rowcount

    return change


def swap_with_older(name: str) -> Callable[[Path], None]:
    return lambda data: swap(generation(data) / name, generation(data, "000001") / name)


def copy_from_older(name: str) -> Callable[[Path], None]:
    return lambda data: shutil.copyfile(generation(data, "000001") / name, generation(data) / name) and None


def swap_graphs(data: Path) -> None:
    one, other = (file.parent for file in (generation(data) / "chroma").rglob("data_level0.bin"))
    swap(one, other)


def change_a_word(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"chunking": ', b'"chunking": 1'))


def lose_chroma_and_cache(data: Path) -> None:
    shutil.rmtree(generation(data) / "chroma")
    (data / "embeddings.sqlite3").write_bytes(b"garbage" * 999)


LAST_ROW = "WHERE id = (SELECT max(id) FROM embeddings)"
KINDS = {
    "catalog-bit-flipped": in_catalog(flip),
    "catalog-head-flipped": in_catalog(lambda path: flip(path, 0, 40)),
    "catalog-emptied": in_catalog(empty),
    "catalog-cut": in_catalog(cut),
    "catalog-deleted": in_catalog(Path.unlink),
    "catalog-garbled": in_catalog(garble),
    "catalog-of-the-older": Kind(copy_from_older("catalog.sqlite3"), FALLEN_BACK),
    "chroma-bits-flipped": in_chroma(lambda path: flip(path, 0.3, 8192)),  # its second half may be free pages
    "chroma-head-flipped": in_chroma(lambda path: flip(path, 0, 40)),
    "chroma-emptied": in_chroma(empty),
    "chroma-cut": in_chroma(cut),
    "chroma-deleted": in_chroma(Path.unlink),
    "chroma-garbled": in_chroma(garble),
    "chroma-of-the-older": Kind(copy_from_older("chroma/chroma.sqlite3"), REPAIRED),
    "chroma-row-lost": in_chroma(execute(f"DELETE FROM embeddings {LAST_ROW}")),
    "chroma-row-renamed": in_chroma(execute(f"UPDATE embeddings SET embedding_id = 'x' {LAST_ROW}")),
    "chroma-vector-altered": in_chroma(execute("UPDATE embeddings_queue SET vector = randomblob(1536)")),
    "chroma-space-altered": in_chroma(execute("UPDATE collections SET schema_str = '{}'")),
    "graph-bit-flipped": in_graph("data_level0.bin", flip),
    "graph-emptied": in_graph("data_level0.bin", empty),
    "graph-cut": in_graph("data_level0.bin", cut),
    "graph-deleted": in_graph("data_level0.bin", Path.unlink),
    "graph-links-flipped": in_graph("link_lists.bin", flip),
    "graph-head-flipped": in_graph("header.bin", flip),
    "graph-lengths-flipped": in_graph("length.bin", flip),
    "graph-ids-flipped": in_graph("index_metadata.pickle", flip),
    "graph-ids-deleted": in_graph("index_metadata.pickle", Path.unlink),
    "graphs-swapped": Kind(swap_graphs, REPAIRED),
    "chroma-directory-deleted": Kind(lambda data: shutil.rmtree(generation(data) / "chroma"), REPAIRED),
    "chroma-and-cache-lost": Kind(lose_chroma_and_cache, REPAIRED),
    "manifest-emptied": in_manifest(empty),
    "manifest-deleted": in_manifest(Path.unlink),
    "manifest-cut": in_manifest(cut),
    "manifest-word-changed": in_manifest(change_a_word),
    "manifest-of-the-older": Kind(copy_from_older("manifest.json"), FALLEN_BACK),
    "generation-deleted": Kind(lambda data: shutil.rmtree(generation(data)), FALLEN_BACK),
    "pointer-emptied": in_pointer(empty),
    "pointer-deleted": in_pointer(Path.unlink),
    "pointer-garbled": in_pointer(lambda path: path.write_bytes(b"\xff\xfe\x00") and None),
    "pointer-to-nothing": in_pointer(lambda path: path.write_text("000077\n") and None),
}


def unchanged_files(path: Path) -> dict[str, str]:
    """Return the hashes of a generation's files, but of those that Chroma rewrites whenever it opens them.

    These are chroma.sqlite3, and the files of a graph that was never written out.
    """
    from knowledge_base.store.vectors import lasting_files

    kept = {str(file.relative_to(path)) for file in lasting_files(path / "chroma")} | {"catalog.sqlite3", "manifest.json"}
    return {name: value for name, value in hashes(path).items() if name in kept}


def ask(library: Library) -> tuple[str, str]:
    """Ask the question at the command line; return the answer and what was said on standard error."""
    command = [sys.executable, "-m", "assistant", "ask", QUESTION, "--data-dir", str(library.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return done.stdout, done.stderr


def check_kind(kind: Kind, library: Library, asked: Callable[[Library], tuple[str, str]] = ask) -> None:
    """Damage the index; assert that it answers, says so, edited nothing in place, and that a sync brings all of it back."""
    wanted = contents(library.data_dir)
    kind.damage(library.data_dir)
    damaged = {path: unchanged_files(path) for path in (library.data_dir / "generations").iterdir()}
    answer, said = asked(library)
    assert (OLD_DATE if kind.end == FALLEN_BACK else NEW_DATE) in answer, answer
    assert any(word in said for word in ("damaged", "CURRENT", "manifest", "is not in")), said
    assert (library.data_dir / "CURRENT").read_text().strip() == GENERATIONS[kind.end], said
    edited = {
        name for path, files in damaged.items() for name, value in unchanged_files(path).items() if files.get(name) != value
    }
    assert not edited, f"a published generation was edited: {edited}"
    again, _ = asked(library)
    assert again == answer
    outcome = library.sync()
    assert outcome.code == 0
    assert contents(library.data_dir) == wanted
    assert NEW_DATE in asked(library)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--list", action="store_true", help="name the kinds")
    options = parser.parse_args()
    if options.list:
        print("\n".join(KINDS))
        return
    with tempfile.TemporaryDirectory(prefix="damage-") as place:
        library = make_library(Path(place) / "made")
        for name in options.kinds or KINDS:
            copy = library.copy(Path(place) / name)
            check_kind(KINDS[name], copy)
            print(f"{name}: noticed, {KINDS[name].end}", flush=True)
            shutil.rmtree(Path(place) / name)
    print(f"{len(options.kinds or KINDS)} kinds of damage, each noticed and repaired or fallen back from")


if __name__ == "__main__":
    main()
