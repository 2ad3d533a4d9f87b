"""The order in which a PDF page is read: columns, boxes, margins, initials, running heads."""

from __future__ import annotations

import pytest
from pdf_files import Text, make_pdf, paragraph, text_width

from ingest.loaders import pdf
from knowledge_base.passages import PARTING_HYPHEN, Document, Page

LEFT = [
    "At dawn the ferry leaves the north quay",
    "with the mail and comes back before the",
    "bells of the abbey ring for the second",
    "time.",
]
RIGHT = [
    "In the mill each sack is weighed twice",
    "by two clerks who do not know each",
    "other, and the heavier result is the",
    "one that counts.",
]
BODY = ["The warden opens the gate at six and shuts it when the", "bell of the chapel has rung for the second time."]


def read(lines: list[Text], **more: object) -> Page:
    return pdf.load(make_pdf([lines], **more), "rules.pdf").pages[0]  # type: ignore[arg-type]


def texts(page: Page) -> list[str]:
    return [page.text[block.start : block.end] for block in page.blocks]


def side_by_side(left: list[str], right: list[str], gutter: float) -> list[Text]:
    """Return two columns as one line of text for each row, as an extractor sees them that runs over the gutter."""
    x = 60 + max(map(text_width, left)) + gutter
    rows = zip(left, right, strict=True)
    return [cell for y, row in enumerate(rows) for cell in (Text(60, 700 - 14 * y, row[0]), Text(x, 700 - 14 * y, row[1]))]


@pytest.mark.parametrize("gutter", [12.0, 30.0])
def test_columns_whose_lines_are_drawn_row_by_row_are_read_one_after_the_other(gutter: float) -> None:
    assert texts(read(side_by_side(LEFT, RIGHT, gutter))) == [" ".join(LEFT), " ".join(RIGHT)]


def test_two_languages_side_by_side_are_read_article_by_article() -> None:
    pairs = [
        (
            "1 A ship that waits pays no fee for",
            "two nights, whatever its flag is.",
            "1 Le navire qui attend ne paie rien",
            "pendant deux nuits entières.",
        ),
        (
            "2 The lock is shut when the water",
            "stands above the red mark.",
            "2 On ferme la porte quand l'eau",
            "passe la marque rouge du quai.",
        ),
        (
            "3 The master keeps the only key of",
            "the lock and gives it to nobody.",
            "3 Le capitaine garde la clef de la",
            "porte et ne la donne pas.",
        ),
    ]
    lines = [
        Text(x, 700 - 60 * row - 14 * line, text)
        for row, (one, two, three, four) in enumerate(pairs)
        for line, left, right in ((0, one, three), (1, two, four))
        for x, text in ((60, left), (320, right))
    ]
    assert texts(read(lines)) == [f"{one} {two}" for pair in pairs for one, two in (pair[:2], pair[2:])]


def test_a_box_in_a_paragraph_comes_after_it() -> None:
    lines = [
        *paragraph(
            60, 700, ["The lender may ask for the boat at any time, provided that the", "one who borrowed it has at least"]
        ),
        *paragraph(80, 650, ["Nobody lends a boat twice without a paper.", "That is an old saying of the harbour."]),
        *paragraph(60, 600, ["three days to unload it. The days of a storm do not count as", "such, nor do those of a feast."]),
    ]
    page = read(lines, drawn="60 630 400 40 re S")
    assert texts(page)[0].startswith(
        "The lender may ask for the boat at any time, provided that the one who borrowed it has at least three"
    )
    assert texts(page)[1] == "Nobody lends a boat twice without a paper. That is an old saying of the harbour."


def test_a_line_stretched_to_the_width_of_its_column_is_no_row_of_cells() -> None:
    words = [["The", "warden", "of", "the"], ["gate", "goes", "home", "at"], ["noon", "on", "feast", "days."]]
    lines = []
    for y, row in enumerate(words):
        gap = (260 - sum(map(text_width, row))) / (len(row) - 1)
        x = 60.0
        for word in row:
            lines.append(Text(x, 700 - 14 * y, word))
            x += text_width(word) + gap
    assert texts(read(lines)) == ["The warden of the gate goes home at noon on feast days."]


