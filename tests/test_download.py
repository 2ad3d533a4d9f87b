from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from http_archives import Served, Site, running_site

from ingest.fetch.download import (
    DownloadLimits,
    InterruptedDownload,
    Wanted,
    download,
    require_allowed,
)
from knowledge_base.errors import FetchError, StorageError

CONTENT = bytes(range(256)) * 4000
LIMITS = DownloadLimits(connect_seconds=5, silence_seconds=5, attempts=3, pause_seconds=0, loopback=True)
ONE_TRY = DownloadLimits(connect_seconds=5, silence_seconds=5, attempts=1, pause_seconds=0, loopback=True)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "source.download"


def get(url: str, target: Path, limits: DownloadLimits = LIMITS, max_bytes: int = 10_000_000) -> int:
    wanted = Wanted(url, frozenset({"127.0.0.1"}), max_bytes)
    return download(wanted, target, limits, lambda done, total: None)


def test_a_whole_file_arrives_with_its_progress(site: Site, target: Path) -> None:
    url, seen = site.serve("/file", Served(CONTENT)), []
    wanted = Wanted(url, frozenset({"127.0.0.1"}), 10_000_000)
    assert download(wanted, target, LIMITS, lambda done, total: seen.append((done, total))) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_file_that_is_cut_off_is_asked_for_again(site: Site, target: Path) -> None:
    assert get(site.serve("/file", Served(CONTENT, cuts=[300_000])), target) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert site.requests == [("/file", None), ("/file", None)]


def test_nothing_is_left_of_a_download_that_was_cut_off_each_time(site: Site, target: Path) -> None:
    with pytest.raises(InterruptedDownload, match="cut off") as caught:
        get(site.serve("/file", Served(CONTENT, cuts=[300_000])), target, ONE_TRY)
    assert "again; what was there stays" in caught.value.remedy
    assert list(target.parent.iterdir()) == []


def test_attempts_are_bounded(site: Site, target: Path) -> None:
    with pytest.raises(InterruptedDownload, match=r"not served at the moment \(503\)"):
        get(site.serve("/file", Served(status=503)), target)
    assert len(site.requests) == LIMITS.attempts


def test_an_address_without_a_file_is_asked_once(site: Site, target: Path) -> None:
    with pytest.raises(FetchError, match=r"is not there \(404\)") as caught:
        get(site.url + "/nothing", target)
    assert "Check its address" in caught.value.remedy
    assert site.requests == [("/nothing", None)]


def test_a_server_that_refuses_is_asked_once(site: Site, target: Path) -> None:
    with pytest.raises(FetchError, match=r"refused by its server \(403\)"):
        get(site.serve("/file", Served(status=403)), target)
    assert len(site.requests) == 1


def test_a_closed_port_is_told_as_no_connection(target: Path) -> None:
    with running_site() as site:
        gone = site.url + "/file"
    with pytest.raises(InterruptedDownload, match="127.0.0.1 cannot be reached") as caught:
        get(gone, target)
    assert "Check the network" in caught.value.remedy


def test_a_server_that_keeps_silent_is_given_up(site: Site, target: Path) -> None:
    limits = DownloadLimits(silence_seconds=0.1, attempts=2, pause_seconds=0, loopback=True)
    with pytest.raises(InterruptedDownload, match="does not answer in time"):
        get(site.serve("/file", Served(CONTENT, silent=True)), target, limits)
    assert len(site.requests) == 2


def test_a_file_announced_as_too_large_is_refused_before_it_is_read(site: Site, target: Path) -> None:
    with pytest.raises(FetchError, match=r"has 10,000\.0 MB or more; at most 10\.0 MB") as caught:
        get(site.serve("/file", Served(CONTENT, announced=10_000_000_000)), target)
    assert "max_mb" in caught.value.remedy
    assert (target.exists(), len(site.requests)) == (False, 1)


def test_an_endless_stream_is_refused_at_the_limit(site: Site, target: Path) -> None:
    with pytest.raises(FetchError, match=r"at most 1\.0 MB"):
        get(site.serve("/file", Served(endless=True)), target, max_bytes=1_000_000)
    assert list(target.parent.iterdir()) == []


def test_a_stream_that_takes_too_long_is_given_up(site: Site, target: Path) -> None:
    limits = DownloadLimits(total_seconds=0, pause_seconds=0, loopback=True)
    with pytest.raises(FetchError, match="takes too long"):
        get(site.serve("/file", Served(CONTENT)), target, limits)


def test_a_file_for_which_there_is_no_room_is_not_begun(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path, needed: int) -> None:
        raise StorageError(f"{needed} bytes are needed.")

    monkeypatch.setattr("ingest.fetch.download.require_free_space", refuse)
    with pytest.raises(StorageError, match=str(len(CONTENT))):
        get(site.serve("/file", Served(CONTENT)), target)
    assert list(target.parent.iterdir()) == []


def test_a_redirect_to_an_allowed_host_is_followed(site: Site, target: Path) -> None:
    site.serve("/file", Served(CONTENT))
    get(site.serve("/moved", Served(status=302, headers={"Location": "/file"})), target)
    assert target.read_bytes() == CONTENT


def test_a_redirect_to_another_host_is_refused_and_not_asked(site: Site, target: Path) -> None:
    port = site.url.rpartition(":")[2]
    moved = Served(status=302, headers={"Location": f"http://localhost:{port}/file"})
    with pytest.raises(FetchError, match="leads to another host, localhost") as caught:
        get(site.serve("/moved", moved), target)
    assert 'hosts = ["localhost"]' in caught.value.remedy
    assert site.requests == [("/moved", None)]


def test_redirects_in_a_circle_are_given_up(site: Site, target: Path) -> None:
    with pytest.raises(FetchError, match="redirects too many times"):
        get(site.serve("/moved", Served(status=302, headers={"Location": "/moved"})), target)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/file", "is not an https address"),
        ("ftp://example.org/file", "is not an https address"),
        ("https://user:secret@example.org/file", "holds a user name"),
        ("https://example.org.evil.test/file", "another host, example.org.evil.test"),
        ("http://127.0.0.1/file", "is not an https address"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(url: str, words: str) -> None:
    wanted = Wanted(url, frozenset({"example.org", "127.0.0.1"}), 1)
    with pytest.raises(FetchError, match=words) as caught:
        require_allowed(url, wanted, DownloadLimits())
    assert "secret" not in str(caught.value)


def test_plain_http_is_taken_from_this_machine_alone() -> None:
    limits, hosts = DownloadLimits(loopback=True), frozenset({"example.org", "127.0.0.1"})
    require_allowed("http://127.0.0.1:8000/file", Wanted("http://127.0.0.1:8000/file", hosts, 1), limits)
    with pytest.raises(FetchError, match="is not an https address"):
        require_allowed("http://example.org/file", Wanted("http://example.org/file", hosts, 1), limits)


def test_a_certificate_that_nobody_vouches_for_is_refused_once(tmp_path: Path, target: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign, assignment]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed_certificate(tmp_path / "certificate.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.raises(FetchError, match="cannot prove who it is") as caught:
            get(f"https://127.0.0.1:{server.server_port}/file", target)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not isinstance(caught.value, InterruptedDownload)
    assert "SSL_CERT_FILE" in caught.value.remedy


def self_signed_certificate(path: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
