"""Keys of issuers, fetched from a real listener."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.admin.service import Office
from tests.support.issuer import TestIssuer
from yett.admin.issuer_keys import IssuerKeys
from yett.admin.issuer_views import NewIssuer
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress

pytestmark = pytest.mark.anyio


@dataclass
class Site:
    """Answers with what stands at a path."""

    url: str = ""
    pages: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, said = served.pages.get(self.path, (404, {}))
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def keys_of(office: Office) -> IssuerKeys:
    return IssuerKeys(office.service.desk, Egress(EgressRules.parse(["127.0.0.1"])))


METADATA = "/.well-known/oauth-authorization-server"


async def test_keys_come_from_where_the_metadata_says_and_only_the_public_part_is_kept(office: Office, site: Site) -> None:
    issuer = TestIssuer(name=site.url)
    secret = {**issuer.jwk(), "kid": "leaked", "d": "secret"}
    site.pages[METADATA] = (200, {"issuer": site.url, "token_endpoint": f"{site.url}/token", "jwks_uri": f"{site.url}/keys"})
    site.pages["/keys"] = (200, {"keys": [issuer.jwk(note="x"), secret, {"kty": "oct", "k": "AA"}]})
    office.service.add_issuer(NewIssuer(issuer=site.url))
    keys = keys_of(office)
    await keys.refresh()
    assert [entry.keys for entry in office.publication.last.issuers] == [[issuer.jwk()]]
    assert office.service.issuers()[0].keys == ["k1"]
    await keys.refresh()
    assert site.asked.count("/keys") == 1, "they are fresh"


async def test_an_unknown_key_has_them_fetched_again_but_not_at_every_token(office: Office, site: Site) -> None:
    issuer = TestIssuer(name=site.url)
    site.pages["/keys"] = (200, {"keys": [issuer.jwk()]})
    id = office.service.add_issuer(NewIssuer(issuer=site.url, keys_url=f"{site.url}/keys")).issuer.id
    keys = keys_of(office)
    await keys.refresh()
    site.pages["/keys"] = (200, {"keys": [issuer.jwk(), issuer.jwk(kid="k2")]})
    for _ in range(3):
        keys.wanted(id)
        await keys.refresh()
    assert site.asked == ["/keys", "/keys"]
    assert office.service.issuers()[0].keys == ["k1", "k2"]


class Heard(list[str]):
    """Tells a loop as soon as something is in it."""

    def __init__(self) -> None:
        self.loop, self.any = asyncio.get_running_loop(), asyncio.Event()

    def append(self, path: str) -> None:
        super().append(path)
        self.loop.call_soon_threadsafe(self.any.set)


async def test_an_issuer_that_does_not_answer_keeps_nobody_waiting(office: Office, site: Site) -> None:
    issuer = TestIssuer(name=site.url)
    site.pages["/keys"] = (200, {"keys": [issuer.jwk()]})
    heard = site.asked = Heard()

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard.any.wait()  # until the other one was asked
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    silent = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    for name, url in (("a", silent), ("b", f"{site.url}/keys"), ("c", silent)):
        office.service.add_issuer(NewIssuer(issuer=f"https://{name}.example", keys_url=url))
    async with asyncio.timeout(5):
        await keys_of(office).refresh()
    server.close()
    assert [(one.keys, one.problem is None) for one in office.service.issuers()] == [([], False), (["k1"], True), ([], False)]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ((500, {}), "answered with status 500"),
        ((200, []), "is no JSON object"),
        ((200, {"keys": "x"}), "no set of keys"),
        ((200, {"keys": ["x"]}), "no set of keys"),
        ((302, {}), "answered with status 302"),
    ],
)
async def test_what_cannot_be_fetched_leaves_the_keys_before_and_says_why(
    office: Office, site: Site, page: tuple[int, Any], problem: str
) -> None:
    issuer = TestIssuer(name=site.url)
    site.pages["/keys"] = (200, {"keys": [issuer.jwk()]})
    id = office.service.add_issuer(NewIssuer(issuer=site.url, keys_url=f"{site.url}/keys")).issuer.id
    keys = keys_of(office)
    await keys.refresh()
    site.pages["/keys"] = page
    keys.wanted(id)
    await keys.refresh()
    view = office.service.issuer(id)
    assert view.keys == ["k1"]
    assert view.problem is not None
    assert problem in view.problem


async def test_metadata_of_another_issuer_and_private_addresses_are_not_believed(office: Office, site: Site) -> None:
    site.pages[METADATA] = (200, {"issuer": site.url, "jwks_uri": "http://10.0.0.1/keys"})
    office.service.add_issuer(NewIssuer(issuer=site.url))
    await keys_of(office).refresh()
    view = office.service.issuers()[0]
    assert (view.keys, view.problem is not None) == ([], True)
    assert "10.0.0.1" in str(view.problem)


async def test_an_issuer_without_metadata_is_told_what_to_set(office: Office, site: Site) -> None:
    office.service.add_issuer(NewIssuer(issuer=site.url))
    await keys_of(office).refresh()
    assert "set `keys_url`" in str(office.service.issuers()[0].problem)