def test_numbers_in_the_margin_are_labels_of_their_paragraphs() -> None:
    lines = []
    for number in (14, 15, 16):
        y = 700 - 50 * number + 50 * 14
        lines += [*paragraph(60, y, BODY), Text(500, y, str(number), 9)]
    page = read(lines)
    assert texts(page) == [" ".join(BODY)] * 3
    assert [block.label for block in page.blocks] == ["14", "15", "16"]


def test_numbers_of_lines_are_left_out() -> None:
    lines = [Text(60, 700, "5"), Text(60, 630, "10"), *paragraph(90, 756, [f"{BODY[0].lower()} and" for _ in range(12)])]
    assert texts(read(lines)) == [" ".join([f"{BODY[0].lower()} and"] * 12)]


def test_numbers_of_lines_count_empty_ones_too() -> None:
    said = ["A rule on lamps", "", "A lamp in a street is shielded, so that no", "light leaves it above its own height.", ""]
    said += ["The keeper takes a lamp down that is not", "shielded within a year of this rule, at the"]
    said += ["cost of whoever put it up.", "", "The rule ends in May."]
    lines = [Text(100, 700 - 26 * place, line, 12) for place, line in enumerate(said) if line]
    numbers = [Text(70 - text_width(str(place + 1), 9), 700 - 26 * place, str(place + 1), 9) for place in range(len(said))]
    assert texts(read([*lines, *numbers])) == [said[0], " ".join(said[2:4]), " ".join(said[5:8]), said[9]]


def test_headers_that_stand_equally_far_apart_are_cells() -> None:
    rows = [
        ("Berth", "Length", "Draught", "Tenant"),
        ("K1", "120 m", "7.5 m", "Grain Union"),
        ("K2", "95 m", "6.0 m", "Coast Guard"),
    ]
    lines = [Text(60 + 130 * x, 700 - 20 * y, cell, bold=not y) for y, row in enumerate(rows) for x, cell in enumerate(row)]
    assert texts(read([*lines, *paragraph(60, 600, BODY)]))[2] == "K2 | Length: 95 m | Draught: 6.0 m | Tenant: Coast Guard"


def grid(x: float, top: float, widths: list[float], rows: int, height: float = 18) -> str:
    """Return the operators that draw the lines of a table."""
    edges = [x + sum(widths[:place]) for place in range(len(widths) + 1)]
    bottom = top - rows * height
    down = [f"{edge} {top} m {edge} {bottom} l S" for edge in edges]
    return " ".join([*down, *(f"{x} {top - height * row} m {edges[-1]} {top - height * row} l S" for row in range(rows + 1))])


def test_two_tables_side_by_side_are_two() -> None:
    rows = [("Month", "High"), ("May", "4.9 m"), ("June", "4.7 m"), ("July", "4.6 m")]
    lines = [Text(x + 65 * c, 687 - 18 * r, t) for x in (65, 325) for r, row in enumerate(rows) for c, t in enumerate(row)]
    found = texts(read(lines, drawn=" ".join(grid(x, 700, [65, 65], 4) for x in (60, 320))))
    assert found == ["Month | High", "May | High: 4.9 m", "June | High: 4.7 m", "July | High: 4.6 m"] * 2


