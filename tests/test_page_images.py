from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import pytest
from pdf_files import Text, make_pdf, paragraph
from PIL import Image

from ingest.loaders import pdf
from knowledge_base.errors import DocumentError
from knowledge_base.passages import OriginRun
from knowledge_base.sandbox.page_images import (
    MOST_PIXELS,
    WIDTH,
    Box,
    highlight_boxes,
    highlighted,
    origin_indices,
    render_page,
    render_scale,
)
from knowledge_base.sandbox.sandbox import Sandbox

LINES = ["The committee asked for inter-", "national rules and more."]
MARKED = (255, 233, 120)


def drawn(data: bytes, phrase: str | None) -> Image.Image:
    page = pdf.load(data, "a.pdf").pages[0]
    start = page.text.index(phrase) if phrase else 0
    spans = [(start, start + len(phrase))] if phrase else []
    return Image.open(BytesIO(render_page(data, 1, spans, page.origin)))


def marked_area(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of all pixels in the marker's colour, a little spread allowed."""
    red, green, blue = image.split()
    mask = blue.point(lambda value: 255 * (100 <= value <= 140))
    strong = Image.composite(mask, Image.new("L", image.size), red.point(lambda value: 255 * (value > 240)))
    return strong.getbbox()


def ink_area(image: Image.Image) -> tuple[int, int, int, int] | None:
    return image.convert("L").point(lambda value: 255 * (value < 100)).getbbox()


def test_spans_of_the_text_lead_to_the_characters_on_the_page() -> None:
    origin = [OriginRun(0, 10, 5), OriginRun(5, 20, 5)]
    assert origin_indices(origin, [(3, 7)]) == [13, 14, 20, 21]
    assert origin_indices(origin, [(0, 2), (1, 3)]) == [10, 11, 12]
    assert origin_indices(origin, [(50, 60)]) == []


def test_characters_of_a_line_are_joined_and_a_new_line_or_a_far_column_begins_a_box() -> None:
    line = [Box(10, 100, 16, 110), Box(16, 100, 20, 110), Box(26, 101, 30, 109)]
    below, far = Box(10, 85, 16, 95), Box(300, 85, 306, 95)
    assert highlight_boxes([*line, below, far]) == [Box(10, 100, 30, 110), below, far]
    assert highlight_boxes([]) == []


def test_the_picture_is_as_wide_as_asked_and_keeps_the_page_in_proportion() -> None:
    image = drawn(make_pdf([paragraph(60, 700, LINES)]), None)
    assert abs(image.width - WIDTH) <= 1
    assert abs(image.height - WIDTH * 842 / 595) <= 2


@pytest.mark.parametrize(("width", "height"), [(14_400, 14_400), (10, 14_400), (14_400, 10), (595, 842), (3, 3)])
def test_no_page_size_leads_past_the_limit_of_pixels(width: float, height: float) -> None:
    scale = render_scale(width, height)
    assert width * height * scale**2 <= MOST_PIXELS * 1.0001
    assert width * scale <= WIDTH * 1.0001


def test_a_page_without_area_is_refused() -> None:
    with pytest.raises(DocumentError, match="no area"):
        render_scale(0, 100)


def test_a_highlight_covers_the_ink_of_its_word_and_nothing_else() -> None:
    data = make_pdf([[Text(60, 700, "Alpha"), Text(60, 600, "Beta")]])
    marked = marked_area(drawn(data, "Beta"))
    ink = ink_area(drawn(make_pdf([[Text(60, 600, "Beta")]]), None))
    assert marked is not None and ink is not None
    assert marked[0] <= ink[0] + 1 and marked[1] <= ink[1] and marked[2] >= ink[2] - 1
    assert marked[2] - marked[0] < 1.15 * (ink[2] - ink[0])
    assert marked[1] > drawn(data, None).height * (842 - 620) / 842


def test_a_word_divided_at_the_end_of_a_line_is_marked_on_both_lines() -> None:
    data = make_pdf([paragraph(60, 700, LINES)])
    marked = marked_area(drawn(data, "international"))
    assert marked is not None
    assert marked[3] - marked[1] > 20 * WIDTH / 595


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_highlight_stands_on_its_word_on_a_turned_page(rotation: int) -> None:
    data = make_pdf([[Text(60, 700, "Gamma")]], rotation=rotation)
    image = drawn(data, "Gamma")
    ink, marked = ink_area(drawn(data, None)), marked_area(image)
    assert ink is not None and marked is not None
    middle = ((ink[0] + ink[2]) / 2, (ink[1] + ink[3]) / 2)
    assert marked[0] < middle[0] < marked[2] and marked[1] < middle[1] < marked[3]


def test_ink_stays_dark_under_the_marker_and_the_line_below_is_darker() -> None:
    image = Image.new("RGB", (40, 40), "white")
    image.putpixel((20, 15), (0, 0, 0))
    result = highlighted(image, [Box(10, 10, 30, 30)])
    assert [result.getpixel(at) for at in ((20, 15), (12, 12), (5, 5))] == [(0, 0, 0), MARKED, (255, 255, 255)]
    assert result.getpixel((20, 30)) == (214, 158, 0)


def test_without_highlights_no_pixel_is_marked() -> None:
    assert marked_area(drawn(make_pdf([paragraph(60, 700, LINES)]), None)) is None


def test_an_index_beyond_the_page_is_ignored() -> None:
    data = make_pdf([paragraph(60, 700, LINES)])
    assert marked_area(Image.open(BytesIO(render_page(data, 1, [(0, 5)], [OriginRun(0, 9_000, 5)])))) is None


@pytest.mark.parametrize("number", [0, 2])
def test_a_page_that_is_not_there_is_named(number: int) -> None:
    with pytest.raises(DocumentError, match=f"no page {number}"):
        render_page(make_pdf([[Text(60, 700, "One.")]]), number)


def test_what_is_no_pdf_cannot_be_drawn() -> None:
    with pytest.raises(DocumentError, match="cannot be drawn"):
        render_page(b"no PDF", 1)


def test_pages_are_drawn_in_the_sandbox() -> None:
    with Sandbox(workers=1, seconds=30) as sandbox:
        picture = sandbox.run(render_page, make_pdf([[Text(60, 700, "One.")]]), 1, [(0, 3)], [OriginRun(0, 0, 3)])
    assert picture.startswith(b"\x89PNG")


def test_boxes_of_a_paragraph_go_down_the_page() -> None:
    data = make_pdf([paragraph(60, 700, ["One line of text that is long.", "Another line of it.", "The last."])])
    page = pdf.load(data, "a.pdf").pages[0]
    indices = origin_indices(page.origin, [(0, len(page.text))])
    assert indices == sorted(indices) and all(after > before for before, after in pairwise(indices))
