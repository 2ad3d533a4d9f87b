"""Documents as their readers see them: kinds of writing that several formats have, on small files."""

from __future__ import annotations

import pytest
from pdf_files import Text, make_pdf, paragraph

from ingest.loaders.document import load_document
from knowledge_base.passages import Block
from knowledge_base.provisions import provisions_of


def blocks(data: bytes, name: str) -> list[tuple[str, str, str]]:
    """Return the kind, label and text of each block of a document."""

    def read(text: str, block: Block) -> tuple[str, str, str]:
        return block.kind, block.label, text[block.start : block.end]

    return [read(page.text, block) for page in load_document(data, name).pages for block in page.blocks]


def texts(data: bytes, name: str) -> list[str]:
    return [text for *_, text in blocks(data, name)]


def docx(*rows: tuple[tuple[str, int, bool | None], ...]) -> bytes:
    """Return a document of one table; a cell is its text, the columns that it spans, and whether one begins below it."""
    from io import BytesIO

    from docx import Document as new_document
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    made = new_document()
    lines = []
    for row in rows:
        cells = []
        for text, columns, merges in row:
            merged = "" if merges is None else '<w:vMerge w:val="restart"/>' if merges else "<w:vMerge/>"
            span = f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""
            cells.append(f"<w:tc><w:tcPr>{span}{merged}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
        lines.append(f"<w:tr>{''.join(cells)}</w:tr>")
    made.element.body.insert(0, parse_xml(f"<w:tbl {nsdecls('w')}><w:tblPr/><w:tblGrid/>{''.join(lines)}</w:tbl>"))
    stream = BytesIO()
    made.save(stream)
    return stream.getvalue()


def test_headers_of_two_rows_are_told_from_their_spans() -> None:
    word = docx(
        (("Quay", 1, True), ("Summer", 2, None), ("Winter", 2, None)),
        (("", 1, False), ("in", 1, None), ("out", 1, None), ("in", 1, None), ("out", 1, None)),
        (("Old", 1, None), ("6", 1, None), ("7", 1, None), ("8", 1, None), ("", 1, None)),
    )
    web = (
        b"<table><tr><td rowspan=2>Quay</td><td colspan=2>Summer</td><td colspan=2>Winter</td></tr>"
        b"<tr><td>in</td><td>out</td><td>in</td><td>out</td></tr><tr><td>Old</td><td>6</td><td>7</td><td>8</td><td></td></tr></table>"
    )
    for data, name in ((word, "quay.docx"), (web, "quay.html")):
        assert texts(data, name)[-1] == "Old | Summer, in: 6 | Summer, out: 7 | Winter, in: 8 | Winter, out: —"


def test_a_column_of_amounts_has_the_header_above_it_and_pairs_of_name_and_value_have_none() -> None:
    assert (
        texts(
            docx(
                (("Boat", 1, None), ("Price", 1, None)),
                (("Punt", 1, None), ("12 marks", 1, None)),
                (("Skiff", 1, None), ("20 marks", 1, None)),
            ),
            "a.docx",
        )[-1]
        == "Skiff | Price: 20 marks"
    )
    assert (
        texts(
            b"<table><tr><td>Owner<td>Anna</tr><tr><td>Built<td>12 May 1990</tr><tr><td>Length<td>7 m</tr></table>", "a.html"
        )[-1]
        == "Length | 7 m"
    )


def test_a_table_amid_columns_of_text_takes_none_of_their_lines() -> None:
    left = [
        "The old pier was built of oak in the year",
        "of the flood, and it has been mended twice",
        "since then by the guild.",
    ]
    right = [
        "In spring the guild paints the rails, which",
        "takes four days, and in autumn it counts all",
        "planks of the pier.",
    ]
    rows = [("Pier", "Length", "Planks"), ("North", "61", "410"), ("South", "32", "207")]
    lines = [
        line
        for x, column, y in ((60, left, 760), (320, right, 760), (60, left, 600), (320, right, 600))
        for line in paragraph(x, y, column)
    ]
    lines += [
        Text(60, 700, "Table 1: Piers"),
        *(Text(60 + 170 * place, 684 - 14 * row, cell) for row, cells in enumerate(rows) for place, cell in enumerate(cells)),
    ]
    read = texts(make_pdf([lines]), "piers.pdf")
    assert read.count(" ".join(left)) == read.count(" ".join(right)) == 2
    assert "South | Length: 32 | Planks: 207" in read


def test_the_name_of_a_unit_is_a_heading_and_its_title_stands_below() -> None:
    lines = [
        Text(250, 780, "Article 4", bold=True),
        Text(250, 765, "Dues"),
        *paragraph(60, 740, ["1.  A ship pays in March.", "2.  A boat pays nothing at all."]),
    ]
    read = blocks(make_pdf([lines]), "dues.pdf")
    assert read[0] == ("heading", "Article 4", "Article 4")
    assert [label for _, label, _ in read[2:]] == ["1", "2"]


@pytest.mark.parametrize("ending", ["txt", "md", "html", "pdf"])
def test_numbered_paragraphs_behind_whereas_are_recitals(ending: str) -> None:
    said = [
        "Whereas:",
        "(1) The rope was worn at both ends of the quay.",
        "(2) The bell was cracked in the winter of that year.",
    ]
    if ending == "pdf":
        data = make_pdf([[Text(60, 760 - 30 * place, line) for place, line in enumerate(said)]])
    elif ending == "html":
        data = "".join(f"<p>{line}</p>" for line in said).encode()
    else:
        data = "\n\n".join(said).encode()
    assert [label for _, label, _ in blocks(data, f"act.{ending}")] == ["", "Recital 1", "Recital 2"]


def test_a_number_that_stands_alone_before_a_paragraph_is_its_label() -> None:
    markup = b"<div><span>12</span><p>The weir leaks.</p></div><div><span>13</span><p>It is mended in May.</p></div>"
    assert blocks(markup, "a.html") == [("paragraph", "12", "The weir leaks."), ("paragraph", "13", "It is mended in May.")]


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.html", b"<dl><dt>Tug</dt><dd>A boat that pulls.</dd></dl>"), ("a.md", b"Tug\n: A boat that pulls.\n")],
)
def test_what_a_term_means_stands_behind_it(name: str, data: bytes) -> None:
    assert texts(data, name) == ["Tug: A boat that pulls."]


