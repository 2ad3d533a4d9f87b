"""The command lines `python -m assistant`, and `pariscall` with the commands of the other packages."""

from __future__ import annotations

import json
import subprocess
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from assistant.answers import Answer, AskedMode, ExportFormat, WritingRecord, as_json, language_notice
from assistant.evaluation.testset import Turn
from assistant.messages import languages, message
from assistant.workbench import commands
from knowledge_base.command_line import AsJson, DataDirectory, read_settings, run
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.language.words import question_language
from knowledge_base.settings import Settings
from knowledge_base.terminal_text import on_a_line

PROGRAM = "pariscall"
COMMANDS = "pariscall.commands"
"""The group of entry points by which other packages give commands to `pariscall`."""

NOT_PASSED = 1
_LONGEST_LINE = 1 << 20

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answer questions on the indexed documents, every sentence quoted.",
)
app.add_typer(commands.app)

AnswerMode = Annotated[
    AskedMode,
    typer.Option("--mode", help="Only quotes, a language model's prose, or (auto) prose where a model is configured."),
]


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    batch: Annotated[Path | None, typer.Option("--batch", help="Questions, one JSON object per line.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Where the answers to --batch go.")] = None,
    mode: AnswerMode = "auto",
    data_dir: DataDirectory = None,
) -> None:
    """Answer one question, or a file of them."""
    settings = read_settings(data_dir)
    if batch is not None:
        if question is not None or output is None:
            raise KnowledgeBaseError("--batch needs --output, and takes no question.")
        _ask_batch(settings, batch, output, mode)
        return
    if question is None:
        raise KnowledgeBaseError("There is no question.", 'Give one: python -m assistant ask "Who launched the Paris Call?"')
    from assistant.answering import Assistant

    with Assistant.open(settings) as assistant:
        answer = assistant.ask(question, mode=mode)
    print(json.dumps(as_json(answer, None), ensure_ascii=False, indent=1) if as_json_ else _readable(answer))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="The draft: DOCX, Markdown or text; - reads text from standard input.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Where the draft goes as DOCX, with a comment at each sentence.")
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
    data_dir: DataDirectory = None,
) -> None:
    """Check each sentence of a draft: verbatim, supported, contradicted or not found, with the passage that shows it."""
    from assistant.workbench.terminal import check_in_terminal

    check_in_terminal(read_settings(data_dir), file, output, as_json_)


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8501,
    data_dir: DataDirectory = None,
) -> None:
    """Open the page on 127.0.0.1."""
    from assistant.page.server import serve as serve_page

    settings = read_settings(data_dir)
    if context.find_root().info_name == PROGRAM:
        print(f"All data is kept in {settings.data_dir.absolute()}.", flush=True)
        _index_at_first_start(settings)
    serve_page(settings, port)


def _index_at_first_start(settings: Settings) -> None:
    """Index the configured documents where nothing was indexed yet; some that fail do not matter."""
    if (settings.data_dir / "generations").exists():
        return
    print("Indexing the built-in documents; at the first start this takes a minute or two.", flush=True)
    command = [sys.executable, "-m", "ingest", "sync", "--data-dir", str(settings.data_dir)]
    if subprocess.run(command, check=False).returncode > 1:
        raise KnowledgeBaseError("The documents could not be indexed.", "The reason is said above.")


