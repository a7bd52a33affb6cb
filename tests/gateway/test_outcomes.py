"""What an answer means for the call, and how much of a failure the client may see."""

from __future__ import annotations

import pytest

from tests.support.fake_upstream import content, result, rpc_error
from tests.support.wire import call, parsed
from yett.audit.record import Result
from yett.egress.routes import EgressRefused
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.outcomes import failed, judge_body, unreachable, without_credential
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer

SECRET = "http://10.0.0.7:9000 and /etc/keys"


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (Answer(body=result(b"1", content("x"))), Result.OK, None),
        (Answer(body=result(b"1", content("x", isError=True))), Result.TOOL_ERROR, None),
        (Answer(body=result(b"1", content("x", isError="true"))), Result.OK, None),
        (Answer(body=rpc_error(b"1", -32000)), Result.RPC_ERROR, -32000),
        (Answer(body=rpc_error(b"3", -32000)), Result.MALFORMED, None),
        (Answer(status=400, body=rpc_error(b"1", -32602)), Result.HTTP_ERROR, -32602),
        (Answer(status=400, body=rpc_error(b"3", -32602)), Result.HTTP_ERROR, None),
        (Answer(status=500), Result.HTTP_ERROR, None),
    ],
)
def test_what_an_answer_means(answer: Answer, expected: Result, code: int | None) -> None:
    judged = judge_body(call("echo").message, answer, "r-1")
    assert (judged.result, judged.rpc_code) == (expected, code)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_the_gateways_own_affair(status: int) -> None:
    answer = Answer(status=status, body=rpc_error(b"1", -32001, "bad token sk-123"))
    judged = judge_body(call("echo").message, answer, "r-1")
    assert judged.answer.status == 502
    assert b"sk-123" not in (judged.answer.body or b"")


def test_an_http_error_that_answers_the_request_passes_with_its_status() -> None:
    answer = Answer(status=400, body=rpc_error(b"1", -32602))
    assert judge_body(call("echo").message, answer, "r-1").answer is answer


def test_an_http_error_that_does_not_is_named_by_its_status_alone() -> None:
    judged = judge_body(call("echo").message, Answer(status=503, body=b"<html>stack</html>"), "r-1")
    assert judged.answer.status == 503
    assert parsed(judged.answer.body)["error"]["message"] == "the server answered with HTTP status 503"


@pytest.mark.parametrize(
    ("failure", "status"),
    [(UpstreamNotReached(SECRET), 502), (UpstreamTimedOut(SECRET), 504), (UpstreamFault(SECRET), 502)],
)
def test_a_client_learns_that_the_server_failed_and_not_where_it_is(failure: UpstreamFault, status: int) -> None:
    shown = unreachable(b'"x"', failure, "r-1", in_detail=False)
    error = parsed(shown.body)["error"]
    assert (shown.status, error["code"], error["data"]) == (status, -32603, {"request_id": "r-1"})
    assert SECRET not in error["message"]
    assert parsed(unreachable(b'"x"', failure, "r-1", in_detail=True).body)["error"]["message"] == SECRET


def test_whether_the_call_may_have_run_is_said() -> None:
    def text(failure: UpstreamFault) -> str:
        message: str = parsed(unreachable(b"1", failure, "r", in_detail=False).body)["error"]["message"]
        return message

    assert "nothing was sent" in text(UpstreamNotReached("x"))
    assert "nothing was sent" in text(EgressRefused("x"))
    assert "may have acted" in text(UpstreamTimedOut("x"))
    assert "may have acted" in text(UpstreamFault("x"))


def test_what_is_wrong_with_an_answer_is_said_in_words_of_ours() -> None:
    failure = MalformedAnswer("the server's answer holds no list of tools; its author must mend it")
    assert parsed(unreachable(b"1", failure, "r", in_detail=False).body)["error"]["message"] == str(failure)


def test_failures_without_an_id_answer_null() -> None:
    assert parsed(failed(None, "no", "r").body)["id"] is None
    assert parsed(without_credential(None, "r").body)["error"]["code"] == -32603