def test_raised_marks_that_follow_each_other_are_told_apart() -> None:
    markup = b'<p>It covers 40 m<sup>2</sup><sup><a href="#n3">3</a></sup> since 1994<sup>[1]</sup><sup>[2]</sup>.</p>'
    markup += b'<p id="n3">At ebb.</p>'
    assert texts(markup, "a.html")[0] == "It covers 40 m²\u2060³ since 1994\u2060¹,²."


def test_a_hyphen_between_two_words_that_make_a_compound_stays() -> None:
    assert texts(
        make_pdf([paragraph(60, 700, ["They keep the cross-", "border ferry and the sig-", "nal of the port."])]), "a.pdf"
    ) == ["They keep the cross-border ferry and the signal of the port."]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("船长应在两小时内向港务局报告事故。码头费用为每月八十元，每年涨价一次。", "zh"),
        ("يدفع صاحب السفينة رسما قدره أربعون دينارا عن كل ليلة.", "ar"),
        ("Der Wart führt ein Gästebuch und meldet jeden Unfall.", "de"),
        ("La visita al faro cuesta seis coronas; los niños entran gratis.", "es"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert load_document(text.encode(), "a.txt").language == language


def test_a_short_entry_is_a_field_and_a_lead_in_is_none() -> None:
    lines = "Contact: warden Pell, telephone 4471\n\nA pier needs: oak piles,\n\nNote: the pier is closed on Mondays.\n"
    web = "".join(f"<p>{line}</p>" for line in lines.split("\n\n")).encode()
    for data, name in ((lines.encode(), "pier.md"), (web, "pier.html")):
        assert [kind for kind, *_ in blocks(data, name)] == ["field", "paragraph", "paragraph"]


def test_terms_that_share_a_meaning_are_told_with_it() -> None:
    web = b"<dl><dt>Slack water</dt><dt>Stand</dt><dd>A time without stream.</dd><dt>Ebb</dt><dd>A falling tide.</dd></dl>"
    assert texts(web, "words.html") == ["Slack water, Stand: A time without stream.", "Ebb: A falling tide."]


def test_a_button_opens_its_own_panel_and_not_what_is_hidden_behind_it() -> None:
    web = (
        b"<div><button aria-expanded=false>Who may fish?</button><div style='display:none'>Whoever lives here.</div></div>"
        b"<p style='display:none'>Friends of the chair fish free.</p>"
    )
    assert texts(web, "pond.html") == ["Who may fish?", "Whoever lives here."]


def test_a_list_that_begins_at_c_is_one_of_letters_and_holds_its_inner_list() -> None:
    web = (
        b"<ol type=a start=3><li>Clocks are set.</li><li>Talk is low.<ol type=i><li>Coughs are none.</li></ol></li>"
        b"<li value=8>Coats stay out.</li></ol>"
    )
    pages = load_document(web, "rules.html").pages
    assert [p.parts for p in provisions_of(pages)] == [("c",), ("d",), ("d", "i"), ("h",)]
