"""A real authorization server, a real MCP server that believes it only, and a person with a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx2

from tests.support.ports import free_port
from tests.support.programs import MODULES, ROOT, find_program, require_program

STOP_SECONDS_MAX: Final = 5.0
PAGES_MAX: Final = 12
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REDIRECT: Final = "http://127.0.0.1:8701/oauth/callback"
WEB_CLIENT: Final[Mapping[str, Any]] = {
    "client_id": "gateway",
    "client_secret": "gateway-secret",
    "redirect_uris": [REDIRECT],
    "application_type": "native",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic",
    "scope": "openid offline_access read write",
}
MACHINE_CLIENT: Final[Mapping[str, Any]] = {
    "client_id": "machine",
    "client_secret": "machine-secret",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": ["client_credentials", EXCHANGE, JWT_BEARER],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "read write",
}
_FORM: Final = re.compile(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", re.DOTALL)
_INPUT: Final = re.compile(r"<input[^>]*>")
_ATTRIBUTE: Final = re.compile(r"(name|value)=\"([^\"]*)\"")
_LINK: Final = re.compile(r"<a [^>]*href=\"(http[^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Provider:
    """The running authorization server."""

    issuer: str
    resource: str

    def counts(self) -> dict[str, int]:
        """How often each grant was asked for."""
        return dict(self._said()["counts"])

    def requests(self) -> list[dict[str, Any]]:
        """The token requests, oldest first."""
        return list(self._said()["requests"])

    def _said(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.issuer}/counts", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@contextmanager
def running_provider(resource: str, **order: Any) -> Iterator[Provider]:
    """`oidc-provider` in its own process; skips the test where it is not installed."""
    require_program("oidc-provider")
    script = Path(__file__).parents[1] / "oauth" / "provider.mjs"
    given = {"modules": str(MODULES), "resource": resource, "clients": [WEB_CLIENT, MACHINE_CLIENT], **order}
    command = [str(require_program("node")), str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            assert line, "the authorization server did not start"
            yield Provider(json.loads(line)["issuer"], resource)
        finally:
            stop(process)


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """A running MCP server that wants tokens."""

    url: str

    def requests(self) -> list[dict[str, Any]]:
        """What reached it."""
        with urllib.request.urlopen(self.url.removesuffix("/mcp") + "/seen", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found


@contextmanager
def running_resource(port: int, issuer: str) -> Iterator[ResourceServer]:
    """The official Python SDK as a protected MCP server, which asks `issuer` about every token."""
    command = [sys.executable, "-m", "tests.support.oauth_server", str(port), issuer]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url, "the protected server did not start"
            yield ResourceServer(url)
        finally:
            stop(process)


@contextmanager
def running_pair(**order: Any) -> Iterator[tuple[Provider, ResourceServer]]:
    """Both, each knowing the other."""
    port = free_port()
    with running_provider(f"http://127.0.0.1:{port}/mcp", **order) as provider, running_resource(port, provider.issuer) as server:
        yield provider, server


def stop(process: subprocess.Popen[str]) -> None:
    """End a process that this test started."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()


@dataclass(slots=True)
class Browser:
    """A person who signs in and agrees to everything, with cookies and without scripts."""

    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(follow_redirects=False, timeout=10, trust_env=False))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def visit(self, url: str, *, until: str) -> str:
        """Follow redirects, links and forms from `url` to the address that begins with `until`, which is not opened."""
        answer = self.client.get(url)
        for _ in range(PAGES_MAX):
            address = answer.headers.get("location")
            if address is None:
                form = _FORM.search(answer.text)
                assert form is not None, f"no way on from {answer.url}: {answer.status_code} {answer.text[:500]}"
                answer = self.client.post(urljoin(str(answer.url), unescape(form[1])), data=filled(form[2]))
                continue
            address = urljoin(str(answer.url), address)
            if address.startswith(until):
                return address
            answer = self.client.get(address)
        raise AssertionError(f"more than {PAGES_MAX} pages from {url}")

    def connect(self, start: str) -> httpx2.Response:
        """Open our start page, go where its link leads, agree, and come back; the last page."""
        page = self.client.get(start)
        link = _LINK.search(page.text)
        assert link is not None, page.text
        back = self.visit(unescape(link[1]), until=start.partition("/oauth/")[0] + "/oauth/callback")
        return self.client.get(back)


def filled(form: str) -> dict[str, str]:
    """The fields of a form, as a person fills them."""
    fields = {}
    for one in _INPUT.findall(form):
        attributes = dict(_ATTRIBUTE.findall(one))
        if "name" in attributes:
            fields[attributes["name"]] = unescape(attributes.get("value", "")) or "alice"
    return fields


def is_installed() -> bool:
    """Whether the authorization server is there."""
    return find_program("oidc-provider") is not None
