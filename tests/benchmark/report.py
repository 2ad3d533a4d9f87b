"""Write what was measured into docs/performance.md, with pictures: `make benchmark`.

python tests/benchmark/report.py COMPARED.json GROWTH.json docs
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PICTURE = "![Time and memory as a share of the plain pipeline's](performance.svg)"
Figures = dict[str, Any]


def main(compared: Path, growth: Path, docs: Path) -> None:
    """Replace the measured part of the note, and draw its pictures."""
    results = json.loads(compared.read_text(encoding="utf-8"))
    grown = json.loads(growth.read_text(encoding="utf-8"))
    rows = ratios(results)
    note = docs / "performance.md"
    before, _, rest = note.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    measured = "\n\n".join([PICTURE, _under(results), _table(rows), _growth_table(grown)])
    note.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}", encoding="utf-8")
    (docs / "performance.svg").write_text(bars(rows), encoding="utf-8")


def ratios(found: Figures) -> list[tuple[str, str, str, float, str]]:
    """Return a row a figure: its name, ours, the other's, the ratio or value that the bar is about, the bar."""
    plain, page = found["ingest"]["plain"]["seconds"], found["page"]
    ours = found["ingest"]["ours"]["seconds"]
    cold, warm = found["cold_ask"], found["warm"]
    paint, empty, answer = (_median(page[name]) for name in ("paint", "empty_paint", "answer"))
    return [
        ("ingest, all", f"{ours:.1f} s", f"{plain:.1f} s", ours / plain, "0.33"),
        _share("ingest, nothing changed", found["unchanged"]["seconds"], plain, "0.03"),
        _share("ingest, one file changed", found["one_file"]["seconds"], plain, "0.06"),
        _share("`ask`, cold", cold["ours"]["seconds"], cold["plain"]["seconds"], "0.25"),
        _share("`ask`, cold, without evidence model", cold["ours_evidence_off"]["seconds"], cold["plain"]["seconds"], "0.25"),
        _milliseconds("question, warm p50, without evidence model", warm, "ours_evidence_off", "p50_ms", "1.5"),
        _milliseconds("question, warm p50", warm, "ours", "p50_ms", "250 ms"),
        _milliseconds("question, warm p95", warm, "ours", "p95_ms", "600 ms"),
        _memory("peak memory of `ask --batch`", warm["ours"]["peak_mb"], warm["plain"]["peak_mb"], "0.65"),
        _memory("peak memory of ingest", found["ingest"]["ours"]["peak_mb"], found["ingest"]["plain"]["peak_mb"], ""),
        _share("page, start to input (compared with an empty app)", paint, empty, "1.5"),
        ("page, input to first answer", f"{answer:.1f} s", "", answer, "2 s"),
        ("page, peak memory", f"{max(page['memory_mb']):.0f} MB", f"{max(page['memory_empty_mb']):.0f} MB (empty app)",
         max(page["memory_mb"]) / max(page["memory_empty_mb"]), "600 MB"),
    ]  # fmt: skip


def _share(name: str, ours: float, other: float, bar: str) -> tuple[str, str, str, float, str]:
    return name, f"{ours:.2f} s", f"{other:.2f} s", ours / other, bar


def _milliseconds(name: str, warm: Figures, kind: str, figure: str, bar: str) -> tuple[str, str, str, float, str]:
    ours, plain = warm[kind][figure], warm["plain"][figure]
    return name, f"{ours:.0f} ms", f"{plain:.0f} ms", ours / plain, bar


def _memory(name: str, ours: float, other: float, bar: str) -> tuple[str, str, str, float, str]:
    return name, f"{ours:.0f} MB", f"{other:.0f} MB", ours / other, bar


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _under(found: Figures) -> str:
    about, corpus = found["machine"], found["corpus"]
    loads = " to ".join(str(load[0]) for load in (about["load"], found["load_after"]))
    work = [
        f"{name} {ours['processor_seconds']:.1f} to {plain['processor_seconds']:.1f}"
        for name, ours, plain in (
            ("ingest", found["ingest"]["ours"], found["ingest"]["plain"]),
            ("nothing changed", found["unchanged"], found["ingest"]["plain"]),
            ("one file", found["one_file"], found["ingest"]["plain"]),
            ("cold `ask`", found["cold_ask"]["ours"], found["cold_ask"]["plain"]),
        )
    ]
    return (
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}; load average {loads} (other work, where it"
        f" is above the number of cores). Corpus: {corpus['files']:,} files, {corpus['bytes'] / 1e6:.1f} MB;"
        f" {found['passages']:,} passages and {found['embedded']:,} embedded texts; the plain pipeline makes"
        f" {found['plain_chunks']:,} chunks of it. Processor seconds, which other work changes less, ours to the plain"
        f" pipeline's: {'; '.join(work)}."
    )


def _table(rows: Iterable[tuple[str, str, str, float, str]]) -> str:
    lines = ["| figure | ours | plain pipeline | ratio | at most |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {n} | {a} | {b} | {r:.2f} | {bar} |" for n, a, b, r, bar in rows)])


_COLUMNS = {
    "passages": "passages",
    "sync_seconds": "sync, s",
    "sync_peak_mb": "its memory, MB",
    "unchanged_seconds": "nothing new, s",
    "one_file_seconds": "one file, s",
    "disk_mb": "disk, MB",
    "open_seconds": "open, s",
    "p50_ms": "p50, ms",
    "p95_ms": "p95, ms",
    "memory_mb": "reader's memory, MB",
    "recall_at_10": "known answers in 10",
    "recall_at_1": "first",
    "load": "load average",
}


def _growth_table(grown: Figures) -> str:
    lines = [f"| {' | '.join(_COLUMNS.values())} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join(f'{row[name]:,}' for name in _COLUMNS)} |" for row in grown["rows"]]
    return "\n".join(lines)


# The picture


def bars(rows: Sequence[tuple[str, str, str, float, str]]) -> str:
    """Draw the ratios as bars, the other's figure as the line at 1; a figure that stands alone is left out."""
    rows = [row for row in rows if row[2]]
    width, left, height = 820, 330, 26
    scale = (width - left - 130) / max(1.2, *(ratio for _, _, _, ratio, _ in rows))
    parts = []
    for position, (name, ours, _, ratio, _) in enumerate(rows):
        y = 30 + position * height
        label = escape(name.replace("`", ""))
        parts.append(f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{label}</text>')
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{max(2.0, ratio * scale):.1f}" height="16" rx="2"/>')
        parts.append(f'<text x="{left + ratio * scale + 6:.1f}" y="{y + 15}">{ratio:.2f} ({escape(ours)})</text>')
    bottom = 30 + len(rows) * height
    one = left + scale
    parts.append(f'<line x1="{one:.1f}" y1="22" x2="{one:.1f}" y2="{bottom}" stroke="#8a1c1c" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{one:.1f}" y="16" text-anchor="middle">plain pipeline (the page: an empty app) = 1</text>')
    style = "text{font:12px sans-serif;fill:#333}rect{fill:#2f5f8f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 10}" role="img"'
        f' aria-label="Time and memory as a share of the plain pipeline\'s">'
        f'<style>{style}</style><rect width="100%" height="100%" style="fill:#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
