"""Who is believed to be the host of a picture."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from redbook_mcp.errors import RedBookError
from tests.redbook.providers.fake_api import FakeApi, image_reply, picture
from tests.redbook.providers.fake_downloads import PUBLIC, answers, closing, downloads

pytestmark = pytest.mark.anyio


class Detour(httpx2.AsyncBaseTransport):
    """Leads connections for the public address to a local port: TLS, names and headers stay as they are."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self.inner = httpx2.AsyncHTTPTransport(verify=context)
        self.port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == PUBLIC
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for one name, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.mark.parametrize(("name", "trusted"), [("cdn.test", True), ("other.test", False)])
async def test_tls_is_verified_for_the_name_and_not_for_the_address(tmp_path: Path, name: str, trusted: bool) -> None:
    file = certificate(tmp_path, name)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    asked: list[str | None] = []
    serving.sni_callback = lambda _socket, host, _context: asked.append(host)
    api = FakeApi()
    api.on("/1.png", image_reply(picture()))
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0, ssl=serving)
    detour = Detour(ssl.create_default_context(cafile=str(file)), server.sockets[0].getsockname()[1])
    try:
        async with closing(downloads(answers(PUBLIC), transport=detour)) as fetcher:
            if trusted:
                assert await fetcher.fetch("https://cdn.test/1.png") == picture()
                assert api.received[0].headers["host"] == "cdn.test"
            else:
                with pytest.raises(RedBookError, match="ConnectError"):
                    await fetcher.fetch("https://cdn.test/1.png")
                assert not api.received
        assert asked == ["cdn.test"]
    finally:
        server.close()
        if api.open_connections:
            await api.all_closed.wait()
        await server.wait_closed()
