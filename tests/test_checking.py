"""A draft is checked sentence by sentence: the command, its JSON, and the Word file with comments."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
from small_catalogs import catalog_of

from assistant.workbench.checking import Checked, Checker, as_rows, commented, described
from assistant.workbench.drafts import Draft, DraftSentence, of_text, read_draft
from assistant.workbench.quotations import find, named_documents, quotations_in
from assistant.workbench.tables import as_csv
from assistant.workbench.word_file import AUTHOR, read_paragraphs, with_comments
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

ENGLISH = """# The Lamp Charter

The Lamp Charter was signed in Brightwater on 4 March 2021 by nine coastal towns.
Most towns must keep a lamp lit from dusk to dawn.
The harbour board appointed Mary Holt as keeper of the lamps.
A town may propose an amendment at the spring meeting.
The treasurer said: “It's our duty to repair the piers, and the fund pays for half of it.”
"""
ARTICLE = """# Article 3 of the Lamp Charter: guard the articles

Twelve officers of the coast guard inspected the lamps in 2020.
"""
FRENCH = """# La charte des phares

Le conseil du port a nommé Marie Holt gardienne des phares en 2019. Chaque ville doit garder une lampe allumée.
L’usage des cornes de brume n’est pas permis la nuit.
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("checking")
    folder = place / "documents"
    folder.mkdir()
    (folder / "charter.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "article-3.md").write_text(ARTICLE, encoding="utf-8")
    (folder / "charte.md").write_text(FRENCH, encoding="utf-8")
    sync(Settings(data_dir=place / "data"), SyncOptions(folder=folder))
    return place / "data"


@pytest.fixture(scope="module")
def checker(data_dir: Path) -> Iterator[Checker]:
    with Checker.open(Settings(data_dir=data_dir)) as opened:
        yield opened


def checked(checker: Checker, text: str) -> Checked:
    return checker.check_sentence(DraftSentence(text, 0, len(text), 0, True))


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("verbatim", "The harbour board appointed Mary Holt as keeper of the lamps."),
        ("verbatim", 'The treasurer declared: "It’s our duty to repair the piers [...] the fund pays for half of it".'),
        ("verbatim", "One of them held that “[i]t's our duty to repair the piers”."),
        ("verbatim", "L'usage des cornes de brume n'est pas permis la nuit."),
        ("supported", "Mary Holt was appointed by the harbour board."),
        ("supported", "Nine coastal towns signed the Lamp Charter in Brightwater on 4 March 2021."),
        ("supported", "Marie Holt a été nommée par le conseil du port en 2019."),
        ("contradicted", 'The treasurer declared: "It is our duty to repair the lamps, and the fund pays for half of it".'),
        ("contradicted", "The Lamp Charter was signed in Brightwater on 4 March 2022 by nine coastal towns."),
        ("contradicted", "The Lamp Charter was signed in Brightwater by seven coastal towns."),
        ("contradicted", "All towns must keep a lamp lit from dusk to dawn."),
        ("contradicted", "A town must propose an amendment at the spring meeting."),
        ("contradicted", "The harbour board did not appoint Mary Holt as keeper of the lamps."),
        ("contradicted", "Chaque ville peut garder une lampe allumée."),
        ("contradicted", "Le conseil du port a nommé Marie Holt gardienne des phares en 2017."),
        ("not_found", "The ferry sells tickets to foreign tourists in August."),
    ],
)
def test_each_status_in_english_and_french(checker: Checker, status: str, text: str) -> None:
    found = checked(checker, text)
    assert found.status == status, described(found)
    page = {c.source: checker.generation.catalog.page(c.source, c.page) for c in found.citations}
    assert all((p := page[c.source]) and p.text[c.start : c.end] == c.quote for c in found.citations)


@pytest.mark.parametrize("text", ["Mary Holt appointed the harbour board.", "A town propose an amendment in secret at night."])
def test_what_is_turned_round_or_added_is_not_supported(checker: Checker, text: str) -> None:
    assert checked(checker, text).status in ("contradicted", "not_found")


def test_a_wrong_word_of_a_quotation_is_shown(checker: Checker) -> None:
    found = checked(checker, 'She said "it\'s our duty to paint the piers, and the fund pays for half of it".')
    assert found.status == "contradicted"
    assert [(d.claim, d.evidence) for d in found.differences if d.claim == "paint"] == [("paint", "repair")]


