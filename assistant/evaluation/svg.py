"""Drawing on an SVG picture that stands in a page: shapes and words, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assistant.page_parts.escaping import as_html

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

_NAMESPACE = "http://www.w3.org/2000/svg"


class Picture:
    """A picture of `width` by `height` units; (0, 0) is its upper left corner. `title` says what it shows."""

    def __init__(self, title: str, width: int, height: int) -> None:
        self._title = title
        self._size = width, height
        self._marks: list[str] = []

    def text(self, x: float, y: float, text: str, anchor: Anchor = "start", kind: str = "label") -> None:
        """Write words; (x, y) is on their base line."""
        self._marks.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{as_html(text)}</text>')

    def rectangle(self, x: float, y: float, width: float, height: float, kind: str, says: str = "") -> None:
        """Draw a bar; `says` is shown where the pointer rests on it."""
        title = f"<title>{as_html(says)}</title>" if says else ""
        size = f'width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self._marks.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} class="{kind}">{title}</rect>')

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._marks.append(f'<polyline points="{path}" class="{kind}"/>')

    def dot(self, x: float, y: float, kind: str, says: str = "") -> None:
        """Draw a dot; `says` is shown where the pointer rests on it."""
        self._marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="{kind}"><title>{as_html(says)}</title></circle>')

    def __str__(self) -> str:
        width, height = self._size
        head = f'<svg xmlns="{_NAMESPACE}" viewBox="0 0 {width} {height}" role="img" aria-label="{as_html(self._title)}">'
        return f"{head}{''.join(self._marks)}</svg>"


class Plane:
    """A part of a picture with two axes, each from 0 to its largest value."""

    def __init__(self, picture: Picture, left: float, top: float, right: float, bottom: float) -> None:
        self._picture = picture
        self.left, self.top, self.right, self.bottom = left, top, right, bottom

    def at(self, x: float, y: float) -> Point:
        """Return the place of a point whose coordinates are shares (0 to 1) of the axes."""
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)

    def draw_axes(
        self, across: str, up: str, marks_across: Sequence[tuple[float, str]], marks_up: Sequence[tuple[float, str]]
    ) -> None:
        """Draw both axes with their names and marks; a mark is a share of the axis with what stands there."""
        for share, label in marks_up:
            _, y = self.at(0, share)
            self._picture.line([(self.left, y), (self.right, y)], "grid")
            self._picture.text(self.left - 8, y + 4, label, "end", "tick")
        for share, label in marks_across:
            x, _ = self.at(share, 0)
            self._picture.text(x, self.bottom + 18, label, "middle", "tick")
        self._picture.line([(self.left, self.bottom), (self.right, self.bottom)], "axis")
        self._picture.text((self.left + self.right) / 2, self.bottom + 38, across, "middle", "name")
        self._picture.text(self.left - 8, self.top - 12, up, "start", "name")
