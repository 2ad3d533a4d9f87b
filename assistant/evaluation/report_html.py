"""The report as one page that needs nothing but itself, and its pictures; templates escape all text in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.evaluation.comparison import difference_text, direction
from assistant.evaluation.matching import covers, overlaps
from assistant.evaluation.metrics import BY_NAME, DEPTH, HEADLINES, searched_for, shown
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.report import EvaluationReport, Group
from assistant.evaluation.testset import TestItem
from knowledge_base.escaping import templates

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
COLUMNS = ("strict", "facts", "utility", "recall@10", "gold", "covered", "valid")  # of the table by category and language

Part = Literal["cards", "verdict", "changes", "figures", "groups", "details", "drawn"]
Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

_EXCERPT = 600  # characters of a retrieved passage
_WIDTH = 520  # of a picture, in its own units
_ROW = 30
_QUARTERS = [(n / 4, f"{n * 25} %") for n in range(5)]
_BINS = 12


def as_page(report: EvaluationReport, records: Sequence[EvaluationRecord]) -> str:
    """Return the report as an HTML page."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=f"Evaluation of generation {report.generation}",
            summary=summary(report),
            report=report,
            pictures=all_pictures(report.categories, records),
            failed=[record for record in records if record.has_failed],
        )
    )


def part(name: Part, value: Any) -> Markup:
    """Return a part of the report: `details` of a record, `groups` of groups, `verdict` of the gate, else of the report."""
    made: Markup = getattr(_environment().get_template("parts.html").module, name)(value)
    return made


