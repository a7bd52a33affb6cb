"""The official clients before real servers, through the gateway: each server does its job, and its dangerous half stays shut."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.programs import require_program
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from tests.support.real_gateway import Gateway
from tests.support.real_server import running_everything

pytestmark = pytest.mark.xdist_group("gateway")

LEGACY: Final = ("2025-06-18", "2025-11-25", "auto")
"""What may be spoken before a server that only knows the handshake; `auto` asks first and falls back."""
DUAL: Final = ("2025-06-18", "2025-11-25", "2026-07-28", "auto")

CLIENT_IDS: Final = [client.name for client in CLIENTS]


@dataclass(frozen=True, slots=True)
class Job:
    """What a server is asked to do, and what it is not allowed to do."""

    allowed: Step
    expected: str
    forbidden: Step


def policy_for(job: Job) -> dict[str, Any]:
    return {
        "version": "1",
        "default": "deny",
        "tools": {job.allowed.name: {}, job.forbidden.name: {"action": "deny", "reason": "not by an agent"}},
    }


class Stage:
    """Publishes a server's policy and mints its grant when the first test needs them."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self._gateway = gateway
        self._directory = directory
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, server: str, job: Job) -> Endpoint:
        """Where a client finds `server` under the policy of `job`, the only one of that server."""
        if server not in self._endpoints:
            self._gateway.publish(f"{server}-job", policy_for(job), self._directory)
            self._endpoints[server] = self._gateway.endpoint(server, f"{server}-job")
        return self._endpoints[server]

    def check(self, server: str, client: RealClient, revision: str, job: Job) -> None:
        """The allowed half works and the forbidden half is denied, in words."""
        steps = (Step("list"), job.allowed, job.forbidden)
        listed, done, denied = client.run(self.endpoint(server, job), revision, steps).seen
        assert {job.allowed.name, job.forbidden.name} <= set(listed.tools)
        assert job.expected in done.text
        assert not done.is_error
        assert (denied.text, denied.is_error) == ("[POLICY DENIED] not by an agent", True)


@pytest.fixture(scope="module")
def stage(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(gateway, tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with one untracked file."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run([require_program("git"), "init", "-q", str(folder)], check=True)
    (folder / "plan.txt").write_text("a plan\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("revision", DUAL)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_time_server_tells_the_time(stage: Stage, client: RealClient, revision: str) -> None:
    convert = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    job = Job(Step("call", "convert_time", convert), "21:00", Step("call", "get_current_time", {"timezone": "UTC"}))
    stage.check("time", client, revision, job)


@pytest.mark.parametrize("revision", DUAL)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_git_server_shows_the_status_and_adds_nothing(
    stage: Stage, client: RealClient, revision: str, repository: Path, tmp_path: Path
) -> None:
    place = {"repo_path": str(repository)}
    job = Job(Step("call", "git_status", place), "plan.txt", Step("call", "git_add", {**place, "files": ["plan.txt"]}))
    stage.check("git", client, revision, job)
    status = subprocess.run(["git", "-C", str(repository), "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == "?? plan.txt\n"


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_filesystem_server_reads_and_writes_nothing(
    stage: Stage, client: RealClient, revision: str, notes: Path, tmp_path: Path
) -> None:
    require_program("server-filesystem")
    write = {"path": str(notes / "new.txt"), "content": "no"}
    job = Job(
        Step("call", "read_text_file", {"path": str(notes / "hello.txt")}),
        "hello from the server",
        Step("call", "write_file", write),
    )
    stage.check("files", client, revision, job)
    assert not (notes / "new.txt").exists()


EVERYTHING: Final = Job(
    Step("call", "trigger-long-running-operation", {"duration": 0.2, "steps": 2}), "completed", Step("call", "get-env")
)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_reference_server_works_over_stdio(stage: Stage, client: RealClient, revision: str) -> None:
    require_program("server-everything")
    stage.check("everything", client, revision, EVERYTHING)


@pytest.fixture(scope="module")
def everything_over_http(gateway: Gateway) -> Iterator[str]:
    """The name of the reference server's HTTP half."""
    require_program("server-everything")
    with running_everything() as url:
        gateway.yett("server", "add", "everything-http", "--url", url)
        yield "everything-http"


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_reference_server_works_over_http(stage: Stage, client: RealClient, revision: str, everything_over_http: str) -> None:
    stage.check(everything_over_http, client, revision, EVERYTHING)
