"""What a language model may say: plain sentences with citation marks, one by one. All else is taken out of its text.

An allow-list: no image, no link, no HTML, no marks of Markdown, no address, no token of a chat template, no terminal command,
no character that is not seen. `[3]` is a mark where passage 3 was given to the model, and is taken out where it was not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.language.sentences import sentence_spans

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_TERMINAL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?", re.DOTALL)
_TEMPLATE = re.compile(
    r"<\|[^|<>]{0,60}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|\[/?(?:TOOL_CALLS|AVAILABLE_TOOLS)\]"
)
_IMAGE = re.compile(r"!\[[^\]]{0,500}\](?:\([^)]{0,2000}\)?|\[[^\]]{0,200}\])?")
_LINK = re.compile(r"\[(?P<text>[^\]]{0,500})\](?:\([^)\n]{0,2000}\)?|\[(?![\d ,;–-]+\])[^\]\n]{0,200}\])")
_DEFINITION = re.compile(r"^\s*\[[^\]]{1,200}\]:.*$", re.MULTILINE)
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]{0,2000}>?|<!--.*?(?:-->|\Z)", re.DOTALL)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}:/?/|//|www\.)[^\s<>\"')\]]+|\b(?:javascript|data|mailto|tel|file):[^\s<>]+"
    r"|\b[\w.-]+@[\w-]+\.[\w.-]+\b",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"\*{1,3}|`+|~~|^\s{0,3}(?:#{1,6}|>+|[-*•]|\d{1,2}[.)](?=\s))\s*|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)|\|", re.MULTILINE
)
_MARK = re.compile(
    r"[\[【]\s*(?:passages?\s*)?(?P<numbers>\d{1,3}(?:\s*(?:[,;&]|et|and|-|–)\s*\d{1,3})*)\s*[\]】]", re.IGNORECASE
)
_BRACKETS = re.compile(r"[\[\]{}<>【】]|\(\s*\)")
_RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")
_LONGEST_RANGE = 12
_SHOWN = frozenset({
    "Ll", "Lu", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No", "Pd",
    "Ps", "Pe", "Pi", "Pf", "Po", "Pc", "Sm", "Sc", "Sk", "So",
})  # fmt: skip
_NEVER = re.compile(r"[\U000e0000-\U000e0fff\ufe00-\ufe0f\u115f\u1160\u3164\uffa0\u2800]")
_MOST_MARKS = 3  # combining marks on one letter
_THINKING = re.compile(r"<(think|thinking|reasoning)>(?:(?!</\1>).)*\Z", re.DOTALL | re.IGNORECASE)
_WHOLE_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)
_LATE_MARKS = re.compile(r"([.!?…][”\"’»)]*)[ \t]*((?:[\[【]\s*\d[^\]】\n]{0,40}[\]】][ \t]*)+)")
_MAY_BE_A_MARK = re.compile(r"[\[【]\s*(?:\d|\Z)")
_WHOLE_LINK = re.compile(r"(?:!\[[^\]\n]{0,500}\]|\[(?:\d+|(?P<text>[^\]\n]{0,500}))\])\([^)\n]{0,2000}\)")
_LONGEST_SENTENCE = 2000  # characters; what is longer is cut


@dataclass(frozen=True, slots=True)
class ModelSentence:
    """A sentence of a model made safe: its text without marks, the passages it cites, and whether it cited any not given."""

    text: str
    cited: tuple[int, ...]
    is_false_citation: bool = False


def clean_sentence(raw: str, passages: int) -> ModelSentence:
    """Return a sentence of a model as it may be shown; `passages` is how many passages it was given, numbered from 1."""
    text = without_markup(raw)
    numbers = [number for match in _MARK.finditer(text) for number in _numbers(match["numbers"])]
    valid = tuple(dict.fromkeys(number for number in numbers if 1 <= number <= passages))
    bare = _BRACKETS.sub(" ", _MARK.sub(" ", text))
    line = re.sub(r"\s+([.,;:!?…])", r"\1", " ".join(bare.split()))
    return ModelSentence(line.strip(" -–*"), valid, len(valid) < len(set(numbers)))


def without_markup(raw: str) -> str:
    """Return a model's text without anything but words, punctuation and marks such as [1]."""
    text = _THOUGHT.sub(" ", _TERMINAL.sub("", raw))
    for pattern in (_TEMPLATE, _IMAGE, _DEFINITION):
        text = pattern.sub(" ", text)
    text = _LINK.sub(lambda match: " " if match["text"].strip().isdigit() else match["text"], text)
    for pattern in (_TAG, _ADDRESS, _MARKDOWN):
        text = pattern.sub(" ", text)
    return "".join(_seen(unicodedata.normalize("NFC", _NEVER.sub("", text))))


def plain_passage(text: str) -> str:
    """Return a passage as a model may read it: no chat-template token, no unseen character, no fence of the prompt's."""
    bare = _TEMPLATE.sub(" ", _TERMINAL.sub("", text)).replace("<", "‹").replace(">", "›")
    return "".join(_seen(_NEVER.sub("", bare))).strip()


def _seen(text: str) -> Iterator[str]:
    """Give the characters that are seen, white space as blanks; marks heaped on one letter are cut."""
    heaped = 0
    for character in text:
        category = unicodedata.category(character)
        heaped = heaped + 1 if category == "Mn" else 0
        if character == "\n":
            yield character
        elif category == "Zs" or character == "\t":
            yield " "
        elif category in _SHOWN and heaped <= _MOST_MARKS:
            yield character


def _numbers(written: str) -> Iterator[int]:
    for first, last in _RANGE.findall(written):
        yield from range(int(first), int(last) + 1) if int(last) - int(first) <= _LONGEST_RANGE else (int(last),)
    yield from (int(number) for number in re.findall(r"\d+", _RANGE.sub(" ", written)))


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
        self._buffer = _WHOLE_THOUGHT.sub("", self._buffer + piece)
        if _THINKING.search(self._buffer):
            self._buffer = self._buffer[-_LONGEST_SENTENCE:] if len(self._buffer) > 10 * _LONGEST_SENTENCE else self._buffer
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
        if len(self._buffer) > _LONGEST_SENTENCE:
            cut, self._buffer = self._buffer[:_LONGEST_SENTENCE], ""
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
    return _LATE_MARKS.sub(lambda match: f" {match[2].strip()}{match[1]} ", _WHOLE_LINK.sub(r"\g<text>", line))
