"""The product compared with the plain pipeline on one corpus, in one run: `make benchmark`.

    python tests/benchmark/compare.py --output RESULTS.json [--corpus FOLDER] [--questions FILE.jsonl]

Every figure is the wall time of a process of its own, from its start, or the peak memory of it and its children. The compiled
model is made beforehand. The plain pipeline cannot re-ingest: what is compared is reading everything again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from page import measure_page
from processes import Run, machine, percentile, python, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BRIEFS = ROOT / "knowledge_base" / "library" / "briefs"
SHARED = ROOT.parent / "shared"
QUESTIONS = ROOT / "assistant" / "evaluation" / "questions.jsonl"
EXAMPLE = "Who launched the Paris Call?"
COPIES = 12
SOME_FAILED = 1


def main() -> None:
    """Measure, and write the results as JSON."""
    options = _options()
    with TemporaryDirectory(prefix="benchmark-") as scratch:
        place = Path(scratch)
        corpus = place / "corpus"
        _copy_corpus(options.corpus, corpus)
        questions = _questions(options.questions, place / "questions.jsonl", options.count)
        results: dict[str, Any] = {"machine": machine(), "corpus": _size(corpus), "questions": options.count}
        results |= _ingest(corpus, place)
        results |= _ask(place, questions, options.repeats)
        results["page"] = measure_page(place / "data", EXAMPLE, place / "page", options.repeats)
        results["load_after"] = machine()["load"]
    options.output.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(json.dumps(results, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus", help="a folder; the briefs, copied, where it is not")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--count", type=int, default=60, help="questions to ask")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def _copy_corpus(source: Path, target: Path) -> None:
    """Copy the corpus; where there is none make one of the briefs, each copy with a line that no other has."""
    if source.is_dir():
        shutil.copytree(source, target)
        return
    target.mkdir()
    for number in range(COPIES):
        for brief in sorted(BRIEFS.glob("*.md")):
            text = brief.read_text(encoding="utf-8").replace("The ", f"The {number}th ", number)
            (target / f"{number}-{brief.name}").write_text(f"{text}\n\nThis is copy {number}.\n", encoding="utf-8")


def _questions(source: Path, target: Path, count: int) -> Path:
    lines = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    plain = [{"id": str(i), "question": item["question"]} for i, item in enumerate(lines) if not item.get("history")]
    target.write_text("".join(json.dumps(item) + "\n" for item in plain[:count]), encoding="utf-8")
    return target


def _size(folder: Path) -> dict[str, int]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}


def _figures(measured: Run) -> dict[str, float]:
    return {
        "seconds": round(measured.seconds, 3),
        "processor_seconds": round(measured.processor_seconds, 3),
        "peak_mb": round(measured.peak_mb, 1),
    }


def _sync(corpus: Path, data: Path) -> Run:
    command = python("-m", "ingest", "sync", str(corpus), "--data-dir", str(data), "--json")
    return run(command, allowed=(0, SOME_FAILED))


def _ingest(corpus: Path, place: Path) -> dict[str, Any]:
    run(python("-m", "ingest", "prepare"))
    plain = run(python(str(HERE / "plain_pipeline.py"), str(corpus), str(place / "store")))
    ours = _sync(corpus, place / "data")
    unchanged = _sync(corpus, place / "data")
    _change_one_file(corpus)
    one_file = _sync(corpus, place / "data")
    if len(json.loads(one_file.out)["updated"]) != 1:
        raise RuntimeError(f"one file was changed, but the report says otherwise: {one_file.out[:500]}")
    return {
        "ingest": {"ours": _figures(ours), "plain": _figures(plain)},
        "unchanged": _figures(unchanged),
        "one_file": _figures(one_file),
        "plain_chunks": json.loads(plain.out.splitlines()[-1])["chunks"],
        "passages": json.loads(ours.out)["passages"],
        "embedded": json.loads(ours.out)["embedded"],
    }


def _change_one_file(corpus: Path) -> None:
    """Add a sentence to the text file that is in the middle by size."""
    texts = [p for suffix in ("*.md", "*.txt") for p in corpus.rglob(suffix) if "_supporters" not in p.parts]
    chosen = sorted(texts, key=lambda path: (path.stat().st_size, path))[len(texts) // 2]
    chosen.write_text(f"{chosen.read_text(encoding='utf-8')}\n\nThis sentence was added afterwards.\n", encoding="utf-8")


def _ask(place: Path, questions: Path, repeats: int) -> dict[str, Any]:
    data, store, one = place / "data", place / "store", place / "one.jsonl"
    one.write_text(json.dumps({"question": EXAMPLE}) + "\n", encoding="utf-8")
    off = {"PARISCALL_EVIDENCE_MODEL": "off"}
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "plain": (python(str(HERE / "plain_ask.py"), str(store), str(one)), {}),
        "ours": (python("-m", "assistant", "ask", EXAMPLE, "--data-dir", str(data)), {}),
        "ours_evidence_off": (python("-m", "assistant", "ask", EXAMPLE, "--data-dir", str(data)), off),
    }
    cold: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, (command, environment) in commands.items():
            cold[name].append(run(command, environment))
    return {
        "cold_ask": {
            name: {
                "seconds": round(statistics.median(r.seconds for r in runs), 3),
                "processor_seconds": round(min(r.processor_seconds for r in runs), 3),
                "peak_mb": round(max(r.peak_mb for r in runs), 1),
            }
            for name, runs in cold.items()
        },
        "warm": {
            "plain": _warm_plain(store, questions),
            "ours": _warm(data, questions, place / "answers.jsonl", {}),
            "ours_evidence_off": _warm(data, questions, place / "answers.jsonl", off),
        },
    }


def _warm_plain(store: Path, questions: Path) -> dict[str, float]:
    measured = run(python(str(HERE / "plain_ask.py"), str(store), str(questions)))
    return _latency(json.loads(measured.out.splitlines()[-1])["seconds"], measured)


def _warm(data: Path, questions: Path, answers: Path, environment: dict[str, str]) -> dict[str, float]:
    command = python("-m", "assistant", "ask", "--batch", str(questions), "--output", str(answers), "--data-dir", str(data))
    measured = run(command, environment)
    return _latency([json.loads(line)["seconds"] for line in answers.read_text().splitlines()], measured)


def _latency(seconds: list[float], measured: Run) -> dict[str, float]:
    p50, p95 = (round(1000 * percentile(seconds, share), 1) for share in (0.5, 0.95))
    return {"p50_ms": p50, "p95_ms": p95, "peak_mb": round(measured.peak_mb, 1)}


if __name__ == "__main__":
    main()
