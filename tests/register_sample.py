"""A small register for tests, written into a catalog as the loader of records would."""

from __future__ import annotations

import hashlib
from pathlib import Path

from knowledge_base.passages import Document, Page, RegisterRecord
from knowledge_base.store.catalog import Catalog

ROWS = (
    ("Allemagne", "state", "UE", "DEU", None),
    ("France", "state", "UE", "FRA", None),
    ("Roumanie", "state", "UE", "ROM", None),
    ("Japon", "state", "", "JPN", None),
    ("États-Unis", "state", "", "USA", None),
    ("Serbie", "state", "", "SCG", None),
    ("Corée du Sud", "state", "", "KOR", None),
    ("Sénégal", "state", "", "SEN", None),
    ("Norvège", "state", "", "NOR", None),
    ("Cambodge", "state", "", "KHM", "2020-02-27"),
    ("European Union", "public-authority", "", None, None),
    ("City of Testville", "public-authority", "Collectivité locale", "USA", None),
    ("State of Example", "public-authority", "Etat fédéré", "USA", None),
    ("Agence des essais", "public-authority", "Agence", "FRA", None),
    ("Microsoft", "private-sector", "Entreprise", "USA", None),
    ("Microsoft Danube", "private-sector", "Entreprise", "HUN", None),
    ("Google", "private-sector", "Entreprise", "USA", None),
    ("Kaspersky Lab", "private-sector", "Entreprise", "RUS", None),
    ("Siemens", "private-sector", "Entreprise", "DEU", None),
    ("Acme Ltd.", "private-sector", "Entreprise", "DEU", None),
    ("Société Lumière", "private-sector", "Entreprise", "FRA", None),
    ("Lenovo", "private-sector", "Entreprise", "CHN", "2021-03-05"),
    ("Hitachi", "private-sector", "Entreprise", "JPN", None),
    ("Federation of Sample Makers", "private-sector", "Fédération", "JPN", None),
    ("Blank Works", "private-sector", "", "IND", None),
    ("Munich Security Conference", "civil-society", "Forum", "DEU", None),
    ("Asia Pacific Network Information Centre (APNIC)", "civil-society", "Organisation à but non lucratif", "AUS", None),
    ("Université d’Essai", "civil-society", "université", "FRA", "2019-11-12"),
    ("University of Sampling", "civil-society", "Université", "USA", None),
    ("Lake Peace Institute", "civil-society", "ONG", "CHE", "2021-09-01"),
    ("Lagos Network", "civil-society", "ONG", "NGA", None),
    ("Think Twice", "civil-society", "Think tank ", "DEU", None),
    ("Number Body", "civil-society", "", None, None),
)
INDEXED_AT = "2026-02-03T10:00:00+00:00"


def record_text(name: str, category: str, nature: str, country: str | None, joined: str | None) -> str:
    """Return the text of a supporter's file."""
    date = f'\nwebsite: "https://example.org/"\ndate_signed: {joined}' if joined else ""
    return f'---\nname: "{name}"\ncategory: {category}\nnature: "{nature}"\nnationality: {country or ""}{date}\n---\n'


def put_record(catalog: Catalog, source: str, record: RegisterRecord, text: str) -> None:
    """Put one supporter's file into a catalog."""
    content_hash = hashlib.sha256(text.encode()).hexdigest()
    pages = (Page(None, None, text),)
    document = Document(source, record.name, content_hash, None, pages, kind="record", record=record)
    catalog.put_document(document, (), "1", INDEXED_AT)


def sample_catalog(path: Path) -> Catalog:
    """Make a catalog of the sample's records."""
    catalog = Catalog.create(path)
    for number, row in enumerate(ROWS):
        put_record(catalog, f"official/_supporters/{number:02}.md", RegisterRecord(*row), record_text(*row))
    return catalog
