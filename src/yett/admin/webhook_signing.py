"""How deliveries are signed, as Standard Webhooks has it, and when one that failed is tried again. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"
"""How a secret begins; what follows is base64."""
VERSION: Final = "v1"
PAUSES_S: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""After the first failure, the second and so on; the one after the last is the end."""


def secret_of(key: bytes) -> str:
    """A key as people copy it."""
    return PREFIX + base64.b64encode(key).decode()


def signature(secret: str, message: str, at_s: int, body: bytes) -> str:
    """What `webhook-signature` says of a body that is sent at this moment. Errors: `ValueError` for what is no secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("no secret of a webhook") from error
    signed = hmac.new(key, f"{message}.{at_s}.".encode() + body, sha256).digest()
    return f"{VERSION},{base64.b64encode(signed).decode()}"


def fields(secret: str, message: str, at_s: int, body: bytes) -> dict[str, str]:
    """The header fields of a delivery."""
    return {
        "content-type": "application/json",
        "user-agent": "Yett-Webhooks",
        "webhook-id": message,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message, at_s, body),
    }


def pause_s(failures: int) -> int | None:
    """How long to wait after so many failures in a row; None for no more."""
    return PAUSES_S[failures - 1] if failures <= len(PAUSES_S) else None
