"""Whose certificate is trusted, over real handshakes without a socket."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.certificates import LOOPBACK, Pair, pair
from yett.edge.tls import pinned, server_context, trusting
from yett.errors import OperatorFault


def shake(server: ssl.SSLContext, client: ssl.SSLContext, host: str = LOOPBACK) -> bytes | None:
    """The certificate that the client saw and trusted."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert one.version() in {"TLSv1.2", "TLSv1.3"}
    return one.getpeercert(binary_form=True)


def serving(folder: Path, shown: Pair, chain: bytes = b"") -> ssl.SSLContext:
    context = server_context()
    context.load_cert_chain(*shown.write(folder, chain))
    return context


def test_the_pinned_certificate_is_trusted_whatever_name_it_bears(tmp_path: Path) -> None:
    own = pair("gate.example")
    assert shake(serving(tmp_path, own), pinned(own.pem.decode())) == own.der


def test_no_other_certificate_is_trusted_beside_the_pinned_one_not_even_one_of_its_chain(tmp_path: Path) -> None:
    authority = pair("authority", authority=True)
    own, sibling = pair(signed_by=authority), pair(signed_by=authority)
    trust = pinned((own.pem + authority.pem).decode())
    assert shake(serving(tmp_path, own, authority.pem), trust) == own.der
    for other in (sibling, pair(), authority):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake(serving(tmp_path, other), trust)


def test_a_pinned_certificate_that_has_expired_is_not_trusted(tmp_path: Path) -> None:
    own = pair(days=-1)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake(serving(tmp_path, own), pinned(own.pem.decode()))


def test_certificates_of_the_given_authority_are_trusted_for_their_own_name(tmp_path: Path) -> None:
    authority = pair("authority", authority=True)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    trust, own = trusting(tmp_path / "ca.pem"), pair("gate.example", signed_by=authority)
    assert shake(serving(tmp_path, own), trust, "gate.example") == own.der
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake(serving(tmp_path, own), trust, "other.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(serving(tmp_path, own), trusting(None), "gate.example")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    own = pair()
    old = pinned(own.pem.decode())
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        shake(serving(tmp_path, own), old)


def test_what_is_no_certificate_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(OperatorFault, match=r"`tls\.ca` .*no PEM files"):
        trusting(tmp_path / "ca.pem")
    with pytest.raises(OperatorFault, match=r"cannot read `tls\.ca`"):
        trusting(tmp_path / "absent.pem")
    with pytest.raises(OperatorFault, match="holds no certificate"):
        pinned("nothing")
    with pytest.raises(OperatorFault, match=r"`tls\.certificate` cannot be used"):
        pinned("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
