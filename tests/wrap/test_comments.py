"""Comments that look as if they held a secret are found, by line; others are left alone."""

from __future__ import annotations

import time

import pytest

from yett.wrap.comments import comments_of, secrets_of, suspicious_lines
from yett.wrap.launching import Address, Program

JSON = """{
  // the old one: hunter2-and-more
  "url": "https://x//y", /* nothing
     here but swordfish-9 */
  "key": "// no comment: hunter2-and-more"
}
"""
TOML = '''# hunter2-and-more
url = "https://x/#hunter2-and-more" # fine
text = """
# hunter2-and-more, no comment
"""
other = '#' # "API_KEY" = "swordfish"
'''


def test_comments_are_found_and_strings_are_none() -> None:
    assert [number for number, _ in comments_of(JSON, toml=False)] == [2, 3, 4]
    assert [number for number, _ in comments_of(TOML, toml=True)] == [1, 2, 6]


def test_a_value_that_was_moved_is_found_wherever_it_stands_in_a_comment() -> None:
    assert suspicious_lines(JSON, {"hunter2-and-more", "swordfish-9", "on"}, toml=False) == [2, 4]
    assert suspicious_lines(TOML, {"hunter2-and-more"}, toml=True) == [1, 6]


@pytest.mark.parametrize(
    "comment",
    [
        "ghp_0123456789abcdefghijABCDEFGHIJ0123",
        '"GITHUB_TOKEN": "swordfish"',
        "password = swordfish",
        "Authorization: Bearer swordfish",
        "sk-proj-abc",
        "use eyJhbGciOiJIUzI1NiJ9.e30.abc",
    ],
)
def test_what_looks_like_a_key_is_found(comment: str) -> None:
    assert suspicious_lines(f"// {comment}\n{{}}", (), toml=False) == [1]


@pytest.mark.parametrize(
    "comment",
    [
        "for now",
        "the token goes into the keyring",
        '"GITHUB_TOKEN": "${GITHUB_TOKEN}"',
        "see https://docs.example/servers/authentication-and-tokens-of-github",
        "token: <yours>",
        "/home/me/.local/share/servers",
        "a short value such as on or 1",
    ],
)
def test_harmless_comments_are_left_alone(comment: str) -> None:
    assert suspicious_lines(f"// {comment}\n{{}}", {"on", "1"}, toml=False) == []


def test_what_is_secret_of_an_entry() -> None:
    program = Program(("npx", "server", "--key=swordfish"), frozenset({2}), {"TOKEN": "hunter2"}, "/")
    assert secrets_of(program) == {"--key=swordfish", "swordfish", "hunter2"}
    assert secrets_of(Address("https://x/", "http", {"authorization": "Bearer hunter2"})) == {"Bearer hunter2", "hunter2"}


def test_a_large_file_is_read_in_no_time() -> None:
    began = time.monotonic()
    suspicious_lines("// " + "key" * 100_000 + "\n" + '"' * 100_000 + "/*" * 50_000, {"secret-value"}, toml=False)
    assert time.monotonic() - began < 5
