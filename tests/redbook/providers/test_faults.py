"""Reading refusals: every shape that services use."""

from __future__ import annotations

import json

import pytest

from redbook_mcp.errors import Code
from redbook_mcp.providers.faults import Fault, error_of, read_fault
from redbook_mcp.secret import Secret


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            {"error": {"message": "m", "type": "t", "param": "p", "code": "c"}},
            Fault(code="c", type="t", param="p", message="m"),
        ),
        ({"error": {"message": "m", "type": None, "param": None, "code": None}}, Fault(message="m")),
        ({"error": "just words"}, Fault(message="just words")),
        ({"code": "DataInspectionFailed", "message": "m", "request_id": "r"}, Fault(code="DataInspectionFailed", message="m")),
        ([{"error": {"code": 429, "message": "m", "status": "S"}}], Fault(code="429", type="S", message="m")),
        (
            {"error": {"message": "m", "details": [{"retryDelay": "3s", "reason": "R"}]}},
            Fault(message="m", reasons="R", delay_s=3.0),
        ),
        ({"error": {"message": "m", "details": [{"retryDelay": "soon"}, 7]}}, Fault(message="m")),
    ],
)
def test_a_refusal_is_read_in_its_services_shape(body: object, fault: Fault) -> None:
    assert read_fault(json.dumps(body).encode()) == fault


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\xff\xfe", b"[" * 100_000, b"7", b"[]", b"null"])
def test_an_unreadable_refusal_is_all_message(body: bytes) -> None:
    assert read_fault(body) == Fault(message=body.decode("utf-8", "replace"))
    error = error_of("openai", 400, body, ())
    assert error.code is Code.GENERATION_FAILED
    assert len(error.message) < 700


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Fault(param="quality", code="unknown_parameter"), "quality"),
        (Fault(message="Unknown parameter: 'size'."), "size"),
        (Fault(message="unexpected keyword argument 'size'"), "size"),
        (Fault(message="Unknown parameter: 'image_size'."), None),
        (Fault(message="Unknown parameter: 'model'."), None),
        (Fault(param="size", message="Invalid value"), None),
        (Fault(message="the image is too large"), None),
    ],
)
def test_an_unknown_parameter_is_known_by_its_whole_name(fault: Fault, name: str | None) -> None:
    assert fault.unknown_parameter(["size", "quality"]) == name


def test_the_key_is_not_quoted_and_the_status_is_said() -> None:
    body = json.dumps({"error": {"message": "Incorrect API key provided: secret-0123"}}).encode()
    error = error_of("openai", 401, body, [Secret("secret-0123")])
    assert error.code is Code.PROVIDER_AUTH
    assert "HTTP 401" in error.message
    assert "secret-0123" not in error.message
