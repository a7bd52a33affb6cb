"""Second opinions from a real endpoint on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from yett.app.second_opinion import FAILURES_MAX, Endpoint, second_opinions
from yett.catalog.model import RiskClass, ToolDefinition
from yett.errors import OperatorFault

TOOLS = [ToolDefinition("get_thing"), ToolDefinition("delete_thing")]


class Model(ThreadingHTTPServer):
    """Answers every completion with one text, and remembers what it was asked."""

    status = 200
    content = '{"class": "Write", "reason": "it may write"}'

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        answer = json.dumps({"choices": [{"message": {"content": self.server.content}}]}).encode()
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[Model]:
    with Model() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_each_tool_is_asked_about_with_the_key_and_the_model(model: Model) -> None:
    opinions = second_opinions(TOOLS, Endpoint(model.url, "small", "secret-key"))
    assert [(opinion.risk, opinion.reason) for opinion in opinions] == [(RiskClass.WRITE, "it may write")] * 2
    assert [path for path, _, _ in model.asked] == ["/v1/chat/completions"] * 2
    assert model.asked[0][1]["authorization"] == "Bearer secret-key"
    assert model.asked[0][2]["model"] == "small"
    assert "name: delete_thing" in model.asked[1][2]["messages"][1]["content"]


def test_the_key_is_in_no_text_of_the_endpoint() -> None:
    assert "secret" not in repr(Endpoint("https://example.com/v1", "m", "secret-key"))


def test_an_endpoint_that_refuses_leaves_no_opinion_and_says_so(model: Model) -> None:
    model.status = 401
    (opinion,) = second_opinions(TOOLS[:1], Endpoint(f"{model.url}/chat/completions", "m"))
    assert opinion.risk is None
    assert opinion.failure == "the endpoint answered with HTTP status 401"


def test_an_endpoint_that_is_away_is_not_asked_for_ever(model: Model) -> None:
    model.shutdown()
    model.server_close()
    opinions = second_opinions(TOOLS * 3, Endpoint(model.url, "m"))
    assert all(opinion.failure for opinion in opinions)
    assert opinions[FAILURES_MAX].failure == f"not asked: the endpoint failed {FAILURES_MAX} times in a row"


def test_plain_http_is_for_this_machine_only() -> None:
    (opinion,) = second_opinions(TOOLS[:1], Endpoint("http://192.0.2.1/v1", "m"))
    assert opinion.failure is not None
    assert "https" in opinion.failure


def test_a_url_without_a_host_is_the_operators_fault() -> None:
    with pytest.raises(OperatorFault, match="no url of an endpoint"):
        second_opinions(TOOLS, Endpoint("nonsense", "m"))
