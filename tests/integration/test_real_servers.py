"""The official clients before real servers, through the gateway: each server does its job, and its dangerous half stays shut."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.programs import require_program
from tests.support.real_clients import CLIENTS, RealClient, Step
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


def check(gateway: Gateway, server: str, client: RealClient, revision: str, job: Job, directory: Path) -> None:
    """The allowed half works and the forbidden half is denied, in words."""
    gateway.publish(f"{server}-job", policy_for(job), directory)
    steps = (Step("list"), job.allowed, job.forbidden)
    listed, done, denied = client.run(gateway.endpoint(server, f"{server}-job"), revision, steps).seen
    assert {job.allowed.name, job.forbidden.name} <= set(listed.tools)
    assert job.expected in done.text
    assert not done.is_error
    assert (denied.text, denied.is_error) == ("[POLICY DENIED] not by an agent", True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with one untracked file."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run([require_program("git"), "init", "-q", str(folder)], check=True)
    (folder / "plan.txt").write_text("a plan\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("revision", DUAL)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_time_server_tells_the_time(gateway: Gateway, client: RealClient, revision: str, tmp_path: Path) -> None:
    convert = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    job = Job(Step("call", "convert_time", convert), "21:00", Step("call", "get_current_time", {"timezone": "UTC"}))
    check(gateway, "time", client, revision, job, tmp_path)


@pytest.mark.parametrize("revision", DUAL)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_git_server_shows_the_status_and_adds_nothing(
    gateway: Gateway, client: RealClient, revision: str, repository: Path, tmp_path: Path
) -> None:
    place = {"repo_path": str(repository)}
    job = Job(Step("call", "git_status", place), "plan.txt", Step("call", "git_add", {**place, "files": ["plan.txt"]}))
    check(gateway, "git", client, revision, job, tmp_path)
    status = subprocess.run(["git", "-C", str(repository), "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == "?? plan.txt\n"


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_filesystem_server_reads_and_writes_nothing(
    gateway: Gateway, client: RealClient, revision: str, notes: Path, tmp_path: Path
) -> None:
    require_program("server-filesystem")
    write = {"path": str(notes / "new.txt"), "content": "no"}
    job = Job(
        Step("call", "read_text_file", {"path": str(notes / "hello.txt")}),
        "hello from the server",
        Step("call", "write_file", write),
    )
    check(gateway, "files", client, revision, job, tmp_path)
    assert not (notes / "new.txt").exists()


EVERYTHING: Final = Job(
    Step("call", "trigger-long-running-operation", {"duration": 0.2, "steps": 2}), "completed", Step("call", "get-env")
)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_reference_server_works_over_stdio(gateway: Gateway, client: RealClient, revision: str, tmp_path: Path) -> None:
    require_program("server-everything")
    check(gateway, "everything", client, revision, EVERYTHING, tmp_path)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_the_reference_server_works_over_http(gateway: Gateway, client: RealClient, revision: str, tmp_path: Path) -> None:
    require_program("server-everything")
    with running_everything() as url:
        name = f"everything-{client.name}-{revision}"
        gateway.yett("server", "add", name, "--url", url)
        check(gateway, name, client, revision, EVERYTHING, tmp_path)
