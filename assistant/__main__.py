"""The command line of the assistant: `python -m assistant`."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from assistant.answers import Answer, AskedMode, WritingRecord, as_json
from assistant.messages import languages, message
from knowledge_base.errors import KnowledgeBaseError, unexpected
from knowledge_base.logs import configure
from knowledge_base.settings import Settings
from knowledge_base.terminal_text import on_a_line, on_lines

NOT_PASSED = 1
CANNOT_ANSWER = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answer questions on the indexed documents, every sentence quoted.",
)

DataDirectory = Annotated[Path | None, typer.Option("--data-dir", help="Where the index is kept (PARISCALL_DATA_DIR).")]

AnswerMode = Annotated[
    AskedMode,
    typer.Option("--mode", help="Quotes alone, a language model's prose, or (auto) prose where a model is configured."),
]


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    batch: Annotated[Path | None, typer.Option("--batch", help="Questions, one JSON object a line.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Where the answers to --batch go.")] = None,
    mode: AnswerMode = "auto",
    data_dir: DataDirectory = None,
) -> None:
    """Answer one question, or a file of them."""
    settings = read_settings(data_dir)
    if batch is not None:
        if question is not None or output is None:
            raise KnowledgeBaseError("--batch needs --output, and no question beside it.")
        _ask_batch(settings, batch, output, mode)
        return
    if question is None:
        raise KnowledgeBaseError("There is no question.", 'Give one: python -m assistant ask "Who launched the Paris Call?"')
    from assistant.answering import Assistant

    with Assistant.open(settings) as assistant:
        answer = assistant.ask(question, mode=mode)
    print(json.dumps(as_json(answer, None), ensure_ascii=False, indent=1) if as_json_ else _readable(answer))


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8501,
    data_dir: DataDirectory = None,
) -> None:
    """Open the page on 127.0.0.1."""
    from assistant.page.server import serve as serve_page

    serve_page(read_settings(data_dir), port)


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
        bool, typer.Option("--progress", help="Print how far it is, a line a question, for a program.")
    ] = False,
    mode: AnswerMode = "extractive",
    data_dir: DataDirectory = None,
) -> None:
    """Say how good the answers are, and whether they became worse."""
    from assistant.evaluation.command import Wishes, check, evaluate_in_terminal

    settings = read_settings(data_dir)
    if check_test_set:
        check(settings, test_set, generation)
    elif not evaluate_in_terminal(settings, Wishes(test_set, output, baseline, generation, gate, progress, mode)):
        raise typer.Exit(NOT_PASSED)


def read_settings(data_dir: Path | None) -> Settings:
    """Read the settings from the environment, `--data-dir` above them; a bad value is raised with its remedy."""
    try:
        settings = Settings(data_dir=data_dir) if data_dir else Settings()
        configure(settings.log_format, settings.log_level)
        return settings
    except ValidationError as error:
        lines = ["".join(f"PARISCALL_{str(part).upper()}: " for part in e["loc"][:1]) + e["msg"] for e in error.errors()]
        raise KnowledgeBaseError("A setting is not usable. " + "; ".join(lines) + ".", "Correct that variable.") from error


def _ask_batch(settings: Settings, batch: Path, output: Path, mode: AskedMode) -> None:
    from assistant.answering import Assistant

    questions = list(_read_questions(batch))
    with Assistant.open(settings) as assistant, _opened(output) as file:
        assistant.ask("Paris Call", mode="extractive")  # opens what the first question would have to wait for
        for item in questions:
            answer = assistant.ask(item["question"], item.get("history") or (), mode)
            file.write(json.dumps(as_json(answer, item.get("id")), ensure_ascii=False) + "\n")


def _opened(path: Path) -> Any:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise KnowledgeBaseError(f"{path} cannot be written: {error.strerror}.", "Name another file with --output.") from error


def _read_questions(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeBaseError(f"{path} cannot be read: {error}.", "Name a file with one JSON object a line.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _question(line, f"{path}, line {number}")


def _question(line: str, place: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except ValueError as error:
        raise KnowledgeBaseError(f"{place}: not JSON ({error}).") from error
    if not isinstance(item, dict) or not isinstance(item.get("question"), str):
        raise KnowledgeBaseError(f'{place}: a question is an object such as {{"id": "q1", "question": "..."}}.')
    return item


def _readable(answer: Answer) -> str:
    lines = [answer.text, ""]
    lines[1:1] = [message(language, "terminal.fetch_register") for language in languages() if _lacks_register(answer, language)]
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
    """Return the line that says how many of a model's sentences stood up to the documents."""
    counts = f"{record.supported} supported, {record.weak} weak, {record.unsupported} unsupported"
    return f"Language model {record.model} ({'on this machine' if record.is_local else 'elsewhere'}): {counts}."


def run(command: Callable[[], object]) -> NoReturn:
    """Run a command line; an error that a user is told about becomes a sentence on standard error and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        command()
    except KnowledgeBaseError as error:
        print(on_lines(f"Error: {error}"), file=sys.stderr)
        sys.exit(CANNOT_ANSWER)
    except Exception as error:
        if os.environ.get("PARISCALL_LOG_LEVEL") == "debug":
            raise
        print(unexpected(error), file=sys.stderr)
        sys.exit(CANNOT_ANSWER)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    run(app)
