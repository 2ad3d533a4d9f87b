from __future__ import annotations

from ingest.loaders.structure import PageWriter
from ingest.loaders.tables import Cell, is_layout, write_table
from ingest.loaders.text_layout.grid_tables import read_grid, read_pipes


def cells(*rows: str) -> list[list[Cell]]:
    return [[Cell(text.strip()) for text in row.split("|")] for row in rows]


def written(rows: list[list[Cell]], header_rows: int | None = None) -> list[str]:
    writer = PageWriter()
    write_table(writer, rows, header_rows)
    page = writer.page()
    return [page.text[block.start : block.end] for block in page.blocks]


def test_a_row_is_read_with_its_headers_and_an_empty_cell_is_shown() -> None:
    assert written(cells("Country|2030|2031", "Austria||44"), 1) == ["Country | 2030 | 2031", "Austria | 2030: — | 2031: 44"]


def test_a_header_over_numbers_is_found_and_pairs_of_name_and_value_have_none() -> None:
    assert written(cells("Class|Fee|Days", "A|90|3", "B|450|4"))[2] == "B | Fee: 450 | Days: 4"
    assert written(cells("Name|Harbour", "Founded|1990", "Staff|44")) == ["Name | Harbour", "Founded | 1990", "Staff | 44"]


def test_spans_repeat_down_the_rows_and_are_read_once_across() -> None:
    rows = [
        [Cell("Port", is_header=True, rows=2), Cell("2031", is_header=True, columns=2)],
        [Cell("in", is_header=True), Cell("out", is_header=True)],
        [Cell("Nord", rows=2), Cell("1"), Cell("2")],
        [Cell("closed", columns=2)],
        [Cell("Southern ports", columns=3)],
    ]
    assert written(rows)[2:] == ["Nord | 2031, in: 1 | 2031, out: 2", "Nord | 2031, in / out: closed", "Southern ports"]


def test_a_table_of_marks_or_of_two_languages_is_a_layout() -> None:
    english = "The Parties shall meet every year in the town of the depositary to look at the work done."
    french = "Les Parties se réunissent chaque année dans la ville du dépositaire pour examiner le travail."
    assert is_layout(cells("(a)|lights", "(b)|horns"))
    assert is_layout(cells("One column"))
    assert is_layout(cells(f"{english}|{french}", f"{english}|{french}"))
    assert not is_layout(cells("Name|Anna", "Desk|12 North"))


def test_a_grid_table_keeps_cells_of_several_lines_and_rows() -> None:
    lines = [
        "+-----+-------+",
        "| A   | small |",
        "|     | boats |",
        "+=====+=======+",
        "| B   | one   |",
        "|     +-------+",
        "|     | two   |",
        "+-----+-------+",
    ]
    rows, headers = read_grid(lines)
    assert (headers, [[cell.text for cell in row] for row in rows]) == (1, [["A", "small boats"], ["B", "one"], ["two"]])
    assert rows[1][0].rows == 2


def test_lines_with_bars_are_rows_and_sentences_are_none() -> None:
    assert read_pipes(["| a | b |", "| c | d |"]) == (cells("a|b", "c|d"), 0)
    assert read_pipes(["A sentence.", "Another one."]) is None


def test_a_span_beyond_all_measure_does_no_harm() -> None:
    assert len(written([[Cell("a", rows=60_000), Cell("b", columns=900)] for _ in range(50)])) == 50
