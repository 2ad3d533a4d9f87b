"""The command `check`: a draft, or its sentences as JSON, in the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.messages import message
from assistant.workbench.checking import Checked, Checker, commented, counts, described
from assistant.workbench.drafts import Draft, of_text, read_draft
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import replace_file
from knowledge_base.settings import Settings
from knowledge_base.terminal_text import on_a_line, on_lines

STANDARD_INPUT = "-"
_SYMBOLS = {"verbatim": "=", "supported": "+", "contradicted": "!", "not_found": "?"}


def check_in_terminal(settings: Settings, file: str, output: Path | None, as_json: bool) -> None:
    """Check a draft; print its sentences, or JSON, and write it as DOCX with comments where `output` is given."""
    if output is not None and output.suffix.lower() != ".docx":
        raise KnowledgeBaseError(f"{output} is not a DOCX file.", "Name one that ends in .docx with --output.")
    draft = _read(settings, file)
    with Checker.open(settings) as checker:
        checked = list(_with_progress(checker, draft))
    if output is not None:
        _write(output, commented(draft, checked, settings))
    if as_json:
        print(json.dumps({"sentences": [each.as_json() for each in checked]}, ensure_ascii=False, indent=1))
    else:
        print(on_lines(_readable(checked)))


def _read(settings: Settings, file: str) -> Draft:
    if file == STANDARD_INPUT:
        return of_text(sys.stdin.buffer.read((settings.max_file_mb << 20) + 1).decode(errors="replace"))
    path = Path(file)
    try:
        size = path.stat().st_size
        if size > settings.max_file_mb << 20:
            raise KnowledgeBaseError(
                f"{file} is larger than {settings.max_file_mb} MB.", "Split it, or raise PARISCALL_MAX_FILE_MB."
            )
        return read_draft(path.read_bytes(), path.name, settings)
    except OSError as error:
        remedy = "Name a DOCX, Markdown or text file."
        raise KnowledgeBaseError(f"{file} cannot be read: {error.strerror}.", remedy) from error


def _write(output: Path, data: bytes) -> None:
    try:
        replace_file(output, data)
    except OSError as error:
        raise KnowledgeBaseError(
            f"{output} cannot be written: {error.strerror}.", "Name another file with --output."
        ) from error


def _with_progress(checker: Checker, draft: Draft) -> Iterator[Checked]:
    """Yield what became of each sentence, with a bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    total = len(draft.sentences)
    yield from track(checker.check(draft), "Checking", total, console=console, disable=not console.is_terminal, transient=True)


def _readable(checked: Sequence[Checked]) -> str:
    """Return a paragraph for each sentence that was judged, and the counts."""
    lines = []
    for each in checked:
        if each.sentence.is_claim:
            told = [on_a_line(line) for line in described(each).splitlines() if line]
            lines += [f"{_SYMBOLS[each.status]} {on_a_line(each.sentence.text)}", *(f"    {line}" for line in told), ""]
    found = counts(checked)
    left = len(checked) - sum(found.values())
    return "\n".join([*lines, message("en", "check.counts", **found, left=left)])
