from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from page_fixtures import HOSTILE, QUOTE, TEXT, citation, quoted_answer, refused_answer, register_answer

from assistant.answers import AnswerPart, ShortAnswer
from assistant.page import answer_view, language, links, sidebar
from assistant.page.links import SourceLink
from assistant.page.templates import render
from assistant.page.views.source import marked_text_html
from assistant.workbench.tables import as_csv
from knowledge_base.escaping import as_html, as_label, guarded, safe_address
from knowledge_base.store.manifest import Manifest


class Parameters:
    """Query parameters as Streamlit gives them."""

    def __init__(self, query: str) -> None:
        self._values = parse_qs(query, keep_blank_values=True)

    def get_all(self, key: str) -> list[str]:
        return self._values.get(key, [])


class Read(HTMLParser):
    """What a browser makes of HTML: the text, and the tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(str(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_hostile_text_is_text_in_html():
    read = Read(f'<p title="{as_html(HOSTILE)}">{as_html(HOSTILE)}</p>')
    assert read.text == HOSTILE
    assert read.tags == [("p", {"title": HOSTILE})]


def test_controls_and_marks_that_turn_the_writing_are_dropped():
    assert as_html("a\u202eb\u2066c\x00d\x1be\nf") == "abcde\nf"
    assert as_html("a\ud800b") == "ab"


@pytest.mark.parametrize(
    "text", ["![x](http://h/?q=s)", "<b>x</b>", "$x$", "# x", "`x`", "[x](y)", "**x**", "a_b_c", "~~x~~", "http://h.example/x"]
)
def test_marks_in_labels_are_escaped(text: str):
    label = as_label(text)
    bare = label.replace("\\", "").replace("\u2060", "")
    assert bare == text
    assert all(label[position - 1] == "\\" for position, mark in enumerate(label) if mark in "![]()<>$#`*_~/")


@pytest.mark.parametrize("text", [":red[x]", ":smile:", ":material/home:"])
def test_colours_icons_and_emoji_in_labels_are_parted(text: str):
    assert ":\u2060" in as_label(text) and as_label(text).replace("\u2060", "").replace("\\", "") == text


def test_a_label_is_one_line_of_limited_length():
    assert as_label("a\nb\t c") == "a b c"
    assert as_label("word " * 30, 20) == "word word word word…"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//h.example", "http://", "http://[x", "x"])
def test_only_web_addresses_are_linked(address: str):
    assert safe_address(address) is None


def test_a_web_address_is_linked_as_it_is():
    assert safe_address(" https://pariscall.international/en/ ") == "https://pariscall.international/en/"


def test_a_link_comes_back_from_its_address():
    link = SourceLink("a dir/é&b=c.pdf", 3, ((4, 9), (12, 20)), "000002", "conv-1", "0123456789abcdef", 2)
    assert SourceLink.read(Parameters(urlsplit(link.address()).query)) == link
    assert not set(link.address()) & set("\"'<> ")


@pytest.mark.parametrize("query", ["", "page=3", "source="])
def test_an_address_without_a_document_is_no_link(query: str):
    assert SourceLink.read(Parameters(query)) is None


def test_numbers_that_are_none_are_left_out():
    link = SourceLink.read(Parameters("source=a&page=x&start=9&end=4&start=1&end=99999999999999&quoted_page=-1"))
    assert link == SourceLink("a")


def test_a_turned_page_still_knows_the_quoted_one():
    link = SourceLink("a.pdf", 3, ((0, 5),))
    turned = link.turned_to(4)
    assert (turned.page, turned.page_of_spans) == (4, 3)
    assert turned.turned_to(5).page_of_spans == 3
    assert turned.turned_to(3) == link


def test_marks_of_an_answer_open_what_they_quote():
    read = Read(answer_view.answer_html(quoted_answer(), "conv-1"))
    (mark,) = read.named("a")
    link = SourceLink.read(Parameters(urlsplit(str(mark["href"])).query))
    start = TEXT.index(QUOTE)
    assert link == SourceLink("notes/call.md", None, ((start, start + len(QUOTE)),), "000001", "conv-1", links.digest([QUOTE]))
    assert mark["aria-label"] == "Source 1: A note on the Call" and mark["target"] == "_self"


def test_the_short_answer_is_bold_within_its_quote():
    answer = quoted_answer(quote="Signed by <b>12</b> towns & 3 ports.")
    short = ShortAnswer(1, 14, 16, "12")
    html = str(answer_view.answer_html(replace(answer, short_answer=short), None))
    assert "Signed by &lt;b&gt;<strong>12</strong>&lt;/b&gt; towns &amp; 3 ports." in html
    other = replace(answer, short_answer=replace(short, citation=9))
    assert "<strong>" not in str(answer_view.answer_html(other, None))


def test_items_of_an_answer_form_one_list():
    answer = replace(
        quoted_answer(),
        parts=(AnswerPart("Lead:", (1,)), AnswerPart("one", (1,), "list_item"), AnswerPart("two", (9,), "list_item")),
    )
    read = Read(answer_view.answer_html(answer, None))
    assert [tag for tag, _ in read.tags if tag in {"p", "ul", "li"}] == ["p", "ul", "li", "li"]
    assert len(read.named("a")) == 2


def test_hostile_text_in_an_answer_is_shown_as_text():
    answer = quoted_answer(quote=HOSTILE)
    hostile = replace(answer, citations=(replace(answer.citations[0], title=HOSTILE, heading=HOSTILE, source=HOSTILE),))
    for html in (answer_view.answer_html(hostile, HOSTILE), answer_view.card_html(hostile.citations)):
        read = Read(html)
        assert HOSTILE in read.text and not read.named("img")


def test_a_refusal_gives_its_reason_and_last_the_words_that_tell_why():
    answer = refused_answer()
    text = f"{answer.text} These words occur in none of them: Zorblax."
    read = Read(render("refusal", text=text, refusal=answer.refusal))
    lines = [
        "The documents do not answer this question.",
        "The documents hold too little on it.",
        "These words occur in none of",
    ]
    assert [read.text.index(line) for line in lines] == sorted(read.text.index(line) for line in lines)
    assert read.text.endswith("Zorblax.") and "many" not in read.text and "kangaroos" not in read.text
    once = render("refusal", text=f"{answer.text} {lines[1]}", refusal=answer.refusal)
    assert once.count(lines[1]) == 1


def test_the_quiet_line_says_what_an_answer_rests_on():
    assert answer_view.summary(quoted_answer()) == "quoted from 1 document, 0.04 s"
    assert answer_view.summary(refused_answer()) == "not answered, 0.02 s"
    assert answer_view.summary(register_answer()) == "counted in the register, 0.01 s"


def test_a_card_names_numbers_title_page_and_date():
    quoted = [replace(citation(number), page=4) for number in (1, 2, 3)]
    assert answer_view.citation_label(quoted) == "**1–3**  A note on the Call — page 4 · 2018\\-11\\-12"
    assert answer_view.citation_label([quoted[0], quoted[2]]).startswith("**1, 3**")


def test_the_copied_text_has_numbered_references():
    assert answer_view.with_references(quoted_answer()) == (
        f"How many principles?\n\n{QUOTE}[1]\n\n[1] A note on the Call, 2018-11-12, no pages (notes/call.md): “{QUOTE}”"
    )


def test_the_weak_mark_and_the_numbered_part_travel_into_the_copied_text():
    weak = replace(quoted_answer(), is_weak=True)
    copied = answer_view.with_references(replace(weak, citations=(replace(weak.citations[0], label="Article 4"),)))
    assert copied.split("\n\n")[1].startswith("Weak evidence.") and "no pages, Article 4 (notes/call.md)" in copied
    assert "Weak" not in answer_view.with_references(replace(quoted_answer(), is_weak=True, abstained=True))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r1"])
def test_cells_that_a_spreadsheet_would_compute_are_guarded(cell: str):
    assert guarded(cell) == f"'{cell}"


def test_the_table_is_written_with_its_header_and_guarded():
    written = as_csv(register_answer().table).decode("utf-8-sig")
    assert written == 'name,country\r\n"\'=HYPERLINK(""http://127.0.0.2"")",France\r\nAda,Japan\r\n'
    assert as_csv(()).decode("utf-8-sig") == "\r\n"


def test_quotes_are_marked_and_the_distant_text_is_folded_away():
    text = "first line\n" + "filler\n" * 400 + "<b>quoted</b> words\n" + "more\n" * 3000 + "last line"
    start = text.index("<b>")
    read = Read(marked_text_html(text, [(start, start + 6), (start + 4, start + 13)]))
    assert read.text.replace("Show what comes before", "").replace("Show the rest", "") == text
    assert len(read.named("mark")) == 2 and len(read.named("details")) == 2 and not read.named("b")


def test_a_short_text_is_shown_whole():
    read = Read(marked_text_html(TEXT, [(0, 5)]))
    assert (read.text, read.named("details")) == (TEXT, [])


def test_the_library_says_its_counts_and_when_it_was_published():
    counts = {"documents": 1, "pages": 1200, "passages": 2, "records": 0}
    manifest = Manifest("000007", "2026-01-02T23:04:05+00:00", None, "m", 3, 1, counts)
    assert Read(sidebar.library_html(manifest, "Europe/Paris")).text == (
        "1 document1,200 pages2 passagesPublished 3 January 2026, 00:04, generation 000007"
    )


@pytest.mark.parametrize("timezone", [None, "No/Where", "../x"])
def test_without_a_time_zone_the_time_is_marked_as_utc(timezone: str | None):
    assert language.local_time("2026-01-02T03:04:05+00:00", timezone) == "2 January 2026, 03:04 UTC"
