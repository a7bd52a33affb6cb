"""Where a workflow comments; what is said to the API is tested with the whole action in tests/test_action.py."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from yett.app.pull_request import PullRequest, pull_request_of, put_comment
from yett.errors import OperatorFault


def of(tmp_path: Path, event: object, **environment: str) -> PullRequest | None:
    path = tmp_path / "event.json"
    path.write_text(event if isinstance(event, str) else json.dumps(event))
    given = {"GITHUB_EVENT_PATH": str(path), "GITHUB_TOKEN": "t0ken", "GITHUB_REPOSITORY": "some/repository"}
    return pull_request_of({**given, **environment})


def test_the_pull_request_is_read_from_the_event(tmp_path: Path) -> None:
    event = {"pull_request": {"number": 7}}
    request = of(tmp_path, event, GITHUB_API_URL="https://github.example/api/v3/")
    assert request == PullRequest("https://github.example/api/v3", "some/repository", 7, "t0ken")
    assert "t0ken" not in repr(request)
    assert of(tmp_path, {"ref": "refs/heads/main"}) is None
    assert of(tmp_path, []) is None
    assert pull_request_of({}) is None


@pytest.mark.parametrize(
    ("event", "environment", "why"),
    [
        ("{", {}, "cannot be read"),
        ({"pull_request": {"number": 7}}, {"GITHUB_TOKEN": ""}, "no token"),
        ({"pull_request": {"number": 7}}, {"GITHUB_REPOSITORY": "a/../b"}, "OWNER/NAME"),
        ({"pull_request": {"number": 7}}, {"GITHUB_EVENT_PATH": "/nowhere"}, "cannot be read"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, event: object, environment: dict[str, str], why: str) -> None:
    with pytest.raises(OperatorFault, match=why):
        of(tmp_path, event, **environment)


def test_an_api_that_is_not_there_is_named_without_the_token() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(OperatorFault, match="cannot be reached") as refused:
        put_comment(PullRequest(f"http://127.0.0.1:{port}", "a/b", 1, "t0ken"), "x")
    assert "t0ken" not in str(refused.value)
