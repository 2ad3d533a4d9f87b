"""Coverage: rows with their best quotes, the documents without a mention, tables; and which text cites which."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_catalogs import catalog_of, count_words, pages_of

from assistant.answers import Citation, stands_on_its_page
from assistant.workbench.coverage import GROUPS, By, cover
from assistant.workbench.references import find_references
from assistant.workbench.tables import as_csv, as_xlsx, write_table
from ingest.loaders import markdown
from ingest.sync.chunking import chunk
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.passages import Document, Page, RegisterRecord
from knowledge_base.store.catalog import Catalog

RULES = "# Harbour rules\n\nEach ship carries a light. In France the light is white, in Japan the lights are red.\n"
TALKS = (
    "# Talks\n\nA ship needs no horn, says the Harbour Rules of 2019. The Tallinn Manual and A/RES/73/27 say more"
    " (https://undocs.org/A/RES/73/27).\n\nThe Convention on Buoys is not mentioned by many.\n"
)
PORT = "# Règles du port\n\nLe navire porte un feu, selon le Manuel de Tallinn et la Convention de Budapest.\n"
GUIDE = "# The Grey Point Guide\n\nSee https://example.org/files/survey.pdf and the Budapest Convention.\n"
RECORD = 'name: "Lights of Kyoto"\ncategory: private-sector\n'


def record(source: str, name: str, country: str | None) -> Document:
    found = RegisterRecord(name, "private-sector", "company", country, None)
    return Document(source, name, f"hash of {source}", None, (Page(None, None, RECORD),), kind="record", record=found)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    texts = {"rules.md": ("en", "2019-05-01", RULES), "talks.md": ("en", "2021-02-03", TALKS), "guide.md": ("en", None, GUIDE)}
    texts["port.md"] = ("fr", "2021-09-09", PORT)
    documents = [
        replace(markdown.load(text.encode(), source), language=language, date=date)
        for source, (language, date, text) in texts.items()
    ]
    survey = pages_of("survey.pdf", [("paragraph", "Nothing of that kind.")], [("paragraph", "=1+1 lights were counted.")])
    path = tmp_path_factory.mktemp("coverage") / "catalog.sqlite3"
    with Catalog.create(path) as made:
        for document in (*documents, survey):
            made.put_document(document, chunk(document, count_words, 256), "test-1", "2026-01-02T03:04:05+00:00")
        for document in (record("register/kyoto.md", "Lights of Kyoto", "JPN"), record("register/other.md", "Other", None)):
            made.put_document(document, [], "test-1", "2026-01-02T03:04:05+00:00")
    with Catalog.read(path) as opened:
        yield opened


def test_every_document_is_either_counted_or_named_as_without_a_mention(catalog: Catalog) -> None:
    found = cover("light", catalog)
    assert {row.source: row.count for row in found.rows} == {
        "rules.md": 3, "survey.pdf": 1, "register/kyoto.md": 1, "register/other.md": 1,
    }  # fmt: skip
    assert found.none == ("guide.md", "port.md", "talks.md")
    assert found.searched == ("light", "lights")
    assert found.rows[0].forms == {"light": 2, "lights": 1}
    assert found.number_holding(records=False) == (2, 5) and found.number_holding(records=True) == (2, 2)


@pytest.mark.parametrize("by", GROUPS)
def test_each_row_is_quoted_letter_for_letter(catalog: Catalog, by: By) -> None:
    found = cover("light", catalog, by)
    assert found.rows
    for row in found.rows:
        assert isinstance(row.citation, Citation) and stands_on_its_page(row.citation, catalog)
        assert "light" in row.citation.quote.casefold() and row.source == row.citation.source
    assert [row.citation.number for row in found.rows if row.citation] == list(range(1, len(found.rows) + 1))


def test_mentions_are_counted_by_year_language_and_country(catalog: Catalog) -> None:
    def counted(by: By, language: str = "en") -> dict[str, int]:
        return {row.title: row.count for row in cover("light", catalog, by, language).rows}

    assert counted("year") == {"2019": 3, "no date": 3}
    assert counted("language") == {"English": 4, "language unknown": 2}
    assert counted("language", "fr") == {"anglais": 4, "langue inconnue": 2}
    assert counted("country") == {"Japan": 3, "France": 2, "no country given": 1}


def test_the_other_language_counts_too(catalog: Catalog) -> None:
    found = cover("Budapest Convention", catalog)
    assert {row.source: row.count for row in found.rows} == {"guide.md": 1, "port.md": 1}
    assert found.searched == ("budapest convention", "convention de budapest")


def test_a_term_without_mentions_proves_it(catalog: Catalog) -> None:
    found = cover("whale", catalog)
    assert found.rows == () and len(found.none) == 7 and found.searched == ("whale",)


@pytest.mark.parametrize(("term", "by"), [("of the", "document"), ("light", "colour")])
def test_what_cannot_be_counted_is_refused(catalog: Catalog, term: str, by: By) -> None:
    with pytest.raises(KnowledgeBaseError) as raised:
        cover(term, catalog, by)
    assert raised.value.remedy


def test_the_table_holds_the_counts_of_0_too_and_no_formula(catalog: Catalog) -> None:
    sheets = cover("lights", catalog).table()
    rows = list(csv.DictReader(io.StringIO(as_csv(sheets["Coverage"]).decode("utf-8-sig"))))
    assert [row["Mentions"] for row in rows if row["Source"] in ("rules.md", "talks.md")] == ["3", "0"]
    assert [row["Best quote"] for row in rows if row["Source"] == "survey.pdf"] == ["'=1+1 lights were counted."]
    with zipfile.ZipFile(io.BytesIO(as_xlsx(sheets))) as workbook:
        written = "".join(workbook.read(name).decode() for name in workbook.namelist() if name.endswith(".xml"))
    assert "<f>" not in written and "&#39;=1+1 lights were counted." in written.replace("'", "&#39;")
    assert 'name="Searched for"' in written


def test_a_table_is_written_by_the_ending_of_its_file(catalog: Catalog, tmp_path: Path) -> None:
    sheets = cover("lights", catalog).table()
    write_table(tmp_path / "a.xlsx", sheets)
    write_table(tmp_path / "a.csv", sheets)
    assert (tmp_path / "a.xlsx").read_bytes()[:2] == b"PK" and (tmp_path / "a.csv").read_text("utf-8-sig").startswith(
        "Document,"
    )
    for bad in (tmp_path / "a.txt", tmp_path / "no" / "a.csv"):
        with pytest.raises(KnowledgeBaseError) as raised:
            write_table(bad, sheets)
        assert raised.value.remedy


def test_what_is_cited_is_resolved_to_what_is_indexed(catalog: Catalog) -> None:
    found = find_references(catalog)
    held = {reference.name: reference for reference in found.held}
    missing = {reference.name: reference for reference in found.missing}
    assert held["https://example.org/files/survey.pdf"].sources == ("survey.pdf",)
    assert missing["A/RES/73/27"].count == 2 and missing["A/RES/73/27"].kind == "number"
    assert {c.source for c in missing["Budapest Convention"].citing} == {"guide.md", "port.md"}
    assert {"Tallinn Manual", "Manuel de Tallinn", "Convention on Buoys"} <= set(missing)
    for reference in (*found.held, *found.missing):
        assert all(c.citation and stands_on_its_page(c.citation, catalog) for c in reference.citing)


def test_titles_are_references_and_a_document_does_not_cite_itself(tmp_path: Path) -> None:
    texts = {
        "guide.md": GUIDE,
        "log.md": "# Log\n\nIt is all in the Grey Point Guide, which the Grey Point guide of 1874 preceded.\n",
    }
    with catalog_of(tmp_path / "catalog.sqlite3", texts) as opened:
        (reference,) = find_references(opened).held
    assert reference.sources == ("guide.md",) and [(c.source, c.count) for c in reference.citing] == [("log.md", 2)]


def test_the_most_cited_come_first(catalog: Catalog) -> None:
    found = find_references(catalog).missing
    assert [len(r.citing) for r in found] == sorted((len(r.citing) for r in found), reverse=True)
    assert "Cited" in find_references(catalog).table()["References"][0]
