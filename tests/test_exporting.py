"""Answers taken away: read from JSON, as DOCX with footnotes, Markdown, HTML, BibTeX and CSL-JSON."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from libraries import assistant
from lxml import etree, html
from markdown_it import MarkdownIt
from page_fixtures import HOSTILE, QUOTE, note, publish_documents, quoted_answer, refused_answer, register_answer

from assistant.answers import Answer, AnswerPart, WritingRecord, as_json
from assistant.workbench.bibliography import Reference, as_bibtex, as_csl
from assistant.workbench.exporting import written
from assistant.workbench.notes import lay_out, look_up, markdown, plain, read_answers
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FORMATS = ("docx", "md", "html", "bibtex", "csl", "bundle")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish_documents(tmp_path / "data", [note()])
    return Settings(data_dir=tmp_path / "data")


def lines_of(answers: Sequence[Answer]) -> str:
    return "".join(json.dumps(as_json(answer, None)) + "\n" for answer in answers)


def in_two_sentences() -> Answer:
    first = quoted_answer()
    second = quoted_answer(quote="It was launched in Paris.").citations[0]
    parts = (AnswerPart(QUOTE, (1,)), AnswerPart("It was launched in Paris.", (2, 1)), AnswerPart("A note.", (), "note"))
    return replace(first, citations=(*first.citations, replace(second, number=2, label="Article 4(2)")), parts=parts)


# Read


def test_a_batch_and_a_single_answer_are_read_back(tmp_path: Path) -> None:
    answers = [quoted_answer(), refused_answer(), register_answer(), in_two_sentences()]
    batch, single = tmp_path / "a.jsonl", tmp_path / "one.json"
    batch.write_text("\ufeff" + lines_of(answers), encoding="utf-8")
    single.write_text(json.dumps(as_json(answers[3], "7"), indent=1), encoding="utf-8")
    assert [answer.question for answer in read_answers(batch)] == [answer.question for answer in answers]
    (read,) = read_answers(single)
    assert (read.parts, read.citations) == (answers[3].parts, answers[3].citations)


def test_an_older_file_without_parts_is_read_by_its_numbers(tmp_path: Path) -> None:
    line = as_json(quoted_answer(), None) | {"answer": f"{QUOTE}[1] See [9].\n- an item[1]"}
    del line["parts"]
    (tmp_path / "a.jsonl").write_text(json.dumps(line), encoding="utf-8")
    (read,) = read_answers(tmp_path / "a.jsonl")
    told = [(part.text, part.citations, part.kind) for part in read.parts]
    assert told == [(QUOTE, (1,), "sentence"), ("See", (), "sentence"), (".", (), "sentence"), ("an item", (1,), "list_item")]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("citations", [{"number": 1}], "citations.0.source"),
        ("citations", [as_json(quoted_answer(), None)["citations"][0] | {"end": 99}], "quote is not as long"),
        ("citations", [as_json(quoted_answer(), None)["citations"][0] | {"page": 0}], "page 0"),
        ("parts", [{"text": "x", "citations": [5]}], "not there"),
        ("mode", "magic", "mode"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, field: str, value: Any, words: str) -> None:
    bad = json.dumps(as_json(quoted_answer(), None) | {field: value})
    (tmp_path / "a.jsonl").write_text(f"{lines_of([quoted_answer()])}\n{bad}\nnothing\n", encoding="utf-8")
    with pytest.raises(KnowledgeBaseError, match="line 3: .*line 4: ") as error:
        read_answers(tmp_path / "a.jsonl")
    assert words in error.value.message


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("odd") / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(KnowledgeBaseError):
        read_answers(path)


# DOCX


def with_marks(document: bytes) -> list[str]:
    """Return the paragraphs of a DOCX, each footnote reference as [id]."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        body = etree.fromstring(archive.read("word/document.xml"))
    paragraphs = []
    for paragraph in body.iter(f"{W}p"):
        marks = {f"{W}t": lambda e: e.text or "", f"{W}footnoteReference": lambda e: f"[{e.get(f'{W}id')}]"}
        paragraphs.append("".join(marks[e.tag](e) for e in paragraph.iter() if e.tag in marks))
    return paragraphs


