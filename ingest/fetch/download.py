"""Download one file: only from allowed hosts, over https, within limits of size and time, tried again where that may help."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge_base.errors import FetchError
from knowledge_base.files import require_free_space
from knowledge_base.settings import is_loopback

if TYPE_CHECKING:
    from httpx2 import Client, Response

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes there will be (None: the server does not say)."""

AGAIN = "run `python -m ingest fetch` again"
_MOST_REDIRECTS = 5
_CHECK_ADDRESS = f"Check its address in the list of sources, then {AGAIN}."
_LATER = f"Later, {AGAIN}; what was there stays."
_CHECK_NETWORK = f"Check the network (behind a proxy, the variable HTTPS_PROXY), then {AGAIN}; what was there stays."


class InterruptedDownload(FetchError):
    """The download failed in a way that may pass: it is worth another attempt."""


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


def download(wanted: Wanted, target: Path, limits: DownloadLimits, progress: Progress) -> int:
    """Write all bytes of an address to `target`, which appears whole or not at all; return how many they are.

    Raise FetchError where the server, the network or a limit stands in the way, StorageError for lack of space.
    """
    import httpx2
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    require_allowed(wanted.url, wanted, limits)
    deadline = monotonic() + limits.total_seconds
    temporary = target.with_suffix(".tmp")
    attempts = Retrying(
        stop=stop_after_attempt(limits.attempts),
        wait=wait_exponential(multiplier=limits.pause_seconds, max=20),
        retry=retry_if_exception_type(InterruptedDownload),
        reraise=True,
    )
    timeout = httpx2.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    try:
        with httpx2.Client(timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
            for attempt in attempts:
                with attempt, _response(client, wanted, limits) as response:
                    _receive(response, wanted, temporary, deadline, progress)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target.stat().st_size


def require_allowed(url: str, wanted: Wanted, limits: DownloadLimits) -> None:
    """Raise FetchError unless the address is https (or loopback, where that is allowed) on one of the allowed hosts."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host not in wanted.hosts:
        raise FetchError(
            f"{wanted.url} leads to another host, {host or url}, which is not in its entry of the list of sources.",
            f'If you trust that host, add hosts = ["{host}"] to the entry; else leave it.',
        )
    if parts.scheme != "https" and not (limits.loopback and parts.scheme == "http" and is_loopback(host)):
        raise FetchError(f"{url} is not an https address.", "Only https addresses are allowed.")
    if parts.username is not None:
        raise FetchError("The address holds a user name.", "Take user name and password out of the address.")


@contextmanager
def _response(client: Client, wanted: Wanted, limits: DownloadLimits) -> Iterator[Response]:
    """Give the file's answer at the end of the redirects, each of which must lead to an allowed host."""
    url = wanted.url
    for _ in range(_MOST_REDIRECTS + 1):
        require_allowed(url, wanted, limits)
        with _network_errors(url), client.stream("GET", url) as response:
            status = response.status_code
            if status == 200:
                yield response
                return
            if status in (404, 410):
                raise FetchError(f"{wanted.url} is not there ({status}).", _CHECK_ADDRESS)
            if status in (408, 425, 429) or status >= 500:
                raise InterruptedDownload(f"{wanted.url} is not served at the moment ({status}).", _LATER)
            if not response.has_redirect_location:
                raise FetchError(f"{wanted.url} is refused by its server ({status}).", _CHECK_ADDRESS)
            url = str(response.url.join(response.headers["location"]))
    raise FetchError(f"{wanted.url} redirects too many times.", _CHECK_ADDRESS)


def _receive(response: Response, wanted: Wanted, target: Path, deadline: float, progress: Progress) -> None:
    """Write the answer to `target`; `deadline` is a time of `monotonic()`."""
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdecimal() else None
    _require_size(total or 0, wanted)
    require_free_space(target.parent, total or 0)
    there = 0
    with target.open("wb") as file:
        for chunk in response.iter_raw():
            there += len(chunk)
            _require_size(there, wanted)
            if monotonic() > deadline:
                raise FetchError(f"{wanted.url} takes too long ({there / 1e6:,.1f} MB so far).", _LATER)
            file.write(chunk)
            progress(there, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and there != total:
        raise InterruptedDownload(f"{wanted.url} gave {there:,} bytes of {total:,}.", _LATER)


def _require_size(size: int, wanted: Wanted) -> None:
    if size > wanted.max_bytes:
        raise FetchError(
            f"{wanted.url} has {size / 1e6:,.1f} MB or more; at most {wanted.max_bytes / 1e6:,.1f} MB are taken.",
            "If that is right, set max_mb in its entry of the list of sources.",
        )


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
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise InterruptedDownload(f"{host} cannot be reached: {error}.", _CHECK_NETWORK) from error
        raise FetchError(
            f"{host} cannot prove who it is: {error}.",
            "Check the date of this machine. Behind a proxy that opens https, name its certificate in SSL_CERT_FILE.",
        ) from error
    except httpx2.TransportError as error:
        raise InterruptedDownload(f"The connection to {host} was cut off: {error}.", _LATER) from error
    except httpx2.InvalidURL as error:
        raise FetchError(f"{url[:200]!r} is no address: {error}.", _CHECK_ADDRESS) from error
