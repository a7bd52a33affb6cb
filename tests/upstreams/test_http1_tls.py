"""Secure connections: whose certificate is trusted, and whose is not."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.clock import ManualClock
from tests.upstreams.http_server import Peer, Server, response
from yett.errors import UpstreamNotReached
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http_endpoint import endpoint_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def certificate(folder: Path, name: x509.GeneralName, *, days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate signed by itself, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context, path


async def answer_over(context: ssl.SSLContext, trust: ssl.SSLContext) -> bytes:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Peer(reader, writer, Server(0)).request()
        writer.write(response(b"secret"))
        await writer.drain()
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    client = Http1Client(
        endpoint_of(f"https://127.0.0.1:{port}/"), limits=ClientLimits(), monotonic=ManualClock().monotonic, tls=lambda: trust
    )
    try:
        return await (await client.request(b"GET", b"/", (), None, within_s=60)).read_all(100)
    finally:
        await client.aclose()
        listener.close()
        await asyncio.sleep(0.05)


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


async def test_a_trusted_certificate_opens_a_secure_connection(tmp_path: Path) -> None:
    context, path = certificate(tmp_path, LOOPBACK)
    assert await answer_over(context, ssl.create_default_context(cafile=str(path))) == b"secret"


@pytest.mark.parametrize(
    ("name", "days", "trusted"), [(LOOPBACK, 1, False), (x509.DNSName("other.example"), 1, True), (LOOPBACK, -1, True)]
)
async def test_an_untrusted_foreign_or_expired_certificate_is_refused(
    tmp_path: Path, name: x509.GeneralName, days: int, *, trusted: bool
) -> None:
    context, path = certificate(tmp_path, name, days=days)
    trust = ssl.create_default_context(cafile=str(path)) if trusted else ssl.create_default_context()
    with pytest.raises(UpstreamNotReached, match="its certificate is not trusted"):
        await answer_over(context, trust)
