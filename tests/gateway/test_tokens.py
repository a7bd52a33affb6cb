"""Grant tokens: form, checksum, digest, key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.gateway.tokens import KEY_BYTES, digest, is_well_formed, mint, token_key

KEY = bytes(range(32))


def test_a_minted_token_is_well_formed_and_of_fixed_length() -> None:
    tokens = {mint() for _ in range(200)}
    assert len(tokens) == 200
    assert all(is_well_formed(token) and len(token) == 54 and token.startswith("yett_") for token in tokens)


def test_any_one_changed_digit_is_noticed() -> None:
    token = mint()
    for place in range(5, len(token)):
        other = "a" if token[place] != "a" else "b"
        assert not is_well_formed(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize(
    "spoil", [str.upper, lambda t: t[:-1], lambda t: t + "\n", lambda t: " " + t, lambda t: t[5:], lambda _: ""]
)
def test_another_form_is_no_token(spoil: object) -> None:
    assert callable(spoil)
    assert not is_well_formed(spoil(mint()))


def test_non_ascii_digits_are_no_digits() -> None:
    token = mint()
    assert not is_well_formed(token[:10] + "\u0663" + token[11:])


def test_a_digest_depends_on_token_and_key_and_holds_neither() -> None:
    token = mint()
    assert digest(token, KEY) == digest(token, KEY)
    assert digest(token, KEY) != digest(token, KEY[::-1])
    assert digest(token, KEY) != digest(mint(), KEY)
    assert token not in digest(token, KEY)


def test_a_digest_of_any_text_is_defined() -> None:
    assert len(digest("\ud800 not a token", KEY)) == 64


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    key = token_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert token_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "token.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token.key"]


def test_all_who_ask_first_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: token_key(tmp_path), range(32)))
    assert len(keys) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    token_key(tmp_path)
    (tmp_path / "token.key").chmod(0o640)
    with pytest.raises(OperatorFault, match=r"others may use .*token.key.* run `chmod 600"):
        token_key(tmp_path)


def test_a_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(OperatorFault, match="holds 5 bytes instead of 32"):
        token_key(tmp_path)


def test_a_key_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(bytes(32))
    (tmp_path / "token.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperatorFault, match="cannot read"):
        token_key(tmp_path)
