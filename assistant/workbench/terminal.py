"""What `check`, `export`, `verify` and `digest` do and print in the terminal."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from assistant.answers import ExportFormat
from assistant.messages import message
from assistant.workbench import digest
from assistant.workbench.bundle import Verification, verify
from assistant.workbench.checking import Checked, Checker, commented, counts, described
from assistant.workbench.drafts import Draft, of_text, read_draft
from assistant.workbench.exporting import written
from assistant.workbench.notes import look_up, read_answers
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import write_output
from knowledge_base.settings import Settings
from knowledge_base.terminal_text import on_a_line, on_lines

_LONGEST_QUOTE = 200
STANDARD_INPUT = "-"
_SYMBOLS = {"verbatim": "=", "supported": "+", "contradicted": "!", "not_found": "?"}


def export_answers(
    settings: Settings, answers: Path, format_: ExportFormat, output: Path, *, with_originals: bool, as_json: bool
) -> None:
    """Write a file of answers in another form; say on standard error what could not be looked up."""
    if with_originals and format_ != "bundle":
        raise KnowledgeBaseError("--with-originals is for a bundle.", "Leave it out, or use --format bundle.")
    read = read_answers(answers)
    cited = look_up(read, settings)
    for notice in cited.notices:
        print(on_a_line(notice), file=sys.stderr)
    data = written(read, format_, cited, settings.data_dir / "originals" if with_originals else None)
    write_output(output, data)
    facts = {"file": str(output), "format": format_, "answers": len(read), "documents": len(cited.references())}
    facts |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    told = f"{len(read):,} answers from {facts['documents']} documents are in {output}, SHA-256 {facts['sha256']}."
    print(json.dumps(facts) if as_json else on_a_line(told))


def verify_bundle(settings: Settings, file: Path, *, as_json: bool) -> bool:
    """Verify a bundle, print what was found, and return whether all of it holds."""
    found = verify(file, settings.data_dir)
    if as_json:
        standing = Counter(stands.standing for _, stands in found.now)
        lost = [{**asdict(kept), "standing": s.standing} for kept, s in found.now if s.standing == "gone"]
        now = {"generation": found.generation, **{word: standing[word] for word in ("there", "moved", "gone")}, "lost": lost}
        facts = {name: getattr(found, name) for name in ("tool", "created", "answers", "quotes", "documents")}
        failures = [asdict(failure) for failure in found.failures]
        print(json.dumps({"holds": not failures, **facts, "failures": failures, "now": now if found.now else None}, indent=1))
    else:
        print("\n".join(map(on_a_line, _told(found, file))))
    return not found.failures


def _told(found: Verification, file: Path) -> Iterator[str]:
    holds = "does not hold" if found.failures else "holds"
    yield f"{file} {holds}: {found.answers:,} answers, {found.quotes:,} quotes of {found.documents:,} documents; {found.tool}."
    for failure in found.failures:
        page = f", page {failure.page}" if failure.page is not None else ""
        where = f" {failure.source}{page}:" if failure.source else ""
        quote = f" [{failure.number}] of “{(failure.question or '')[:_LONGEST_QUOTE]}”:" if failure.number is not None else ""
        yield f"  -{quote}{where} {failure.what}"
    if found.now:
        counts = Counter(stands.standing for _, stands in found.now)
        told = (
            f"{counts['there']} of its quotes stand where they stood, {counts['moved']} have moved, {counts['gone']} are gone"
        )
        yield f"In generation {found.generation} of the index at hand, {told}{':' if counts['gone'] else '.'}"
        for kept, stands in found.now:
            if stands.standing == "gone":
                yield f"  - {kept.source}: “{kept.quote[:_LONGEST_QUOTE]}”"


def make_digest(settings: Settings, store: digest.SavedAnswers, atom: Path | None, *, as_json: bool) -> None:
    """Ask the saved questions again, print what changed, and write the feed."""
    from rich.progress import Progress

    from assistant.answering import Assistant

    total = len(store.saved_answers())
    changes: list[digest.AnswerChange] = []
    generation = None
    if total:
        with Assistant.open(settings) as assistant, Progress(disable=not sys.stderr.isatty()) as bar:
            generation = assistant.generation.id
            asked = digest.ask_again(store, lambda q, history: assistant.ask(q, history, "extractive"), generation)
            changes = list(bar.track(asked, total=total, description="Ask"))
    if atom is not None:
        write_output(atom, digest.as_atom(digest.changes_one_by_one(store), str(settings.data_dir.resolve())))
    changed = [change for change in changes if change.state != "same"]
    if as_json:
        answers = [digest.as_json(change) for change in changes]
        print(json.dumps({"generation": generation, "asked": total, "changed": len(changed), "answers": answers}, indent=1))
        return
    print(f"{len(changed)} of {total} saved answers changed since they were saved or last asked.")
    for change in changed:
        print(on_a_line(f"- {change.question}: {message('en', f'digest.{change.state}')}"))
        for quote in change.quotes:
            cited = quote.after or quote.before
            if cited:
                print(on_a_line(f"    {quote.kind}: “{' '.join(cited.quote.split())[:_LONGEST_QUOTE]}” ({cited.title})"))


def check_in_terminal(settings: Settings, file: str, output: Path | None, as_json: bool) -> None:
    """Check a draft; print its sentences, or JSON, and write it as DOCX with comments where `output` is given."""
    if output is not None and output.suffix.lower() != ".docx":
        raise KnowledgeBaseError(f"{output} is not a DOCX file.", "Name one that ends in .docx with --output.")
    draft = _read(settings, file)
    with Checker.open(settings) as checker:
        checked = list(_with_progress(checker, draft))
    if output is not None:
        write_output(output, commented(draft, checked, settings))
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
