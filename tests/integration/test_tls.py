"""The whole gateway over TLS (UP12): both listeners, every command, and a certificate that is renewed under way."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run_and_connect import HANDSHAKE, POLICY, answers, call
from tests.support.certificates import Pair, pair
from tests.support.real_gateway import YETT, Gateway, running_gateway
from yett.edge.tls import pinned

pytestmark = pytest.mark.timeout(120)
SOON_S = 15.0


@dataclass
class Secured:
    """A gateway with a certificate of an authority of its own."""

    gateway: Gateway
    authority: Pair
    folder: Path

    def renew(self) -> Pair:
        fresh = pair(signed_by=self.authority)
        fresh.write(self.folder)
        return fresh

    def ports(self) -> list[int]:
        """Data plane, control plane."""
        environment = self.gateway.environment
        return [int(environment["YETT_DATA_PLANE_PORT"]), int(environment["YETT_CONTROL_PLANE_PORT"])]

    def readiness(self) -> Any:
        trust = ssl.create_default_context(cadata=self.authority.pem.decode())
        with urllib.request.urlopen(f"{self.gateway.url}/readyz", timeout=5, context=trust) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = pair("authority", authority=True)
    (folder / "ca.pem").write_bytes(authority.pem)
    own = pair(signed_by=authority)
    own.write(folder)
    configuration = '[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n'
    with running_gateway(folder, configuration=configuration, trust=pinned(own.pem.decode())) as gateway:
        gateway.yett("server", "add", "time", "--", sys.executable, "-m", "mcp_server_time")
        gateway.publish("p", POLICY, folder)
        yield Secured(gateway, authority, folder)


def shown_at(port: int) -> bytes:
    """The certificate that a new connection sees; whom to trust is not the question here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as secure:
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return shown


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def token_of(secured: Secured) -> str:
    endpoint = secured.gateway.endpoint("time", "p")
    return endpoint.headers["Authorization"].removeprefix("Bearer ")


def test_commands_speak_with_both_listeners(secured: Secured) -> None:
    status = secured.gateway.yett("status")
    assert (status["gateway"]["status"], status["gateway"]["url"]) == ("ready", secured.gateway.url)
    minted = secured.gateway.mint("time", "p")
    assert json.dumps(minted).count(f"{secured.gateway.url}/mcp/time") > 0
    findings = secured.gateway.yett("doctor")
    assert not [finding for finding in findings if finding["level"] == "fail"]
    assert {"check": "data plane", "level": "ok", "message": "ready", "remedy": None} in findings


def test_a_stdio_client_is_bridged_on_the_host_and_from_elsewhere(secured: Secured) -> None:
    lines = [*HANDSHAKE, call(2, "convert_time")]
    here = {**secured.gateway.environment, "YETT_TOKEN": token_of(secured)}
    assert answers([YETT, "connect", "time"], lines, here)[1]["result"]["serverInfo"]["name"] == "mcp-time"
    elsewhere = {name: value for name, value in here.items() if name != "YETT_CONFIG"} | {"HOME": str(secured.folder)}
    command = [YETT, "connect", "--url", secured.gateway.url, "time"]
    told = answers(command, lines, {**elsewhere, "YETT_TLS_CA": str(secured.folder / "ca.pem")})
    assert told[2]["result"]["_meta"]["dev.yett/decision"]["code"] == "not_listed"
    stranger = answers(command, HANDSHAKE, elsewhere)
    assert "certificate is not trusted" in stranger[1]["error"]["message"]


@pytest.mark.parametrize("which", [0, 1], ids=["data plane", "control plane"])
def test_plain_http_gets_no_answer(secured: Secured, which: int) -> None:
    with socket.create_connection(("127.0.0.1", secured.ports()[which]), 5) as plain:
        plain.sendall(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        try:
            answer = plain.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"HTTP/")


def test_a_renewed_certificate_serves_both_listeners_without_a_restart_and_a_bad_one_is_told(secured: Secured) -> None:
    fresh = secured.renew()
    for port in secured.ports():
        soon(lambda port=port: shown_at(port) == fresh.der)  # type: ignore[misc]  # a default binds the loop's value
    assert secured.gateway.yett("status")["gateway"]["status"] == "ready"
    secured.gateway.mint("time", "p")
    (secured.folder / "key.pem").write_bytes(pair().key_pem())
    soon(lambda: "do not belong together" in " ".join(secured.readiness()["problems"]))
    assert secured.readiness()["status"] == "ready"
    assert [shown_at(port) for port in secured.ports()] == [fresh.der, fresh.der]
    secured.gateway.mint("time", "p")
    (told,) = [finding for finding in secured.gateway.yett("doctor") if "do not belong together" in finding["message"]]
    assert told["level"] == "warn"
    log = (secured.folder / "up.log").read_text(encoding="utf-8")
    assert "the certificate from before goes on serving" in log
    again = secured.renew()
    soon(lambda: not secured.readiness()["problems"] and shown_at(secured.ports()[0]) == again.der)
    soon(lambda: shown_at(secured.ports()[1]) == again.der)


def test_a_certificate_that_cannot_be_used_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    own = pair()
    own.write(tmp_path)
    (tmp_path / "key.pem").write_bytes(pair().key_pem())
    config = tmp_path / "yett.toml"
    config.write_text('[data_plane]\nport = 0\n[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n')
    done = subprocess.run(
        [sys.executable, "-m", "yett.app.data_plane", "--config", str(config)],
        env={"YETT_STATE_DIRECTORY": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 3
    assert "`tls.certificate` and `tls.key`" in done.stderr
    assert "do not belong together" in done.stderr
    assert "Traceback" not in done.stderr
