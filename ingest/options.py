"""What the commands of ingest have in common: options, and how settings are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.logs import configure
from knowledge_base.settings import Settings

DataDirectory = Annotated[Path | None, typer.Option("--data-dir", help="Where the index is kept (PARISCALL_DATA_DIR).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


def read_settings(data_dir: Path | None) -> Settings:
    """Read the settings from the environment, `--data-dir` above them; a bad value ends the command with its remedy."""
    try:
        settings = Settings(data_dir=data_dir) if data_dir else Settings()
    except ValidationError as error:
        lines = ["".join(f"PARISCALL_{str(part).upper()}: " for part in e["loc"][:1]) + e["msg"] for e in error.errors()]
        raise KnowledgeBaseError("A setting is not usable. " + "; ".join(lines) + ".", "Correct that variable.") from error
    configure(settings.log_format, settings.log_level)
    return settings