def test_headers_over_several_columns_of_a_drawn_table_are_read_with_those_below() -> None:
    rows = [("", "Spring", "", "Autumn", ""), ("School", "Meals", "Cost", "Meals", "Cost"), ("Ash", "41", "82", "39", "79")]
    rows.append(("Brook", "27", "56", "28", "57"))
    shift = (20, 0, 0, 0)  # the headers above stand in the middle of their columns
    lines = [Text(65 + 70 * c + shift[r], 687 - 18 * r, t) for r, row in enumerate(rows) for c, t in enumerate(row) if t]
    found = texts(read([Text(60, 712, "Meals that were served in the schools"), *lines], drawn=grid(60, 700, [70] * 5, 4)))
    assert found[0] == "Meals that were served in the schools"
    assert found[2] == "Ash | Spring Meals: 41 | Spring Cost: 82 | Autumn Meals: 39 | Autumn Cost: 79"


def test_columns_of_text_with_a_line_between_them_are_no_table() -> None:
    lines = [line for x in (60, 280, 500) for line in paragraph(x, 700, LEFT)]
    assert texts(read(lines, width=800, drawn="490 620 m 490 720 l S")) == [" ".join(LEFT)] * 3


def test_articles_in_two_languages_side_by_side_are_read_one_by_one() -> None:
    lines = [Text(60, 700, "Article 1"), *paragraph(60, 680, LEFT), Text(330, 700, "Artículo 1"), *paragraph(330, 680, RIGHT)]
    lines += [Text(60, 610, "Article 2"), *paragraph(60, 590, RIGHT), Text(330, 610, "Artículo 2"), *paragraph(330, 590, LEFT)]
    assert [text for text in texts(read(lines)) if " | " in text] == []


def test_a_line_that_is_set_up_the_margin_is_one() -> None:
    lines = [Text(25, 250, "Received at the office on 14 May", 8, upwards=True), *paragraph(70, 700, BODY * 4)]
    assert texts(read(lines))[-1] == "Received at the office on 14 May"


def test_a_word_that_a_page_s_end_parts_is_known_as_one() -> None:
    first = [*BODY, "A keeper who finds the bell cracked stops and tele-"]
    second = ["phones the founder, who sends another bell within", "forty days."]
    pages = [[*paragraph(60, 700, first)], [*paragraph(60, 700, second)]]
    assert [page.text[-5:] for page in read_pages(pages).pages] == [f"tele{PARTING_HYPHEN}", "days."]
    pages = [[*paragraph(60, 700, [*BODY, "The keeper rings a well-"])], [*paragraph(60, 700, ["known tune at noon."])]]
    assert read_pages(pages).pages[0].text.endswith("well-")


def test_a_column_of_figures_in_a_table_is_no_margin() -> None:
    lines = [
        Text(x, 700 - 20 * y, text)
        for y, row in enumerate([("1", "Alpha", "Chile"), ("2", "Beta", "Ghana"), ("3", "Gamma", "Peru")])
        for x, text in zip((60, 120, 300), row, strict=True)
    ]
    assert [text.split(" | ")[0] for text in texts(read(lines))] == ["1", "2", "3"]


def test_a_large_initial_belongs_to_its_word() -> None:
    lines = [
        Text(60, 672, "T", 40),
        *paragraph(90, 700, ["he keeper of the tower lights a fire when", "three sails or more are seen from"]),
    ]
    assert texts(read([*lines, *paragraph(60, 672, ["the wall, and not before that."])])) == [
        "The keeper of the tower lights a fire when three sails or more are seen from the wall, and not before that."
    ]


def test_an_initial_that_is_a_word_stands_alone() -> None:
    lines = [
        Text(60, 672, "A", 40),
        *paragraph(90, 700, ["tower with no keeper is a danger to all who", "sail past it in the dark."]),
    ]
    assert texts(read([*lines, *paragraph(60, 600, ["The tower stands on a rock."])]))[0].startswith("A tower with no keeper")


def read_pages(pages: list[list[Text]]) -> Document:
    return pdf.load(make_pdf(pages), "rules.pdf")


def test_running_heads_that_take_turns_are_dropped() -> None:
    heads = ["Lights and buoys", "Report of the coast"]
    pages = [[Text(60, 800, heads[number % 2]), *paragraph(60, 700, BODY)] for number in range(4)]
    assert [page.text for page in read_pages(pages).pages] == [" ".join(BODY)] * 4


