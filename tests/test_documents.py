from __future__ import annotations

import io
import zipfile
from hashlib import sha256
from pathlib import Path

import docx
import pytest

from ingest.loaders.document import load_document, loader_version
from knowledge_base.errors import DocumentError
from knowledge_base.file_types import skip_reason

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"


def word() -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_paragraph("The office opens at nine in the morning.")
    document.save(buffer)
    return buffer.getvalue()


def test_each_kind_is_loaded_by_its_loader() -> None:
    kinds = {
        "a.md": b"# Head",
        "a.html": b"<p>x</p>",
        "a.txt": b"x",
        "a.yml": b"a: b",
        "a.docx": word(),
    }
    loaded = {name: load_document(data, name).kind for name, data in kinds.items()}
    assert loaded == {"a.md": "markdown", "a.html": "html", "a.txt": "text", "a.yml": "yaml", "a.docx": "docx"}


def test_the_same_bytes_have_the_same_hash_whatever_their_name() -> None:
    first, second = load_document(b"Text.", "a.txt"), load_document(b"Text.", "b/c.md")
    assert first.content_hash == second.content_hash == sha256(b"Text.").hexdigest()


def test_the_language_is_named_and_a_stated_one_wins() -> None:
    french = "Le texte réaffirme que le droit international s'applique au cyberespace."
    assert load_document(french.encode(), "a.txt").language == "fr"
    assert load_document(f"---\nlang: en\n---\n{french}".encode(), "a.md").language == "en"


def test_records_and_data_have_no_language() -> None:
    record = b'---\nname: "The Company of the Friends"\ncategory: state\nnationality: FRA\n---\n'
    assert load_document(record, "a.md").language is None
    assert load_document(b"en: This is an English sentence about the call.", "a.yml").language is None


def test_a_parser_that_fails_in_an_unforeseen_way_gives_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes, source: str) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("ingest.loaders.text.load", fail)
    with pytest.raises(DocumentError, match=r"a\.txt cannot be read as text \(RecursionError: too deep\)"):
        load_document(b"x", "a.txt")


def test_a_type_that_is_not_read_cannot_be_loaded() -> None:
    with pytest.raises(DocumentError, match=r"type \.xlsx is not read"):
        load_document(b"x", "a.xlsx")


def test_records_share_the_version_of_markdown() -> None:
    assert loader_version("record").partition("-")[2] == loader_version("markdown").partition("-")[2]
    assert loader_version("html") != loader_version("yaml")


def test_a_zip_that_names_the_body_but_is_broken_is_an_error() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<not-word/>")
    with pytest.raises(DocumentError, match="damaged"):
        load_document(buffer.getvalue(), "a.docx")


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")
def test_every_readable_file_of_the_corpus_but_pdf_has_text_and_well_formed_blocks() -> None:
    files = [path for path in sorted(CORPUS.rglob("*")) if path.is_file() and not skip_reason(path.name)]
    for path in (path for path in files if path.suffix != ".pdf"):
        page = load_document(path.read_bytes(), path.name).pages[0]
        end = 0
        for block in page.blocks:
            text = page.text[block.start : block.end]
            assert block.start >= end and text and text == text.strip(), (path.name, block)
            end = block.end
