"""Where requests go, and what cannot be configured."""

from __future__ import annotations

from typing import Any

import pytest

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.providers import DEFAULT_BASES, DEFAULT_MODELS, Kind, RemoteConfig, Timeouts, kind_of_endpoint
from redbook_mcp.providers.config import address, base_of, is_local_name
from redbook_mcp.secret import Secret

IMAGES = "/v1/images/generations"


@pytest.mark.parametrize(
    ("kind", "base", "path", "expected"),
    [
        ("openai", None, IMAGES, "https://api.openai.com/v1/images/generations"),
        ("openai", "https://relay.test", IMAGES, "https://relay.test/v1/images/generations"),
        ("openai", "https://relay.test/", IMAGES, "https://relay.test/v1/images/generations"),
        ("openai", "https://relay.test/v1", IMAGES, "https://relay.test/v1/images/generations"),
        ("openai", "https://relay.test/v1/", IMAGES, "https://relay.test/v1/images/generations"),
        ("openai", "https://relay.test/api", IMAGES, "https://relay.test/api/v1/images/generations"),
        ("openai", "https://relay.test/openai/v1", IMAGES, "https://relay.test/openai/v1/images/generations"),
        ("openai", "https://relay.test/api/paas/v4", IMAGES, "https://relay.test/api/paas/v4/images/generations"),
        ("openai", "https://relay.test/v1/images/generations", IMAGES, "https://relay.test/v1/images/generations"),
        ("openai", "https://relay.test/v1/images/generations", "/v1/images/edits", "https://relay.test/v1/images/edits"),
        ("openai", "http://127.0.0.1:8080", IMAGES, "http://127.0.0.1:8080/v1/images/generations"),
        ("openai", "http://one-api:3000/v1", IMAGES, "http://one-api:3000/v1/images/generations"),
        ("chat", None, "/v1/chat/completions", "https://openrouter.ai/api/v1/chat/completions"),
        ("chat", "https://relay.test/v1", "/v1/chat/completions", "https://relay.test/v1/chat/completions"),
        ("chat", "https://relay.test/v1/chat/completions", "/v1/chat/completions", "https://relay.test/v1/chat/completions"),
        (
            "gemini",
            "https://relay.test/v1beta",
            "/v1beta/models/m:generateContent",
            "https://relay.test/v1beta/models/m:generateContent",
        ),
        ("gemini", None, "/v1beta/models/m:x", "https://generativelanguage.googleapis.com/v1beta/models/m:x"),
        (
            "seedream",
            "https://ark.cn-beijing.volces.com/api/v3",
            "/api/v3/images/generations",
            "https://ark.cn-beijing.volces.com/api/v3/images/generations",
        ),
        (
            "dashscope",
            "https://dashscope-intl.aliyuncs.com/api/v1",
            "/api/v1/services/aigc/g",
            "https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/g",
        ),
    ],
)
def test_base_and_endpoint_are_joined_without_saying_anything_twice(
    kind: Kind, base: str | None, path: str, expected: str
) -> None:
    assert str(address(base_of(kind, base), path)) == expected


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("http://relay.test", "use https for relay.test"),
        ("http://8.8.8.8", "use https"),
        ("http://localhost.evil.test", "use https"),
        ("relay.test", "must be https"),
        ("ftp://relay.test", "must be https"),
        ("https://", "must be https"),
        ("https://me:secret@relay.test", "without user"),
        ("https://relay.test?key=secret", "without user, query"),
        ("https://relay.test:port", "no URL"),
    ],
)
def test_a_base_that_would_leak_or_lead_nowhere_is_refused(base: str, words: str) -> None:
    with pytest.raises(RedBookError, match=words) as caught:
        base_of("openai", base)
    assert caught.value.code is Code.INVALID_INPUT
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "::1", "192.168.0.9", "relay.lan", "one-api", "nas.local"])
def test_hosts_of_this_network_are_known_by_name(host: str) -> None:
    assert is_local_name(host)


@pytest.mark.parametrize("host", ["api.openai.com", "8.8.8.8", "lan.example.com", "2606:2800::1"])
def test_hosts_of_the_internet_are_not(host: str) -> None:
    assert not is_local_name(host)


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("/v1/images/generations", "openai"),
        ("/v1/images/generations/", "openai"),
        ("images/generations", "openai"),
        ("/v1/chat/completions", "chat"),
        (" /api/v1/chat/completions ", "chat"),
    ],
)
def test_the_originals_endpoint_names_the_dialect(endpoint: str, kind: Kind) -> None:
    assert kind_of_endpoint(endpoint) == kind


def test_another_endpoint_is_refused_with_what_would_do() -> None:
    with pytest.raises(RedBookError, match="must end in `/images/generations`"):
        kind_of_endpoint("/v1/videos")


GOOD: dict[str, Any] = {"key": Secret("k" * 20), "model": "m"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": Secret("")}, "the key"),
        ({"key": Secret("two words")}, "the key"),
        ({"key": Secret("line\n")}, "the key"),
        ({"key": Secret("密钥")}, "the key"),
        ({"key": Secret("k" * 4097)}, "the key"),
        ({"model": " "}, "a model"),
        ({"concurrency": 0}, "concurrency must be 1 to 8"),
        ({"concurrency": 9}, "concurrency must be 1 to 8"),
        ({"retries": -1}, "retries must be 0 to 10"),
        ({"retries": 11}, "retries must be 0 to 10"),
        ({"timeouts": Timeouts(connect=0)}, "time-outs"),
        ({"timeouts": Timeouts(download=-1)}, "time-outs"),
        ({"bytes_max": 0}, "bytes_max"),
    ],
)
def test_what_cannot_work_is_said_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(RedBookError, match=words) as caught:
        RemoteConfig(**{**GOOD, **options}).check()
    assert "two words" not in caught.value.message
    RemoteConfig(**{**GOOD, "concurrency": 8, "retries": 10}).check()


def test_everything_wrong_is_said_together() -> None:
    with pytest.raises(RedBookError, match=r"the key .*; a model .*; concurrency"):
        RemoteConfig(Secret(""), "", concurrency=99).check()


def test_every_kind_has_a_base_and_a_model() -> None:
    assert DEFAULT_BASES.keys() == DEFAULT_MODELS.keys()
    for kind in DEFAULT_BASES:
        assert base_of(kind, None).scheme == "https"
