"""Draw a page of a PDF as a picture, with passages of its text highlighted; in the sandbox, for the PDF is not trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from knowledge_base.errors import DocumentError
from knowledge_base.passages import OriginRun

if TYPE_CHECKING:
    from PIL.Image import Image

    from knowledge_base.sandbox.sandbox import Sandbox

WIDTH = 1400
MOST_PIXELS = 12_000_000
_MARKER_COLOUR = (255, 233, 120)
_UNDERLINE_COLOUR = (214, 158, 0)
_UNDERLINE_SHARE = 0.08
_WORD_GAP = 1.5


class Box(NamedTuple):
    """A rectangle; `left` is less than `right` and `low` less than `high`, whichever way the vertical axis points."""

    left: float
    low: float
    right: float
    high: float

    def goes_on_with(self, box: Box) -> bool:
        """Return whether a character stands at the height of this line, and near its end or beginning."""
        height = min(self.high - self.low, box.high - box.low)
        shared = min(self.high, box.high) - max(self.low, box.low)
        gap = max(box.left - self.right, self.left - box.right)
        return shared >= 0.5 * height and gap <= _WORD_GAP * max(self.high - self.low, box.high - box.low)


def page_picture(
    sandbox: Sandbox,
    original: Path,
    content_hash: str,
    page: int,
    spans: Sequence[tuple[int, int]],
    origin: Sequence[OriginRun],
    width: int = WIDTH,
) -> bytes:
    """Return the page of a kept PDF as PNG with the spans highlighted; raise DocumentError where that cannot be had."""
    return sandbox.run(render_page, read_original(original, content_hash), page, list(spans), list(origin), width)


def read_original(path: Path, content_hash: str) -> bytes:
    """Return the bytes that were indexed; raise DocumentError where they are gone or altered."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is no longer kept" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DocumentError(f"The original file {reason}.") from error
    if sha256(data).hexdigest() != content_hash:
        raise DocumentError("The kept original is not the file that was indexed.")
    return data


def render_page(
    pdf: bytes,
    page_number: int,
    highlights: Sequence[tuple[int, int]] = (),
    origin: Sequence[OriginRun] = (),
    width: int = WIDTH,
) -> bytes:
    """Return page `page_number` (from 1) as PNG, about `width` pixels wide and never more than MOST_PIXELS.

    `highlights` are (start, end) offsets in the text of the Page, `origin` that page's runs. Raise DocumentError where the
    PDF or the page cannot be drawn.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(pdf) as document:
            if not 1 <= page_number <= len(document):
                raise DocumentError(f"The document has no page {page_number}.", f"It has {len(document)} pages.")
            image, boxes = _drawn(document[page_number - 1], origin_indices(origin, highlights), width)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"Page {page_number} cannot be drawn: {error}.", "Open the document in a PDF viewer.") from error
    buffer = BytesIO()
    highlighted(image, boxes).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def origin_indices(origin: Sequence[OriginRun], spans: Iterable[tuple[int, int]]) -> list[int]:
    """Return the extractor's index of each character in the `spans` of the page's text, in order, each once."""
    indices = (
        run.origin_index + position - run.start
        for start, end in spans
        for run in origin
        for position in range(max(start, run.start), min(end, run.start + run.length))
    )
    return list(dict.fromkeys(indices))


def highlight_boxes(characters: Iterable[Box]) -> list[Box]:
    """Join the boxes of characters, in reading order, to one box for each line.

    A character goes on with a line if it stands at its height, and not further away than one and a half times that height.
    """
    lines: list[Box] = []
    for box in characters:
        if lines and lines[-1].goes_on_with(box):
            line = lines[-1]
            lines[-1] = Box(
                min(line.left, box.left), min(line.low, box.low), max(line.right, box.right), max(line.high, box.high)
            )
        else:
            lines.append(box)
    return lines


def highlighted(image: Image, boxes: Iterable[Box]) -> Image:
    """Return `image` with `boxes`, in its pixels, marked in yellow under the ink and underlined."""
    from PIL import Image, ImageChops, ImageDraw

    marker = Image.new("RGB", image.size, "white")
    draw = ImageDraw.Draw(marker)
    for box in boxes:
        draw.rectangle(box, fill=_MARKER_COLOUR)
        thickness = max(2.0, _UNDERLINE_SHARE * (box.high - box.low))
        draw.rectangle((box.left, box.high - thickness, box.right, box.high), fill=_UNDERLINE_COLOUR)
    return ImageChops.multiply(image.convert("RGB"), marker)


def render_scale(width_points: float, height_points: float, width: int = WIDTH) -> float:
    """Return the pixels a point for a page `width` pixels wide, less where that would be more than MOST_PIXELS."""
    if width_points <= 0 or height_points <= 0:
        raise DocumentError("The page has no area.", "Open the document in a PDF viewer.")
    return min(width / width_points, sqrt(MOST_PIXELS / (width_points * height_points)))


def _drawn(page: Any, indices: Sequence[int], width: int) -> tuple[Image, list[Box]]:
    """Return the picture of a page, and in its pixels the boxes of the lines that the characters stand on."""
    width_points, height_points = page.get_size()
    bitmap = page.render(scale=render_scale(width_points, height_points, width), rev_byteorder=True)
    position = bitmap.get_posconv(page)
    text_page = page.get_textpage()
    known = text_page.count_chars()
    found = (Box(*text_page.get_charbox(index, loose=True)) for index in indices if index < known)
    boxes = []
    for line in highlight_boxes(box for box in found if box.left < box.right and box.low < box.high):
        corners = position.to_bitmap(line.left, line.low), position.to_bitmap(line.right, line.high)
        (left, right), (low, high) = map(sorted, zip(*corners, strict=True))
        boxes.append(Box(left, low, right, high))
    return bitmap.to_pil().copy(), boxes
