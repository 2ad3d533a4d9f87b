from __future__ import annotations

import html
import re
import time
import unicodedata
from pathlib import Path

import pytest

from ingest.loaders.markdown import load
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document, RegisterRecord

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")


def read(text: str, source: str = "notes.md") -> Document:
    return load(text.encode(), source)


def blocks(document: Document) -> list[tuple[str, int, str]]:
    page = document.pages[0]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def test_blocks_are_what_a_reader_sees() -> None:
    text = "# The *Call*\n\nIt is\n**open** to [all](https://e.org) &amp; free.\n\n- One\n  - Two\n\n> Quoted.\n"
    assert blocks(read(text)) == [
        ("heading", 1, "The Call"),
        ("paragraph", 0, "It is open to all & free."),
        ("list_item", 1, "One"),
        ("list_item", 2, "Two"),
        ("paragraph", 0, "Quoted."),
        ("field", 0, "all: https://e.org"),
    ]


def test_the_text_is_its_blocks_with_lists_set_tight() -> None:
    assert read("# A\n\nB\n\n1. C\n2. D\n").pages[0].text == "A\n\nB\n\nC\nD"


def test_a_second_paragraph_of_an_item_is_no_item() -> None:
    assert blocks(read("- First.\n\n  Second.\n")) == [("list_item", 1, "First."), ("paragraph", 0, "Second.")]


def test_a_table_is_read_row_by_row() -> None:
    text = "| Name | Year |\n|---|---|\n| Call | 2018 |\n"
    assert blocks(read(text)) == [("table_row", 0, "Name | Year"), ("table_row", 0, "Call | Year: 2018")]


def test_code_keeps_its_lines_and_a_picture_leaves_its_words() -> None:
    assert blocks(read("```\na = 1\nb = 2\n```\n\n![A logo](/logo.png)\n")) == [
        ("paragraph", 0, "a = 1\nb = 2"),
        ("caption", 0, "A logo"),
    ]


def test_line_breaks_stay_and_template_tags_go() -> None:
    text = "{% include top.html %}One<br>two  \nthree\\\\\nfour [x](/y){:target=_blank}\n"
    assert blocks(read(text)) == [("paragraph", 0, "One\ntwo\nthree\nfour x")]


def labels(document: Document) -> list[tuple[str, str]]:
    page = document.pages[0]
    return [(block.label, page.text[block.start : block.end]) for block in page.blocks]


def test_numbers_of_lists_are_labels() -> None:
    assert labels(read("1. one\n2. two\n\nMore.\n\n3. three\n   1. sub\n")) == [
        ("1", "one"), ("2", "two"), ("", "More."), ("3", "three"), ("1", "sub"),
    ]  # fmt: skip
    assert labels(read("1. one\n1. two\n")) == [("1", "one"), ("2", "two")]
    assert labels(read("The board:\n(a) opens;\n(b) rests.\n")) == [("", "The board:"), ("(a)", "opens;"), ("(b)", "rests.")]


def test_struck_text_is_left_out_and_counted() -> None:
    document = read("Within ~~72~~ 24 <del>old</del> hours {--never--}{++always++}.\n\n~~A whole sentence.~~\n")
    assert document.pages[0].text == "Within 24 hours always."
    assert document.notices == ("4 struck passages are left out.",)


def test_footnotes_are_blocks_with_their_marks() -> None:
    document = read(
        "Counted[^a] in 2031[^b], 10<sup>6</sup> of H~2~O.\n\n[^b]: By hand.\n[^a]: A long\n    note.\n\n    Its end.\n"
    )
    assert labels(document) == [
        ("", "Counted in 2031, 10⁶ of H₂O."), ("note 1", "A long note."), ("", "Its end."), ("note 2", "By hand."),
    ]  # fmt: skip