def footnotes_of(document: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        root = etree.fromstring(archive.read("word/footnotes.xml"))
    return {note.get(f"{W}id"): "".join(note.itertext()).strip() for note in root}


def test_a_docx_has_real_footnotes_at_the_end_of_their_sentences(settings: Settings) -> None:
    answers = [in_two_sentences(), quoted_answer("Again?")]
    document = written(answers, "docx", look_up(answers, settings))
    told = with_marks(document)
    assert f"{QUOTE}[1]" in told and "It was launched in Paris.[2], [3]" in told and f"{QUOTE}[4]" in told
    notes = footnotes_of(document)
    assert list(notes) == ["-1", "0", "1", "2", "3", "4"]
    assert notes["3"] == "A note on the Call, Article 4(2), 12 November 2018: “It was launched in Paris.” (notes/call.md)"


def test_a_docx_is_opened_again_by_python_docx(settings: Settings) -> None:
    from docx import Document

    document = Document(io.BytesIO(written([in_two_sentences()], "docx", look_up([in_two_sentences()], settings))))
    headings = [p.text for p in document.paragraphs if p.style.name in ("Title", "Heading 1")]
    assert headings == ["Answers with their sources", "How many principles?"]
    kinds = {relation.reltype.rpartition("/")[2] for relation in document.part.rels.values()}
    assert "footnotes" in kinds
    assert {"footnote text", "footnote reference", "Hyperlink"} <= {style.name for style in document.styles}
    named = [child.tag.removeprefix(W) for child in document.settings.element]
    assert named.index("footnotePr") < named.index("compat")
    document.save(io.BytesIO())


def test_marks_of_weakness_and_refusals_travel_along(settings: Settings) -> None:
    parts = (AnswerPart(QUOTE, (1,), support="weak"), AnswerPart("Invented.", (), support="unsupported"))
    weak = replace(quoted_answer(), is_weak=True, parts=parts, writing=WritingRecord("m:n", True, weak=1, unsupported=1))
    answers = [weak, refused_answer(), register_answer("Quelles sont les entreprises ?")]
    for form in ("docx", "md", "html"):
        data = written(answers, form, look_up(answers, settings))
        told = "\n".join(with_marks(data)) if form == "docx" else data.decode().replace("\\", "")
        for words in ("Weak evidence", "(weakly supported)", "(not supported)", "Not answered", "Written by m:n"):
            assert words in told, (form, words)


def test_a_link_in_a_footnote_leads_to_the_primary_text(tmp_path: Path) -> None:
    document = note(source="official/harbour/charter.md")
    own = '[[source]]\nname = "harbour"\nfiles_url = "https://harbour.example/"\ninstitution = "The Harbour Office"\n'
    publish_documents(tmp_path / "data", [document])
    (tmp_path / "data/sources.toml").write_text(own, encoding="utf-8")
    answer = quoted_answer()
    answer = replace(answer, citations=(replace(answer.citations[0], source=document.source),))
    cited = look_up([answer], Settings(data_dir=tmp_path / "data"))
    data = written([answer], "docx", cited)
    assert "https://harbour.example/charter.md" in footnotes_of(data)["1"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b'TargetMode="External"' in archive.read("word/_rels/footnotes.xml.rels")
    assert "The Harbour Office" in written([answer], "bibtex", cited).decode()


def test_a_table_of_a_thousand_rows_is_written(settings: Settings) -> None:
    rows = tuple({"name": f"Town {number}", "country": "France"} for number in range(1000))
    answer = replace(register_answer(), table=rows)
    assert "Town 999" in with_marks(written([answer], "docx", look_up([answer], settings)))


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed: no DOCX is converted")
def test_libreoffice_opens_a_docx(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(written([in_two_sentences()], "docx", look_up([in_two_sentences()], settings)))
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "a.docx")]
    subprocess.run(command, check=True, timeout=120)
    assert (tmp_path / "a.pdf").stat().st_size > 5000


# Markdown and HTML


def hostile_answer() -> Answer:
    quote = f"{HOSTILE} | \\ * [^1]: https://evil.example \ufffe\x07"
    answer = quoted_answer(HOSTILE, quote)
    cited = replace(answer.citations[0], title=HOSTILE, label=HOSTILE, source="a`b<i>.md", quote=quote, end=len(quote), start=0)
    return replace(answer, citations=(cited,), parts=(AnswerPart(quote, (1,)),), table=({"<b>": "| x"},), generation=None)


def test_nothing_of_a_document_is_read_as_markup(tmp_path: Path) -> None:
    answers = [hostile_answer()]
    cited = look_up(answers, Settings(data_dir=tmp_path / "none"))
    assert cited.notices
    page = html.fromstring(written(answers, "html", cited))
    assert not page.xpath("//img | //script | //b | //i | //a[starts-with(@href, 'http')]")
    assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0].startswith("default-src 'none'")
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(written(answers, "md", cited).decode())
    assert not html.fromstring(f"<div>{shown}</div>").xpath("//img | //script | //b | //i | //a | //h3")
    assert with_marks(written(answers, "docx", cited))


@given(st.text(max_size=60))
def test_escaped_text_is_the_same_text_in_markdown(text: str) -> None:
    line = " ".join(plain(text).split())
    shown = MarkdownIt("commonmark", {"html": True}).render(markdown(line))
    assert html.fromstring(f"<div>{shown}</div>").text_content().strip() == line


