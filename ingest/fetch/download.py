"""Download one file: from allowed hosts alone, within limits, taken up again where the server can."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge_base.errors import FetchError
from knowledge_base.files import replace_file, require_free_space

if TYPE_CHECKING:
    from httpx2 import Client, Response

log = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes there will be (None: the server does not say)."""

AGAIN = "run `python -m ingest fetch` again"
_MOST_REDIRECTS = 5
_SPARE_BYTES = 16 << 20
_CHECK_ADDRESS = f"Check its address in the list of sources, then {AGAIN}."
_LATER = f"Later, {AGAIN}: what has come is kept, and the download goes on from there where the server can."
_CHECK_NETWORK = f"Check the network (behind a proxy, the variable HTTPS_PROXY), then {AGAIN}; what was there stays."


class InterruptedDownload(FetchError):
    """The download ended before its end in a way that may pass: it is worth another attempt."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to download: the address, the hosts that may be asked for it, and the most bytes it may have."""

    url: str
    hosts: frozenset[str]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How long to wait, in seconds, and how often to try; `loopback` lets plain http through to this machine."""

    connect_seconds: float = 15.0
    silence_seconds: float = 30.0
    total_seconds: float = 3600.0
    attempts: int = 4
    pause_seconds: float = 0.5
    loopback: bool = False


@dataclass(slots=True)
class Downloaded:
    """What it took: bytes that came over the network in this run, and what is worth saying about it."""

    received: int = 0
    resumed_from: int = 0
    notices: list[str] = field(default_factory=list)

    def notice(self, line: str) -> None:
        """Add a line, once."""
        if line not in self.notices:
            self.notices.append(line)


class PartialFile:
    """A download under way, and beside it which address it is from, so that a later run can take it up again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")

    def begin(self, url: str, validator: str | None) -> None:
        """Note what the bytes to come are; `validator` is the server's mark of this version of the file."""
        replace_file(self._note, json.dumps({"url": url, "validator": validator, "complete": False}).encode())

    def finish(self, url: str) -> None:
        """Note that all bytes are there."""
        replace_file(self._note, json.dumps({"url": url, "validator": None, "complete": True}).encode())

    def is_of(self, url: str) -> bool:
        """Tell whether the bytes are from this address."""
        return bool(self._state(url))

    def is_complete(self, url: str) -> bool:
        """Tell whether all bytes of this address are there."""
        return self.path.exists() and self._state(url).get("complete") is True

    def validator(self, url: str) -> str | None:
        """Return the mark under which the server can go on after the bytes that are there; None: begin again."""
        found = self._state(url).get("validator")
        return found if isinstance(found, str) and self.size else None

    @property
    def size(self) -> int:
        """Return how many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def discard(self) -> None:
        """Remove the bytes and the note."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _state(self, url: str) -> dict[str, object]:
        try:
            state = json.loads(self._note.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            log.warning("The note %s is damaged; the download begins again.", self._note.name)
            return {}
        return state if isinstance(state, dict) and state.get("url") == url else {}


def download(wanted: Wanted, partial: PartialFile, limits: DownloadLimits, progress: Progress) -> Downloaded:
    """Bring all bytes of an address into the partial file, in as many attempts as the limits allow.

    Raise FetchError where the server, the network or a limit stands in the way; the bytes that came are kept where they
    can be of use. Raise StorageError for lack of space.
    """
    import httpx2
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    require_allowed(wanted.url, wanted, limits)
    if not partial.is_of(wanted.url):
        partial.discard()
    attempts = Retrying(
        stop=stop_after_attempt(limits.attempts),
        wait=wait_exponential(multiplier=limits.pause_seconds, max=20),
        retry=retry_if_exception_type(InterruptedDownload),
        reraise=True,
    )
    timeout = httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    with httpx2.Client(timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
        transfer = _Transfer(client, wanted, partial, limits, progress, monotonic() + limits.total_seconds)
        attempts(transfer.attempt)
    partial.finish(wanted.url)
    return transfer.outcome


def require_allowed(url: str, wanted: Wanted, limits: DownloadLimits) -> None:
    """Raise FetchError unless the address is https (or loopback, where that is allowed) on one of the allowed hosts."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host not in wanted.hosts:
        raise FetchError(
            f"{wanted.url} leads to another host, {host or url}, which is not in its entry of the list of sources.",
            f'If you trust that host, add hosts = ["{host}"] to the entry; else leave it.',
        )
    local = limits.loopback and _is_loopback(host)
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise FetchError(f"{url} is not an https address.", "Only https is asked, for nobody can alter it on its way.")
    if parts.username is not None:
        raise FetchError("The address holds a user name.", "Take user name and password out of the address.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Transfer:
    """One download in its attempts; `deadline` is a time of `monotonic()`."""

    client: Client
    wanted: Wanted
    partial: PartialFile
    limits: DownloadLimits
    progress: Progress
    deadline: float
    outcome: Downloaded = field(default_factory=Downloaded)

    def attempt(self) -> None:
        """Ask once, from where the partial file ends, and keep what comes."""
        validator = self.partial.validator(self.wanted.url)
        asked_from = self.partial.size if validator else 0
        headers = {"Range": f"bytes={asked_from}-", "If-Range": validator} if validator else {}
        with _response(self.client, self.wanted, headers, self.limits) as response:
            _check_status(response, self.wanted, self.partial, asked_from)
            begin = asked_from if response.status_code == 206 else 0
            total = _announced(response, begin)
            self._require_room(begin, total)
            self._prepare(response, begin)
            self._receive(response, begin, total)

    def _require_room(self, begin: int, total: int | None) -> None:
        if total is not None:
            self._check_size(total)
            require_free_space(self.partial.path.parent, total - begin + _SPARE_BYTES)

    def _prepare(self, response: Response, begin: int) -> None:
        """Empty the partial file unless the answer goes on after what is there."""
        self.outcome.resumed_from = begin
        if begin:
            return
        if self.partial.size:
            self.outcome.notice("The server cannot go on where the download was cut off; it began again.")
        self.partial.discard()
        self.partial.begin(self.wanted.url, _validator(response))

    def _receive(self, response: Response, begin: int, total: int | None) -> None:
        there = begin
        with self.partial.path.open("ab") as file:
            for chunk in response.iter_raw():
                there += len(chunk)
                self._check_size(there)
                self._check_time(there)
                file.write(chunk)
                self.outcome.received += len(chunk)
                self.progress(there, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and there != total:
            raise InterruptedDownload(f"{self.wanted.url} gave {there:,} bytes of {total:,}.", _LATER)

    def _check_size(self, size: int) -> None:
        most = self.wanted.max_bytes
        if size > most:
            self.partial.discard()
            raise FetchError(
                f"{self.wanted.url} has {size / 1e6:,.1f} MB or more; at most {most / 1e6:,.1f} MB are taken.",
                "If that is right, set max_mb in its entry of the list of sources.",
            )

    def _check_time(self, there: int) -> None:
        if monotonic() > self.deadline:
            raise FetchError(f"{self.wanted.url} takes too long ({there / 1e6:,.1f} MB so far).", _LATER)


@contextmanager
def _response(client: Client, wanted: Wanted, headers: dict[str, str], limits: DownloadLimits) -> Iterator[Response]:
    """Give the answer at the end of the redirects, each of which must lead to an allowed host."""
    url = wanted.url
    for _ in range(_MOST_REDIRECTS + 1):
        require_allowed(url, wanted, limits)
        with _network_errors(url), client.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
            url = str(response.url.join(response.headers["location"]))
    raise FetchError(f"{wanted.url} leads on and on, without end.", _CHECK_ADDRESS)


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    """Turn what the network can do into a FetchError, an InterruptedDownload where it may pass."""
    import httpx2

    host = urlsplit(url).hostname
    try:
        yield
    except httpx2.TimeoutException as error:
        raise InterruptedDownload(f"{host} does not answer in time.", _CHECK_NETWORK) from error
    except httpx2.ProxyError as error:
        raise FetchError(f"The proxy on the way to {host} refuses: {error}.", "Check the variable HTTPS_PROXY.") from error
    except httpx2.ConnectError as error:
        raise _connect_error(str(host), error) from error
    except httpx2.TransportError as error:
        raise InterruptedDownload(f"The connection to {host} was cut off: {error}.", _LATER) from error
    except httpx2.InvalidURL as error:
        raise FetchError(f"{url[:200]!r} is no address: {error}.", _CHECK_ADDRESS) from error


def _connect_error(host: str, error: Exception) -> FetchError:
    reasons = list(_causes(error))
    if any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons):
        return FetchError(
            f"{host} cannot prove who it is: {error}.",
            "Check the date of this machine. Behind a proxy that opens https, name its certificate in SSL_CERT_FILE.",
        )
    return InterruptedDownload(f"{host} cannot be reached: {error}.", _CHECK_NETWORK)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _check_status(response: Response, wanted: Wanted, partial: PartialFile, asked_from: int) -> None:
    """Raise unless the answer is the file, or its rest from where it was asked."""
    status = response.status_code
    if status == 200 or (status == 206 and asked_from and _range_start(response) == asked_from):
        return
    if asked_from and status in (206, 416):
        partial.discard()
        raise InterruptedDownload(f"{wanted.url} no longer has what was begun.", f"To begin anew, {AGAIN}.")
    if status in (404, 410):
        raise FetchError(f"{wanted.url} is not there ({status}).", _CHECK_ADDRESS)
    if status in (408, 425, 429) or status >= 500:
        raise InterruptedDownload(f"{wanted.url} is not served at the moment ({status}).", _LATER)
    raise FetchError(f"{wanted.url} is refused by its server ({status}).", _CHECK_ADDRESS)


def _range_start(response: Response) -> int | None:
    found = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", response.headers.get("content-range", ""))
    return int(found[1]) if found else None


def _announced(response: Response, begin: int) -> int | None:
    length = response.headers.get("content-length", "")
    return begin + int(length) if length.isdecimal() else None


def _validator(response: Response) -> str | None:
    """Return the mark that If-Range takes: a strong ETag, else the date of the last change."""
    etag = response.headers.get("etag", "")
    return etag if etag.startswith('"') else response.headers.get("last-modified")