def test_a_sentence_over_a_rule_is_no_heading() -> None:
    assert blocks(read("The gate is closed.\n---\nThe next.\n\nTitle\n---\n")) == [
        ("paragraph", 0, "The gate is closed."),
        ("paragraph", 0, "The next."),
        ("heading", 2, "Title"),
    ]


def test_admonitions_definitions_and_tasks_are_read_without_their_marks() -> None:
    text = '!!! warning "Stop"\n    Do not anchor.\n\n> [!NOTE]\n> Ring first.\n\n'
    text += "Tug\n: A boat.\n\n- [x] done\n\n::: tip\nRest.\n:::\n"
    assert [block[2] for block in blocks(read(text))] == [
        "Stop", "Do not anchor.", "Note", "Ring first.", "Tug: A boat.", "☒ done", "Tip", "Rest.",
    ]  # fmt: skip


def test_a_grid_table_is_read_with_its_headers() -> None:
    text = "+---+-----+\n| A | Fee |\n+===+=====+\n| B | 450 |\n+---+-----+\n"
    assert blocks(read(text)) == [("table_row", 0, "A | Fee"), ("table_row", 0, "B | Fee: 450")]


def test_front_matter_in_toml_gives_metadata() -> None:
    document = read('+++\ntitle = "Rules"\ndate = 2031-04-02\nowner = "Desk"\n+++\nText.\n')
    assert (document.title, document.date, document.pages[0].text) == ("Rules", "2031-04-02", 'owner = "Desk"\n\nText.')


def test_scripts_and_comments_are_not_read() -> None:
    text = "Seen <script>alert(1)</script>too.\n\n<!-- no -->\n\n<div><p>Shown</p><script>no()</script></div>\n"
    assert blocks(read(text)) == [("paragraph", 0, "Seen too."), ("paragraph", 0, "Shown")]


def test_front_matter_gives_metadata() -> None:
    document = read(
        '---\ntitle: "A: title"\ndate: 2021-03-01\nlanguage: fr-FR\ntopics: [a, b]\n'
        "sources:\n  - https://e.org/a\n  - javascript:alert(1)\n---\nText.\n"
    )
    assert (document.title, document.date, document.language) == ("A: title", "2021-03-01", "fr")
    assert document.links == ("https://e.org/a",)
    assert document.pages[0].text == "Text."
    assert document.notices == ()


def test_other_keys_stay_text_as_the_file_has_them() -> None:
    document = read('---\nname: "A forum"\naddress: "12 Main: Hall"\nstart_date: 2019-11-25\nhashtag: ""\n---\nBody.\n')
    assert document.title == "A forum"
    assert [block for block in blocks(document) if block[0] == "field"] == [
        ("field", 0, 'name: "A forum"'),
        ("field", 0, 'address: "12 Main: Hall"'),
        ("field", 0, "start_date: 2019-11-25"),
        ("field", 0, 'hashtag: ""'),
    ]


def test_broken_front_matter_is_read_as_text_with_a_notice() -> None:
    document = read('---\ntitle: "open\nkey: [1\n---\nBody stays.\n')
    assert document.pages[0].text.endswith("Body stays.")
    assert "title:" in document.pages[0].text
    assert document.notices[0].startswith("The front matter is read as text: ")


def test_front_matter_with_aliases_is_not_expanded() -> None:
    lines = ["a: &a [lol, lol]"] + [f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]" for i in range(20)]
    document = read("---\n" + "\n".join(lines) + "\n---\nBody.\n")
    assert document.notices == ("The front matter is read as text: it refers to itself by aliases.",)


def test_a_text_that_starts_with_a_rule_has_no_front_matter() -> None:
    assert read("---\n\nBody without an end of front matter.").pages[0].text == "Body without an end of front matter."


