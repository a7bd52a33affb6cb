"""Header fields and envelope must say what the body says."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.protocol.wire import (
    ENVELOPE,
    HANDSHAKE_HEADERS,
    META_CAPABILITIES,
    META_VERSION,
    MODERN,
    accepted,
    call,
    modern,
    modern_headers,
    refused,
)
from yett.protocol.rejection import RejectionKind

STATELESS_FAULTS: dict[str, tuple[Any, dict[bytes, bytes], int]] = {
    "method header missing": (modern(name="pay"), modern_headers(name="pay", mcp_method=None), -32020),
    "method header other": (modern(name="pay"), modern_headers("tools/list", name="pay"), -32020),
    "method header in another case": (modern(name="pay"), modern_headers("Tools/call", name="pay"), -32020),
    "name header missing": (modern(name="pay"), modern_headers(), -32020),
    "name header other": (modern(name="pay"), modern_headers(name="safe"), -32020),
    "name header in another case": (modern(name="pay"), modern_headers(name="Pay"), -32020),
    "name header not ASCII": (modern(name="zahlé"), modern_headers(name="zahlé"), -32020),
    "name header malformed sentinel": (modern(name="pay"), modern_headers(name="=?base64?cGF5!?="), -32020),
    "name header sentinel not canonical": (modern(name="pa"), modern_headers(name="=?base64?cGF=?="), -32020),
    "name header sentinel of bad UTF-8": (modern(name="pay"), modern_headers(name="=?base64?/w==?="), -32020),
    "version header other": (
        modern(name="pay", meta={**ENVELOPE, META_VERSION: "2025-11-25"}),
        modern_headers(name="pay"),
        -32020,
    ),
    "version missing in body": (modern(name="pay", meta={META_CAPABILITIES: {}}), modern_headers(name="pay"), -32602),
    "capabilities missing": (modern(name="pay", meta={META_VERSION: MODERN}), modern_headers(name="pay"), -32602),
    "capabilities no object": (modern(name="pay", meta={**ENVELOPE, META_CAPABILITIES: []}), modern_headers(name="pay"), -32602),
    "version no string": (modern(name="pay", meta={**ENVELOPE, META_VERSION: 1}), modern_headers(name="pay"), -32602),
    "no envelope": (call("pay"), modern_headers(name="pay"), -32602),
    "call without id": (
        {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "pay"}},
        modern_headers(name="pay"),
        -32600,
    ),
    "unknown version in both": (
        modern(name="pay", meta={**ENVELOPE, META_VERSION: "2099-01-01"}),
        modern_headers(name="pay", mcp_protocol_version=b"2099-01-01"),
        -32022,
    ),
    "unknown version in header alone": (call("pay"), modern_headers(name="pay", mcp_protocol_version=b"2024-10-07"), -32022),
    "unknown version of a notification": (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {**HANDSHAKE_HEADERS, b"mcp-protocol-version": b"2099-01-01"},
        -32022,
    ),
    "empty version header": (call("pay"), modern_headers(name="pay", mcp_protocol_version=b""), -32022),
    "version header not ASCII": (call("pay"), modern_headers(name="pay", mcp_protocol_version=b"2026-07-28\xff"), -32022),
}


@pytest.mark.parametrize(("message", "headers", "code"), STATELESS_FAULTS.values(), ids=STATELESS_FAULTS.keys())
def test_stateless_requests_that_contradict_themselves_are_refused(message: Any, headers: dict[bytes, bytes], code: int) -> None:
    rejection = refused(message, headers)
    assert (rejection.kind, rejection.http_status, rejection.rpc_code) == (RejectionKind.ENVELOPE, 400, code)


def test_an_unsupported_version_names_those_that_are_supported() -> None:
    message, headers, _ = STATELESS_FAULTS["unknown version in both"]
    assert refused(message, headers).data == {"supported": [MODERN], "requested": "2099-01-01"}


HANDSHAKE_FAULTS: dict[str, tuple[Any, dict[bytes, bytes]]] = {
    "envelope without header": (modern(name="pay"), modern_headers(name="pay", mcp_protocol_version=None)),
    "envelope under a handshake version": (modern(name="pay"), modern_headers(name="pay", mcp_protocol_version=b"2025-06-18")),
    "part of an envelope": (call("pay", _meta={META_CAPABILITIES: {}}), HANDSHAKE_HEADERS),
    "method header other": (call("echo"), {**HANDSHAKE_HEADERS, b"mcp-method": b"tools/list"}),
    "name header other": (call("echo"), {**HANDSHAKE_HEADERS, b"mcp-name": b"safe"}),
    "name header malformed": (call("echo"), {**HANDSHAKE_HEADERS, b"mcp-name": b"=?base64?!?="}),
    "method header on a notification": (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {**HANDSHAKE_HEADERS, b"mcp-method": b"ping"},
    ),
}


@pytest.mark.parametrize(("message", "headers"), HANDSHAKE_FAULTS.values(), ids=HANDSHAKE_FAULTS.keys())
def test_handshake_messages_that_claim_another_era_or_method_are_refused(message: Any, headers: dict[bytes, bytes]) -> None:
    assert (refused(message, headers).http_status, refused(message, headers).rpc_code) == (400, -32020)


def test_a_name_in_sentinel_form_is_decoded_before_it_is_compared() -> None:
    for name in ("zahlé", " pay ", "=?base64?cGF5?=", "pay"):
        stated = f"=?base64?{base64.b64encode(name.encode()).decode()}?="
        assert accepted(modern(name=name), modern_headers(name=stated)).name == name
