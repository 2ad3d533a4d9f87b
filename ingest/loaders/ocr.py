"""Read the letters on the picture of a page, with RapidOCR, whose models come in its wheel (the extra `ocr`)."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ingest.loaders.characters import clean
from ingest.loaders.pdf_pages.lines import Box, Line
from ingest.loaders.pdf_pages.rows import rows_of
from knowledge_base.files import replace_file

VERSION = 1  # of what is kept of a reading
FOLDER = "pictures"  # in the data directory
KEPT_IN: ContextVar[Path | None] = ContextVar("the folder that keeps what was read of pictures, so that none is read twice")
NO_TIME = "The page is a picture, and reading it would pass the limit of processor time. Raise PARISCALL_PARSE_SECONDS."
REMEDY = "Run OCR on it (ocrmypdf does that), or install text recognition: pip install paris-call-assistant[ocr]."
_SCALE = 200 / 72  # pixels a point
_MOST_PIXELS = 9_000_000
_LEAST_CONFIDENCE = 0.5  # of a line; below, letters are guessed
_SAME_SIZE = 1.3
_SURE = 0.85  # of the least sure line
_SMALLER = 0.75


class Picture(NamedTuple):
    """The lines that were read of a picture, the highest first, and the mean confidence of their letters, 0 to 1."""

    lines: list[Line]
    confidence: float


def kept_reading(name: str) -> Picture | None:
    """Return what is kept under the name of a file's page or of a drawing; None where nothing is, or it is broken."""
    folder = KEPT_IN.get(None)
    if folder is None:
        return None
    try:
        kept = json.loads((folder / f"{name}.json").read_bytes())
        lines = [
            Line(order, text, [-1] * len(text), Box(*box), size, bold=False)
            for order, (text, box, size) in enumerate(kept["lines"])
        ]
        return Picture(lines, float(kept["confidence"])) if kept["version"] == VERSION else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_once(page: Any, name: str) -> Picture:  # noqa: ANN401
    """Read a page of pypdfium2 where no page that looks the same is kept, and keep the reading under its `name`, too."""
    folder = KEPT_IN.get(None)
    if folder is None:
        return read_picture(page)
    drawing = f"drawing-{sha256(page.render(scale=1).to_numpy().tobytes()).hexdigest()}"
    picture = kept_reading(drawing) or read_picture(page)
    lines = [(line.text, line.box, line.size) for line in picture.lines]
    data = json.dumps({"version": VERSION, "confidence": picture.confidence, "lines": lines}).encode()
    folder.mkdir(parents=True, exist_ok=True)
    for kept in (drawing, name):
        replace_file(folder / f"{kept}.json", data)
    return picture


def is_installed() -> bool:
    """Tell whether pictures can be read."""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


def read_picture(page: Any) -> Picture:  # noqa: ANN401
    """Draw a page of pypdfium2 and read it; boxes are in points, as if it had been scanned straight.

    Where a line is read with doubt, such as several lines taken for one, a smaller drawing is tried, and the surer one kept.
    """
    first, least = _read(page, 1.0)
    if least >= _SURE:
        return first
    return max(first, _read(page, _SMALLER)[0], key=lambda picture: picture.confidence)


def _read(page: Any, share: float) -> tuple[Picture, float]:  # noqa: ANN401
    """Return what is read of a page drawn at a share of the usual size, and the confidence of its least sure line."""
    width, height = page.get_size()
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(1.0, width * height))) * share
    found = _engine()(page.render(scale=scale).to_numpy()[:, :, :3])
    if found.boxes is None:
        return Picture([], 0.0), 0.0
    read = [
        (box, " ".join(clean(text).split()), float(score))
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]
    read = [(box, text, score) for box, text, score in read if text and score >= _LEAST_CONFIDENCE]
    if not read:
        return Picture([], 0.0), 0.0
    boxes = _straight([[(float(x) / scale, height - float(y) / scale) for x, y in box] for box, _, _ in read])
    usual = median(box.top - box.bottom for box in boxes)
    lines: list[Line] = []
    for box, (_, text, _) in zip(boxes, read, strict=True):
        size = box.top - box.bottom
        size = usual if usual / _SAME_SIZE < size < usual * _SAME_SIZE else size
        lines.append(Line(0, text, [-1] * len(text), box, size, bold=False))
    ordered = [line for row in rows_of(lines) for line in row]
    for order, line in enumerate(ordered):
        line.order = order
    letters = sum(len(text) for _, text, _ in read)
    confidence = sum(len(text) * score for _, text, score in read) / letters
    return Picture(ordered, confidence), min(map(float, found.scores))


def _straight(corners: Sequence[Sequence[tuple[float, float]]]) -> list[Box]:
    """Return upright boxes of lines given by their corners, clockwise from the upper left, and turned straight."""
    angles = [math.atan2(right[1] - left[1], right[0] - left[0]) for left, right, *_ in corners if right[0] - left[0] > 50]
    turn = median(angles) if angles else 0.0
    cosine, sine = math.cos(-turn), math.sin(-turn)
    boxes = []
    for points in corners:
        turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]
        lefts, rights = (turned[0], turned[3]), (turned[1], turned[2])
        top = (turned[0][1] + turned[1][1]) / 2
        bottom = (turned[2][1] + turned[3][1]) / 2
        boxes.append(Box(min(x for x, _ in lefts), bottom, max(x for x, _ in rights), top))
    return boxes


@cache
def _engine() -> Any:  # noqa: ANN401
    from rapidocr import RapidOCR

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "error", **threads})