def read_style(name: str) -> str:
    """Return a style sheet of the reports: `report.css` sets a page of its own, `parts.css` what stands on any page."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def summary(report: EvaluationReport) -> str:
    """Return in a few sentences what was asked, when, and of what."""
    whole, against = report.whole, report.comparison
    said = f"{whole.items} questions of {report.test_set} in {report.seconds:.1f} s, {_moment(report.created)}."
    if whole.stale:
        said += f" {whole.stale} more are stale: their documents changed."
    if against:
        said += f" Compared with generation {against.generation} of {_moment(against.created)} on {against.items} questions."
    return f"{said} Embedding model: {report.model}. Intervals are 95 %, by bootstrap over the questions."


def _moment(created: str) -> str:
    """Return an ISO time in UTC to the minute, as it is read."""
    return f"{created[:16].replace('T', ' ')} UTC"


@cache
def _environment() -> Environment:
    """Return the templates, with what they look up and how they write figures."""
    environment = templates(TEMPLATES)
    environment.globals |= {
        "by_name": BY_NAME,
        "headlines": [BY_NAME[name] for name in HEADLINES],
        "columns": [BY_NAME[name] for name in COLUMNS],
        "depth": DEPTH,
    }
    environment.filters |= {
        "shown": shown,
        "difference": difference_text,
        "direction": direction,
        "excerpt": _excerpt,
        "cites_gold": _cites_gold,
        "finds_gold": _finds_gold,
    }
    return environment


def _excerpt(text: str) -> str:
    """Return the beginning of a passage without empty lines."""
    text = "\n".join(filter(None, map(str.strip, text.splitlines())))
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _cites_gold(item: TestItem, cited: Mapping[str, Any]) -> bool:
    return any(overlaps(cited["source"], cited["quote"], gold) for gold in item.gold)


def _finds_gold(item: TestItem, found: Mapping[str, Any]) -> bool:
    return any(covers(found["source"], found["text"], gold) for gold in item.gold)


class Picture:
    """A picture in SVG with two axes, each from 0 to its largest value; (0, 0) of its units is its upper left corner.

    `says` is what a screen reader says of it. `marks` are elements with their attributes and words.
    """

    def __init__(self, title: str, says: str, height: int = 300, left: float = 58, top: float = 34, right: float = 500) -> None:
        self.title, self.says, self.width, self.height = title, says, _WIDTH, height
        self.left, self.top, self.right, self.bottom = left, top, right, height - 52.0
        self.marks: list[tuple[str, dict[str, str], str]] = []

    def at(self, x: float, y: float) -> Point:
        """Return the place of a point whose coordinates are shares (0 to 1) of the axes."""
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)

    def mark(self, tag: str, kind: str, words: str = "", **attributes: float | str) -> None:
        """Draw an element of a class; `words` are a text's own, or shown where the pointer rests on it."""
        written = {n: v if isinstance(v, str) else f"{v:.1f}" for n, v in attributes.items()}
        self.marks.append((tag, {**written, "class": kind}, words))

    def text(self, x: float, y: float, words: str, anchor: Anchor = "start", kind: str = "label") -> None:
        """Write words; (x, y) is on their base line."""
        self.marks.append(("text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class": kind}, words))

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through points."""
        self.mark("polyline", kind, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))

    def draw_axes(
        self, across: str, up: str, steps_across: Sequence[tuple[float, str]], steps_up: Sequence[tuple[float, str]]
    ) -> None:
        """Draw both axes with their names and steps; a step is a share of the axis with what stands there."""
        for share, label in steps_up:
            _, y = self.at(0, share)
            self.line([(self.left, y), (self.right, y)], "grid")
            self.text(self.left - 8, y + 4, label, "end", "tick")
        for share, label in steps_across:
            self.text(self.at(share, 0)[0], self.bottom + 18, label, "middle", "tick")
        self.line([(self.left, self.bottom), (self.right, self.bottom)], "axis")
        self.text((self.left + self.right) / 2, self.bottom + 38, across, "middle", "name")
        self.text(self.left - 8, self.top - 12, up, "start", "name")


def all_pictures(groups: Sequence[Group], records: Sequence[EvaluationRecord]) -> list[Picture]:
    """Return the pictures of a report."""
    return [by_category(groups), risk_and_coverage(records), recall_by_k(records), latency(records)]


def by_category(groups: Sequence[Group]) -> Picture:
    """Draw for each category the share of questions that came out right, with its interval."""
    shares = [(group, group.figures["strict" if group.figures["strict"].value is not None else "refused"]) for group in groups]
    shares = [(group, estimate) for group, estimate in shares if estimate.value is not None]
    says = "Share of right answers by category, with 95 % intervals"
    picture = Picture("Right answers by category", says, 70 + _ROW * len(shares), left=120, top=14, right=_WIDTH - 90)
    picture.draw_axes("right answers", "", _QUARTERS, [])
    for row, (group, estimate) in enumerate(shares):
        y = 18 + _ROW * row
        value, low, high = (estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0)
        (x0, _), (x1, _), (x2, _), (x3, _) = (picture.at(share, 0) for share in (0, value, low, high))
        picture.text(112, y + 15, group.name, "end")
        picture.mark("rect", "track", x=x0, y=y, width=picture.right - x0, height=20.0)
        told = f"{group.name}: {value:.3f} [{low:.3f}, {high:.3f}]"
        picture.mark("rect", "bar", told, x=x0, y=y, width=max(x1 - x0, 0.0), height=20.0)
        picture.line([(x2, y + 10), (x3, y + 10)], "interval")
        picture.text(picture.right + 10, y + 15, f"{value:.0%} of {group.items}")
    return picture


def risk_and_coverage(records: Sequence[EvaluationRecord]) -> Picture:
    """Draw the share of wrong answers against the share of questions answered, the most confident first.

    The curve ends where the assistant's own threshold lies: beyond it the questions were refused. Source: El-Yaniv and Wiener
    (2010).
    """
    points = risks(records)
    says = "Share of wrong answers against the share of questions that were answered"
    picture = Picture("When to refuse: risk against coverage", says)
    picture.draw_axes("coverage: questions answered, the most confident first", "risk: wrong answers", _QUARTERS, _QUARTERS)
    if points:
        picture.line([picture.at(*point) for point in points], "curve")
        coverage, risk = points[-1]
        x, y = picture.at(coverage, risk)
        picture.mark("circle", "point", f"answered {coverage:.1%}, wrong {risk:.1%} of these", cx=x, cy=y, r=4.0)
        picture.text(x - 8, y - 10, f"{risk:.0%} wrong of the {coverage:.0%} answered", "end")
    return picture


def risks(records: Sequence[EvaluationRecord]) -> list[tuple[float, float]]:
    """Return (coverage, risk) at each confidence, the highest first; answers of one confidence come together."""
    asked = [(record, record.answer) for record in records if record.answer is not None]
    answered = [(answer["confidence"], not record.right) for record, answer in asked if not answer["abstained"]]
    answered.sort(key=lambda entry: -entry[0])
    points, wrong = [], 0
    for count, (confidence, is_wrong) in enumerate(answered, start=1):
        wrong += is_wrong
        if count == len(answered) or answered[count][0] != confidence:
            points.append((count / len(asked), wrong / count))
    return points


def recall_by_k(records: Sequence[EvaluationRecord]) -> Picture:
    """Draw recall and hit rate among the first k retrieved passages, k from 1 to 10."""
    picture = Picture("Retrieval: recall by k", "Recall and hit rate among the first k retrieved passages")
    steps = [((k - 1) / (DEPTH - 1), str(k)) for k in range(1, DEPTH + 1)]
    picture.draw_axes("k: passages retrieved", "", steps, _QUARTERS)
    for name, shares in recall_and_hit(records).items():
        kind = "curve" if name == "recall" else "second"
        points = [picture.at(step, share) for (step, _), share in zip(steps, shares, strict=True)]
        picture.line(points, kind)
        for (x, y), share, (_, k) in zip(points, shares, steps, strict=True):
            picture.mark("circle", f"{kind} point", f"{name}@{k}: {share:.3f}", cx=x, cy=y, r=4.0)
    picture.text(picture.left, picture.top - 12, "recall (solid: gold passages) and hit (dashed: questions)", kind="name")
    return picture


def recall_and_hit(records: Sequence[EvaluationRecord]) -> dict[str, list[float]]:
    """Return hit rate and recall among the first 1 to DEPTH passages; nothing where no question was searched for."""
    ranks = [record.gold_ranks for record in records if record.scores is not None and searched_for(record.item)]
    found: dict[str, list[float]] = {"hit": [], "recall": []} if ranks else {}
    for k in range(1, DEPTH + 1) if ranks else ():
        within = [[rank is not None and rank <= k for rank in of_item] for of_item in ranks]
        found["hit"].append(sum(map(any, within)) / len(within))
        found["recall"].append(sum(sum(item) / len(item) for item in within) / len(within))
    return found


def latency(records: Sequence[EvaluationRecord]) -> Picture:
    """Draw how many answers took how long."""
    milliseconds = sorted(1000 * record.answer["seconds"] for record in records if record.answer is not None)
    picture = Picture("Latency", "How many answers took how long")
    longest = 1.0
    while milliseconds and longest < milliseconds[-1]:  # up to the next number with one digit of 1, 2, 4 or 8
        longest *= 2 if str(longest)[0] in "124" else 1.25
    counts = [0] * _BINS
    for value in milliseconds:
        counts[min(_BINS - 1, int(value / longest * _BINS))] += 1
    most = max([*counts, 1])
    steps = [(n / 4, f"{longest * n / 4:.0f}") for n in range(5)]
    picture.draw_axes("milliseconds", "answers", steps, [(0, "0"), (1, str(most))])
    for position, count in enumerate(counts):
        (x0, y0), (x1, y1) = picture.at(position / _BINS, 0), picture.at((position + 1) / _BINS, count / most)
        between = f"{longest * position / _BINS:.0f} to {longest * (position + 1) / _BINS:.0f} ms: {count}"
        picture.mark("rect", "bar", between, x=x0 + 1, y=y1, width=x1 - x0 - 2, height=y0 - y1)
    return picture
