"""What pypdfium2 knows of a page: its characters, what is drawn on it, and its annotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import POINTER, c_float, c_int, c_ubyte, c_uint, c_ushort, cast, create_string_buffer
from dataclasses import dataclass, field
from math import hypot, pi
from typing import Any, NamedTuple

from ingest.loaders.pdf_pages.lines import LINE_END_HYPHEN, Box
from knowledge_base.errors import DocumentError

_ANGLES_SAMPLED = 50
_LONGEST_FONT_NAME = 128
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_BOLD = 700
_MOST_OBJECTS = 3000
_MOST_SEGMENTS = 1000
_MOST_ANNOTATIONS = 2000
_THIN = 3.0
_WHITE, _BLACK = 250, 70
_TURNED = 0.25  # less is an oblique letter
_HIDDEN_FLAGS = 2 | 32
_LONGEST_VALUE = 20_000
_RAW_HYPHEN = 0xFFFE
_INVISIBLE_MODE = 3


@dataclass(slots=True)
class Drawings:
    """What is drawn on a page beside its letters: thin lines, boxes that are filled or outlined, dark ones, and pictures.

    `is_complete` is false where some of it is not known, such as what lies in forms of the page.
    """

    across: list[Box] = field(default_factory=list)
    upright: list[Box] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    dark: list[Box] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    is_complete: bool = True


class Annotation(NamedTuple):
    """What somebody put on a page: `kind` is struck, text, value or tick; `name` is what a form calls the field."""

    kind: str
    box: Box
    text: str = ""
    name: str = ""


class PdfiumPage:
    """A page as pypdfium2 has it, all boxes turned as the page is read. Raise DocumentError beyond `most_characters`."""

    def __init__(self, page: Any, text_page: Any, most_characters: int) -> None:  # noqa: ANN401
        import pypdfium2.raw

        self._raw, self._page, self._text_page = pypdfium2.raw, page, text_page
        self._name = create_string_buffer(_LONGEST_FONT_NAME)
        self._rectangle, self._matrix = pypdfium2.raw.FS_RECTF(), pypdfium2.raw.FS_MATRIX()
        self._left, self._bottom, right, top = page.get_bbox()
        self._across, self._up = right - self._left, top - self._bottom
        self.codes = self._read_codes(most_characters)
        self._quarter_turns = self._text_direction()
        self.width, self.height = (self._up, self._across) if self._quarter_turns % 2 else (self._across, self._up)

    def _read_codes(self, most: int) -> Sequence[int]:
        """Return the code of each character: in one call where the text has one unit for each, else one by one."""
        count = self._text_page.count_chars()
        if count > most:
            raise DocumentError(f"it has {count} characters; the limit is {most}.")
        buffer = (c_ushort * (count + 1))()
        if self._raw.FPDFText_GetText(self._text_page, 0, count, cast(buffer, POINTER(c_ushort))) == count + 1:
            codes: list[int] = buffer[:count]
            known = set(codes)
            if _RAW_HYPHEN in known:
                codes = [ord(LINE_END_HYPHEN) if code == _RAW_HYPHEN else code for code in codes]
            if not any(0xD800 <= code < 0xE000 for code in known):
                return codes
        unicode_at, text_page = self._raw.FPDFText_GetUnicode, self._text_page
        codes = [unicode_at(text_page, index) for index in range(count)]
        return [code if code < 0x110000 else 0 for code in codes]

    def _text_direction(self) -> int:
        """Return the quarter turns, to the left, in which most of the text is set; the page's own turn says less."""
        sample = range(0, len(self.codes), max(1, len(self.codes) // _ANGLES_SAMPLED))
        angles = (self._raw.FPDFText_GetCharAngle(self._text_page, index) for index in sample if self.codes[index] > 32)
        turns = Counter(-round(angle / (pi / 2)) % 4 for angle in angles if angle >= 0)
        return turns.most_common(1)[0][0] if turns else 0

    def box(self, index: int) -> Box:
        """Return the box of a character in points, the page turned so that its text runs from left to right."""
        rectangle = self._rectangle
        if not self._raw.FPDFText_GetLooseCharBox(self._text_page, index, rectangle):
            return Box(0.0, 0.0, 0.0, 0.0)
        if self._quarter_turns == 0:
            x, y = self._left, self._bottom
            return Box(rectangle.left - x, rectangle.bottom - y, rectangle.right - x, rectangle.top - y)
        return self._turned(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)

    def _turned(self, left: float, bottom: float, right: float, top: float) -> Box:
        left, right, bottom, top = left - self._left, right - self._left, bottom - self._bottom, top - self._bottom
        if self._quarter_turns == 0:
            return Box(left, bottom, right, top)
        if self._quarter_turns == 1:
            return Box(bottom, self._across - right, top, self._across - left)
        if self._quarter_turns == 2:
            return Box(self._across - right, self._up - top, self._across - left, self._up - bottom)
        return Box(self._up - top, left, self._up - bottom, right)

    def size(self, index: int) -> float:
        """Return the size of a character's font in points, as set on the page."""
        size = float(self._raw.FPDFText_GetFontSize(self._text_page, index))
        if not self._raw.FPDFText_GetMatrix(self._text_page, index, self._matrix):
            return size
        return size * hypot(self._matrix.c, self._matrix.d)

    def weight(self, index: int) -> int:
        """Return the weight of a character's font; a name such as `Helvetica-Bold` counts where the file gives none."""
        length = self._raw.FPDFText_GetFontInfo(self._text_page, index, self._name, len(self._name), None)
        named = _BOLD_NAME.search(self._name.raw[:length]) is not None
        weight = int(self._raw.FPDFText_GetFontWeight(self._text_page, index))
        return max(weight, _BOLD) if named else weight

    def turn(self, index: int) -> float:
        """Return by how many quarter turns a character is set in another direction than most of the page, 0 to below 4."""
        angle = self._raw.FPDFText_GetCharAngle(self._text_page, index)
        turn = (-angle / (pi / 2) - self._quarter_turns) % 4 if angle >= 0 else 0.0
        return turn if _TURNED < turn < 4 - _TURNED else 0.0

    def is_dark(self, index: int) -> bool:
        """Tell whether a character is nearly black."""
        red, green, blue, opaque = c_uint(), c_uint(), c_uint(), c_uint()
        known = self._raw.FPDFText_GetFillColor(self._text_page, index, red, green, blue, opaque)
        return bool(known) and max(red.value, green.value, blue.value) <= _BLACK

    def is_pale(self, index: int) -> bool:
        """Tell whether a character is white, transparent or set to be invisible."""
        red, green, blue, opaque = c_uint(), c_uint(), c_uint(), c_uint()
        if self._raw.FPDFText_GetFillColor(self._text_page, index, red, green, blue, opaque) and (
            opaque.value == 0 or min(red.value, green.value, blue.value) >= _WHITE
        ):
            return True
        text_object = self._raw.FPDFText_GetTextObject(self._text_page, index)
        return bool(text_object) and self._raw.FPDFTextObj_GetTextRenderMode(text_object) == _INVISIBLE_MODE

    def drawings(self) -> Drawings:
        """Return what is drawn on the page; nothing of a page with very many objects, such as a map."""
        drawn, raw = Drawings(), self._raw
        count = raw.FPDFPage_CountObjects(self._page)
        drawn.is_complete = count <= _MOST_OBJECTS
        for number in range(count if count <= _MOST_OBJECTS else 0):
            item = raw.FPDFPage_GetObject(self._page, number)
            kind = raw.FPDFPageObj_GetType(item)
            if kind == raw.FPDF_PAGEOBJ_PATH:
                boxes = list(self._path_boxes(item))
                for box in boxes:
                    _sort_in(drawn, box)
                if len(boxes) == 1 and self._draw_mode(item)[0] and self._is_filled(item, 0, _BLACK):
                    drawn.dark += boxes
            elif kind == raw.FPDF_PAGEOBJ_IMAGE and (bounds := self._bounds(item)):
                drawn.pictures.append(bounds)
            elif kind in (raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_SHADING):
                drawn.is_complete = False
        return drawn

    def _path_boxes(self, path: Any) -> Iterator[Box]:  # noqa: ANN401
        """Yield the boxes of a path that can be seen: one for its whole, or one for each of its strokes."""
        bounds = self._bounds(path)
        filled, stroked = self._draw_mode(path)
        if bounds is None or not (stroked or (filled and not self._is_filled(path, _WHITE, 255))):
            return
        segments = self._raw.FPDFPath_CountSegments(path)
        if min(bounds.right - bounds.left, bounds.top - bounds.bottom) <= _THIN or segments <= 5 or segments > _MOST_SEGMENTS:
            yield bounds
        else:
            yield from self._stroke_boxes(path, segments)

    def _draw_mode(self, path: Any) -> tuple[bool, bool]:  # noqa: ANN401
        fill, stroke = c_int(), c_int()
        if not self._raw.FPDFPath_GetDrawMode(path, fill, stroke):
            return False, False
        return fill.value != 0, stroke.value != 0

    def _is_filled(self, item: Any, lowest: int, highest: int) -> bool:  # noqa: ANN401
        """Tell whether all parts of a colour, 0 to 255, lie between two bounds."""
        red, green, blue, opaque = c_uint(), c_uint(), c_uint(), c_uint()
        if not self._raw.FPDFPageObj_GetFillColor(item, red, green, blue, opaque):
            return False
        parts = (red.value, green.value, blue.value)
        return lowest <= min(parts) and max(parts) <= highest and (opaque.value > 128 or lowest >= _WHITE)

    def _bounds(self, item: Any) -> Box | None:  # noqa: ANN401
        left, bottom, right, top = c_float(), c_float(), c_float(), c_float()
        if not self._raw.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            return None
        return self._turned(left.value, bottom.value, right.value, top.value)

    def _stroke_boxes(self, path: Any, segments: int) -> Iterator[Box]:  # noqa: ANN401
        """Yield the box of each part of a path between two moves of the pen."""
        raw, x, y, part = self._raw, c_float(), c_float(), list[tuple[float, float]]()
        raw.FPDFPageObj_GetMatrix(path, self._matrix)
        m = self._matrix
        for number in range(segments):
            segment = raw.FPDFPath_GetPathSegment(path, number)
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            point = (m.a * x.value + m.c * y.value + m.e, m.b * x.value + m.d * y.value + m.f)
            if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO and part:
                yield self._around(part)
                part = []
            part.append(point)
        if part:
            yield self._around(part)

    def _around(self, points: Sequence[tuple[float, float]]) -> Box:
        across, up = [x for x, _ in points], [y for _, y in points]
        return self._turned(min(across), min(up), max(across), max(up))

    def annotations(self, form: Any) -> list[Annotation]:  # noqa: ANN401
        """Return what is struck out, written over the page or filled in; `form` is the document's form or None."""
        found: list[Annotation] = []
        for number in range(min(self._raw.FPDFPage_GetAnnotCount(self._page), _MOST_ANNOTATIONS)):
            handle = self._raw.FPDFPage_GetAnnot(self._page, number)
            if not handle:
                continue
            if not self._raw.FPDFAnnot_GetFlags(handle) & _HIDDEN_FLAGS:
                found += self._annotation(handle, form)
            self._raw.FPDFPage_CloseAnnot(handle)
        return found

    def _annotation(self, handle: Any, form: Any) -> Iterator[Annotation]:  # noqa: ANN401
        raw = self._raw
        kind = raw.FPDFAnnot_GetSubtype(handle)
        if kind == raw.FPDF_ANNOT_STRIKEOUT:
            quad = raw.FS_QUADPOINTSF()
            for number in range(raw.FPDFAnnot_CountAttachmentPoints(handle)):
                if raw.FPDFAnnot_GetAttachmentPoints(handle, number, quad):
                    corners = [(quad.x1, quad.y1), (quad.x2, quad.y2), (quad.x3, quad.y3), (quad.x4, quad.y4)]
                    yield Annotation("struck", self._around(corners))
        elif kind in (raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_WIDGET) and raw.FPDFAnnot_GetRect(handle, self._rectangle):
            r = self._rectangle
            box = self._turned(r.left, r.bottom, r.right, r.top)
            if kind == raw.FPDF_ANNOT_FREETEXT:
                yield Annotation("text", box, self._string(raw.FPDFAnnot_GetStringValue, handle, b"Contents"))
            elif form is not None:
                yield from self._field(handle, form.raw, box)

    def _field(self, handle: Any, form: Any, box: Box) -> Iterator[Annotation]:  # noqa: ANN401
        raw = self._raw
        kind = raw.FPDFAnnot_GetFormFieldType(form, handle)
        name = self._string(raw.FPDFAnnot_GetFormFieldAlternateName, form, handle)
        if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
            yield Annotation("tick", box, "☒" if raw.FPDFAnnot_IsChecked(form, handle) else "☐", name)
        elif kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
            is_secret = raw.FPDFAnnot_GetFormFieldFlags(form, handle) & (1 << 13)
            value = "" if is_secret else self._string(raw.FPDFAnnot_GetFormFieldValue, form, handle)
            yield Annotation("value", box, value, name)

    def _string(self, read: Any, *arguments: Any) -> str:  # noqa: ANN401
        length = min(read(*arguments, None, 0), 2 * _LONGEST_VALUE)
        if length <= 2:
            return ""
        buffer = (c_ubyte * length)()
        read(*arguments, cast(buffer, POINTER(c_ushort)), length)
        return bytes(buffer).decode("utf-16-le", "ignore").partition("\0")[0].strip()


def _sort_in(drawn: Drawings, box: Box) -> None:
    across, up = box.right - box.left, box.top - box.bottom
    if up <= _THIN < across:
        drawn.across.append(box)
    elif across <= _THIN < up:
        drawn.upright.append(box)
    elif across > _THIN:
        drawn.boxes.append(box)
