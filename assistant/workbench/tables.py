"""Rows as CSV and XLSX: what a spreadsheet would take for a formula is made text."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.escaping import guarded, without_controls
from knowledge_base.files import write_output

Rows = Sequence[Mapping[str, str | int | None]]
MOST_CHARACTERS = 32_000  # of a cell; Excel takes 32,767
_WIDTHS = range(8, 70)  # of a column, in characters
_BYTE_ORDER_MARK = "utf-8-sig"  # by which Excel knows that a CSV is UTF-8


def as_csv(rows: Rows) -> bytes:
    """Return rows as CSV with a header."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue().encode(_BYTE_ORDER_MARK)


def as_xlsx(sheets: Mapping[str, Rows]) -> bytes:
    """Return sheets of rows as a workbook, a header above each that stays in sight."""
    from xlsxwriter import Workbook

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(buffer, options) as workbook:
        bold, wrapped = workbook.add_format({"bold": True}), workbook.add_format({"text_wrap": True, "valign": "top"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for column, title in enumerate(rows[0] if rows else ()):
                longest = max(len(str(row[title] or "")) for row in rows)
                sheet.set_column(column, column, min(max(longest, len(title), _WIDTHS.start), _WIDTHS.stop))
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(rows, start=1):
                for column, value in enumerate(row.values()):
                    cell = _cell(value)
                    write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                    write(number, column, cell, wrapped)
    return buffer.getvalue()


def write_table(path: Path, sheets: Mapping[str, Rows]) -> None:
    """Write a table to a file whose name ends in .xlsx, or in .csv, which holds the first sheet."""
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise KnowledgeBaseError(f"{path.name} is neither .xlsx nor .csv.", "Name the file so that it ends in one of them.")
    data = as_xlsx(sheets) if path.suffix.lower() == ".xlsx" else as_csv(next(iter(sheets.values())))
    write_output(path, data)


def _cell(value: str | int | None) -> str | int:
    """Return what stands in a cell: numbers as they are, text on one line that is no formula."""
    if isinstance(value, int):
        return value
    return guarded(" ".join(without_controls(value or "").split()))[:MOST_CHARACTERS]
