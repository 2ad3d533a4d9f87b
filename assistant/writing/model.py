"""The language model, through LangChain: the only module that imports its chat models.

Where passages go is decided only by the settings, never by a provider's own environment variables; the key comes from those
(OPENAI_API_KEY, ANTHROPIC_API_KEY), is never read here into a setting, and is in no message of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from assistant.writing.faults import FaultKind, ModelFault
from assistant.writing.prompt import Turn
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings, is_loopback

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434",
}
NO_MODEL = ("No language model is configured.", "Set PARISCALL_CHAT_MODEL, such as ollama:llama3.2; see docs/models.md.")
_NO_KEY = "no-key-needed"  # servers on one's own machine ask for none; the client library insists on one
_SILENCE = 60.0  # seconds that a server may send nothing
_CONNECT = 5.0
_BY_STATUS: dict[int, FaultKind] = {401: "key", 403: "key", 404: "unknown model", 408: "slow", 429: "busy", 504: "slow"}
_BY_NAME: tuple[tuple[FaultKind, tuple[str, ...]], ...] = (  # parts of the names of errors; the first row that fits counts
    ("garbage", ("JSONDecodeError", "UnicodeDecodeError", "ValidationError", "DecodingError")),
    ("slow", ("Timeout",)),
    ("cut", ("RemoteProtocolError", "ReadError", "IncompleteRead", "ChunkedEncoding")),
    ("down", ("Connect",)),
    ("garbage", ("KeyError", "TypeError", "AttributeError", "ValueError", "UserWarning")),  # of what reads the response
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a model's answer; the counts of tokens and why it ended come with the last ones, where a server tells them."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    ended: str | None = None


class ChatModel(Protocol):
    """What writes; `name` is as configured, `address` where it answers, `is_local` whether that is this machine."""

    name: str
    address: str
    is_local: bool

    def stream(self, turns: Sequence[Turn], max_tokens: int) -> Iterator[Piece]:
        """Give an answer piece by piece; raise ModelFault where that fails."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the configured model answers."""

    provider: str
    model: str
    address: str

    @property
    def host(self) -> str:
        """Return the name of the machine that answers."""
        return urlsplit(self.address).hostname or ""

    @property
    def is_local(self) -> bool:
        """Return whether passages stay on this machine."""
        return is_loopback(self.host)


def endpoint(settings: Settings) -> Endpoint | None:
    """Return where the configured model answers, or None where none is configured; raise ModelFault where that is not known."""
    if not settings.chat_model:
        return None
    provider, _, model = settings.chat_model.partition(":")
    address = settings.chat_base_url or _ADDRESSES.get(provider, "")
    if not address:
        raise ModelFault("provider")
    return Endpoint(provider, model, address)


class LangChainModel:
    """A chat model of LangChain's."""

    def __init__(self, name: str, place: Endpoint, model: BaseChatModel) -> None:
        self.name = name
        self.address = place.address
        self.is_local = place.is_local
        self._model = model

    def stream(self, turns: Sequence[Turn], max_tokens: int) -> Iterator[Piece]:
        """Give an answer piece by piece; raise ModelFault where that fails."""
        try:
            for chunk in self._model.stream([(turn.role, turn.content) for turn in turns], max_tokens=max_tokens):
                usage: Any = getattr(chunk, "usage_metadata", None) or {}
                ended = (chunk.response_metadata or {}).get("finish_reason")
                yield Piece(str(chunk.text), usage.get("input_tokens", 0), usage.get("output_tokens", 0), ended)
        except ModelFault:
            raise
        except Exception as error:  # each provider's client raises its own
            raise as_fault(error) from None


def open_chat_model(settings: Settings) -> LangChainModel:
    """Open the configured model; nothing is sent yet. Raise KnowledgeBaseError where none is, ModelFault where it cannot be."""
    place = endpoint(settings)
    if place is None:
        raise KnowledgeBaseError(*NO_MODEL)
    os.environ.update(LANGSMITH_TRACING="false", LANGCHAIN_TRACING_V2="false")  # it would send prompts to another host
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(place.model, model_provider=place.provider, **_options(place, settings))
    except ImportError:
        raise ModelFault("package") from None
    except Exception as error:  # each provider's client raises its own, some with the key in the message
        raise ModelFault("key" if "key" in str(error).lower() else "other") from None
    return LangChainModel(settings.chat_model, place, model)


def _options(place: Endpoint, settings: Settings) -> dict[str, Any]:
    seconds = min(_SILENCE, settings.chat_seconds)
    if place.provider == "ollama":
        return {"base_url": place.address, "temperature": 0, "client_kwargs": {"timeout": seconds}}
    options: dict[str, Any] = {"base_url": place.address, "timeout": seconds, "max_retries": 0}
    if place.provider == "openai":
        import httpx2

        options |= {"timeout": httpx2.Timeout(seconds, connect=min(_CONNECT, seconds)), "use_responses_api": False}
        if settings.chat_base_url:
            options |= {"temperature": 0}  # some of OpenAI's own models take none
        if not os.environ.get("OPENAI_API_KEY"):
            if not settings.chat_base_url:
                raise ModelFault("key")
            options["api_key"] = _NO_KEY
    return options


def as_fault(error: BaseException) -> ModelFault:
    """Return what an error of a client library means; its message, which may hold a key or a prompt, is not passed on."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    status = next((int(s) for e in chain if isinstance(s := getattr(e, "status_code", None), int)), None)
    if status is not None:
        kind = _BY_STATUS.get(status, "server" if status >= 500 else "request")
        return ModelFault(kind, _retry_after(chain) if status in (429, 503) else None)
    names = " ".join(kind.__name__ for e in chain for kind in type(e).__mro__)
    return ModelFault(next((kind for kind, parts in _BY_NAME if any(part in names for part in parts)), "other"))


def _retry_after(chain: Sequence[BaseException]) -> float | None:
    """Return the seconds that a response asks to wait, or None."""
    headers = (getattr(getattr(error, "response", None), "headers", None) or {} for error in chain)
    written = next((asked for header in headers if (asked := header.get("retry-after"))), None)
    if written is None:
        return None
    try:
        return max(0.0, float(written))
    except ValueError:
        try:
            return max(0.0, parsedate_to_datetime(written).timestamp() - time())
        except ValueError:
            return None
