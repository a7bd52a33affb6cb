"""The GitHub Action: its steps run as a runner runs them, against a repository, GitHub's environment, and a comments API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from tests.scan.files import MCP_JSON, SECRETS, VS_CODE

ROOT: Final = Path(__file__).parents[1]
ACTION: Final[dict[str, Any]] = YAML(typ="safe", pure=True).load((ROOT / "action.yml").read_text("utf-8"))
TOKEN: Final = "the-token-of-the-workflow"
_EXPRESSION: Final = re.compile(r"\$\{\{ *(.*?) *\}\}")


@dataclass
class Comments:
    """GitHub's comments on pull request 7 of `some/repository`."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    refusing: bool = False
    url: str = ""

    def answer(self, method: str, path: str, authorization: str, body: Any) -> tuple[int, Any]:
        assert authorization == f"Bearer {TOKEN}"
        self.seen.append(f"{method} {path}")
        if self.refusing and method != "GET":
            return 403, {"message": "Resource not accessible by integration"}
        place, _, query = path.partition("?")
        if (method, place) == ("GET", "/repos/some/repository/issues/7/comments"):
            page = int(re.search(r"[?&]page=(\d+)", f"?{query}")[1])  # type: ignore[index]  # it is always asked for
            return 200, self.kept[(page - 1) * 100 : page * 100]
        if (method, place) == ("POST", "/repos/some/repository/issues/7/comments"):
            self.kept.append({"id": len(self.kept) + 1, "user": {"type": "Bot"}, "body": body["body"]})
            return 201, self.kept[-1]
        number = int(place.removeprefix("/repos/some/repository/issues/comments/"))
        assert method == "PATCH"
        self.kept[number - 1]["body"] = body["body"]
        return 200, self.kept[number - 1]


@pytest.fixture
def comments() -> Iterator[Comments]:
    played = Comments()

    class Handler(BaseHTTPRequestHandler):
        def _play(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, said = played.answer(self.command, self.path, self.headers["Authorization"], body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _play  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    played.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Runner:
    """What GitHub's runner does with a composite action, as far as this one needs it."""

    folder: Path
    comments: Comments
    event: dict[str, Any] = field(default_factory=lambda: {"pull_request": {"number": 7}})
    log: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def temporary(self) -> Path:
        return self.folder / "temp"

    def run(self, **given: str) -> int:
        """The action with these inputs; the status of the step that failed, or 0."""
        inputs = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        inputs = {**inputs, "token": TOKEN, **{name.replace("_", "-"): value for name, value in given.items()}}
        assert set(inputs) == set(ACTION["inputs"])
        self.log, self.outputs = "", {}
        for step in ACTION["runs"]["steps"]:
            if "run" in step and self._wanted(step, inputs):
                status = self._step(step, inputs)
                if status:
                    return status
        return 0

    def output(self, name: str) -> str:
        return self._value(ACTION["outputs"][name]["value"], {})

    def _wanted(self, step: dict[str, Any], inputs: dict[str, str]) -> bool:
        if "if" not in step:
            return True
        condition = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) (==|!=) '(.*)' \}\}", step["if"])
        assert condition is not None
        return (inputs[condition[1]] == condition[3]) == (condition[2] == "==")

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        def put(found: re.Match[str]) -> str:
            kind, _, name = found[1].partition(".")
            if kind == "inputs":
                return inputs[name]
            if kind == "steps":
                step, _, rest = name.partition(".outputs.")
                return self.outputs.get(step, {}).get(rest, "")
            return {"github.action_path": str(ROOT), "runner.temp": str(self.temporary)}[found[1]]

        return _EXPRESSION.sub(put, text)

    def _step(self, step: dict[str, Any], inputs: dict[str, str]) -> int:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "what comes from outside reaches a script by variables only"
        output, summary, event = (self.folder / name for name in ("output", "summary", "event.json"))
        output.write_text("")
        event.write_text(json.dumps(self.event))
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "HOME": str(self.folder), "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_EVENT_PATH": str(event),
            "GITHUB_API_URL": self.comments.url, "GITHUB_REPOSITORY": "some/repository", "CI": "true",
            **{name: self._value(str(value), inputs) for name, value in step.get("env", {}).items()},
        }  # fmt: skip
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.repository, env=environment, capture_output=True, text=True, timeout=50,
        )  # fmt: skip
        self.log += done.stdout + done.stderr
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        self.outputs[step.get("id", step["name"])] = {name: value for name, _, value in lines}
        return done.returncode


