from __future__ import annotations

import pytest

from ingest.loaders.html import load
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document


def read(markup: str, source: str = "page.html") -> Document:
    return load(markup.encode(), source)


def blocks(document: Document) -> list[tuple[str, int, str]]:
    page = document.pages[0]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_structure_is_read_in_order() -> None:
    markup = (
        "<h2>Head</h2>Loose <b>text</b>.<p>One &amp; two.<br>Three.</p><ul><li>A<ul><li>B</li></ul></li></ul>"
        "<dl><dt>Term</dt><dd>Meaning</dd></dl><blockquote><p>Said.</p></blockquote>"
    )
    assert blocks(read(markup)) == [
        ("heading", 2, "Head"),
        ("paragraph", 0, "Loose text."),
        ("paragraph", 0, "One & two.\nThree."),
        ("list_item", 1, "A"),
        ("list_item", 2, "B"),
        ("list_item", 1, "Term: Meaning"),
        ("paragraph", 0, "Said."),
    ]


def test_text_after_a_nested_list_is_still_read() -> None:
    assert blocks(read("<ul><li>A<ul><li>B</li></ul>after</li></ul>")) == [
        ("list_item", 1, "A"),
        ("list_item", 2, "B"),
        ("paragraph", 0, "after"),
    ]


def test_a_table_is_read_row_by_row() -> None:
    markup = (
        "<table><caption>Who</caption><tr><th>Name</th><th>Year</th></tr><tr><td><p>Call</p></td><td>2018</td></tr></table>"
    )
    assert blocks(read(markup)) == [
        ("caption", 0, "Who"),
        ("table_row", 0, "Name | Year"),
        ("table_row", 0, "Call | Year: 2018"),
    ]


def test_a_layout_table_is_read_as_blocks() -> None:
    markup = "<table><tr><td>Left</td><td><h1>Title</h1><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    assert blocks(read(markup)) == [("paragraph", 0, "Left"), ("heading", 1, "Title"), ("table_row", 0, "a | b")]


def test_what_a_reader_does_not_see_is_left_out() -> None:
    markup = (
        "<p>Seen<script>x()</script><style>p{}</style><!-- no --><span hidden>no</span>"
        "<span style='display: none'>no</span><template>no</template> all.</p>"
    )
    assert blocks(read(markup)) == [("paragraph", 0, "Seen all.")]


def test_preformatted_lines_stay_apart() -> None:
    assert blocks(read("<pre>one\n  two</pre>")) == [("paragraph", 0, "one\n  two")]


def test_title_language_and_date_come_from_the_head() -> None:
    document = read(
        '<html lang="fr-FR"><head><title> Un\n titre </title>'
        '<meta property="article:published_time" content="2021-11-12T10:00">'
        "</head><body><h1>Autre</h1></body></html>"
    )
    assert (document.title, document.language, document.date) == ("Un titre", "fr", "2021-11-12")


def test_without_title_the_first_heading_or_the_name_is_one() -> None:
    assert read("<h1>Main</h1>").title == "Main"
    assert read("<p>Text</p>", "en/working_groups.html").title == "Working groups"


@pytest.mark.parametrize(
    "data",
    [
        b"<meta charset=iso-8859-1><p>caf\xe9</p>",
        b"<meta charset=utf-8><p>caf\xe9</p>",
        b"\xef\xbb\xbf<meta charset=iso-8859-1><p>caf\xc3\xa9</p>",
        b"<p>caf\xc3\xa9</p>",
    ],
)
def test_the_encoding_is_found_even_where_the_declaration_lies(data: bytes) -> None:
    assert load(data, "a.html").pages[0].text == "café"


def test_no_entity_of_a_document_type_is_expanded() -> None:
    document_type = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    markup = f'<?xml version="1.0"?>{document_type}<html><body><p>&x; Text.</p></body></html>'
    assert read(markup).pages[0].text == "&x; Text."


def test_fifty_thousand_levels_give_their_text() -> None:
    document = read("<div>" * 50_000 + "Deep &amp; found." + "</div>" * 50_000)
    assert document.pages[0].text == "Deep & found."
    assert "too deeply" in document.notices[0]


def labels(document: Document) -> list[tuple[str, str]]:
    page = document.pages[0]
    return [(block.label, page.text[block.start : block.end]) for block in page.blocks]


def test_items_are_labelled_as_their_list_counts() -> None:
    markup = (
        "<ol type=a start=3><li>third<ol type=i><li>inner</li></ol></li><li value=7>seventh</li></ol>"
        "<ol reversed><li>last</li><li>first</li></ol><ol style='list-style: none'><li>(b) typed</li></ol>"
    )
    assert labels(read(markup)) == [
        ("c", "third"), ("i", "inner"), ("g", "seventh"), ("2", "last"), ("1", "first"), ("(b)", "(b) typed"),
    ]  # fmt: skip


def test_an_article_is_a_heading_and_a_table_of_marks_its_list() -> None:
    markup = (
        "<p>Article 4</p><p class='title'>Measures</p><p>2.&nbsp;&nbsp;They include:</p>"
        "<table><tr><td><p>(a)</p></td><td><p>a plan;</p></td></tr></table>"
        "<table><tr><td><p>(b)</p></td><td><p>a test.</p></td></tr></table>"
    )
    document = read(markup)
    assert labels(document) == [
        ("Article 4", "Article 4"),
        ("", "Measures"),
        ("2", "2. They include:"),
        ("(a)", "a plan;"),
        ("(b)", "a test."),
    ]
    assert [block.kind for block in document.pages[0].blocks] == ["heading", "heading", "paragraph", "list_item", "list_item"]


