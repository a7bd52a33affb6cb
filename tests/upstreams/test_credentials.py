"""Credentials are read when they are needed, and seen nowhere."""

from __future__ import annotations

import os
import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.gateway.snapshot import ServerEntry
from yett.upstreams.credentials import FILE_BYTES_MAX, Credentials, CredentialUnavailable, Secret, header_field

CANARY = "canary-5f1b7a"


@dataclass
class Spec:
    credential: str | None
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    id: str = "s"
    sealed: str | None = None


def test_a_variable_is_read_at_each_call() -> None:
    environ = {"TOKEN": "one"}
    credentials = Credentials(environ)
    assert credentials.resolve("env:TOKEN").reveal() == "one"
    environ["TOKEN"] = "two"
    assert credentials.resolve("env:TOKEN").reveal() == "two"
    del environ["TOKEN"]
    with pytest.raises(CredentialUnavailable, match="env:TOKEN"):
        credentials.resolve("env:TOKEN")


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"abc", "abc"), (b"abc\n", "abc"), (b"abc\r\n", "abc"), (b"abc\n\n", "abc\n"), (b" abc", " abc"), (b"a\nb\n", "a\nb")],
)
def test_one_line_break_at_the_end_of_a_file_is_not_part_of_the_secret(tmp_path: Path, content: bytes, secret: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    assert Credentials({}).resolve(f"file:{file}").reveal() == secret


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    file, credentials = tmp_path / "token", Credentials({})
    file.write_text("one\n")
    assert credentials.resolve(f"file:{file}").reveal() == "one"
    file.write_text("two\n")
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))
    assert credentials.resolve(f"file:{file}").reveal() == "two"
    replacement = tmp_path / "next"
    replacement.write_text("six\n")
    os.utime(replacement, ns=(1, file.stat().st_mtime_ns))
    replacement.rename(file)
    assert credentials.resolve(f"file:{file}").reveal() == "six", "another file with the same time and size"


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    file, credentials = tmp_path / "token", Credentials({})
    file.write_text("one")
    stamp = file.stat().st_mtime_ns
    first = credentials.resolve(f"file:{file}")
    file.write_text("two")
    os.utime(file, ns=(stamp, stamp))
    assert credentials.resolve(f"file:{file}") is first


def test_a_file_that_went_away_is_not_remembered(tmp_path: Path) -> None:
    file, credentials = tmp_path / "token", Credentials({})
    file.write_text("one")
    credentials.resolve(f"file:{file}")
    file.unlink()
    with pytest.raises(CredentialUnavailable, match="No such file"):
        credentials.resolve(f"file:{file}")


def test_a_pipe_in_the_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CredentialUnavailable, match="no regular file"):
        Credentials({}).resolve(f"file:{tmp_path / 'pipe'}")


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\xff\xfe", b"x" * (FILE_BYTES_MAX + 1)])
def test_an_empty_unreadable_or_huge_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(CredentialUnavailable, match="file:/"):
        Credentials({}).resolve(f"file:{tmp_path / 'token'}")


@pytest.mark.parametrize(
    "reference", ["", CANARY, "env:", "env:A B", "env:A=B", "file:", "file:relative", "file:/", "FILE:/x", "file:/a\x00b"]
)
def test_what_is_no_reference_is_refused_without_repeating_it(reference: str) -> None:
    with pytest.raises(OperatorFault) as caught:
        Credentials({}).resolve(reference)
    assert CANARY not in str(caught.value)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(CANARY)
    for seen in (repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{[secret]}", "%s" % secret):  # noqa: UP031 - the old way is a way too
        assert CANARY not in seen
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY


def test_a_credential_becomes_one_header_field() -> None:
    credentials = Credentials({"TOKEN": "t0ken"})
    assert credentials.headers_of(Spec("env:TOKEN")) == {"authorization": "Bearer t0ken"}
    assert credentials.headers_of(Spec("env:TOKEN", "X-API-Key", "")) == {"x-api-key": "t0ken"}
    assert credentials.headers_of(Spec(None)) == {}
    assert credentials.headers_of(ServerEntry(organisation="o", id="1", name="s", credential="env:TOKEN")) == {
        "authorization": "Bearer t0ken"
    }


@pytest.mark.parametrize(
    "text", ["a\rb", "a\nb", "a\r\nX-Evil: 1", "a\x00b", "a\x7fb", "schlüssel", " a", "a ", "a\tb", "a\u2028b"]
)
def test_text_that_would_break_the_request_is_refused_and_not_repeated(text: str) -> None:
    secret = CANARY + text + CANARY if text == text.strip(" ") else text
    with pytest.raises(CredentialUnavailable) as caught:
        header_field("authorization", "Bearer", Secret(secret))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "scheme"), [("", "Bearer"), ("a b", ""), ("a:b", ""), ("x\r\ny", ""), ("authorization", "Be\narer")]
)
def test_a_field_without_a_valid_name_or_scheme_is_refused(name: str, scheme: str) -> None:
    with pytest.raises(CredentialUnavailable):
        header_field(name, scheme, Secret("x"))


def test_variables_of_a_child_may_be_references(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n")
    credentials = Credentials({"TOKEN": "from variable"})
    assert credentials.resolve_if_reference("env:TOKEN") == "from variable"
    assert credentials.resolve_if_reference(f"file:{tmp_path / 'key'}") == "from file"
    for literal in ("plain", "", "env: x", "file:///data/app.db", "environment:x", "https://x/?env:TOKEN"):
        assert credentials.resolve_if_reference(literal) == literal
    with pytest.raises(CredentialUnavailable):
        credentials.resolve_if_reference("env:ABSENT")


def test_a_sealed_credential_comes_from_where_it_was_opened_and_from_nowhere_else() -> None:
    spec = Spec("env:TOKEN", sealed="headers")
    fields = {"x-key": CANARY}
    assert Credentials({"TOKEN": "other"}, sealed={"s": fields}.__getitem__).headers_of(spec) is fields
    with pytest.raises(CredentialUnavailable, match="sealed"):
        Credentials({"TOKEN": "other"}).headers_of(spec)
