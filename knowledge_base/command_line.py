"""What the command lines of both programs have in common: two options, how settings are read, and how a command ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from knowledge_base.errors import KnowledgeBaseError, unexpected
from knowledge_base.files import keep_private
from knowledge_base.logs import configure, start_tracing
from knowledge_base.settings import Settings, usual_data_dir
from knowledge_base.terminal_text import on_lines

FAILED, INTERRUPTED = 2, 130

DataDirectory = Annotated[
    Path | None,
    typer.Option("--data-dir", help=f"Where all data is kept (PARISCALL_DATA_DIR); unless said, in {usual_data_dir()}."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def read_settings(data_dir: Path | None) -> Settings:
    """Read the settings from the environment, `--data-dir` above them; a bad value is raised with its remedy."""
    try:
        settings = Settings(data_dir=data_dir) if data_dir else Settings()
    except ValidationError as error:
        lines = ["".join(f"PARISCALL_{str(part).upper()}: " for part in e["loc"][:1]) + e["msg"] for e in error.errors()]
        raise KnowledgeBaseError("A setting is not usable. " + "; ".join(lines) + ".", "Correct that variable.") from error
    configure(settings.log_format, settings.log_level)
    if settings.traces:
        start_tracing()
    return settings


def run(command: Callable[[], object], interrupted: str = "Stopped.") -> NoReturn:
    """Run a command line; an error that a user is told about becomes a sentence on standard error and exit code 2.

    `interrupted` is said where the user stops it.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    keep_private()
    try:
        command()
    except KnowledgeBaseError as error:
        print(on_lines(f"Error: {error}"), file=sys.stderr)
        sys.exit(FAILED)
    except Exception as error:
        if os.environ.get("PARISCALL_LOG_LEVEL") == "debug":
            raise
        print(unexpected(error), file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)