def test_a_running_head_with_a_number_that_never_changes_is_kept_once() -> None:
    pages = [[Text(60, 800, "Order CG/2033/18 of the coast"), *paragraph(60, 700, BODY)] for _ in range(3)]
    kept = [page.text for page in read_pages(pages).pages]
    assert kept == [f"Order CG/2033/18 of the coast\n\n{' '.join(BODY)}", " ".join(BODY), " ".join(BODY)]


@pytest.mark.parametrize("shown", ["{}", "- {} -", "{}/2"])
def test_page_numbers_of_a_short_document_are_dropped(shown: str) -> None:
    pages = [[*paragraph(60, 700, BODY), Text(290, 30, shown.format(number))] for number in (1, 2)]
    assert [page.text for page in read_pages(pages).pages] == [" ".join(BODY)] * 2


def rows(cells: list[tuple[str, ...]], bold: bool = False) -> list[Text]:
    return [
        Text(x, 700 - 20 * y, text, bold=bold and y == 0)
        for y, row in enumerate(cells)
        for x, text in zip((60, 250, 340, 430), row, strict=False)
        if text
    ]


def test_a_row_is_read_with_its_headers_and_an_empty_cell_as_a_dash() -> None:
    page = read(rows([("Harbour", "2030", "2031"), ("Eastquay", "", "44"), ("Saltmouth", "12", ""), ("Brenn", "7", "9")]))
    assert texts(page) == [
        "Harbour | 2030 | 2031",
        "Eastquay | 2030: — | 2031: 44",
        "Saltmouth | 2030: 12 | 2031: —",
        "Brenn | 2030: 7 | 2031: 9",
    ]
    assert {block.kind for block in page.blocks} == {"table_row"}


def test_a_table_that_goes_on_overleaf_keeps_its_headers() -> None:
    first = rows([("Harbour", "2030", "2031"), ("Eastquay", "", "44"), ("Saltmouth", "12", "5")])
    second = rows([("Brenn", "7", "9"), ("Ford", "", "8")])
    pages = read_pages([[*paragraph(60, 780, BODY), *first], [*second, *paragraph(60, 600, BODY)]]).pages
    assert texts(pages[1])[:2] == ["Brenn | 2030: 7 | 2031: 9", "Ford | 2030: — | 2031: 8"]


def test_a_bold_first_row_names_the_columns() -> None:
    page = read(rows([("Name", "Role", "Home"), ("Alpha", "chair", "Chile"), ("Beta", "clerk", "Ghana")], bold=True))
    assert texts(page)[1:] == ["Alpha | Role: chair | Home: Chile", "Beta | Role: clerk | Home: Ghana"]


def test_a_cell_of_several_lines_drawn_row_by_row_is_one_cell() -> None:
    cells = [
        ("Office", "Duties"),
        ("Ferryman", "carries people and carts"),
        ("", "across the river"),
        ("Ringer", "rings at noon"),
    ]
    lines = []
    y = 700
    for name, duties in cells:
        y -= 12 if not name else 22
        lines += [Text(60, y, name, bold=name == "Office")] * bool(name) + [Text(200, y, duties, bold=name == "Office")]
    assert texts(read(lines))[1:] == [
        "Ferryman | Duties: carries people and carts across the river",
        "Ringer | Duties: rings at noon",
    ]


def test_named_and_numbered_units_have_their_label() -> None:
    page = read(
        [
            Text(60, 740, "Article 4", 11, bold=True),
            *paragraph(60, 700, ["Article 5. The gate is shut at noon.", "It opens at one."]),
            Text(60, 660, "(a) The first case is that of a feast."),
            Text(60, 640, "(b) The second is that of a storm."),
            Text(60, 610, "7. The warden decides on all others."),
        ]
    )
    assert [block.label for block in page.blocks] == ["Article 4", "Article 5", "(a)", "(b)", "7"]
