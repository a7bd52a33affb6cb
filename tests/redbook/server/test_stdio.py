"""The command on standard input and output, as a real process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from redbook_mcp.clock import SystemClock
from redbook_mcp.storage import FileProjects
from tests.redbook.generation.house import OUTLINE
from tests.redbook.providers.fake_api import KEY, Reply, Route, b64, json_reply, picture, running
from tests.redbook.server.desk import body
from tests.redbook.server.processes import Session, parameters

ORIGINAL = {"IMAGE_API_KEY": KEY, "IMAGE_MODEL": "m", "ENDPOINTS": "/v1/images/generations"}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    opened = Session(tmp_path)
    yield opened
    opened.kill()


def through_the_sequence(session: Session) -> dict[str, Any]:
    """The original's documented sequence; returns the project at the end."""
    made = session.call("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE})
    project_id = made["projectId"]
    assert session.call("generate_images", {"projectId": project_id})["status"] == "completed"
    pages = session.call("get_project", {"projectId": project_id})["outline"]
    pages[1]["content"] = "改过的内容"
    assert session.call("update_outline", {"projectId": project_id, "outline": pages})["success"]
    assert session.call("generate_images", {"projectId": project_id, "pages": [2]})["status"] == "completed"
    assert session.call("list_all_projects", {})["total"] == 1
    return session.call("get_project", {"projectId": project_id})


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_the_sequence_works_at_every_revision_with_a_handshake_and_only_protocol_on_stdout(tmp_path: Path, version: str) -> None:
    session = Session(tmp_path)
    try:
        assert session.initialize(version)["protocolVersion"] == version
        project = through_the_sequence(session)
        assert project["status"] == "completed"
        assert len(project["images"]) == 4
        session.ask("tools/list")
        session.ask("no/such/method")
        session.ask("tools/call", {"name": "generate_images", "arguments": {"projectId": "__proto__"}})
        assert session.end() == 0
        for line in session.lines:
            assert json.loads(line)["jsonrpc"] == "2.0"
    finally:
        session.kill()


def test_clients_of_old_revisions_get_text_alone(session: Session) -> None:
    session.initialize("2024-11-05")
    made = session.call("generate_outline", {"theme": "x", "outline": OUTLINE})
    result = session.ask("tools/call", {"name": "generate_images", "arguments": {"projectId": made["projectId"]}})["result"]
    assert [one["type"] for one in result["content"]] == ["text"]
    assert "structuredContent" not in result


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_sdks_client_gets_cards_that_are_really_painted(tmp_path: Path, mode: str) -> None:
    async with Client(parameters(tmp_path), mode=mode) as client:
        made = body(await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE}))
        found = body(await client.call_tool("generate_images", {"projectId": made["projectId"]}))
        assert found["status"] == "completed"
        assert {image["provider"] for image in found["images"].values()} == {"local"}
        await client.read_resource(f"project://{made['projectId']}/images/1")
        await client.read_resource(f"project://{made['projectId']}/export")


def test_what_a_library_prints_never_reaches_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Chatter:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in {'mcp', 'uvicorn', 'PIL', 'PIL.ImageFont'}:\n"
        "            print('printed')\n"
        "            os.write(1, b'written\\n')\n"
        "sys.meta_path.insert(0, Chatter())\n"
    )
    session = Session(tmp_path, {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])})
    try:
        session.initialize()
        made = session.call("generate_outline", {"theme": "x", "outline": OUTLINE})
        session.call("generate_images", {"projectId": made["projectId"]})
        assert session.process.stdin is not None
        session.process.stdin.close()
        assert session.process.stdout is not None
        assert session.process.stderr is not None
        rest, said = session.process.stdout.read(), session.process.stderr.read()
        assert said.count("printed") == said.count("written") == 4
        assert not rest.strip()
        for line in session.lines:
            json.loads(line)
    finally:
        session.kill()


def test_the_end_of_input_ends_the_server(session: Session) -> None:
    session.initialize()
    assert session.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_while_it_waits_for_input(session: Session, number: signal.Signals) -> None:
    session.initialize()
    session.process.send_signal(number)
    assert session.process.wait(15) == 0


def test_settings_that_cannot_be_used_end_it_with_every_problem_in_a_sentence(tmp_path: Path) -> None:
    session = Session(tmp_path, {"REDBOOK_CONCURRENCY": "99", "REDBOOK_TEHME": "paper", "REDBOOK_AI_LABEL": "sometimes"})
    _, said = session.process.communicate(timeout=20)
    assert session.process.returncode == 2
    assert [line.split(":")[0] for line in said.splitlines()] == ["redbook-mcp"] * 3
    assert "did you mean REDBOOK_THEME?" in said


def test_without_any_setting_the_tools_are_listed_and_nothing_is_needed(session: Session) -> None:
    answer = session.initialize()
    assert answer["serverInfo"]["name"] == "redbook-mcp"
    assert set(answer["capabilities"]) == {"tools", "resources", "prompts"}
    assert len(session.ask("tools/list")["result"]["tools"]) == 5


def test_the_originals_projects_are_there_when_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    project_id = "0b1d6f3e-3f0a-4c57-9a55-1f2e3d4c5b6a"
    project = {
        "id": project_id,
        "theme": "旧笔记",
        "outline": [{"pageNumber": 1, "type": "cover", "content": "封面"}],
        "images": {},
        "status": "draft",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    (tmp_path / "data/projects.json").write_text(json.dumps({"projects": {project_id: project}}))
    session = Session(tmp_path)
    try:
        session.initialize()
        assert session.call("get_project", {"projectId": project_id})["theme"] == "旧笔记"
    finally:
        session.kill()


@pytest.mark.anyio
@pytest.mark.parametrize("ends_by", ["signal", "end of input", "two signals"])
async def test_a_page_in_flight_is_kept_when_the_server_is_stopped_and_lost_only_when_it_is_told_twice(
    tmp_path: Path, ends_by: str
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    async with running() as api:
        api.route = held(asked, go_on)
        session = Session(tmp_path, {**ORIGINAL, "IMAGE_API_URL": api.base})
        try:
            project_id = await asyncio.to_thread(begin, session)
            await asked.wait()
            if ends_by == "end of input":
                assert session.process.stdin is not None
                session.process.stdin.close()
            else:
                session.process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                await asyncio.to_thread(session.process.wait, 0.3)
            if ends_by == "two signals":
                session.process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(session.process.wait, 5) == 128 + signal.SIGTERM
                return
            go_on.set()
            assert await asyncio.to_thread(session.process.wait, 20) == 0
        finally:
            go_on.set()
            session.kill()
    assert len(api.received) == 1
    stored = FileProjects(tmp_path / "data", SystemClock()).get(project_id)
    assert (stored.status, list(stored.current)) == ("partial", [1])


def begin(session: Session) -> str:
    """Make a project and ask for its pictures; returns its id."""
    session.initialize()
    project_id: str = session.call("generate_outline", {"theme": "x", "outline": OUTLINE})["projectId"]
    session.send("tools/call", {"name": "generate_images", "arguments": {"projectId": project_id}})
    return project_id


def held(asked: asyncio.Event, go_on: asyncio.Event) -> Route:
    """A service that says when it is asked, and answers when it is told to."""

    async def answer(request: object) -> Reply:
        asked.set()
        await go_on.wait()
        return json_reply({"created": 1, "data": [{"b64_json": b64(picture())}]})

    return answer