SHIM: Final = """#!/bin/bash
# Plays `python3 -m venv` and `pip install` by the environment of the tests; everything else is Python itself.
echo "$*" >>"{log}"
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin" && ln -sf "$0" "$3/bin/python" && ln -sf "{yett}" "$3/bin/yett"
elif [ "$1 $2" != "-m pip" ]; then
  exec "{python}" "$@"
fi
"""


@pytest.fixture
def runner(tmp_path: Path, comments: Comments) -> Runner:
    for name in ("bin", "repository", "temp"):
        (tmp_path / name).mkdir()
    shim = tmp_path / "bin" / "python3"
    shim.write_text(SHIM.format(log=tmp_path / "installed", yett=Path(sys.executable).with_name("yett"), python=sys.executable))
    shim.chmod(0o755)
    return Runner(tmp_path, comments)


def configure(runner: Runner, text: str, name: str = ".mcp.json") -> None:
    path = runner.repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_it_reports_comments_and_passes_without_a_secret_anywhere(runner: Runner) -> None:
    configure(runner, MCP_JSON)
    configure(runner, VS_CODE, ".vscode/mcp.json")
    assert runner.run() == 0, runner.log
    assert (runner.folder / "installed").read_text().splitlines()[1].endswith(f"--no-input {ROOT}")
    sarif = json.loads((runner.repository / runner.output("report")).read_text())
    places = {
        (result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        for result in sarif["runs"][0]["results"]
    }  # fmt: skip
    assert places == {".mcp.json", ".vscode/mcp.json"}
    assert [runner.output(name) for name in ("servers", "worst", "ask-first")] == ["5", "Critical", "1"]
    (comment,) = runner.comments.kept
    assert comment["body"].startswith("<!-- yett-scan -->\n### MCP servers: 5")
    assert "`.vscode/mcp.json:6`" in comment["body"]
    assert (runner.folder / "summary").read_text() in comment["body"] + "\n"
    assert "slack" in runner.log
    assert holds_no_secret(runner)


def holds_no_secret(runner: Runner) -> bool:
    """In anything that was written, said or sent; the token neither."""
    told = runner.log + json.dumps(runner.comments.kept) + (runner.folder / "summary").read_text()
    for path in runner.folder.rglob("*"):
        inside = path.is_relative_to(runner.repository) and path.suffix == ".json"
        if path.is_file() and not inside and "bin" not in path.parts:
            told += path.read_text(errors="replace")
    return not [secret for secret in (*SECRETS, TOKEN) if secret in told]


def test_the_comment_is_renewed_and_nobody_elses_is_touched(runner: Runner) -> None:
    theirs = [{"id": at, "user": {"type": "User"}, "body": "<!-- yett-scan -->\nmine"} for at in range(1, 131)]
    runner.comments.kept = list(theirs)
    configure(runner, MCP_JSON)
    runner.run()
    configure(runner, '{"mcpServers": {}}')
    runner.run()
    assert len(runner.comments.kept) == 131
    assert all(comment["body"].endswith("mine") for comment in runner.comments.kept[:130])
    assert "No MCP server is configured here" in runner.comments.kept[130]["body"]
    assert runner.comments.seen[-1] == "PATCH /repos/some/repository/issues/comments/131"


@pytest.mark.parametrize(
    ("threshold", "status", "said"),
    [
        ("high", 1, "reaches the severity high"), ("HIGH", 1, "reaches the severity HIGH"), ("critical", 0, ""),
        ("severe", 1, "an input of the action is wrong"),
    ],
)  # fmt: skip
def test_the_threshold_fails_the_job_in_any_letter_case(runner: Runner, threshold: str, status: int, said: str) -> None:
    configure(runner, '{"mcpServers": {"odd": {"command": "odd-program"}}}')
    assert runner.run(fail_on=threshold) == status
    assert said in runner.log
    assert runner.comments.kept, "the comment is written before the job fails"


def test_a_broken_file_fails_with_its_line_and_the_others_are_reported(runner: Runner) -> None:
    configure(runner, MCP_JSON)
    configure(runner, '{\n"mcpServers": {\n!', ".cursor/mcp.json")
    assert runner.run() == 1
    assert "not read: .cursor/mcp.json: it is no JSON (line 3)" in runner.log
    assert "could not be read" in runner.log
    assert "**Not read:** `.cursor/mcp.json`: it is no JSON (line 3)" in runner.comments.kept[0]["body"]
    assert runner.output("servers") == "3"


def test_a_repository_without_configuration_passes(runner: Runner) -> None:
    assert runner.run(fail_on="low") == 0
    assert (runner.output("servers"), runner.output("worst")) == ("0", "")


@pytest.mark.parametrize("inputs", [{"path": "nowhere"}, {"format": "xml"}])
def test_a_wrong_input_fails(runner: Runner, inputs: dict[str, str]) -> None:
    assert runner.run(**inputs) == 1
    assert "an input of the action is wrong" in runner.log


def test_without_a_pull_request_or_the_wish_there_is_no_comment(runner: Runner) -> None:
    configure(runner, MCP_JSON)
    assert runner.run(comment="false") == 0
    runner.event = {"ref": "refs/heads/main"}
    assert runner.run() == 0
    assert runner.comments.seen == []
    assert "no pull request" in runner.log


def test_a_refused_comment_is_a_warning_and_no_failure(runner: Runner) -> None:
    runner.comments.refusing = True
    configure(runner, MCP_JSON)
    assert runner.run() == 0
    assert "pull-requests: write" in runner.log
    assert "::warning title=Yett scan::" in runner.log
    assert TOKEN not in runner.log


def test_names_are_no_commands_to_the_runner_and_no_markup(runner: Runner) -> None:
    name = "::add-mask::x\n::error::y @everyone <img src=x> [a](http://b) `|"
    configure(runner, json.dumps({"mcpServers": {name: {"command": "x"}}}))
    runner.run()
    _, _, rest = runner.log.partition("::stop-commands::")
    hush = rest.partition("\n")[0]
    during, _, _ = rest.partition(f"\n::{hush}::\n")
    assert len(hush) == 32
    assert "add-mask" in during
    assert "add-mask" not in runner.log.replace(during, "")
    (row,) = [line for line in runner.comments.kept[0]["body"].splitlines() if line.startswith("| **ask-first**")]
    assert "`` ::add-mask::x ::error::y @everyone <img src=x> [a](http://b) `\\| ``" in row


def test_a_configuration_of_yett_in_the_repository_counts_for_nothing(runner: Runner) -> None:
    configure(runner, "[data_plane]\nport = 1234\n", "yett.toml")
    configure(runner, '{"mcpServers": {"x": {"url": "http://127.0.0.1:1234/mcp/x"}}}')
    assert runner.run() == 0, runner.log
    assert "not through Yett" not in runner.log
    assert runner.output("worst") != "Low"


def test_a_servers_program_is_never_started(runner: Runner) -> None:
    mark = runner.folder / "started"
    configure(runner, json.dumps({"mcpServers": {"x": {"command": "touch", "args": [str(mark)]}}}))
    runner.run()
    assert not mark.exists()


def test_the_action_is_one_that_github_accepts() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.github-actions", ROOT / "action.yml"], capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"}, timeout=50,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