def test_markdown_has_a_footnote_for_each_mark(settings: Settings) -> None:
    told = written([in_two_sentences()], "md", look_up([in_two_sentences()], settings)).decode()
    assert "It was launched in Paris.[^2][^3]" in told
    assert [line.split(":")[0] for line in told.splitlines() if line.startswith("[^")] == ["[^1]", "[^2]", "[^3]"]


def test_footnotes_are_numbered_through(settings: Settings) -> None:
    answers = [in_two_sentences(), refused_answer(), quoted_answer()]
    assert [note.number for note in lay_out(answers, look_up(answers, settings)).footnotes] == [1, 2, 3, 4]


# Bibliography

TITLE, ADDRESS = 'The {"100 %"} & $cope\\ ~ #1 @x', "https://a.example/x?y={1}&z=2"
ODD = Reference("a/b_c%.pdf", TITLE, "Böard of <Towns>", "2021-03", ADDRESS, "en")
PLAIN = Reference("c.md", "Plain", None, "2020-01-05")
BARE = Reference("d.md", "Plain")


STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0"><info><title>t</title><id>t</id></info>
<citation><layout><text variable="title"/></layout></citation>
<bibliography><layout delimiter=" "><group delimiter=", "><names variable="author"><name/></names><text variable="title"/>
<date variable="issued"><date-part name="year"/></date><text variable="URL"/></group></layout></bibliography></style>"""


@pytest.fixture
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("quiet")
def test_bibtex_is_read_by_pybtex() -> None:
    from pybtex.database import parse_string

    entries = parse_string(as_bibtex([ODD, PLAIN, BARE]), "bibtex").entries
    assert set(entries) == {ODD.key, PLAIN.key, BARE.key} and len(entries) == 3
    assert entries[ODD.key].fields["year"] == "2021" and entries[PLAIN.key].fields["date"] == "2020-01-05"
    assert entries[ODD.key].fields["url"] == "https://a.example/x?y=%7B1%7D&z=2"
    assert str(entries[ODD.key].persons["author"][0]) == "{Böard of <Towns>}"


@pytest.mark.usefixtures("quiet")
@given(st.text(max_size=40), st.text(max_size=20))
def test_any_title_is_a_bibtex_entry(title: str, source: str) -> None:
    from pybtex.database import parse_string

    assert list(parse_string(as_bibtex([Reference(source, title, title, title)]), "bibtex").entries)


@pytest.mark.usefixtures("quiet")
def test_csl_is_rendered_by_citeproc(tmp_path: Path) -> None:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
    from citeproc.source.json import CiteProcJSON

    entries = json.loads(as_csl([ODD, PLAIN, BARE]))
    source = CiteProcJSON(entries)
    (tmp_path / "plain.csl").write_text(STYLE, encoding="utf-8")
    style = CitationStylesStyle(str(tmp_path / "plain.csl"), validate=False)
    bibliography = CitationStylesBibliography(style, source, formatter.plain)
    for reference in (ODD, PLAIN):
        bibliography.register(Citation([CitationItem(reference.key)]))
    told = " ".join(map(str, bibliography.bibliography()))
    assert "2021" in told and "Plain, 2020" in told and "Böard of" in told and "https://a.example/x" in told
    by_key = {entry["id"]: entry for entry in entries}
    assert by_key[PLAIN.key]["issued"] == {"date-parts": [[2020, 1, 5]]} and by_key[ODD.key]["title"] == TITLE


def test_keys_depend_on_the_document_alone() -> None:
    assert PLAIN.key != BARE.key and PLAIN.key.startswith("plain-2020-")
    assert as_bibtex([PLAIN, ODD, PLAIN]) == as_bibtex([ODD, PLAIN])


# The command


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_writes_each_form(settings: Settings, tmp_path: Path, form: str) -> None:
    (tmp_path / "a.jsonl").write_text(lines_of([quoted_answer(), refused_answer()]), encoding="utf-8")
    target = tmp_path / "out"
    arguments = (str(tmp_path / "a.jsonl"), "--format", form, "--output", str(target), "--json")
    done = assistant("export", *arguments, "--data-dir", str(settings.data_dir))
    assert (done.code, done.json["answers"], done.json["documents"]) == (0, 2, 1), done.error
    assert target.stat().st_size == done.json["bytes"]


def test_the_command_ends_with_2_and_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n", encoding="utf-8")
    command = [sys.executable, "-m", "assistant", "export", str(tmp_path / "a.jsonl"), "--format", "md"]
    command += ["--output", str(tmp_path / "a.md"), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 1: question: Field required" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "a.md").exists()
    assert assistant("export", "a", "--format", "md", "--output", "b", "--with-originals").code == 2
