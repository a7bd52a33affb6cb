"""TLS as both sides of the listeners speak it: which version, and whose certificate is trusted."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault

PEM_BYTES_MAX: Final = 1024 * 1024
"""A chain has a few kilobytes."""
FIRST: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
"""The first certificate of a PEM file: the one that is shown; its chain follows."""


def pinned(certificate: str) -> ssl.SSLContext:
    """Trust in exactly this certificate (PEM), whatever name it bears: for programs on the host that the listener runs on.

    Errors: `OperatorFault`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # nobody else has the key of this one certificate
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    leaf = FIRST.search(certificate.encode("ascii", "replace"))
    if leaf is None:
        raise OperatorFault("`tls.certificate` holds no certificate; give a PEM file")
    try:
        context.load_verify_locations(cadata=leaf[0].decode("ascii"))
    except ssl.SSLError as error:
        raise OperatorFault(f"`tls.certificate` {told(error)}") from error
    return context


def trusting(ca: Path | None) -> ssl.SSLContext:
    """Trust in what the system trusts, and in the certificates of the file `ca`. Errors: `OperatorFault`."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except ssl.SSLError as error:
            raise OperatorFault(f"`tls.ca` (`{ca}`) {told(error)}") from error
        except OSError as error:
            raise OperatorFault(f"cannot read `tls.ca` (`{ca}`): {error.strerror or error}") from error
    return context


def read_pem(path: Path) -> bytes:
    """The file's content. Errors: `OSError`."""
    with path.open("rb") as file:
        return file.read(PEM_BYTES_MAX)


def server_context() -> ssl.SSLContext:
    """For a listener, still without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def told(error: ssl.SSLError) -> str:
    """What OpenSSL found, in our words where it is one of the usual things."""
    reason: str | None = error.reason
    match reason:
        case "KEY_VALUES_MISMATCH":
            return "do not belong together; give the key that the certificate was made for"
        case None | "NO_START_LINE" | "PEM_LIB" | "NO_CERTIFICATE_OR_CRL_FOUND":
            return "cannot be used: they are no PEM files with a certificate and a key"
    return f"cannot be used: {reason.replace('_', ' ').lower()}"