@pytest.mark.parametrize(
    ("source", "text", "title"),
    [
        ("a/b.md", "Intro.\n\n# Main\n\n## Part\n", "Main"),
        ("home/intention.md", "## Unite\n\nText.\n", "Unite"),
        ("en/legal-notice.md", "## Editor\n\nA.\n\n## Host\n\nB.\n", "Legal notice"),
        ("en/case-studies/principle-4.md", "### A story\n\nText.\n", "Case studies: principle 4"),
        ("paris_call.md", "Text.\n", "Paris call"),
    ],
)
def test_the_title_is_a_heading_or_the_readable_name(source: str, text: str, title: str) -> None:
    assert read(text, source).title == title


RECORD = """---
name: "A Company"
category: private-sector
nature:
nationality: ROM
website: "https://example.org"
twitter: ""
date_signed: 2021-04-01
---
We &quot;support&quot; the call.
"""


def test_a_supporter_file_is_a_record() -> None:
    document = read(RECORD, "supporters/a.md")
    assert document.kind == "record"
    assert document.record == RegisterRecord(
        "A Company", "private-sector", "", country="ROU", joined="2021-04-01", website="https://example.org"
    )
    assert (document.title, document.language) == ("A Company", None)
    assert document.pages[0].text == (
        'name: "A Company"\ncategory: private-sector\nnature:\nnationality: ROM\nwebsite: "https://example.org"\n'
        'twitter: ""\ndate_signed: 2021-04-01\n\nWe "support" the call.'
    )


def test_a_record_without_country_is_one_too() -> None:
    record = read('---\nname: "A Union"\ncategory: public-authority\nnature: ""\n---\n').record
    assert record == RegisterRecord("A Union", "public-authority", "", country=None, joined=None)


def test_an_event_is_no_record() -> None:
    assert read('---\nname: "A forum"\ncity: "Paris"\n---\nBody.\n').record is None


def test_a_record_in_full_yaml_reads_the_same() -> None:
    record = read("---\nname: 'It''s \"A\"'\ncategory: >-\n  state\nnationality: FRA # code\n---\n").record
    assert record == RegisterRecord('It\'s "A"', "state", "", country="FRA", joined=None)


def test_lists_beyond_all_depth_are_read_as_plain_text() -> None:
    text = "\n".join(f"{' ' * 2 * depth}- item {depth}" for depth in range(200))
    document = read(text)
    assert "item 199" in document.pages[0].text
    assert document.notices == ("The body is read as plain text: lists or quotes nest deeper than 50 levels.",)


def test_a_body_that_shows_nothing_is_read_as_plain_text() -> None:
    assert "words" in read("``` words").pages[0].text


def test_fifty_thousand_backticks_are_quick() -> None:
    started = time.perf_counter()
    read("x" + "`" * 50_000 + " y" + "`" * 3)
    assert time.perf_counter() - started < 5


def test_no_text_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"notes\.md has no text"):
        read("---\ntitle: x\n---\n\n")


@needs_corpus
@pytest.mark.corpus
def test_every_record_of_the_corpus_is_read_in_under_two_seconds() -> None:
    files = [(path, path.read_bytes()) for path in (CORPUS / "pariscall" / "_supporters").glob("*.md")]
    started = time.perf_counter()
    documents = [load(data, path.name) for path, data in files]
    seconds = time.perf_counter() - started
    assert len(documents) == 1222
    assert {document.kind for document in documents} == {"record"}
    assert sum(document.record is not None and document.record.joined is not None for document in documents) == 138
    assert seconds < 2


@needs_corpus
@pytest.mark.corpus
def test_every_block_of_the_corpus_can_be_quoted_from_its_file() -> None:
    for path in sorted((CORPUS / "pariscall").rglob("*.md")):
        raw = path.read_text()
        addressless = re.sub(r"<[^<>]*>", " ", re.sub(r"\]\([^()\s]*\)", "] ", raw))
        shown = letters(raw) + "|" + letters(raw.replace("mailto:", "")) + "|" + letters(html.unescape(addressless))
        for _, _, text in blocks(load(raw.encode(), path.name)):
            assert letters(text) in shown, (path.name, text)
