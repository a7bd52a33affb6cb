"""Looks at servers on behalf of the control plane."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.app.test_probe import INFO, at, serving, tool
from tests.support.ports import free_port
from yett.admin.outside import RATE_LIMITED, REFUSED, WANTS_CREDENTIAL
from yett.app import lookout as module
from yett.app.lookout import PROBLEM_MAX, ServerLookout
from yett.app.upstreams import routes_of
from yett.egress.addresses import Address, EgressRules
from yett.egress.routes import LOOPBACK, Routes
from yett.gateway.snapshot import ServerEntry
from yett.settings import ControlPlaneSettings, EgressSettings, Settings
from yett.stores.commands import Command, add_command


def made(folder: Path, routes: Routes | None = None, **more: object) -> ServerLookout:
    return ServerLookout(Settings(config_path=None, state_dir=folder, **more), routes)  # type: ignore[arg-type]  # sections


@pytest.fixture
def lookout(tmp_path: Path) -> Iterator[ServerLookout]:
    found = made(tmp_path)
    yield found
    found.close()


def test_a_server_on_loopback_tells_its_tools_where_the_control_plane_is_on_loopback(lookout: ServerLookout) -> None:
    with serving(lambda asked: (200, INFO if asked["method"] == "initialize" else {"tools": [tool("a")]})) as (url, _):
        seen = lookout.look(at(url))
        assert lookout.refusal(url) is None
    assert seen.problem is None
    assert seen.said == {"name": "shop", "version": "3", "revision": "2025-11-25", "credential": False, "tools": [tool("a")]}


def test_loopback_is_refused_where_the_control_plane_listens_to_others(tmp_path: Path) -> None:
    lookout = made(tmp_path, control_plane=ControlPlaneSettings(host="0.0.0.0"))
    with serving(lambda _: (200, INFO)) as (url, reached):
        assert "a loopback address (127.0.0.1)" in (lookout.refusal(url) or "")
        assert "list it under `egress.allow`" in (lookout.look(at(url)).problem or "")
        assert reached == []
    lookout.close()
    listed = made(tmp_path, control_plane=ControlPlaneSettings(host="0.0.0.0"), egress=EgressSettings(allow=("127.0.0.1",)))
    assert listed.refusal("http://127.0.0.1:1/mcp") is None
    listed.close()


@pytest.mark.parametrize(
    "url",
    [
        *("http://10.0.0.1/mcp", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://192.168.0.1:8080/mcp"),
        *("http://[::ffff:10.0.0.1]/", "http://0.0.0.0:8700/mcp", "https://[64:ff9b::a00:1]/mcp"),
    ],
)
def test_private_addresses_are_refused_by_default(lookout: ServerLookout, url: str) -> None:
    assert "so it is not asked" in (lookout.refusal(url) or "")
    assert "so it is not asked" in (lookout.look(at(url)).problem or "")


def test_a_name_that_leads_elsewhere_when_it_is_asked_is_not_followed(tmp_path: Path) -> None:
    answers = [["93.184.216.34"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[Address]:
        return [ip_address(text) for text in answers.pop(0)]

    lookout = made(tmp_path, Routes(EgressRules.parse(), resolve=rebinding))
    assert lookout.refusal("http://shop.internal/mcp") is None
    assert "a private address (10.0.0.1)" in (lookout.look(at("http://shop.internal/mcp")).problem or "")
    lookout.close()


def test_the_connection_goes_to_the_address_that_was_judged(tmp_path: Path) -> None:
    async def here(host: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.2"), ip_address("127.0.0.1")]  # nobody listens at the first

    with serving(lambda asked: (200, INFO if asked["method"] == "initialize" else {"tools": []})) as (url, reached):
        lookout = made(tmp_path, Routes(EgressRules.parse(LOOPBACK), resolve=here))
        port = url.split(":")[2].partition("/")[0]
        assert lookout.look(at(f"http://shop.internal:{port}/mcp")).problem is None
        assert reached[0][0]["host"] == f"shop.internal:{port}"
    lookout.close()


def test_a_server_that_refuses_says_that_it_wants_a_credential(lookout: ServerLookout) -> None:
    with serving(lambda _: (401, None)) as (url, _):
        assert (lookout.look(at(url)).problem or "").startswith(REFUSED)
        waiting = lookout.look(at(url, sealed="oauth"))
        assert (waiting.problem or "").startswith(f"{WANTS_CREDENTIAL}: the one that it is to have is not there yet")


def test_a_server_that_was_asked_too_often_says_so(lookout: ServerLookout) -> None:
    with serving(lambda _: (429, None)) as (url, reached):
        assert lookout.look(at(url)).problem == f"{RATE_LIMITED}: it answered with HTTP status 429"
    assert [asked["method"] for _, asked in reached] == ["initialize", "DELETE"]


def test_a_sealed_credential_goes_along(lookout: ServerLookout) -> None:
    with serving(lambda asked: (200, INFO if asked["method"] == "initialize" else {"tools": []})) as (url, reached):
        seen = lookout.look(at(url, sealed="headers"), {"x-key": "secret"})
    assert seen.problem is None
    assert seen.said is not None
    assert seen.said["credential"] is True
    assert {fields["x-key"] for fields, _ in reached} == {"secret"}


def test_a_reference_is_resolved_in_the_control_planes_own_environment(
    lookout: ServerLookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "s3")
    with serving(lambda asked: (200, INFO if asked["method"] == "initialize" else {"tools": []})) as (url, reached):
        assert lookout.look(at(url, credential="env:SHOP")).problem is None
    assert {fields["authorization"] for fields, _ in reached} == {"Bearer s3"}


def test_a_server_that_does_not_answer_costs_a_bounded_time(lookout: ServerLookout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.1)
    add_command(lookout._settings.state_dir, "mute", Command(argv=(sys.executable, "-c", "import sys; sys.stdin.read()")))
    seen = lookout.look(ServerEntry(organisation="o", id="s", name="mute", command="mute"))
    assert seen.problem == "it did not tell its tools within 0.1 s"


def test_a_program_is_asked_in_a_thread_of_its_own_and_ends_afterwards(lookout: ServerLookout) -> None:
    add_command(lookout._settings.state_dir, "time", Command(argv=(sys.executable, "-m", "mcp_server_time")))
    seen = lookout.look(ServerEntry(organisation="o", id="s", name="time", command="time"), patient=True)
    assert seen.problem is None
    assert seen.said is not None
    assert len(seen.said["tools"]) == 2


def test_a_look_is_possible_where_a_loop_runs_already(lookout: ServerLookout) -> None:
    async def within() -> str | None:
        return lookout.look(at(f"http://127.0.0.1:{free_port()}/mcp")).problem

    assert "cannot connect" in (asyncio.run(within()) or "")


def test_nobody_is_asked_for_the_address_of_a_name_that_nobody_has(
    lookout: ServerLookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ask", lambda *_: pytest.fail("it asked"))
    assert lookout.refusal("https://shop.example/mcp") is None
    assert "reserved for examples" in (lookout.look(at("https://shop.example/mcp")).problem or "")


def test_a_name_that_the_system_looks_up_for_ever_costs_a_bounded_time(
    lookout: ServerLookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answered.wait(30) and [])
    monkeypatch.setattr(module, "RESOLVE_S", 0.1)
    monkeypatch.setattr(module, "LOOK_S", 0.1)
    began = time.monotonic()
    assert lookout.refusal("https://slow.internal/mcp") is None
    assert lookout.look(at("https://slow.internal/mcp")).problem == "it did not tell its tools within 0.1 s"
    assert time.monotonic() - began < 5
    answered.set()


def test_closing_breaks_off_a_look_in_work(lookout: ServerLookout) -> None:
    add_command(lookout._settings.state_dir, "mute", Command(argv=(sys.executable, "-c", "import sys; sys.stdin.read()")))
    seen = []
    entry = ServerEntry(organisation="o", id="s", name="mute", command="mute")
    thread = threading.Thread(target=lambda: seen.append(lookout.look(entry, patient=True)))
    thread.start()
    deadline = time.monotonic() + 10
    while not lookout._running and time.monotonic() < deadline:
        time.sleep(0.01)
    lookout.close()
    thread.join(10)
    assert [one.problem for one in seen] == ["it was not asked: the control plane ends"]
    assert lookout.look(entry).problem == "it was not asked: the control plane ends"


def test_a_problem_is_one_short_line_without_controls(lookout: ServerLookout) -> None:
    add_command(
        lookout._settings.state_dir,
        "evil",
        Command(argv=(sys.executable, "-c", "import sys; sys.stderr.write('\\x1b[2J\\u202e' + 'x' * 9000); sys.exit(3)")),
    )
    problem = lookout.look(ServerEntry(organisation="o", id="s", name="evil", command="evil")).problem or ""
    assert problem
    assert len(problem) <= PROBLEM_MAX
    assert problem.isprintable()


def test_the_rule_of_the_settings_is_loopback_for_one_machine_and_the_list_for_all(tmp_path: Path) -> None:
    async def asked(settings: Settings, address: str) -> bool:
        try:
            return bool(await routes_of(settings)(address, 80))
        except Exception:  # noqa: BLE001 - any refusal is one
            return False

    here = Settings(config_path=None, state_dir=tmp_path)
    open_to_all = Settings(
        config_path=None,
        state_dir=tmp_path,
        control_plane=ControlPlaneSettings(host="::"),
        egress=EgressSettings(allow=("10.0.0.0/8",)),
    )
    assert [asyncio.run(asked(here, address)) for address in ("127.0.0.1", "::1", "10.0.0.1")] == [True, True, False]
    assert [asyncio.run(asked(open_to_all, address)) for address in ("127.0.0.1", "::1", "10.0.0.1")] == [False, False, True]