def test_part_of_a_sentence_is_not_verbatim_without_quotation_marks(checker: Checker) -> None:
    assert checked(checker, "The fund pays for half of it.").status != "verbatim"


def test_quotations_are_found_by_the_letter(tmp_path: Path) -> None:
    text = "# Notes\n\nThe piers – all ‘eleven’ of them – were\u00a0repaired in “the hard winter”, she wrote.\n"
    with catalog_of(tmp_path / "catalog.sqlite3", {"notes.md": text}) as catalog:
        assert find("all 'eleven' of them – were repaired in \"the hard winter\"", catalog)
        assert find("The piers ... were repaired", catalog)
        assert find("all ‘eleven’ of [the piers] – were repaired", catalog) is None
        assert find("all eleven of them were repaired", catalog) is None
        assert find("ll ‘eleven’ of them – were repaired", catalog) is None


def test_what_is_quoted_is_three_words_or_more() -> None:
    assert quotations_in('The "hard winter" was « le plus froid de tous » and “colder than ever”.') == [
        "le plus froid de tous",
        "colder than ever",
    ]


def test_a_document_that_is_named_narrows_the_search(tmp_path: Path) -> None:
    texts = {"a.md": "# The Lamp Charter\n\nLamps burn at night.\n", "b.md": "# The Pier Report\n\nPiers need repair.\n"}
    with catalog_of(tmp_path / "catalog.sqlite3", texts) as catalog:
        assert named_documents("According to the pier report, piers need repair.", catalog) == {"b.md"}
        assert named_documents("According to the sailors, piers need repair.", catalog) is None
        assert named_documents("Piers need repair.", catalog) is None


def test_headings_questions_and_scraps_are_no_claims() -> None:
    draft = of_text("# Why lamps burn all night\n\nWho pays? The fund **pays** for [half](http://x) of it.\n\n- See also:\n")
    assert [(s.text, s.is_claim) for s in draft.sentences] == [
        ("Why lamps burn all night", False),
        ("Who pays?", False),
        ("The fund pays for half of it.", True),
        ("See also:", False),
    ]
    assert all(draft.text[s.start : s.end] == s.text for s in draft.sentences)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.md", b"", "empty"),
        ("blank.txt", b" \n\n", "holds no text"),
        ("long.txt", b"The lamp burns all night long. " * 24_200, "300 pages"),
        ("sheet.pdf", b"%PDF-1.4 ...", "DOCX, Markdown or text"),
        ("picture.docx", b"\x89PNG\r\n\x1a\n" + bytes(2000), "PNG picture"),
    ],
)
def test_bad_drafts_are_refused_in_a_sentence(name: str, data: bytes, words: str) -> None:
    with pytest.raises(KnowledgeBaseError) as refusal:
        read_draft(data, name, Settings())
    assert words in str(refusal.value)
    assert refusal.value.remedy


def word_file() -> bytes:
    word = docx.Document()
    word.add_heading("A note", 1)
    paragraph = word.add_paragraph("The harbour board ")
    paragraph.add_run("appointed Mary").bold = True
    paragraph.add_run(" Holt as keeper of the lamps. A town ").italic = True
    paragraph.add_run("must propose an amendment at the spring meeting.")
    word.add_table(1, 1).cell(0, 0).text = "Nine coastal towns signed the Lamp Charter."
    return saved(word)


def saved(word: Any) -> bytes:
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def test_a_word_file_comes_back_with_comments_and_its_formatting(checker: Checker) -> None:
    data = word_file()
    draft = read_draft(data, "note.docx", Settings())
    found = list(checker.check(draft))
    assert [each.status for each in found] == ["not_found", "verbatim", "contradicted", "supported"]
    word = docx.Document(io.BytesIO(commented(draft, found, Settings())))
    comments = list(word.comments)
    assert [comment.author for comment in comments] == [AUTHOR] * 3
    assert "letter for letter" in comments[0].text
    assert "must" in comments[1].text
    runs = [(run.text, run.bold, run.italic) for run in word.paragraphs[1].runs if run.text]
    assert "".join(text for text, _, _ in runs) == draft.paragraphs[1].text
    assert ("appointed Mary", True, None) in runs
    assert ("A town ", None, True) in runs
    assert [text for text, _ in read_paragraphs(commented(draft, found, Settings()), "note.docx")] == [
        paragraph.text for paragraph in draft.paragraphs
    ]
    assert _commented_texts(word) == [each.sentence.text for each in found[1:]]


