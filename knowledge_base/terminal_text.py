"""Names of files and words of documents for a terminal: what would steer it, or forge a line, is shown as an escape."""

from __future__ import annotations

import re

_STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def on_a_line(text: str) -> str:
    r"""Return text on one line: controls, line ends and marks that turn the writing direction become `\n`, `\x1b`, `\u202e`."""
    return _STEERS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def on_lines(text: str) -> str:
    """Return text with its lines kept, each as `on_a_line` gives it."""
    return "\n".join(map(on_a_line, text.split("\n")))
