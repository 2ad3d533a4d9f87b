"""The pictures of a report: by category, risk against coverage, recall by k, latency. Each is an SVG of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assistant.evaluation.metrics import DEPTH, searched_for
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.report import Group
from knowledge_base.escaping import as_html

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


_WIDTH = 520
_ROW = 30
_QUARTERS = [(n / 4, f"{n * 25} %") for n in range(5)]
_BINS = 12


def all_pictures(groups: Sequence[Group], records: Sequence[EvaluationRecord]) -> dict[str, str]:
    """Return each picture by its title."""
    return {
        "Right answers by category": by_category(groups),
        "When to refuse: risk against coverage": risk_and_coverage(records),
        "Retrieval: recall by k": recall_by_k(records),
        "Latency": latency(records),
    }


def by_category(groups: Sequence[Group]) -> str:
    """Draw for each category the share of questions that came out right, with its interval."""
    shown = [(group, group.figures["strict" if group.figures["strict"].value is not None else "refused"]) for group in groups]
    shown = [(group, estimate) for group, estimate in shown if estimate.value is not None]
    height = 64 + _ROW * len(shown)
    picture = Picture("Share of right answers by category, with 95 % intervals", _WIDTH, height)
    plane = Plane(picture, 120, 14, _WIDTH - 90, height - 46)
    plane.draw_axes("right answers", "", _QUARTERS, [])
    for row, (group, estimate) in enumerate(shown):
        y = 18 + _ROW * row
        value, low, high = (estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0)
        (x0, _), (x1, _), (x2, _), (x3, _) = (plane.at(share, 0) for share in (0, value, low, high))
        picture.text(112, y + 15, group.name, "end")
        picture.rectangle(x0, y, plane.right - x0, 20, "track")
        picture.rectangle(x0, y, x1 - x0, 20, "bar", f"{group.name}: {value:.3f} [{low:.3f}, {high:.3f}]")
        picture.line([(x2, y + 10), (x3, y + 10)], "interval")
        picture.text(plane.right + 10, y + 15, f"{value:.0%} of {group.items}")
    return str(picture)


def risk_and_coverage(records: Sequence[EvaluationRecord]) -> str:
    """Draw the share of wrong answers against the share of questions answered, the most confident first.

    The curve ends where the assistant's own threshold lies: beyond it the questions were refused. Source: El-Yaniv and Wiener
    (2010).
    """
    points = risks(records)
    picture, plane = _plane("Share of wrong answers against the share of questions that were answered")
    plane.draw_axes("coverage: questions answered, the most confident first", "risk: wrong answers", _QUARTERS, _QUARTERS)
    if points:
        picture.line([plane.at(*point) for point in points], "curve")
        coverage, risk = points[-1]
        x, y = plane.at(coverage, risk)
        picture.dot(x, y, "point", f"answered {coverage:.1%}, wrong {risk:.1%} of these")
        picture.text(x - 8, y - 10, f"{risk:.0%} wrong of the {coverage:.0%} answered", "end")
    return str(picture)


def risks(records: Sequence[EvaluationRecord]) -> list[tuple[float, float]]:
    """Return (coverage, risk) at each confidence, the highest first; answers of one confidence come together."""
    asked = [record for record in records if record.answer is not None]
    answered = sorted(
        (
            (record.answer["confidence"], not record.right)
            for record in asked
            if record.answer and not record.answer["abstained"]
        ),
        key=lambda entry: -entry[0],
    )
    points, wrong = [], 0
    for count, (confidence, is_wrong) in enumerate(answered, start=1):
        wrong += is_wrong
        if count == len(answered) or answered[count][0] != confidence:
            points.append((count / len(asked), wrong / count))
    return points


def recall_by_k(records: Sequence[EvaluationRecord]) -> str:
    """Draw recall and hit rate among the first k retrieved passages, k from 1 to 10."""
    picture, plane = _plane("Recall and hit rate among the first k retrieved passages")
    steps = [((k - 1) / (DEPTH - 1), str(k)) for k in range(1, DEPTH + 1)]
    plane.draw_axes("k: passages retrieved", "", steps, _QUARTERS)
    reached = recall_and_hit(records)
    if not reached:
        return str(picture)
    for name, kind in (("hit", "second"), ("recall", "curve")):
        shares = reached[name]
        points = [plane.at(step, share) for (step, _), share in zip(steps, shares, strict=True)]
        picture.line(points, kind)
        for (x, y), share, k in zip(points, shares, range(1, DEPTH + 1), strict=True):
            picture.dot(x, y, f"{kind} point", f"{name}@{k}: {share:.3f}")
    picture.text(plane.left, plane.top - 12, "recall (solid: gold passages) and hit (dashed: questions)", kind="name")
    return str(picture)


def recall_and_hit(records: Sequence[EvaluationRecord]) -> dict[str, list[float]]:
    """Return recall and hit rate among the first 1 to DEPTH passages; nothing where no question was searched for."""
    ranks = [record.gold_ranks for record in records if record.scores is not None and searched_for(record.item)]
    if not ranks:
        return {}
    depths = range(1, DEPTH + 1)
    return {name: [_reached(ranks, k, any_of=name == "hit") for k in depths] for name in ("recall", "hit")}


def _reached(ranks: Sequence[Sequence[int | None]], k: int, *, any_of: bool) -> float:
    """Return the mean share of gold passages ranked k or better; with `any_of`, the share of questions with any."""
    found = [[rank is not None and rank <= k for rank in of_item] for of_item in ranks]
    values = [float(any(item)) if any_of else sum(item) / len(item) for item in found]
    return sum(values) / len(values)


def latency(records: Sequence[EvaluationRecord]) -> str:
    """Draw how many answers took how long."""
    milliseconds = sorted(1000 * record.answer["seconds"] for record in records if record.answer is not None)
    picture, plane = _plane("How many answers took how long")
    longest = _round_up(milliseconds[-1]) if milliseconds else 1.0
    counts = [0] * _BINS
    for value in milliseconds:
        counts[min(_BINS - 1, int(value / longest * _BINS))] += 1
    most = max([*counts, 1])
    steps = [(n / 4, f"{longest * n / 4:.0f}") for n in range(5)]
    plane.draw_axes("milliseconds", "answers", steps, [(0, "0"), (1, str(most))])
    for position, count in enumerate(counts):
        (x0, y0), (x1, y1) = plane.at(position / _BINS, 0), plane.at((position + 1) / _BINS, count / most)
        between = f"{longest * position / _BINS:.0f} to {longest * (position + 1) / _BINS:.0f} ms: {count}"
        picture.rectangle(x0 + 1, y1, x1 - x0 - 2, y0 - y1, "bar", between)
    return str(picture)


def _round_up(value: float) -> float:
    """Return the next number with one digit of 1, 2, 4 or 8."""
    step = 1.0
    while step < value:
        step *= 2 if str(step)[0] in "124" else 1.25
    return step


def _plane(title: str) -> tuple[Picture, Plane]:
    picture = Picture(title, _WIDTH, 300)
    return picture, Plane(picture, 58, 34, _WIDTH - 20, 248)