def _commented_texts(word: Any) -> list[str]:
    """Return the text between each comment's beginning and end."""
    texts: dict[str, str] = {}
    opened: set[str] = set()
    for element in word.element.body.iter():
        name, number = element.tag.rpartition("}")[2], next(iter(element.attrib.values()), "")
        if name == "commentRangeStart":
            opened.add(number)
            texts[number] = ""
        elif name == "commentRangeEnd":
            opened.discard(number)
        elif name == "t":
            texts |= {number: texts[number] + element.text for number in opened}
    return list(texts.values())


def test_a_text_comes_back_as_a_new_word_file(checker: Checker) -> None:
    draft = of_text("# A note\n\nThe harbour board appointed Mary Holt as keeper of the lamps.")
    word = docx.Document(io.BytesIO(commented(draft, list(checker.check(draft)), Settings())))
    assert [paragraph.text for paragraph in word.paragraphs] == [paragraph.text for paragraph in draft.paragraphs]
    assert len(list(word.comments)) == 1


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (60 << 20))
    with pytest.raises(KnowledgeBaseError):
        read_draft(buffer.getvalue(), "bomb.docx", Settings())


def test_a_picture_only_is_refused() -> None:
    with pytest.raises(KnowledgeBaseError, match="holds no text"):
        read_draft(saved(docx.Document()), "picture.docx", Settings())


def test_a_cell_of_the_table_is_no_formula() -> None:
    sentence = DraftSentence("=1+1 is two", 0, 11, 0, True)
    assert b"'=1+1 is two" in as_csv(as_rows([Checked(sentence, "not_found")]))


def test_a_comment_on_many_stretches_keeps_the_text() -> None:
    comments = [(1, start, start + 5, "x") for start in range(0, 60, 5)]
    read = read_paragraphs(with_comments(word_file(), "note.docx", comments), "note.docx")
    assert read == read_paragraphs(word_file(), "note.docx")


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "check", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_the_command_keeps_its_contract(data_dir: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text("# A note\n\nThe harbour board appointed Mary Holt as keeper of the lamps.\n", encoding="utf-8")
    outcome = run(str(draft), "--output", str(tmp_path / "out.docx"), "--json", "--data-dir", str(data_dir))
    assert (outcome.returncode, "Traceback" in outcome.stderr) == (0, False)
    heading, sentence = json.loads(outcome.stdout)["sentences"]
    assert (heading["status"], heading["claim"]) == ("not_found", False)
    assert sentence["status"] == "verbatim"
    (citation,) = sentence["citations"]
    assert {"number", "source", "title", "page", "start", "end", "quote", "status", "label"} <= citation.keys()
    assert (citation["source"], citation["status"], citation["quote"]) == ("charter.md", "exact", sentence["text"])
    assert len(list(docx.Document(str(tmp_path / "out.docx")).comments)) == 1


def test_the_command_reads_standard_input_and_refuses_with_a_remedy(data_dir: Path, tmp_path: Path) -> None:
    outcome = run("-", "--data-dir", str(data_dir), text="The lamps are painted green every year.")
    assert (outcome.returncode, "0 verbatim" in outcome.stdout) == (0, True)
    for arguments in ([str(tmp_path / "none.md")], ["-"], ["-", "--output", "out.pdf"]):
        refused = run(*arguments, "--data-dir", str(data_dir), text="")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("Error: ")
        assert "Traceback" not in refused.stderr


def test_a_draft_counts_its_own_characters() -> None:
    draft = Draft(*_parts(of_text("One lamp burns here.\n\nTwo lamps burn there.")))
    assert [draft.within(s) for s in draft.sentences] == [(0, 20), (0, 21)]


def _parts(draft: Draft) -> tuple[Any, Any]:
    return draft.paragraphs, draft.sentences


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        ("The Lamp Charter was written in Brightwater. It has twelve articles.", "not_found"),
        ("The Lamp Charter was written in Brightwater. It was signed on 4 March 2021 by nine coastal towns.", "supported"),
        ("The Harbour Pact was written by Ada Stone. It was signed on 4 March 2021 by nine coastal towns.", "not_found"),
    ],
)
def test_a_sentence_that_leans_on_the_one_before_is_said_of_its_subject(checker: Checker, draft: str, status: str) -> None:
    assert [each.status for each in checker.check(of_text(draft))][1] == status