@app.command()
def export(
    answers: Annotated[Path, typer.Argument(metavar="ANSWERS.jsonl", help="What `ask --batch` or `ask --json` wrote.")],
    output: Annotated[Path, typer.Option("--output", help="The file that is written.")],
    format_: Annotated[ExportFormat, typer.Option("--format", help="Its form; a bundle is what `verify` checks.")] = "docx",
    with_originals: Annotated[bool, typer.Option("--with-originals", help="Put the cited documents into the bundle.")] = False,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Write answers as a note with footnotes, as a bibliography, or as a bundle that can be verified."""
    from assistant.workbench.terminal import export_answers

    export_answers(read_settings(data_dir), answers, format_, output, with_originals=with_originals, as_json=as_json)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")],
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Verify a bundle offline: every quote on its page, every page by its hash; exit 1 names what does not hold."""
    from assistant.workbench.terminal import verify_bundle

    if not verify_bundle(read_settings(data_dir), file, as_json=as_json):
        raise typer.Exit(NOT_PASSED)


@app.command()
def digest(
    atom: Annotated[Path | None, typer.Option("--atom", help="Also write all changes found so far as an Atom feed.")] = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Ask the saved questions again, and say what changed in their answers since they were saved or last asked."""
    from assistant.page.conversations import ConversationStore
    from assistant.workbench.terminal import make_digest

    settings = read_settings(data_dir)
    with ConversationStore.open(settings.data_dir) as store:
        make_digest(settings, store, atom, as_json=as_json)


@app.command()
def evaluate(
    test_set: Annotated[
        Path | None, typer.Option("--test-set", help="Questions with what a right answer states (PARISCALL_TEST_SET).")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="The directory that the report is written to.")] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="The --output of an earlier run to compare with.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 1 where a figure is worse or too low.")] = False,
    generation: Annotated[str | None, typer.Option("--generation", help="A generation that is not the published one.")] = None,
    check_test_set: Annotated[
        bool, typer.Option("--check-test-set", help="Only check the test set against the index.")
    ] = False,
    progress: Annotated[
        bool, typer.Option("--progress", help="Print machine-readable progress, one line per question.")
    ] = False,
    mode: AnswerMode = "extractive",
    data_dir: DataDirectory = None,
) -> None:
    """Say how good the answers are, and whether they became worse."""
    from assistant.evaluation.command import Task, check, chosen_test_set, evaluate_in_terminal
    from assistant.evaluation.report import new_directory

    settings = read_settings(data_dir)
    if check_test_set:
        check(settings, test_set, generation)
        return
    directory = output or new_directory(settings.data_dir)
    task = Task(chosen_test_set(settings, test_set), directory, baseline, generation, gate, mode)
    if not evaluate_in_terminal(settings, task, in_lines=progress):
        raise typer.Exit(NOT_PASSED)


@app.command()
def mcp(
    http: Annotated[
        int | None, typer.Option("--http", help="Serve by HTTP on this port of 127.0.0.1, at /mcp.", min=1, max=65535)
    ] = None,
    data_dir: DataDirectory = None,
) -> None:
    """Serve the tools to an agent by the Model Context Protocol, on standard input and output unless a port is given."""
    from assistant.page.server import listening_socket
    from assistant.workbench.mcp_server import serve as serve_tools

    settings = read_settings(data_dir)
    if http is None:
        serve_tools(settings, None)
    else:
        with listening_socket(http) as listener:
            serve_tools(settings, listener)


@app.command()
def token(
    replace: Annotated[bool, typer.Option("--replace", help="Make another one; the present one ends.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it: programs on this machine then need none.")] = False,
    data_dir: DataDirectory = None,
) -> None:
    """Make the token that programs must send to the API, and show it this once."""
    from assistant.workbench.access import make_token, remove_token

    settings = read_settings(data_dir)
    if remove:
        print("The token is removed." if remove_token(settings.data_dir) else "There was no token.")
        return
    print(make_token(settings.data_dir, replace))
    print("This is shown once. Programs send it as `Authorization: Bearer TOKEN`.", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """A line of a batch; `id` comes back with the answer, and `history` holds the earlier turns, oldest first."""

    question: str
    id: Any = None
    history: tuple[Turn, ...] | None = None


def _ask_batch(settings: Settings, batch: Path, output: Path, mode: AskedMode) -> None:
    """Write an answer for each line that holds a question; name the other lines on standard error."""
    from assistant.answering import Assistant

    read = list(_read_batch(batch, settings.max_question_length))
    for number, problem in ((number, item) for number, item in read if isinstance(item, str)):
        print(on_a_line(f"Error: {batch}, line {number}: {problem}"), file=sys.stderr)
    items = [item for _, item in read if isinstance(item, BatchQuestion)]
    if read and not items:
        raise KnowledgeBaseError(f"{batch} holds no question that can be answered.", "Correct these lines.")
    with Assistant.open(settings) as assistant:
        try:
            file = output.open("w", encoding="utf-8")
        except OSError as error:
            remedy = "Name another file with --output."
            raise KnowledgeBaseError(f"{output} cannot be written: {error.strerror}.", remedy) from error
        with file:
            assistant.ask("Paris Call", mode="extractive")  # opens what the first question would have to wait for
            for item in items:
                history = [{"role": turn.role, "content": turn.content} for turn in item.history or ()]
                answer = as_json(assistant.ask(item.question, history, mode), item.id)
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")


def _read_batch(path: Path, max_length: int) -> Iterator[tuple[int, BatchQuestion | str]]:
    """Yield the number of each line with its question, or what is wrong with it."""
    from assistant.answering import checked_question

    try:
        lines = path.read_bytes().removeprefix(BOM_UTF8).splitlines()
    except OSError as error:
        raise KnowledgeBaseError(
            f"{path} cannot be read: {error.strerror}.", "Name a file with one JSON object per line."
        ) from error
    questions = TypeAdapter(BatchQuestion)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            if len(line) > _LONGEST_LINE:
                raise KnowledgeBaseError(f"it has {len(line) / 1e6:.1f} MB; at most {_LONGEST_LINE / 1e6:.1f} MB are read.")
            item = questions.validate_json(line)
            checked_question(item.question, max_length)
            json.dumps(item.id, allow_nan=False)
            yield number, item
        except ValidationError as error:
            found = ((".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors(include_url=False))
            yield number, "; ".join(f"{place}: {words}" if place else words for place, words in found)
        except (KnowledgeBaseError, ValueError) as error:
            yield number, str(error)


def _readable(answer: Answer) -> str:
    lines = [answer.text, ""]
    lines[1:1] = [message(language, "terminal.fetch_register") for language in languages() if _lacks_register(answer, language)]
    if answer.is_weak and not answer.abstained:
        lines[:0] = [message(question_language(answer.question), "export.weak"), ""]
    if less_tested := language_notice(answer):
        lines[:0] = [less_tested, ""]
    if len(answer.table) > sum(part.kind == "list_item" for part in answer.parts):
        lines += [*_table_lines(answer.table), ""]
    if answer.writing:
        lines[:0] = [f"({answer.writing.notice})", ""] if answer.writing.notice else []
        lines += [_written_by(answer.writing), ""]
    for c in answer.citations:
        page = f", page {c.page}" if c.page is not None else ""
        lines.append(on_a_line(f"[{c.number}] {c.title} ({c.source}{page})"))
    if answer.abstained and answer.retrieved:
        lines.append("Nearest passages (not an answer):")
        for r in answer.retrieved[:3]:
            page = f", page {r.passage.page}" if r.passage.page is not None else ""
            text = " ".join(r.passage.text.split())[:160]
            lines.append(on_a_line(f"  - {r.passage.title} ({r.passage.source}{page}): {text}..."))
    return "\n".join(lines).rstrip()


def _lacks_register(answer: Answer, language: str) -> bool:
    """Return whether an answer points to the official register, which a command brings in."""
    return message(language, "register.official_register") in answer.text


def _table_lines(table: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the rows of a table that the text does not name, a line each, in columns."""
    rows = [[on_a_line(cell) for cell in row] for row in (table[0], *(row.values() for row in table))]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _written_by(record: WritingRecord) -> str:
    """Return the line that says how many of a model's sentences the documents support."""
    counts = f"{record.supported} supported, {record.weak} weak, {record.unsupported} unsupported"
    return f"Language model {record.model} ({'on this machine' if record.is_local else 'elsewhere'}): {counts}."


def main() -> NoReturn:
    """Run `pariscall`: these commands, and those of each package that registers some, under its name."""
    program = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=app.info.help)
    program.add_typer(app)
    for point in entry_points(group=COMMANDS):
        program.add_typer(point.load(), name=point.name)
    run(lambda: program(prog_name=PROGRAM))


if __name__ == "__main__":
    run(app)
