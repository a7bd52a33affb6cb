"""Deliveries are signed as Standard Webhooks says, and tried again after pauses that grow and end."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest

from yett.admin.webhook_signing import PAUSES_S, SECRET_BYTES, fields, pause_s, secret_of, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example() -> None:
    """From the specification of Standard Webhooks."""
    body = b'{"test": 2432232314}'
    assert (
        signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_what_is_signed_is_id_moment_and_body_together() -> None:
    key = bytes(range(SECRET_BYTES))
    sent = fields(secret_of(key), "a.1.2", 5, b"{}")
    mac = hmac.new(key, b"a.1.2.5.{}", sha256).digest()
    assert (sent["webhook-id"], sent["webhook-timestamp"]) == ("a.1.2", "5")
    assert sent["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"


def test_what_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="no secret"):
        signature("whsec_not base64!", "a", 1, b"")


def test_the_pauses_grow_and_end() -> None:
    pauses = [pause_s(failures) for failures in range(1, len(PAUSES_S) + 2)]
    assert pauses == [*PAUSES_S, None]
    assert list(PAUSES_S) == sorted(PAUSES_S)