def test_struck_text_is_left_out_and_counted() -> None:
    markup = (
        "<style>.old { color: red; text-decoration: line-through }</style>"
        "<p>Fee: <del>90</del> <span class=old>100</span> 120.</p>"
        "<p style='text-decoration: line-through'>Gone.</p>"
    )
    document = read(markup)
    assert document.pages[0].text == "Fee: 120."
    assert document.notices == ("3 struck passages are left out.",)


def test_notes_are_tied_to_their_marks_which_are_raised() -> None:
    markup = (
        "<p>In 2031 two days&nbsp;<a id='c1' href='#n1'>(<span class='super note-tag'>1</span>)</a>. And 2030<sup>2</sup>.</p>"
        "<p><a id='n1' href='#c1'>(<span class='super'>1</span>)</a>&nbsp;Report of the board.</p>"
        "<p><sup>2</sup> Another note.</p>"
        "<p>Word<sup><a href='#fn7'>7</a></sup>.</p><ol><li id='fn7'>Seventh. <a href='#r7'>↩</a></li></ol>"
    )
    assert labels(read(markup)) == [
        ("", "In 2031 two days\u2060¹. And 2030\u2060²."),
        ("note 1", "Report of the board."),
        ("note 2", "Another note."),
        ("", "Word\u2060⁷."),
        ("note 7", "Seventh."),
    ]


def test_a_table_inside_a_cell_is_read_in_its_row() -> None:
    inner = "<table><tr><td>day</td><td>4411</td></tr><tr><td>night</td><td>4499</td></tr></table>"
    markup = f"<table><tr><th>Region</th><th>Telephone</th></tr><tr><td>North</td><td>{inner}</td></tr></table>"
    assert blocks(read(markup))[1] == ("table_row", 0, "North | Telephone: day: 4411; night: 4499")


def test_panels_that_a_button_unfolds_are_read_and_menus_are_not() -> None:
    markup = (
        "<h3><button aria-controls=a>How long?</button></h3><div id=a hidden>Eighteen months.</div>"
        "<button>Where?</button><div style='display:none'>At gate 9.</div>"
        "<button aria-haspopup=menu aria-controls=m>Menu</button><div id=m hidden>Secret</div><button>Send</button>"
    )
    assert [text for _, _, text in blocks(read(markup))] == ["How long?", "Eighteen months.", "Where?", "At gate 9."]


def test_a_declared_shadow_root_is_read_with_its_slots_filled() -> None:
    markup = (
        "<x-card><template shadowrootmode=open><h3>Notice <slot name=when></slot></h3><slot>none</slot></template>"
        "<span slot=when>of May</span><p>The lock is closed.</p></x-card>"
    )
    assert [text for _, _, text in blocks(read(markup))] == ["Notice of May", "The lock is closed."]


def test_values_of_forms_and_links_are_read() -> None:
    markup = (
        "<form><label>Ship <input value=Aurora></label><p><input type=checkbox checked> Insured <input type=checkbox> Armed</p>"
        "<label>Zone <select><option>A<option selected>B</select></label><input type=hidden value=x></form>"
        "<p>See <a href='https://e.org/in'>the desk</a> or <a href='#top'>above</a>.</p>"
    )
    assert [text for _, _, text in blocks(read(markup))] == [
        "Ship Aurora", "☒ Insured ☐ Armed", "Zone B", "See the desk or above.", "the desk: https://e.org/in",
    ]  # fmt: skip


def test_entities_that_were_written_twice_are_read_as_meant() -> None:
    assert read("<p>caf&amp;eacute; &amp;amp; bar <code>&amp;amp;</code></p>").pages[0].text == "café & bar &amp;"


def test_mathml_is_read_on_one_line() -> None:
    markup = "<p>So <math><mi>R</mi><mo>=</mo><mfrac><mi>L</mi><mn>4</mn></mfrac><msup><mi>x</mi><mn>2</mn></msup></math>.</p>"
    assert read(markup).pages[0].text == "So R = L / 4x²."


ARTICLE = "".join(
    f"<p>Paragraph {n} of the article says something about trust and security in cyberspace.</p>" for n in range(12)
)
NAVIGATION = "<nav><ul><li><a href='/a'>Products and services</a></li><li><a href='/b'>Careers and press</a></li></ul></nav>"
FOOTER = "<footer><p>Imprint, privacy policy, all rights reserved</p></footer>"


def test_navigation_and_footer_of_a_web_page_are_left_out() -> None:
    text = read(f"<html><body>{NAVIGATION}<main><h1>Trust</h1>{ARTICLE}</main>{FOOTER}</body></html>").pages[0].text
    assert text.startswith("Trust\n\nParagraph 0")
    assert text.endswith("in cyberspace.")


def test_a_header_that_holds_the_title_stays() -> None:
    markup = f"<html><body><header><h1>Trust</h1><p>A subtitle of some length</p></header><main>{ARTICLE}</main></body></html>"
    assert read(markup).pages[0].text.startswith("Trust\n\nA subtitle of some length")


def test_a_page_of_nothing_else_keeps_its_navigation() -> None:
    assert "Careers and press" in read(f"<html><body>{NAVIGATION}</body></html>").pages[0].text


@pytest.mark.parametrize("markup", ["", "   ", "<script>x()</script>", "<!-- only -->"])
def test_no_text_is_an_error(markup: str) -> None:
    with pytest.raises(DocumentError, match=r"page\.html has no text"):
        read(markup)
