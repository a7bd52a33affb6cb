"""The certificate in service: which one it is, and what happens when its files change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.edge.test_tls import shake
from tests.support.certificates import Pair, pair
from yett.edge import certificate as module
from yett.edge.certificate import Certificate
from yett.edge.tls import pinned
from yett.errors import OperatorFault


def shown_by(certificate: Certificate, trusted: Pair) -> bool:
    """Whether a new connection sees this pair."""
    return shake(certificate.context, pinned(trusted.pem.decode())) == trusted.der


def test_a_renewed_pair_serves_the_next_connection(tmp_path: Path) -> None:
    first, second = pair(), pair()
    certificate = Certificate(*first.write(tmp_path))
    assert shown_by(certificate, first)
    assert not certificate.look()
    second.write(tmp_path)
    assert certificate.look()
    assert shown_by(certificate, second)
    assert (certificate.shown.strip(), certificate.fault) == (second.pem.decode().strip(), None)


def test_a_bad_new_pair_leaves_the_old_one_in_service_and_is_told_once_until_it_is_mended(tmp_path: Path) -> None:
    first, second = pair(), pair()
    _, key = first.write(tmp_path)
    certificate = Certificate(tmp_path / "certificate.pem", key)
    key.write_bytes(second.key_pem())
    assert certificate.look()
    fault = certificate.fault or ""
    assert "do not belong together" in fault
    assert "goes on serving" in fault
    assert not certificate.look()
    assert shown_by(certificate, first)
    second.write(tmp_path)
    assert certificate.look()
    assert certificate.fault is None
    assert shown_by(certificate, second)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda key, own: key.write_bytes(own.key_pem(b"secret")), "the key is encrypted"),
        (lambda key, own: key.write_text("nothing"), "no PEM files"),
        (lambda key, own: key.unlink(), "cannot read `tls.certificate` or `tls.key`"),
        (lambda key, own: key.write_bytes(pair().key_pem()), "do not belong together"),
    ],
    ids=["encrypted", "not pem", "absent", "of another certificate"],
)
def test_a_first_pair_that_cannot_be_used_is_a_sentence_that_names_the_files(tmp_path: Path, spoil: object, words: str) -> None:
    own = pair()
    certificate, key = own.write(tmp_path)
    spoil(key, own)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(OperatorFault, match=words):
        Certificate(certificate, key)


def test_a_pair_that_is_gone_leaves_the_old_one_in_service(tmp_path: Path) -> None:
    own = pair()
    certificate = Certificate(*own.write(tmp_path))
    (tmp_path / "key.pem").unlink()
    assert certificate.look()
    assert "cannot read" in (certificate.fault or "")
    assert shown_by(certificate, own)


@pytest.mark.anyio
async def test_a_change_is_noticed_without_being_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    certificate, told = Certificate(*pair().write(tmp_path)), asyncio.Event()
    watching = asyncio.create_task(certificate.watch(told.set))
    second = pair()
    second.write(tmp_path)
    async with asyncio.timeout(5):
        while certificate.shown.strip() != second.pem.decode().strip():
            await told.wait()
            told.clear()
    watching.cancel()
