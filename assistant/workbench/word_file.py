"""Read a Word file's paragraphs, and give it back with comments. Run it in the sandbox: the file is not trusted."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from typing import Any

from knowledge_base.errors import DocumentError
from knowledge_base.sandbox.office_archive import check_archive

AUTHOR, INITIALS = "Paris Call assistant", "PC"
MOST_COMMENTS = 5_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT = {f"{_W}tab": "\t", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "-"}
_UNREAD = (f"{_W}del", f"{_W}moveFrom", f"{_W}txbxContent")
_HEADINGS = ("heading", "title", "subtitle", "toc", "titre")

Comment = tuple[int, int, int, str]
"""Paragraph, its first and last character, and what is said of them."""


def read_paragraphs(data: bytes, name: str) -> list[tuple[str, bool]]:
    """Return the text of each paragraph, those of tables too, and whether it is a heading."""
    word = _open(data, name)
    styles = {style.style_id: (style.name or "").lower() for style in word.styles}
    return [(_text(paragraph), _is_heading(paragraph, styles)) for paragraph in _paragraphs(word)]


def with_comments(data: bytes, name: str, comments: Sequence[Comment]) -> bytes:
    """Return the file with a comment at each stretch; runs are split where one begins or ends, and keep their formatting."""
    word = _open(data, name)
    paragraphs = list(_paragraphs(word))
    for number, start, end, text in comments[:MOST_COMMENTS]:
        _comment(word, paragraphs[number], start, end, text)
    return _saved(word)


def from_text(paragraphs: Sequence[tuple[str, bool]], comments: Sequence[Comment]) -> bytes:
    """Return a new Word file of paragraphs and headings, with comments."""
    import docx

    word = docx.Document()
    added = [word.add_paragraph(text, style="Heading 2" if is_heading else None) for text, is_heading in paragraphs]
    for number, start, end, text in comments[:MOST_COMMENTS]:
        _comment(word, added[number]._p, start, end, text)
    return _saved(word)


def _open(data: bytes, name: str) -> Any:  # noqa: ANN401
    import docx

    check_archive(data, name)
    try:
        return docx.Document(BytesIO(data))
    except (KeyError, ValueError, AttributeError, SyntaxError) as error:
        raise DocumentError(f"{name} cannot be read ({error}).", "Open it in a word processor and save it again.") from error


def _saved(word: Any) -> bytes:  # noqa: ANN401
    buffer = BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def _paragraphs(word: Any) -> list[Any]:  # noqa: ANN401
    return list(word.element.body.iter(f"{_W}p"))


def _is_heading(paragraph: Any, styles: dict[str, str]) -> bool:  # noqa: ANN401
    return paragraph.style is not None and styles.get(paragraph.style, "").startswith(_HEADINGS)


def _runs(paragraph: Any) -> list[Any]:  # noqa: ANN401
    """Return the runs of a paragraph, those of links and insertions too, but not what was deleted or stands in a text box."""
    runs = []
    for run in paragraph.iter(f"{_W}r"):
        above = run.iterancestors()
        inner = []
        for element in above:
            if element is paragraph:
                break
            inner.append(element.tag)
        if not any(tag in _UNREAD or tag == f"{_W}p" for tag in inner):
            runs.append(run)
    return runs


def _piece(element: Any) -> str:  # noqa: ANN401
    return (element.text or "") if element.tag == f"{_W}t" else _TEXT.get(element.tag, "")


def _text(paragraph: Any) -> str:  # noqa: ANN401
    return "".join(_piece(element) for run in _runs(paragraph) for element in run).replace("\n", " ")


def _comment(word: Any, paragraph: Any, start: int, end: int, text: str) -> None:  # noqa: ANN401
    """Comment on characters `start` to `end` of a paragraph."""
    from docx.text.run import Run

    _split(paragraph, start)
    _split(paragraph, end)
    position, marked = 0, []
    for run in _runs(paragraph):
        length = sum(len(_piece(element)) for element in run)
        if length and start <= position < end:
            marked.append(Run(run, word))
        position += length
    if marked:
        word.add_comment([marked[0], marked[-1]], text=text, author=AUTHOR, initials=INITIALS)


def _split(paragraph: Any, offset: int) -> None:  # noqa: ANN401
    """Make a run begin at a character; both halves keep the run's formatting."""
    position = 0
    for run in _runs(paragraph):
        for element in list(run):
            length = len(_piece(element))
            if position < offset < position + length:
                _cut(run, element, offset - position)
                return
            position += length
            if position == offset and length and element is not run[-1]:
                _move_after(run, element)
                return


def _cut(run: Any, element: Any, at: int) -> None:  # noqa: ANN401
    """Cut a run within one of its texts."""
    rest = deepcopy(element)
    element.text, rest.text = element.text[:at], element.text[at:]
    for part in (element, rest):
        part.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    element.addnext(rest)
    _move_after(run, element)


def _move_after(run: Any, element: Any) -> None:  # noqa: ANN401
    """Move what follows an element of a run to a run of its own, right after it, with the same formatting."""
    following = list(element.itersiblings())
    other = run.makeelement(run.tag, dict(run.attrib))
    if run.rPr is not None:
        other.append(deepcopy(run.rPr))
    other.extend(following)
    run.addnext(other)
