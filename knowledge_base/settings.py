"""Settings, read once at the entry from PARISCALL_* variables."""

from __future__ import annotations

import os
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PACKAGED_MODEL = "all-MiniLM-L6-v2"
OWN_EVIDENCE_MODEL = "pariscall-evidence"
LIBRARY = Path(__file__).parent / "library"


def usual_data_dir() -> Path:
    """Return where data is kept unless said otherwise: ./data in a checkout, else the user's data directory."""
    is_checkout = (Path(__file__).parents[1] / "pyproject.toml").exists()
    return Path("data") if is_checkout else Path(platformdirs.user_data_dir("paris-call-assistant"))


class Settings(BaseSettings):
    """What can be configured; each field is the variable PARISCALL_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="PARISCALL_", env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Field(
        default_factory=usual_data_dir,
        description="where the index, conversations and originals are kept (`--data-dir`)",
    )
    cache_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("paris-call-assistant")),
        description="where the models compiled for this machine are kept",
    )
    documents: str = Field(default="", description="folders of your own documents, NAME=PATH,...")
    sources: Path | None = Field(default=None, description="your own list of sources for `fetch`; unset: DATA_DIR/sources.toml")
    fetch_from_loopback: bool = Field(default=False, description="accept plain http from this machine, for a mirror or a test")
    embedding_model: str = Field(
        default=PACKAGED_MODEL,
        description="any sentence-transformers model on this machine, by folder or name (the extra `torch`)",
    )
    embedding_threads: int = Field(default=0, ge=0, description="threads that a model computes with; 0: one for each core")
    evidence_model: str = Field(
        default=OWN_EVIDENCE_MODEL,
        description="`off`, or any sentence-transformers CrossEncoder on this machine (the extra `torch`)",
    )
    query_adapter: bool = Field(default=True, description="off: questions are searched by the embedding model's own vectors")
    multilingual: bool = Field(
        default=True, description="off: questions in other languages than English are searched without the multilingual encoder"
    )
    max_question_length: int = Field(default=1000, ge=20, description="characters that a question may have")
    generations_kept: int = Field(default=3, ge=1, description="how many published generations are kept for `rollback`")
    parse_seconds: float = Field(default=30.0, gt=0, description="processor time that reading one file may take")
    parse_memory_mb: int = Field(default=1024, ge=256, description="memory that reading one file may take, in MB")
    max_file_mb: int = Field(default=100, ge=1, description="size of one file, in MB")
    max_uploads_mb: int = Field(default=1000, ge=1, description="size of all files added through the page together, in MB")
    api_requests_per_minute: int = Field(default=2000, ge=1, description="requests a minute that one program may send the API")
    log_questions: bool = Field(default=False, description="write questions to the log, and to traces")
    traces: bool = Field(
        default=False, description="send OpenTelemetry traces (the extra `otel`) to OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    test_set: Path | None = Field(
        default=None, description="the test set of `evaluate`; unset: the one over the built-in library"
    )
    gate_minimums: str = Field(default="valid=1,fit=0.5", description="figures below which no index passes, FIGURE=NUMBER,...")
    log_format: Literal["text", "json"] = Field(default="text", description="form of a log line")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="warning", description="least level that is logged")
    chat_model: str = Field(default="", description="PROVIDER:MODEL, such as ollama:llama3.2; empty: no model writes")
    chat_base_url: str = Field(default="", description="address of the model's server; empty: the provider's own")
    chat_seconds: float = Field(default=120.0, gt=0, description="wall time of one answer, in seconds")
    chat_max_tokens: int = Field(default=700, ge=50, le=8000, description="length of one answer, in tokens")
    chat_max_input_tokens: int = Field(
        default=6000, ge=500, description="length of what the model is sent, in tokens; passages that do not fit are left out"
    )
    chat_retries: int = Field(default=2, ge=0, le=5, description="further tries after a failure that may pass")
    chat_input_price: float = Field(default=0.0, ge=0, description="price of a million tokens that are sent")
    chat_output_price: float = Field(default=0.0, ge=0, description="price of a million tokens that are written")
    chat_max_cost: float = Field(
        default=0.0, ge=0, description="what one answer may cost, in the currency of the prices; 0: no limit"
    )
    chat_unsupported: Literal["strike", "mark"] = Field(
        default="strike", description="leave unsupported sentences out, or show them struck through"
    )
    chat_refused_too: bool = Field(default=False, description="also send the model the questions that the quotes do not answer")

    @field_validator("documents")
    @classmethod
    def _check_documents(cls, value: str) -> str:
        taken = set()
        for entry in _entries(value):
            name, separator, path = entry.partition("=")
            if not separator or not name.isidentifier() or not path:
                raise ValueError(f"{entry!r} is not NAME=PATH (letters, digits and _ in NAME), such as reports=/srv/reports")
            if name in {"briefs", "official", "uploads"}:
                raise ValueError(f"the root name {name!r} is taken by the built-in root of that name; choose another")
            if name in taken:
                raise ValueError(f"the root name {name!r} is given twice; choose another for one of them")
            taken.add(name)
        return value

    @field_validator("chat_model")
    @classmethod
    def _check_chat_model(cls, value: str) -> str:
        provider, separator, name = value.strip().partition(":")
        if value and not (separator and name and provider.replace("_", "").isalnum()):
            raise ValueError(f"{value!r} is not PROVIDER:MODEL, such as ollama:llama3.2 or openai:gpt-4o-mini")
        return value.strip()

    @field_validator("chat_base_url")
    @classmethod
    def _check_chat_base_url(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.username or parts.password:
            raise ValueError("it holds a user name or password; the key belongs in the provider's own variable")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{value!r} is not a web address, such as http://127.0.0.1:8000/v1")
        return value.strip()

    @model_validator(mode="after")
    def _check_chat_cost(self) -> Self:
        if self.chat_max_cost and not (self.chat_input_price or self.chat_output_price):
            raise ValueError("PARISCALL_CHAT_MAX_COST needs PARISCALL_CHAT_INPUT_PRICE and PARISCALL_CHAT_OUTPUT_PRICE")
        return self

    @cached_property
    def roots(self) -> dict[str, Path]:
        """Name and folder of each configured root; a source is then `<root>/<path>`."""
        roots = {
            "briefs": LIBRARY / "briefs",
            "official": self.data_dir / "official",
            "uploads": self.data_dir / "uploads",
        }
        for entry in _entries(self.documents):
            name, _, path = entry.partition("=")
            roots[name] = Path(path).expanduser()
        return roots


def as_environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with the settings in it, for a child process that reads them there."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return os.environ | {f"PARISCALL_{name.upper()}": str(value) for name, value in values.items()}


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address is that of this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _entries(documents: str) -> list[str]:
    return [entry for part in documents.split(",") if (entry := part.strip())]
