"""Fetching outputs over TLS: by it the end of a film is told from a connection that was cut."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dropreel.transfer.connection import Line
from tests.unit.pages import CHUNKED, FILM, LAPTOP, Host, answer, chunked, download, problem, raw


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate with its key, of the name localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def secure_host(certificate: Path) -> Iterator[Host]:
    host = Host()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    host.listener.socket = context.wrap_socket(host.listener.socket, server_side=True)
    with host:
        yield host


def test_a_film_comes_whole_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with secure_host(certificate) as host:
        host.page("/film.mp4", answer(200, FILM))
        assert download(f"https://localhost:{host.port}/film.mp4") == FILM
        assert host.seen[0][1]["Host"] == f"localhost:{host.port}"


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with secure_host(certificate) as host:
        host.page("/film.mp4", answer(200, FILM))
        found = problem(f"https://localhost:{host.port}/film.mp4")
        assert "no secure connection to localhost" in str(found)
        assert not found.final
        assert host.seen == []


def test_a_certificate_of_another_name_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with secure_host(certificate) as host:
        found = problem(f"https://127.0.0.1:{host.port}/film.mp4")
        assert "no secure connection to 127.0.0.1" in str(found)
        assert host.seen == []


def test_a_handshake_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropreel.transfer.addresses.TIMEOUT", 3600.0)
    monkeypatch.setattr("dropreel.transfer.fetching.BEGIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert "took too long" in str(problem(f"https://localhost:{deaf.getsockname()[1]}/film.mp4"))


# The end of a connection. This host hangs up without a word, as one does that was cut off, unless a page says goodbye.

UNTOLD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"


def goodbye(page: Callable[[BaseHTTPRequestHandler], None]) -> Callable[[BaseHTTPRequestHandler], None]:
    """A page after which the host tells that no more will come."""

    def ended(request: BaseHTTPRequestHandler) -> None:
        page(request)
        assert isinstance(request.connection, ssl.SSLSocket)
        with suppress(OSError):  # the client says none in return
            request.connection.unwrap()

    return ended


@pytest.fixture
def host(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host that is vouched for; its pages are asked for by `page_of`."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with secure_host(certificate) as running:
        yield running


def page_of(host: Host, page: Callable[[BaseHTTPRequestHandler], None]) -> str:
    host.page("/film.mp4", page)
    return f"https://localhost:{host.port}/film.mp4"


@pytest.mark.parametrize("received", [0, 1, len(FILM) // 2, len(FILM)])
def test_a_film_of_unknown_length_that_was_cut_off_is_not_taken_for_whole(host: Host, received: int) -> None:
    found = problem(page_of(host, raw(UNTOLD, FILM[:received])))
    assert "broke" in str(found)
    assert not found.final


def test_a_film_of_unknown_length_ends_where_its_host_says_so(host: Host) -> None:
    assert download(page_of(host, goodbye(raw(UNTOLD, FILM)))) == FILM


@pytest.mark.parametrize("page", [answer(200, FILM), raw(CHUNKED, chunked(FILM))], ids=["length", "chunks"])
@pytest.mark.parametrize("buffer", [2 * len(FILM), len(FILM), 1000])
def test_a_film_whose_end_is_known_needs_no_goodbye(
    host: Host, page: Callable[[BaseHTTPRequestHandler], None], buffer: int
) -> None:
    assert download(page_of(host, page), buffer=buffer) == FILM


def test_a_host_that_hangs_up_between_two_requests_without_a_word_is_called_again(host: Host) -> None:
    url, line = page_of(host, answer(200, b"1")), Line(LAPTOP)
    for _ in range(3):
        _, response = line.get(url, {})
        assert response.read() == b"1"
    line.close()
    assert len(host.seen) == 3
