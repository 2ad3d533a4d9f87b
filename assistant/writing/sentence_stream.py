"""Cut a model's text into sentences while it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge_base.language.sentences import sentence_spans

_THINKING = re.compile(r"<(think|thinking|reasoning)>(?:(?!</\1>).)*\Z", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)
_LATE_MARKS = re.compile(r"([.!?…][”\"’»)]*)[ \t]*((?:[\[【]\s*\d[^\]】\n]{0,40}[\]】][ \t]*)+)")
_MAY_BE_A_MARK = re.compile(r"[\[【]\s*(?:\d|\Z)")
_LINK = re.compile(r"(?:!\[[^\]\n]{0,500}\]|\[(?:\d+|(?P<text>[^\]\n]{0,500}))\])\([^)\n]{0,2000}\)")
_LONGEST = 2000  # characters of a sentence; what is longer is cut


class SentenceStream:
    """Takes a text piece by piece; gives each sentence, with the marks behind it, once the next one begins or a line ends."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._buffer = ""

    @property
    def draft(self) -> str:
        """Return the sentence that is not finished yet."""
        return _THINKING.sub("", self._buffer).strip()

    def add(self, piece: str) -> Iterator[str]:
        """Take a piece; give the sentences that it finishes."""
        self._buffer = _THOUGHT.sub("", self._buffer + piece)
        if _THINKING.search(self._buffer):
            self._buffer = self._buffer[-_LONGEST:] if len(self._buffer) > 10 * _LONGEST else self._buffer
            return
        *lines, self._buffer = self._buffer.split("\n")
        for line in lines:
            yield from self._sentences(line)
        text = _tidied(self._buffer)
        spans = sentence_spans(text, self._language)
        done = 0
        while len(spans) > 1:
            (start, end), (following, _) = spans[:2]
            opens_an_image = end == following and text[following] == "["  # after its "!"
            if opens_an_image or _MAY_BE_A_MARK.match(text, following):
                break
            spans, done = spans[1:], end
            yield text[start:end]
        self._buffer = text[done:]
        if len(self._buffer) > _LONGEST:
            cut, self._buffer = self._buffer[:_LONGEST], ""
            yield cut

    def end(self) -> Iterator[str]:
        """Give what is left."""
        rest, self._buffer = self.draft, ""
        yield from self._sentences(rest)

    def _sentences(self, line: str) -> Iterator[str]:
        """Give the sentences of a finished line."""
        text = _tidied(line)
        yield from (text[start:end] for start, end in sentence_spans(text, self._language))


def _tidied(line: str) -> str:
    """Return a line without whole links and images, and with marks that follow a full stop before it, in their sentence."""
    return _LATE_MARKS.sub(lambda match: f" {match[2].strip()}{match[1]} ", _LINK.sub(r"\g<text>", line))
