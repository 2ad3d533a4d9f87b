"""The commands search, coverage, references and compare, run as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest.sync.sync import SyncOptions, sync
from knowledge_base.settings import Settings

CITATION = {"number", "source", "title", "page", "start", "end", "quote", "status"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "lamps.md").write_text("# Lamps\n\nThe lamps of the pier are lit at dusk, as the Harbour Act says.\n")
    (folder / "boats.md").write_text("# Boats\n\nNo boat leaves the pier in a storm.\n")
    data = tmp_path_factory.mktemp("data")
    sync(Settings(data_dir=data), SyncOptions(folder))
    return data


def run(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def printed(data_dir: Path, *arguments: str) -> Any:
    done = run(data_dir, *arguments, "--json")
    assert done.returncode == 0 and done.stderr == ""
    return json.loads(done.stdout)


def test_search_prints_what_the_contract_says(data_dir: Path) -> None:
    found = printed(data_dir, "search", "lamps AND pier", "--limit", "5")
    assert found["total"] == len(found["results"]) == 1
    (result,) = found["results"]
    assert {"source", "title", "page", "start", "end", "text", "score"} <= set(result)
    assert result["source"] == "lamps.md" and result["text"].startswith("Lamps") or "lamps" in result["text"]
    assert printed(data_dir, "search", "pier", "--document", "boats", "--type", "markdown")["total"] == 1
    assert printed(data_dir, "search", "pier", "--year", "1999")["total"] == 0
    assert "In no document: “zebra”" in run(data_dir, "search", "zebra pier").stdout


def test_coverage_prints_what_the_contract_says(data_dir: Path, tmp_path: Path) -> None:
    table = tmp_path / "lamps.xlsx"
    found = printed(data_dir, "coverage", "lamp", "--output", str(table))
    assert {"term", "searched", "rows", "none"} <= set(found)
    assert found["searched"] == ["lamp", "lamps"] and found["none"] == ["boats.md"]
    (row,) = found["rows"]
    assert (row["source"], row["title"], row["count"]) == ("lamps.md", "Lamps", 2)
    assert set(row["citation"]) >= CITATION and row["citation"]["quote"].startswith("The lamps of the pier")
    assert table.read_bytes()[:2] == b"PK"
    assert "1 of 2 documents" in run(data_dir, "coverage", "lamp", "--by", "year").stdout


def test_references_prints_what_is_cited(data_dir: Path) -> None:
    found = printed(data_dir, "references")
    assert found["held"] == [] and [entry["name"] for entry in found["missing"]] == ["Harbour Act"]
    assert "Harbour Act (in 1 documents)" in run(data_dir, "references").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "(lamps"), ("search", "the of"), ("search", ""), ("search", "NOT lamps"), ("coverage", "of the"),
        ("coverage", "lamp", "--by", "colour"), ("coverage", "lamp", "--output", "lamp.doc"), ("coverage", "x" * 10_000),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_with_2_and_a_remedy(data_dir: Path, arguments: tuple[str, ...]) -> None:
    done = run(data_dir, *arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("Error: ") and "Traceback" not in done.stderr


def test_without_an_index_the_commands_say_so(tmp_path: Path) -> None:
    for command in (("search", "lamps"), ("coverage", "lamps"), ("references",)):
        done = run(tmp_path, *command)
        assert done.returncode == 2 and "ingest sync" in done.stderr


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "rules.md").write_text(
        "# Rules of the harbour\n\nThe pilot boards every ship before noon.\n\nA ship that is late pays 40 crowns.\n\n"
        "Nobody may fish from the pier.\n"
    )
    (folder / "rules-2031.md").write_text(
        "# Rules of the harbour, revised\n\nThe pilot boards every ship before noon.\n\nDogs are kept on a lead.\n\n"
        "A ship that is late pays 70 crowns.\n"
    )
    (folder / "reglement.md").write_text(
        "# Règlement du port\n\nLe pilote monte à bord de chaque navire avant midi.\n\n"
        "Il est interdit à quiconque de pêcher depuis la jetée.\n"
    )
    data = tmp_path_factory.mktemp("bilingual")
    sync(Settings(data_dir=data), SyncOptions(folder))
    return data


def test_compare_pairs_paragraphs_and_marks_what_differs(bilingual: Path) -> None:
    found = printed(bilingual, "compare", "rules.md", "rules-2031.md")
    sides = [tuple(pair[side] and pair[side]["text"] for side in ("left", "right")) for pair in found["pairs"]]
    assert ("The pilot boards every ship before noon.",) * 2 in sides
    assert (None, "Dogs are kept on a lead.") in sides and ("Nobody may fish from the pier.", None) in sides
    [late] = [pair for pair in found["pairs"] if pair["left"] and pair["right"] and "late" in pair["left"]["text"]]
    assert [run["text"] for run in late["words"] if run["kind"] != "same"] == ["40", "70"]
    assert found["counts"] == {"same": 1, "paired": 2, "left": 1, "right": 1}
    told = run(bilingual, "compare", "rules.md", "revised").stdout
    assert "< A ship that is late pays 40 crowns.\n> A ship that is late pays 70 crowns." in told
    assert "> Dogs are kept on a lead." in told


def test_compare_aligns_a_text_with_its_translation(bilingual: Path) -> None:
    found = printed(bilingual, "compare", "rules.md", "reglement.md")
    pairs = {pair["left"]["text"]: pair["right"] and pair["right"]["text"] for pair in found["pairs"] if pair["left"]}
    assert pairs["The pilot boards every ship before noon."] == "Le pilote monte à bord de chaque navire avant midi."
    assert pairs["Nobody may fish from the pier."] == "Il est interdit à quiconque de pêcher depuis la jetée."
    assert pairs["A ship that is late pays 40 crowns."] is None


@pytest.mark.parametrize(("name", "told"), [("zebra", "No document is called “zebra”"), ("rules", "2 documents are called")])
def test_compare_says_which_name_fits_no_document_or_several(bilingual: Path, name: str, told: str) -> None:
    done = run(bilingual, "compare", name, "reglement.md")
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    without = subprocess.run(
        [sys.executable, "-m", "assistant", "compare", "rules.md", "reglement.md", "--data-dir", str(bilingual)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PARISCALL_MULTILINGUAL": "false"},
    )
    assert without.returncode == 2 and "PARISCALL_MULTILINGUAL=true" in without.stderr


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dated")
    (folder / "harbour.md").write_text(
        "# The harbour since 1998\n\nThe pier was built in March 2031 and burnt on 4 May 2033. The lamps came in 2032.\n\n"
        "The pilot has 1,998 tools and no year.\n"
    )
    (folder / "port.md").write_text("# Le port\n\nLa jetée a été bâtie le 3 mars 2031. Les lampes sont vieilles.\n")
    data = tmp_path_factory.mktemp("dated-data")
    sync(Settings(data_dir=data), SyncOptions(folder))
    return data


def test_timeline_orders_statements_by_the_dates_that_they_name(dated: Path) -> None:
    found = printed(dated, "timeline")
    assert [(row["date"], row["source"]) for row in found["statements"]] == [
        ("2031-03", "harbour.md"),
        ("2031-03-03", "port.md"),
        ("2032", "harbour.md"),
        ("2033-05-04", "harbour.md"),
    ]
    assert found["total"] == 4 and found["years"] == {"2031": 2, "2032": 1, "2033": 1}
    assert (
        found["statements"][1]["text"] == "La jetée a été bâtie le 3 mars 2031." and "port.md" in found["statements"][1]["link"]
    )


def test_timeline_takes_words_and_years(dated: Path) -> None:
    assert [row["date"] for row in printed(dated, "timeline", "lamp")["statements"]] == ["2032"]
    assert [row["date"] for row in printed(dated, "timeline", "--since", "2032", "--until", "2032")["statements"]] == ["2032"]
    assert printed(dated, "timeline", "zebra")["total"] == 0
    told = run(dated, "timeline", "--limit", "1").stdout
    assert told.startswith("2031-03 ") and "and 3 more" in told
    common = run(dated, "timeline", "the of")
    assert common.returncode == 2 and "too common" in common.stderr and "Traceback" not in common.stderr


def test_supporters_are_counted_and_written_as_rows(dated: Path, tmp_path: Path) -> None:
    table = tmp_path / "states.csv"
    found = printed(
        dated, "supporters", "--category", "state", "--country", "FRA", "--country", "Germany", "--output", str(table)
    )
    assert (found["count"], found["built_in"], found["countries"]) == (2, True, {"DEU": 1, "FRA": 1})
    assert {row["name"] for row in found["rows"]} == {"France", "Germany"} and len(table.read_text().splitlines()) == 3
    everything = printed(dated, "supporters")
    assert everything["count"] == sum(everything["countries"].values()) == sum(everything["categories"].values()) > 50
    assert run(dated, "supporters").stdout.startswith(f"{everything['count']} ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--category", "zebra"), "There is no category “zebra”"), (("--country", "Atlantis"), "is not one country")],
)
def test_supporters_of_an_unknown_kind_are_refused(dated: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run(dated, "supporters", *arguments)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
